/** The conflicts C1 to C9 of facts/vsm.md 0.1: both values of each switch, and what each profile takes. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ProfileSwitches } from '../../../../lib/emulator/hypervisor/profile.js';
import {
  bytes,
  Code,
  call,
  completed,
  create,
  enablePartition,
  enableVp,
  get,
  getInput,
  INPUT,
  modify,
  Name,
  partitionOn,
  protecting,
  SELF,
  secure,
  set,
  setInput,
  status,
  use,
  VP_SELF,
} from './guest.js';

const one = { reps: 1 };

describe('conflicts between the sources', () => {
  test('C1: VsmCapabilities counts its bits from the lowest or from the highest', () => {
    const value = (capabilityBits: ProfileSwitches['capabilityBits'], dr6Shared: boolean, mbec: boolean): bigint =>
      get(create({ switches: { capabilityBits }, features: { dr6Shared, mbec } }), Name.CAPABILITIES);
    assert.equal(value('lsb-first', true, true), 0x2_0003n);
    assert.equal(value('lsb-first', false, false), 0x2_0000n);
    assert.equal(value('msb-first', true, true), 0x8000_c000_0000_0000n);
    assert.equal(value('msb-first', false, false), 0x0000_4000_0000_0000n);
  });

  test('C2: ModifyVtlProtectionMask names the VTL that imposes the mask, or the one it restricts', () => {
    const owner = protecting({ switches: { protectionTarget: 'owner' } });
    assert.equal(status(owner, Code.MODIFY, modify(1, [0x100], { vtl: use(1) }), one), 0);
    assert.equal(status(owner, Code.MODIFY, modify(1, [0x101], { vtl: 0 }), one), 0);
    assert.equal(status(owner, Code.MODIFY, modify(1, [0x102], { vtl: use(0) }), one), 0x05);
    const restricted = protecting({ switches: { protectionTarget: 'restricted' } });
    assert.equal(status(restricted, Code.MODIFY, modify(1, [0x100], { vtl: use(1) }), one), 0x06);
    assert.equal(status(restricted, Code.MODIFY, modify(1, [0x101], { vtl: 0 }), one), 0x06);
    assert.equal(status(restricted, Code.MODIFY, modify(1, [0x102], { vtl: use(0) }), one), 0);
    assert.deepEqual(owner.protectedPages(1), [
      { page: 0x100, mask: 1 },
      { page: 0x101, mask: 1 },
    ]);
    assert.deepEqual(restricted.protectedPages(1), [{ page: 0x102, mask: 1 }]);
  });

  test('C3: a buffer that crosses its page is INVALID_HYPERCALL_INPUT or INVALID_ALIGNMENT', () => {
    for (const [crossingPage, expected] of [
      ['INVALID_HYPERCALL_INPUT', 0x03],
      ['INVALID_ALIGNMENT', 0x04],
    ] as const) {
      const hv = create({ switches: { crossingPage } });
      assert.equal(status(hv, Code.ENABLE_PARTITION, enablePartition(), { at: INPUT + 4088n }), expected);
    }
  });

  test('C4: GetVpRegisters of no register is refused, or a success; no other call without reps is', () => {
    const empty = (noRegisters: ProfileSwitches['noRegisters'], code: number, start = 0): number =>
      status(protecting({ switches: { noRegisters } }), code, getInput([]), { start });
    assert.equal(empty('refused', Code.GET), 0x03);
    assert.equal(empty('refused', Code.SET), 0x03);
    assert.equal(empty('success', Code.GET), 0);
    assert.equal(empty('success', Code.SET), 0);
    assert.equal(empty('success', Code.GET, 1), 0x03);
    assert.equal(empty('success', Code.MODIFY), 0x03);
  });

  test('C5: SetVpRegisters takes name and value side by side, or all names and then the values', () => {
    const header = [
      [0, 8, SELF],
      [8, 4, VP_SELF],
      [12, 1, use(0)],
    ] as const;
    const packed = bytes(80, [...header, [16, 4, Name.LSTAR], [20, 4, Name.RSP], [32, 16, 0x1111n], [48, 16, 0x2222n]]);
    const elements = setInput(
      [
        [Name.LSTAR, 0x1111n],
        [Name.RSP, 0x2222n],
      ],
      { vtl: use(0) },
    );
    for (const [registerElements, input] of [
      ['interleaved', elements],
      ['names-first', packed],
    ] as const) {
      const hv = secure({ switches: { registerElements } });
      assert.equal(status(hv, Code.SET, input, { reps: 2 }), 0);
      assert.equal(get(hv, Name.LSTAR, { vtl: use(0) }), 0x1111n);
      assert.equal(get(hv, Name.RSP, { vtl: use(0) }), 0x2222n);
    }
  });

  test('C6: a new default mask once enabled is refused, or a success that keeps the old one', () => {
    for (const [defaultMaskChange, expected] of [
      ['refused', 0x50],
      ['ignored', 0x00],
    ] as const) {
      const hv = protecting({ switches: { defaultMaskChange } });
      assert.equal(set(hv, Name.CONFIG, 0x27n), expected);
      assert.equal(get(hv, Name.CONFIG), 0x3fn);
      assert.equal(hv.protection(1, 0x100_0000n), 0xf);
    }
  });

  test('C7: a return moves the returning VTL past its instruction always, or only where a call had entered it', () => {
    for (const [returnAdvancesRip, expected] of [
      ['always', 3n],
      ['after-call', 0n],
    ] as const) {
      const hv = secure({ switches: { returnAdvancesRip } });
      const called = hv.readRegister(0, Name.RIP);
      hv.vtlReturn(0, 1n);
      hv.raise(0, 1, 0x60);
      assert.equal(hv.readRegister(0, Name.RIP), called + 3n);
      hv.writeRegister(0, Name.RFLAGS, 0x202n);
      assert.deepEqual(hv.nextEvent(0), { kind: 'interrupt', vector: 0x60 });
      hv.endOfInterrupt(0);
      const interrupted = hv.readRegister(0, Name.RIP);
      hv.vtlReturn(0, 1n);
      hv.vtlCall(0);
      assert.equal(hv.readRegister(0, Name.RIP), interrupted + expected);
    }
  });

  test('C8: EnablePartitionVtl again is INVALID_VTL_STATE or INVALID_PARAMETER', () => {
    for (const [secondEnable, expected] of [
      ['INVALID_VTL_STATE', 0x51],
      ['INVALID_PARAMETER', 0x05],
    ] as const) {
      assert.equal(
        status(partitionOn({ switches: { secondEnable } }), Code.ENABLE_PARTITION, enablePartition()),
        expected,
      );
    }
  });

  test('C9: some number ModifyVtlProtectionMask 0xB1 and StartVirtualProcessor 0x9A', () => {
    const numbers = (callNumbering: ProfileSwitches['callNumbering']): readonly number[] => {
      const hv = protecting({ processors: 2, switches: { callNumbering } });
      return [
        completed(call(hv, 0x0c, modify(1, [0x100]), one)).status,
        completed(call(hv, 0xb1, modify(1, [0x100]), one)).status,
        completed(call(hv, 0x99, enableVp({ vp: 0 }))).status,
        completed(call(hv, 0x9a, enableVp({ vp: 0 }))).status,
      ];
    };
    // 0x9A finds VPs by their APIC ids under the TLFS's numbers: a rep call without reps.
    assert.deepEqual(numbers('tlfs'), [0, 0x02, 0x0e, 0x03]);
    assert.deepEqual(numbers('third-party'), [0x02, 0, 0x02, 0x0e]);
  });

  test('are decided so by each profile', () => {
    const switches = (profile: 'openhcl' | 'tlfs' | 'kvm'): readonly string[] => {
      const { name, ...values } = create({ profile }).profile;
      assert.equal(name, profile);
      return Object.values(values);
    };
    assert.deepEqual(switches('openhcl'), [
      'lsb-first',
      'owner',
      'INVALID_HYPERCALL_INPUT',
      'refused',
      'interleaved',
      'refused',
      'always',
      'INVALID_VTL_STATE',
      'tlfs',
      'absent',
    ]);
    assert.deepEqual(switches('tlfs'), [
      'msb-first',
      'owner',
      'INVALID_ALIGNMENT',
      'refused',
      'interleaved',
      'refused',
      'after-call',
      'INVALID_VTL_STATE',
      'tlfs',
      'absent',
    ]);
    assert.deepEqual(switches('kvm'), [
      'lsb-first',
      'restricted',
      'INVALID_HYPERCALL_INPUT',
      'success',
      'names-first',
      'ignored',
      'always',
      'INVALID_PARAMETER',
      'tlfs',
      'appended',
    ]);
    assert.deepEqual(create().profile, create({ profile: 'openhcl' }).profile);
  });
});
