/** Interrupts of each VTL and VINA (facts/vsm.md 1.12). */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Hypervisor } from '../../../../lib/emulator/hypervisor/hypervisor.js';
import {
  ASSIST,
  assertInput,
  Code,
  create,
  enableVp,
  eventsOf,
  get,
  handle,
  leave,
  Msr,
  msr,
  Name,
  partitionOn,
  secure,
  set,
  startOthers,
  status,
  succeed,
  use,
  write,
} from './guest.js';

const VINA_STATUS = 12;
const vinaStatus = (hv: Hypervisor): number | undefined => hv.page(0, 1, 'assist')[VINA_STATUS];
const interrupt = (vector: number) => ({ kind: 'interrupt', vector }) as const;

/** VTL1 with VINA as given, interrupts on in both VTLs, VTL1 active. */
const withVina = (vina: bigint): Hypervisor => {
  const hv = secure();
  assert.equal(set(hv, Name.VINA, vina), 0);
  assert.equal(set(hv, Name.RFLAGS, 0x202n, { vtl: use(0) }), 0);
  hv.writeRegister(0, Name.RFLAGS, 0x202n);
  return hv;
};

describe('an interrupt for VTL1 while VTL0 runs', () => {
  test('enters VTL1 at once, whatever VTL0’s RFLAGS.IF and task priority', () => {
    for (const [flags, priority] of [
      [0x2n, 0n],
      [0x202n, 15n],
    ] as const) {
      const hv = secure();
      leave(hv);
      hv.writeRegister(0, Name.RFLAGS, flags);
      hv.writeRegister(0, Name.CR8, priority);
      const rip = hv.readRegister(0, Name.RIP);
      hv.raise(0, 1, 0x60);
      assert.equal(hv.activeVtl(0), 1);
      assert.equal(hv.page(0, 1, 'assist')[8], 2, 'entry reason');
      // VTL1's own IF decides when its handler runs.
      assert.equal(hv.nextEvent(0), null);
      hv.writeRegister(0, Name.RFLAGS, 0x202n);
      assert.deepEqual(hv.nextEvent(0), interrupt(0x60));
      hv.endOfInterrupt(0);
      leave(hv);
      assert.equal(hv.readRegister(0, Name.RIP), rip);
    }
  });

  test('stays pending without a switch while VTL1’s task priority masks it', () => {
    const hv = secure();
    hv.writeRegister(0, Name.CR8, 6n);
    leave(hv);
    hv.raise(0, 1, 0x6f);
    assert.equal(hv.activeVtl(0), 0);
    hv.raise(0, 1, 0x70);
    assert.equal(hv.activeVtl(0), 1);
    hv.writeRegister(0, Name.RFLAGS, 0x202n);
    assert.deepEqual(hv.nextEvent(0), interrupt(0x70));
    assert.equal(hv.nextEvent(0), null);
    hv.endOfInterrupt(0);
    assert.equal(hv.nextEvent(0), null);
    write(hv, 0x4000_0072, 0x50n);
    assert.deepEqual(hv.nextEvent(0), interrupt(0x6f));
  });

  test('is held back by one of its class in service', () => {
    const hv = secure();
    hv.writeRegister(0, Name.RFLAGS, 0x202n);
    hv.raise(0, 1, 0x61);
    assert.deepEqual(hv.nextEvent(0), interrupt(0x61));
    assert.equal(msr(hv, 0x813), 2n);
    leave(hv);
    hv.raise(0, 1, 0x65);
    assert.equal(hv.activeVtl(0), 0);
    hv.vtlCall(0);
    assert.equal(msr(hv, 0x823), 0x20n);
    write(hv, 0x4000_0070, 0n);
    assert.equal(msr(hv, 0x813), 0n);
    assert.deepEqual(hv.nextEvent(0), interrupt(0x65));
    write(hv, 0x80b, 0n);
    assert.equal(msr(hv, 0x813), 0n);
  });

  test('is seen in IRR and ISR by its vector: 16 in the first word, 255 in the last', () => {
    const hv = secure();
    for (const vector of [16, 255]) hv.raise(0, 1, vector);
    assert.deepEqual([msr(hv, 0x820), msr(hv, 0x827)], [1n << 16n, 1n << 31n]);
    hv.writeRegister(0, Name.RFLAGS, 0x202n);
    assert.deepEqual(hv.nextEvent(0), interrupt(255));
    assert.deepEqual([msr(hv, 0x810), msr(hv, 0x817), msr(hv, 0x827)], [0n, 1n << 31n, 0n]);
    hv.endOfInterrupt(0);
    assert.deepEqual(hv.nextEvent(0), interrupt(16));
    assert.equal(msr(hv, 0x810), 1n << 16n);
    hv.endOfInterrupt(0);
    hv.endOfInterrupt(0);
    assert.equal(eventsOf(hv, 'interrupt').filter(({ step }) => step === 'ended').length, 2);
  });

  test('of the same vector twice is one', () => {
    const hv = secure();
    hv.writeRegister(0, Name.RFLAGS, 0x202n);
    hv.raise(0, 1, 0x60);
    hv.raise(0, 1, 0x60);
    assert.deepEqual(hv.nextEvent(0), interrupt(0x60));
    hv.endOfInterrupt(0);
    assert.equal(hv.nextEvent(0), null);
  });

  test('as an NMI enters it too, and waits for no RFLAGS.IF', () => {
    const hv = secure({ processors: 2 });
    startOthers(hv, 2);
    leave(hv, 1);
    write(hv, Msr.ICR, 0x1_0000_0400n);
    assert.equal(hv.activeVtl(1), 1);
    assert.deepEqual(hv.nextEvent(1), { kind: 'nmi' });
    assert.equal(hv.nextEvent(1), null);
  });

  test('of a VP that has no VTL1 is ignored', () => {
    const hv = partitionOn();
    hv.raise(0, 1, 0x60);
    assert.equal(hv.activeVtl(0), 0);
    assert.deepEqual(eventsOf(hv, 'interrupt'), [
      { kind: 'interrupt', vp: 0, vtl: 1, vector: 0x60, source: 'device', step: 'ignored' },
    ]);
  });

  test('of a VP that does not run waits until it starts', () => {
    const hv = secure({ processors: 2 });
    succeed(hv, Code.ENABLE_VP, enableVp({ vp: 1 }));
    hv.raise(1, 1, 0x60);
    assert.equal(hv.activeVtl(1), 0);
    succeed(hv, Code.START_VP, enableVp({ vp: 1, vtl: 0 }));
    assert.equal(hv.activeVtl(1), 1);
  });
});

