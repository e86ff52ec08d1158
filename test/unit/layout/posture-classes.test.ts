import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  decodeHypervisorDetail,
  decodeKernelDebugger,
  decodeKernelDebuggerEx,
  decodeSecureCore,
  encodeHypervisorDetail,
  encodeKernelDebugger,
  encodeKernelDebuggerEx,
  encodeSecureCore,
  HYPERVISOR_LEAVES,
} from '../../../lib/layout/index.js';
import { hex, hexOf, refusesEveryPrefix, surrounded } from './bytes.js';

describe('class 35, kernel debugger', () => {
  test('is two BOOLEANs, any non-zero value true', () => {
    assert.deepEqual(decodeKernelDebugger(hex('01 00')), {
      KernelDebuggerEnabled: true,
      KernelDebuggerNotPresent: false,
    });
    assert.deepEqual(decodeKernelDebugger(surrounded(hex('00 80'), 0xff)), {
      KernelDebuggerEnabled: false,
      KernelDebuggerNotPresent: true,
    });
    assert.equal(hexOf(encodeKernelDebugger({ KernelDebuggerEnabled: true, KernelDebuggerNotPresent: false })), '0100');
    assert.equal(hexOf(encodeKernelDebugger({ KernelDebuggerEnabled: false, KernelDebuggerNotPresent: true })), '0001');
  });

  test('a truncated one is refused', () => refusesEveryPrefix(new Uint8Array(2), decodeKernelDebugger));
});

describe('class 149, kernel debugger, the longer form', () => {
  test('is three BOOLEANs, each its own', () => {
    for (const [bytes, written, set] of [
      ['01 00 00', '010000', 'DebuggerAllowed'],
      ['00 02 00', '000100', 'DebuggerEnabled'],
      ['00 00 ff', '000001', 'DebuggerPresent'],
    ] as const) {
      const expected = { DebuggerAllowed: false, DebuggerEnabled: false, DebuggerPresent: false, [set]: true };
      assert.deepEqual(decodeKernelDebuggerEx(hex(bytes)), expected);
      assert.equal(hexOf(encodeKernelDebuggerEx(expected)), written);
    }
  });

  test('a truncated one is refused', () => refusesEveryPrefix(new Uint8Array(3), decodeKernelDebuggerEx));
});

describe('class 159, hypervisor detail', () => {
  // Leaf 0: maximum 0x40000006 and `Microsoft Hv`; leaf 1: `Hv#1`; then words that tell their place.
  const bytes = hex(
    '06 00 00 40 4d 69 63 72 6f 73 6f 66 74 20 48 76',
    '48 76 23 31 00 00 00 00 00 00 00 00 00 00 00 00',
    ...[2, 3, 4, 5, 6].map((leaf) => `0${leaf} 00 00 0a 0${leaf} 00 00 0b 0${leaf} 00 00 0c 0${leaf} 00 00 0d`),
  );

  test('seven leaves of four words, the vendor and the interface as text', () => {
    const detail = decodeHypervisorDetail(surrounded(bytes, 0xee));
    assert.equal(detail.vendor, 'Microsoft Hv');
    assert.equal(detail.interface, 'Hv#1');
    assert.deepEqual(HYPERVISOR_LEAVES, [
      'HvVendorAndMaxFunction',
      'HypervisorInterface',
      'HypervisorVersion',
      'HvFeatures',
      'HwFeatures',
      'EnlightenmentInfo',
      'ImplementationLimits',
    ]);
    assert.equal(detail.leaves.HvVendorAndMaxFunction[0], 0x40000006);
    assert.deepEqual(detail.leaves.HvFeatures, [0x0a000003, 0x0b000003, 0x0c000003, 0x0d000003]);
    assert.deepEqual(detail.leaves.ImplementationLimits, [0x0a000006, 0x0b000006, 0x0c000006, 0x0d000006]);
    assert.equal(hexOf(encodeHypervisorDetail(detail.leaves)), hexOf(bytes));
  });

  test('text that is no printable ASCII is shown as question marks, and zeros end it', () => {
    const odd = new Uint8Array(bytes);
    odd.set([0x1b, 0x5b, 0x9b, 0, 0x41, 0, 0, 0, 0, 0, 0, 0], 4);
    odd.set([0, 0, 0, 0], 16);
    const detail = decodeHypervisorDetail(odd);
    assert.equal(detail.vendor, '?[??A');
    assert.equal(detail.interface, '');
  });

  test('a truncated one is refused', () => refusesEveryPrefix(bytes, decodeHypervisorDetail));
});

describe('class 242, secured-core', () => {
  const bytes = hex('01 ee ee ee ee ee ee ee', '01 00 00 00 00 00 00 80', '34 12 00 00 00 00 00 00');

  test('a BOOLEAN and two words, the padding unread', () => {
    const core = { IsSecureCore: true, SecureKernelRunning: 0x8000000000000001n, VslFeatures: 0x1234n };
    assert.deepEqual(decodeSecureCore(surrounded(bytes, 0xff)), core);
    assert.equal(hexOf(encodeSecureCore(core)), '010000000000000001000000000000803412000000000000');
  });

  test('a truncated one is refused', () => refusesEveryPrefix(bytes, decodeSecureCore));
});
