import type pg from 'pg';
import { Client } from '../../src/platform/database/pg-client.js';
import { describeDatabase } from '../support/fixture.js';

describeDatabase('the client of the pools', {}, (database) => {
  let client: pg.Client;

  beforeEach(async () => {
    client = new Client({ connectionString: database.url, query_timeout: 500 });
    client.on('error', () => undefined);
    await client.connect();
  });

  afterEach(() => client.end());

  it('takes a query in each of its forms', async () => {
    const config = { text: 'select $1::int as n', values: [7] };
    const called = (query: (callback: (error: Error, result: { rows: unknown[] }) => void) => void) =>
      new Promise((resolve, reject) => query((error, result) => (error ? reject(error) : resolve(result.rows))));
    expect((await client.query('select 7 as n')).rows).toEqual([{ n: 7 }]);
    expect((await client.query('select $1::int as n', [7])).rows).toEqual([{ n: 7 }]);
    expect((await client.query(config)).rows).toEqual([{ n: 7 }]);
    expect(await called((callback) => client.query('select 7 as n', callback))).toEqual([{ n: 7 }]);
    expect(await called((callback) => client.query('select $1::int as n', [7], callback))).toEqual([{ n: 7 }]);
    await expect(client.query('select nothing')).rejects.toMatchObject({ code: '42703' });
  });

  it('ends with a query that gets no answer in time', async () => {
    const [first, second] = await Promise.allSettled([client.query('select pg_sleep(20)'), client.query('select 1')]);
    expect(first).toMatchObject({ status: 'rejected', reason: { message: 'Query read timeout' } });
    expect(second.status).toBe('rejected');
    await expect(client.query('select 1')).rejects.toThrow('not queryable');
  });
});
