// A process of writers for audit-writers.spec.ts: node audit-writers.mjs <writers> <entries each> <tenant>
import { loadConfig } from '../../dist/platform/config/config.js';
import { Database } from '../../dist/platform/database/database.js';
import { AuditEntryWriter } from '../../dist/audit/entries/entry-writer.js';
import { blankContent, newEntry } from '../../dist/audit/entries/entry.js';

const [writers, count, tenantId] = [Number(process.argv[2]), Number(process.argv[3]), process.argv[4]];
const database = new Database(loadConfig());
const writer = new AuditEntryWriter(database);
const answered = [];
await Promise.all(
  Array.from({ length: writers }, async (_, n) => {
    for (let i = 0; i < count; i++) {
      const entry = newEntry(
        { ...blankContent('UPDATE', 'order', `${n}-${i}`), user_id: `user-${n}` },
        { tenantId, clientId: 'rig', keyId: null },
      );
      await database.inSystem((sql) => writer.append(sql, [entry]));
      answered.push([entry.id, Date.now()]);
    }
  }),
);
process.send(answered);
await database.onApplicationShutdown();
