import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  createGuestMemory,
  memoryInUse,
  readMemory,
  writeMemory,
  zeroPages,
} from '../../../../lib/emulator/memory/guest-memory.js';
import { pageOfAddress } from '../../../../lib/emulator/memory/page-numbers.js';
import {
  allows,
  checkPage,
  createSlat,
  forEachProtection,
  protectionOf,
  protectPages,
  setDefaultMask,
} from '../../../../lib/emulator/memory/slat.js';

const PAGES = 8;
const SIZE = PAGES * 4096;
const addresses = fc.nat({ max: SIZE - 1 });

describe('guest memory, over any sequence of writes', () => {
  const write = fc.record(
    { address: addresses, bytes: fc.uint8Array({ minLength: 1, maxLength: 5000 }) },
    { noNullPrototype: true },
  );
  const zero = fc.record({ first: fc.nat({ max: PAGES - 1 }), count: fc.integer({ min: 1, max: 3 }) });

  test('is one flat array that ends where RAM ends, and grows with the pages written', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(write, write, zero), { maxLength: 20 }), (steps) => {
        const memory = createGuestMemory([{ firstPage: 0, pageCount: PAGES }]);
        const flat = new Uint8Array(SIZE);
        const used = new Set<number>();
        for (const step of steps) {
          if ('first' in step) {
            zeroPages(memory, step.first, step.count);
            flat.fill(0, step.first * 4096, (step.first + step.count) * 4096);
            for (let page = step.first; page < step.first + step.count; page++) used.delete(page);
            continue;
          }
          const fits = step.bytes.subarray(0, SIZE - step.address);
          assert.equal(writeMemory(memory, step.address, step.bytes), fits.length);
          flat.set(fits, step.address);
          for (let at = 0; at < fits.length; at++) used.add(Math.floor((step.address + at) / 4096));
        }
        const all = new Uint8Array(SIZE);
        assert.equal(readMemory(memory, 0, all), SIZE);
        assert.ok(Buffer.from(all).equals(Buffer.from(flat)));
        assert.equal(memoryInUse(memory), used.size * 4096);
      }),
      { numRuns: 100 },
    );
  });
});

describe('protections, over any sequence of changes', () => {
  const page = fc.constantFrom(0, 1, 4095, 4096, 8191, 8192, 9999);
  const change = fc.record({ page, mask: fc.nat({ max: 15 }), byDefault: fc.boolean() });

  test('only what was set differs from the default, nothing VTL1 sets binds VTL1, and both checks agree', () => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 30 }), (changes) => {
        const slat = createSlat(createGuestMemory([{ firstPage: 0, pageCount: 10_000 }]));
        const set = new Map<number, number>();
        let byDefault = 15;
        for (const each of changes) {
          if (each.byDefault) {
            setDefaultMask(slat, 1, each.mask);
            byDefault = each.mask;
          } else {
            protectPages(slat, 1, each.page, 1, each.mask);
            set.set(each.page, each.mask);
          }
        }
        for (const each of [0, 1, 2, 4095, 4096, 5000, 8191, 8192, 9999]) {
          const mask = set.get(each) ?? byDefault;
          assert.deepEqual(protectionOf(slat, 1, each), { mask, individual: set.has(each) });
          for (const right of [1, 2, 4, 8]) {
            assert.equal(allows(slat, 0, each, right), (mask & right) !== 0);
            assert.equal(checkPage(slat, 0, each, right).kind === 'allowed', (mask & right) !== 0);
            assert.equal(allows(slat, 1, each, right), true);
          }
        }
        const listed = new Map<number, number>();
        forEachProtection(slat, 1, (found, mask) => listed.set(found, mask));
        assert.deepEqual(listed, new Map([...set].sort(([a], [b]) => a - b)));
      }),
      { numRuns: 100 },
    );
  });

  test('an address has the page that division gives, or none', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 70n }), (address) => {
        const exact = address / 4096n;
        assert.equal(BigInt(pageOfAddress(address)), exact < 2n ** 32n ? exact : 2n ** 32n);
      }),
    );
  });
});
