import { describeApi } from '../support/fixture.js';

interface Entry {
  id: string;
  action_type: string;
  resource_type: string;
  resource_id: string;
  severity: string;
  status: string | null;
  user_id: string | null;
  ip_address: string | null;
  message: string | null;
  metadata: Record<string, unknown> | null;
  before_state: unknown;
  after_state: unknown;
  occurred_at: string;
}

const HOUR_MS = 3_600_000;
const WORDS = ['login', 'Invoice', 'approved', 'jdoe@example.com', 'orders/42', 'Straße', 'x-1', 'größe', 'naïve'];

/** A small generator with a seed, so that a failure can be repeated. */
function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

function makeLogs(count: number, next: (below: number) => number, now: number): Record<string, unknown>[] {
  const pick = <T>(items: readonly T[]): T => items[next(items.length)]!;
  return Array.from({ length: count }, () => ({
    action_type: pick(['CREATE', 'UPDATE', 'DELETE', 'VIEW']),
    resource_type: pick(['invoice', 'user', 'order']),
    resource_id: `R-${next(20)}`,
    severity: pick(['INFO', 'WARNING', 'ERROR', 'CRITICAL']),
    ...(next(2) === 0 ? {} : { user_id: `u${next(5)}` }),
    ...(next(2) === 0 ? {} : { status: pick(['Success', 'Failed']) }),
    ...(next(2) === 0 ? {} : { ip_address: `10.0.0.${next(3)}` }),
    message: Array.from({ length: 1 + next(4) }, () => pick(WORDS)).join(' '),
    ...(next(2) === 0 ? {} : { metadata: { note: pick(WORDS), ['key_of_meta']: next(3) } }),
    ...(next(3) > 0 ? {} : { after_state: { list: [pick(WORDS), 'tab\there "quoted" back\\slash'] } }),
    occurred_at: new Date(now - next(100) * HOUR_MS).toISOString(),
  }));
}

