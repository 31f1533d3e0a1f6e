import { spawn, spawnSync, type ChildProcess, type SpawnOptions } from 'node:child_process';
import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import { systemEnv } from './child-env.js';

/** `nobody` on every common system; it needs no entry in the user database. */
const UNPRIVILEGED_ID = 65534;

export interface Owner {
  uid: number;
  gid: number;
}

/** Starts programs as the user that PostgreSQL runs as. */
export interface RunAs {
  /** The user who must own PostgreSQL's files; null: the current user. */
  owner: Owner | null;
  spawn(command: string, args: readonly string[], options: SpawnOptions): ChildProcess;
}

/**
 * PostgreSQL refuses to run as root, so root runs it as another user: the owner of an existing data directory, or else
 * `nobody`. Any other user runs it as itself (null).
 */
export function chooseOwner(existing: Owner | null): Owner | null {
  if (process.getuid?.() !== 0) return null;
  return existing !== null && existing.uid !== 0 ? existing : { uid: UNPRIVILEGED_ID, gid: UNPRIVILEGED_ID };
}

/**
 * That user must reach the binaries and the data, though a checkout in /root or a DATA_DIR in a fresh `mktemp -d`
 * (0700) hides them. Then it gets CAP_DAC_OVERRIDE, and only that, through setpriv: PostgreSQL's check is about uid 0.
 */
export function chooseRunAs(needed: { program: string; readable: readonly string[]; owner: Owner | null }): RunAs {
  const { owner } = needed;
  if (owner === null) return { owner, spawn };
  const obstacle = needed.readable.map((path) => findObstacle(path, owner)).find((found) => found !== null);
  if (obstacle === undefined) {
    return { owner, spawn: (command, args, options) => spawn(command, args, { ...options, ...owner }) };
  }
  const setpriv = setprivArguments(owner);
  const trial = spawnSync('setpriv', [...setpriv, needed.program, '--version'], {
    cwd: '/',
    env: systemEnv(),
    encoding: 'utf8',
  });
  if (trial.status !== 0) throw obstacleError(obstacle, owner, trial.error?.message ?? trial.stderr);
  return { owner, spawn: (command, args, options) => spawn('setpriv', [...setpriv, command, ...args], options) };
}

function setprivArguments(owner: Owner): string[] {
  const ids = ['--reuid', String(owner.uid), '--regid', String(owner.gid), '--clear-groups'];
  // Ambient capabilities survive the exec of an ordinary program, so the backends and initdb's children have it too.
  const capability = ['--inh-caps', '+dac_override', '--ambient-caps', '+dac_override'];
  // Without this, access(2), by which initdb looks for its sibling programs, ignores the capabilities of non-root.
  return [...ids, ...capability, '--securebits', '+no_setuid_fixup'];
}

/** The first folder on the way to `path`, or `path` itself, whose mode bits shut `owner` out. */
function findObstacle(path: string, owner: Owner): string | null {
  const parent = dirname(path);
  const above = parent === path ? null : findObstacle(parent, owner);
  if (above !== null) return above;
  const stat = statSync(path);
  const shift = stat.uid === owner.uid ? 6 : stat.gid === owner.gid ? 3 : 0;
  const granted = (stat.mode >> shift) & 0o7;
  const wanted = stat.isDirectory() ? 0o1 : 0o4;
  return (granted & wanted) === wanted ? null : path;
}

function obstacleError(obstacle: string, owner: Owner, reason: string): Error {
  return new Error(
    `PostgreSQL does not run as root, so it would run as uid ${owner.uid}, but that user cannot enter ${obstacle}, ` +
      `and running it through setpriv failed (${reason.trim()}). One of these helps: run as an ordinary user; ` +
      `move the checkout and DATA_DIR to a place all users may enter, such as /opt; ` +
      `allow it with "chmod o+rx ${obstacle}"; install setpriv (package util-linux); ` +
      'or set DATABASE_URL to a PostgreSQL server you have.',
  );
}
