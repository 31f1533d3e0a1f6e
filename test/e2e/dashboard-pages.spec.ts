import { readFileSync } from 'node:fs';
import type { Browser, WebSocketRoute } from 'playwright-core';
import type { Scope } from '../../src/platform/http/principal.js';
import { Visit } from '../support/browser.js';
import { launchChromium } from '../support/chromium.js';
import { eventually } from '../support/eventually.js';
import { describeApi } from '../support/fixture.js';

/** With a chip of each kind: one condition, a group, and one that the API refuses. */
const NARROWED = '/?filter=plan+is+pro+and+(client_id+is+app+or+nothing+gte+5)';

const PATHS = [
  ...['/', NARROWED, '/live', '/funnels', '/retention', '/users', '/users?user=u-1', '/audit', '/calls'],
  ...['/dead-letters', '/keys', '/event-types', '/system'],
];

const OPTIONS = {
  needs: 'chromium',
  env: { RATE_LIMIT_REQUESTS: '100000', ANALYTICS_CACHE_TTL_SECONDS: '0', FAILED_RETRY_SECONDS: '86400' },
  workers: 1,
} as const;

describeApi('the pages of the dashboard, in Chromium', OPTIONS, (api, { database }) => {
  let browser: Browser;
  let visit: Visit;
  let tenantId: string;
  let admin: string;

  beforeAll(async () => {
    browser = await launchChromium();
    tenantId = await api.createTenant('Acme');
    admin = await makeKey(['admin']);
    await fill();
  }, 90_000);

  afterAll(() => browser.close());

  beforeEach(async () => {
    visit = await Visit.begin(browser, api.url);
  });

  afterEach(async () => {
    const { faults } = visit;
    await visit.end();
    expect(faults).toEqual([]);
  });

  const makeKey = (scopes: Scope[], tenant = tenantId, client = 'shop') => api.createKey(tenant, scopes, client);

  /** Two clients, three types, users who go different ways through them, and one event that does not fit its schema. */
  async function fill(): Promise<void> {
    const app = await makeKey(['write'], tenantId, 'app');
    const events = (from: number, to: number) =>
      Array.from({ length: to - from }, (_, n) => from + n).flatMap((n) =>
        ['view', 'add', 'buy'].slice(0, 1 + (n % 3)).map((event_type, step) => ({
          ...{ event_type, user_id: `u-${n}`, session_id: `s-${n}`, payload: { plan: n % 2 === 0 ? 'pro' : 'free' } },
          event_time: new Date(Date.now() - 3_600_000 + step * 60_000).toISOString(),
        })),
      );
    await api.post('/events/batch', { events: events(0, 12) }, admin);
    await api.post('/events/batch', { events: events(12, 18) }, app);
    const schema = { type: 'object', required: ['amount'], properties: { amount: { type: 'number' } } };
    await api.call('PUT', '/event-types/paid/schema', { key: admin, body: { schema, mode: 'quarantine' } });
    await api.post('/events/ingest', { event_type: 'paid', user_id: 'u-1', payload: { amount: 'ten' } }, admin);
    await eventually(async () => {
      const { body } = await api.get<{ pending_events: number }>('/analytics/queue-status', admin);
      expect(body.pending_events).toBe(0);
    });
  }

  const count = async (query = '') =>
    (await api.get<{ total: number }>(`/analytics/events-by-type${query}`, admin)).body.total;

  const card = (name: string) =>
    visit.page.locator('.cards button').filter({ has: visit.page.getByText(name, { exact: true }) });
  const figure = (name: string) => card(name).locator('strong').innerText();
  const panel = (name: string) => visit.page.getByRole('region', { name, exact: true });

  it('show what the API answers, and a filter narrows all of it alike', async () => {
    await visit.signIn(admin);
    await eventually(async () => expect(await figure('Events')).toBe('36'));
    expect(await figure('Users')).toBe('18');
    await panel('Clients').getByRole('link', { name: 'app' }).click();
    await eventually(async () => expect(await figure('Events')).toBe(String(await count('?client_id=app'))));
    expect(await figure('Users')).toBe('6');
    expect(visit.page.url()).toContain('filter=client_id+is+app');
    const sum = async (name: string) =>
      (await panel(name).locator('tbody td.number:not(.muted)').allInnerTexts()).reduce((all, n) => all + Number(n), 0);
    await eventually(async () => {
      const sums = await Promise.all(['Event types', 'Clients', 'Top users', 'Properties'].map(sum));
      expect(sums).toEqual([12, 12, 12, 12]);
    });
    const link = visit.page.url();
    await visit.page.getByRole('button', { name: 'Remove filter client is app' }).click();
    await eventually(async () => expect(await figure('Events')).toBe('36'));
    await visit.page.goto(link); // the address is all there is
    await eventually(async () => expect(await figure('Events')).toBe('12'));
    await visit.open('/?client=app&type=buy'); // as addresses were before there were filters
    await visit.page.getByRole('button', { name: 'Edit filter event type is buy' }).waitFor();
    await eventually(async () => expect(await figure('Events')).toBe('2'));
  });

  /** What a table says, name by name. */
  const rowsOf = async (name: string) => {
    const names = await panel(name).locator('tbody .name').allInnerTexts();
    const counts = await panel(name).locator('tbody td.number:not(.muted)').allInnerTexts();
    return Object.fromEntries(names.map((text, n) => [text, Number(counts[n])]));
  };

  const narrowed = (filters: object) => `filters=${encodeURIComponent(JSON.stringify(filters))}`;

  const countBy = async (filters: object, property: string) => {
    const body = { measure: 'events', filters, breakdown: [property], limit: 1_000 };
    const answer = await api.post<{ data: Record<string, string | number>[] }>('/analytics/query', body, admin);
    return Object.fromEntries(answer.body.data.map((row) => [row[property]!, row['value']!] as const));
  };

  it('narrow everything by a chip that is made and removed with the keyboard alone, as REST does', async () => {
    await visit.signIn(admin);
    const { page } = visit;
    const { keyboard } = page;
    await page.getByRole('button', { name: '+ Filter' }).waitFor();
    await keyboard.press('f');
    const dialog = page.getByRole('dialog', { name: 'Filter' });
    await dialog.waitFor();
    await keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    await page.getByRole('button', { name: '+ Filter' }).focus();
    await keyboard.press('Enter');
    await dialog.getByLabel('Property').focus();
    await keyboard.type('payload.plan');
    await keyboard.press('Tab');
    for (let presses = 0; presses < 2; presses++) await keyboard.press('ArrowDown');
    expect(await dialog.getByLabel('Operator').inputValue()).toBe('in');
    await keyboard.press('Tab');
    await keyboard.type('pro');
    await keyboard.press('Enter');
    await dialog.waitFor({ state: 'detached' });
    const edit = page.getByRole('button', { name: 'Edit filter plan is one of pro' });
    await edit.waitFor();
    expect(page.url()).toContain('filter=payload.plan+in+pro');
    expect(await page.evaluate('document.activeElement.textContent')).toBe('+ Filter');

    const filters = { property: 'payload.plan', op: 'in', value: ['pro'] };
    const { body } = await api.get<{
      summary: Record<string, number>;
      top_users: { user_id: string; count: number }[];
    }>(`/analytics?${narrowed(filters)}`, admin);
    await eventually(async () => expect(await figure('Events')).toBe(String(body.summary['total_events'])));
    expect(body.summary['total_events']).toBe(18);
    expect(await figure('Users')).toBe(String(body.summary['unique_users']));
    for (const [table, property] of [
      ['Event types', 'event_type'],
      ['Clients', 'client_id'],
    ] as const) {
      await eventually(async () => expect(await rowsOf(table)).toEqual(await countBy(filters, property)));
    }
    const top = Object.fromEntries(body.top_users.map(({ user_id, count: events }) => [user_id, events]));
    await eventually(async () => expect(await rowsOf('Top users')).toEqual(top));
    await eventually(async () => expect(await rowsOf('Properties')).toEqual({ pro: 18 }));

    for (const name of ['Failed', 'Time to count, p95']) {
      expect(await figure(name)).toBe('–');
      await card(name).getByText('not with this filter').waitFor();
    }
    await card('Users').click();
    await page.getByRole('button', { name: 'Table', exact: true }).click();
    await eventually(async () => {
      const cells = await panel('Users over time').locator('tbody td.number:first-of-type').allInnerTexts();
      expect(Math.max(...cells.map(Number))).toBe(body.summary['unique_users']);
    });
    await panel('Users over time')
      .getByRole('button', { name: /^How counted/ })
      .click();
    const facts = page.locator('.popover:popover-open');
    await facts.getByText('plan is one of pro').waitFor();
    await keyboard.press('Escape');

    await edit.focus();
    await keyboard.press('Enter');
    await dialog.getByLabel('Property').waitFor();
    await keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    expect(await page.evaluate('document.activeElement.getAttribute("aria-label")')).toMatch(/^Edit filter plan/);
    await keyboard.press('Tab');
    await keyboard.press('Enter');
    await edit.waitFor({ state: 'detached' });
    await eventually(async () => expect(await figure('Failed')).not.toBe('–'));
    expect(await page.evaluate('document.activeElement.textContent')).toBe('+ Filter');
  }, 60_000);

  it('show by a link what it says, keep what is nested deeper, and say what cannot be asked', async () => {
    await visit.signIn(admin);
    const { page } = visit;
    const total = async (filters: object) =>
      (await api.get<{ summary: { total_events: number } }>(`/analytics?${narrowed(filters)}`, admin)).body.summary
        .total_events;
    const is = (property: string, value: string) => ({ property, op: 'is', value });
    const group = { or: [{ and: [is('plan', 'pro'), is('event_type', 'buy')] }, is('client_id', 'app')] };
    const text = '(plan is pro and event_type is buy) or client_id is app';
    await visit.open(`/?filter=${encodeURIComponent(text)}`);
    await eventually(async () => expect(await figure('Events')).toBe(String(await total(group))));
    await page
      .getByRole('button', { name: /^Edit filter \(plan is pro and event type is buy\) or client is app/ })
      .click();
    const dialog = page.getByRole('dialog', { name: 'Filter' });
    const condition = (n: number) => dialog.getByRole('group', { name: `Condition ${n}`, exact: true });
    expect(await condition(3).getByLabel('Value', { exact: true }).inputValue()).toBe('app');
    await condition(3).getByLabel('Operator').selectOption('matches');
    await condition(3).getByLabel('Value', { exact: true }).fill('(');
    await dialog.getByRole('button', { name: 'Apply' }).click();
    await condition(3)
      .getByRole('alert')
      .getByText(/^value cannot be used as a pattern: character 2 is the end; a \) is missing/)
      .waitFor();
    await condition(3).getByLabel('Value', { exact: true }).fill('^web');
    await dialog.getByRole('button', { name: 'Apply' }).click();
    await dialog.waitFor({ state: 'detached' });
    const changed = { or: [group.or[0], { property: 'client_id', op: 'matches', value: '^web' }] };
    await eventually(async () => expect(await figure('Events')).toBe(String(await total(changed))));

    const deep = '((plan is pro or plan is free) and event_type is buy) or client_id is app';
    await visit.open(`/?filter=${encodeURIComponent(`plan is pro and (${deep})`)}`);
    await page.getByRole('button', { name: /^Edit filter \(\(plan is pro or plan is free\)/ }).click();
    await dialog.getByText('deeper than this form goes').waitFor();
    await dialog.getByRole('button', { name: 'Keep' }).click();
    await page.getByRole('button', { name: 'Remove filter plan is pro', exact: true }).click();
    await page.getByRole('button', { name: 'Remove filter plan is pro', exact: true }).waitFor({ state: 'detached' });
    expect(new URL(page.url()).searchParams.get('filter')).toBe(deep);

    await visit.open('/?filter=plan+contains+5');
    await page.getByRole('group', { name: 'Filter' }).getByText('value must be a text with contains').waitFor();
    await expect(page.locator('.cards').count()).resolves.toBe(0);
    await visit.open('/?filter=plan+equals+5');
    await page
      .getByText('The filter in the address has “equals” where an operator like is or contains should be.')
      .waitFor();
    await expect(page.locator('.cards').count()).resolves.toBe(0);
    await visit.open('/?filter=plann+is+pro');
    await page.getByRole('group', { name: 'Filter' }).getByText('no event here has plann').waitFor();
    await visit.open('/users?filter=event_type+is+buy');
    await eventually(async () =>
      expect(Object.keys(await rowsOf('Busiest users')).sort()).toEqual(['u-11', 'u-14', 'u-17', 'u-2', 'u-5', 'u-8']),
    );
    await panel('Busiest users').getByRole('link', { name: 'u-2', exact: true }).click();
    await eventually(async () =>
      expect(await panel('Journey').locator('.event-name').allInnerTexts()).toEqual(['buy']),
    );
  }, 60_000);

  it('save what is asked for as a segment, which a funnel uses as the API does, and which no other tenant sees', async () => {
    await visit.signIn(admin, '/?filter=plan+is+pro');
    const { page } = visit;
    const dialog = page.getByRole('dialog');
    const save = async (name: string) => {
      await page.getByRole('button', { name: 'Segment', exact: true }).click();
      await page.getByRole('button', { name: 'Save as segment' }).click();
      await dialog.getByLabel('Name').fill(name);
      await dialog.getByRole('button', { name: 'Save' }).click();
    };
    await save('Paying customers');
    await page.getByText('segment: Paying customers').waitFor();
    expect(new URL(page.url()).searchParams.get('segment')).toBe('Paying customers');
    await eventually(async () => expect(await figure('Events')).toBe('18'));
    await visit.open('/?filter=plan+is+free');
    await save('paying CUSTOMERS');
    await dialog.getByRole('alert').waitFor();
    await page.keyboard.press('Escape');

    await visit.open('/funnels?steps=[{"event_type":"view"},{"event_type":"buy"}]');
    await page.getByRole('button', { name: 'Segment of step 2' }).click();
    await page.locator('.popover:popover-open').getByRole('button', { name: 'Paying customers' }).click();
    await page.getByRole('button', { name: '+ Filter', exact: true }).click();
    await dialog.getByLabel('Property').fill('client_id');
    await dialog.getByLabel('Value', { exact: true }).fill('shop');
    await dialog.getByRole('button', { name: 'Apply' }).click();
    await page.getByRole('button', { name: 'Show', exact: true }).click();
    const filters = { property: 'client_id', op: 'is', value: 'shop' };
    const steps = [
      { event_type: 'view', filters },
      { event_type: 'buy', filters, segment: 'Paying customers' },
    ];
    const { body } = await api.post<{ steps: { users: number }[] }>('/analytics/funnel', { steps }, admin);
    expect(body.steps.map(({ users }) => users)).toEqual([12, 2]);
    const reached = async () =>
      (await panel('Result').locator('.steps small').allInnerTexts()).map((text) => Number.parseInt(text, 10));
    await eventually(async () => expect(await reached()).toEqual([12, 2]));
    await page.getByLabel('Name of the funnel').fill('Paying');
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await panel('Saved funnels').getByRole('button', { name: 'Paying', exact: true }).waitFor();
    await eventually(async () => expect(await reached()).toEqual([12, 2]));

    const manage = async () => {
      await page.getByRole('button', { name: 'Segment', exact: true }).click();
      await page.getByRole('button', { name: 'Manage' }).click();
    };
    await manage();
    await dialog.getByRole('button', { name: 'Rename Paying customers' }).click();
    await dialog.getByLabel('New name of Paying customers').fill('Subscribers');
    await dialog.getByRole('button', { name: 'Rename', exact: true }).click();
    await dialog.getByRole('button', { name: 'Delete Subscribers' }).click();
    await dialog.last().getByRole('button', { name: 'Delete', exact: true }).click();
    await dialog.last().getByText('The saved funnel "Paying" has a step of this segment.').waitFor();
    await page.keyboard.press('Escape');
    await page.keyboard.press('Escape');
    await page.getByRole('group', { name: 'Filter of step 2' }).getByText('segment: Subscribers').waitFor();
    await panel('Saved funnels')
      .getByRole('row', { name: /^Paying/ })
      .getByRole('button', { name: 'Delete' })
      .click();
    await dialog.getByRole('button', { name: 'Delete' }).click();
    await dialog.waitFor({ state: 'detached' });

    const other = await Visit.begin(browser, api.url);
    await other.signIn(await makeKey(['admin'], await api.createTenant('No segments')), '/?segment=Subscribers');
    await other.page.getByRole('group', { name: 'Filter' }).getByText('names no saved segment').waitFor();
    await other.page.getByRole('button', { name: 'Segment', exact: true }).click();
    await other.page.getByText('No segment is saved yet.').waitFor();
    const { faults } = other;
    await other.end();
    expect(faults).toEqual([]);

    await manage();
    await dialog.getByRole('button', { name: 'Delete Subscribers' }).click();
    await dialog.last().getByRole('button', { name: 'Delete', exact: true }).click();
    await dialog.getByText('None is left.').waitFor();
    expect((await api.get<{ data: unknown[] }>('/segments', admin)).body.data).toEqual([]);
  }, 60_000);

  it('open how each number is counted, and the chart as a table', async () => {
    await visit.signIn(admin);
    const { page } = visit;
    for (const name of ['Users', 'Sessions', 'Events per user', 'Failed', 'Time to count, p95', 'Events']) {
      await card(name).click();
      await page.locator('.plot canvas').waitFor();
      await panel(`${name} over time`)
        .getByRole('button', { name: /^How counted/ })
        .click();
      await page.locator('.popover:popover-open').getByText('Method').waitFor();
      await page.keyboard.press('Escape');
    }
    await page.getByRole('button', { name: 'Table', exact: true }).click();
    const cells = await panel('Events over time').locator('tbody td.number:first-of-type').allInnerTexts();
    expect(cells.reduce((all, n) => all + (Number(n) || 0), 0)).toBe(36);
  });

  it('move while events are sent, and say what REST says', async () => {
    const tenant = await api.createTenant('Moving');
    const key = await makeKey(['admin'], tenant);
    await visit.signIn(key, '/live');
    const { page } = visit;
    await page.getByText('No events in this range').waitFor();
    const sending = setInterval(() => void api.post('/events/ingest', { event_type: 'tick', user_id: 'u' }, key), 50);
    try {
      await eventually(async () => {
        const text = await page
          .locator('.gauges .card')
          .filter({ hasText: 'Processed per second' })
          .locator('strong')
          .innerText();
        expect(Number(text)).toBeGreaterThan(0);
      });
      await page.getByRole('link', { name: 'tick' }).waitFor();
    } finally {
      clearInterval(sending);
    }
    await eventually(async () => {
      const rest = (await api.get<{ total: number }>('/analytics/events-by-type', key)).body.total;
      const shown = await panel('Event types, last 7 days').locator('td.number').first().innerText();
      expect(Number(shown.replaceAll(',', ''))).toBe(rest);
    });
    await panel('Last events').getByText('tick').first().waitFor();
  });

  it('build a funnel that equals the API’s, and keep it', async () => {
    await visit.signIn(admin, '/funnels');
    const { page } = visit;
    await page.getByLabel('Event type of step 1').fill('view');
    await page.getByLabel('Event type of step 2').fill('add');
    await page.getByRole('button', { name: 'Add a step' }).click();
    await page.getByLabel('Event type of step 3').fill('buy');
    await page.getByRole('button', { name: '+ Filter of step 3' }).click();
    const dialog = page.getByRole('dialog', { name: 'Filter of step 3' });
    await dialog.getByLabel('Property').fill('plan');
    await dialog.getByLabel('Value', { exact: true }).fill('pro');
    await dialog.getByRole('button', { name: 'Apply' }).click();
    await page.getByRole('button', { name: 'Show', exact: true }).click();
    const steps = [{ event_type: 'view' }, { event_type: 'add' }, { event_type: 'buy', where: { plan: 'pro' } }];
    const { body } = await api.post<{ steps: { users: number }[] }>(
      '/analytics/funnel',
      { steps, window_s: 604_800 },
      admin,
    );
    expect(body.steps.map(({ users }) => users)).toEqual([18, 12, 3]);
    await eventually(async () => {
      const shown = await panel('Result').locator('.steps small').allInnerTexts();
      expect(shown.map((text) => Number.parseInt(text, 10))).toEqual([18, 12, 3]);
    });
    await page.getByLabel('Name of the funnel').fill('Purchase');
    await page.getByRole('button', { name: 'Save' }).click();
    await panel('Saved funnels').getByRole('button', { name: 'Purchase' }).waitFor();
    await visit.follow('Overview');
    await panel('Purchase').getByText('17%').first().waitFor();
  });

  it('show what a user did, in order', async () => {
    await visit.signIn(admin, '/users');
    await visit.page.getByLabel('User id').fill('u-2');
    await visit.page.keyboard.press('Enter');
    await panel('Journey').locator('.event-name').first().waitFor();
    expect(await panel('Journey').locator('.event-name').allInnerTexts()).toEqual(['view', 'add', 'buy']);
  });

  it('say of an answer from a sample that it is an estimate', async () => {
    await visit.page.route('**/api/v1/analytics/retention?*', async (route) => {
      const answer = await route.fetch();
      const sample = { method: 'user', rate: 0.25, reason: 'time_limit' };
      await route.fulfill({ response: answer, json: { ...((await answer.json()) as object), sample } });
    });
    await visit.signIn(admin, '/retention');
    const how = panel('Users who came back').getByRole('button', { name: /How counted: estimate/ });
    await how.click();
    await visit.page.locator('.popover:popover-open').getByText('estimate from 1 of 4 users').waitFor();
  });

  it('show who came back', async () => {
    await visit.signIn(admin, '/retention');
    await visit.page.getByRole('columnheader', { name: 'day 0' }).waitFor();
    await visit.page.getByRole('cell', { name: '18', exact: true }).waitFor();
  });

  it('verify an audit entry in the browser, and find one that was altered in the database', async () => {
    const body = { action_type: 'UPDATE', resource_type: 'invoice', resource_id: 'inv-1', user_id: 'ann@example.com' };
    const states = {
      before_state: { amount: 1 },
      after_state: { amount: 2, note: 'é "q"' },
      message: 'amount changed',
    };
    const { id } = (await api.post<{ id: string }>('/logs', { ...body, ...states }, admin)).body;
    await eventually(async () => expect((await api.get(`/logs/${id}/proof`, admin)).status).toBe(200));
    await visit.signIn(admin, `/audit?entry=${id}`);
    const { page } = visit;
    const status = panel('Entry').getByRole('status');
    const verify = async () => {
      await page.getByRole('button', { name: 'Verify' }).click();
      await eventually(async () => expect(await status.innerText()).toMatch(/erified/));
      return status.innerText();
    };
    expect(await verify()).toMatch(/^Verified in this browser: entry \d+ of \d+, under the first signed checkpoint/);
    expect(await verify()).toMatch(/^Verified .* continues the one seen at/s);
    const alter = (change: string) =>
      database.query(
        `begin; set local session_replication_role = replica; update audit_entries set ${change} where id = '${id}'; commit`,
      );
    for (const [change, back, field] of [
      [`message = 'nothing happened'`, `message = 'amount changed'`, 'message'],
      [`after_state = '{"amount": 1}'`, `after_state = '{"amount": 2, "note": "é \\"q\\""}'`, 'after_state'],
      [`severity = 'CRITICAL'`, `severity = 'INFO'`, 'severity'],
      [`user_id = null`, `user_id = 'ann@example.com'`, 'user_id'],
    ] as const) {
      await alter(change);
      expect(await verify()).toBe(`Not verified: ${field} is not what was recorded.`);
      await alter(back);
    }
    expect(await verify()).toMatch(/^Verified/);
  }, 60_000);

  it('verify an entry of somebody who was erased, and say what is gone', async () => {
    const body = { action_type: 'VIEW', resource_type: 'invoice', resource_id: 'inv-2', user_id: 'gone@example.com' };
    const { id } = (await api.post<{ id: string }>('/logs', body, admin)).body;
    await eventually(async () => expect((await api.get(`/logs/${id}/proof`, admin)).status).toBe(200));
    expect((await api.post('/privacy/erasures', { user_id: 'gone@example.com' }, admin)).status).toBe(202);
    await eventually(async () => expect((await api.get(`/logs/${id}`, admin)).body).toMatchObject({ user_id: null }));
    await visit.signIn(admin, `/audit?entry=${id}`);
    await visit.page.getByRole('button', { name: 'Verify' }).click();
    await visit.page.getByText(/^Verified/).waitFor();
    await panel('Entry')
      .getByText(/Without .*user_id.*, which an erasure took/)
      .waitFor();
    const forged = `begin; set local session_replication_role = replica;
      update audit_entries set user_id = 'ann@example.com' where id = '${id}'; commit`;
    await database.query(forged);
    await visit.page.getByRole('button', { name: 'Verify' }).click();
    await visit.page.getByText(/^Not verified/).waitFor();
  });

  it('show and ask about numbers with all their digits', async () => {
    const key = await makeKey(['admin'], await api.createTenant('Digits'));
    const [one, other] = ['9007199254740993', '9007199254740995'];
    const send = async (path: string, body: string) => {
      const headers = { 'X-API-Key': key, 'Content-Type': 'application/json' };
      return (await fetch(`${api.url}/api/v1${path}`, { method: 'POST', headers, body })).json() as Promise<object>;
    };
    const states = `"before_state":{"owner":${one},"same":${one}},"after_state":{"owner":${other},"same":${one}}`;
    const entry = `{"action_type":"UPDATE","resource_type":"account","resource_id":"1",${states}}`;
    const { id } = (await send('/logs', entry)) as { id: string };
    for (const [n, digits] of [one, other].entries())
      await send('/events/ingest', `{"event_type":"order","user_id":"o-${n}","payload":{"order":${digits}}}`);
    await eventually(async () => expect((await api.get(`/logs/${id}/proof`, key)).status).toBe(200));
    await eventually(async () => {
      const { body } = await api.get<{ pending_events: number }>('/analytics/queue-status', key);
      expect(body.pending_events).toBe(0);
    });
    await visit.signIn(key, `/audit?entry=${id}`);
    const { page } = visit;
    await eventually(async () => {
      const rows = panel('Entry').getByRole('table', { name: 'What changed' }).locator('tbody tr');
      expect(await rows.allInnerTexts()).toEqual([expect.stringMatching(`^owner\\s+${one}\\s+${other}$`)]);
    });
    await panel('Entry').getByText('Everything recorded').click();
    expect(await page.getByRole('region', { name: 'The entry as JSON' }).innerText()).toContain(`"owner": ${one}\n`);
    await page.getByRole('button', { name: 'Verify' }).click();
    await page.getByText(/^Verified/).waitFor();
    await visit.open('/users?user=o-0');
    await page.getByRole('definition').getByText(one, { exact: true }).waitFor();
    await visit.open('/?property=order');
    for (const digits of [one, other]) await panel('Properties').getByText(digits, { exact: true }).waitFor();
    const steps = (digits: string) => encodeURIComponent(`[{"event_type":"order","where":{"order":${digits}}}]`);
    for (const [digits, users] of [
      [one, '1'],
      ['9007199254740992', '0'],
    ] as const) {
      await visit.open(`/funnels?steps=${steps(digits)}`);
      await eventually(async () =>
        expect(await panel('Result').locator('.steps small').allInnerTexts()).toEqual([users]),
      );
      await page.getByRole('button', { name: 'Edit filter order is' }).click();
      expect(await page.getByRole('dialog').getByLabel('Value', { exact: true }).inputValue()).toBe(digits);
      await page.getByRole('dialog').getByRole('button', { name: 'Apply' }).click();
      await page.getByRole('button', { name: `Edit filter order is ${digits}` }).waitFor();
      await page.getByRole('button', { name: 'Show', exact: true }).click();
      expect(decodeURIComponent(page.url())).toContain(`"value":${digits}}`);
    }
  }, 60_000);

  it('do not verify a log that was rewritten since this browser saw it', async () => {
    const [{ id }] = (await api.get<{ data: [{ id: string }] }>('/logs?limit=1', admin)).body.data;
    await eventually(async () => expect((await api.get(`/logs/${id}/proof`, admin)).status).toBe(200));
    await visit.signIn(admin, `/audit?entry=${id}`);
    const { page } = visit;
    await page.getByRole('button', { name: 'Verify' }).click();
    await page.getByText(/^Verified/).waitFor();
    await page.evaluate(`for (const [name, text] of Object.entries(localStorage)) if (name.startsWith('tidemark.checkpoint.')) {
      const head = JSON.parse(text);
      localStorage.setItem(name, JSON.stringify({ ...head, size: head.size - 1, root: btoa('x'.repeat(32)) }));
    }`);
    await page.getByRole('button', { name: 'Verify' }).click();
    await page.getByText(/^Not verified/).waitFor();
    await panel('Entry').getByText('does not continue the one this browser has seen').waitFor();
  });

  it('follow the audit log as it grows', async () => {
    await visit.signIn(admin, '/audit');
    await visit.page
      .getByRole('link', { name: /invoice|api_key/ })
      .first()
      .waitFor();
    await eventually(async () => {
      const message = `live ${Date.now()}`;
      await api.post('/logs', { action_type: 'VIEW', resource_type: 'report', resource_id: 'r-1', message }, admin);
      await visit.page.getByText(message).waitFor({ timeout: 5_000 });
    });
  });

  it('go on after a break of the live connection, without a gap', async () => {
    const { page } = visit;
    const connections: WebSocketRoute[] = [];
    await page.routeWebSocket(/socket\.io/, (connection) => {
      connection.connectToServer();
      connections.push(connection);
    });
    const record = (message: string) =>
      api.post('/logs', { action_type: 'VIEW', resource_type: 'break', resource_id: 'b-1', message }, admin);
    await visit.signIn(admin, '/audit?resource=break');
    await eventually(() => expect(connections).toHaveLength(1));
    await eventually(async () => {
      await record('before');
      await page.getByText('before').first().waitFor({ timeout: 3_000 });
    });
    await connections[0]!.close();
    for (const n of [1, 2, 3]) await record(`meanwhile ${n}`);
    for (const n of [1, 2, 3]) await page.getByText(`meanwhile ${n}`).waitFor();
    expect(connections).toHaveLength(2);
  });

  it('mend a dead letter, and count it', async () => {
    await visit.signIn(admin, '/dead-letters');
    const { page } = visit;
    await page.getByRole('button', { name: 'paid' }).click();
    const payload = page.getByLabel('Payload', { exact: true });
    await payload.fill('{ "amount": "eleven" }');
    await page.getByRole('button', { name: 'Retry', exact: true }).click();
    await page
      .getByRole('alert')
      .or(page.getByText(/^Failed again/))
      .first()
      .waitFor();
    await payload.fill('{ "amount": 10 }');
    await page.getByRole('button', { name: 'Retry', exact: true }).click();
    await page.getByText('Processed and counted.').waitFor();
    expect(await count()).toBe(37);
    await page.keyboard.press('Escape');
    await page.getByText('None. Events that fail').waitFor();
  });

  it('make a key, shown once, and revoke it: its session ends within five seconds', async () => {
    await visit.signIn(admin, '/keys');
    const { page } = visit;
    await page.getByRole('button', { name: 'Create key' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Name').fill('Made here');
    await dialog.getByLabel(/^Client/).fill('made-here');
    await dialog.getByRole('button', { name: 'Create' }).click();
    const key = await page.locator('.key-shown pre').innerText();
    expect((await api.get('/events?limit=1', key)).status).toBe(200);
    const other = await Visit.begin(browser, api.url);
    await other.signIn(key);
    await page.getByRole('button', { name: 'I have it' }).click();
    expect(await page.content()).not.toContain(key);
    await page.getByRole('button', { name: 'Disable Made here' }).click();
    const row = page.getByRole('row', { name: /Made here/ });
    await row.getByText('disabled').waitFor();
    await other.page.getByRole('link', { name: 'Live' }).click();
    await eventually(async () => expect(await other.page.content()).toMatch(/disabled|API key/), 5_000);
    await row.getByRole('button', { name: 'Delete' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await row.waitFor({ state: 'detached' });
    await other.open('/');
    await other.page.getByLabel('API key').waitFor({ timeout: 5_000 });
    await other.end();
  }, 60_000);

  it('say how long what is kept, and keep it longer by a policy and by a legal hold', async () => {
    await visit.signIn(admin, '/system');
    const { page } = visit;
    await panel('Kept for').getByRole('button', { name: 'Add an event type' }).click();
    await page.getByRole('dialog').getByLabel('Event type').fill('view');
    await page.getByRole('dialog').getByLabel(/^Days/).fill('400');
    await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
    await panel('Kept for')
      .getByRole('row', { name: /“view” events 400/ })
      .waitFor();
    const { body } = await api.get<{ data: unknown[] }>('/retention/policies', admin);
    expect(body.data).toContainEqual({ kind: 'events', event_type: 'view', days: 400, is_policy: true });

    await panel('Legal holds').getByRole('button', { name: 'Order a hold' }).click();
    await page.getByRole('dialog').getByLabel('Reason').fill('Case 7');
    await page.getByRole('dialog').getByLabel(/^User/).fill('u-2');
    await page.getByRole('dialog').getByRole('button', { name: 'Order' }).click();
    const hold = panel('Legal holds').getByRole('row', { name: /Case 7.*u-2, at any time/ });
    await hold.getByRole('button', { name: 'Release' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Release' }).click();
    await hold.getByText(/^released/).waitFor();
    await expect(panel('Storage').count()).resolves.toBe(0); // of the whole installation: for platform keys
  });

  it('show whoever runs the installation its storage and its scheduled runs', async () => {
    const platform = api.config.PLATFORM_API_KEY!;
    await visit.signIn(platform, '/system');
    const { body: storage } = await api.get<{ data: { table: string; bytes: number }[] }>(
      '/retention/storage',
      platform,
    );
    const largest = new Map<string, number>();
    for (const { table, bytes } of storage.data) largest.set(table, (largest.get(table) ?? 0) + bytes);
    const [[name]] = [...largest].sort(([, a], [, b]) => b - a) as [[string, number]];
    await panel('Storage').getByText(name, { exact: true }).waitFor();
    await panel('Storage').getByRole('button', { name: 'Details' }).click();
    await visit.page.getByRole('dialog', { name: 'Tables and months' }).getByLabel('Search names').fill(name);
    await visit.page.keyboard.press('Escape');
    const tasks = async () => {
      const { body } = await api.get<{ data: { task: string }[] }>('/retention/runs?limit=10', platform);
      return body.data.map(({ task }) => task);
    };
    // A worker that starts makes up for the runs that were missed.
    await eventually(async () => expect(new Set(await tasks())).toEqual(new Set(['events', 'audit', 'housekeeping'])));
    await visit.page.reload();
    await eventually(async () =>
      expect(await panel('Scheduled runs').locator('tbody th').allInnerTexts()).toEqual(await tasks()),
    );
  });

  it('show nobody another tenant, not even by its address', async () => {
    const other = await api.createTenant('Globex');
    await visit.signIn(await makeKey(['admin'], other));
    await visit.page.getByText('No events in this range').waitFor();
    await visit.page.getByText(`curl -s '${api.url}/api/v1/events/ingest'`).waitFor();
    await visit.open(`/?tenant=${tenantId}`);
    await visit.page.getByText('Only platform keys may send X-Tenant-Id.').first().waitFor();
    expect(await visit.page.content()).not.toMatch(/u-1\b|>view</);
    await visit.open('/users?user=u-2');
    await visit.page.getByText('Nothing of this user').waitFor();
  });

  it('let a platform key look at any tenant, and say so in the address', async () => {
    await visit.signIn(api.config.PLATFORM_API_KEY!);
    await visit.page.getByRole('button', { name: 'Account' }).click();
    await visit.page.getByLabel('Tenant').selectOption({ label: 'Acme' });
    await eventually(async () => expect(await figure('Users')).toBe('18'));
    expect(visit.page.url()).toContain(`tenant=${tenantId}`);
    for (const [key, id] of [
      [admin, 'of-acme'],
      [api.config.PLATFORM_API_KEY!, 'of-own'],
    ] as const) {
      await api.post('/logs', { action_type: 'VIEW', resource_type: 'export_case', resource_id: id }, key);
    }
    const exported = async (tenant: string) => {
      await visit.open(`/audit?resource=export_case${tenant}`);
      await visit.page.getByRole('button', { name: 'Export', exact: true }).click();
      const download = visit.page.waitForEvent('download');
      const popover = visit.page.locator('.popover:popover-open');
      await popover.getByText('CSV', { exact: true }).click();
      return readFileSync(await (await download).path(), 'utf8');
    };
    expect(await exported(`&tenant=${tenantId}`)).toMatch(/^(?=[^]*of-acme)(?![^]*of-own)/);
    expect(await exported('')).toMatch(/^(?=[^]*of-own)(?![^]*of-acme)/);
  });

  it.each(['light', 'dark'] as const)(
    'have no serious fault of accessibility when %s',
    async (colorScheme) => {
      await visit.end();
      visit = await Visit.begin(browser, api.url, { colorScheme });
      const axe = readFileSync('node_modules/axe-core/axe.min.js', 'utf8');
      const check = async (path: string) => {
        await visit.page.evaluate(axe);
        const found = await visit.page.evaluate<string[]>(
          `axe.run(document, { resultTypes: ['violations'], runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] })
          .then(({ violations }) => violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => id + ' ' + html.slice(0, 150))))`,
        );
        expect([path, found]).toEqual([path, []]);
      };
      await visit.open('/');
      await visit.page.getByLabel('API key').waitFor();
      await check('sign-in');
      await visit.signIn(admin);
      for (const path of PATHS) {
        await visit.open(path);
        await visit.page.getByRole('heading', { level: 1 }).waitFor();
        await visit.page.locator('[aria-busy="true"]').first().waitFor({ state: 'detached' });
        await check(path);
      }
      await visit.open(NARROWED);
      await openEditor();
      await check('the editor of filters');
    },
    120_000,
  );

  it('fit into 360 pixels without scrolling sideways', async () => {
    await visit.end();
    visit = await Visit.begin(browser, api.url, { viewport: { width: 360, height: 740 } });
    await visit.signIn(admin);
    for (const path of PATHS) {
      await visit.open(path);
      await visit.page.getByRole('heading', { level: 1 }).waitFor();
      await visit.page.locator('[aria-busy="true"]').first().waitFor({ state: 'detached' });
      const width = await visit.page.evaluate('document.documentElement.scrollWidth');
      expect([path, Number(width) <= 360]).toEqual([path, true]);
    }
    await visit.open(NARROWED);
    await openEditor();
    const overflow = 'const dialog = document.querySelector("dialog"); dialog.scrollWidth - dialog.clientWidth';
    expect(await visit.page.evaluate(overflow)).toBe(0);
  }, 60_000);

  /** With a group and a value of each kind of field. */
  async function openEditor(): Promise<void> {
    await visit.page.getByRole('button', { name: /^Edit filter client is app or/ }).click();
    await visit.page.getByRole('dialog').getByRole('button', { name: '+ and' }).first().click();
    await visit.page.getByRole('group', { name: 'Condition 2' }).getByLabel('Operator').selectOption('between');
  }

  it('can be used with the keyboard alone', async () => {
    const { page } = visit;
    const { keyboard } = page;
    await visit.open('/');
    await page.getByLabel('API key').waitFor();
    await keyboard.press('Tab');
    await keyboard.type(admin);
    await keyboard.press('Enter');
    await page.getByRole('navigation').waitFor();
    await keyboard.press('m');
    await page.getByRole('button', { name: 'Range: Last 30 days' }).waitFor();
    await keyboard.press('Tab');
    await page.getByRole('link', { name: 'Skip to the page' }).waitFor();
    await keyboard.press('g');
    await keyboard.press('f');
    await page.getByRole('heading', { level: 1, name: 'Funnels' }).waitFor();
    expect(page.url()).toContain('range=30d');
    await keyboard.press('?');
    await page.getByRole('dialog', { name: 'Keyboard' }).waitFor();
    await keyboard.press('Escape');
    await page.getByRole('dialog', { name: 'Keyboard' }).waitFor({ state: 'detached' });
    await keyboard.press('g');
    await keyboard.press('a');
    await page.getByRole('heading', { level: 1, name: 'Audit' }).waitFor();
    await keyboard.press('/');
    await keyboard.type('invoice');
    await keyboard.press('Enter');
    await eventually(() => expect(page.url()).toContain('q=invoice'));
    await page.getByRole('link', { name: 'UPDATE invoice inv-1' }).focus();
    await keyboard.press('Enter');
    await page.getByRole('button', { name: 'Verify' }).focus();
    await keyboard.press('Enter');
    await page.getByText(/^Verified/).waitFor();
  });
});
