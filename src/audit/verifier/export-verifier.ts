import type { JsonValue } from '../transparency-log/canonical-json.js';
import { ClockCheck } from './clock-check.js';
import { ErasureCheck } from './erasure-check.js';
import { leafHash } from '../transparency-log/leaf.js';
import { Coverage, LeafIndexes } from '../transparency-log/leaf-ranges.js';
import {
  asObject,
  checkEntry,
  fromBase64,
  isIndex,
  type Members,
  parseAct,
  parseObject,
  strangeMembers,
  toHashes,
} from './line-check.js';
import { verifyConsistency, verifyInclusion } from '../transparency-log/merkle-proof.js';
import { type Checkpoint, openCheckpoint, parseVerifierKey } from '../transparency-log/signed-note.js';
import { type NodeClaim, SparseTree, storedNodes } from './sparse-tree.js';
import type { Verdict, VerifyOptions } from './verdict.js';

const MAX_PROBLEMS = 100;

interface Pending {
  line: number;
  from: number;
  to: number;
}

interface Act {
  line: number;
  size: number;
  root: Buffer;
}

/** Checks an ndjson export of the audit trail line by line, from its own evidence and what the user kept. */
export class ExportVerifier {
  private readonly tree = new SparseTree((claim) => this.reportClaim(claim));
  private readonly erasures = new ErasureCheck();
  private readonly prunings = new Coverage();
  private readonly clock = new ClockCheck();
  /** Of the entries it holds. */
  readonly entryLeaves = new LeafIndexes();
  private lastIndex = -1;
  private readonly pruned: Pending[] = [];
  private readonly acts: Act[] = [];
  private readonly problems: string[] = [];
  private problemCount = 0;
  private lines = 0;
  private recognized = 0;
  private entries = 0;
  private unsealed = 0;
  private complete = true;
  private checkpoint: Checkpoint | null = null;
  private earlier: Checkpoint | null = null;
  /** Earlier checkpoints within the export. */
  private readonly older: Checkpoint[] = [];
  private keys: readonly string[];

  constructor(private readonly options: VerifyOptions = {}) {
    this.keys = options.publicKeys ?? [];
    // a key that cannot be read is a mistake of the caller, not a finding
    for (const key of this.keys) parseVerifierKey(key);
  }

  /** @param text null where it is not UTF-8 */
  addLine(text: string | null): void {
    this.lines += 1;
    const line = text === null ? null : parseObject(text);
    if (line === null) return this.report('is not a JSON object in UTF-8');
    if (JSON.stringify(line) !== text) {
      this.report('is not written as an export writes it: a member twice, white space, or digits that no number holds');
    }
    for (const problem of strangeMembers(line)) this.report(problem);
    const evidence = asObject(line['evidence']);
    if (evidence !== undefined) this.recognized += 1;
    if (this.lines === 1) this.start(evidence ?? {});
    else if (evidence !== undefined && 'checkpoint' in evidence) this.goOn(evidence);
    if (evidence?.['nodes'] !== undefined) this.addNodes(evidence['nodes']);
    if ('pruned' in line) this.addPruned(asObject(line['pruned']) ?? {});
    else this.addLeaf(line, evidence);
  }

  /** What everything was compared with; null where it could not be read. */
  get opened(): Checkpoint | null {
    return this.checkpoint;
  }

  /** How many leaves of these ranges are gone from the export. */
  countPruned(ranges: readonly (readonly [number, number])[]): number {
    const gone = new Coverage();
    gone.add(this.pruned.map(({ from, to }): [number, number] => [from, to]));
    return ranges.reduce((sum, [from, to]) => sum + gone.count(from, to), 0);
  }

  /** Whether no line looks like one of an export: then the file is not a changed export but something else. */
  get isSomethingElse(): boolean {
    return this.lines > 0 && this.recognized === 0;
  }