/** The words of an entry, by the rule that the documentation gives. */
function wordsOf(entry: Entry): Set<string> {
  const texts = [entry.message ?? '', entry.resource_type, entry.resource_id];
  const collect = (value: unknown): void => {
    if (typeof value === 'object' && value !== null) {
      for (const [key, inner] of Object.entries(value)) {
        if (!Array.isArray(value)) texts.push(key);
        collect(inner);
      }
    } else texts.push(String(value));
  };
  for (const state of [entry.before_state, entry.after_state, entry.metadata]) if (state !== null) collect(state);
  return new Set(texts.flatMap((text) => text.toLowerCase().split(/[\s!-/:-@[-`{-~]+/)).filter((word) => word !== ''));
}

describeApi('search in the audit trail', { env: { RATE_LIMIT_REQUESTS: '1000000' } }, (api, { database }) => {
  let key: string;
  let all: Entry[];
  const now = Date.now();

  beforeAll(async () => {
    key = await api.createKey(await api.createTenant('Acme'), ['read', 'write']);
    const foreign = await api.createKey(await api.createTenant('Globex'), ['read', 'write']);
    for (const owner of [key, foreign]) {
      const logs = makeLogs(800, random(7), now);
      expect((await api.post<{ created: number }>('/logs/bulk', { logs }, owner)).body.created).toBe(800);
    }
    all = await fetchAll('');
    expect(all).toHaveLength(800);
  });

  async function fetchAll(query: string): Promise<Entry[]> {
    const found: Entry[] = [];
    let cursor: string | null = null;
    do {
      const suffix: string = cursor === null ? '' : `&cursor=${cursor}`;
      const answer = await api.get<{ data: Entry[]; next_cursor: string | null }>(
        `/logs?limit=97${query.includes('client_id') ? '' : '&client_id=shop'}${query}${suffix}`,
        key,
      );
      expect(answer.status).toBe(200);
      found.push(...answer.body.data);
      cursor = answer.body.next_cursor;
    } while (cursor !== null);
    return found;
  }

  const expectSame = async (query: string, matches: (entry: Entry) => boolean) => {
    const ids = (await fetchAll(query)).map(({ id }) => id);
    expect({ query, ids }).toEqual({ query, ids: all.filter(matches).map(({ id }) => id) });
    return ids.length;
  };

  it('filters like a plain filter over all entries, in any combination', async () => {
    const next = random(11);
    const fields = [
      'action_type',
      'resource_type',
      'resource_id',
      'severity',
      'status',
      'user_id',
      'ip_address',
    ] as const;
    let hits = 0;
    for (let round = 0; round < 60; round++) {
      const model = all[next(all.length)]!;
      const chosen = fields.filter((field) => next(3) === 0 && model[field] !== null);
      const from = new Date(now - next(100) * HOUR_MS).toISOString();
      const to = new Date(Date.parse(from) + (1 + next(60)) * HOUR_MS).toISOString();
      const timed = next(2) === 0;
      const word = next(2) === 0 ? [...wordsOf(model)][0]! : undefined;
      const query = [
        ...chosen.map((field) => `&${field}=${encodeURIComponent(model[field] ?? '')}`),
        ...(timed ? [`&from=${from}&to=${to}`] : []),
        ...(word === undefined ? [] : [`&q=${encodeURIComponent(word)}`]),
      ].join('');
      hits += await expectSame(
        query,
        (entry) =>
          chosen.every((field) => entry[field] === model[field]) &&
          (!timed || (entry.occurred_at >= from && entry.occurred_at < to)) &&
          (word === undefined || wordsOf(entry).has(word)),
      );
    }
    expect(hits).toBeGreaterThan(200);
  });

  it.each([
    ['login', ['login'], []],
    ['LOGIN invoice', ['login', 'invoice'], []],
    ['straße', ['straße'], []],
    ['jdoe', ['jdoe'], []],
    ['42 -login', ['42'], ['login']],
    ['key_of_meta', ['key', 'of', 'meta'], []],
    ['slash here', ['slash', 'here'], []],
    ['größe', ['größe'], []],
  ])('finds the words of %s anywhere in an entry', async (q, present, absent) => {
    const hits = await expectSame(`&q=${encodeURIComponent(q)}`, (entry) => {
      const words = wordsOf(entry);
      return present.every((word) => words.has(word)) && !absent.some((word) => words.has(word));
    });
    expect(hits).toBeGreaterThan(0);
  });

  it('finds phrases, beginnings of words and parts of messages', async () => {
    const text = (entry: Entry) => entry.message!.toLowerCase();
    expect(
      await expectSame('&q=%22login%20approved%22', (entry) => text(entry).includes('login approved')),
    ).toBeGreaterThan(0);
    expect(
      await expectSame('&q=appr*', (entry) => [...wordsOf(entry)].some((word) => word.startsWith('appr'))),
    ).toBeGreaterThan(0);
    expect(await expectSame('&message=DOE%40EX', (entry) => text(entry).includes('doe@ex'))).toBeGreaterThan(0);
    expect(await expectSame('&message=%25', (entry) => text(entry).includes('%'))).toBe(0);
    expect(await expectSame('&message=_', (entry) => text(entry).includes('_'))).toBe(0);
    expect(await expectSame(`&message=${encodeURIComponent('\\')}`, () => false)).toBe(0);
  });

  describe('of what PostgreSQL alone would not find', () => {
    const record = async (more: Record<string, unknown>) => {
      const entry = { action_type: 'VIEW', resource_type: 'odd', resource_id: '1', ...more };
      const { status, body } = await api.post<Entry>('/logs', entry, key);
      expect(status).toBe(201);
      return body.id;
    };
    const search = async (query: Record<string, string>) =>
      (await api.get<{ data: Entry[] }>(`/logs?resource_type=odd&${new URLSearchParams(query).toString()}`, key)).body
        .data;
    const found = async (query: Record<string, string>) => (await search(query)).map(({ id }) => id);

    it('finds every id of a long list, and words beyond the last position', async () => {
      const ids = Array.from({ length: 300 }, (_, n) => `order_${n}`);
      const long = await record({ metadata: { ids } });
      const words = Array.from({ length: 20_000 }, (_, n) => 'abcdefgh'[n % 8]).join(' ');
      const longer = await record({ message: `${words} the last_words of it` });
      const short = await record({ metadata: { ids: ['order 1 254'], note: '255 order' } });
      for (const id of ['order_0', 'order_253', 'order_254', 'order_255', 'order_299', '"order 255"', 'order_29*']) {
        expect([id, await found({ q: id })]).toEqual([id, [long]]);
      }
      for (const id of ['order_300', 'order_2551', '"254 order 254"', '"order 255 order 254"']) {
        expect([id, await found({ q: id })]).toEqual([id, []]);
      }
      expect(await found({ q: '"order 255 order 256"' })).toEqual([long]);
      expect(await found({ q: 'order -order_255' })).toEqual([short]);
      expect(await found({ q: 'last_words' })).toEqual([longer]);
      expect(await found({ q: '"last words of it"' })).toEqual([longer]);
      expect(await found({ q: '"words last"' })).toEqual([]);
    });

    it.each([
      [
        '注文が失敗しました',
        ['注文', '失敗', '敗', '失敗しました', 'た', '注文が失敗しました', '注文*', '"が失敗"'],
        ['文注', '失敗た', '失注文', '敗失'],
      ],
      [
        '東京都の店舗。2号店ABC',
        ['京都', '店舗', '舗', '2号', '号店ABC', '店舗 abc', '号店abc', '店舗2号'],
        ['都京', '舗号', 'bc'],
      ],
      ['订单已取消，请重试', ['取消', '订单', '请重试', '重试', '已取消'], ['单订', '消请', '取已']],
      [
        '주문이 실패했습니다',
        ['주문', '실패', '실패했', '주문 실패', '"주문이 실패"', '패'],
        ['문주', '"실패 주문"', '이실'],
      ],
      ['การสั่งซื้อล้มเหลว', ['สั่งซื้อ', 'ล้มเหลว', 'การ'], ['เหลวล้ม']],
      ['ｶﾀｶﾅ ＡＢＣ１２３', ['カタカナ', 'タカ', 'abc123', 'ABC123', 'ｶﾅ'], ['カナカ', 'bc1']],
      [
        're\u0301sume\u0301.pdf',
        ['r\u00e9sum\u00e9', 're\u0301sume\u0301', 'r\u00e9sum\u00e9.pdf', 'r\u00e9su*'],
        ['resume'],
      ],
      ['na\u00efve \u1112\u1161\u11ab', ['nai\u0308ve', '한', '\u1112\u1161\u11ab'], ['naive']],
      ['“quoted” words — and dashes…', ['quoted', '"words and dashes"', 'dashes'], ['quoted_and']],
      ['𠮷野家で食事', ['𠮷野', '野家で', '𠮷'], ['野𠮷']],
    ])('finds inside of %s', async (message, present, absent) => {
      const inMessage = await record({ message });
      const inJson = await record({ metadata: { [message]: ['x', message] } });
      for (const q of present) {
        expect([q, (await found({ q })).filter((id) => id === inMessage || id === inJson)]).toEqual([
          q,
          [inJson, inMessage],
        ]);
      }
      for (const q of absent) {
        const hits = await found({ q });
        expect([q, hits.includes(inMessage) || hits.includes(inJson)]).toEqual([q, false]);
      }
      await expect(found({ q: `odd -"${present[0]!}"` })).resolves.not.toContain(inMessage);
    });

    it('finds a part of a message in whatever form its characters are', async () => {
      const ids = [await record({ message: 'Le cafe\u0301 noir' }), await record({ message: 'Le caf\u00e9 noir' })];
      for (const message of ['caf\u00e9 N', 'cafe\u0301 n', 'f\u00e9']) {
        expect(new Set(await found({ message }))).toEqual(new Set(ids));
      }
      expect((await search({ message: 'caf\u00e9' })).map(({ message }) => message).sort()).toEqual([
        'Le cafe\u0301 noir',
        'Le caf\u00e9 noir',
      ]);
    });

    it.each(['"。"', '-odd', '…', '()'])('refuses %s: no word is left to look for', async (q) => {
      expect((await api.get(`/logs?q=${encodeURIComponent(q)}`, key)).status).toBe(400);
    });

    it('searches everything unless a start is given, and says which range was looked at', async () => {
      const occurred_at = '2003-04-05T06:07:08Z';
      const old = await record({ message: 'a palimpsest', occurred_at });
      for (const query of ['q=palimpsest', 'message=limpse']) {
        const { body } = await api.get<{ from: string; to: string; data: Entry[] }>(`/logs?${query}`, key);
        expect(body.data.map(({ id }) => id)).toEqual([old]);
        expect(body.from).toBe('2000-01-01T00:00:00.000Z');
        expect(Date.parse(body.to)).toBeGreaterThan(Date.now());
        expect((await api.get<{ total: number }>(`/logs/stats?${query}`, key)).body).toMatchObject({
          total: 1,
          from: '2000-01-01T00:00:00.000Z',
        });
        const from = '2004-01-01T00:00:00.000Z';
        const later = await api.get(`/logs?${query}&from=${from}`, key);
        expect(later.body).toMatchObject({ from, data: [] });
      }
      for (const path of ['/logs?limit=1', '/logs/stats?source=api', '/audit/logs?limit=1']) {
        const as = await api.createKey(await api.createTenant(`ranges ${path}`), ['admin']);
        const { body } = await api.get<{ from: string; to: string }>(path, as);
        const days = (Date.parse(body.to) - Date.parse(body.from)) / 86_400_000;
        expect([path, days]).toEqual([path, path.startsWith('/audit') ? 7 : 8]); // entries may be dated a day ahead
        const range = { from: '2026-01-01T00:00:00.000Z', to: '2026-01-02T00:00:00.000Z' };
        const asked = await api.get(`${path}&${new URLSearchParams(range).toString()}`, as);
        expect(asked.body).toMatchObject(range);
      }
    });

    it('compares addresses, not their spellings', async () => {
      const six = await record({ ip_address: '2001:DB8:0:0::1' });
      const four = await record({ ip_address: '::ffff:192.0.2.77' });
      const hex = await record({ ip_address: '::FFFF:c000:24d' });
      const plain = await record({ ip_address: '192.0.2.77' });
      for (const ip_address of ['2001:db8::1', '2001:0db8:0000:0000:0000:0000:0000:0001', '2001:DB8:0:0::1']) {
        expect(await found({ ip_address })).toEqual([six]);
      }
      for (const ip_address of ['192.0.2.77', '::ffff:192.0.2.77', '::ffff:c000:024d', '0:0:0:0:0:ffff:192.0.2.77']) {
        expect(await found({ ip_address })).toEqual([plain, hex, four]);
        expect(await found({ ip_address, q: 'odd' })).toEqual([plain, hex, four]);
      }
      expect((await search({ ip_address: '192.0.2.77' })).map((entry) => entry.ip_address)).toEqual([
        '192.0.2.77',
        '::FFFF:c000:24d',
        '::ffff:192.0.2.77',
      ]);
      for (const ip_address of ['192.0.2.7', '::192.0.2.77', '1.2.3', 'fe80::1%eth0', '[redacted]', '2001:db8::2']) {
        expect(await found({ ip_address })).toEqual([]);
      }
    });
  });

  it('goes on in the index where the newest entries have no match, and past it where there are too many', async () => {
    const tenant = (await api.get<{ tenant: { id: string } }>('/auth/info', key)).body.tenant.id;
    // older: 25,000 entries "common", 30 of them "rare"; newer: 5,000 with neither
    await database.query(
      `insert into audit_entries (tenant_id, id, client_id, action_type, resource_type, resource_id, severity, message,
                                  occurred_at, created_at, source, salts, leaf)
       select $1, uuidv7(), 'bulk', 'VIEW', 'page', n::text, 'INFO',
              case when n <= 5000 then 'plain' when n % 833 = 0 then 'common rare' else 'common' end,
              now() - interval '5 days' - n * interval '1 second', now(), 'api', decode(repeat('00', 160), 'hex'), '\\x00'
       from generate_series(1, 30000) n`,
      [tenant],
    );
    await database.query('analyze audit_entries');
    expect(await fetchAll('&q=rare&client_id=bulk')).toHaveLength(30);
    const page = (await api.get<{ data: Entry[] }>('/logs?q=common&client_id=bulk&limit=1000', key)).body.data;
    expect(page).toHaveLength(1_000);
    expect(page[0]!.resource_id).toBe('5001');
    expect(page.at(-1)!.resource_id).toBe('6000');
    expect((await api.get<{ data: Entry[] }>('/logs?message=COMMON%20RA&limit=1000', key)).body.data).toHaveLength(30);
    expect((await api.get<{ data: Entry[] }>('/logs?message=mm&limit=10', key)).body.data).toHaveLength(10);
    // pieces that the newest do not have, and too many of those before them
    const pieces = (await api.get<{ data: Entry[] }>('/logs?message=common%20rar&client_id=bulk&limit=1000', key)).body
      .data;
    expect(pieces.map(({ message }) => message)).toEqual(Array.from({ length: 30 }, () => 'common rare'));
  });

  it('finds what happened hours or decades before, newest first', async () => {
    const tenant = (await api.get<{ tenant: { id: string } }>('/auth/info', key)).body.tenant.id;
    const times = [
      '2026-01-02T03:04:05.678901Z',
      '2025-12-31T23:59:59.999999Z',
      '2025-12-01T00:00:00Z',
      '2024-06-01T12:00:00Z',
    ].concat(['2023-10-18T22:40:32Z', '2023-10-18T22:40:31.999999Z', '2011-11-11T11:11:11Z', '1969-07-20T20:17:40.5Z']);
    // the last of 1,500 without the word an hour after the first with it
    await database.query(
      `insert into audit_entries (tenant_id, id, client_id, action_type, resource_type, resource_id, severity, message,
                                  occurred_at, created_at, source, salts, leaf)
       select $1, uuidv7(), 'ages', 'VIEW', 'page', coalesce(array_position($2::timestamptz[], at), 0)::text, 'INFO',
              case when at = any($2::timestamptz[]) then 'an antediluvian thing' else 'a thing' end, at, now(), 'api', decode(repeat('00', 160), 'hex'), '\\x00'
       from unnest($2::timestamptz[] || array(select ($2::timestamptz[])[1] + interval '1 hour' + n * interval '1 second' from generate_series(1, 1500) n)) as at`,
      [tenant, times],
    );
    for (const query of [
      'q=antediluvian',
      'message=TEDILUV',
      'message=an%20antediluvian',
      'q=thing&message=an%20ante',
    ]) {
      const path = `/logs?${query}&client_id=ages&from=1960-01-01T00:00:00Z`;
      const { data } = (await api.get<{ data: Entry[] }>(path, key)).body;
      expect(data.map(({ resource_id }) => resource_id)).toEqual(times.map((_, n) => String(n + 1)));
      const few = (await api.get<{ data: Entry[] }>(`${path}&limit=3`, key)).body.data;
      expect(few).toEqual(data.slice(0, 3));
      const bounded = (await api.get<{ data: Entry[] }>(path.replace('1960-01', '2023-11'), key)).body.data;
      expect(bounded).toEqual(data.slice(0, 4));
    }
  });

  it.each(['-login', '"', '***', '&', 'a '.repeat(20), 'x'.repeat(201), ''])('refuses the query %j', async (q) => {
    expect((await api.get(`/logs?q=${encodeURIComponent(q)}`, key)).status).toBe(400);
  });

  it.each([`'`, `a'b`, `\\`, `a:b|c & !d`, `<->`, `x:*`, `(a`, `a\u0001b`, `ß:A*`])(
    'survives the query %j',
    async (q) => {
      expect([200, 400]).toContain((await api.get(`/logs?q=${encodeURIComponent(q)}`, key)).status);
    },
  );

  it('counts what the filters select', async () => {
    const { body } = await api.get<{
      total: number;
      by_action: Record<string, number>;
      by_severity: Record<string, number>;
      by_resource_type: Record<string, number>;
      by_day: { day: string; count: number }[];
    }>('/logs/stats?tz=America/Chicago&q=login&client_id=shop', key);
    const matching = all.filter((entry) => wordsOf(entry).has('login'));
    const countBy = (of: (entry: Entry) => string) => {
      const counts: Record<string, number> = {};
      for (const entry of matching) counts[of(entry)] = (counts[of(entry)] ?? 0) + 1;
      return counts;
    };
    const day = new Intl.DateTimeFormat('en-CA', { timeZone: 'America/Chicago' });
    expect(body.total).toBe(matching.length);
    expect(body.by_action).toEqual(countBy((entry) => entry.action_type));
    expect(body.by_severity).toEqual(countBy((entry) => entry.severity));
    expect(body.by_resource_type).toEqual(countBy((entry) => entry.resource_type));
    const days = countBy((entry) => day.format(new Date(entry.occurred_at)));
    expect(body.by_day).toEqual(
      Object.keys(days)
        .sort()
        .map((name) => ({ day: name, count: days[name] })),
    );
    for (const zone of ['Mars/Olympus', 'JST', 'ist', 'SystemV/PST8']) {
      expect((await api.get(`/logs/stats?tz=${zone}`, key)).status).toBe(400);
    }
  });
});
