import { useGet } from '../../api/query.js';
import { exact } from '../../ui/format.js';
import { HowCounted } from '../../ui/how-counted.js';
import { Panel, Show } from '../../ui/loaded.js';

/** The newest signed tree head of the audit log. */
export function Checkpoint() {
  const loaded = useGet('/logs/checkpoint', {});
  return (
    <Panel
      title="Audit checkpoint"
      footer={
        <HowCounted
          method="exact"
          what="Entries in the signed tree. Each can be verified on the page Audit."
          asOf={loaded.asOf}
        />
      }
    >
      <Show loaded={loaded}>
        {({ origin, tree_size: size, root_hash: root, public_key: key }) => (
          <dl class="facts">
            <dt>Tree</dt>
            <dd>{origin}</dd>
            <dt>Entries</dt>
            <dd>{exact(size)}</dd>
            <dt>Root</dt>
            <dd class="mono">{root}</dd>
            <dt>Public key</dt>
            <dd class="mono">{key}</dd>
          </dl>
        )}
      </Show>
    </Panel>
  );
}
