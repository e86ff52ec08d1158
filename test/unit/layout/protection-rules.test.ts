import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { decodeProtection } from '../../../lib/layout/protection.js';
import { dominates, protectionName, refusedByProtection } from '../../../lib/layout/protection-rules.js';

/** PS_PROTECTION bytes by their usual names. */
const NONE = 0x00;
const PPL_ANTIMALWARE = 0x31;
const PPL_LSA = 0x41;
const PPL_WIN_TCB = 0x61;
const PP_WIN_TCB = 0x62;

describe('protection', () => {
  test('is named by kind and signer', () => {
    const names = [NONE, PPL_LSA, PP_WIN_TCB, 0x07].map((byte) => protectionName(decodeProtection(byte)));
    assert.deepEqual(names, ['none', 'PPL-Lsa', 'PP-WinTcb', 'unknown(7)-None']);
  });

  test('keeps nobody out of an unprotected process, and an unprotected caller out of a protected one', () => {
    assert.equal(dominates(NONE, NONE), true);
    assert.equal(dominates(PPL_LSA, NONE), true);
    assert.equal(dominates(NONE, PPL_LSA), false);
  });

  test('needs at least the target’s type and a signer that dominates the target’s', () => {
    assert.equal(dominates(PPL_WIN_TCB, PPL_LSA), true);
    assert.equal(dominates(PPL_WIN_TCB, PP_WIN_TCB), false);
    assert.equal(dominates(PPL_ANTIMALWARE, PPL_LSA), false);
    assert.equal(dominates(0xf1, PPL_LSA), false);
  });

  test('refuses rights by kind of handle, and the end of some processes to all but their parent', () => {
    assert.equal(refusedByProtection(PPL_WIN_TCB, PPL_LSA, 'process', false), 0);
    assert.equal(refusedByProtection(NONE, PPL_LSA, 'process', false), 0xf07fb);
    assert.equal(refusedByProtection(NONE, PPL_LSA, 'process', true), 0xf07fa);
    assert.equal(refusedByProtection(NONE, 0x81, 'process', false), 0xf07fa);
    assert.equal(refusedByProtection(NONE, PPL_LSA, 'thread', false), 0x3f9);
  });
});
