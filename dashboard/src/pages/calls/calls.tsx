import { useGet } from '../../api/query.js';
import type { Schema } from '../../api/types.js';
import { Header, RangeChoice, ZoneChoice } from '../../app/header.js';
import { asQuery, period } from '../../app/range.js';
import { filterBy, param } from '../../app/router.js';
import { Download } from '../../ui/download.js';
import { bytes, duration, exact, callMoment } from '../../ui/format.js';
import { Panel, Show } from '../../ui/loaded.js';
import { Pager } from '../../ui/pager.js';
import { Dialog } from '../../ui/dialog.js';
import { useSignal } from '@preact/signals';

const PAGE = 50;

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;

const filters = () => ({
  method: METHODS.find((known) => known === param('method')),
  endpoint: param('endpoint') ?? undefined,
  status_code: numberOf('status'),
  min_status: numberOf('min_status'),
  client_id: param('client') ?? undefined,
});

function numberOf(name: string): number | undefined {
  const value = Number(param(name));
  return value > 0 ? value : undefined;
}

export default function Calls() {
  const query = { ...asQuery(period.value), ...filters() };
  const loaded = useGet('/audit/logs', { ...query, limit: PAGE, cursor: param('cursor') ?? undefined });
  return (
    <>
      <Header title="Calls">
        <Download class="button" path="/audit/logs/export" query={{ ...query, format: 'csv' }}>
          Export CSV
        </Download>
        <RangeChoice />
        <ZoneChoice />
      </Header>
      <Filters />
      <Panel title="API calls, refused ones too" class="gap">
        <Show loaded={loaded}>
          {({ data, next_cursor: next }) => (
            <>
              {data.length === 0 ? <p class="muted">No call fits.</p> : <Table calls={data} />}
              <Pager next={next} />
            </>
          )}
        </Show>
      </Panel>
    </>
  );
}

function Filters() {
  return (
    <div class="row" role="search">
      <input
        type="search"
        aria-label="Part of the path"
        placeholder="Part of the path"
        value={param('endpoint') ?? ''}
        onChange={filterBy('endpoint')}
      />
      <select aria-label="Method" value={param('method') ?? ''} onChange={filterBy('method')}>
        <option value="">All methods</option>
        {METHODS.map((name) => (
          <option key={name}>{name}</option>
        ))}
      </select>
      <select aria-label="Status" value={param('min_status') ?? ''} onChange={filterBy('min_status')}>
        <option value="">All answers</option>
        <option value="400">Refused (400 and more)</option>
        <option value="500">Failed (500 and more)</option>
      </select>
      <input aria-label="Client" placeholder="Client" value={param('client') ?? ''} onChange={filterBy('client')} />
    </div>
  );
}

type Call = Schema<'ApiCallResponse'>;

function Table({ calls }: { calls: Call[] }) {
  const open = useSignal<Call | null>(null);
  return (
    <>
      <table class="rows fold">
        <thead>
          <tr>
            <th scope="col">Time</th>
            <th scope="col">Call</th>
            <th scope="col" class="number">
              Status
            </th>
            <th scope="col" class="number">
              Took
            </th>
            <th scope="col">Client</th>
          </tr>
        </thead>
        <tbody>
          {calls.map((call) => (
            <tr key={call.id}>
              <td class="muted">{callMoment(call.timestamp)}</td>
              <td class="break grow">
                <button type="button" class="link" onClick={() => (open.value = call)}>
                  <code>
                    {call.method} {call.path}
                  </code>
                </button>
                {call.calls > 1 && <span class="muted"> {exact(call.calls)} times</span>}
              </td>
              <td class={`number ${statusClass(call.status_code)}`}>{call.status_code}</td>
              <td class="number muted">{duration(call.duration_ms)}</td>
              <td class="break">{call.client_id ?? '–'}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {open.value !== null && <CallDialog call={open.value} onClose={() => (open.value = null)} />}
    </>
  );
}

function CallDialog({ call, onClose }: { call: Call; onClose: () => void }) {
  const facts: [string, string | null][] = [
    ['Status', String(call.status_code)],
    ['Why', call.error],
    ['Route', call.route],
    ['Client', call.client_id],
    ['Key', call.key_id],
    ['Address', call.ip],
    ['Program', call.user_agent],
    ['Request', bytes(call.request_bytes)],
    ['Answer', bytes(call.response_bytes)],
    ['Took', duration(call.duration_ms)],
    ['Request id', call.request_id],
  ];
  return (
    <Dialog title={`${call.method} ${call.path}`} onClose={onClose}>
      <dl class="facts">
        {facts.map(([name, value]) =>
          value === null ? null : (
            <>
              <dt key={name}>{name}</dt>
              <dd>{value}</dd>
            </>
          ),
        )}
      </dl>
    </Dialog>
  );
}

const statusClass = (status: number) => (status >= 500 ? 'bad' : status >= 400 ? 'warn' : 'good');
