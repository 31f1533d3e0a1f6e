import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const DECISIONS = 'docs/adr';
const SECTIONS = ['Context', 'Decision', 'Alternatives considered', 'Consequences'];
const decisions = readdirSync(DECISIONS).filter((file) => /^\d{4}-/.test(file));
const pages = [
  'README.md',
  'SECURITY.md',
  ...readdirSync('docs', { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.md'))
    .map((file) => join('docs', file)),
];
const sources = ['src', 'test', 'bench', 'scripts', 'migrations'].flatMap((folder) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.(ts|mjs|cjs|sql)$/.test(file))
    .map((file) => join(folder, file)),
);

/** Words of our own for what the field has names for; the glossary may explain them. */
const HOUSE_WORDS =
  /\b(lanes?|doors?|doorbells?|sweep(?:s|er|ers|ing)?|grains?|tiles?|tiled|patience|stretch(?:es)?|call trail|truth check)\b/i;
const MAY_NAME_THEM = ['glossary.md'].map((page) => join('docs', page));

/** How nobody would say it in English; in what the product says, each has a plain word. */
const UNIDIOMATIC =
  /\b(must not hold|must hold|must lie|lies beyond|stands? beside|(?<!there )is no (?!longer)[a-z]+\b|(?<!there )is none\b|are taken|not take|excludes|not understood|understood here)\b/i;

const read = (file: string) => readFileSync(file, 'utf8');
const matches = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].map((match) => match[1]!);

/** `# 7. Title`, `- Status: …` and `- Date: …` of a decision. */
function headOf(file: string) {
  const text = read(join(DECISIONS, file));
  const [number, title] = /^# (\d+)\. (.+)\n/.exec(text)?.slice(1) ?? [];
  return {
    number,
    title,
    status: /^- Status: (.+)$/m.exec(text)?.[1],
    date: /^- Date: (\d{4}-\d\d-\d\d)$/m.exec(text)?.[1],
  };
}

describe('decision records', () => {
  it.each(decisions)('%s has a number, a status, a date and the sections', (file) => {
    const { number, title, status, date } = headOf(file);
    expect(number).toBe(String(Number(file.slice(0, 4))));
    expect(title).toBeDefined();
    expect(status).toMatch(/^(proposed|accepted|superseded by \[ADR \d+\]\(.+\))$/);
    expect(date).toBeDefined();
    expect(matches(read(join(DECISIONS, file)), /^## (.+)$/gm)).toEqual(SECTIONS);
  });

  it('are numbered without gaps and listed in the index with title, status and date', () => {
    const index = matches(read(join(DECISIONS, 'README.md')), /^(\| \[\d+\].+\|)$/gm);
    const rows = index.map((row) => row.split('|').map((cell) => cell.trim()));
    expect(rows.map((cells) => cells.slice(1, 5))).toEqual(
      decisions.map((file, n) => {
        const { title, status, date } = headOf(file);
        return [`[${n + 1}](${file})`, title, status, date];
      }),
    );
  });

  it('have a template with the same sections', () => {
    expect(matches(read(join(DECISIONS, 'template.md')), /^## (.+)$/gm)).toEqual(SECTIONS);
  });
});

describe('documentation', () => {
  /** What pages or sources name by `pattern` and is not there, each with the file that names it. */
  const missing = (files: string[], pattern: RegExp, resolve: (file: string, name: string) => string) =>
    files.flatMap((file) =>
      matches(read(file), pattern)
        .filter((name) => !existsSync(resolve(file, name)))
        .map((name) => `${file}: ${name}`),
    );

  it('links to files that exist', () => {
    const links = /\]\((?!\w+:|00MM)([^)\s#…]+)[^)]*\)/g;
    expect(missing(pages, links, (page, link) => join(dirname(page), link))).toEqual([]);
  });

  it('names files of the repository that exist', () => {
    const paths = /(?<![\w/.-])((?:src|test|docs|scripts|bench|migrations)\/[\w./-]*\w)/g;
    expect(missing(pages, paths, (_page, path) => path)).toEqual([]);
  });

  it('is where the sources say it is', () => {
    const paths = /(?<![\w/.-])(docs\/[\w./-]*\w\.\w+)/g;
    expect(missing(sources, paths, (_source, path) => path)).toEqual([]);
  });

  it('uses the words of the field, in comments too', () => {
    const comments = /^\s*(?:\*|\/\*\*|\/\/).*$/gm;
    const texts = [
      ...pages.filter((page) => !MAY_NAME_THEM.includes(page)).map((page) => [page, read(page)] as const),
      ...sources
        .filter((file) => file.startsWith('src'))
        .map((file) => [file, (read(file).match(comments) ?? []).join('\n')] as const),
    ];
    const found = texts.map(([file, text]) => [file, HOUSE_WORDS.exec(text)?.[0]]).filter(([, word]) => word);
    expect(found).toEqual([]);
  });

  it('is in plain English where the product speaks', () => {
    const literals = /'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`/g;
    const found = sources
      .filter((file) => /^src\/.*\.ts$/.test(file) && !/(?:sql|repository)\.ts$/.test(file))
      .flatMap((file) => {
        const code = read(file).replace(/^\s*(?:\*|\/\*\*|\/\/).*$/gm, '');
        return [...code.matchAll(literals)].flatMap(([text]) => (UNIDIOMATIC.test(text) ? [`${file}: ${text}`] : []));
      });
    expect(found).toEqual([]);
  });

  it('describes each planted defect', () => {
    const planted = readdirSync('test/faults/defects').map((file) => file.replace(/\.mjs$/, ''));
    const [, table] = read('docs/faults.md').split('## Planted defects');
    expect(matches(table!, /^\| `([\w-]+)`/gm).sort()).toEqual(planted.sort());
  });
});
