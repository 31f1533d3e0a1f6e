import { readFileSync } from 'node:fs';
import newman from 'newman';
import { EXAMPLES } from '../../src/openapi/examples.js';
import { describeApi } from '../support/fixture.js';
import { placesOf, readDocument } from '../support/openapi-document.js';

interface Item {
  name: string;
  item?: Item[];
}

const FILE = 'docs/postman/tidemark.json';
const collection = JSON.parse(readFileSync(FILE, 'utf8')) as Item & { variable: { key: string; value: string }[] };
const namesOf = (item: Item): string[] => item.item?.flatMap(namesOf) ?? [item.name];

/** The key that the example of signing in shows: where the collection has it, there is a variable. */
const { key: KEY } = EXAMPLES['signIn']!.body as { key: string };

const run = (url: string, tenantId: string, ofCollection: object) =>
  new Promise<newman.NewmanRunSummary>((resolve, reject) => {
    const values = { baseUrl: url, apiKey: KEY, tenantId };
    const envVar = Object.entries(values).map(([key, value]) => ({ key, value }));
    newman.run({ collection: ofCollection, envVar, timeoutRequest: 10_000 }, (error, summary) =>
      error === null ? resolve(summary) : reject(error),
    );
  });

const OPTIONS = { workers: 1, env: { PLATFORM_API_KEY: KEY, RATE_LIMIT_REQUESTS: '100000' } };

describeApi('the Postman collection', OPTIONS, (api) => {
  const newTenant = async (name: string) =>
    String((await api.call('POST', '/tenants', { key: KEY, body: { name } })).body['id']);

  it('has every operation of the OpenAPI document, and no key', () => {
    const operations = placesOf(readDocument()).map(({ operation }) => operation.operationId);
    const names = namesOf(collection).filter((name) => !name.includes(' as '));
    expect(names.sort()).toEqual(operations.sort());
    expect(collection.variable.filter(({ key }) => key !== 'baseUrl').map(({ value }) => value)).toEqual(['', '']);
    expect(readFileSync(FILE, 'utf8')).not.toContain(KEY);
  });

  it('succeeds with every request, run in order for a new tenant', async () => {
    const { run: done } = await run(api.url, await newTenant('Postman'), collection);
    expect(done.failures.map(({ source, error }) => `${source?.name}: ${error.message}`)).toEqual([]);
    const asked = new Set(done.executions.map(({ item }) => item.name));
    expect([...asked].sort()).toEqual(namesOf(collection).sort());
    expect(done.stats.assertions.total).toBeGreaterThanOrEqual(asked.size);
  }, 120_000);

  it('would notice a request that fails', async () => {
    const [folder] = collection.item!.filter(({ name }) => name === 'Events');
    const [request] = folder!.item!.filter(({ name }) => name === 'ingestEvent');
    const one = JSON.stringify({ ...collection, item: [request] });
    const wrong = JSON.parse(one.replaceAll('event_type', 'event_typo')) as object;
    const { run: done } = await run(api.url, await newTenant('Typo'), wrong);
    expect(done.failures.length).toBeGreaterThan(0);
  });
});
