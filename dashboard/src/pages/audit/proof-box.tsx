import { useSignal } from '@preact/signals';
import { ApiError, api } from '../../api/client.js';
import { exact, moment } from '../../ui/format.js';
import type { AuditEntry } from './filters.js';
import { knownHead, type KnownHead, rememberHead } from './known-heads.js';
import { type Head, Mismatch, verifyContinues, verifyEntry } from './verify.js';

type Result =
  | { kind: 'verified'; head: Head; index: number; unproven: string[]; before: KnownHead | null }
  | { kind: 'failed'; reason: string };

/** The one box with a coloured border: what this browser found out by itself. */
export function ProofBox({ entry }: { entry: AuditEntry }) {
  const result = useSignal<Result | null>(null);
  const isBusy = useSignal(false);
  const run = async () => {
    isBusy.value = true;
    result.value = null;
    result.value = await verify(entry.id);
    isBusy.value = false;
  };
  return (
    <div class="proof" data-result={result.value?.kind}>
      <div>
        <button type="button" class="button" disabled={isBusy.value} onClick={() => void run()}>
          Verify
        </button>
      </div>
      <div role="status">{result.value !== null && <Finding result={result.value} />}</div>
    </div>
  );
}

function Finding({ result }: { result: Result }) {
  if (result.kind === 'failed') {
    return (
      <>
        <strong class="bad">Not verified</strong>: {result.reason}
      </>
    );
  }
  const { head, index, before, unproven } = result;
  return (
    <>
      <strong class="good">Verified</strong> in this browser: entry {exact(index + 1)} of {exact(head.size)}
      {before === null
        ? ', under the first signed checkpoint that this browser has seen.'
        : `, the signed checkpoint continues the one seen at ${moment(before.seenAt)}.`}
      {unproven.length > 0 && ` Without ${unproven.join(', ')}, which an erasure took or changed.`}
      <br />
      <code class="muted break">
        root {head.root} · key {head.key.split('+').slice(0, 2).join('+')}
      </code>
    </>
  );
}

/** Everything is asked anew, so that what is verified is what the server says now. */
async function verify(id: string): Promise<Result> {
  try {
    const path = { id };
    const [entry, proof] = await Promise.all([api.get('/logs/{id}', { path }), api.get('/logs/{id}/proof', { path })]);
    const { head, unproven } = await verifyEntry({ ...entry }, proof);
    const before = knownHead(head.origin);
    if (before !== null) await verifyContinues(before, head, await consistency(before, head));
    rememberHead(head);
    return { kind: 'verified', head, index: proof.leaf_index, unproven, before };
  } catch (error) {
    if (error instanceof Mismatch || error instanceof ApiError) return { kind: 'failed', reason: error.message };
    // Anything else is an answer so malformed that a step could not read it.
    return {
      kind: 'failed',
      reason: `the proof cannot be read (${error instanceof Error ? error.message : String(error)}).`,
    };
  }
}

function consistency(old: Head, head: Head) {
  if (old.size >= head.size) return null;
  return api.get('/logs/consistency', { query: { from: old.size, to: head.size } });
}
