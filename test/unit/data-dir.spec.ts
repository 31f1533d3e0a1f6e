import { chmodSync, mkdirSync, mkdtempSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makePrivate } from '../../src/local-postgres/data-dir.js';
import { shownUrl } from '../../src/quickstart/addresses.js';
import { readOptions } from '../../src/quickstart/options.js';
import { runtimeUrl } from '../../src/local-postgres/runtime-login.js';

const mode = (path: string) => (statSync(path).mode & 0o777).toString(8);

describe('DATA_DIR', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tidemark-data-'));
    chmodSync(folder, 0o755);
  });

  it('is made for its owner alone, or repaired, with the secrets in it', () => {
    makePrivate(join(folder, 'new', 'data'));
    expect(mode(join(folder, 'new', 'data'))).toBe('700');
    for (const name of ['postgres.password', 'audit-signing-key.pem']) {
      writeFileSync(join(folder, name), 'secret', { mode: 0o644 });
    }
    makePrivate(folder);
    expect([folder, join(folder, 'postgres.password'), join(folder, 'audit-signing-key.pem')].map(mode)).toEqual([
      '700',
      '600',
      '600',
    ]);
  });

  it('is no folder with files of others in it, which would be shut out', () => {
    mkdirSync(join(folder, 'website'));
    expect(() => makePrivate(folder)).toThrow(/holds other files.*DATA_DIR=\.data npm run quickstart$/);
    expect(mode(folder)).toBe('755');
  });

  it('keeps the login of the service from start to start, readable by the owner only', () => {
    const first = runtimeUrl('postgresql://owner:secret@db:5432/tidemark', folder);
    expect(first).toMatch(/^postgresql:\/\/tidemark_runtime:[\w-]{32}@db:5432\/tidemark$/);
    expect(runtimeUrl('postgresql://owner:secret@db:5432/tidemark', folder)).toBe(first);
    expect(mode(join(folder, 'postgres.runtime-login'))).toBe('600');
  });
});

describe('HOST of quickstart', () => {
  it('is this machine alone unless given', () => {
    expect(readOptions({}).host).toBe('127.0.0.1');
    expect(readOptions({ HOST: '0.0.0.0' }).host).toBe('0.0.0.0');
  });

  it.each([
    ['127.0.0.1', 'http://localhost:3000'],
    ['0.0.0.0', 'http://localhost:3000'],
    ['::', 'http://localhost:3000'],
    ['192.0.2.7', 'http://192.0.2.7:3000'],
    ['::1', 'http://[::1]:3000'],
    ['tide.example', 'http://tide.example:3000'],
  ])('%s is shown as %s, which answers', (host, url) => {
    expect(shownUrl({ host, port: 3000 })).toBe(url);
  });
});

describe('the database of quickstart', () => {
  it('is its own, unless one is named for quickstart', () => {
    const others = { DATABASE_URL: 'postgresql://me@db/shop', DATABASE_MIGRATION_URL: 'postgresql://owner@db/shop' };
    expect(readOptions(others)).toMatchObject({ databaseUrl: undefined, unusedSettings: Object.keys(others) });
    const url = 'postgresql://me@db/tidemark';
    expect(readOptions({ ...others, QUICKSTART_DATABASE_URL: url }).databaseUrl).toBe(url);
  });
});
