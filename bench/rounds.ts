/**
 * Contenders against one another, in rounds: in each round everyone is timed once, one after the other, and each round begins with
 * another one. So what disturbs the machine disturbs all alike, and ratios are taken round by round. A benchmark tool that measures
 * one contender to its end and then the next cannot say that, and none of them times C in the same process.
 */
import type { Measurement, Where } from './results.js';
import { paired, summarize } from './summary.js';

/** Somebody who makes a call so many times and says how long that took. */
export interface Contender {
  readonly name: string;
  readonly where: Where;
  /**
   * @param calls how often
   * @returns nanoseconds for all of them
   * @throws Error when an answer was wrong
   */
  readonly time: (calls: number) => number | Promise<number>;
}

export interface Effort {
  /** Of each contender; fewer where that would take longer than `mostMs`. */
  readonly rounds: number;
  /** Calls are timed together until they take this long. */
  readonly batchMs: number;
  /** Each contender runs this long before it counts, so that what V8 compiles is compiled. */
  readonly warmUpMs: number;
  /** For a whole group at one size. */
  readonly mostMs: number;
}

export const FULL: Effort = { rounds: 51, batchMs: 10, warmUpMs: 300, mostMs: 20_000 };
export const QUICK: Effort = { rounds: 9, batchMs: 1, warmUpMs: 20, mostMs: 1000 };

const LEAST_ROUNDS = 5;
const NS_PER_MS = 1e6;

/**
 * A call from JavaScript.
 * @param call makes it once
 * @param verify throws when what the call answered is wrong; sees the last answer of every batch
 */
export const inJavaScript = <T>(name: string, where: Where, call: () => T, verify: (answer: T) => void): Contender => ({
  name,
  where,
  time: (calls) => {
    const start = process.hrtime.bigint();
    for (let left = calls; left > 1; left -= 1) call();
    const answer = call();
    const elapsed = Number(process.hrtime.bigint() - start);
    verify(answer);
    return elapsed;
  },
});

/** As `inJavaScript`, for a call that answers later: the next one is made when the one before has answered. */
export const answeringLater = <T>(
  name: string,
  where: Where,
  call: () => Promise<T>,
  verify: (answer: T) => void,
): Contender => ({
  name,
  where,
  time: async (calls) => {
    const start = process.hrtime.bigint();
    for (let left = calls; left > 1; left -= 1) await call();
    const answer = await call();
    const elapsed = Number(process.hrtime.bigint() - start);
    verify(answer);
    return elapsed;
  },
});

interface Runner {
  readonly contender: Contender;
  readonly calls: number;
  /** Nanoseconds a call, one a round. */
  readonly samples: number[];
}

/** Warms a contender up and finds how many calls make a batch. */
const prepare = async (
  contender: Contender,
  { batchMs, warmUpMs }: Effort,
): Promise<Runner & { readonly batchNs: number }> => {
  const wanted = batchMs * NS_PER_MS;
  let calls = 1;
  let spent = 0;
  for (;;) {
    const elapsed = Math.max(await contender.time(calls), 1);
    spent += elapsed;
    const enough = elapsed >= wanted / 2;
    if (enough && spent >= warmUpMs * NS_PER_MS) return { contender, calls, samples: [], batchNs: elapsed };
    // A faster one tomorrow: what was compiled meanwhile makes batches shorter.
    calls = Math.max(1, Math.min(Math.round((calls * wanted) / elapsed), calls * 10));
  }
};

/**
 * @param group key of the table
 * @param size how many pids or processes a call is about
 * @param contenders the first is what the others are compared with
 */
export const measure = async (
  group: string,
  size: number,
  contenders: readonly Contender[],
  effort: Effort,
): Promise<Measurement[]> => {
  // Not between rounds: a full collection takes the shapes that no object has at the moment, and with them what V8 has compiled for them.
  globalThis.gc?.();
  const runners: Awaited<ReturnType<typeof prepare>>[] = [];
  for (const contender of contenders) runners.push(await prepare(contender, effort));
  const roundNs = runners.reduce((sum, { batchNs }) => sum + batchNs, 0);
  const rounds = Math.max(LEAST_ROUNDS, Math.min(effort.rounds, Math.floor((effort.mostMs * NS_PER_MS) / roundNs)));
  for (let round = 0; round < rounds; round += 1) {
    for (let turn = 0; turn < runners.length; turn += 1) {
      const runner = runners[(round + turn) % runners.length];
      if (runner !== undefined) runner.samples.push((await runner.contender.time(runner.calls)) / runner.calls);
    }
  }
  const base = runners[0]?.samples ?? [];
  return runners.map(({ contender: { name, where }, calls, samples }, index) => ({
    group,
    name,
    where,
    size,
    rounds,
    calls,
    ...summarize(samples),
    ratio: index === 0 ? null : paired(samples, base, (sample, other) => sample / other),
    difference: index === 0 ? null : paired(samples, base, (sample, other) => sample - other),
  }));
};
