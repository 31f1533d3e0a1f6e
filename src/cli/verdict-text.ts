import type { Verdict } from '../audit/verifier/verdict.js';

/** A verdict in words, for people. */
export function explainVerdict(verdict: Verdict): string {
  const lines = [...verdict.problems];
  const more = verdict.problem_count - verdict.problems.length;
  if (more > 0) lines.push(`and ${more} more`);
  if (!verdict.ok) return ['NOT VERIFIED', ...lines.map((line) => `  ${line}`)].join('\n');
  lines.push(`VERIFIED: ${verdict.entries} entries (${verdict.erased} erased), ${verdict.pruned} pruned.`);
  lines.push(`Checkpoint: ${verdict.origin}, ${verdict.tree_size} leaves, root ${verdict.root_hash}.`);
  lines.push(
    verdict.complete
      ? 'Complete: no entry of this checkpoint is missing.'
      : 'Made with filters: each entry is proven; that none is missing is not.',
  );
  if (verdict.clock_notes.length > 0) {
    lines.push(
      `The clock ran backwards by more than 5 minutes before ${verdict.clock_notes.length} entries, as the sealer noted: ` +
        `leaves ${verdict.clock_notes.slice(0, 20).join(', ')}${verdict.clock_notes.length > 20 ? ' and more' : ''}.`,
    );
  }
  if (verdict.key_from_export) {
    const [key] = verdict.public_keys;
    lines.push(`The public key came with the export; compare it, or give it with --public-key: ${key}`);
  }
  lines.push(
    verdict.earlier === null
      ? 'No earlier checkpoint was given, so a whole trail made up anew would not be noticed.'
      : `Continues the earlier checkpoint of ${verdict.earlier.tree_size} leaves.`,
  );
  return lines.join('\n');
}
