/** Secure intercepts and their messages, byte by byte (facts/vsm.md 1.13). */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Hypervisor } from '../../../../lib/emulator/hypervisor/hypervisor.js';
import { setHostRights } from '../../../../lib/emulator/memory/slat.js';
import {
  bytes,
  Code,
  create,
  enablePartition,
  enableVp,
  enterLongMode,
  eventsOf,
  type Field,
  handle,
  interceptInput,
  LONG_CODE,
  leave,
  Msr,
  mapIdentity,
  message,
  Name,
  number,
  protect,
  protecting,
  SINT0_VECTOR,
  secure,
  set,
  setUpSynic,
  startOthers,
  status,
  succeed,
  TABLES,
  use,
  write,
} from './guest.js';

const PAGE = 0x100;
const ADDRESS = 0x10_0000n;
const CS = 0xc09b_0008_ffff_ffff_0000_0000_0000_0000n;
const DATA = 0xc093_0010_ffff_ffff_0000_0000_0000_0000n;
const POSTED = { kind: 'intercept', vtl: 1, posted: true, entered: true };
const DROPPED = { kind: 'intercept', vtl: 1, posted: false, entered: false };

/** VTL0 with registers of its own to be found in a message. */
const dress = (hv: Hypervisor): void => {
  leave(hv);
  hv.writeRegister(0, Name.RIP, 0x1234_5678n);
  hv.writeRegister(0, Name.RFLAGS, 0x246n);
  hv.writeRegister(0, Name.CR8, 2n);
};

const header = (type: number, size: number, length: number, access: number): readonly Field[] => [
  [0, 4, type],
  [4, 1, size],
  [16, 4, 0],
  [20, 1, length | 0x20],
  [21, 1, access],
  [22, 2, 0x0004],
  [24, 16, CS],
  [40, 8, 0x1234_5678n],
  [48, 8, 0x246n],
];

