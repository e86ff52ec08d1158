import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { PagingRegisters } from '../../../../lib/emulator/memory/address-translation.js';
import { createOverlayPage } from '../../../../lib/emulator/memory/overlay-pages.js';
import {
  placeOverlay,
  protectPages,
  type Slat,
  setDefaultMask,
  setHostRights,
} from '../../../../lib/emulator/memory/slat.js';
import {
  ADDRESS,
  allLevels,
  ENTRIES,
  EXECUTE,
  EXEMPT,
  get,
  guest,
  P,
  put,
  READ,
  SET_BITS,
  SMEP,
  success,
  translate,
  U,
  USER,
  W,
  WRITE,
} from './translated-guest.js';

describe('the second level', () => {
  test('a page table that a VTL may not read ends its walk, and VTL1’s own walk goes on', () => {
    for (const page of [1, 2, 3, 4]) {
      const slat = guest();
      protectPages(slat, 1, page, 1, 0);
      const { code, refused } = translate(slat, 0);
      assert.equal(code, 8);
      assert.deepEqual(refused, { page, offset: page * 8, access: 'read', outcome: { kind: 'intercept', vtl: 1 } });
      assert.deepEqual(translate(slat, 0, {}, ADDRESS, 1), success(100));
      setHostRights(slat, page, 0);
      assert.equal(translate(slat, 0).code, 5);
    }
  });

  test('a page table outside RAM is unmapped, however high', () => {
    for (const target of [0x1_0000_0000n, 0xf_ffff_ffff_f000n & ~0xfffn, 0x1000_0000_2000n]) {
      const slat = guest();
      put(slat, 0x1008, target | P);
      assert.equal(translate(slat, 0).code, 4);
    }
    assert.equal(translate(guest(), 0, { cr3: 0x1000_0000_1000n }).code, 4);
  });

  test('the mapped page’s rights are looked at for the kinds of access asked for', () => {
    const slat = guest();
    protectPages(slat, 1, 100, 1, 0x1);
    assert.equal(translate(slat, 0).code, 0);
    assert.equal(translate(slat, READ).code, 0);
    assert.deepEqual(translate(slat, READ | WRITE), {
      code: 8,
      page: 0,
      cacheType: 0,
      overlay: false,
      refused: { page: 100, offset: 0xabc, access: 'write', outcome: { kind: 'intercept', vtl: 1 } },
    });
    assert.equal(translate(slat, EXECUTE).code, 8);
    assert.equal(translate(slat, READ | WRITE | EXECUTE, {}, ADDRESS, 1).code, 0);
  });

  test('the host’s refusal has codes of its own, a missing page too', () => {
    const slat = guest();
    setHostRights(slat, 100, 0);
    assert.deepEqual(
      [READ, WRITE, EXECUTE].map((access) => translate(slat, access).code),
      [5, 6, 5],
    );
    assert.equal(translate(slat, 0).code, 0);
    const beyond = guest([], 0x1_0000_0000n);
    assert.deepEqual(
      [0, READ, WRITE].map((access) => translate(beyond, access).code),
      [4, 4, 4],
    );
    assert.equal(translate(beyond, WRITE).refused?.access, 'write');
  });

  test('page tables come before the second level', () => {
    const slat = guest(allLevels(P | U));
    protectPages(slat, 1, 100, 1, 0);
    assert.equal(translate(slat, WRITE, USER).code, 2);
    assert.equal(translate(slat, READ, USER).code, 8);
  });

  test('MBEC tells user from kernel execution', () => {
    const slat = guest();
    protectPages(slat, 1, 100, 1, 0x9);
    const run = (change: Partial<PagingRegisters>): number => translate(slat, EXECUTE, change).code;
    assert.equal(run({ ...USER, mbec: true, cr4: SMEP }), 0);
    assert.equal(run({ ...USER, mbec: true }), 8);
    assert.equal(run({ ...USER, cr4: SMEP }), 8);
    assert.equal(translate(slat, EXECUTE | EXEMPT, { mbec: true, cr4: SMEP }).code, 8);
  });

  test('an overlay is told, keeps its own rights, and may hold a table', () => {
    const slat = guest();
    placeOverlay(slat, 0, createOverlayPage('hypercall', 100, 0xd));
    assert.deepEqual(translate(slat, READ | EXECUTE), { ...success(100), overlay: true });
    assert.equal(translate(slat, WRITE).code, 7);
    assert.equal(translate(slat, WRITE, {}, ADDRESS, 1).code, 0);
    placeOverlay(slat, 0, createOverlayPage('assist', 4, 3));
    assert.equal(translate(slat, READ).code, 1);
    assert.deepEqual(translate(slat, WRITE, {}, ADDRESS, 1), success(100));
  });
});

describe('accessed and dirty bits', () => {
  const bitsOf = (slat: Slat): readonly bigint[] => ENTRIES.map((address) => get(slat, address) & 0x60n);

  test('are set when asked for, dirty on the last entry and for writes only', () => {
    const slat = guest();
    translate(slat, WRITE);
    assert.deepEqual(bitsOf(slat), [0n, 0n, 0n, 0n]);
    translate(slat, READ | SET_BITS);
    assert.deepEqual(bitsOf(slat), [0x20n, 0x20n, 0x20n, 0x20n]);
    translate(slat, WRITE | SET_BITS);
    assert.deepEqual(bitsOf(slat), [0x20n, 0x20n, 0x20n, 0x60n]);
    assert.equal(get(slat, 0x4020), 0x64067n);
  });

  test('are not set by a translation that fails', () => {
    const slat = guest();
    protectPages(slat, 1, 100, 1, 0x1);
    assert.equal(translate(slat, WRITE | SET_BITS).code, 8);
    assert.equal(translate(guest(allLevels(P)), WRITE | SET_BITS).code, 2);
    assert.deepEqual(bitsOf(slat), [0n, 0n, 0n, 0n]);
  });

  test('need the right to write a table only where they change, and then change none without it', () => {
    const slat = guest();
    protectPages(slat, 1, 3, 1, 0x1);
    const refused = translate(slat, READ | SET_BITS);
    assert.equal(refused.code, 8);
    assert.deepEqual(refused.refused, {
      page: 3,
      offset: 0x18,
      access: 'write',
      outcome: { kind: 'intercept', vtl: 1 },
    });
    assert.deepEqual(bitsOf(slat), [0n, 0n, 0n, 0n]);
    for (const address of ENTRIES) put(slat, address, get(slat, address) | 0x20n);
    assert.equal(translate(slat, READ | SET_BITS).code, 0);
    assert.equal(translate(slat, WRITE | SET_BITS).code, 0);
    setDefaultMask(slat, 1, 0x3);
    setHostRights(slat, 4, 0x1);
    put(slat, 0x4020, 0x64007n);
    assert.equal(translate(slat, READ | SET_BITS).code, 6);
  });

  test('an entry that maps itself gets both', () => {
    const slat = guest();
    put(slat, 0x1000, 0x1000n | P | W | U);
    assert.deepEqual(translate(slat, WRITE | SET_BITS, {}, 0n), success(1));
    assert.equal(get(slat, 0x1000), 0x1067n);
  });
});
