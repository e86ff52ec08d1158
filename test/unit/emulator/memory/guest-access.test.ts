import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { transferByDevice } from '../../../../lib/emulator/memory/dma.js';
import { accessMemory, checkAccess } from '../../../../lib/emulator/memory/guest-access.js';
import {
  createGuestMemory,
  memoryInUse,
  readMemory,
  writeMemory,
} from '../../../../lib/emulator/memory/guest-memory.js';
import { createOverlayPage } from '../../../../lib/emulator/memory/overlay-pages.js';
import { type ExecutionMode, KERNEL_MODE, type PageAccess } from '../../../../lib/emulator/memory/rights.js';
import {
  createSlat,
  placeOverlay,
  protectPages,
  type Slat,
  setHostRights,
} from '../../../../lib/emulator/memory/slat.js';

const isArgumentError = { name: 'TrustletError', code: 'ERR_TRUSTLET_ARGUMENT' };
const guest = (): Slat => createSlat(createGuestMemory([{ firstPage: 0, pageCount: 64 }]));
const ram = (slat: Slat, address: number, length: number): number[] => {
  const bytes = new Uint8Array(length);
  readMemory(slat.memory, address, bytes);
  return [...bytes];
};

describe('accesses by a VTL', () => {
  test('read, write and fetch bytes across pages', () => {
    const slat = guest();
    const written = accessMemory(slat, 0, 0x1ffe, Uint8Array.of(1, 2, 3, 4), 'write', KERNEL_MODE);
    assert.deepEqual(written, { outcome: { kind: 'allowed' }, page: 1 });
    for (const access of ['read', 'execute'] as const) {
      const buffer = new Uint8Array(4);
      assert.equal(accessMemory(slat, 1, 0x1ffe, buffer, access, KERNEL_MODE).outcome.kind, 'allowed');
      assert.deepEqual([...buffer], [1, 2, 3, 4]);
    }
    assert.equal(accessMemory(slat, 0, 0x1000, new Uint8Array(0), 'read', KERNEL_MODE).outcome.kind, 'allowed');
  });

  test('R36, R37: a refused access shows nothing and changes nothing, on none of its pages', () => {
    const slat = guest();
    writeMemory(slat.memory, 0x2ffe, Uint8Array.of(0xa2, 0xa2, 0xa2, 0xa2));
    protectPages(slat, 1, 3, 1, 0);
    const buffer = Uint8Array.of(9, 9, 9, 9);
    const refused = { outcome: { kind: 'intercept', vtl: 1 }, page: 3 };
    assert.deepEqual(accessMemory(slat, 0, 0x2ffe, buffer, 'read', KERNEL_MODE), refused);
    assert.deepEqual(accessMemory(slat, 0, 0x2ffe, buffer, 'write', KERNEL_MODE), refused);
    assert.deepEqual(accessMemory(slat, 0, 0x2ffe, buffer, 'execute', KERNEL_MODE), refused);
    assert.deepEqual([...buffer], [9, 9, 9, 9]);
    assert.deepEqual(ram(slat, 0x2ffe, 4), [0xa2, 0xa2, 0xa2, 0xa2]);
    assert.equal(accessMemory(slat, 1, 0x2ffe, buffer, 'read', KERNEL_MODE).outcome.kind, 'allowed');
    assert.deepEqual([...buffer], [0xa2, 0xa2, 0xa2, 0xa2]);
  });

  test('nothing lies above the guest, whatever its page number would be in 32 bits', () => {
    const slat = guest();
    for (const address of [64 * 4096, 2 ** 44, 2 ** 52]) {
      const { outcome } = accessMemory(slat, 0, address, new Uint8Array(1), 'read', KERNEL_MODE);
      assert.deepEqual(outcome, { kind: 'unmapped' });
    }
  });

  test('a page of user code runs in user mode only, where MBEC says so', () => {
    const slat = guest();
    protectPages(slat, 1, 4, 1, 0x9);
    const fetch = (mode: ExecutionMode): string => checkAccess(slat, 0, 0x4000n, 'execute', mode).kind;
    assert.equal(fetch({ cpl: 3, mbec: true, smep: true }), 'allowed');
    assert.equal(fetch({ cpl: 0, mbec: true, smep: true }), 'intercept');
    assert.equal(fetch({ cpl: 3, mbec: false, smep: true }), 'intercept');
    assert.equal(fetch({ cpl: 3, mbec: true, smep: false }), 'intercept');
  });

  test('an overlay is read and written instead of the page beneath, by its own VTL', () => {
    const slat = guest();
    writeMemory(slat.memory, 0x5000, Uint8Array.of(0x11));
    const overlay = createOverlayPage('assist', 5, 3);
    placeOverlay(slat, 0, overlay);
    accessMemory(slat, 0, 0x5001, Uint8Array.of(0x22), 'write', KERNEL_MODE);
    assert.equal(overlay.bytes[1], 0x22);
    assert.deepEqual(ram(slat, 0x5000, 2), [0x11, 0]);
    const buffer = new Uint8Array(2);
    accessMemory(slat, 0, 0x5000, buffer, 'read', KERNEL_MODE);
    assert.deepEqual([...buffer], [0, 0x22]);
    accessMemory(slat, 1, 0x5000, buffer, 'read', KERNEL_MODE);
    assert.deepEqual([...buffer], [0x11, 0]);
    assert.equal(accessMemory(slat, 0, 0x5000, buffer, 'execute', KERNEL_MODE).outcome.kind, 'overlay-denied');
  });

  test('the public check takes any address and refuses wrong arguments', () => {
    const slat = guest();
    protectPages(slat, 1, 1, 1, 1);
    const check = (vtl: number, address: bigint, access: PageAccess): unknown =>
      checkAccess(slat, vtl, address, access, KERNEL_MODE);
    assert.deepEqual(check(0, 0x1fffn, 'read'), { kind: 'allowed' });
    assert.deepEqual(check(0, 0x1000n, 'write'), { kind: 'intercept', vtl: 1 });
    assert.deepEqual(check(1, 0x1000n, 'write'), { kind: 'allowed' });
    for (const address of [0x40000n, 2n ** 44n + 0x1000n, 2n ** 64n - 1n]) {
      assert.deepEqual(check(0, address, 'read'), { kind: 'unmapped' });
    }
    assert.throws(() => check(0, -1n, 'read'), isArgumentError);
    assert.throws(() => check(2, 0n, 'read'), isArgumentError);
    assert.throws(() => check(8, 0n, 'read'), isArgumentError);
    assert.throws(() => check(0, 0n, 'delete' as PageAccess), isArgumentError);
  });
});

