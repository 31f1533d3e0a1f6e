import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { withClient } from '../local-postgres/postgres-client.js';
import { IDENTIFY_DATABASE } from '../local-postgres/postgres-sql.js';

/** What the first start has already done. Holds no secrets. */
export interface State {
  /** The database that this state belongs to. */
  database: string;
  keysCreated: boolean;
  samples: SampleProgress | null;
}

/** Enough to generate the very same events again, so that an interrupted load continues. */
export interface SampleProgress {
  count: number;
  seed: number;
  until: string;
  days: number;
  /** Events known to be accepted. */
  sent: number;
  done: boolean;
}

export class StateFile {
  private constructor(
    private readonly file: string,
    readonly state: State,
  ) {}

  /** The state of this database; empty if the file belongs to another database, or to one that no longer exists. */
  static async open(dataDir: string, databaseUrl: string): Promise<StateFile> {
    const file = join(dataDir, 'quickstart.json');
    const database = await identify(databaseUrl);
    const known = read(file);
    const fresh = { database, keysCreated: false, samples: null };
    return new StateFile(file, known?.database === database ? known : fresh);
  }

  update(change: Partial<State>): void {
    Object.assign(this.state, change);
    writeFileSync(`${this.file}.new`, `${JSON.stringify(this.state, null, 2)}\n`);
    renameSync(`${this.file}.new`, this.file);
  }
}

function read(file: string): State | null {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as State;
  } catch {
    return null;
  }
}

/** An identifier of the database that differs from that of a later one in the same place with the same name. */
async function identify(databaseUrl: string): Promise<string> {
  return withClient(databaseUrl, async (client) => {
    const { rows } = await client.query<{ name: string }>(IDENTIFY_DATABASE);
    return rows[0]?.name ?? '';
  });
}
