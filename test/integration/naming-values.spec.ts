import { describeDatabase } from '../support/fixture.js';

const WHOLE = 2;
const IN_TEXT = 1;
const NONE = 0;

describeDatabase('a value that names somebody', {}, (database) => {
  const names = async (doc: unknown, subject: string) => {
    const [row] = await database.query<{ names: number }>('select json_names($1::jsonb, $2, folds_case($2)) as names', [
      typeof doc === 'string' ? doc : JSON.stringify(doc),
      subject,
    ]);
    return row?.names;
  };
  const redacted = async (json: string, ...subjects: string[]) => {
    const [row] = await database.query<{ text: string }>('select redact_json($1::jsonb, $2)::text as text', [
      json,
      subjects,
    ]);
    return row?.text;
  };

  it.each<[unknown, string, number]>([
    [{ by: '7' }, '7', WHOLE],
    [[[['7']]], '7', WHOLE],
    [{ text: 'Invoice 7 approved' }, '7', IN_TEXT],
    [{ 7: 'x' }, '7', NONE],
    [{ quantity: 7 }, '7', NONE],
    [{ user_id: 7 }, '7', WHOLE],
    [{ a: { userId: 7.0 } }, '7', WHOLE],
    [{ user_ids: [1, 7] }, '7', WHOLE],
    [{ user_id: [[7]] }, '7', NONE],
    [{ user_id: { size: 7 } }, '7', NONE],
    [{ user_id: 70 }, '7', NONE],
    [{ user_id: 7 }, '07', NONE],
    [{ id: true }, 'true', NONE],
    [{ id: 'true' }, 'true', WHOLE],
    [{ a: null }, 'null', NONE],
    [{ name: 'name' }, 'name', WHOLE],
    [{ name: 'x' }, 'name', NONE],
    [{ a: ': "x' }, ': "', IN_TEXT],
    [{ a: 'b' }, '": "', NONE],
    [{ a: '": "' }, '": "', WHOLE],
    [{ a: '\\' }, '\\', WHOLE],
    [{ a: '%' }, '%', WHOLE],
    [{ a: 'abc' }, '%', NONE],
    [{ a: 'A@B.c' }, 'a@b.C', WHOLE],
    [{ a: 'ADA' }, 'ada', NONE],
    [{ a: 'mail a@b.c now' }, 'a@b.c', IN_TEXT],
    [{ a: '\u00e9\u{1f600}\n' }, '\u00e9\u{1f600}\n', WHOLE],
  ])('%j by %j: %i', async (doc, subject, expected) => {
    expect(await names(doc, subject)).toBe(expected);
    const json = JSON.stringify(doc);
    const [same] = await database.query<{ same: boolean }>('select redact_json($1::jsonb, $2) = $1::jsonb as same', [
      json,
      [subject],
    ]);
    expect(same?.same).toBe(expected !== WHOLE);
  });

  it('is replaced, and nothing beside it: numbers keep their digits', async () => {
    const doc =
      '{"7": "7", "a": [7, "7", "77", {"7": 7.50000000000000000001}], "user_id": 7, "n": 1.0, "e": [], "o": {}}';
    expect(await redacted(doc, '7')).toBe(
      '{"7": "[redacted]", "a": [7, "[redacted]", "77", {"7": 7.50000000000000000001}], "e": [], "n": 1.0, "o": {}, "user_id": "[redacted]"}',
    );
  });

  it.each(['[redacted]', '[erased]', '', ' ', '"', '{}', '*', '.', '$', 'a'])(
    '%j leaves others alone',
    async (subject) => {
      const doc = '{"a": "x", "b": ["y", 1, null, true], "$": {".": "z"}, "": ""}';
      const changed = await redacted(doc, subject);
      expect(JSON.parse(changed!)).toEqual({
        ...(JSON.parse(doc) as object),
        ...(subject === '' ? { '': '[redacted]' } : {}),
      });
    },
  );

  it.each([
    ['/api/v1/analytics/users/a%40b.c/journey', 'a@b.c'],
    ['/api/v1/analytics/users/%61%40%62%2e%63/journey', 'a@b.c'],
    ['/api/v1/analytics/users/a%40b%2Ec/journey', 'a@b.c'],
    ['/api/v1/analytics/users/%c3%A9/journey', '\u00e9'],
    ['/api/v1/analytics/users/\u00c3\u00a9/journey', '\u00e9'], // raw bytes of UTF-8, as Node reads them
    ['/api/v1/analytics/users/%/journey', '%'],
    ['/api/v1/analytics/users/%2F/journey', '/'],
    ['/api/v1/analytics/users/%ff/journey', '%ff'],
    ['/api/v1/analytics/users/users/journey', 'users'],
  ])('is read from the path %s', async (path, expected) => {
    const rows = await database.query('select name, value from path_values($1, $2)', [
      path,
      '/api/v1/analytics/users/:user_id/journey',
    ]);
    expect(rows).toEqual([{ name: ':user_id', value: expected }]);
  });

  it('may be cut where a path is', async () => {
    const subject = '\u{1f600}'.repeat(100);
    const path = `/api/v1/analytics/users/${encodeURIComponent(subject)}`.slice(0, 512);
    const rows = await database.query(
      `select path_value_names(value, cut, $3, false) as named from path_values($1, $2) where name = ':user_id'`,
      [path, '/api/v1/analytics/users/:user_id/journey', subject],
    );
    expect(rows).toEqual([{ named: true }]);
  });
});
