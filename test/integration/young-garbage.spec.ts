import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { PLATFORM_KEY, TestApi } from '../support/api.js';
import { describeDatabase } from '../support/fixture.js';

interface GrownOld {
  requests: number;
  queries: number;
}

/** ADR 25. In a process of its own, as other tests leave much behind in theirs. */
describeDatabase('the API process', {}, (database) => {
  let grownOld: GrownOld;

  beforeAll(async () => {
    const api = await TestApi.start(database.url);
    const key = await api.createKey(await api.createTenant('Acme'), ['read']);
    await api.stop();
    const child = fork(join(process.cwd(), 'test/integration/young-garbage.mjs'), [key], {
      env: {
        PATH: process.env['PATH'],
        DATABASE_URL: database.url,
        PLATFORM_API_KEY: PLATFORM_KEY,
        LOG_LEVEL: 'error',
        RATE_LIMIT_REQUESTS: '1000000',
      },
    });
    const exited = once(child, 'exit');
    child.once('message', (message) => (grownOld = message as GrownOld));
    expect(await exited).toEqual([0, null]);
  });

  it('lets requests and their answers die young', () => {
    // 17 KB of text each, made of 336 objects: 15 MB if they did not
    expect(grownOld.requests).toBeLessThan(3_000_000);
  });

  it('lets queries and their rows die young', () => {
    // 500 rows each: 18 MB if they did not
    expect(grownOld.queries).toBeLessThan(3_000_000);
  });
});
