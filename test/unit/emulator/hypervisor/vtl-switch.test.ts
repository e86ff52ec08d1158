/** VTL call, VTL return and the VP assist page (facts/vsm.md 1.11). */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Hypervisor } from '../../../../lib/emulator/hypervisor/hypervisor.js';
import {
  ASSIST,
  bytes,
  create,
  eventsOf,
  get,
  leave,
  Msr,
  msr,
  Name,
  number,
  partitionOn,
  secure,
  set,
  use,
  vpOn,
  write,
} from './guest.js';

const UD = { kind: 'fault', vector: 6, errorCode: null };

const switches = (hv: Hypervisor): readonly string[] =>
  eventsOf(hv, 'vtl-switch').map(({ from, to, reason }) => `${from}>${to} ${reason}`);

describe('a VTL call', () => {
  test('enters VTL1 at the context it was enabled with, past the caller’s own instruction', () => {
    const hv = vpOn(
      {},
      { rip: 0x1234n, rsp: 0x5678n, rflags: 0x46n, cr0: 0x33n, cr3: 0x9_9000n, cr4: 0x20n, pat: 0x0606n },
    );
    hv.writeRegister(0, Name.RIP, 0x2000n);
    assert.deepEqual(hv.vtlCall(0), { kind: 'vtl-switch', from: 0, to: 1 });
    const { RIP, RSP, RFLAGS, CR0, CR3, CR4, PAT } = Name;
    assert.deepEqual(
      [RIP, RSP, RFLAGS, CR0, CR3, CR4, PAT].map((name) => hv.readRegister(0, name)),
      [0x1234n, 0x5678n, 0x46n, 0x33n, 0x9_9000n, 0x20n, 0x0606n],
    );
    assert.equal(get(hv, Name.RIP, { vtl: use(0) }), 0x2003n);
    assert.equal(hv.page(0, 1, 'assist')[8], 1, 'entry reason');
    assert.deepEqual(switches(hv), ['0>1 call']);
  });

  test('comes back to where VTL1 returned, not to its context', () => {
    const hv = secure({}, { rip: 0x1000n });
    leave(hv);
    hv.vtlCall(0);
    assert.equal(hv.readRegister(0, Name.RIP), 0x1003n);
    assert.deepEqual(switches(hv), ['0>1 call', '1>0 fast-return', '0>1 call']);
  });

  const wrong: readonly (readonly [string, () => Hypervisor, (hv: Hypervisor) => unknown])[] = [
    ['the fast bit', () => vpOn(), (hv) => hv.hypercall(0, { control: 0x1_0011n })],
    ['a rep count', () => vpOn(), (hv) => hv.hypercall(0, { control: 0x1_0000_0011n })],
    ['a reserved bit', () => vpOn(), (hv) => hv.hypercall(0, { control: 0x0800_0011n })],
    ['an input', () => vpOn(), (hv) => hv.vtlCall(0, 1n)],
    ['no higher VTL on the VP', () => partitionOn(), (hv) => hv.vtlCall(0)],
    ['no VSM', () => create(), (hv) => hv.vtlCall(0)],
    ['the highest VTL active', () => secure(), (hv) => hv.vtlCall(0)],
  ];
  for (const [text, make, run] of wrong) {
    test(`with ${text} is #UD and leaves all as it was`, () => {
      const hv = make();
      const before = [hv.activeVtl(0), hv.readRegister(0, Name.RIP)];
      const switched = switches(hv).length;
      assert.deepEqual(run(hv), UD);
      assert.deepEqual([hv.activeVtl(0), hv.readRegister(0, Name.RIP)], before);
      assert.equal(switches(hv).length, switched);
      assert.equal(eventsOf(hv, 'fault').length, 1);
    });
  }
});