describe('a memory intercept', () => {
  test('is 0x50 bytes: header, cache type, counts, priority, GPA and the instruction', () => {
    const hv = protecting();
    protect(hv, 0, [PAGE]);
    dress(hv);
    const instruction = Uint8Array.of(0x48, 0x8b, 0x00);
    assert.deepEqual(hv.access(0, { access: 'read', address: ADDRESS + 0x18n, instruction }), POSTED);
    const expected = bytes(256, [
      ...header(0x8000_0001, 0x50, 3, 0),
      [16 + 0x28, 4, 6],
      [16 + 0x2c, 1, 3],
      [16 + 0x2e, 1, 2],
      [16 + 0x38, 8, ADDRESS + 0x18n],
      [16 + 0x40, 4, 0x00_8b48],
    ]);
    assert.deepEqual(message(hv), expected);
  });

  test('in the KVM fork’s form goes on with DS, SS and RAX to R15', () => {
    const hv = protecting({ profile: 'kvm' });
    protect(hv, 1, [PAGE]);
    dress(hv);
    hv.writeRegister(0, Name.RSP, 0x9999n);
    for (let index = 0; index < 16; index++) {
      if (index !== 4) hv.writeRegister(0, Name.RAX + index, 0x1000n + BigInt(index));
    }
    const instruction = Uint8Array.of(0x48, 0x89, 0x00);
    assert.deepEqual(hv.access(0, { access: 'write', address: ADDRESS, data: new Uint8Array(8), instruction }), POSTED);
    const registers = Array.from(
      { length: 16 },
      (_, index): Field => [16 + 0x70 + index * 8, 8, index === 4 ? 0x9999n : 0x1000n + BigInt(index)],
    );
    const expected = bytes(256, [
      ...header(0x8000_0001, 0xf0, 3, 1),
      [16 + 0x28, 4, 6],
      [16 + 0x2c, 1, 3],
      [16 + 0x2e, 1, 2],
      [16 + 0x38, 8, ADDRESS],
      [16 + 0x40, 4, 0x00_8948],
      [16 + 0x50, 16, DATA],
      [16 + 0x60, 16, DATA],
      ...registers,
    ]);
    assert.deepEqual(message(hv), expected);
  });

  test('of a fetch says execute; at most 15 bytes of an instruction count', () => {
    const hv = protecting();
    protect(hv, 3, [PAGE]);
    leave(hv);
    const instruction = new Uint8Array(20).fill(0x66);
    assert.deepEqual(hv.access(0, { access: 'execute', address: ADDRESS, length: 15, instruction }), POSTED);
    const slot = message(hv);
    assert.deepEqual([slot[20], slot[21], slot[16 + 0x2c]], [15, 2, 15]);
    assert.deepEqual(slot.subarray(16 + 0x40, 16 + 0x50), Uint8Array.from([...new Array(15).fill(0x66), 0]));
  });

  test('tells the execution state: CPL, alignment mask, long mode and a pending event', () => {
    const hv = create();
    mapIdentity(hv);
    hv.writeRegister(0, Name.CR0, 0x4_0031n);
    enterLongMode(hv);
    hv.writeRegister(0, Name.CR0, 0x8005_0031n);
    succeed(hv, Code.ENABLE_PARTITION, enablePartition());
    succeed(hv, Code.ENABLE_VP, enableVp());
    hv.vtlCall(0);
    setUpSynic(hv);
    assert.equal(set(hv, Name.CONFIG, 0x3fn), 0);
    protect(hv, 0, [PAGE]);
    assert.equal(set(hv, Name.PENDING_EVENT, 0x6_0001n, { vtl: use(0) }), 0);
    leave(hv);
    hv.writeRegister(0, Name.SS, 0xc0f3n << 112n);
    assert.deepEqual(hv.access(0, { access: 'read', address: ADDRESS, cpl: 3 }), POSTED);
    const slot = message(hv);
    // CPL 3, PE, AM, LMA, an event pending, VTL0.
    assert.equal(number(slot, 22, 2), 0x5fn);
    assert.equal(number(slot, 24, 16), LONG_CODE);
  });

  test('of a page table names the entry, of an access across pages the first byte refused', () => {
    const hv = create();
    hv.writePhysical(TABLES, bytes(8, [[0, 8, (TABLES + 0x1000n) | 0x7n]]));
    hv.writePhysical(TABLES + 0x1000n, bytes(8, [[0, 8, (TABLES + 0x2000n) | 0x7n]]));
    hv.writePhysical(
      TABLES + 0x2000n,
      bytes(16, [
        [0, 8, 0xe7n],
        [8, 8, 0x20_00e7n],
      ]),
    );
    enterLongMode(hv);
    succeed(hv, Code.ENABLE_PARTITION, enablePartition());
    succeed(hv, Code.ENABLE_VP, enableVp());
    hv.vtlCall(0);
    setUpSynic(hv);
    assert.equal(set(hv, Name.CONFIG, 0x3fn), 0);
    protect(hv, 0, [PAGE]);
    leave(hv);
    hv.writePhysical(ADDRESS - 8n, new Uint8Array(16).fill(0x5a));
    const across = { access: 'write', address: ADDRESS - 4n, data: new Uint8Array(8) } as const;
    assert.deepEqual(hv.access(0, across), POSTED);
    assert.equal(number(message(hv), 16 + 0x38, 8), ADDRESS);
    assert.deepEqual(hv.readPhysical(ADDRESS - 8n, 8), new Uint8Array(8).fill(0x5a));
    handle(hv);
    protect(hv, 0, [Number(TABLES >> 12n) + 2]);
    leave(hv);
    assert.deepEqual(hv.access(0, { access: 'read', address: 0x20_0123n }), POSTED);
    assert.equal(number(message(hv), 16 + 0x38, 8), TABLES + 0x2008n);
  });

  test('of a physical access across pages names the first byte refused', () => {
    const hv = protecting();
    protect(hv, 0, [PAGE]);
    leave(hv);
    assert.deepEqual(hv.access(0, { access: 'read', address: ADDRESS - 4n, physical: true }), POSTED);
    assert.equal(number(message(hv), 16 + 0x38, 8), ADDRESS);
  });
});