describe('an interrupt for VTL0 while VTL1 runs', () => {
  test('never pre-empts it', () => {
    const hv = secure();
    hv.raise(0, 0, 0xff);
    assert.equal(hv.activeVtl(0), 1);
    assert.equal(hv.nextEvent(0), null);
    leave(hv);
    hv.writeRegister(0, Name.RFLAGS, 0x202n);
    assert.deepEqual(hv.nextEvent(0), interrupt(0xff));
  });

  test('by AssertVirtualInterrupt is a vector or an NMI', () => {
    const hv = secure();
    succeed(hv, Code.ASSERT_INTERRUPT, assertInput(0x44));
    succeed(hv, Code.ASSERT_INTERRUPT, assertInput(0, { type: 4n }));
    leave(hv);
    assert.deepEqual(hv.nextEvent(0), { kind: 'nmi' });
    assert.equal(hv.nextEvent(0), null);
    hv.writeRegister(0, Name.RFLAGS, 0x202n);
    assert.deepEqual(hv.nextEvent(0), interrupt(0x44));
  });

  test('by AssertVirtualInterrupt is edge-triggered, at an APIC id that exists', () => {
    const refused = (vector: number, options: Parameters<typeof assertInput>[1] = {}): number =>
      status(secure(), Code.ASSERT_INTERRUPT, assertInput(vector, options));
    assert.equal(refused(15), 0x05);
    assert.equal(refused(0x44, { destination: 1n }), 0x05);
    assert.equal(refused(0x44, { type: 1n << 32n }), 0x05);
    assert.equal(refused(0x44, { type: 2n << 32n }), 0x05);
    assert.equal(refused(0x44, { type: 4n << 32n }), 0x05);
    assert.equal(refused(0x44, { vtl: 0x30 }), 0x05);
    const padded = assertInput(0x44);
    padded[31] = 1;
    assert.equal(status(secure(), Code.ASSERT_INTERRUPT, padded), 0x05);
  });
});

