/** What VTL1 lets VTL0 do with memory: ModifyVtlProtectionMask, the default mask and MBEC (facts/vsm.md 1.10, 1.14). */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Hypervisor } from '../../../../lib/emulator/hypervisor/hypervisor.js';
import {
  Code,
  call,
  completed,
  get,
  handle,
  leave,
  modify,
  Name,
  protect,
  protecting,
  secure,
  set,
  startOthers,
  status,
  use,
} from './guest.js';

const PAGE = 0x100;
const ADDRESS = 0x10_0000n;
const SMEP = 0x10_0000n;

const kinds = (hv: Hypervisor, address: bigint, vtl = 0): readonly string[] =>
  (['read', 'write', 'execute'] as const).map((access) => hv.check(vtl, address, access).kind);
const ALLOWED = ['allowed', 'allowed', 'allowed'];

describe('a mask', () => {
  const masks = (hv: Hypervisor): readonly number[] =>
    Array.from({ length: 17 }, (_, mask) => mask).filter(
      (mask) => status(hv, Code.MODIFY, modify(mask, [PAGE]), { reps: 1 }) === 0,
    );

  test('is none, R, RW, RX or RWX without MBEC; with MBEC user execution alone as well', () => {
    assert.deepEqual(masks(protecting()), [0x0, 0x1, 0x3, 0xd, 0xf]);
    assert.deepEqual(masks(protecting({}, {}, true)), [0x0, 0x1, 0x3, 0x9, 0xb, 0xd, 0xf]);
  });

  test('has no other flag: shadow stack, paging, adjustable', () => {
    for (const flag of [0x10, 0x20, 0x40, 0x8000, 0x1_0000]) {
      assert.equal(status(protecting(), Code.MODIFY, modify(0xf | flag, [PAGE]), { reps: 1 }), 0x50);
    }
  });

  test('binds VTL0 at once, on every VP, and never the VTL that set it', () => {
    const hv = protecting({ processors: 2 });
    startOthers(hv, 2);
    leave(hv, 1);
    assert.deepEqual(kinds(hv, ADDRESS), ALLOWED);
    protect(hv, 1, [PAGE]);
    assert.deepEqual(kinds(hv, ADDRESS), ['allowed', 'intercept', 'intercept']);
    assert.deepEqual(kinds(hv, ADDRESS, 1), ALLOWED);
    assert.equal(hv.access(1, { access: 'write', address: ADDRESS, data: Uint8Array.of(1) }).kind, 'intercept');
    assert.equal(hv.access(0, { access: 'write', address: ADDRESS, data: Uint8Array.of(1) }).kind, 'done');
    protect(hv, 0xf, [PAGE]);
    assert.deepEqual(kinds(hv, ADDRESS), ALLOWED);
  });

  test('is refused in the order: partition, VTL, own protections, flags, pages', () => {
    const off = secure();
    const on = protecting();
    const modified = (hv: Hypervisor, flags: number, page: number, header: object): number =>
      status(hv, Code.MODIFY, modify(flags, [page], header), { reps: 1 });
    assert.equal(modified(off, 0x2, 0x9999, { partition: 42n, vtl: use(0) }), 0x06);
    assert.equal(modified(on, 0x2, 0x9999, { vtl: use(2) }), 0x06);
    assert.equal(modified(off, 0x2, 0x9999, { vtl: use(0) }), 0x05);
    assert.equal(modified(off, 0x2, 0x9999, {}), 0x06);
    assert.equal(modified(on, 0x2, 0x9999, {}), 0x50);
    assert.equal(modified(on, 0x3, 0x9999, {}), 0x05);
    assert.deepEqual(on.protectedPages(1), []);
  });
});

describe('the default mask', () => {
  test('applies to pages not set individually, once protection is enabled', () => {
    const hv = secure();
    assert.equal(set(hv, Name.CONFIG, 0x26n), 0, 'RW, not enabled');
    assert.equal(get(hv, Name.CONFIG), 0x26n);
    assert.deepEqual(kinds(hv, ADDRESS), ALLOWED);
    assert.equal(set(hv, Name.CONFIG, 0x27n), 0);
    assert.deepEqual(kinds(hv, ADDRESS), ['allowed', 'allowed', 'intercept']);
    protect(hv, 0xf, [PAGE]);
    assert.deepEqual(kinds(hv, ADDRESS), ALLOWED);
    assert.deepEqual(kinds(hv, ADDRESS + 0x1000n), ['allowed', 'allowed', 'intercept']);
    assert.deepEqual(hv.protectedPages(1), [{ page: PAGE, mask: 0xf }]);
  });

  test('has read and write; user execution alone needs MBEC', () => {
    const enabled = (mask: bigint, mbec: boolean): number =>
      set(secure({}, {}, mbec), Name.CONFIG, 0x21n | (mask << 1n));
    const accepted = (mbec: boolean): readonly bigint[] =>
      Array.from({ length: 16 }, (_, mask) => BigInt(mask)).filter((mask) => enabled(mask, mbec) === 0);
    assert.deepEqual(accepted(false), [0x3n, 0xfn]);
    assert.deepEqual(accepted(true), [0x3n, 0xbn, 0xfn]);
  });

  test('once enabled can neither be changed nor switched off, other bits can', () => {
    const hv = protecting();
    assert.equal(set(hv, Name.CONFIG, 0x5fn), 0);
    assert.equal(get(hv, Name.CONFIG), 0x5fn);
    for (const value of [0x5en, 0x47n, 0xdfn, 0x15fn, 1n << 63n]) assert.equal(set(hv, Name.CONFIG, value), 0x50);
    assert.equal(get(hv, Name.CONFIG), 0x5fn);
  });

  test('in the KVM fork: forbidden changes are successes that keep the old value', () => {
    const hv = secure({ profile: 'kvm' });
    assert.equal(set(hv, Name.CONFIG, 0x3bn), 0);
    assert.equal(get(hv, Name.CONFIG), 0x3fn, 'enabled, the invalid mask left out');
    assert.equal(set(hv, Name.CONFIG, 0x0n), 0);
    assert.equal(get(hv, Name.CONFIG), 0x1fn, 'only ZeroMemoryOnReset could change');
    assert.deepEqual(kinds(hv, ADDRESS), ALLOWED);
  });
});

