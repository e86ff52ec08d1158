import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type TranslationOptions, translationOptions } from '../../../../lib/emulator/memory/address-translation.js';
import {
  allLevels,
  CR0_PE,
  CR0_PG,
  codesOf,
  ENFORCE_SMAP,
  EXEMPT,
  guest,
  NX,
  OVERRIDE_SMAP,
  P,
  SMAP,
  SMEP,
  SUPERVISOR,
  translate,
  U,
  USER,
  USER_FLAG,
  W,
  WRITE,
} from './translated-guest.js';

describe('the page tables’ rights', () => {
  test('user mode needs U and, for writing, W on every level', () => {
    for (const level of [0, 1, 2, 3]) {
      const without = (bit: bigint): readonly bigint[] =>
        allLevels(P | W | U).map((flags, at) => (at === level ? flags & ~bit : flags));
      assert.deepEqual(codesOf(guest(without(U)), USER), [2, 2, 2]);
      assert.deepEqual(codesOf(guest(without(W)), USER), [0, 2, 0]);
    }
    assert.deepEqual(codesOf(guest(), USER), [0, 0, 0]);
  });

  test('the kernel writes read-only pages unless WP is set', () => {
    const slat = guest(allLevels(P));
    assert.deepEqual(codesOf(slat, {}), [0, 2, 0]);
    assert.deepEqual(codesOf(slat, { cr0: CR0_PE | CR0_PG }), [0, 0, 0]);
    assert.equal(translate(guest(allLevels(P | U)), WRITE, { ...USER, cr0: CR0_PE | CR0_PG }).code, 2);
  });

  test('NX on any level forbids execution in both modes', () => {
    for (const level of [0, 1, 2, 3]) {
      const slat = guest(allLevels(P | W | U).map((flags, at) => (at === level ? flags | NX : flags)));
      assert.deepEqual(codesOf(slat, {}), [0, 0, 2]);
      assert.deepEqual(codesOf(slat, USER), [0, 0, 2]);
    }
  });

  test('SMEP keeps the kernel from running user pages', () => {
    assert.deepEqual(codesOf(guest(), { cr4: SMEP }), [0, 0, 2]);
    assert.deepEqual(codesOf(guest(), { ...USER, cr4: SMEP }), [0, 0, 0]);
    assert.deepEqual(codesOf(guest(allLevels(P | W)), { cr4: SMEP }), [0, 0, 0]);
  });

  test('SMAP keeps the kernel from user data unless AC is set, and the flags have the last word', () => {
    const ac = { cr4: SMAP, rflags: 0x4_0000n };
    assert.deepEqual(codesOf(guest(), { cr4: SMAP }), [2, 2, 0]);
    assert.deepEqual(codesOf(guest(), ac), [0, 0, 0]);
    assert.deepEqual(codesOf(guest(), ac, ENFORCE_SMAP), [2, 2, 0]);
    assert.deepEqual(codesOf(guest(), { cr4: SMAP }, OVERRIDE_SMAP), [0, 0, 0]);
    assert.deepEqual(codesOf(guest(), {}, ENFORCE_SMAP), [0, 0, 0]);
    assert.deepEqual(codesOf(guest(), { ...USER, cr4: SMAP }), [0, 0, 0]);
    assert.deepEqual(codesOf(guest(allLevels(P | W)), { cr4: SMAP }), [0, 0, 0]);
  });

  test('the flags name the mode: user, supervisor, both, or exempt', () => {
    const kernelPage = guest(allLevels(P | W));
    assert.deepEqual(codesOf(kernelPage, {}, USER_FLAG), [2, 2, 2]);
    assert.deepEqual(codesOf(kernelPage, USER, SUPERVISOR), [0, 0, 0]);
    assert.deepEqual(codesOf(kernelPage, {}, SUPERVISOR | USER_FLAG), [2, 2, 2]);
    assert.deepEqual(codesOf(guest(), { cr4: SMEP }, SUPERVISOR | USER_FLAG), [0, 0, 2]);
    assert.deepEqual(codesOf(kernelPage, USER, EXEMPT), [0, 0, 0]);
    assert.deepEqual(codesOf(guest(), { cr4: SMEP | SMAP }, EXEMPT | USER_FLAG), [0, 0, 0]);
    assert.deepEqual(codesOf(guest(allLevels(P | NX)), USER, EXEMPT), [0, 2, 2]);
  });

  test('without a kind of access nothing is validated', () => {
    assert.equal(translate(guest(allLevels(P)), 0, USER).code, 0);
  });

  test('the control flags decode', () => {
    assert.deepEqual(translationOptions(0), {
      accesses: [],
      privilege: 'current',
      smap: 'registers',
      setTableBits: false,
    } satisfies TranslationOptions);
    assert.deepEqual(translationOptions(0x37), {
      accesses: ['read', 'write', 'execute'],
      privilege: 'current',
      smap: 'registers',
      setTableBits: true,
    } satisfies TranslationOptions);
  });
});
