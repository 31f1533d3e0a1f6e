import type { ServerResponse } from 'node:http';

/** Answers without Express. */
export function send(
  response: ServerResponse,
  status: number,
  headers: Record<string, string>,
  body: string | null,
): void {
  if (response.destroyed || response.headersSent) return;
  headers['X-Content-Type-Options'] = 'nosniff';
  if (body !== null) headers['Content-Length'] = String(Buffer.byteLength(body));
  response.writeHead(status, headers).end(body);
}

export const JSON_TYPE = 'application/json; charset=utf-8';

/** Path without query and without a slash at the end. */
export function pathOf(url: string): string {
  const query = url.indexOf('?');
  const path = query < 0 ? url : url.slice(0, query);
  return path.endsWith('/') ? path.slice(0, -1) : path;
}
