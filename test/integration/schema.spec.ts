import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describeDatabase } from '../support/fixture.js';

const STARTS_PROCESSES_MS = 60_000;

describeDatabase('the schema that the migrations make', {}, (database) => {
  const run = (file: string, words: string[], env: Record<string, string>) =>
    new Promise<{ code: number; out: string }>((resolve) => {
      execFile(file, words, { env: { PATH: process.env['PATH'], ...env } }, (error, out, err) => {
        resolve({ code: error === null ? 0 : Number(error.code), out: out + err });
      });
    });

  const generate = () =>
    run('npm', ['run', '--silent', 'migration:generate', '--', '--check'], {
      DATABASE_URL: database.url,
      DATABASE_MIGRATION_URL: database.ownerUrl,
    });

  it(
    'is what docs/schema.md describes; npm run generate:schema writes it anew',
    async () => {
      const { code, out } = await run('node', ['scripts/schema-document.mjs'], { DATABASE_URL: database.ownerUrl });
      expect(code).toBe(0);
      expect(out).toBe(readFileSync('docs/schema.md', 'utf8'));
    },
    STARTS_PROCESSES_MS,
  );

  it(
    'is what the entities say: migration:generate finds no changes, until somebody changes one of the two',
    async () => {
      expect(await generate()).toEqual({
        code: 0,
        out: expect.stringContaining('No changes in database schema were found') as string,
      });
      await database.query(`alter table jobs drop constraint jobs_total_check`);
      await database.query(`alter table sessions alter column last_used_at drop default`);
      await database.query(`alter table tenants add column colour text`);
      await database.query(`drop index api_keys_tenant_idx`);
      const { code, out } = await generate();
      expect(code).toBe(1);
      for (const part of ['jobs_total_check', 'last_used_at', 'colour', 'api_keys_tenant_idx']) {
        expect(out).toContain(part);
      }
      expect(out).not.toMatch(/drop table/i);
    },
    STARTS_PROCESSES_MS,
  );
});
