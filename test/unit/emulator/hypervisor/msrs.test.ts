/** MSRs: what they hold, and what is #GP (facts/vsm.md 1.1, 1.2, 1.9). */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Hypervisor } from '../../../../lib/emulator/hypervisor/hypervisor.js';
import { create, eventsOf, hex, leave, Msr, msr, Name, secure, write } from './guest.js';

const GP = { kind: 'fault', vector: 13, errorCode: 0 };
const HYPERCALL_PAGE = 0x6_0000n;

const fetched = (hv: Hypervisor, length: number): string => {
  const result = hv.access(0, { access: 'execute', address: HYPERCALL_PAGE, length });
  return result.kind === 'done' ? hex(result.data) : result.kind;
};

describe('#GP on WRMSR', () => {
  const writes: readonly (readonly [text: string, msr: number, value: bigint])[] = [
    ['an MSR that does not exist', 0x4000_00aa, 0n],
    ['VP_INDEX', 0x4000_0002, 0n],
    ['TIME_REF_COUNT', 0x4000_0020, 0n],
    ['the VSM capabilities', 0x000d_0006, 0n],
    ['SVERSION', 0x4000_0081, 1n],
    ['SCONTROL with reserved bits', 0x4000_0080, 2n],
    ['SINT0 with reserved bits', 0x4000_0090, 0x100n],
    ['SINT15 with reserved bits', 0x4000_009f, 1n << 63n],
    ['SIMP with reserved bits', 0x4000_0083, 0x4_1003n],
    ['SIMP above RAM', 0x4000_0083, 0x400_0001n],
    ['SIEFP above RAM', 0x4000_0082, 0x400_0001n],
    ['VP_ASSIST_PAGE with reserved bits', 0x4000_0073, 0x4_0005n],
    ['VP_ASSIST_PAGE above RAM', 0x4000_0073, 0xffff_ffff_ffff_f001n],
    ['HYPERCALL with reserved bits', 0x4000_0001, 0x6_0005n],
    ['REFERENCE_TSC with reserved bits', 0x4000_0021, 0x6_0003n],
    ['REFERENCE_TSC above RAM', 0x4000_0021, 0x400_0001n],
    ['TPR above 255', 0x4000_0072, 0x100n],
    ['ICR with the mode lowest priority', 0x830, 0x1_0000_0140n],
    ['ICR with a logical destination', 0x830, 0x1_0000_0840n],
    ['ICR with a vector below 16', 0x4000_0071, 0x1_0000_000fn],
    ['SELF_IPI above 255', 0x83f, 0x100n],
    ['SELF_IPI below 16', 0x83f, 0xfn],
    ['PAT with a type there is not', 0x277, 0x2n],
  ];
  for (const [text, name, value] of writes) {
    test(`of ${text}`, () => {
      const hv = create();
      assert.deepEqual(hv.writeMsr(0, name, value), GP);
      assert.equal(eventsOf(hv, 'fault').length, 1);
    });
  }

  test('of HYPERCALL above RAM, and once it is locked', () => {
    const hv = create();
    write(hv, Msr.GUEST_OS_ID, 1n);
    assert.deepEqual(hv.writeMsr(0, Msr.HYPERCALL, 0x400_0001n), GP);
    assert.equal(msr(hv, Msr.HYPERCALL), 0n);
    write(hv, Msr.HYPERCALL, HYPERCALL_PAGE | 3n);
    assert.deepEqual(hv.writeMsr(0, Msr.HYPERCALL, HYPERCALL_PAGE), GP);
    assert.equal(msr(hv, Msr.HYPERCALL), HYPERCALL_PAGE | 3n);
  });
});

describe('#GP on RDMSR', () => {
  test('of what does not exist or can only be written', () => {
    for (const name of [
      0x4000_00aa, 0x80b, 0x830, 0x83f, 0x4000_0070, 0x4000_0071, 0x12345, 0x818, 0x828, 0x80f, 0x4000_0086,
    ]) {
      assert.deepEqual(create().readMsr(0, name), GP, `0x${name.toString(16)}`);
    }
  });

  test('of the SynIC’s and VSM’s without the privilege', () => {
    const hv = create({ features: { accessSynic: false, accessVsm: false } });
    assert.deepEqual(hv.readMsr(0, Msr.SCONTROL), GP);
    assert.deepEqual(hv.writeMsr(0, Msr.SCONTROL, 1n), GP);
    assert.deepEqual(hv.readMsr(0, 0x000d_0006), GP);
    assert.equal(msr(create(), 0x000d_0006), 0x2_0002n);
  });
});