describe('other intercepts', () => {
  test('a register’s is 0x40 bytes: name and value after the header', () => {
    const hv = secure();
    assert.equal(set(hv, Name.CR_CONTROL, 1n << 15n), 0);
    dress(hv);
    const value = (0xfffn << 48n) | (0xffff_8000_1234_5000n << 64n);
    const result = hv.writeRegister(0, 0x0007_0001, value, Uint8Array.of(0x0f, 0x01, 0x10));
    assert.deepEqual(result, POSTED);
    const expected = bytes(256, [
      ...header(0x8001_0006, 0x40, 3, 1),
      [16 + 0x2c, 4, 0x0007_0001],
      [16 + 0x30, 16, value],
    ]);
    assert.deepEqual(message(hv), expected);
    assert.notEqual(hv.readRegister(0, 0x0007_0001), value);
  });

  test('an MSR’s is 0x40 bytes: its number, RDX and RAX', () => {
    const hv = secure();
    assert.equal(set(hv, Name.CR_CONTROL, 1n << 6n), 0);
    dress(hv);
    assert.deepEqual(hv.writeMsr(0, 0xc000_0082, 0xffff_8000_1234_5678n, Uint8Array.of(0x0f, 0x30)), POSTED);
    const expected = bytes(256, [
      ...header(0x8001_0001, 0x40, 2, 1),
      [16 + 0x28, 4, 0xc000_0082],
      [16 + 0x30, 8, 0xffff_8000n],
      [16 + 0x38, 8, 0x1234_5678n],
    ]);
    assert.deepEqual(message(hv), expected);
  });

  test('an I/O port’s is 0x80 bytes: port, size, RAX, the instruction, DS, ES, RCX, RSI, RDI', () => {
    const hv = secure();
    succeed(hv, Code.INSTALL_INTERCEPT, interceptInput(2, 0x70n));
    dress(hv);
    for (const [index, value] of [
      [0, 0xaan],
      [1, 0xccn],
      [6, 0x51n],
      [7, 0xd1n],
    ] as const) {
      hv.writeRegister(0, Name.RAX + index, value);
    }
    hv.writeRegister(0, Name.ES, DATA | 0x7000n);
    assert.deepEqual(hv.ioPort(0, 0x70, 'write', 2, Uint8Array.of(0xe7, 0x70)), POSTED);
    const expected = bytes(256, [
      ...header(0x8001_0000, 0x80, 2, 1),
      [16 + 0x28, 2, 0x70],
      [16 + 0x2a, 1, 2],
      [16 + 0x2b, 1, 2],
      [16 + 0x30, 8, 0xaan],
      [16 + 0x38, 2, 0x70e7],
      [16 + 0x48, 16, DATA],
      [16 + 0x58, 16, DATA | 0x7000n],
      [16 + 0x68, 8, 0xccn],
      [16 + 0x70, 8, 0x51n],
      [16 + 0x78, 8, 0xd1n],
    ]);
    assert.deepEqual(message(hv), expected);
  });

  test('of another VP name it', () => {
    const hv = secure({ processors: 2 });
    startOthers(hv, 2);
    setUpSynic(hv, 1);
    succeed(hv, Code.INSTALL_INTERCEPT, interceptInput(2, 0xffffn));
    assert.equal(status(hv, Code.INSTALL_INTERCEPT, interceptInput(2, 0x1_0000n)), 0x05);
    leave(hv, 1);
    assert.deepEqual(hv.ioPort(1, 0xffff, 'write'), POSTED);
    assert.equal(number(message(hv, 1), 16, 4), 1n);
    assert.equal(number(message(hv, 0), 0, 4), 0n);
    assert.equal(hv.activeVtl(1), 1);
  });

  test('of a port are for the accesses asked for, until they are taken away', () => {
    const hv = secure();
    succeed(hv, Code.INSTALL_INTERCEPT, interceptInput(1, 0x71n));
    assert.deepEqual(hv.ioPort(0, 0x71, 'read', 4), { kind: 'done', value: 0xffff_ffffn });
    leave(hv);
    assert.deepEqual(hv.ioPort(0, 0x71, 'write'), { kind: 'done', value: 0n });
    assert.deepEqual(hv.ioPort(0, 0x72, 'read'), { kind: 'done', value: 0xffn });
    assert.deepEqual(hv.ioPort(0, 0x71, 'read'), POSTED);
    handle(hv);
    succeed(hv, Code.INSTALL_INTERCEPT, interceptInput(0, 0x71n));
    leave(hv);
    assert.deepEqual(hv.ioPort(0, 0x71, 'read', 2), { kind: 'done', value: 0xffffn });
  });
});

