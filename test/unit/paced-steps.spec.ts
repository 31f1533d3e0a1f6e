import { inPacedSteps } from '../../src/retention/removal/paced-steps.js';

const NEVER = new AbortController().signal;

describe('paced steps', () => {
  /** @returns how many rows each of the steps might look at, where every step takes as long as told */
  async function limitsOf(steps: number, tookMs: number): Promise<number[]> {
    let clock = 0;
    const spy = jest.spyOn(performance, 'now').mockImplementation(() => clock);
    const limits: number[] = [];
    await inPacedSteps(NEVER, (limit) => {
      clock += tookMs;
      limits.push(limit);
      return Promise.resolve(limits.length < steps);
    });
    spy.mockRestore();
    return limits;
  }

  it('grow while they are short, to ten thousand rows', async () => {
    expect(await limitsOf(7, 1)).toEqual([1_000, 2_000, 4_000, 8_000, 10_000, 10_000, 10_000]);
  });

  it('shrink when they take long, to a hundred rows', async () => {
    expect(await limitsOf(6, 100)).toEqual([1_000, 250, 100, 100, 100, 100]);
  });
});
