import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { ExportVerifier } from '../audit/verifier/export-verifier.js';
import type { Verdict } from '../audit/verifier/verdict.js';
import type { OfflineCommand } from './command.js';
import { fileLines } from './file-lines.js';
import { print, UsageError } from './output.js';

const OPTIONS = {
  checkpoint: { type: 'string' },
  'public-key': { type: 'string', multiple: true },
  json: { type: 'boolean', default: false },
} as const;

/** Needs no database: only the export and what its reader kept. */
export const verifyAudit: OfflineCommand = {
  async runOffline(words) {
    const { values, positionals } = parseArgs({ args: words, options: OPTIONS, allowPositionals: true });
    const [file] = positionals;
    if (file === undefined || positionals.length > 1) throw new UsageError('Say which export: verify-audit FILE.');
    const verdict = await verify(file, values.checkpoint, values['public-key']);
    print(values.json, verdict, explain(verdict));
    return verdict.ok ? 0 : 1;
  },
};

async function verify(
  file: string,
  earlier: string | undefined,
  keys: readonly string[] | undefined,
): Promise<Verdict> {
  const verifier = makeVerifier(earlier, keys);
  try {
    // one line at a time: memory stays flat at any size
    for await (const line of fileLines(file)) verifier.addLine(line);
  } catch (error) {
    throw unreadable(file, error);
  }
  if (verifier.isSomethingElse) throw new UsageError(`${file} is no ndjson export of the audit trail.`);
  return verifier.finish();
}

function makeVerifier(earlier: string | undefined, keys: readonly string[] | undefined): ExportVerifier {
  const note = earlier === undefined ? undefined : readCheckpoint(earlier);
  try {
    return new ExportVerifier({ earlier: note, publicKeys: keys });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

/** The signed note itself, or the answer of GET /logs/checkpoint that holds it. */
function readCheckpoint(file: string): string {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw unreadable(file, error);
  }
  if (!text.trimStart().startsWith('{')) return text;
  const answer = JSON.parse(text) as { checkpoint?: unknown };
  if (typeof answer.checkpoint !== 'string') throw new UsageError(`${file} holds no checkpoint.`);
  return answer.checkpoint;
}

function unreadable(file: string, error: unknown): Error {
  const { code, message } = error as NodeJS.ErrnoException;
  return code === undefined ? (error as Error) : new UsageError(`${file} cannot be read: ${message}`);
}

function explain(verdict: Verdict): string {
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
