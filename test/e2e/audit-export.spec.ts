import { readXlsx } from 'hucre/xlsx';
import { describeApi } from '../support/fixture.js';
import { partsOf, xmlFaults } from '../support/workbook.js';

const HOSTILE = [
  '=1+1',
  '+1',
  '-1',
  '@SUM(A1)',
  '\tx',
  '\rx',
  '\nx',
  'plain',
  'a "quoted" text, with a comma',
  'line\nbreak\r\nand more',
  `'=1`,
  '_x0041_',
  '\u0001control',
  ' spaced ',
  '<f>1+1</f>&amp;',
  '=HYPERLINK("https://example.com","x")',
  'ünïcödé 😀',
  'no characters \ufffe \uffff, a look-alike _xFFFF_ and \u007f',
];

/** RFC 4180, written independently of the code under test. */
function parseCsv(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  let cell = '';
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const char = text[at]!;
    if (quoted) {
      if (char !== '"') cell += char;
      else if (text[at + 1] === '"') cell += text[++at]!;
      else quoted = false;
    } else if (char === '"') quoted = true;
    else if (char === ',') [row, cell] = [[...row, cell], ''];
    else if (char === '\r' && text[at + 1] === '\n') {
      rows.push([...row, cell]);
      [row, cell] = [[], ''];
      at++;
    } else cell += char;
  }
  return rows;
}