  finish(): Verdict {
    if (this.lines === 0) this.report('the export is empty: it holds no checkpoint', true);
    for (const { line, problem } of this.erasures.findings()) this.reportAt(line, problem);
    for (const { line, from, to } of this.pruned) {
      if (!this.prunings.has(from, to))
        this.reportAt(line, `leaves ${from} to ${to - 1} are gone, and no pruning covers them`);
    }
    for (const { line, problem } of this.clock.findings()) this.reportAt(line, problem);
    if (this.unsealed > 0) {
      this.report(`${this.unsealed} entries were not sealed yet, so nothing proves them; export again later`, true);
    }
    if (this.complete && this.checkpoint !== null) this.checkTree(this.checkpoint);
    this.checkEarlier();
    this.checkBeginnings();
    return this.verdict();
  }

  /** The statement in the first line says which checkpoint everything is compared with. */
  private start(statement: Members): void {
    this.complete = statement['complete'] !== false;
    const { checkpoint: note, public_key: key } = statement;
    if (this.keys.length === 0 && typeof key === 'string') this.keys = [key];
    if (this.keys.length === 0 || typeof note !== 'string') return this.report('there is no signed checkpoint');
    this.checkStatement(statement);
    this.checkpoint = this.open(note, 'the checkpoint of the export');
    if (this.options.earlier !== undefined) this.earlier = this.open(this.options.earlier, 'the earlier checkpoint');
    if (this.earlier !== null) this.tree.wantRoot(this.earlier.size);
    for (const { checkpoint } of this.options.beginnings ?? []) this.tree.wantRoot(checkpoint.size);
    if (this.checkpoint !== null) this.tree.wantRoot(this.checkpoint.size);
  }

  private checkStatement({ public_key: key, complete, filters }: Members): void {
    const fits = typeof key === 'string' && complete === this.complete && this.complete === (filters === undefined);
    if (!fits) this.report('says something else of the export than an export says');
  }

  /** An export goes on to a newer checkpoint where an erasure or a pruning came in between. */
  private goOn(statement: Members): void {
    const note = statement['checkpoint'];
    this.checkStatement(statement);
    const newer = typeof note === 'string' ? this.open(note, `the checkpoint on line ${this.lines}`) : null;
    const older = this.checkpoint;
    if (newer === null || older === null) return;
    if (newer.origin !== older.origin || newer.size < older.size) {
      return this.report('has a checkpoint that does not go on from the first');
    }
    if (this.complete) this.older.push(older);
    else this.checkConsistency(older, newer, statement['consistency']);
    this.checkpoint = newer;
    this.tree.wantRoot(newer.size);
  }

  private checkConsistency(older: Checkpoint, newer: Checkpoint, proof: JsonValue | undefined): void {
    const hashes = toHashes(proof);
    if (hashes !== null && verifyConsistency(older.size, newer.size, hashes, older.root, newer.root)) return;
    this.report('has a checkpoint of which nothing proves that it goes on from the one before');
  }

  private open(note: string, what: string): Checkpoint | null {
    try {
      return openCheckpoint(note, this.keys);
    } catch (error) {
      this.report(`${what}: ${(error as Error).message}`, true);
      return null;
    }
  }

  private addLeaf(line: Members, evidence: Members | undefined): void {
    const act = line['act'];
    if (act === undefined) this.entries += 1;
    if (evidence === undefined) return this.report('has no evidence');
    const index = evidence['leaf_index'];
    if (index === null) return void (this.unsealed += 1);
    const leaf = fromBase64(evidence['leaf']);
    if (!isIndex(index) || leaf === null) return this.report('has no leaf index or no leaf');
    if (act === undefined) this.checkFields(line, index, leaf, evidence['salts']);
    else this.addAct(act, index, leaf);
    this.place(index, leafHash(leaf), evidence['proof']);
  }

