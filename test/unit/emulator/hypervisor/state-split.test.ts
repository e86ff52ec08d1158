/** What each VTL has of its own and what VTLs share (facts/vsm.md 1.9). */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Code, create, enableVp, get, leave, msr, Name, secure, succeed, use, write } from './guest.js';

/** Private registers and a bit that can be changed without consequence. RIP moves by itself: see below. */
const PRIVATE: readonly (readonly [text: string, name: number, bit: bigint])[] = [
  ['RSP', 0x0002_0004, 1n << 12n],
  ['RFLAGS', 0x0002_0011, 1n],
  ['CR0', 0x0004_0000, 1n << 16n],
  ['CR3', 0x0004_0002, 1n << 12n],
  ['CR4', 0x0004_0003, 1n << 9n],
  ['CR8', 0x0004_0004, 1n],
  ['DR7', 0x0005_0005, 1n],
  ['ES', 0x0006_0000, 1n << 12n],
  ['CS', 0x0006_0001, 1n << 12n],
  ['SS', 0x0006_0002, 1n << 12n],
  ['DS', 0x0006_0003, 1n << 12n],
  ['FS', 0x0006_0004, 1n << 12n],
  ['GS', 0x0006_0005, 1n << 12n],
  ['LDTR', 0x0006_0006, 1n << 96n],
  ['TR', 0x0006_0007, 1n << 96n],
  ['IDTR', 0x0007_0000, 1n << 100n],
  ['GDTR', 0x0007_0001, 1n << 126n],
  ['TSC', 0x0008_0000, 1n << 40n],
  ['EFER', 0x0008_0001, 1n],
  ['KERNEL_GS_BASE', 0x0008_0002, 1n << 62n],
  ['APIC_BASE', 0x0008_0003, 1n << 12n],
  ['PAT', 0x0008_0004, 1n << 1n],
  ['SYSENTER_CS', 0x0008_0005, 1n],
  ['SYSENTER_EIP', 0x0008_0006, 1n],
  ['SYSENTER_ESP', 0x0008_0007, 1n],
  ['STAR', 0x0008_0008, 1n],
  ['LSTAR', 0x0008_0009, 1n],
  ['CSTAR', 0x0008_000a, 1n],
  ['SFMASK', 0x0008_000b, 1n],
  ['TSC_AUX', 0x0008_007b, 1n],
];

/** Shared registers; RAX and RCX carry the switch itself. */
const SHARED: readonly (readonly [text: string, name: number, value: bigint])[] = [
  ['RDX', 0x0002_0002, 0x22n],
  ['RBX', 0x0002_0003, 0x33n],
  ['RBP', 0x0002_0005, 0x55n],
  ['RSI', 0x0002_0006, 0x66n],
  ['RDI', 0x0002_0007, 0x77n],
  ...[8, 9, 10, 11, 12, 13, 14, 15].map((n): readonly [string, number, bigint] => [
    `R${n}`,
    0x0002_0000 + n,
    BigInt(n) << 60n,
  ]),
  ...Array.from({ length: 16 }, (_, n): readonly [string, number, bigint] => [
    `XMM${n}`,
    0x0003_0000 + n,
    (1n << 127n) | BigInt(n),
  ]),
  ['CR2', 0x0004_0001, 0xdead_b000n],
  ['XCR0', 0x0004_0005, 0x7n],
  ['DR0', 0x0005_0000, 0x1n],
  ['DR1', 0x0005_0001, 0x2n],
  ['DR2', 0x0005_0002, 0x3n],
  ['DR3', 0x0005_0003, 0x4n],
];

