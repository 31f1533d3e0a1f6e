// What `npm run …` needs before it can run: the right Node, the dependencies, the build. Needs no dependency itself.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, lstatSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const MINIMUM_NODE = [20, 19];
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];
const KILL_AFTER_MS = 2000;
const SOURCES = [
  'src',
  'migrations',
  'dashboard',
  'package.json',
  'package-lock.json',
  'nest-cli.json',
  'tsconfig.json',
  'tsconfig.build.json',
];

export const root = join(dirname(fileURLToPath(import.meta.url)), '..');

/** Installs and builds what is missing or out of date; says so only when there is something to do. */
export async function prepare() {
  checkNode();
  process.chdir(root);
  await install();
  await build();
}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  const [wantedMajor, wantedMinor] = MINIMUM_NODE;
  if (major > wantedMajor || (major === wantedMajor && minor >= wantedMinor)) return;
  fail(
    `Tidemark needs Node.js ${MINIMUM_NODE.join('.')} or newer; this is ${process.versions.node} (${process.execPath}).`,
  );
}

async function install() {
  const hash = hashOf([join(root, 'package-lock.json')]);
  const marker = join(root, 'node_modules', '.tidemark-lock');
  if (read(marker) === hash) return;
  if (!matchesLock()) {
    // npm would empty the folder that the link points to, which belongs to somebody else.
    if (lstatSync(join(root, 'node_modules'), { throwIfNoEntry: false })?.isSymbolicLink()) {
      throw new Error('node_modules is a symbolic link and does not match package-lock.json; remove it and run again');
    }
    const because = existsSync(join(root, 'node_modules')) ? 'they do not match package-lock.json' : 'first run';
    // Also under NODE_ENV=production: the build needs the development dependencies, quickstart the optional ones.
    await step(
      `installing dependencies (${because}; takes about a minute)`,
      npm(['ci', '--include=dev', '--include=optional', '--loglevel=error']),
    );
  }
  writeFileSync(marker, hash);
}

/** Whether somebody has already installed exactly what the lock file says; npm notes what it installed. */
function matchesLock() {
  const installed = packagesOf(join(root, 'node_modules', '.package-lock.json'));
  const wanted = packagesOf(join(root, 'package-lock.json'));
  if (installed === null || wanted === null) return false;
  return Object.entries(wanted).every(([path, entry]) => {
    if (path === '') return true;
    const found = installed[path];
    if (found === undefined) return entry.optional === true;
    return found.version === entry.version && existsSync(join(root, path, 'package.json'));
  });
}

function packagesOf(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages;
  } catch {
    return null;
  }
}

async function build() {
  const sources = SOURCES.flatMap((name) => filesIn(join(root, name)));
  const marker = join(root, 'dist', '.built-from');
  const hash = hashOf(sources);
  if (read(marker) === hash) return;
  if (!isNewerThan(sources)) await step('building', npm(['run', '--silent', 'build']));
  writeFileSync(marker, hash);
}

/** A build made by hand: its first and its last files are younger than every source. */
function isNewerThan(sources) {
  const outputs = ['main.js', join('dashboard', 'index.html')].map((name) => join(root, 'dist', name));
  if (!outputs.every((file) => existsSync(file))) return false;
  return (
    Math.min(...outputs.map((file) => statSync(file).mtimeMs)) >
    Math.max(...sources.map((file) => statSync(file).mtimeMs))
  );
}

function filesIn(path) {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return [];
  if (!stat.isDirectory()) return [path];
  return readdirSync(path)
    .sort()
    .filter((name) => name !== 'node_modules' && name !== 'dist')
    .flatMap((name) => filesIn(join(path, name)));
}

function hashOf(files) {
  const hash = createHash('sha256');
  for (const file of files) {
    const content = readFileSync(file);
    hash.update(`${file.slice(root.length)}\n${content.length}\n`).update(content);
  }
  return hash.digest('hex');
}

function read(file) {
  return existsSync(file) ? readFileSync(file, 'utf8') : null;
}

/** The npm that runs us, or the one on PATH. */
function npm(words) {
  const own = process.env.npm_execpath;
  if (own !== undefined && /npm-cli\.c?js$/.test(own)) return [process.execPath, [own, ...words]];
  return process.platform === 'win32' ? ['cmd', ['/c', 'npm', ...words]] : ['npm', words];
}

async function step(what, [command, words]) {
  const start = performance.now();
  process.stderr.write(`${what} …\n`);
  const code = await run(command, words);
  if (code !== 0) fail(`${what} failed (${command} ${words.join(' ')}: exit code ${code}); the reason is above.`);
  process.stderr.write(`done in ${((performance.now() - start) / 1000).toFixed(1)} s\n`);
}

/**
 * Runs a program in this terminal and returns its exit code. A signal for us goes to it and all it has started, and
 * ends us when it has ended, so that nothing stays behind.
 */
function run(command, words) {
  return new Promise((resolve) => {
    // A process group of its own: npm forwards signals to its shell only, and the shell to nobody.
    const ownGroup = process.platform !== 'win32';
    const child = spawn(command, words, { stdio: 'inherit', detached: ownGroup });
    let stopped;
    const stop = (signal) => {
      if (stopped !== undefined || child.pid === undefined) return;
      stopped = signal;
      signalAll(child, ownGroup, signal);
      // npm would first finish what it is at and then undo it, for half a minute; the next install starts anew anyway.
      setTimeout(() => signalAll(child, ownGroup, 'SIGKILL'), KILL_AFTER_MS);
    };
    for (const signal of SIGNALS) process.on(signal, stop);
    const finish = (code) => {
      for (const signal of SIGNALS) process.removeListener(signal, stop);
      if (stopped === undefined) return resolve(code);
      signalAll(child, ownGroup, 'SIGKILL');
      process.exit(stopped === 'SIGINT' ? 130 : 143);
    };
    child.once('error', (error) => {
      process.stderr.write(`${command}: ${error.message}\n`);
      finish(127);
    });
    child.once('exit', (code) => finish(code ?? 1));
  });
}

function signalAll(child, ownGroup, signal) {
  try {
    process.kill(ownGroup ? -child.pid : child.pid, signal);
  } catch {
    // All of them have ended.
  }
}

export function fail(message) {
  process.stderr.write(`\n${message}\n`);
  process.exit(1);
}