describe('posting a message', () => {
  const armed = (): Hypervisor => {
    const hv = protecting();
    protect(hv, 0, [PAGE]);
    return hv;
  };
  const read = (hv: Hypervisor): unknown => hv.access(0, { access: 'read', address: ADDRESS });
  const reasons = (hv: Hypervisor): readonly unknown[] => eventsOf(hv, 'intercept').map(({ reason }) => reason);

  test('is dropped while the slot is in use; the VP causes it again', () => {
    const hv = armed();
    leave(hv);
    assert.deepEqual(read(hv), POSTED);
    hv.writeRegister(0, Name.RFLAGS, 0x202n);
    assert.deepEqual(hv.nextEvent(0), { kind: 'interrupt', vector: SINT0_VECTOR });
    hv.endOfInterrupt(0);
    leave(hv);
    assert.deepEqual(hv.access(0, { access: 'read', address: ADDRESS + 0x100n }), DROPPED);
    assert.equal(hv.activeVtl(0), 0);
    const slot = message(hv);
    assert.equal(slot[5], 1, 'message pending');
    assert.equal(number(slot, 16 + 0x38, 8), ADDRESS);
    hv.vtlCall(0);
    hv.access(0, { access: 'write', address: 0x4_1000n, data: new Uint8Array(4), physical: true });
    write(hv, Msr.EOM, 0n);
    leave(hv);
    assert.deepEqual(hv.access(0, { access: 'read', address: ADDRESS + 0x100n }), POSTED);
    assert.equal(message(hv)[5], 0);
    assert.equal(number(message(hv), 16 + 0x38, 8), ADDRESS + 0x100n);
    assert.deepEqual(reasons(hv), [null, 'slot-in-use', null]);
  });

  test('needs SCONTROL, SIMP and an unmasked SINT0', () => {
    for (const [msr, value, reason] of [
      [Msr.SCONTROL, 0n, 'synic-off'],
      [Msr.SIMP, 0x4_1000n, 'synic-off'],
      [Msr.SINT0, 0x1_0050n, 'source-masked'],
    ] as const) {
      const hv = armed();
      write(hv, msr, value);
      leave(hv);
      assert.deepEqual(read(hv), DROPPED);
      assert.deepEqual(reasons(hv), [reason]);
      assert.equal(number(message(hv), 0, 4), 0n);
    }
  });

  test('enters VTL1 only as its task priority lets it: the message is there all the same', () => {
    const hv = armed();
    hv.writeRegister(0, Name.CR8, 5n);
    leave(hv);
    assert.deepEqual(read(hv), { kind: 'intercept', vtl: 1, posted: true, entered: false });
    assert.equal(hv.activeVtl(0), 0);
    assert.equal(number(message(hv), 0, 4), 0x8000_0001n);
  });
});

