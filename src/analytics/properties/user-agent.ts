import Bowser from 'bowser';
import { createIsbotFromList, isbot, list } from 'isbot';
import { LRUCache } from 'lru-cache';
import { APPS, CRAWLERS, findNamed, SCREENS, SENDERS, SYSTEMS, WEB_VIEWS } from './user-agent-tables.js';

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

/** Names of Bowser's that are longer than what people group by. */
const NAMES: Readonly<Record<string, string>> = {
  'Microsoft Edge': 'Edge',
  'Samsung Internet for Android': 'Samsung Internet',
  'Chrome OS': 'ChromeOS',
  'NAVER Whale Browser': 'Whale',
  Miui: 'MIUI Browser',
};

/** For isbot every program is a bot; here those that send events on behalf of people are not. */
const CLIENTS = [
  'curl/8.5.0',
  'Go-http-client/2.0',
  'Apache-HttpClient/4.5.14 (Java/17.0.10)',
  'python-requests/2.32.3',
  'PostmanRuntime/7.39.0',
  'analytics-node/3.1.0',
];
const namesItselfBot = createIsbotFromList(
  list.filter((pattern) => !CLIENTS.some((client) => new RegExp(pattern, 'i').test(client))),
);

/** Bowser takes 90 µs for one, and a page of events has few different ones. */
const cache = new LRUCache<string, ParsedUserAgent>({ max: 10_000 });

/**
 * Browser, system and kind of device out of a User-Agent header, good enough to group by. The header is cut at 512
 * characters where it is stored.
 * The first product (`curl/8.5`, `tidemark-sdk/1.2`) stands for the browser of what is none.
 */
export function parseUserAgent(text: string): ParsedUserAgent {
  let parsed = cache.get(text);
  if (parsed === undefined) cache.set(text, (parsed = parse(text)));
  return parsed;
}

function parse(text: string): ParsedUserAgent {
  if (text === '') return { browser: null, os: null, device: 'other' };
  const { browser, os, platform } = Bowser.parse(text);
  const device = deviceOf(text, platform.type);
  return {
    browser: browserOf(text, named(browser), device === 'bot' && platform.type !== 'bot'),
    os: systemOf(text, named(os)),
    device,
  };
}

/** @param isUnknownBot a bot that Bowser took for the browser it pretends to be */
function browserOf(text: string, found: NamedVersion | null, isUnknownBot: boolean): NamedVersion | null {
  if (isUnknownBot && !isProgram(text)) return crawlerOf(text) ?? found;
  const app = findNamed(APPS, text);
  if (app !== null) return app;
  if (found?.name === 'Chrome') return findNamed(WEB_VIEWS, text) ?? found;
  // For Bowser whatever names Android is its browser: `Dalvik/2.1.0 (Linux; U; Android 13; Pixel 7)`.
  return (isProgram(text) && found?.name === 'Android Browser' ? null : found) ?? firstProduct(text);
}

function systemOf(text: string, found: NamedVersion | null): NamedVersion | null {
  return found?.version != null ? found : (findNamed(SYSTEMS, text) ?? found);
}

function crawlerOf(text: string): NamedVersion | null {
  for (const pattern of CRAWLERS) {
    const match = pattern.exec(text);
    if (match?.[1] !== undefined) return { name: match[1], version: match[2] ?? null };
  }
  return null;
}

function named({ name, version }: { name?: string; version?: string }): NamedVersion | null {
  // Of a text it does not know Bowser takes what stands around the last slash.
  if (name === undefined || name === '' || name === 'Mozilla' || /[/;]/.test(`${name}${version}`)) return null;
  const number = version?.replace(/^NT /, '');
  return { name: NAMES[name] ?? name, version: number !== undefined && /^\d/.test(number) ? number : null };
}

function firstProduct(text: string): NamedVersion | null {
  const match = /^([A-Za-z][\w.-]{0,60})(?:\/(\d[\w.-]{0,30}))?/.exec(text);
  return match?.[1] === undefined || match[1] === 'Mozilla' ? null : { name: match[1], version: match[2] ?? null };
}

const isProgram = (text: string): boolean => !/^(?:Mozilla|Opera)\//.test(text);

function deviceOf(text: string, type: string | undefined): Device {
  if (SCREENS.test(text)) return 'other';
  if (isBot(text)) return 'bot';
  if (type === 'desktop' || type === 'bot') return type;
  if (isProgram(text) && (type === 'tablet' || /\biOS \d/.test(text)))
    return /tab|pad/i.test(text) ? 'tablet' : 'mobile';
  return type === 'mobile' || type === 'tablet' ? type : 'other';
}

function isBot(text: string): boolean {
  if (SENDERS.test(text)) return false;
  return text.startsWith('Mozilla/') ? isbot(text) : namesItselfBot(text);
}