describe('a VTL return', () => {
  test('restores RAX and RCX from the assist page', () => {
    const hv = secure();
    const data = bytes(16, [
      [0, 8, 0xaaaa_bbbb_cccc_ddddn],
      [8, 8, 0x1111_2222_3333_4444n],
    ]);
    hv.access(0, { access: 'write', address: ASSIST + 16n, physical: true, data });
    hv.writeRegister(0, Name.RBX, 0x77n);
    assert.deepEqual(hv.vtlReturn(0), { kind: 'vtl-switch', from: 1, to: 0 });
    assert.equal(hv.readRegister(0, Name.RAX), 0xaaaa_bbbb_cccc_ddddn);
    assert.equal(hv.readRegister(0, Name.RCX), 0x1111_2222_3333_4444n);
    assert.equal(hv.readRegister(0, Name.RBX), 0x77n);
    assert.deepEqual(switches(hv).at(-1), '1>0 return');
  });

  test('with bit 0 leaves RAX and RCX alone', () => {
    const hv = secure();
    hv.access(0, { access: 'write', address: ASSIST + 16n, physical: true, data: new Uint8Array(16).fill(0xff) });
    assert.equal(hv.vtlReturn(0, 1n).kind, 'vtl-switch');
    assert.deepEqual([hv.readRegister(0, Name.RAX), hv.readRegister(0, Name.RCX)], [1n, 0x12n]);
  });

  test('with anything else in its words is #UD', () => {
    for (const [control, input] of [
      [0x1_0012n, 0n],
      [0x1_0000_0012n, 0n],
      [0x12n, 2n],
      [0x12n, 3n],
      [0x12n, 1n << 63n],
    ] as const) {
      const hv = secure();
      hv.writeRegister(0, Name.RAX, input);
      assert.deepEqual(hv.hypercall(0, { control }), UD);
      assert.equal(hv.activeVtl(0), 1);
    }
  });

  test('from VTL0 is #UD', () => assert.deepEqual(vpOn().vtlReturn(0), UD));

  test('lets an interrupt that waited for VTL0 through', () => {
    const hv = secure();
    hv.raise(0, 0, 0x40);
    assert.equal(hv.activeVtl(0), 1);
    leave(hv);
    assert.equal(hv.nextEvent(0), null);
    hv.writeRegister(0, Name.RFLAGS, 0x202n);
    assert.deepEqual(hv.nextEvent(0), { kind: 'interrupt', vector: 0x40 });
  });

  test('comes straight back where an interrupt for VTL1 is pending', () => {
    const hv = secure();
    hv.raise(0, 1, 0x60);
    assert.deepEqual(hv.vtlReturn(0, 1n), { kind: 'vtl-switch', from: 1, to: 0 });
    assert.equal(hv.activeVtl(0), 1);
    assert.equal(hv.page(0, 1, 'assist')[8], 2, 'entry reason');
    assert.deepEqual(switches(hv).slice(-2), ['1>0 fast-return', '0>1 interrupt']);
  });
});

describe('the VP assist page', () => {
  test('is zero when it is enabled, and seen by its own VTL only', () => {
    const hv = vpOn();
    hv.writePhysical(ASSIST, new Uint8Array(4096).fill(0x5a));
    hv.vtlCall(0);
    assert.equal(hv.page(0, 1, 'assist')[8], 1);
    write(hv, Msr.ASSIST, ASSIST | 1n);
    const own = hv.access(0, { access: 'read', address: ASSIST, length: 4096, physical: true });
    assert.ok(own.kind === 'done' && own.data.every((byte) => byte === 0));
    leave(hv);
    const below = hv.access(0, { access: 'read', address: ASSIST, length: 4096, physical: true });
    assert.ok(below.kind === 'done' && below.data.every((byte) => byte === 0x5a));
  });

  test('keeps its bytes when it moves, and gives back what lay beneath', () => {
    const hv = secure();
    leave(hv);
    hv.vtlCall(0);
    write(hv, Msr.ASSIST, (ASSIST + 0x8000n) | 1n);
    const moved = hv.access(0, { access: 'read', address: ASSIST + 0x8008n, length: 4, physical: true });
    assert.ok(moved.kind === 'done' && number(moved.data, 0, 4) === 1n);
    write(hv, Msr.ASSIST, 0n);
    const gone = hv.access(0, { access: 'read', address: ASSIST + 0x8008n, length: 4, physical: true });
    assert.ok(gone.kind === 'done' && number(gone.data, 0, 4) === 0n);
  });

  test('is a register of GetVpRegisters and SetVpRegisters too', () => {
    const hv = secure();
    assert.equal(get(hv, Name.ASSIST_PAGE), ASSIST | 1n);
    assert.equal(set(hv, Name.ASSIST_PAGE, 0x7_0001n, { vtl: use(0) }), 0);
    assert.equal(set(hv, Name.ASSIST_PAGE, 0x7_0003n, { vtl: use(0) }), 0x50);
    assert.equal(set(hv, Name.ASSIST_PAGE, 0x400_0001n, { vtl: use(0) }), 0x50);
    leave(hv);
    assert.equal(msr(hv, Msr.ASSIST), 0x7_0001n);
  });
});

describe('VsmVpStatus', () => {
  test('names the active VTL and whether MBEC is on for it', () => {
    const hv = secure({}, {}, true);
    assert.equal(get(hv, Name.VP_STATUS), 0x3_0001n);
    assert.equal(get(hv, Name.PARTITION_STATUS), 0x11_0003n);
    assert.equal(set(hv, Name.SECURE_CONFIG_VTL0, 1n), 0);
    leave(hv);
    assert.equal(get(hv, Name.VP_STATUS), 0x3_0010n);
    assert.equal(get(hv, Name.GUEST_CONFIG), 1n);
  });
});
