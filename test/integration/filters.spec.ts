import type { Filter } from '../../src/analytics/filters/filter.js';
import { filterFaults } from '../../src/analytics/filters/filter-faults.js';
import { filterSqlFor } from '../../src/analytics/filters/filter-sql.js';
import { toPostgresPattern } from '../../src/analytics/filters/pattern.js';
import { Database } from '../../src/platform/database/database.js';
import { Parameters } from '../../src/platform/database/sql-parameters.js';
import { uuid7 } from '../../src/platform/database/uuid7.js';
import { readJson } from '../../src/platform/json/json-text.js';
import { FilterData } from '../support/filter-data.js';
import { fits, type FilteredEvent, type OracleFilter, toRegExp, writeOracleJson } from '../support/filter-oracle.js';
import { describeApi } from '../support/fixture.js';
import { event, TestPipeline } from '../support/ingest.js';

const SEED = Number(process.env['FILTER_SEED'] ?? 7);
const EVENTS = 150;
const FILTERS = 2_500;

describeApi(`filters against a naive evaluation (FILTER_SEED=${SEED})`, {}, (api, { database }) => {
  const data = new FilterData(SEED);
  const events = data.events(EVENTS);
  const tenantId = uuid7();

  beforeAll(async () => {
    const pipeline = new TestPipeline(database.url);
    const parsed = events.map(({ client_id, enrichment: _later, payload, ...raw }) => {
      const given = Object.fromEntries(Object.entries(raw).filter(([, value]) => value !== null));
      return event({ ...given, payload: readJson(writeOracleJson(payload)) }, tenantId, client_id);
    });
    await pipeline.writer.write(tenantId, parsed);
    await pipeline.stop();
    for (const { event_id, enrichment } of events) {
      await database.query('update events set enrichment = $3 where tenant_id = $1 and event_id = $2', [
        ...[tenantId, event_id],
        enrichment === null ? null : writeOracleJson(enrichment),
      ]);
    }
  }, 60_000);

  /** As a request would bring it. */
  const read = (filter: OracleFilter) => readJson(writeOracleJson(filter)) as Filter;

  function ask(filter: Filter): Promise<string[]> {
    return api.app.get(Database).readInTenant(tenantId, async (sql) => {
      const parameters = new Parameters();
      const tenant = parameters.add(tenantId);
      const filters = await filterSqlFor(sql, tenantId, parameters, [filter]);
      const text = `select e.event_id from events e where e.tenant_id = ${tenant} and ${filters.condition(filter)}`;
      const { rows } = await sql.query<{ event_id: string }>(text, parameters.values);
      return rows.map(({ event_id }) => event_id).sort();
    });
  }

  it(`find in ${EVENTS} events those that each of ${FILTERS} is true of`, async () => {
    const waiting = Array.from({ length: FILTERS }, () => data.filter());
    const found = { some: 0, operators: new Set<string>() };
    const compare = async (filter: OracleFilter) => {
      const given = read(filter);
      const faults = filterFaults(given, 'filters').filter(({ message }) => !message.includes('lowest value first'));
      expect({ filter: writeOracleJson(filter), faults }).toEqual({ filter: expect.any(String), faults: [] });
      const expected = events.filter((one: FilteredEvent) => fits(one, filter)).map(({ event_id }) => event_id);
      const asked = { filter: writeOracleJson(filter) };
      expect({ ...asked, events: await ask(given) }).toEqual({ ...asked, events: expected.sort() });
      if (expected.length > 0 && expected.length < EVENTS) found.some += 1;
      for (const [, op] of asked.filter.matchAll(/"op":"(\w+)"/g)) found.operators.add(op!);
    };
    const work = async () => {
      for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) await compare(next);
    };
    await Promise.all(Array.from({ length: 4 }, work));
    expect(found.operators.size).toBe(15);
    // Else most of them said nothing about which events fit.
    expect(found.some).toBeGreaterThan(FILTERS / 3);
  }, 120_000);

  it.each<[OracleFilter, string]>([
    [{ property: 'missing', op: 'is_not', value: 'x' }, 'every event'],
    [{ property: 'missing', op: 'not_in', value: ['x'] }, 'every event'],
    [{ property: 'missing', op: 'not_contains', value: 'x' }, 'every event'],
    [{ property: 'missing', op: 'is_not_set' }, 'every event'],
    [{ property: 'missing', op: 'is', value: null }, 'no event'],
    [{ property: 'missing', op: 'lt', value: 'x' }, 'no event'],
  ])('where no event has the property, %j fits %s', async (filter, which) => {
    expect(await ask(read(filter))).toHaveLength(which === 'every event' ? EVENTS : 0);
  });

  describe('with patterns', () => {
    const match = async (text: string, pattern: string): Promise<boolean> => {
      const [row] = await database.query<{ found: boolean }>('select $1::text ~ $2 as found', [
        ...[text, toPostgresPattern(pattern)],
      ]);
      return row!.found;
    };

    it('match what JavaScript matches', async () => {
      const atoms = [
        'a',
        'b',
        '.',
        '[ab]',
        '[^a]',
        '(a|b)',
        '(?:ab)',
        '\\d',
        '\\W',
        '(a|)',
        '\\.',
        '[a-c\\d]',
        '-',
        'é',
        '()',
      ];
      const counts = ['', '', '', '*', '+', '?', '{2}', '{1,}', '{0,2}', '*?', '??'];
      const texts = ['', 'a', 'b', 'ab', 'aab', 'abab', 'b-1', 'é', 'a\nb', '..', 'AB', 'bbbbbb9'];
      for (let n = 0; n < 400; n++) {
        const parts = Array.from({ length: 1 + data.below(4) }, () => data.pick(atoms) + data.pick(counts));
        const pattern = `${data.pick(['', '', '(?i)'])}${data.pick(['', '^'])}${parts.join(data.pick(['', '', '|']))}${data.pick(['', '$'])}`;
        const text = data.pick(texts);
        expect({ pattern, text, found: await match(text, pattern) }).toEqual({
          ...{ pattern, text },
          found: toRegExp(pattern).test(text),
        });
      }
    }, 60_000);

    /** Each takes other engines for ever on some text. */
    const BOMBS = [
      '(a+)+$',
      '(a|a)*$',
      '(a|aa)+$',
      '(.*a){20}',
      '^(([a-z])+.)+[A-Z]([a-z])+$',
      '(a*)*b',
      '(?i)(a|b|ab)*c',
    ];

    it.each([...BOMBS, '(((a*)*)*)*b', '(x{0,200}a){4}b'])(
      'are done with %s long before the time limit',
      async (pattern) => {
        const [row] = await api.app.get(Database).readInTenant(tenantId, async (sql) => {
          await sql.query(`set local statement_timeout = '10s'`);
          const text = `${'a'.repeat(100_000)}!`;
          return (
            await sql.query<{ found: boolean }>('select $1::text ~ $2 as found', [text, toPostgresPattern(pattern)])
          ).rows;
        });
        expect(row).toEqual({ found: ['(.*a){20}', '(a|a)*$'].includes(pattern) });
      },
    );
  });
});