  private checkFields(line: Members, index: number, leaf: Buffer, salts: JsonValue | undefined): void {
    const { problems, erased, redacted } = checkEntry(line, leaf, salts);
    for (const problem of problems) this.report(problem);
    const origin = this.checkpoint?.origin;
    if (origin !== undefined && !origin.endsWith(`/${JSON.stringify(line['tenant_id'] ?? null).slice(1, -1)}`)) {
      this.report(`is of tenant ${JSON.stringify(line['tenant_id'])}, the checkpoint is ${origin}`);
    }
    this.entryLeaves.add(index);
    const [erasedAt, size] = [line['erased_at'] ?? null, this.checkpoint?.size ?? 0];
    if (this.complete) this.clock.addEntry(this.lines, index, line['created_at']);
    this.erasures.addEntry({ line: this.lines, index, erasedAt, erased, redacted, size });
  }

  private addAct(kind: JsonValue, index: number, leaf: Buffer): void {
    const act = parseAct(leaf);
    if (act === null || act.kind !== kind) return this.report(`the leaf is not one of ${JSON.stringify(kind)}`);
    if (act.tree_size !== index) return this.report(`the act is of a tree of ${act.tree_size}, its place is ${index}`);
    if (act.ranges.some(([, to]) => to > index)) return this.report('the act is about leaves that come after it');
    const tenant = this.checkpoint?.origin.split('/').at(-1);
    if (tenant !== undefined && act.tenant_id !== tenant) return this.report(`the act is of tenant ${act.tenant_id}`);
    if (act.kind === 'erasure') this.erasures.addAct(index, act);
    else if (act.kind === 'prune') this.prunings.add(act.ranges);
    else this.clock.addNote(act.ranges);
    this.acts.push({ line: this.lines, size: index, root: Buffer.from(act.root_hash, 'base64') });
    this.tree.wantRoot(index);
  }

  private place(index: number, hash: Buffer, proof: JsonValue | undefined): void {
    const checkpoint = this.checkpoint;
    if (checkpoint !== null && index >= checkpoint.size) {
      return this.report(`is leaf ${index}, the checkpoint has only ${checkpoint.size}`);
    }
    if (!this.tree.add(index, hash)) return this.report(`is leaf ${index}, which was there already`);
    if (this.complete && index < this.lastIndex)
      this.report(`is leaf ${index}, which belongs before the line above it`);
    this.lastIndex = index;
    if (this.complete || checkpoint === null) return;
    const hashes = toHashes(proof);
    const proven = hashes !== null && verifyInclusion(hash, index, checkpoint.size, hashes, checkpoint.root);
    if (!proven) this.report(`nothing proves that this is leaf ${index} of the checkpoint`);
  }

  private addPruned(pruned: Members): void {
    const { from, hashes } = pruned;
    if (!isIndex(from) || !Array.isArray(hashes)) return this.report('is not a range of pruned leaves');
    this.clock.addGap();
    this.pruned.push({ line: this.lines, from, to: from + hashes.length });
    hashes.forEach((base64, n) => {
      const hash = fromBase64(base64);
      if (hash?.length === 32) this.place(from + n, hash, undefined);
      else this.report(`has a malformed hash of leaf ${from + n}`);
    });
  }

  private addNodes(nodes: JsonValue): void {
    for (const node of Array.isArray(nodes) ? nodes : [null]) {
      const [level, index, base64] = Array.isArray(node) ? node : [];
      const hash = fromBase64(base64);
      const wellFormed = isIndex(level) && level <= 52 && isIndex(index) && hash?.length === 32;
      if (wellFormed) this.tree.claim({ level, index, hash, line: this.lines });
      else this.report('has a malformed node');
    }
  }

  private reportClaim({ level, index, line }: NodeClaim): void {
    this.reportAt(line, `node ${level}/${index} of the service is not the hash of its leaves`);
  }

