// What a browser loads of the dashboard, gzipped: at the first view, and altogether. `node scripts/dashboard-budgets.mjs`
// measures what is built.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { fail, root } from './prepare.mjs';

const FIRST_VIEW_BYTES = 70_000;
const ALL_BYTES = 150_000;
/** What the overview asks for by itself: its page and the chart on it. */
const FIRST_PAGES = [/^overview-/, /^chart-/];

export function checkBudgets(folder) {
  const { firstView, all } = measure(folder);
  const kB = (bytes) => `${(bytes / 1000).toFixed(1)} kB`;
  process.stderr.write(`dashboard: first view ${kB(firstView)}, all ${kB(all)} (gzip)\n`);
  if (firstView > FIRST_VIEW_BYTES) fail(`The first view of the dashboard is larger than ${kB(FIRST_VIEW_BYTES)}.`);
  if (all > ALL_BYTES) fail(`The dashboard is larger than ${kB(ALL_BYTES)}.`);
}

export function measure(folder) {
  const files = readdirSync(folder, { recursive: true })
    .map((name) => join(folder, name))
    .filter((file) => /\.(html|js|css|svg)$/.test(file) && !basename(file).startsWith('redoc'));
  const first = closure(folder, files);
  const size = (list) => list.reduce((sum, file) => sum + statSync(`${file}.gz`).size, 0);
  return { firstView: size(files.filter((file) => first.has(basename(file)))), all: size(files) };
}

/** index.html, what it names, the first pages, and what those import statically. */
function closure(folder, files) {
  const seen = new Set(['index.html']);
  const waiting = [
    join(folder, 'index.html'),
    ...files.filter((file) => FIRST_PAGES.some((p) => p.test(basename(file)))),
  ];
  for (const file of waiting) {
    seen.add(basename(file));
    const text = readFileSync(file, 'utf8');
    const named = file.endsWith('.html')
      ? [...text.matchAll(/(?:src|href)="\/?([^"]+)"/g)].map(([, name]) => name)
      : [...text.matchAll(/(?:from|import)\s*["']\.\/([^"']+)["']/g)].map(([, name]) => `assets/${name}`);
    for (const name of named) {
      const path = join(folder, name);
      if (existsSync(path) && !seen.has(basename(path))) waiting.push(path);
    }
  }
  return seen;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  checkBudgets(join(root, 'dist', 'dashboard'));
}
