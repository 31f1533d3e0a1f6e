import { Logger } from '@nestjs/common';
import type { NextFunction, Request, Response } from 'express';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { extname, join, relative, sep } from 'node:path';
import { packageRoot } from '../platform/config/package-root.js';

const FOLDER = join(packageRoot, 'dist', 'dashboard');

/** Addresses of pages; all of them serve the same document, which reads its address itself. */
const PAGES = [
  ...['/', '/live', '/funnels', '/retention', '/users', '/audit', '/calls'],
  ...['/dead-letters', '/keys', '/event-types', '/system'],
];

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** Nothing inline, nothing evaluated, nothing from other servers, and no embedding in other pages. */
const POLICY = [
  ...["default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self'", "connect-src 'self'"],
  ...["base-uri 'none'", "form-action 'self'", "frame-ancestors 'none'", "require-trusted-types-for 'script'"],
].join('; ');

/** ReDoc, the other view of the API beside Swagger UI. It sets styles by script and searches in a worker. */
const REDOC = '/redoc';

const REDOC_POLICY = [
  ...["default-src 'none'", "script-src 'self'", "style-src 'self' 'unsafe-inline'", "img-src 'self' data:"],
  ...["connect-src 'self'", 'worker-src blob:', "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"],
].join('; ');

const ENCODINGS = [
  ['br', '.br'],
  ['gzip', '.gz'],
] as const;

interface File {
  type: string;
  etag: string;
  /** By Content-Encoding; `identity` always exists. */
  bodies: Map<string, Buffer>;
}

/**
 * The dashboard as it was built, from memory and compressed already. Its files have the hash of their content in their
 * names and may be kept for ever; the document is asked for again each time.
 */
export function serveDashboard(folder = FOLDER) {
  const files = readFiles(folder);
  const page = files.get('/index.html');
  const documents = new Map([
    ...PAGES.map((path) => [path, { file: page, policy: POLICY }] as const),
    [REDOC, { file: files.get('/redoc.html'), policy: REDOC_POLICY }],
  ]);
  if (page === undefined) new Logger('Dashboard').warn(`there is no dashboard in ${folder}; npm run build makes it`);
  return (request: Request, response: Response, next: NextFunction): void => {
    const document = documents.get(request.path);
    const isAsset = request.path.startsWith('/assets/');
    const file = document?.file ?? (isAsset ? files.get(request.path) : undefined);
    if (file === undefined || (request.method !== 'GET' && request.method !== 'HEAD')) return next();
    response.setHeader('Cache-Control', document ? 'no-cache' : 'public, max-age=31536000, immutable');
    if (document) response.setHeader('Content-Security-Policy', document.policy);
    response.setHeader('ETag', file.etag);
    response.vary('Accept-Encoding');
    if (request.headers['if-none-match'] === file.etag) return void response.status(304).end();
    const encoding = ENCODINGS.find(([name]) => file.bodies.has(name) && request.acceptsEncodings(name) === name)?.[0];
    if (encoding !== undefined) response.setHeader('Content-Encoding', encoding);
    const body = file.bodies.get(encoding ?? 'identity')!;
    response.setHeader('Content-Type', file.type);
    response.setHeader('Content-Length', body.length);
    response.end(request.method === 'HEAD' ? undefined : body);
  };
}

/** By their addresses. */
function readFiles(folder: string): Map<string, File> {
  const files = new Map<string, File>();
  if (!existsSync(folder)) return files;
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const type = TYPES[extname(entry.name)];
    if (!entry.isFile() || type === undefined) continue;
    const content = readFileSync(path);
    const bodies = new Map([['identity', content]]);
    for (const [name, ending] of ENCODINGS)
      if (existsSync(path + ending)) bodies.set(name, readFileSync(path + ending));
    const etag = `"${createHash('sha256').update(content).digest('base64url').slice(0, 27)}"`;
    files.set(`/${relative(folder, path).split(sep).join('/')}`, { type, etag, bodies });
  }
  return files;
}
