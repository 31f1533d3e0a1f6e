import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { getQueueToken } from '@nestjs/bullmq';
import type { Queue } from 'bullmq';
import type { Browser } from 'playwright-core';
import { EVENTS_QUEUE, PROCESS_BATCHES } from '../../src/events/processing/events.jobs.js';
import { JOBS_QUEUE } from '../../src/events/jobs/jobs.jobs.js';
import { uuid7 } from '../../src/platform/database/uuid7.js';
import { Visit } from '../support/browser.js';
import { launchChromium } from '../support/chromium.js';
import { eventually } from '../support/eventually.js';
import { describeApi } from '../support/fixture.js';
import { PLATFORM_KEY, type TestApi } from '../support/api.js';
import { testRedisUrl } from '../support/redis.js';

const MARK = 'mark-of-a-tenant';
const BACKENDS = [
  { name: 'PostgreSQL', needs: undefined, env: {} },
  { name: 'Redis', needs: 'redis', env: { REDIS_URL: testRedisUrl } },
] as const;

/** As the sources have them: a queue that only a worker registers would be missing on the board. */
const queueNames = () =>
  readdirSync('src', { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.jobs.ts'))
    .map((file) => /_QUEUE = '([\w-]+)'/.exec(readFileSync(join('src', file), 'utf8'))![1]!)
    .sort();

const queueOf = (api: TestApi, name: string) => api.app.get<Queue>(getQueueToken(name), { strict: false });

describe.each(BACKENDS)('the queue board, with queues in $name', ({ name, needs, env }) => {
  describeApi(`the queue board on ${name}`, { needs, env, workers: 1 }, (api) => {
    const board = (path: string) => api.request().get(`/queues${path}`).set('X-API-Key', PLATFORM_KEY);

    it('lists every queue, and the jobs of events with ids and nothing else', async () => {
      const tenant = await api.createTenant('Board');
      const key = await api.createKey(tenant, ['write', 'read']);
      const event = { event_type: MARK, event_id: MARK, user_id: MARK, payload: { [MARK]: MARK } };
      await api.request().post('/api/v1/events').set('X-API-Key', key).send(event).expect(202);
      await queueOf(api, EVENTS_QUEUE).add(PROCESS_BATCHES, { batch_ids: [uuid7(), MARK], [MARK]: MARK });
      await eventually(async () => {
        const { body } = await board('/api/queues?activeQueue=events&status=completed').expect(200);
        const { queues } = body as { queues: { name: string; jobs: { data: { batch_ids: string[] } }[] }[] };
        expect(queues.map((queue) => queue.name).sort()).toEqual(queueNames());
        const jobs = queues.find((queue) => queue.name === EVENTS_QUEUE)!.jobs;
        expect(jobs).toHaveLength(2);
        for (const { data } of jobs) expect(data.batch_ids[0]).toMatch(/^[0-9a-f-]{36}$/);
        expect(JSON.stringify(body)).not.toContain(MARK);
      });
    });

    it('withholds the words of errors, which may quote what a tenant sent, and takes what an operator does', async () => {
      const queue = queueOf(api, JOBS_QUEUE);
      await queue.pause();
      const job = await queue.add('run', { job_id: uuid7() });
      const stored = { failedReason: `invalid input: ${MARK}`, stacktrace: [`Error: ${MARK}`] };
      const found = jest.spyOn(queue, 'getJob').mockImplementation(async () => Object.assign(job, stored));
      const { text } = await board(`/api/queues/jobs/${job.id}`).expect(200);
      found.mockRestore();
      expect(text).toContain('The log of the worker has the reason.');
      expect(text).not.toContain(MARK);
      await api.request().put('/queues/api/queues/jobs/resume').set('X-API-Key', PLATFORM_KEY).expect(200);
      expect(await queue.isPaused()).toBe(false);
    });
  });
});

describeApi('who may see the queue board', {}, (api) => {
  it('asks for a credential at each of its addresses, and says where to sign in', async () => {
    for (const path of ['', '/', '/queue/events', '/api/queues', '/static/images/logo.svg']) {
      const { body, status, headers } = await api.request().get(`/queues${path}`);
      expect([path, status, headers['content-type']]).toEqual([path, 401, 'application/problem+json; charset=utf-8']);
      expect((body as { detail: string }).detail).toContain('Sign in at the dashboard (/) with a platform key');
    }
  });

  it('refuses every key that is not a platform key', async () => {
    const tenant = await api.createTenant('Acme');
    for (const scope of ['track', 'read', 'write', 'admin'] as const) {
      const key = await api.createKey(tenant, [scope]);
      for (const path of ['', '/api/queues']) {
        await api
          .request()
          .get(`/queues${path}`)
          .set('X-API-Key', key)
          .expect(403)
          .expect('content-type', /problem/);
      }
    }
  });

  it('makes no jobs, changes none, and takes writes of a session with its CSRF token only', async () => {
    const add = api.request().post('/queues/api/queues/events/add').set('X-API-Key', PLATFORM_KEY);
    await add.send({ name: 'x', data: {}, options: {} }).expect(403);
    const obliterate = api.request().put('/queues/api/queues/events/obliterate').set('X-API-Key', PLATFORM_KEY);
    await obliterate.send({}).expect(403);
    const signedIn = await api.request().post('/api/v1/auth/session').send({ key: PLATFORM_KEY }).expect(204);
    const [session] = signedIn.get('Set-Cookie')!.map((cookie) => cookie.split(';')[0]!);
    const read = await api.request().get('/queues').set('Cookie', session!).expect(200);
    const csrf = /XSRF-TOKEN=([^;]+); Path=\/queues; SameSite=Strict/.exec(String(read.headers['set-cookie']))?.[1];
    const pause = () => api.request().put('/queues/api/queues/events/pause').set('Cookie', session!);
    await pause().expect(403);
    await pause().set('X-XSRF-TOKEN', 'x').expect(403);
    await pause().set('X-XSRF-TOKEN', csrf!).expect(200);
    await api.request().put('/queues/api/queues/events/resume').set('X-API-Key', PLATFORM_KEY).expect(200);
  });
});

describeApi('the queue board, in Chromium', { needs: 'chromium', workers: 1 }, (api) => {
  let browser: Browser;

  beforeAll(async () => {
    browser = await launchChromium();
  }, 60_000);

  afterAll(() => browser.close());

  it('opens from the System page, shows the queues, pauses one, and asks no other server', async () => {
    const visit = await Visit.begin(browser, api.url);
    await visit.signIn(PLATFORM_KEY, '/system');
    const [page] = await Promise.all([
      visit.context.waitForEvent('page'),
      visit.page.getByRole('link', { name: 'Queue board' }).click(),
    ]);
    visit.watch(page);
    await page.waitForURL('**/queues'); // a page that is only just being opened cannot be loaded again
    await page.reload();
    await page
      .getByRole('link', { name: /^events/ })
      .first()
      .click();
    await page.waitForURL(/\/queues\/queue\/events/);
    await page.locator('[aria-haspopup=menu]').last().click();
    await page.getByRole('menuitem', { name: 'Pause', exact: true }).click();
    await page.getByRole('button', { name: 'Confirm' }).click();
    await eventually(async () => expect(await queueOf(api, EVENTS_QUEUE).isPaused()).toBe(true));
    expect(visit.faults).toEqual([]);
    await visit.end();
  });
});
