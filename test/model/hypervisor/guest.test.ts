/** A whole guest under random steps of its VTLs: every answer, register and byte is what the naive reference says. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { bootSteps } from './guest-boot.js';
import { type GuestOptions, GuestRun } from './guest-run.js';
import { step } from './guest-steps.js';
import type { Step } from './guest-world.js';

const STEPS = Number(process.env['TRUSTLET_RUNS'] ?? 1000);
/** Steps between two looks at all memory, and between two attempts to come up. */
const SWEEP = 250;
const BOOT = 150;

const optionsOf = (seed: number): GuestOptions => ({
  vps: 2 + (seed % 3),
  mbec: seed % 4 > 0,
  dr6Shared: seed % 5 === 0,
});

const stepsOf = (seed: number, count: number): readonly Step[] => {
  const boot = bootSteps(optionsOf(seed).mbec === true);
  return fc
    .sample(step, { numRuns: count, seed })
    .flatMap((next, index) => (index % BOOT === 0 ? [...boot, next] : [next]));
};

const textOf = (next: Step): string =>
  JSON.stringify(next, (_, value) => (typeof value === 'bigint' ? `0x${value.toString(16)}` : value));

const take = (seed: number, count: number): GuestRun => {
  const run = new GuestRun(optionsOf(seed));
  stepsOf(seed, count).forEach((next, index) => {
    try {
      run.take(next);
      if (index % SWEEP === SWEEP - 1) run.sweep();
    } catch (error) {
      throw new Error(`${(error as Error).message}\nStep ${index} of seed ${seed}: ${textOf(next)}`, { cause: error });
    }
  });
  run.sweep();
  return run;
};

describe('the emulated hypervisor and the naive reference', () => {
  test('agree on every answer, register and byte of one long run', () => {
    take(fc.sample(fc.nat(), 1)[0] ?? 0, STEPS);
  });

  test('agree on short runs of guests of every shape', () => {
    for (let seed = 0; seed < 60; seed += 1) take(seed, 300);
  });

  test('come to refusals and successes of every kind', () => {
    const { tally } = take(3, 12_000);
    const expected = [
      ...['done', 'intercept 1', 'fault 14', 'host unmapped'].map((each) => `access ${each}`),
      ...['0', '5', '6'].map((status) => `call c status ${status} reps`),
      ...['0', '5', '6', '81'].map((status) => `call d status ${status} reps`),
      ...['0', '3', '4', '5', '6'].map((status) => `call 50 status ${status} reps`),
      ...['0', '5', '6', '80'].map((status) => `call 51 status ${status} reps`),
      ...['0', '6'].map((status) => `call 52 status ${status} reps`),
      'dma blocked',
      'vtl-call switch 0>1',
      'vtl-return switch 1>0',
      'write-msr fault 13',
      'write-register intercept 1',
    ];
    const seen = (prefix: string): number =>
      [...tally].reduce((sum, [key, count]) => sum + (key.startsWith(prefix) ? count : 0), 0);
    assert.deepEqual(
      expected.filter((each) => seen(each) === 0),
      [],
      [...tally]
        .map(([key, count]) => `${key}: ${count}`)
        .sort()
        .join('\n'),
    );
  });
});
