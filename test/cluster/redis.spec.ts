import { eventually } from '../support/eventually.js';
import { LoadedStack } from '../support/failover.js';
import { describeDatabase } from '../support/fixture.js';
import { makeTlsFiles, type RedisTopology, startCluster, startSentinels } from '../support/redis-topologies.js';

const FAILOVERS = 5;
const TENANTS = 5;
const EXACT = Array.from({ length: TENANTS }, () => 10);
const MAX_LAG_SECONDS = 10;

/** Each killed server comes back as a replica, and the next failover may be to it. */
describe.each<[string, () => Promise<RedisTopology>]>([
  ['Sentinels', startSentinels],
  ['a cluster', () => startCluster()],
  ['a cluster with TLS', async () => startCluster(await makeTlsFiles())],
])('Redis behind %s', (name, start) => {
  describeDatabase('whose masters are killed in turn under load', { needs: 'redis-server' }, (database) => {
    let redis: RedisTopology;

    beforeAll(async () => {
      redis = await start();
    });

    afterAll(() => redis.stop());

    it('loses nothing, counts nothing twice, keeps limits exact and sockets alive', async () => {
      const stack = await LoadedStack.start(database, { ...redis.env, REDIS_URL: redis.url });
      const isUp = () => eventually(async () => expect(await stack.queueStates()).toEqual(['up', 'up']), 20_000);
      await isUp();
      const took: number[] = [];
      stack.startLoad();
      for (let n = 0; n < FAILOVERS; n++) {
        await eventually(async () => expect(await stack.passes(TENANTS)).toEqual(EXACT), 20_000);
        const before = stack.ackedCount;
        const master = await redis.masterPort();
        const killedAt = performance.now();
        await redis.kill(master);
        await eventually(async () => expect(await redis.masterPort()).not.toBe(master), 20_000);
        await isUp();
        await eventually(async () => expect(await stack.ring()).toBeLessThan(4), 20_000); // by the queue again
        took.push(Math.round(performance.now() - killedAt));
        await redis.restart(master);
        await redis.isWhole();
        await eventually(() => expect(stack.ackedCount).toBeGreaterThan(before + 200), 20_000);
      }
      await stack.stopLoad();
      const { lagSeconds, ...verdict } = await stack.verdict();
      process.stdout.write(
        `${name}: ${FAILOVERS} failovers, ${stack.ackedCount} events acknowledged, queue back after ${took.join(', ')} ms, ` +
          `longest wait of a batch ${lagSeconds.toFixed(1)} s, ${JSON.stringify(verdict)}\n`,
      );
      expect(verdict).toEqual({ lost: 0, twice: 0, failed: 0, wronglyCounted: 0 });
      expect(lagSeconds).toBeLessThanOrEqual(MAX_LAG_SECONDS);
      expect(await stack.passes(TENANTS)).toEqual(EXACT);
      await eventually(() => expect(stack.live.messages.at(-1)?.by_type).toMatchObject({ load: stack.ackedCount }));
      expect(stack.live.disconnects).toEqual([]);
      expect(await stack.stop()).toEqual([0, 0, 0]);
    });
  });
});