/** Private MSRs with two values each, for VTL1 and for VTL0. */
const PRIVATE_MSRS: readonly (readonly [text: string, msr: number, vtl1: bigint, vtl0: bigint])[] = [
  ['FS.BASE', 0xc000_0100, 0x1000n, 0xffff_8000_0000_0000n],
  ['GS.BASE', 0xc000_0101, 0x1000n, 0x2000n],
  ['KERNEL_GS_BASE', 0xc000_0102, 0x1000n, 0x2000n],
  ['TSC_AUX', 0xc000_0103, 1n, 2n],
  ['EFER', 0xc000_0080, 0x800n, 0x801n],
  ['STAR', 0xc000_0081, 1n, 2n],
  ['LSTAR', 0xc000_0082, 1n, 2n],
  ['CSTAR', 0xc000_0083, 1n, 2n],
  ['SFMASK', 0xc000_0084, 1n, 2n],
  ['SYSENTER_CS', 0x174, 1n, 2n],
  ['SYSENTER_ESP', 0x175, 1n, 2n],
  ['SYSENTER_EIP', 0x176, 1n, 2n],
  ['PAT', 0x277, 0x0606_0606_0606_0606n, 0x0006n],
  ['APIC_BASE', 0x1b, 0xfee0_0800n, 0xfee0_0c00n],
  ['TSC', 0x10, 0x1000n, 0x2000n],
  ['GUEST_OS_ID', 0x4000_0000, 1n, 2n],
  ['HYPERCALL', 0x4000_0001, 0x6_0001n, 0x6_1001n],
  ['REFERENCE_TSC', 0x4000_0021, 0x6_2001n, 0x6_3001n],
  ['NPIEP_CONFIG', 0x4000_0040, 1n, 2n],
  ['TPR', 0x4000_0072, 0x30n, 0x40n],
  ['x2APIC TPR', 0x808, 0x50n, 0x20n],
  ['VP_ASSIST_PAGE', 0x4000_0073, 0x6_4001n, 0x6_5001n],
  ['SCONTROL', 0x4000_0080, 1n, 0n],
  ['SIEFP', 0x4000_0082, 0x6_6001n, 0x6_7001n],
  ['SIMP', 0x4000_0083, 0x6_8001n, 0x6_9001n],
  ['SIRBP', 0x4000_0085, 1n, 2n],
  ...Array.from({ length: 16 }, (_, n): readonly [string, number, bigint, bigint] => [
    `SINT${n}`,
    0x4000_0090 + n,
    0x30n,
    0x2_0040n,
  ]),
  ...Array.from({ length: 8 }, (_, n): readonly [string, number, bigint, bigint] => [
    n % 2 === 0 ? `STIMER${n / 2}_CONFIG` : `STIMER${(n - 1) / 2}_COUNT`,
    0x4000_00b0 + n,
    1n,
    2n,
  ]),
];

const SHARED_MSRS: readonly (readonly [text: string, msr: number])[] = [
  ['MTRR_PHYSBASE0', 0x200],
  ['MTRR_PHYSMASK9', 0x213],
  ['MTRR_FIX64K', 0x250],
  ['MTRR_FIX16K_80000', 0x258],
  ['MTRR_FIX16K_A0000', 0x259],
  ['MTRR_FIX4K_C0000', 0x268],
  ['MTRR_FIX4K_F8000', 0x26f],
  ['MTRR_DEF_TYPE', 0x2ff],
  ['MCG_STATUS', 0x17a],
  ['MISC_ENABLE', 0x1a0],
  ['DEBUG_DEVICE_OPTIONS', 0x4000_00ff],
];

/** Read-only MSRs that say the same to every VTL. */
const COMMON_MSRS: readonly (readonly [text: string, msr: number, value: bigint])[] = [
  ['MCG_CAP', 0x179, 0n],
  ['VP_INDEX', 0x4000_0002, 0n],
  ['RESET', 0x4000_0003, 0n],
  ['VP_RUNTIME', 0x4000_0010, 50_000_000n],
  ['TIME_REF_COUNT', 0x4000_0020, 50_000_000n],
  ['TSC_FREQUENCY', 0x4000_0022, 2_000_000_000n],
  ['APIC_FREQUENCY', 0x4000_0023, 200_000_000n],
  ['SVERSION', 0x4000_0081, 1n],
  ['EOM', 0x4000_0084, 0n],
  ['GUEST_IDLE', 0x4000_00f0, 0n],
];