  private checkTree(checkpoint: Checkpoint): void {
    const gap = this.tree.firstGap(checkpoint.size);
    if (gap !== null) return this.report(`leaf ${gap} is missing, and no pruning covers it`, true);
    this.tree.checkClaims();
    const inner = storedNodes(checkpoint.size);
    if (this.older.length === 0 && this.tree.claimed !== inner) {
      this.report(`the service has ${this.tree.claimed} inner hashes, ${inner} belong to this tree`, true);
    }
    for (const { line, size, root } of this.acts) {
      if (this.tree.root(size)?.equals(root) !== true)
        this.reportAt(line, `the tree before leaf ${size} is not the one it says`);
    }
    if ([...this.older, checkpoint].every(({ size, root }) => this.tree.root(size)?.equals(root) === true)) return;
    this.report('the leaves do not hash to the root of the checkpoint: one was changed, swapped or put in', true);
  }

  private checkEarlier(): void {
    const [now, earlier] = [this.checkpoint, this.earlier];
    if (now === null || earlier === null) return;
    if (now.origin !== earlier.origin)
      return this.report(`the earlier checkpoint is of ${earlier.origin}, this one of ${now.origin}`, true);
    if (now.size < earlier.size) {
      return this.report(
        `the trail has ${now.size} leaves, the earlier checkpoint had ${earlier.size}: its end was cut off or it was set back`,
        true,
      );
    }
    if (this.earlierRoot(now, earlier)?.equals(earlier.root) === true) return;
    this.report(
      this.complete
        ? 'the trail does not begin with the tree of the earlier checkpoint: what was sealed before it has changed'
        : 'an export made with filters cannot be compared with an earlier checkpoint; export everything',
      true,
    );
  }

  /** What archives hold is proven for their own trees; each must be the beginning of this one. */
  private checkBeginnings(): void {
    const now = this.checkpoint;
    if (now === null) return;
    for (const { name, checkpoint } of this.options.beginnings ?? []) {
      if (now.origin !== checkpoint.origin) {
        this.report(`${name} is of ${checkpoint.origin}, the export of ${now.origin}`, true);
      } else if (now.size < checkpoint.size) {
        this.report(`${name} is of a tree of ${checkpoint.size} leaves, the export of ${now.size}: export again`, true);
      } else if (this.earlierRoot(now, checkpoint)?.equals(checkpoint.root) !== true) {
        this.report(`${name} is of another trail: its tree is not the beginning of the export's`, true);
      }
    }
  }

  private earlierRoot(now: Checkpoint, earlier: Checkpoint): Buffer | null {
    return now.size === earlier.size ? now.root : this.tree.root(earlier.size);
  }

  private verdict(): Verdict {
    const [now, earlier] = [this.checkpoint, this.earlier];
    return {
      ok: this.problemCount === 0,
      lines: this.lines,
      entries: this.entries,
      erased: this.erasures.touchedEntries,
      pruned: this.pruned.reduce((sum, { from, to }) => sum + to - from, 0),
      complete: this.complete && this.problemCount === 0,
      tree_size: now?.size ?? null,
      root_hash: now?.root.toString('base64') ?? null,
      origin: now?.origin ?? null,
      public_keys: this.keys,
      clock_notes: this.clock.noted,
      key_from_export: (this.options.publicKeys ?? []).length === 0,
      earlier:
        now === null || earlier === null
          ? null
          : { tree_size: earlier.size, consistent: this.earlierRoot(now, earlier)?.equals(earlier.root) === true },
      problems: this.problems,
      problem_count: this.problemCount,
    };
  }

  private report(problem: string, general = false): void {
    this.add(general ? problem : `line ${this.lines} ${problem}`);
  }

  private reportAt(line: number | null, problem: string): void {
    this.add(line === null ? problem : `line ${line} ${problem}`);
  }

  private add(problem: string): void {
    this.problemCount += 1;
    if (this.problems.length < MAX_PROBLEMS) this.problems.push(problem);
  }
}
