import { GroupedWrites } from '../../src/audit/call-log/grouped-writes.js';

describe('grouped writes', () => {
  it('write together what came while another write was on its way, and resolve only then', async () => {
    const groups: number[][] = [];
    let end: () => void = () => undefined;
    const writes = new GroupedWrites<number>((items) => {
      groups.push([...items]);
      return new Promise((resolve) => (end = resolve));
    }, 3);
    const written: number[] = [];
    const all = [1, 2, 3, 4, 5].map((item) => writes.add(item).then(() => written.push(item)));
    expect(groups).toEqual([[1]]);
    end();
    await all[0];
    expect(written).toEqual([1]);
    expect(groups).toEqual([[1], [2, 3, 4]]);
    end();
    await all[3];
    end();
    await Promise.all(all);
    expect(groups).toEqual([[1], [2, 3, 4], [5]]);
  });

  it('reject the one that cannot be written, and write the others', async () => {
    const kept: number[] = [];
    const writes = new GroupedWrites<number>(async (items) => {
      await Promise.resolve();
      if (items.includes(3)) throw new Error('3 cannot be stored');
      kept.push(...items);
    }, 10);
    const outcomes = await Promise.allSettled([1, 2, 3, 4].map((item) => writes.add(item)));
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled']);
    expect(kept).toEqual([1, 2, 4]);
  });
});