describeApi('export of the audit trail', { env: { RATE_LIMIT_REQUESTS: '1000000' } }, (api, { database }) => {
  let tenantId: string;
  let key: string;

  beforeAll(async () => {
    tenantId = await api.createTenant('Acme');
    key = await api.createKey(tenantId, ['read', 'write']);
    const logs = HOSTILE.map((message, n) => ({
      ...{ action_type: 'VIEW', resource_type: 'hostile', resource_id: String(n), message, user_id: message },
      metadata: { [message]: message },
      occurred_at: new Date(Date.now() - n * 1_000).toISOString(),
    }));
    expect((await api.post<{ created: number }>('/logs/bulk', { logs }, key)).body.created).toBe(HOSTILE.length);
  });

  const download = async (query: string) => {
    const response = await fetch(`${api.url}/api/v1/logs/export?${query}`, { headers: { 'X-API-Key': key } });
    return { response, bytes: Buffer.from(await response.arrayBuffer()) };
  };
  const column = (rows: unknown[][], name: string) => {
    const index = rows[0]!.indexOf(name);
    return rows.slice(1).map((row) => row[index]);
  };

  it('as csv: every cell that a spreadsheet would run starts with an apostrophe, the rest comes back as it was', async () => {
    const { response, bytes } = await download('format=csv&resource_type=hostile');
    expect(response.headers.get('content-type')).toBe('text/csv; charset=utf-8');
    expect(response.headers.get('content-disposition')).toMatch(
      /^attachment; filename="audit-entries_\d{4}-\d\d-\d\d_\d{4}-\d\d-\d\d\.csv"$/,
    );
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    const rows = parseCsv(bytes.toString());
    const safe = HOSTILE.map((text) => (/^[=+\-@\t\r\n]/.test(text) ? `'${text}` : text));
    expect(column(rows, 'message')).toEqual(safe);
    expect(column(rows, 'user_id')).toEqual(safe);
    expect((column(rows, 'metadata') as string[]).map((text) => JSON.parse(text) as unknown)).toEqual(
      HOSTILE.map((text) => ({ [text]: text })),
    );
    expect(new Set(rows.map((row) => row.length)).size).toBe(1);
  });

  it('as csv: starts with a byte order mark where one is asked for', async () => {
    for (const query of ['/logs/export?format=csv&', '/logs/export?format=csv&tz=Etc/UTC&', '/audit/logs/export?']) {
      const admin = await api.createKey(tenantId, ['admin']);
      const read = async (bom: string) =>
        Buffer.from(
          await (await fetch(`${api.url}/api/v1${query}${bom}`, { headers: { 'X-API-Key': admin } })).arrayBuffer(),
        );
      expect((await read('bom=true')).subarray(0, 3).toString('hex')).toBe('efbbbf');
      for (const without of ['', 'bom=false'])
        expect((await read(without)).subarray(0, 3).toString()).toMatch(/^\w{3}/);
    }
    expect((await download('bom=maybe')).response.status).toBe(400);
  });

  it('as csv: prints in UTC what it prints in another zone', async () => {
    const logs = [
      { before_state: { a: -1 }, after_state: { b: 'x' }, metadata: { a: ['"', null] }, ip_address: '192.0.2.1' },
      { user_agent: '"', session_id: '=s', status: '-' },
    ].map((more, n) => ({ action_type: 'UPDATE', resource_type: 'zones', resource_id: `@${n}`, ...more }));
    expect((await api.post<{ created: number }>('/logs/bulk', { logs }, key)).body.created).toBe(2);
    const event = { functionality: 'Authenticate', event_type: 'Login', status: 'Success', store_id: 7, user: '+1' };
    expect((await api.post('/audit-events/create', event, key)).status).toBe(201);
    for (const filter of [
      'resource_type=hostile',
      'resource_type=zones',
      'functionality=Authenticate',
      'q=plain&resource_type=hostile',
    ]) {
      const [utc, other] = await Promise.all(
        ['UTC', 'Etc/UTC'].map(async (tz) => (await download(`format=csv&tz=${tz}&${filter}`)).bytes.toString()),
      );
      expect(utc).toBe(other!.replace(/("\d{4}-\d\d-\d\dT[\d:.]{12})\+00:00"/g, '$1Z"'));
      expect(parseCsv(utc!).length).toBeGreaterThan(1);
    }
  });

  it('as xlsx: texts only, no formula', async () => {
    const { bytes } = await download('format=xlsx&resource_type=hostile');
    const workbook = await readXlsx(new Uint8Array(bytes));
    const rows = workbook.sheets[0]!.rows as unknown[][];
    expect(column(rows, 'message')).toEqual(HOSTILE);
    expect(JSON.stringify(workbook.sheets[0])).not.toMatch(/"formula":/);
    const now = Date.now();
    for (const time of column(rows, 'occurred_at')) {
      expect(time).toBeInstanceOf(Date);
      expect(Math.abs(now - (time as Date).getTime())).toBeLessThan(600_000);
    }
    const parts = partsOf(bytes);
    expect([...parts.keys()]).toEqual(
      expect.arrayContaining(['[Content_Types].xml', 'xl/workbook.xml', 'xl/styles.xml']),
    );
    expect(xmlFaults(parts)).toEqual([]);
    const sheet = parts.get('xl/worksheets/sheet1.xml')!;
    expect(sheet).toContain('<cols><col min="1" max="1" width="24" customWidth="');
    expect(sheet).toMatch(/<pane [^>]*ySplit="1"[^>]*state="frozen"/);
    expect(sheet).toContain(`</sheetData><autoFilter ref="A1:Y${rows.length}"/></worksheet>`);
  });

  it('as ndjson: entries as they are', async () => {
    const { response, bytes } = await download('format=ndjson&resource_type=hostile');
    expect(response.headers.get('content-type')).toBe('application/x-ndjson; charset=utf-8');
    const lines = bytes
      .toString()
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { message: string; occurred_at: string });
    expect(lines.map(({ message }) => message)).toEqual(HOSTILE);
    expect(lines[0]!.occurred_at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
  });

  it('prints times in the zone asked for', async () => {
    const logs = ['2026-03-08T07:59:59.000Z', '2026-03-08T08:00:00.000Z'].map((occurred_at) => ({
      ...{ action_type: 'VIEW', resource_type: 'spring', resource_id: '1', occurred_at },
    }));
    await api.post('/logs/bulk', { logs }, key);
    const { bytes } = await download('resource_type=spring&tz=America/Chicago&from=2026-03-01T00:00:00Z');
    expect(column(parseCsv(bytes.toString()), 'occurred_at')).toEqual([
      '2026-03-08T03:00:00.000-05:00',
      '2026-03-08T01:59:59.000-06:00',
    ]);
    expect((await download('tz=Nowhere/At-all')).response.status).toBe(400);
    expect((await download('format=pdf')).response.status).toBe(400);
    expect((await download('cursor=x')).response.status).toBe(400);
  });

  it('is itself recorded, before the first byte', async () => {
    await download('format=csv&resource_type=recorded');
    const { body } = await api.get<{ data: { metadata: object; client_id: string }[] }>(
      '/logs?resource_type=export',
      key,
    );
    expect(body.data[0]).toMatchObject({
      action_type: 'VIEW',
      resource_id: 'audit-entries',
      client_id: 'shop',
      metadata: { format: 'csv', resource_type: 'recorded', from: expect.any(String) as string },
    });
  });

  it('is recorded with the range that the file has', async () => {
    const range = { from: '2026-03-01T00:00:00.000Z', to: '2026-03-02T00:00:00.000Z' };
    for (const [query, name, metadata] of [
      ['format=ndjson', 'audit-entries.ndjson', { format: 'ndjson', complete: true }],
      [
        `format=ndjson&${new URLSearchParams(range).toString()}`,
        'audit-entries_2026-03-01_2026-03-02.ndjson',
        { format: 'ndjson', ...range },
      ],
      [
        `format=csv&${new URLSearchParams(range).toString()}`,
        'audit-entries_2026-03-01_2026-03-02.csv',
        { format: 'csv', ...range },
      ],
    ] as const) {
      const { response } = await download(query);
      expect(response.headers.get('content-disposition')).toContain(`"${name}"`);
      const { body } = await api.get<{ data: { metadata: object }[] }>('/logs?resource_type=export&limit=1', key);
      expect(body.data[0]!.metadata).toEqual(metadata);
    }
  });

  describe('of 100,000 entries', () => {
    beforeAll(async () => {
      await database.query(
        `insert into audit_entries (tenant_id, id, client_id, action_type, resource_type, resource_id, severity,
                                    message, occurred_at, created_at, source, salts, leaf)
         select $1, uuidv7(), 'bulk', 'VIEW', 'page', n::text, 'INFO', 'page ' || n,
                now() - interval '1 hour' - (n / 7) * interval '1 millisecond', now(), 'api', decode(repeat('00', 160), 'hex'), '\\x00'
         from generate_series(1, 100000) n`,
        [tenantId],
      );
    }, 120_000);

    it('holds each exactly once, newest first, in csv and xlsx', async () => {
      const csv = parseCsv((await download('format=csv&client_id=bulk')).bytes.toString());
      const ids = column(csv, 'resource_id') as string[];
      expect(ids).toHaveLength(100_000);
      expect(new Set(ids).size).toBe(100_000);
      const times = column(csv, 'occurred_at') as string[];
      expect(times.every((time, n) => n === 0 || time <= times[n - 1]!)).toBe(true);
      const workbook = await readXlsx(new Uint8Array((await download('format=xlsx&client_id=bulk')).bytes));
      expect(column(workbook.sheets[0]!.rows as unknown[][], 'resource_id')).toEqual(ids);
    }, 120_000);
  });
});