describe('device accesses', () => {
  test('without an IOMMU a device reaches VTL1’s memory, with one it has VTL0’s rights', () => {
    const slat = guest();
    writeMemory(slat.memory, 0x7000, Uint8Array.of(0xa2));
    protectPages(slat, 1, 7, 1, 0);
    protectPages(slat, 1, 8, 1, 1);
    const buffer = new Uint8Array(1);
    assert.equal(transferByDevice(slat, 0x7000, buffer, 'read'), 'allowed');
    assert.equal(buffer[0], 0xa2);
    assert.equal(transferByDevice(slat, 0x7000, Uint8Array.of(0xbb), 'write'), 'allowed');
    assert.deepEqual(ram(slat, 0x7000, 1), [0xbb]);
    slat.iommu = true;
    buffer[0] = 9;
    assert.equal(transferByDevice(slat, 0x7000, buffer, 'read'), 'blocked');
    assert.equal(buffer[0], 9);
    assert.equal(transferByDevice(slat, 0x7000, Uint8Array.of(1), 'write'), 'blocked');
    assert.deepEqual(ram(slat, 0x7000, 1), [0xbb]);
    assert.equal(transferByDevice(slat, 0x8000, buffer, 'read'), 'allowed');
    assert.equal(transferByDevice(slat, 0x8000, buffer, 'write'), 'blocked');
  });

  test('a transfer that one page refuses has no effect on the others', () => {
    const slat = guest();
    slat.iommu = true;
    protectPages(slat, 1, 3, 1, 0);
    assert.equal(transferByDevice(slat, 0x2ffe, Uint8Array.of(1, 2, 3, 4), 'write'), 'blocked');
    assert.equal(memoryInUse(slat.memory), 0);
    assert.equal(transferByDevice(slat, 0x3_fffe, Uint8Array.of(1, 2, 3, 4), 'write'), 'unmapped');
    assert.equal(memoryInUse(slat.memory), 0);
  });

  test('a device sees the page beneath an overlay, with that page’s rights', () => {
    const slat = guest();
    slat.iommu = true;
    const overlay = createOverlayPage('simp', 3, 3);
    placeOverlay(slat, 0, overlay);
    assert.equal(transferByDevice(slat, 0x3000, Uint8Array.of(5), 'write'), 'allowed');
    assert.equal(overlay.bytes[0], 0);
    protectPages(slat, 1, 3, 1, 0);
    assert.equal(transferByDevice(slat, 0x3000, new Uint8Array(1), 'read'), 'blocked');
    protectPages(slat, 1, 3, 1, 15);
    setHostRights(slat, 3, 0);
    assert.equal(transferByDevice(slat, 0x3000, new Uint8Array(1), 'read'), 'blocked');
    slat.iommu = false;
    assert.equal(transferByDevice(slat, 0x3000, new Uint8Array(1), 'read'), 'allowed');
  });
});
