import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  ALL_RIGHTS,
  executeRight,
  isValidDefaultMask,
  isValidMask,
  KERNEL_MODE,
  neededRight,
  PageRight,
} from '../../../../lib/emulator/memory/rights.js';

describe('page rights', () => {
  test('have the map flags’ bits', () => {
    assert.deepEqual(PageRight, { READ: 1, WRITE: 2, KERNEL_EXECUTE: 4, USER_EXECUTE: 8 });
    assert.equal(ALL_RIGHTS, 15);
  });

  test('the user bit governs only user mode with MBEC on and SMEP in force', () => {
    const table: readonly (readonly [number, boolean, boolean, number])[] = [
      [0, false, false, 4],
      [0, false, true, 4],
      [0, true, false, 4],
      [0, true, true, 4],
      [1, true, true, 4],
      [3, false, false, 4],
      [3, false, true, 4],
      [3, true, false, 4],
      [3, true, true, 8],
    ];
    for (const [cpl, mbec, smep, right] of table) assert.equal(executeRight({ cpl, mbec, smep }), right);
  });

  test('an access needs one bit', () => {
    assert.equal(neededRight('read', KERNEL_MODE), 1);
    assert.equal(neededRight('write', KERNEL_MODE), 2);
    assert.equal(neededRight('execute', KERNEL_MODE), 4);
    assert.equal(neededRight('execute', { cpl: 3, mbec: true, smep: true }), 8);
  });

  test('R55: a mask needs R, KX needs UX, and UX alone needs MBEC', () => {
    const valid = (mbec: boolean): number[] =>
      Array.from({ length: 16 }, (_, mask) => mask).filter((mask) => isValidMask(mask, mbec));
    assert.deepEqual(valid(false), [0x0, 0x1, 0x3, 0xd, 0xf]);
    assert.deepEqual(valid(true), [0x0, 0x1, 0x3, 0x9, 0xb, 0xd, 0xf]);
    for (const other of [0x10, 0x1f, 0x20, 0x8001, -1]) assert.equal(isValidMask(other, true), false);
  });

  test('R50, R51: a default mask needs R and W', () => {
    const valid = (mbec: boolean): number[] =>
      Array.from({ length: 32 }, (_, mask) => mask).filter((mask) => isValidDefaultMask(mask, mbec));
    assert.deepEqual(valid(false), [0x3, 0xf]);
    assert.deepEqual(valid(true), [0x3, 0xb, 0xf]);
  });
});