describe('the hypercall page', () => {
  const INTEL =
    '0f01c1c3' +
    '89c1b8110000000f01c1c3' +
    '4889c8b9110000000f01c1c3' +
    '89c1b8120000000f01c1c3' +
    '4889c8b9120000000f01c1c3';

  test('is not there while GUEST_OS_ID is 0', () => {
    const hv = create();
    write(hv, Msr.HYPERCALL, HYPERCALL_PAGE | 1n);
    assert.equal(msr(hv, Msr.HYPERCALL), HYPERCALL_PAGE);
    assert.equal(fetched(hv, 4), '00000000');
  });

  test('holds the stubs where VsmCodePageOffsets says, and is zero beyond', () => {
    const hv = create();
    write(hv, Msr.GUEST_OS_ID, 1n);
    write(hv, Msr.HYPERCALL, HYPERCALL_PAGE | 1n);
    assert.equal(fetched(hv, 51), `${INTEL}00`);
    assert.equal(
      fetched(hv, 4096)
        .slice(0x0f * 2, 0x26 * 2)
        .startsWith('4889c8b911'),
      true,
    );
  });

  test('says vmmcall on AMD’s processors', () => {
    const hv = create({ features: { amd: true } });
    write(hv, Msr.GUEST_OS_ID, 1n);
    write(hv, Msr.HYPERCALL, HYPERCALL_PAGE | 1n);
    assert.equal(fetched(hv, 50), INTEL.replaceAll('0f01c1', '0f01d9'));
  });

  test('can be fetched and read, not written; goes with GUEST_OS_ID', () => {
    const hv = create();
    hv.writePhysical(HYPERCALL_PAGE, Uint8Array.of(0x5a));
    write(hv, Msr.GUEST_OS_ID, 1n);
    write(hv, Msr.HYPERCALL, HYPERCALL_PAGE | 1n);
    const denied = hv.access(0, { access: 'write', address: HYPERCALL_PAGE, data: Uint8Array.of(0) });
    assert.deepEqual(denied, { kind: 'host', reason: 'overlay-denied', page: 0x60 });
    write(hv, Msr.GUEST_OS_ID, 0n);
    assert.equal(msr(hv, Msr.HYPERCALL), HYPERCALL_PAGE);
    assert.equal(fetched(hv, 1), '5a');
    assert.deepEqual(
      eventsOf(hv, 'overlay').map(({ name, page }) => [name, page]),
      [
        ['hypercall', 0x60],
        ['hypercall', null],
      ],
    );
  });

  test('moves with its MSR', () => {
    const hv = create();
    write(hv, Msr.GUEST_OS_ID, 1n);
    write(hv, Msr.HYPERCALL, HYPERCALL_PAGE | 1n);
    write(hv, Msr.HYPERCALL, (HYPERCALL_PAGE + 0x1000n) | 1n);
    assert.equal(fetched(hv, 4), '00000000');
  });
});

describe('other pages of the hypervisor', () => {
  test('are read and written through their overlays, and survive being taken away', () => {
    const hv = secure();
    hv.access(0, { access: 'write', address: 0x4_1400n, data: Uint8Array.of(7), physical: true });
    assert.equal(hv.page(0, 1, 'messages')[0x400], 7);
    write(hv, Msr.SIMP, 0n);
    assert.equal(hv.page(0, 1, 'messages')[0x400], 7);
    write(hv, Msr.SIMP, 0x4_5001n);
    const result = hv.access(0, { access: 'read', address: 0x4_5400n, length: 1, physical: true });
    assert.ok(result.kind === 'done' && result.data[0] === 7);
  });

  test('the reference TSC page cannot be written', () => {
    const hv = create();
    write(hv, Msr.REFERENCE_TSC, 0x6_2001n);
    const result = hv.access(0, { access: 'write', address: 0x6_2000n, data: Uint8Array.of(0) });
    assert.deepEqual(result, { kind: 'host', reason: 'overlay-denied', page: 0x62 });
  });

  test('are shown as copies', () => {
    const hv = secure();
    hv.page(0, 1, 'assist').fill(0xff);
    assert.equal(hv.page(0, 1, 'assist')[0], 0);
  });
});

describe('CR8 and the task priority', () => {
  test('are the same register, its low half lost', () => {
    const hv = create();
    write(hv, 0x808, 0x5fn);
    assert.equal(hv.readRegister(0, Name.CR8), 5n);
    assert.equal(msr(hv, 0x4000_0072), 0x50n);
    assert.deepEqual(hv.writeRegister(0, Name.CR8, 16n), GP);
    assert.deepEqual(hv.writeRegister(0, Name.CR0, 0x8000_0030n), GP);
  });
});

describe('RESET', () => {
  test('resets the partition if bit 0 is set', () => {
    const hv = secure();
    leave(hv);
    write(hv, 0x4000_0003, 0n);
    assert.deepEqual(hv.describe().enabledVtls, [0, 1]);
    write(hv, 0x4000_0003, 1n);
    assert.deepEqual(hv.describe().enabledVtls, [0]);
  });
});