describe('MBEC', () => {
  interface Setting {
    readonly mbec: boolean;
    readonly smepOn: boolean;
    readonly processorSmep?: boolean;
  }
  /** Which of kernel and user mode may fetch from a page with a mask. */
  const fetches = (mask: number, { mbec, smepOn, processorSmep = true }: Setting): readonly boolean[] => {
    const hv = protecting({ features: { smep: processorSmep } }, {}, true);
    if (mbec) assert.equal(set(hv, Name.SECURE_CONFIG_VTL0, 1n), 0);
    assert.equal(set(hv, Name.CR4, smepOn ? SMEP : 0n, { vtl: use(0) }), 0);
    protect(hv, mask, [PAGE]);
    return ([0, 3] as const).map((cpl) => {
      leave(hv);
      const { kind } = hv.access(0, { access: 'execute', address: ADDRESS, length: 1, cpl });
      if (kind === 'intercept') handle(hv);
      else hv.vtlCall(0);
      return kind === 'done';
    });
  };

  const on = { mbec: true, smepOn: true };
  const table: readonly (readonly [text: string, mask: number, setting: Setting, kernel: boolean, user: boolean])[] = [
    ['neither KX nor UX, MBEC on', 0x1, on, false, false],
    ['UX alone, MBEC on', 0x9, on, false, true],
    ['KX and UX, MBEC on', 0xd, on, true, true],
    ['neither, MBEC off', 0x1, { ...on, mbec: false }, false, false],
    ['UX alone, MBEC off on this VP: KX governs', 0x9, { ...on, mbec: false }, false, false],
    ['KX and UX, MBEC off', 0xd, { ...on, mbec: false }, true, true],
    ['UX alone, CR4.SMEP off: KX governs', 0x9, { ...on, smepOn: false }, false, false],
    ['UX alone, a processor without SMEP', 0x9, { ...on, smepOn: false, processorSmep: false }, false, true],
  ];
  for (const [text, mask, setting, kernel, user] of table) {
    test(`${text}: kernel ${kernel ? 'may' : 'may not'}, user ${user ? 'may' : 'may not'} execute`, () => {
      assert.deepEqual(fetches(mask, setting), [kernel, user]);
    });
  }

  test('is on in VsmVpSecureConfigVtl0 exactly where the partition has it', () => {
    const hv = secure({}, {}, true);
    assert.equal(set(hv, Name.SECURE_CONFIG_VTL0, 0n), 0x50);
    assert.equal(set(hv, Name.SECURE_CONFIG_VTL0, 2n), 0x50);
    assert.equal(set(hv, Name.SECURE_CONFIG_VTL0, 1n), 0);
    for (const bit of [4n, 8n, 16n]) assert.equal(set(hv, Name.SECURE_CONFIG_VTL0, 1n | bit), 0x50);
    assert.equal(set(secure(), Name.SECURE_CONFIG_VTL0, 1n), 0x50);
    assert.equal(get(hv, Name.SECURE_CONFIG_VTL0), 1n);
  });
});

describe('registers of VSM', () => {
  test('are read as they were written', () => {
    const hv = secure();
    assert.equal(set(hv, Name.VINA, 0x730n), 0);
    assert.equal(get(hv, Name.VINA), 0x730n);
    assert.equal(set(hv, Name.CR0_MASK, 0x8000_0001n), 0);
    assert.equal(get(hv, Name.CR0_MASK), 0x8000_0001n);
  });

  test('that are read-only refuse every value and change nothing', () => {
    const hv = secure();
    for (const name of [
      Name.CODE_PAGE_OFFSETS,
      Name.VP_STATUS,
      Name.PARTITION_STATUS,
      Name.CAPABILITIES,
      Name.GUEST_CONFIG,
    ]) {
      const before = get(hv, name);
      assert.equal(set(hv, name, before), 0x05);
      assert.equal(get(hv, name), before);
    }
  });

  test('SetVpRegisters of VTL0 by VTL1: what no processor can hold is INVALID_REGISTER_VALUE, elements before it stay', () => {
    const hv = secure();
    const bad: readonly (readonly [number, bigint])[] = [
      [Name.CR0, 0x8000_0030n],
      [Name.CR8, 16n],
      [Name.PAT, 0x3n],
    ];
    for (const [name, value] of bad) assert.equal(set(hv, name, value, { vtl: use(0) }), 0x50);
    assert.equal(set(hv, Name.APIC_BASE, 0xfee0_0c00n, { vtl: use(0) }), 0, 'its own value');
    assert.equal(completed(call(hv, Code.SET, new Uint8Array(16), { reps: 1 })).status, 0x06);
  });
});
