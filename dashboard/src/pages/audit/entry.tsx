import { printValue } from '../../api/json.js';
import { useGet } from '../../api/query.js';
import { setParams } from '../../app/router.js';
import { precise, zone } from '../../ui/format.js';
import { Json } from '../../ui/json.js';
import { Show } from '../../ui/loaded.js';
import { type Change, listChanges } from './changes.js';
import { type AuditEntry, severityClass } from './filters.js';
import { ProofBox } from './proof-box.js';

export function EntryPanel({ id }: { id: string }) {
  const loaded = useGet('/logs/{id}', {}, { path: { id }, every: false });
  return <Show loaded={loaded}>{(entry) => <Content entry={entry} />}</Show>;
}

function Content({ entry }: { entry: AuditEntry }) {
  const changes = listChanges(entry.before_state, entry.after_state);
  const who = [
    entry.user_id,
    entry.ip_address,
    entry.session_id && `session ${entry.session_id}`,
    `client ${entry.client_id}`,
  ];
  return (
    <div class="stack">
      <div class="entry-head">
        <h2 class="break">
          {entry.action_type} {entry.resource_type} {entry.resource_id}
        </h2>
        <button type="button" class="icon" aria-label="Close the entry" onClick={() => setParams({ entry: null })}>
          ×
        </button>
      </div>
      {entry.message !== null && <p class="break">{entry.message}</p>}
      {changes.length > 0 && <Diff changes={changes} />}
      <p class="muted break">
        {who.filter((part) => part !== null && part !== '').join(' · ')} · {precise(entry.occurred_at)} {zone()}
      </p>
      <p>
        <span class={`tag ${severityClass[entry.severity]}`}>{entry.severity}</span>
        {entry.status !== null && <span class="muted"> {entry.status}</span>}
        {entry.erased_at !== null && <span class="warn"> personal fields erased {precise(entry.erased_at)}</span>}
      </p>
      <details>
        <summary>Everything recorded</summary>
        <Json value={entry} label="The entry as JSON" />
      </details>
      <ProofBox entry={entry} />
    </div>
  );
}

/** Field by field; the sign says what the colour says. */
function Diff({ changes }: { changes: Change[] }) {
  return (
    <table class="diff">
      <caption class="hidden">What changed</caption>
      <thead class="hidden">
        <tr>
          <th scope="col">Field</th>
          <th scope="col">Before</th>
          <th scope="col">After</th>
        </tr>
      </thead>
      <tbody>
        {changes.map(({ path, before, after }) => (
          <tr key={path}>
            <th scope="row" class="mono break">
              {path === '' ? '(all)' : path}
            </th>
            <td class="removed">{print(before)}</td>
            <td class="added">{print(after)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

const print = (value: unknown) => (value === undefined ? '–' : printValue(value));
