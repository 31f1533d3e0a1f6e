import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const ROOT = join(__dirname, '../..');
const { FOLDERS, ROOMS } = createRequire(__filename)('../../.dependency-rooms.cjs') as {
  FOLDERS: string[];
  ROOMS: Record<string, Record<string, string[]>>;
};
const ARCHITECTURE = readFileSync(join(ROOT, 'docs/architecture.md'), 'utf8');
const GLOSSARY = readFileSync(join(ROOT, 'docs/glossary.md'), 'utf8');

/** What stands in code style and is meant as a path of the tree. */
function pathsIn(text: string): string[] {
  const codes = [...text.matchAll(/`([^`\n]+)`/g)].map(([, code]) => code!);
  return codes.filter((code) => /^(src|test|docs)\//.test(code) || /\.(ts|cjs|mjs|md)$/.test(code));
}

const foldersIn = (path: string): string[] =>
  readdirSync(join(ROOT, path), { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));

/** Folders that are divided have a line for each room, and one of their own where files stand in no room. */
function roomsOfTree(): string[] {
  return foldersIn('src').flatMap((folder) => {
    if (ROOMS[folder] === undefined) return [folder];
    const own = ['auth', 'privacy'].includes(folder) ? [folder] : [];
    return [...own, ...foldersIn(`src/${folder}`).map((room) => `${folder}/${room}`)];
  });
}

/** By heading: what each room in the picture below it builds on. The first picture, of the folders, has no heading. */
function pictures(): Map<string, Record<string, string[]>> {
  const found = new Map<string, Record<string, string[]>>();
  for (const [, before, picture] of ARCHITECTURE.matchAll(/([^\n]*)\n\n```mermaid\nflowchart BT\n([\s\S]*?)```/g)) {
    const rooms: Record<string, string[]> = {};
    for (const line of picture!.trim().split('\n')) {
      const [from = '', to] = line.trim().split(' --> ');
      rooms[from] = [...(rooms[from] ?? []), ...(to === undefined ? [] : [to])];
    }
    found.set(/^### (.+)$/.exec(before!)?.[1] ?? '', rooms);
  }
  return found;
}

describe.each([
  ['docs/architecture.md', ARCHITECTURE, 40],
  ['docs/glossary.md', GLOSSARY, 30],
])('%s', (_name, text, least) => {
  it('names only paths that exist', () => {
    const paths = pathsIn(text);
    expect(paths.length).toBeGreaterThan(least);
    expect(paths.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  });
});

describe('docs/architecture.md', () => {
  it('has one line for each room of src, and for nothing else', () => {
    const table = ARCHITECTURE.slice(
      ARCHITECTURE.indexOf('## Rooms'),
      ARCHITECTURE.indexOf('## The path of one event'),
    );
    const described = [...table.matchAll(/^\| `([^`]+)` +\|/gm)].map(([, room]) => room!);
    expect(described.sort()).toEqual(roomsOfTree().sort());
  });

  it('draws the order that lint enforces', () => {
    const drawn = pictures();
    const folders = Object.fromEntries(FOLDERS.slice(1).map((folder, n) => [folder, [FOLDERS[n]]]));
    expect(drawn.get('')).toEqual(folders);
    drawn.delete('');
    expect(Object.fromEntries(drawn)).toEqual(ROOMS);
  });
});
