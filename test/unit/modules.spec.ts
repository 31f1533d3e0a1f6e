import type { DynamicModule, Provider, Type } from '@nestjs/common';
import { MODULE_METADATA } from '@nestjs/common/constants.js';
import { readdirSync, readFileSync } from 'node:fs';
import { RollupsModule } from '../../src/analytics/rollups/rollups.module.js';
import { ApiModule } from '../../src/api.module.js';
import { ArchiveModule } from '../../src/audit/archive/archive.module.js';
import { AuditWritingModule } from '../../src/audit/entries/audit-writing.module.js';
import { CliModule } from '../../src/cli/cli.module.js';
import { ClickHouseModule } from '../../src/clickhouse/clickhouse.module.js';
import { DeadLettersModule } from '../../src/events/dead-letters/dead-letters.module.js';
import { JobsModule } from '../../src/events/jobs/jobs.module.js';
import { KeysModule } from '../../src/keys/keys.module.js';
import { loadConfig } from '../../src/platform/config/config.js';
import { RetentionRunningModule } from '../../src/retention/retention.module.js';
import { WorkerModule } from '../../src/worker.module.js';

const CONFIG = loadConfig({
  DATABASE_URL: 'postgresql://localhost/tidemark',
});

/** Those of all commands; each command imports its own alone. */
const OF_COMMANDS = [
  ...[ArchiveModule, AuditWritingModule, DeadLettersModule, JobsModule, KeysModule, RetentionRunningModule],
  ...[RollupsModule, ClickHouseModule],
];

const ROOTS = {
  api: ApiModule.forRoot(CONFIG),
  worker: WorkerModule.forRoot(CONFIG),
  cli: CliModule.forRoot(CONFIG, OF_COMMANDS),
};

type Imported = Type | DynamicModule | Promise<DynamicModule> | { forwardRef: () => Type | DynamicModule };

/** Every module below `root` with everything that stands in its list `key`, in its decorator and where it was made. */
async function listsOf<Item>(root: Imported, key: 'providers' | 'controllers'): Promise<Map<Type, Set<Item>>> {
  const lists = new Map<Type, Set<Item>>();
  const pending: Imported[] = [root];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const resolved = await next;
    const module = 'forwardRef' in resolved ? resolved.forwardRef() : resolved;
    const type = 'module' in module ? module.module : module;
    const read = <T>(name: string): T[] => (Reflect.getMetadata(name, type) as T[] | undefined) ?? [];
    const dynamic: Partial<DynamicModule> = 'module' in module ? module : {};
    const isNew = !lists.has(type);
    const items = lists.get(type) ?? new Set<Item>();
    lists.set(type, items);
    for (const item of [...read<Item>(key), ...((dynamic[key] ?? []) as Item[])]) items.add(item);
    pending.push(...((dynamic.imports ?? []) as Imported[]));
    if (isNew) pending.push(...read<Imported>(MODULE_METADATA.IMPORTS));
  }
  return lists;
}

/** The class that a provider makes or stands for. */
function classOf(provider: Provider): Type | null {
  if (typeof provider === 'function') return provider;
  if ('useClass' in provider) return provider.useClass;
  return typeof provider.provide === 'function' && !('useExisting' in provider) ? (provider.provide as Type) : null;
}

/** Names of the modules that list each class, over all processes. */
async function holders(): Promise<Map<Type, Set<string>>> {
  const found = new Map<Type, Set<string>>();
  for (const root of Object.values(ROOTS)) {
    for (const [module, providers] of await listsOf<Provider>(root, 'providers')) {
      for (const provider of providers) {
        const type = classOf(provider);
        if (type !== null) found.set(type, (found.get(type) ?? new Set()).add(module.name));
      }
    }
  }
  return found;
}

describe('the modules of the processes', () => {
  it('list each class once, whichever process it is in', async () => {
    const found = await holders();
    expect(found.size).toBeGreaterThan(80);
    const twice = [...found].filter(([, modules]) => modules.size > 1);
    expect(twice.map(([type, modules]) => `${type.name}: ${[...modules].sort().join(', ')}`)).toEqual([]);
  });

  it('of the command line are those that its commands import', () => {
    const commands = readdirSync('src/cli').filter((name) => name.endsWith('.command.ts'));
    const text = commands.map((name) => readFileSync(`src/cli/${name}`, 'utf8')).join('');
    const imported = [...text.matchAll(/import \{ (\w+Module) \}/g)].map(([, name]) => name);
    expect([...new Set(imported)].sort()).toEqual(OF_COMMANDS.map(({ name }) => name).sort());
  });

  it('make controllers in the API only, and there on its page', async () => {
    const listing = async (root: Imported) => {
      const lists = await listsOf<Type>(root, 'controllers');
      return [...lists].flatMap(([module, controllers]) => (controllers.size > 0 ? [module.name] : []));
    };
    expect(await listing(ROOTS.worker)).toEqual(['PlatformModule']); // whose probes nobody serves there
    expect(await listing(ROOTS.cli)).toEqual([]);
    expect(new Set(await listing(ROOTS.api))).toEqual(new Set(['ApiModule', 'PlatformModule']));
  });
});
