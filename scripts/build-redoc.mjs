// Puts ReDoc and its page beside the dashboard, with the hash of their content in their names. Its bundle is a development
// dependency: what runs in the browser is all that is served.
import { createHash } from 'node:crypto';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const BUNDLE = createRequire(import.meta.url).resolve('redoc/bundles/redoc.standalone.js');

const START = `Redoc.init('/docs-json', { nativeScrollbars: true }, document.getElementById('redoc'));\n`;

/** The only thing that it would load from another server. */
const LOGO = 'https://cdn.redoc.ly/redoc/logo-mini.svg';
const NO_PICTURE = 'data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw==';

export function buildRedoc(folder) {
  const bundle = readFileSync(BUNDLE, 'utf8');
  if (!bundle.includes(LOGO)) throw new Error(`ReDoc has changed: ${LOGO} is not in it any more`);
  const scripts = [
    writeHashed(folder, 'redoc', bundle.replaceAll(LOGO, NO_PICTURE)),
    writeHashed(folder, 'redoc-start', START),
  ];
  copyFileSync(`${BUNDLE}.LICENSE.txt`, join(folder, 'assets', 'redoc.standalone.js.LICENSE.txt'));
  writeFileSync(join(folder, 'redoc.html'), page(scripts));
}

function writeHashed(folder, name, text) {
  const hash = createHash('sha256').update(text).digest('base64url').slice(0, 8);
  const path = `assets/${name}-${hash}.js`;
  writeFileSync(join(folder, path), text);
  return `/${path}`;
}

const page = (scripts) => `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>Tidemark API</title>
    ${scripts.map((script) => `<script defer src="${script}"></script>`).join('\n    ')}
  </head>
  <body>
    <main id="redoc"></main>
  </body>
</html>
`;
