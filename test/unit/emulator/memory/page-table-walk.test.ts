import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { TranslationCode } from '../../../../lib/emulator/memory/address-translation.js';
import {
  ADDRESS,
  CR0_PE,
  EXECUTE,
  guest,
  NX,
  P,
  PCD,
  PS,
  PWT,
  put,
  READ,
  SET_BITS,
  success,
  translate,
  U,
  W,
  WRITE,
} from './translated-guest.js';

describe('the page-table walk', () => {
  test('the result codes are the hypervisor’s', () => {
    assert.deepEqual(TranslationCode, {
      SUCCESS: 0,
      PAGE_NOT_PRESENT: 1,
      PRIVILEGE_VIOLATION: 2,
      INVALID_PAGE_TABLE_FLAGS: 3,
      GPA_UNMAPPED: 4,
      GPA_NO_READ_ACCESS: 5,
      GPA_NO_WRITE_ACCESS: 6,
      GPA_ILLEGAL_OVERLAY_ACCESS: 7,
      INTERCEPT: 8,
    });
  });

  test('R28: finds a 4 KiB page, write-back', () => {
    assert.deepEqual(translate(guest(), 0), success(100));
    assert.deepEqual(translate(guest(), READ | WRITE | EXECUTE), success(100));
  });

  test('finds the page within a 2 MiB and a 1 GiB page', () => {
    const two = guest();
    put(two, 0x3018, 0x4000_0000n | P | W | U | PS);
    assert.deepEqual(translate(two, READ), success(0x40004));
    const one = guest();
    put(one, 0x2010, 0x8000_0000n | P | W | U | PS);
    assert.deepEqual(translate(one, READ), success(0x80604));
  });

  test('walks the upper half of the address space', () => {
    const slat = guest();
    put(slat, 0x1ff8, 0x2003n);
    put(slat, 0x2ff8, 0x3003n);
    put(slat, 0x3ff8, 0x4003n);
    put(slat, 0x4ff8, 0x65003n);
    assert.deepEqual(translate(slat, READ, {}, 0xffff_ffff_ffff_f123n), success(0x65));
  });

  test('R29: an entry that is not present ends it at any level; so does an address that is not canonical', () => {
    for (const level of [0, 1, 2, 3]) {
      const flags = [P | W | U, P | W | U, P | W | U, P | W | U];
      flags[level] = W | U;
      assert.deepEqual(translate(guest(flags), READ), {
        code: 1,
        page: 0,
        cacheType: 0,
        overlay: false,
        refused: null,
      });
    }
    for (const address of [0x8000_0000_0000n, 0xffff_7fff_ffff_f000n, ADDRESS + 2n ** 50n]) {
      assert.equal(translate(guest(), READ, {}, address).code, 1);
    }
    assert.equal(translate(guest(), READ, {}, 0n).code, 1);
    assert.equal(translate(guest(), READ, { cr3: 0x9000n }).code, 1);
  });

  test('refuses reserved bits', () => {
    const withEntry = (address: number, entry: bigint): number => {
      const slat = guest();
      put(slat, address, entry);
      return translate(slat, READ).code;
    };
    assert.equal(withEntry(0x1008, 0x2000n | P | W | PS), 3);
    assert.equal(withEntry(0x2010, 0x4000_2000n | P | PS), 3);
    assert.equal(withEntry(0x2010, 0x6000_0000n | P | PS), 3);
    assert.equal(withEntry(0x3018, 0x4000_2000n | P | PS), 3);
    assert.equal(withEntry(0x3018, 0x4010_0000n | P | PS), 3);
    assert.equal(withEntry(0x3018, 0x4000_1000n | P | PS), 0);
    const noNxe = { efer: 0x501n };
    assert.equal(translate(guest([P | W | U | NX]), READ, noNxe).code, 3);
    assert.equal(translate(guest([P | W | U | NX]), READ).code, 0);
  });

  test('does not know legacy and 5-level paging', () => {
    assert.equal(translate(guest(), READ, { efer: 0n }).code, 3);
    assert.equal(translate(guest(), READ, { cr4: 0x1000n }).code, 3);
  });

  test('without paging an address is its own', () => {
    const off = { cr0: CR0_PE };
    assert.deepEqual(translate(guest(), READ | WRITE | EXECUTE, off, 0x12345n), success(0x12));
    assert.deepEqual(translate(guest(), SET_BITS, off, 0x12345n), success(0x12));
    assert.equal(translate(guest(), 0, off, 2n ** 32n).code, 4);
    assert.equal(translate(guest(), 0, off, 2n ** 44n).code, 4);
    assert.equal(translate(guest(), 0, off, 2n ** 64n - 1n).code, 4);
  });

  test('takes the memory type from the PAT', () => {
    const pat = 0x07_06_05_04_01_00_06_07n;
    const typeOf = (flags: bigint): number => translate(guest([P | U, P | U, P | U, flags]), READ, { pat }).cacheType;
    assert.deepEqual(
      [P, P | PWT, P | PCD, P | PWT | PCD, P | PS, P | PS | PWT, P | PS | PCD, P | PS | PCD | PWT].map(typeOf),
      [0, 6, 0, 1, 4, 5, 6, 0],
    );
    const large = guest();
    put(large, 0x3018, 0x4000_1000n | P | PS);
    assert.equal(translate(large, READ, { pat }).cacheType, 4);
    put(large, 0x3018, 0x4000_0000n | P | PS | PWT);
    assert.equal(translate(large, READ, { pat }).cacheType, 6);
  });
});
