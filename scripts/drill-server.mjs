// A private PostgreSQL of the machine (not that of npm, which has no pg_dump), for scripts/drill.mjs.
import { execFile, spawn, spawnSync } from 'node:child_process';
import { chownSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { findFreePort } from '../dist/local-postgres/ports.js';

const run = promisify(execFile);
const TOOLS = ['initdb', 'postgres', 'pg_dump', 'pg_dumpall', 'pg_restore', 'psql'];
const PASSWORD = 'drill-password';
/** PostgreSQL refuses to run as root. */
const USER = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};

/** A folder with all tools of one version: Debian has them beside each other below /usr/lib/postgresql. */
function findTools() {
  const debian = '/usr/lib/postgresql';
  const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : [];
  const configured = spawnSync('pg_config', ['--bindir'], { encoding: 'utf8' }).stdout?.trim();
  const folders = [...versions.map((version) => join(debian, version, 'bin')), ...(configured ? [configured] : [])];
  return folders.find((folder) => TOOLS.every((tool) => existsSync(join(folder, tool))));
}

const tools = findTools();

export class PrivateServer {
  static isInstalled = () => tools !== undefined && process.platform !== 'win32';

  constructor(folder) {
    this.folder = folder;
  }

  async start() {
    mkdirSync(this.folder, { mode: 0o700 });
    const passwordFile = `${this.folder}.password`;
    writeFileSync(passwordFile, `${PASSWORD}\n`);
    if (USER.uid !== undefined) chownSync(this.folder, USER.uid, USER.gid);
    const how = ['-U', 'postgres', `--pwfile=${passwordFile}`, '--auth=scram-sha-256', '-E', 'UTF8', '--locale=C'];
    await run(join(tools, 'initdb'), ['-D', this.folder, ...how], { cwd: '/', ...USER });
    this.port = await findFreePort('127.0.0.1');
    const settings = ['listen_addresses=127.0.0.1', `port=${this.port}`, 'unix_socket_directories='];
    this.process = spawn(join(tools, 'postgres'), ['-D', this.folder, ...settings.flatMap((one) => ['-c', one])], {
      ...{ cwd: '/', stdio: 'ignore' },
      ...USER,
    });
    while ((await run('pg_isready', ['-d', this.url], this.env()).catch(() => null)) === null) {
      if (this.process.exitCode !== null) throw new Error('the PostgreSQL of the machine did not start');
      await sleep(50);
    }
  }

  get url() {
    return this.login('postgres', 'postgres');
  }

  /** Of the database, as on a managed service: not a superuser. */
  get ownerUrl() {
    return this.login('tidemark');
  }

  get backupUrl() {
    return this.login('tidemark_backup');
  }

  login(name, database = 'tidemark') {
    return `postgresql://${name}:${PASSWORD}@127.0.0.1:${this.port}/${database}`;
  }

  async makeOwner() {
    await this.sql(`create role tidemark login createrole password '${PASSWORD}'`);
    await this.sql('create database tidemark owner tidemark');
    await this.sql(`create role tidemark_backup login bypassrls password '${PASSWORD}'`);
    await this.sql(`create role tidemark_reader login password '${PASSWORD}'`); // the same, but for one word
    await this.sql('grant pg_read_all_data to tidemark_backup, tidemark_reader');
  }

  /** The backup login may not read passwords, so its backup has none. */
  setOwnerPassword() {
    return this.sql(`alter role tidemark password '${PASSWORD}'`);
  }

  /**
   * What docs/backup.md warns of is so: a login that row-level security binds gets an error, and with
   * --enable-row-security, where no policy is for it, a dump without rows.
   */
  async checkTraps(folder) {
    const dump = (url, ...words) => this.tool('pg_dump', ['--data-only', ...words, '-d', url]);
    const reader = this.login('tidemark_reader');
    for (const url of [this.ownerUrl, reader]) {
      const refused = await dump(url).then(
        () => 'not at all',
        (error) => error.stderr,
      );
      if (!/row-level security/.test(refused)) throw new Error(`pg_dump refused the login: ${refused}`);
    }
    const tables = ['tenants', 'api_keys', 'event_totals_day'].flatMap((table) => ['-t', table]);
    const { stdout } = await dump(reader, '--enable-row-security', ...tables);
    const contents = [...stdout.matchAll(/^COPY [^\n]* FROM stdin;\n(.*?)^\\\.$/gms)].map(([, rows]) => rows);
    if (contents.length !== 3 || contents.join('') !== '') throw new Error('--enable-row-security dumped rows');
    const told = await this.sh('backup.sh', `${folder}-of-reader`, { BACKUP_DATABASE_URL: reader }).then(
      () => 'nothing',
      (error) => error.stderr,
    );
    if (!/would not see every row/.test(told)) throw new Error(`backup.sh said: ${told}`);
  }

  sql(statement) {
    return this.tool('psql', ['-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', this.url, '-c', statement]);
  }

  tool(name, words) {
    return run(join(tools, name), words, this.env());
  }

  /** A script of docs/examples. */
  sh(script, folder, env) {
    return run('sh', [join('docs', 'examples', script), folder], this.env(env));
  }

  env(more = {}) {
    return { env: { PATH: `${tools}:${process.env.PATH}`, ...more }, maxBuffer: 2 ** 28 };
  }

  async destroy() {
    if (this.process?.exitCode === null) {
      const ended = new Promise((resolve) => this.process.once('exit', resolve));
      this.process.kill('SIGINT');
      await ended;
    }
    rmSync(this.folder, { recursive: true, force: true });
  }
}
