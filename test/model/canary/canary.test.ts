/** Whatever VTL0 does, in any order: no part of a secret that VTL1 keeps comes to lie in anything VTL0 can read. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { flipOutcome } from '../../../lib/emulator/behaviours/current.js';
import { behaviours } from '../../../lib/emulator/behaviours.js';
import { step } from './steps.js';
import { takeStep } from './take-step.js';
import { World } from './world.js';

const STEPS = Number(process.env['TRUSTLET_RUNS'] ?? 1000);
/** Steps between two looks at everything, and in one machine’s life. */
const SWEEP = 50;
const LIFE = 2000;

const textOf = (value: unknown): string =>
  JSON.stringify(value, (_, each) => (typeof each === 'bigint' ? `0x${each.toString(16)}` : each));

const live = (seed: number, count: number, scenario?: string): World => {
  const world = new World(scenario);
  world.sweep();
  fc.sample(step, { numRuns: count, seed }).forEach((next, index) => {
    try {
      takeStep(world, next);
      if (index % SWEEP === SWEEP - 1) world.sweep();
    } catch (error) {
      throw new Error(`${(error as Error).message}\nStep ${index} of seed ${seed}: ${textOf(next)}`, { cause: error });
    }
  });
  world.sweep();
  return world;
};

describe('secrets of VTL1', () => {
  test('no sequence of VTL0’s actions puts a part of one into anything VTL0 reads', () => {
    const [first = 0] = fc.sample(fc.nat(), 1);
    for (let done = 0; done < STEPS; done += LIFE) live(first + done, Math.min(LIFE, STEPS - done));
  });

  test('the actions come to refusals and successes of every kind', () => {
    const { tally } = live(11, 6000);
    for (const expected of [
      'read intercepted',
      'read done',
      'write intercepted',
      'execute intercepted',
      'map intercepted',
      'dma blocked',
      'unprotect 5',
      'VTL1 register 6',
      'hypercall completed',
      'debug false',
      'dump true',
      'response 0',
      'compare false',
      'forged answered',
      'restart',
      'secure call 0',
      'secure call c0000008',
      'NtCreateFile c000001c',
      'IumSecureStoragePut 0',
      'IumCrypto 0',
      'lied about NtAlpcSendWaitReceivePort',
      'lied about ALLOCATE_VM',
      'changed after the secure-call was read',
      'changed after the reply was read',
      'page out 0',
      'a trustlet ended for its page',
      'live dump 0',
      'enable debugging c000000d',
    ]) {
      assert.ok((tally.get(expected) ?? 0) > 0, `${expected} never came: ${textOf([...tally])}`);
    }
    assert.ok(
      [...tally].some(([what]) => what.startsWith('response c')),
      'no lie broke a response',
    );
  });

  test('the same look finds the hash where nothing isolates it', () => {
    assert.throws(() => live(1, 0, 'plain'), /VTL0 got the user’s NT hash/);
  });

  for (const id of ['B03', 'B19', 'B26'] as const) {
    const row = behaviours.find((each) => each.id === id);
    assert.ok(row !== undefined);
    const [other = row.outcome] = row.alternatives;
    test(`and a part of one on a machine that does otherwise than ${id} says: ${other}`, () => {
      flipOutcome(id, other);
      try {
        assert.throws(() => live(1, 2000), /VTL0 got (?:the canary of|the user’s)/);
      } finally {
        flipOutcome(id, row.outcome);
      }
    });
  }
});