describe('an access that no VTL mask refuses', () => {
  test('is the host’s matter: no RAM, or an overlay’s own rights', () => {
    const hv = protecting();
    write(hv, Msr.GUEST_OS_ID, 1n);
    write(hv, Msr.HYPERCALL, 0x6_0001n);
    const denied = hv.access(0, { access: 'write', address: 0x6_0000n, data: Uint8Array.of(1) });
    assert.deepEqual(denied, { kind: 'host', reason: 'overlay-denied', page: 0x60 });
    assert.equal(hv.access(0, { access: 'execute', address: 0x6_0000n }).kind, 'done');
    for (const physical of [true, false]) {
      const nowhere = hv.access(0, { access: 'read', address: 0x400_0000n, physical });
      assert.deepEqual(nowhere, { kind: 'host', reason: 'unmapped', page: 0x4000 });
    }
    assert.deepEqual(eventsOf(hv, 'intercept'), []);
  });

  test('is a page fault where the VTL’s own page tables refuse it: CR2 and the error code', () => {
    const hv = create();
    mapIdentity(hv, 0x1n);
    enterLongMode(hv);
    hv.writeRegister(0, Name.CR0, 0x8001_0031n);
    const faults = (request: Parameters<Hypervisor['access']>[1]): unknown => {
      const result = hv.access(0, request);
      return result.kind === 'fault' ? [result.vector, result.errorCode, hv.readRegister(0, Name.CR2)] : result.kind;
    };
    const data = new Uint8Array(1);
    assert.deepEqual(faults({ access: 'read', address: 0x1000n }), 'done');
    assert.deepEqual(faults({ access: 'write', address: 0x1000n, data }), [14, 0x3, 0x1000n]);
    assert.deepEqual(faults({ access: 'read', address: 0x2000n, cpl: 3 }), [14, 0x5, 0x2000n]);
    assert.deepEqual(faults({ access: 'execute', address: 0x3000n, cpl: 3 }), [14, 0x15, 0x3000n]);
    assert.deepEqual(faults({ access: 'read', address: 0x4000_0000n }), [14, 0x0, 0x4000_0000n]);
    assert.deepEqual(faults({ access: 'write', address: 0x80_0000_0000n, data }), [14, 0x2, 0x80_0000_0000n]);
    hv.writePhysical(TABLES + 0x1000n, bytes(8, [[0, 8, 0x2081n]]));
    assert.deepEqual(faults({ access: 'read', address: 0x5000n }), [14, 0x9, 0x5000n]);
  });

  test('is #GP at an address that is not canonical', () => {
    const hv = create();
    mapIdentity(hv);
    enterLongMode(hv);
    const fault = { kind: 'fault', vector: 13, errorCode: 0 };
    assert.deepEqual(hv.access(0, { access: 'read', address: 0x8000_0000_0000n }), fault);
    assert.deepEqual(hv.access(0, { access: 'read', address: 0x7fff_ffff_fffcn }), fault);
    assert.deepEqual(hv.access(0, { access: 'read', address: 0xffff_7fff_ffff_ffffn }), fault);
  });

  test('is the host’s matter too where the host refuses a page', () => {
    const hv = protecting();
    protect(hv, 0, [PAGE]);
    const snapshot = hv.snapshot();
    assert.equal(setHostRights(snapshot.state.slat, PAGE, 0), true);
    hv.restore(snapshot);
    leave(hv);
    const denied = { kind: 'host', reason: 'host-denied', page: PAGE };
    assert.deepEqual(hv.access(0, { access: 'read', address: ADDRESS }), denied);
    assert.deepEqual(hv.access(0, { access: 'read', address: ADDRESS, physical: true }), denied);
  });

  test('without a byte is done', () => {
    assert.deepEqual(create().access(0, { access: 'write', address: 0x5000n }), {
      kind: 'done',
      data: new Uint8Array(0),
      gpa: 0n,
    });
  });
});
