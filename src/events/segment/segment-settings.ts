/**
 * What Segment's CDN would answer to a starting SDK: no destinations but this server, no remote code. The same for
 * every key, genuine or not, so it tells nobody which keys exist. `apiHost` keeps events here when only the CDN's
 * address was changed; without it an SDK would send them to Segment.
 */
export function segmentSettings(writeKey: string, origin: { protocol: string; host: string } | null): object {
  const address = origin === null ? {} : { apiHost: `${origin.host}/v1`, protocol: origin.protocol };
  return {
    integrations: { 'Segment.io': { apiKey: writeKey, ...address, addBundledMetadata: true } },
    plan: { track: { __default: { enabled: true, integrations: {} } }, identify: {}, group: {} },
    edgeFunction: {},
    middlewareSettings: {},
    enabledMiddleware: {},
    metrics: { sampleRate: 0 },
    analyticsNextEnabled: true,
    remotePlugins: [],
  };
}
