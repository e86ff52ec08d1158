/** CrInterceptControl and its masks (facts/vsm.md 1.6, 1.7). */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Hypervisor } from '../../../../lib/emulator/hypervisor/hypervisor.js';
import type { InstructionResult } from '../../../../lib/emulator/hypervisor/outcomes.js';
import { get, leave, message, Name, number, secure, set } from './guest.js';

type Write = (hv: Hypervisor) => InstructionResult;
const register =
  (name: number, value = 0x1000n): Write =>
  (hv) =>
    hv.writeRegister(0, name, value);
const wrmsr =
  (msr: number, value = 0x1000n): Write =>
  (hv) =>
    hv.writeMsr(0, msr, value);

/** Bits, what they watch, and the type of the message. */
const WATCHED: readonly (readonly [bit: number, text: string, run: Write, type: bigint])[] = [
  [0, 'CR0', register(Name.CR0, 0x1_0031n), 0x8001_0006n],
  [1, 'CR4', register(Name.CR4, 0x10_0000n), 0x8001_0006n],
  [2, 'XCR0', register(0x0004_0005), 0x8001_0006n],
  [4, 'IA32_MISC_ENABLE', wrmsr(0x1a0), 0x8001_0001n],
  [6, 'LSTAR', wrmsr(0xc000_0082), 0x8001_0001n],
  [8, 'STAR', wrmsr(0xc000_0081), 0x8001_0001n],
  [10, 'CSTAR', wrmsr(0xc000_0083), 0x8001_0001n],
  [12, 'APIC_BASE', wrmsr(0x1b), 0x8001_0001n],
  [14, 'EFER', wrmsr(0xc000_0080), 0x8001_0001n],
  [15, 'GDTR', register(0x0007_0001), 0x8001_0006n],
  [16, 'IDTR', register(0x0007_0000), 0x8001_0006n],
  [17, 'LDTR', register(0x0006_0006), 0x8001_0006n],
  [18, 'TR', register(0x0006_0007), 0x8001_0006n],
  [19, 'SYSENTER_CS', wrmsr(0x174), 0x8001_0001n],
  [20, 'SYSENTER_EIP', wrmsr(0x176), 0x8001_0001n],
  [21, 'SYSENTER_ESP', wrmsr(0x175), 0x8001_0001n],
  [22, 'SFMASK', wrmsr(0xc000_0084), 0x8001_0001n],
  [23, 'TSC_AUX', wrmsr(0xc000_0103), 0x8001_0001n],
  [25, 'XSS', wrmsr(0xda0), 0x8001_0001n],
  [26, 'S_CET', wrmsr(0x6a2), 0x8001_0001n],
  [27, 'PL0_SSP', wrmsr(0x6a4), 0x8001_0001n],
  [27, 'PL2_SSP', wrmsr(0x6a6), 0x8001_0001n],
  [28, 'INTERRUPT_SSP_TABLE', wrmsr(0x6a8), 0x8001_0001n],
];
const SUPPORTED = 0x1eff_d557n;

const watching = (control: bigint, profile: 'openhcl' | 'kvm' = 'openhcl'): Hypervisor => {
  const hv = secure({ profile });
  for (const name of [Name.CR0_MASK, Name.CR4_MASK, Name.MISC_MASK]) {
    assert.equal(set(hv, name, 0xffff_ffff_ffff_ffffn), 0);
  }
  assert.equal(set(hv, Name.CR_CONTROL, control), 0);
  return hv;
};

describe('CrInterceptControl', () => {
  for (const [bit, text, run, type] of WATCHED) {
    test(`bit ${bit} stops VTL0’s write of ${text}, and no other bit does`, () => {
      const hv = watching(1n << BigInt(bit));
      leave(hv);
      assert.deepEqual(run(hv), { kind: 'intercept', vtl: 1, posted: true, entered: true });
      assert.equal(number(message(hv), 0, 4), type);
      const others = watching(SUPPORTED & ~(1n << BigInt(bit)));
      leave(others);
      assert.equal(run(others).kind, 'done');
    });
  }

  test('does not stop VTL1’s own writes, nor registers that no bit is for', () => {
    const hv = watching(SUPPORTED);
    for (const [, text, run] of WATCHED) assert.equal(run(hv).kind, 'done', text);
    leave(hv);
    for (const name of [Name.CR3, Name.RSP, Name.CR8]) assert.equal(hv.writeRegister(0, name, 1n).kind, 'done');
    assert.equal(hv.writeMsr(0, 0x277, 0x0606n).kind, 'done');
  });

  test('holds the writes and no reads, nor the SGX one', () => {
    const hv = secure();
    for (const bit of [3n, 5n, 7n, 9n, 11n, 13n, 24n, 29n, 63n]) {
      assert.equal(set(hv, Name.CR_CONTROL, 1n << bit), 0x50, `bit ${bit}`);
    }
    assert.equal(set(hv, Name.CR_CONTROL, SUPPORTED), 0);
    assert.equal(get(hv, Name.CR_CONTROL), SUPPORTED);
  });

  test('is taken without an effect by the KVM fork', () => {
    const hv = watching(0xffff_ffffn, 'kvm');
    assert.equal(get(hv, Name.CR_CONTROL), 0n);
    leave(hv);
    for (const [, text, run] of WATCHED) assert.equal(run(hv).kind, 'done', text);
  });
});

describe('the masks', () => {
  for (const [bit, mask, run] of [
    [0, Name.CR0_MASK, register(Name.CR0, 0x1_0031n)],
    [1, Name.CR4_MASK, register(Name.CR4, 0x1_0000n)],
    [4, Name.MISC_MASK, wrmsr(0x1a0, 0x1_0000n)],
  ] as const) {
    test(`of bit ${bit} let a write through that changes none of its bits`, () => {
      const hv = watching(1n << BigInt(bit));
      assert.equal(set(hv, mask, ~0x1_0000n & 0xffff_ffff_ffff_ffffn), 0);
      leave(hv);
      assert.equal(run(hv).kind, 'done');
      hv.vtlCall(0);
      assert.equal(set(hv, mask, 0x1_0000n), 0);
      leave(hv);
      // The bit is set already: the write changes nothing.
      assert.equal(run(hv).kind, 'done');
      assert.equal(
        (bit === 4 ? wrmsr(0x1a0, 0n) : register(bit === 0 ? Name.CR0 : Name.CR4, 0x31n))(hv).kind,
        'intercept',
      );
    });
  }
});
