import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  createGuestMemory,
  endOfRam,
  isRam,
  memoryInUse,
  type RamRange,
  readMemory,
  writeMemory,
  zeroPages,
} from '../../../../lib/emulator/memory/guest-memory.js';
import { pageOfAddress } from '../../../../lib/emulator/memory/page-numbers.js';

const isArgumentError = { name: 'TrustletError', code: 'ERR_TRUSTLET_ARGUMENT' };

/** 16 pages, a hole of 4, 8 pages. */
const ranges: readonly RamRange[] = [
  { firstPage: 0, pageCount: 16 },
  { firstPage: 20, pageCount: 8 },
];

const read = (memory: ReturnType<typeof createGuestMemory>, address: number, length: number): number[] => {
  const buffer = new Uint8Array(length).fill(0xee);
  assert.equal(readMemory(memory, address, buffer), length);
  return [...buffer];
};

describe('guest memory', () => {
  test('knows which pages are RAM', () => {
    const memory = createGuestMemory(ranges);
    assert.deepEqual(
      [0, 15, 16, 19, 20, 27, 28, 2 ** 32].map((page) => isRam(memory, page)),
      [true, true, false, false, true, true, false, false],
    );
    assert.equal(endOfRam(memory), 28);
  });

  test('reads zeros where nothing was written, and spends nothing on them', () => {
    const memory = createGuestMemory([{ firstPage: 0, pageCount: 16 * 2 ** 20 }]);
    assert.deepEqual(read(memory, 63 * 2 ** 30, 4), [0, 0, 0, 0]);
    assert.equal(memoryInUse(memory), 0);
  });

  test('keeps what was written across a page boundary', () => {
    const memory = createGuestMemory(ranges);
    assert.equal(writeMemory(memory, 0x1ffe, Uint8Array.of(1, 2, 3, 4)), 4);
    assert.deepEqual(read(memory, 0x1ffd, 6), [0, 1, 2, 3, 4, 0]);
    assert.equal(memoryInUse(memory), 8192);
  });

  test('stops where RAM ends, and says how far it came', () => {
    const memory = createGuestMemory(ranges);
    assert.equal(writeMemory(memory, 0xfffe, Uint8Array.of(1, 2, 3, 4)), 2);
    const buffer = new Uint8Array(4).fill(9);
    assert.equal(readMemory(memory, 0xfffe, buffer), 2);
    assert.deepEqual([...buffer], [1, 2, 9, 9]);
    assert.equal(readMemory(memory, 0x10000, buffer), 0);
    assert.equal(writeMemory(memory, 0x10000, buffer), 0);
  });

  test('a zeroed page gives its memory back, whether few pages are zeroed or many', () => {
    for (const [first, count] of [
      [1, 1],
      [0, 3],
      [1, 1_000_000],
    ] as const) {
      const memory = createGuestMemory([{ firstPage: 0, pageCount: 2_000_000 }]);
      for (const page of [0, 1, 1_500_000]) writeMemory(memory, page * 4096, Uint8Array.of(7));
      zeroPages(memory, first, count);
      assert.deepEqual(read(memory, 4096, 1), [0]);
      assert.deepEqual(read(memory, 0, 1), [first === 0 ? 0 : 7]);
      assert.deepEqual(read(memory, 1_500_000 * 4096, 1), [7]);
      assert.equal(memoryInUse(memory), first === 0 ? 4096 : 8192);
    }
  });

  test('refuses ranges that cannot be a guest’s RAM', () => {
    const wrong: readonly (readonly RamRange[])[] = [
      [],
      [{ firstPage: 0, pageCount: 0 }],
      [{ firstPage: -1, pageCount: 2 }],
      [{ firstPage: 0.5, pageCount: 2 }],
      [{ firstPage: 0, pageCount: 1.5 }],
      [{ firstPage: 2 ** 32 - 1, pageCount: 2 }],
      [
        { firstPage: 10, pageCount: 2 },
        { firstPage: 11, pageCount: 2 },
      ],
      [
        { firstPage: 10, pageCount: 2 },
        { firstPage: 0, pageCount: 2 },
      ],
    ];
    for (const each of wrong) assert.throws(() => createGuestMemory(each), isArgumentError);
    assert.equal(endOfRam(createGuestMemory([{ firstPage: 2 ** 32 - 1, pageCount: 1 }])), 2 ** 32);
  });
});

describe('pageOfAddress', () => {
  test('is the page, or one no guest has', () => {
    assert.deepEqual(
      [0n, 4095n, 4096n, 0xfff_ffff_ffffn, 0x1000_0000_0000n, 2n ** 64n - 1n, 2n ** 2000n].map(pageOfAddress),
      [0, 0, 1, 0xffff_ffff, 2 ** 32, 2 ** 32, 2 ** 32],
    );
  });

  test('refuses what is no unsigned bigint', () => {
    for (const wrong of [-1n, 5, '5', undefined, {}] as readonly unknown[]) {
      assert.throws(() => pageOfAddress(wrong as bigint), isArgumentError);
    }
  });
});
