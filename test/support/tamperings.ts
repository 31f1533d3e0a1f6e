import { generateKeyPairSync } from 'node:crypto';
import {
  CLEAR_FIELDS,
  JSON_FIELDS,
  PERSONAL_FIELDS,
  type PersonalField,
} from '../../src/audit/transparency-log/leaf.js';
import { checkpointText, openCheckpoint, signNote, verifierKey } from '../../src/audit/transparency-log/signed-note.js';
import type { Sql } from '../../src/platform/database/database.js';
import { uuid7 } from '../../src/platform/database/uuid7.js';
import { idOf, type TestTrail } from './audit-trail.js';

/** What somebody who owns the database does to the trail of `tenant`, inside a transaction without triggers. */
export interface Scene {
  sql: Sql;
  /** Works inside the same transaction. */
  trail: TestTrail;
  tenant: string;
  random: (below: number) => number;
  size: number;
  /** An older signed note of this trail, and its size. */
  old: { note: string; size: number };
}

/** Of the salt of a field among those of an entry. */
const saltPlace = (name: PersonalField) => 16 * PERSONAL_FIELDS.indexOf(name);
const PRETENDED = `message = null, salts = clear_audit_salts(salts, '{message}'), erased_fields = '{message}',
  erased_at = now()`;
/** When the first erasure of the trail was. */
const ERASED_ONCE = `(select (convert_from(leaf, 'UTF8')::jsonb ->> 'at')::timestamptz from audit_leaves
  where tenant_id = $1 and kind = 'erasure' order by leaf_index limit 1)`;

/** A place in the tree that holds an entry with its personal fields. */
async function anyEntry({ sql, tenant, random }: Scene): Promise<{ id: string; index: number }> {
  const { rows } = await sql.query<{ id: string; index: number }>(
    `select e.id, l.leaf_index::int as index from audit_entries e join audit_leaves l on l.tenant_id = e.tenant_id and l.entry_id = e.id
     where e.tenant_id = $1 and e.erased_at is null order by l.leaf_index`,
    [tenant],
  );
  return rows[random(rows.length)]!;
}

/** An entry that an erasure took its message from. */
async function anyErased({ sql, tenant, random }: Scene): Promise<string> {
  const { rows } = await sql.query<{ id: string }>(
    `select id from audit_entries where tenant_id = $1 and 'message' = any(erased_fields) order by id`,
    [tenant],
  );
  return rows[random(rows.length)]!.id;
}

const field = async (scene: Scene, id: string, column: string) => {
  const { rows } = await scene.sql.query<{ value: unknown }>(
    `select ${column} as value from audit_entries where tenant_id = $1 and id = $2`,
    [scene.tenant, id],
  );
  return rows[0]?.value;
};

const update = (scene: Scene, table: string, set: string, where: string, values: unknown[] = []) =>
  scene.sql.query(`update ${table} set ${set} where tenant_id = $1 and ${where}`, [scene.tenant, ...values]);

/** Cuts the trail back to `size` leaves, everywhere. */
async function cutTo(scene: Scene, size: number): Promise<void> {
  const { sql, tenant } = scene;
  await sql.query(
    `delete from audit_entries where tenant_id = $1
     and id in (select entry_id from audit_leaves where tenant_id = $1 and leaf_index >= $2)`,
    [tenant, size],
  );
  await sql.query('delete from audit_leaves where tenant_id = $1 and leaf_index >= $2', [tenant, size]);
  await sql.query('delete from audit_nodes where tenant_id = $1 and ((node_index + 1) << level) > $2', [tenant, size]);
  await sql.query('delete from audit_trees where tenant_id = $1', [tenant]);
  await sql.query('delete from audit_checkpoints where tenant_id = $1', [tenant]);
}

/** Puts the leaves into a new tree and lets the service sign it: a forger who can do all the service can. */
async function rebuild(scene: Scene): Promise<void> {
  const { sql, tenant, trail } = scene;
  const { rows } = await sql.query<{
    kind: 'entry';
    entry_id: string;
    act_id: string;
    leaf_hash: Buffer;
    leaf: Buffer | null;
  }>('select kind, entry_id, act_id, leaf_hash, leaf from audit_leaves where tenant_id = $1 order by leaf_index', [
    tenant,
  ]);
  for (const table of ['audit_leaves', 'audit_nodes', 'audit_trees', 'audit_checkpoints']) {
    await sql.query(`delete from ${table} where tenant_id = $1`, [tenant]);
  }
  const [tree] = await trail.trees.lock(sql, [tenant]);
  const leaves = rows.map((row) => ({
    ...{ kind: row.kind, entryId: row.entry_id, actId: row.act_id, hash: row.leaf_hash, leaf: row.leaf },
  }));
  await trail.trees.append(sql, [{ tree: tree!, leaves }]);
  await trail.sealAll();
}

