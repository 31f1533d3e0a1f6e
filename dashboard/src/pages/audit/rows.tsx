import type { Schema } from '../../api/types.js';
import { hrefOf, param, params } from '../../app/router.js';
import { curlLine, Empty } from '../../ui/empty.js';
import { shortMoment } from '../../ui/format.js';
import { Pager } from '../../ui/pager.js';
import { type AuditEntry, isFollowable, severityClass } from './filters.js';

interface RowsProps {
  page: Schema<'EntryPage'>;
  /** What came live since the page was loaded, newest first. */
  arrived: readonly AuditEntry[];
  chosen: string | null;
}

export function Rows({ page, arrived, chosen }: RowsProps) {
  const known = new Set(page.data.map(({ id }) => id));
  const fresh = isFollowable() ? arrived.filter(({ id }) => !known.has(id)) : [];
  const entries = [...fresh, ...page.data];
  if (entries.length === 0) return <Nothing />;
  return (
    <>
      <table class="rows fold entries">
        <colgroup>
          <col class="when" />
          <col />
          <col class="how" />
        </colgroup>
        <thead class="hidden">
          <tr>
            <th scope="col">Time</th>
            <th scope="col">What and who</th>
            <th scope="col">Severity</th>
          </tr>
        </thead>
        <tbody>
          {entries.map((entry) => (
            <Row key={entry.id} entry={entry} isChosen={entry.id === chosen} />
          ))}
        </tbody>
      </table>
      <Pager next={page.next_cursor} />
    </>
  );
}

function Row({ entry, isChosen }: { entry: AuditEntry; isChosen: boolean }) {
  const {
    id,
    occurred_at: at,
    user_id: user,
    client_id: client,
    action_type: action,
    resource_type: type,
    resource_id: resource,
  } = entry;
  const href = hrefOf('audit', { ...Object.fromEntries(params.value), entry: id });
  return (
    <tr aria-current={isChosen ? 'true' : undefined}>
      <td class="muted nowrap">{shortMoment(at)}</td>
      <td class="break grow">
        <a class="entry-link ellipsis" href={href} title={resource ?? undefined}>
          {action} {type} {resource ?? '(erased)'}
        </a>
        <small class="muted clamp">
          {user ?? client}
          {entry.message !== null && ` · ${entry.message}`}
        </small>
      </td>
      <td>
        <span class={`tag ${severityClass[entry.severity]}`}>{entry.severity}</span>
      </td>
    </tr>
  );
}

function Nothing() {
  if (['q', 'action', 'severity', 'resource', 'user', 'client', 'cursor'].some((name) => param(name) !== null)) {
    return <p class="muted">No entry fits these filters.</p>;
  }
  const body = {
    action_type: 'UPDATE',
    resource_type: 'invoice',
    resource_id: 'inv-1',
    before_state: { amount: 1 },
    after_state: { amount: 2 },
  };
  return (
    <Empty
      title="No entries in this range"
      text="Record the first one; it shows up here within a second. $KEY is an API key that may write."
      line={curlLine('/logs', body)}
    />
  );
}