describe('registers', () => {
  for (const [text, name, bit] of PRIVATE) {
    test(`${text} is private to a VTL`, () => {
      const hv = secure();
      const vtl1 = hv.readRegister(0, name) ^ bit;
      assert.equal(hv.writeRegister(0, name, vtl1).kind, 'done');
      leave(hv);
      const vtl0 = hv.readRegister(0, name);
      assert.notEqual(vtl0, vtl1);
      const changed = vtl0 ^ (bit << (name === 0x0008_0004 ? 8n : 1n));
      hv.writeRegister(0, name, changed);
      hv.vtlCall(0);
      assert.equal(hv.readRegister(0, name), vtl1);
      assert.equal(get(hv, name, { vtl: use(0) }), changed);
    });
  }

  test('RIP is private to a VTL: each goes on after its own switch', () => {
    const hv = secure({}, { rip: 0xffff_8000_0000_1000n });
    leave(hv);
    hv.writeRegister(0, Name.RIP, 0x4_5000n);
    hv.vtlCall(0);
    assert.equal(hv.readRegister(0, Name.RIP), 0xffff_8000_0000_1003n);
    leave(hv);
    assert.equal(hv.readRegister(0, Name.RIP), 0x4_5003n);
  });

  for (const [text, name, value] of SHARED) {
    test(`${text} is shared by VTLs`, () => {
      const hv = secure();
      hv.writeRegister(0, name, value);
      leave(hv);
      assert.equal(hv.readRegister(0, name), value);
      hv.writeRegister(0, name, value + 1n);
      hv.vtlCall(0);
      assert.equal(hv.readRegister(0, name), value + 1n);
    });
  }

  test('RAX and RCX are shared: they hold what the switch was made with', () => {
    const hv = secure();
    leave(hv);
    assert.deepEqual([hv.readRegister(0, Name.RAX), hv.readRegister(0, Name.RCX)], [1n, 0x12n]);
    hv.vtlCall(0);
    assert.deepEqual([hv.readRegister(0, Name.RAX), hv.readRegister(0, Name.RCX)], [0n, 0x11n]);
  });

  test('DR6 is shared exactly where the processor says so', () => {
    for (const dr6Shared of [false, true]) {
      const hv = secure({ features: { dr6Shared } });
      hv.writeRegister(0, 0x0005_0004, 0xffff_0ff1n);
      leave(hv);
      assert.equal(hv.readRegister(0, 0x0005_0004), dr6Shared ? 0xffff_0ff1n : 0xffff_0ff0n);
    }
  });

  test('are private to a VP too', () => {
    const hv = create({ processors: 2 });
    succeed(hv, Code.START_VP, enableVp({ vp: 1, vtl: 0 }));
    hv.writeRegister(1, Name.RBX, 0x99n);
    assert.equal(hv.readRegister(0, Name.RBX), 0n);
    assert.equal(msr(hv, 0x4000_0002, 1), 1n);
  });
});

describe('MSRs', () => {
  for (const [text, name, vtl1, vtl0] of PRIVATE_MSRS) {
    test(`${text} is private to a VTL`, () => {
      const hv = secure();
      if (name === 0x4000_0001) write(hv, 0x4000_0000, 1n);
      write(hv, name, vtl1);
      leave(hv);
      assert.notEqual(msr(hv, name), vtl1);
      if (name === 0x4000_0001) write(hv, 0x4000_0000, 1n);
      write(hv, name, vtl0);
      hv.vtlCall(0);
      assert.equal(msr(hv, name), vtl1);
      leave(hv);
      assert.equal(msr(hv, name), vtl0);
    });
  }

  for (const [text, name] of SHARED_MSRS) {
    test(`${text} is shared by VTLs`, () => {
      const hv = secure();
      assert.equal(msr(hv, name), 0n);
      write(hv, name, 0x77n);
      leave(hv);
      assert.equal(msr(hv, name), 0x77n);
    });
  }

  for (const [text, name, value] of COMMON_MSRS) {
    test(`${text} says the same to every VTL`, () => {
      const hv = secure();
      hv.advanceTime(10_000_000_000n);
      assert.equal(msr(hv, name), value);
      leave(hv);
      assert.equal(msr(hv, name), value);
    });
  }

  test('the TSC of a VTL is an offset from the processor’s counter', () => {
    const hv = secure();
    hv.advanceTime(1000n);
    write(hv, 0x10, 50n);
    hv.advanceTime(7n);
    assert.equal(msr(hv, 0x10), 57n);
    leave(hv);
    assert.equal(msr(hv, 0x10), 1007n);
  });
});
