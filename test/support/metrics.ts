import { io, type Socket } from 'socket.io-client';
import { PLATFORM_KEY, type TestApi } from './api.js';

export const TOKEN = 'metrics-token-of-the-test-suite';

/** What a process exported, in the text format of Prometheus. */
export interface Samples {
  text: string;
  names: Set<string>;
  types: Map<string, string>;
  helps: Map<string, string>;
  value(name: string, labels?: Record<string, string>): number | undefined;
  labels(name: string, label: string): Set<string>;
}

export async function scrape(url: string, token = TOKEN): Promise<Samples> {
  const answer = await fetch(url, { headers: { Authorization: `Bearer ${token}` } });
  if (answer.status !== 200) throw new Error(`${url} answered ${answer.status}`);
  return samplesIn(await answer.text());
}

export function samplesIn(text: string): Samples {
  const read = (kind: string) =>
    new Map([...text.matchAll(new RegExp(`^# ${kind} (\\S+) (.*)$`, 'gm'))].map(([, name, rest]) => [name!, rest!]));
  const lines = [...text.matchAll(/^([a-z]\w*)(?:\{(.*)\})? (\S+)$/gm)].map(([, name, labels, value]) => ({
    name: name!,
    labels: new Map([...(labels ?? '').matchAll(/(\w+)="([^"]*)"/g)].map(([, label, text]) => [label!, text!])),
    value: Number(value),
  }));
  return {
    text,
    names: new Set(read('TYPE').keys()),
    types: read('TYPE'),
    helps: read('HELP'),
    value: (name, wanted = {}) =>
      lines.find(
        (line) =>
          line.name === name && Object.entries(wanted).every(([label, text]) => line.labels.get(label) === text),
      )?.value,
    labels: (name, label) =>
      new Set(lines.filter((line) => line.name === name).map(({ labels }) => labels.get(label) ?? '')),
  };
}

/** One client of live metrics, connected. */
export async function openSocket(api: TestApi): Promise<Socket> {
  const socket = io(`${api.url}/metrics`, { auth: { token: PLATFORM_KEY }, transports: ['websocket'] });
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('connect_error', reject);
  });
  return socket;
}
