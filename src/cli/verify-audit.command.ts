import { readFileSync } from 'node:fs';
import { ExportVerifier } from '../audit/verifier/export-verifier.js';
import { isWholeExport } from '../audit/verifier/line-check.js';
import type { Verdict, VerifyOptions } from '../audit/verifier/verdict.js';
import { fileLines } from './file-lines.js';
import { type OutputOptions, print, UsageError } from './output.js';
import { explainVerdict } from './verdict-text.js';

export interface VerifyAuditOptions extends OutputOptions {
  checkpoint?: string;
  publicKey?: string[];
}

interface Verified {
  file: string;
  verifier: ExportVerifier;
  verdict: Verdict;
}

/**
 * Needs no database: only exports and archives, and what their reader kept. Archives are verified by themselves; an
 * export of everything must then go on from the tree of each.
 * @returns whether all of them verify
 */
export async function verifyAudit(files: readonly string[], options: VerifyAuditOptions): Promise<boolean> {
  const { json, checkpoint, publicKey: publicKeys } = options;
  const earlier = checkpoint === undefined ? undefined : readCheckpoint(checkpoint);
  const wholes = new Map<string, boolean>();
  for (const file of files) wholes.set(file, await isWhole(file));
  const verified: Verified[] = [];
  for (const file of files.filter((name) => wholes.get(name) !== true || files.length === 1)) {
    verified.push(await verify(file, files.length === 1 ? { earlier, publicKeys } : { publicKeys }));
  }
  const beginnings = verified.flatMap(({ file, verifier: { opened } }) =>
    opened === null ? [] : [{ name: file, checkpoint: opened }],
  );
  const archived = verified.flatMap(({ verifier }) => verifier.entryLeaves.ranges);
  for (const file of files.filter((name) => wholes.get(name) === true && files.length > 1)) {
    verified.push(await verify(file, { earlier, publicKeys, beginnings }));
  }
  report(json, verified, archived);
  return verified.every(({ verdict }) => verdict.ok);
}

async function verify(file: string, options: VerifyOptions): Promise<Verified> {
  const verifier = makeVerifier(options);
  try {
    // one line at a time: memory stays flat at any size
    for await (const line of fileLines(file)) verifier.addLine(line);
  } catch (error) {
    throw unreadable(file, error);
  }
  if (verifier.isSomethingElse) throw new UsageError(`${file} is not an ndjson export of the audit trail.`);
  return { file, verifier, verdict: verifier.finish() };
}

async function isWhole(file: string): Promise<boolean> {
  try {
    for await (const line of fileLines(file)) return isWholeExport(line);
  } catch (error) {
    throw unreadable(file, error);
  }
  return false;
}

function makeVerifier(options: VerifyOptions): ExportVerifier {
  try {
    return new ExportVerifier(options);
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
  if (typeof answer.checkpoint !== 'string') throw new UsageError(`${file} does not contain a checkpoint.`);
  return answer.checkpoint;
}

function unreadable(file: string, error: unknown): Error {
  const { code, message } = error as NodeJS.ErrnoException;
  return code === undefined ? (error as Error) : new UsageError(`${file} cannot be read: ${message}`);
}

function report(json: boolean, verified: readonly Verified[], archived: [number, number][]): void {
  const [only, ...others] = verified;
  if (only === undefined) return;
  if (others.length === 0) return print(json, only.verdict, explainVerdict(only.verdict));
  const files = verified.map(({ file, verifier, verdict }) => {
    const pruned = verdict.pruned === 0 ? {} : { pruned_in_archives: verifier.countPruned(archived) };
    return { file, ...verdict, ...pruned };
  });
  const text = files.map(({ file, ...verdict }) => {
    const found = verdict.pruned_in_archives;
    const rest = found === undefined ? '' : `\nOf ${verdict.pruned} pruned, ${found} are in these archives.`;
    return `${file}:\n${explainVerdict(verdict)}${rest}`;
  });
  print(json, { ok: files.every(({ ok }) => ok), files }, text.join('\n\n'));
}