describe('VINA', () => {
  test('is raised once for interrupts that wait for VTL0, and says so in the assist page', () => {
    const hv = withVina(0x130n);
    hv.raise(0, 0, 0x40);
    assert.equal(vinaStatus(hv), 1);
    assert.deepEqual(hv.nextEvent(0), interrupt(0x30));
    hv.raise(0, 0, 0x50);
    hv.endOfInterrupt(0);
    assert.equal(vinaStatus(hv), 1, 'EOI does not clear it');
    assert.equal(hv.nextEvent(0), null);
    leave(hv);
    assert.equal(vinaStatus(hv), 1, 'without AutoReset a return does not clear it');
    assert.deepEqual(hv.nextEvent(0), interrupt(0x50));
  });

  test('comes again once VTL1 has cleared its status and an interrupt still waits', () => {
    const hv = withVina(0x130n);
    hv.raise(0, 0, 0x40);
    assert.deepEqual(hv.nextEvent(0), interrupt(0x30));
    hv.endOfInterrupt(0);
    assert.equal(hv.nextEvent(0), null);
    hv.access(0, { access: 'write', address: ASSIST + 12n, data: Uint8Array.of(0), physical: true });
    assert.deepEqual(hv.nextEvent(0), interrupt(0x30));
    assert.equal(vinaStatus(hv), 1);
  });

  test('with AutoReset is cleared by the return', () => {
    const hv = withVina(0x330n);
    hv.raise(0, 0, 0x40);
    assert.deepEqual(hv.nextEvent(0), interrupt(0x30));
    hv.endOfInterrupt(0);
    assert.equal(vinaStatus(hv), 1);
    leave(hv);
    assert.equal(vinaStatus(hv), 0);
    assert.deepEqual(hv.nextEvent(0), interrupt(0x40));
  });

  test('with AutoEoi is not in service', () => {
    for (const [vina, inService] of [
      [0x530n, 0n],
      [0x130n, 1n << 16n],
    ] as const) {
      const hv = withVina(vina);
      hv.raise(0, 0, 0x40);
      assert.deepEqual(hv.nextEvent(0), interrupt(0x30));
      assert.equal(msr(hv, 0x811), inService);
    }
  });

  test('is not raised while it is off, nor for what VTL0 would not take: TLFS “immediate delivery”', () => {
    const off = withVina(0x30n);
    off.raise(0, 0, 0x40);
    assert.equal(vinaStatus(off), 0);
    const closed = withVina(0x130n);
    assert.equal(set(closed, Name.RFLAGS, 0x2n, { vtl: use(0) }), 0);
    closed.raise(0, 0, 0x40);
    assert.equal(vinaStatus(closed), 0);
    assert.equal(set(closed, Name.RFLAGS, 0x202n, { vtl: use(0) }), 0);
    assert.deepEqual(closed.nextEvent(0), interrupt(0x30));
    const priority = withVina(0x130n);
    assert.equal(set(priority, Name.CR8, 5n, { vtl: use(0) }), 0);
    priority.raise(0, 0, 0x40);
    assert.equal(vinaStatus(priority), 0);
  });

  test('is raised by its own register, and for an NMI', () => {
    const hv = withVina(0n);
    succeed(hv, Code.ASSERT_INTERRUPT, assertInput(0, { type: 4n }));
    assert.equal(vinaStatus(hv), 0);
    assert.equal(set(hv, Name.VINA, 0x131n), 0);
    assert.deepEqual(hv.nextEvent(0), interrupt(0x31));
    assert.equal(set(hv, Name.VINA, 0x800n), 0x50);
  });
});

