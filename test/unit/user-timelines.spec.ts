import { randomBytes } from 'node:crypto';
import { CHUNK_BYTES, type PackedTimelines } from '../../src/analytics/postgresql-store/funnel-timelines.repository.js';
import { eachUser } from '../../src/analytics/postgresql-store/user-timelines.js';

interface TimelineEvent {
  user: Buffer;
  type: number;
  /** Microseconds since 2000. */
  time: number;
}

const TYPES = 3;

/** As PostgreSQL does. */
function pack(events: readonly TimelineEvent[], gone: boolean): PackedTimelines[] {
  return Array.from({ length: TYPES }, (_, type) => {
    const records = events
      .filter((event) => event.type === type)
      .map(({ user, time }) => {
        const bytes = Buffer.alloc(8);
        bytes.writeBigInt64BE(BigInt(time));
        return Buffer.concat([user, bytes]);
      });
    const all = Buffer.concat(records);
    return Array.from({ length: Math.ceil(all.length / CHUNK_BYTES) }, (_, n) => {
      const chunk = all.subarray(n * CHUNK_BYTES, (n + 1) * CHUNK_BYTES);
      return { type, gone, records: chunk.toString('base64').replace(/.{76}/g, '$&\n') };
    });
  }).flat();
}

async function shown(packed: PackedTimelines[]): Promise<number[][][]> {
  const all: number[][][] = [];
  await eachUser(packed, TYPES, ({ times, starts, ends }) =>
    all.push(Array.from(starts, (start, type) => [...times.subarray(start, ends[type])])),
  );
  return all;
}

const integer = (max: number) => Math.floor(Math.random() * max);
const bySize = (a: unknown, b: unknown) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);

describe('the timelines of users', () => {
  it('come together by user and type, in order, without those that are gone', async () => {
    const users = Array.from({ length: 5_000 }, () => randomBytes(8)); // more than the table begins with
    const events = Array.from({ length: 20_000 }, () => ({
      user: users[integer(users.length)]!,
      type: integer(TYPES),
      time: 8e14 + integer(50), // equal times of one user are many
    }));
    const gone = events.filter(() => Math.random() < 0.1);
    const left = [...events];
    for (const event of gone) left.splice(left.indexOf(event), 1);
    const seen = new Map(events.map(({ user }) => [user, Array.from({ length: TYPES }, (): number[] => [])]));
    for (const { user, type, time } of left) seen.get(user)![type]!.push(time);
    const expected = [...seen.values()].map((types) => types.map((times) => times.sort((a, b) => a - b)));

    const packed = [...pack(events, false), ...pack(gone, true)];
    expect((await shown(packed)).sort(bySize)).toEqual(expected.sort(bySize));
  });

  it('tells users apart whose hashes differ in one bit, and takes times before 2000', async () => {
    const user = Buffer.from('00000000ffffffff', 'hex');
    const others = Array.from({ length: 64 }, (_, bit) => {
      const other = Buffer.from(user);
      other[bit >> 3]! ^= 1 << (bit & 7);
      return other;
    });
    const events = [user, ...others].map((user, n) => ({ user, type: 0, time: n - 32 }));
    expect(await shown(pack(events, false))).toEqual(events.map(({ time }) => [[time], [], []]));
  });

  it('are none of nobody', async () => {
    expect(await shown([])).toEqual([]);
  });

  it('are taken in turns with other work', async () => {
    const user = randomBytes(8);
    const events = Array.from({ length: 8_192 }, (_, n) => ({ user, type: n % TYPES, time: n }));
    const packed = Array.from({ length: 5 }, () => pack(events, false)).flat();
    let turns = 0;
    const immediate = () => {
      turns++;
      pending = setImmediate(immediate);
    };
    let pending = setImmediate(immediate);
    await shown(packed);
    clearImmediate(pending);
    expect(turns).toBeGreaterThan(8); // 41,000 records, 4,000 a turn
  });
});
