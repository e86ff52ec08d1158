import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { handleWord } from '../../../lib/backends/handle-word.js';

describe('a handle as a word of the callee', () => {
  test('is the same handle, pseudo-handles included, signed or unsigned', () => {
    for (const wordSize of [4, 8] as const) {
      assert.equal(handleWord(0x40n, wordSize), 0x40n);
      assert.equal(handleWord(-1n, wordSize), -1n);
    }
    assert.equal(handleWord(0xffff_fffcn, 4), -4n);
    assert.equal(handleWord(0xffff_fffcn, 8), 0xffff_fffcn);
    assert.equal(handleWord(0x1_0000_0004n, 8), 0x1_0000_0004n);
    assert.equal(handleWord(0xffff_ffff_ffff_ffffn, 8), -1n);
  });

  test('is none where it does not fit: cutting it would name another handle', () => {
    assert.equal(handleWord(0x1_0000_0004n, 4), null);
    assert.equal(handleWord(-0x8000_0001n, 4), null);
    assert.equal(handleWord(0xffff_ffff_ffff_ffffn, 4), null);
    assert.equal(handleWord((1n << 64n) + 0x40n, 8), null);
    assert.equal(handleWord(-(1n << 63n) - 1n, 8), null);
  });
});