describe('SINT0', () => {
  test('with AutoEoi needs no end of interrupt', () => {
    for (const [sint, inService] of [
      [0x2_0050n, 0n],
      [0x50n, 1n << 16n],
    ] as const) {
      const hv = secure();
      write(hv, Msr.SINT0, sint);
      assert.equal(set(hv, Name.CR_CONTROL, 1n << 6n), 0);
      leave(hv);
      assert.equal(hv.writeMsr(0, 0xc000_0082, 1n).kind, 'intercept');
      hv.writeRegister(0, Name.RFLAGS, 0x202n);
      assert.deepEqual(hv.nextEvent(0), interrupt(0x50));
      assert.equal(msr(hv, 0x812), inService);
    }
  });

  test('handled, leaves nothing behind', () => {
    const hv = secure();
    assert.equal(set(hv, Name.CR_CONTROL, 1n << 6n), 0);
    for (let round = 0; round < 3; round++) {
      leave(hv);
      const result = hv.writeMsr(0, 0xc000_0082, 1n);
      assert.deepEqual(result, { kind: 'intercept', vtl: 1, posted: true, entered: true });
      handle(hv);
    }
  });
});

describe('an exception that VTL1 injects', () => {
  test('comes before all else, once, with its error code and parameter', () => {
    const hv = secure();
    const event = 0x4_000e_0101n | (0xdead_0000n << 64n);
    assert.equal(set(hv, Name.PENDING_EVENT, event, { vtl: use(0) }), 0);
    assert.equal(hv.nextEvent(0), null);
    succeed(hv, Code.ASSERT_INTERRUPT, assertInput(0, { type: 4n }));
    leave(hv);
    const exception = { kind: 'exception', vector: 14, errorCode: 4, parameter: 0xdead_0000n };
    assert.deepEqual(hv.nextEvent(0), exception);
    assert.deepEqual(hv.nextEvent(0), { kind: 'nmi' });
    assert.equal(hv.nextEvent(0), null);
  });

  test('has an error code only where it says so, is an exception, and can be taken back', () => {
    const hv = secure();
    const inject = (value: bigint): number => set(hv, Name.PENDING_EVENT, value, { vtl: use(0) });
    assert.equal(inject(0x7_0006_0001n), 0);
    leave(hv);
    assert.deepEqual(hv.nextEvent(0), { kind: 'exception', vector: 6, errorCode: null, parameter: 0n });
    hv.vtlCall(0);
    assert.equal(inject(0x6_0003n), 0x50, 'not an exception');
    assert.equal(inject(0x20_0001n), 0x50, 'vector 32');
    assert.equal(inject(0x6_0011n), 0x50, 'reserved bit');
    assert.equal(inject(0x6_0001n), 0);
    assert.equal(get(hv, Name.PENDING_EVENT, { vtl: use(0) }), 0x6_0001n);
    assert.equal(inject(0n), 0);
    leave(hv);
    assert.equal(hv.nextEvent(0), null);
  });
});

describe('the interrupt command register', () => {
  test('has shorthands for self, all and all others, and a broadcast', () => {
    const taken = (command: bigint): readonly boolean[] => {
      const hv = create({ processors: 3 });
      for (const vp of [1, 2]) succeed(hv, Code.START_VP, enableVp({ vp, vtl: 0 }));
      write(hv, 0x830, command);
      return [0, 1, 2].map((vp) => {
        hv.writeRegister(vp, Name.RFLAGS, 0x202n);
        return hv.nextEvent(vp) !== null;
      });
    };
    assert.deepEqual(taken(0x4_0040n), [true, false, false]);
    assert.deepEqual(taken(0x8_0040n), [true, true, true]);
    assert.deepEqual(taken(0xc_0040n), [false, true, true]);
    assert.deepEqual(taken(0xffff_ffff_0000_0040n), [true, true, true]);
    assert.deepEqual(taken(0x2_0000_0040n), [false, false, true]);
  });

  test('as SELF_IPI sends to the same VTL of the same VP', () => {
    const hv = secure();
    hv.writeRegister(0, Name.RFLAGS, 0x202n);
    write(hv, 0x83f, 0x70n);
    assert.deepEqual(hv.nextEvent(0), interrupt(0x70));
  });
});