export const TAMPERINGS: Record<string, (scene: Scene) => Promise<unknown>> = {
  'edit a clear field': async (scene) => {
    const { id } = await anyEntry(scene);
    const texts = ['client_id', 'resource_type', 'status', 'functionality', 'event_type'];
    const column = CLEAR_FIELDS.filter((name) => texts.includes(name))[scene.random(texts.length)]!;
    await update(scene, 'audit_entries', `${column} = coalesce(${column}, '') || 'x'`, 'id = $2', [id]);
  },
  'move an entry in time by a microsecond': async (scene) => {
    const column = ['occurred_at', 'created_at'][scene.random(2)]!;
    const { id } = await anyEntry(scene);
    await update(scene, 'audit_entries', `${column} = ${column} + interval '1 microsecond'`, 'id = $2', [id]);
  },
  'soften a severity or an action': async (scene) => {
    const { id } = await anyEntry(scene);
    const set = [`severity = case severity when 'INFO' then 'ERROR' else 'INFO' end`, `action_type = 'VIEW'`];
    await update(scene, 'audit_entries', set[scene.random(2)]!, 'id = $2', [id]);
  },
  'edit a personal field': async (scene) => {
    const { id } = await anyEntry(scene);
    const column = PERSONAL_FIELDS[scene.random(PERSONAL_FIELDS.length)]!;
    const value = (JSON_FIELDS as readonly string[]).includes(column)
      ? `jsonb_build_object('was', coalesce(${column}, 'null'))`
      : `coalesce(${column}, '') || 'x'`;
    await update(scene, 'audit_entries', `${column} = ${value}`, 'id = $2', [id]);
  },
  'blank a personal field': async (scene) => {
    const { id } = await anyEntry(scene);
    const column = ['user_id', 'message', 'before_state', 'ip_address'][scene.random(4)]!;
    if ((await field(scene, id, column)) === null)
      return update(scene, 'audit_entries', `user_id = 'x'`, 'id = $2', [id]);
    await update(scene, 'audit_entries', `${column} = null`, 'id = $2', [id]);
  },
  'delete an entry': async (scene) => {
    const { id } = await anyEntry(scene);
    await scene.sql.query('delete from audit_entries where tenant_id = $1 and id = $2', [scene.tenant, id]);
  },
  'delete an entry and its leaf': async (scene) => {
    const { id, index } = await anyEntry(scene);
    await scene.sql.query('delete from audit_entries where tenant_id = $1 and id = $2', [scene.tenant, id]);
    await scene.sql.query('delete from audit_leaves where tenant_id = $1 and leaf_index = $2', [scene.tenant, index]);
  },
  'insert an entry behind the back of the service': (scene) =>
    scene.trail.write(
      { tenant_id: scene.tenant, id: uuid7(Date.now() - 60_000), message: 'never happened' },
      scene.sql,
    ),
  'date a new entry back, past the sealer': async (scene) => {
    const { sql, tenant } = scene;
    const id = idOf(Date.now() - 3_600_000);
    await scene.trail.write({ tenant_id: tenant, id, message: 'always been there' }, sql);
    await sql.query(
      `insert into audit_leaves (tenant_id, leaf_index, kind, entry_id, leaf_hash)
       select $1, $3, 'entry', id, sha256('\\x00'::bytea || leaf) from audit_entries where tenant_id = $1 and id = $2`,
      [tenant, id, scene.size],
    );
    await rebuild(scene);
  },
  'swap two entries': async (scene) => {
    const [a, b] = [await anyEntry(scene), await anyEntry(scene)];
    if (a.id === b.id) return TAMPERINGS['delete an entry']!(scene);
    const away = uuid7();
    for (const [from, to] of [
      [a.id, away],
      [b.id, a.id],
      [away, b.id],
    ]) {
      await update(scene, 'audit_entries', 'id = $3', 'id = $2', [from, to]);
    }
  },
  'swap the places of two leaves': async (scene) => {
    const [a, b] = [scene.random(scene.size), scene.random(scene.size - 1)];
    const other = b === a ? scene.size - 1 : b;
    for (const [from, to] of [
      [a, 1_000_000],
      [other, a],
      [1_000_000, other],
    ]) {
      await update(scene, 'audit_leaves', 'leaf_index = $3', 'leaf_index = $2', [from, to]);
    }
  },
  'edit the hash of a leaf': (scene) =>
    update(scene, 'audit_leaves', `leaf_hash = sha256(leaf_hash)`, 'leaf_index = $2', [scene.random(scene.size)]).then(
      () => rebuild(scene),
    ),
  'edit the bytes of a leaf': async (scene) => {
    const { id } = await anyEntry(scene);
    await update(scene, 'audit_entries', `leaf = set_byte(leaf, $3, get_byte(leaf, $3) # 1)`, 'id = $2', [
      id,
      scene.random(200),
    ]);
  },
  'forge an entry, its leaf and everything above it': async (scene) => {
    const { id, index } = await anyEntry(scene);
    await update(
      scene,
      'audit_entries',
      `resource_type = 'forged', leaf = convert_to(regexp_replace(convert_from(leaf, 'UTF8'), '"resource_type":"[^"]*"', '"resource_type":"forged"'), 'UTF8')`,
      'id = $2',
      [id],
    );
    await scene.sql.query(
      `update audit_leaves l set leaf_hash = sha256('\\x00'::bytea || e.leaf) from audit_entries e
       where l.tenant_id = $1 and l.leaf_index = $2 and e.tenant_id = $1 and e.id = l.entry_id`,
      [scene.tenant, index],
    );
    await rebuild(scene);
  },
  'edit an inner hash': async (scene) => {
    await update(scene, 'audit_nodes', 'hash = sha256(hash)', `node_index = $2 and level = 4`, [
      scene.random(Math.floor(scene.size / 16)),
    ]);
  },
  'delete an inner hash': (scene) =>
    scene.sql.query('delete from audit_nodes where tenant_id = $1 and level = 4 and node_index = $2', [
      scene.tenant,
      scene.random(Math.floor(scene.size / 16)),
    ]),
  'edit a salt': async (scene) => {
    const { id } = await anyEntry(scene);
    const place = saltPlace('message') + scene.random(16);
    await update(scene, 'audit_entries', 'salts = set_byte(salts, $3, get_byte(salts, $3) # 1)', 'id = $2', [
      id,
      place,
    ]);
  },
  'delete a salt': async (scene) => {
    const { id } = await anyEntry(scene);
    await update(scene, 'audit_entries', `salts = clear_audit_salts(salts, '{message}')`, 'id = $2', [id]);
  },
  'pretend an erasure': async (scene) => {
    const { id } = await anyEntry(scene);
    await update(scene, 'audit_entries', PRETENDED, 'id = $2', [id]);
  },
  'pretend an erasure at the time of a real one': async (scene) => {
    const { id } = await anyEntry(scene);
    await update(scene, 'audit_entries', `${PRETENDED.replace('now()', ERASED_ONCE)}`, 'id = $2', [id]);
  },
  'pretend that a value was redacted': async (scene) => {
    const { id } = await anyEntry(scene);
    const set = `message = 'nothing', salts = clear_audit_salts(salts, '{message}'), redacted_fields = '{message}'`;
    await update(scene, 'audit_entries', `${set}, erased_at = ${ERASED_ONCE}`, 'id = $2', [id]);
  },
  'take another field than the erasure did': async (scene) => {
    const id = await anyErased(scene);
    const set = `after_state = null, salts = clear_audit_salts(salts, '{after_state}')`;
    await update(scene, 'audit_entries', `${set}, erased_fields = erased_fields || '{after_state}'`, 'id = $2', [id]);
  },
  'put something in the place of what was erased': async (scene) => {
    const id = await anyErased(scene);
    await update(scene, 'audit_entries', `message = 'never said'`, 'id = $2', [id]);
  },
  'say redacted instead of erased': async (scene) => {
    const id = await anyErased(scene);
    const set = `message = 'never said', erased_fields = '{user_id}', redacted_fields = '{message}'`;
    await update(scene, 'audit_entries', set, 'id = $2', [id]);
  },
  'hide an erasure': async (scene) => {
    const id = await anyErased(scene);
    await update(scene, 'audit_entries', 'erased_fields = null, redacted_fields = null', 'id = $2', [id]);
  },
  'move the time of an erasure by a microsecond': async (scene) => {
    const id = await anyErased(scene);
    await update(scene, 'audit_entries', `erased_at = erased_at + interval '1 microsecond'`, 'id = $2', [id]);
  },
  'take away the time of an erasure': async (scene) => {
    const id = await anyErased(scene);
    await update(scene, 'audit_entries', 'erased_at = null', 'id = $2', [id]);
  },
  'say that Tidemark recorded it': async (scene) => {
    const { id } = await anyEntry(scene);
    await update(scene, 'audit_entries', `source = 'tidemark'`, 'id = $2', [id]);
  },
  'cut the tail': (scene) => cutTo(scene, scene.size - 1 - scene.random(scene.size - 1)).then(() => rebuild(scene)),
  'cut the tail and leave the checkpoint': async (scene) => {
    const size = scene.size - 1 - scene.random(scene.size - 1);
    const { rows } = await scene.sql.query<Record<string, unknown>>(
      'select hour, tree_size, root_hash, note, public_key from audit_checkpoints where tenant_id = $1',
      [scene.tenant],
    );
    await cutTo(scene, size);
    for (const row of rows) {
      await scene.sql.query(
        `insert into audit_checkpoints (tenant_id, hour, tree_size, root_hash, note, public_key) values ($1, $2, $3, $4, $5, $6)`,
        [scene.tenant, ...Object.values(row)],
      );
    }
  },
  'restore an old copy': async (scene) => {
    await cutTo(scene, scene.old.size);
    await scene.sql.query(
      `insert into audit_checkpoints (tenant_id, hour, tree_size, root_hash, note, public_key)
       values ($1, now(), $2, $3, $4, $5)`,
      [scene.tenant, scene.old.size, Buffer.alloc(32), scene.old.note, (await signer(scene)).vkey],
    );
  },
  'put back the old checkpoint alone': (scene) =>
    update(scene, 'audit_checkpoints', 'note = $2, tree_size = $3', 'true', [scene.old.note, scene.old.size]),
  'edit the checkpoint': async (scene) => {
    const changes = [
      `replace(note, E'\\n' || tree_size || E'\\n', E'\\n' || tree_size - 1 || E'\\n')`,
      `replace(note, '=', '+')`,
      `left(note, 40)`,
    ];
    await update(scene, 'audit_checkpoints', `note = ${changes[scene.random(changes.length)]!}`, 'true');
  },
  'delete the checkpoint': (scene) =>
    scene.sql.query('delete from audit_checkpoints where tenant_id = $1', [scene.tenant]),
  'sign a checkpoint with a key of one’s own': async (scene) => {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    const { origin, note, vkey } = await signer(scene);
    const text = checkpointText(openCheckpoint(note, vkey));
    await update(scene, 'audit_checkpoints', 'note = $2, public_key = $3', 'true', [
      signNote(text, origin, privateKey),
      verifierKey(origin, publicKey),
    ]);
  },
  'delete the leaf of an act': async (scene) => {
    await scene.sql.query(
      `delete from audit_leaves where tenant_id = $1 and leaf_index in
       (select leaf_index from audit_leaves where tenant_id = $1 and kind <> 'entry' order by leaf_index offset $2 limit 1)`,
      [scene.tenant, scene.random(2)],
    );
  },
  'widen an erasure': async (scene) => {
    const { id } = await anyEntry(scene);
    await update(scene, 'audit_entries', `${PRETENDED.replace('now()', ERASED_ONCE)}`, 'id = $2', [id]);
    await scene.sql.query(
      `update audit_leaves set leaf = convert_to(regexp_replace(convert_from(leaf, 'UTF8'), '"ranges":\\[\\[[0-9]+,', '"ranges":[[0,'), 'UTF8')
       where tenant_id = $1 and kind = 'erasure'`,
      [scene.tenant],
    );
  },
  'change the tree that grows on': async (scene) => {
    await update(scene, 'audit_trees', 'peaks = sha256(peaks) || substr(peaks, 33)', 'true');
    await scene.trail.write({ tenant_id: scene.tenant, id: uuid7() }, scene.sql);
    await scene.sql.query(
      `insert into audit_unsealed select tenant_id, id, sha256('\\x00'::bytea || leaf) from audit_entries e
       where tenant_id = $1 and not exists (select from audit_leaves l where l.tenant_id = $1 and l.entry_id = e.id)`,
      [scene.tenant],
    );
    await scene.trail.sealAll();
  },
};

async function signer({ sql, tenant }: Scene): Promise<{ origin: string; note: string; vkey: string }> {
  const { rows } = await sql.query<{ note: string; public_key: string }>(
    'select note, public_key from audit_checkpoints where tenant_id = $1 order by tree_size desc limit 1',
    [tenant],
  );
  const { note, public_key: vkey } = rows[0] ?? { note: `tidemark/${tenant}\n`, public_key: 'x' };
  return { origin: note.slice(0, note.indexOf('\n')), note, vkey };
}
