export interface NamedVersion {
  name: string;
  version: string | null;
}

export type Device = 'desktop' | 'mobile' | 'tablet' | 'bot' | 'other';

export interface ParsedUserAgent {
  browser: NamedVersion | null;
  os: NamedVersion | null;
  device: Device;
}

/** In this order: most browsers also call themselves by the names of those they descend from. */
const BROWSERS: readonly [token: RegExp, name: string][] = [
  [/\bEdg(?:e|A|iOS)?\/(\d[\d.]{0,30})/, 'Edge'],
  [/\bOPR\/(\d[\d.]{0,30})/, 'Opera'],
  [/\bSamsungBrowser\/(\d[\d.]{0,30})/, 'Samsung Internet'],
  [/\bYaBrowser\/(\d[\d.]{0,30})/, 'Yandex Browser'],
  [/\bVivaldi\/(\d[\d.]{0,30})/, 'Vivaldi'],
  [/\b(?:Firefox|FxiOS)\/(\d[\d.]{0,30})/, 'Firefox'],
  [/\b(?:Chrome|CriOS|HeadlessChrome)\/(\d[\d.]{0,30})/, 'Chrome'],
  [/\bVersion\/(\d[\d.]{0,30})[^;]{0,40} Safari\//, 'Safari'],
  [/\bMSIE (\d[\d.]{0,30})/, 'Internet Explorer'],
  [/\bTrident\/.{0,60}rv:(\d[\d.]{0,30})/, 'Internet Explorer'],
];

const SYSTEMS: readonly [token: RegExp, name: string][] = [
  [/\bWindows NT (\d[\d.]{0,30})/, 'Windows'],
  [/\b(?:iPhone|CPU) OS (\d[\d_]{0,30})/, 'iOS'],
  [/\bAndroid(?: (\d[\d.]{0,30}))?/, 'Android'],
  [/\bMac OS X(?: (\d[\d_.]{0,30}))?/, 'macOS'],
  [/\bCrOS \S{1,20} (\d[\d.]{0,30})/, 'ChromeOS'],
  [/\b(?:Linux|X11)\b()/, 'Linux'],
];

const BOT = /bot\b|crawl|spider|slurp|HeadlessChrome|Lighthouse|facebookexternalhit/i;

/**
 * Browser, system and kind of device out of a User-Agent header, good enough to group by. Every pattern is bounded, so the
 * time grows with the length of the header, which is cut at 512 characters where it is stored.
 * The first product (`curl/8.5`, `tidemark-sdk/1.2`) stands for the browser of what is none.
 */
export function parseUserAgent(text: string): ParsedUserAgent {
  const os = firstOf(SYSTEMS, text);
  const browser = firstOf(BROWSERS, text) ?? firstProduct(text);
  return { browser, os, device: deviceOf(text, os) };
}

function firstOf(kinds: readonly [RegExp, string][], text: string): NamedVersion | null {
  for (const [token, name] of kinds) {
    const match = token.exec(text);
    if (match !== null) return { name, version: match[1]?.replaceAll('_', '.') || null };
  }
  return null;
}

function firstProduct(text: string): NamedVersion | null {
  const match = /^([A-Za-z][\w.-]{0,60})(?:\/(\d[\w.-]{0,30}))?/.exec(text);
  return match?.[1] === undefined || match[1] === 'Mozilla' ? null : { name: match[1], version: match[2] ?? null };
}

function deviceOf(text: string, os: NamedVersion | null): Device {
  if (BOT.test(text)) return 'bot';
  if (/\biPad\b|\bTablet\b/.test(text)) return 'tablet';
  if (os?.name === 'Android') return /\bMobile\b/.test(text) ? 'mobile' : 'tablet';
  if (os?.name === 'iOS') return 'mobile';
  return os === null ? 'other' : 'desktop';
}
