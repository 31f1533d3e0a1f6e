import { type Agent, request } from 'node:http';
import type { IngestRequest } from './ingest-requests.js';

export interface Exchanged {
  status: number;
  /** Lower-case names, sorted; a name may come twice. */
  headers: string[];
  body: string;
}

/** Sends a request with exactly its headers, and those that HTTP cannot do without. */
export function exchange(port: number, agent: Agent, wanted: IngestRequest): Promise<Exchanged> {
  const { method, path, body, chunked } = wanted;
  const names = wanted.headers.filter((_, n) => n % 2 === 0).map((name) => name.toLowerCase());
  const headers = [...wanted.headers];
  if (!names.includes('host')) headers.push('Host', `127.0.0.1:${port}`);
  if (body !== null)
    headers.push(...(chunked ? ['Transfer-Encoding', 'chunked'] : ['Content-Length', `${body.length}`]));
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, agent, method, path, headers, timeout: 20_000 }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: pairs(response.rawHeaders).sort(),
          body: Buffer.concat(chunks).toString(),
        }),
      );
    });
    sent.on('timeout', () => sent.destroy(new Error('no answer within 20 s')));
    sent.on('error', reject);
    sent.end(body ?? undefined);
  });
}

function pairs(raw: readonly string[]): string[] {
  return raw.flatMap((name, n) => (n % 2 === 0 ? [`${name.toLowerCase()}: ${raw[n + 1]}`] : []));
}
