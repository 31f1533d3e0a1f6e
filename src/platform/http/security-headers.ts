import helmet from 'helmet';
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';

/**
 * The headers that helmet sets, read from it once: they are the same on every answer, and going through its dozen of
 * functions for each takes as long as the rest of what comes before a route. Whether there is TLS is the proxy's
 * business, so nothing here may force a browser to it.
 */
export function securityHeaders(): readonly [name: string, value: string][] {
  const request = new IncomingMessage(new Socket());
  const headers: [string, string][] = [];
  const response = new ServerResponse(request);
  response.setHeader = (name, value) => {
    headers.push([name, String(value)]);
    return response;
  };
  helmet({
    strictTransportSecurity: false,
    contentSecurityPolicy: { directives: { upgradeInsecureRequests: null } },
  })(request, response, () => undefined);
  return headers;
}
