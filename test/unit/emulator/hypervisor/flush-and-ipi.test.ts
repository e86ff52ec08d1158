/** The flush calls and the TLB lock; IPI calls; sets of VPs; VPs by their APIC ids (facts/vsm.md 1.4, 1.5, 1.10). */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Hypervisor } from '../../../../lib/emulator/hypervisor/hypervisor.js';
import {
  apicInput,
  bytes,
  Code,
  call,
  completed,
  create,
  enableVp,
  eventsOf,
  type Field,
  flushInput,
  get,
  ipiInput,
  leave,
  Name,
  output,
  secure,
  set,
  startOthers,
  status,
  succeed,
  use,
} from './guest.js';

const ELSEWHERE = 0x2_0000n;

/** HV_VP_SET at an offset: format, banks, a mask for each. */
const vpSet = (offset: number, format: number, banks: bigint, masks: readonly bigint[]): readonly Field[] => [
  [offset, 8, format],
  [offset + 8, 8, banks],
  ...masks.map((mask, index): Field => [offset + 16 + index * 8, 8, mask]),
];
const flushEx = (flags: bigint, format: number, banks: bigint, masks: readonly bigint[] = []): Uint8Array =>
  bytes(32 + masks.length * 8, [[8, 8, flags], ...vpSet(16, format, banks, masks)]);
const ipiEx = (vector: number, vtl: number, format: number, banks: bigint, masks: readonly bigint[] = []): Uint8Array =>
  bytes(24 + masks.length * 8, [[0, 4, vector], [4, 1, vtl], ...vpSet(8, format, banks, masks)]);

/** Three VPs with VTL1, all but VP 0 in VTL0; VTL1 of VP 0 has locked its TLB. */
const locked = (): Hypervisor => {
  const hv = secure({ processors: 3 });
  startOthers(hv, 3);
  leave(hv, 1);
  leave(hv, 2);
  assert.equal(set(hv, Name.SECURE_CONFIG_VTL0, 2n), 0);
  return hv;
};
const kindOf = (hv: Hypervisor, code: number, input: Uint8Array, options = {}): string =>
  call(hv, code, input, { vp: 1, at: ELSEWHERE, ...options }).kind;

describe('a flush', () => {
  test('waits while VTL1 has locked the TLB of a VP it is for, by any of the four calls', () => {
    const list = (input: Uint8Array): Uint8Array => Uint8Array.from([...input, ...bytes(8, [[0, 8, 0x1000]])]);
    const calls: readonly (readonly [number, Uint8Array, object])[] = [
      [Code.FLUSH_SPACE, flushInput(0n, 1n), {}],
      [Code.FLUSH_SPACE, flushInput(1n, 0n), {}],
      [Code.FLUSH_LIST, list(flushInput(0n, 1n)), { reps: 1 }],
      [Code.FLUSH_SPACE_EX, flushEx(0n, 0, 1n, [1n]), { header: 1 }],
      [Code.FLUSH_SPACE_EX, flushEx(0n, 1, 0n), {}],
      [Code.FLUSH_LIST_EX, list(flushEx(0n, 0, 1n, [1n])), { header: 1, reps: 1 }],
    ];
    for (const [code, input, options] of calls) {
      const hv = locked();
      const before = hv.readRegister(1, Name.RIP);
      assert.equal(kindOf(hv, code, input, options), 'waiting', `call 0x${code.toString(16)}`);
      assert.equal(hv.readRegister(1, Name.RIP), before);
      leave(hv);
      const result = completed(hv.hypercallAgain(1));
      assert.deepEqual([result.status, result.repsCompleted], [0, 'reps' in options ? 1 : 0]);
    }
  });

  test('goes on where no VP it is for is locked', () => {
    const hv = locked();
    assert.equal(kindOf(hv, Code.FLUSH_SPACE, flushInput(0n, 2n | 4n)), 'completed');
    assert.equal(kindOf(hv, Code.FLUSH_SPACE_EX, flushEx(0n, 0, 1n, [6n]), { header: 1 }), 'completed');
  });

  test('takes its input from registers too', () => {
    const input = Uint8Array.from([...flushInput(0n, 1n), ...bytes(8, [[0, 8, 0x1000]])]);
    assert.equal(status(create(), Code.FLUSH_SPACE, flushInput(0n, 1n), { fast: true }), 0);
    const { status: answer, repsCompleted } = completed(
      call(create(), Code.FLUSH_LIST, input, { fast: true, reps: 1 }),
    );
    assert.deepEqual([answer, repsCompleted], [0, 1]);
  });

  test('of VTL0’s buffers by VTL1 itself is not held back', () => {
    const hv = locked();
    assert.equal(completed(call(hv, Code.FLUSH_SPACE, flushInput(0x110n, 1n))).status, 0);
    assert.equal(completed(call(hv, Code.FLUSH_SPACE, flushInput(0n, 1n))).status, 0);
  });

  test('names one VTL, its own or a lower one', () => {
    const hv = secure();
    for (const [flags, expected] of [
      [0x210n, 0],
      [0x10n, 0x05],
      [0x310n, 0x05],
      [0x0fn, 0],
      [0x20n, 0x05],
      [0x400n, 0x05],
    ] as const) {
      assert.equal(status(hv, Code.FLUSH_SPACE, flushInput(flags, 1n)), expected, `flags 0x${flags.toString(16)}`);
    }
    leave(hv);
    assert.equal(status(hv, Code.FLUSH_SPACE, flushInput(0x210n, 1n)), 0x05);
  });

  test('is for VPs that exist, of a set that is one', () => {
    const hv = create();
    assert.equal(status(hv, Code.FLUSH_SPACE, flushInput(0n, 0n)), 0x05);
    assert.equal(status(hv, Code.FLUSH_SPACE_EX, flushEx(0n, 2, 0n)), 0x05);
    assert.equal(status(hv, Code.FLUSH_SPACE_EX, flushEx(0n, 0, 1n)), 0x05);
    assert.equal(status(hv, Code.FLUSH_SPACE_EX, flushEx(1n, 2, 0n)), 0, 'all processors: the set does not matter');
    assert.equal(status(hv, Code.FLUSH_LIST, flushInput(0n, 1n)), 0x03, 'a list has reps');
  });

  test('that waits is logged once', () => {
    const hv = locked();
    kindOf(hv, Code.FLUSH_SPACE, flushInput(0n, 1n));
    for (let time = 0; time < 5; time++) assert.equal(hv.hypercallAgain(1).kind, 'waiting');
    leave(hv);
    hv.hypercallAgain(1);
    assert.deepEqual(eventsOf(hv, 'hypercall-suspended'), [
      { kind: 'hypercall-suspended', vp: 1, vtl: 0, code: 2, reason: 'tlb-lock', repsCompleted: 0 },
    ]);
  });
});

describe('the TLB lock', () => {
  test('is released by its register, or by the return of the VTL that holds it', () => {
    const hv = locked();
    assert.equal(get(hv, Name.SECURE_CONFIG_VTL0), 2n);
    leave(hv);
    hv.vtlCall(0);
    assert.equal(get(hv, Name.SECURE_CONFIG_VTL0), 0n);
  });

  test('leaves MBEC as it was', () => {
    const hv = secure({}, {}, true);
    assert.equal(set(hv, Name.SECURE_CONFIG_VTL0, 3n), 0);
    leave(hv);
    hv.vtlCall(0);
    assert.equal(get(hv, Name.SECURE_CONFIG_VTL0), 1n);
  });
});

describe('SendSyntheticClusterIpi', () => {
  const three = (): Hypervisor => {
    const hv = create({ processors: 3 });
    for (const vp of [1, 2]) succeed(hv, Code.START_VP, enableVp({ vp, vtl: 0 }));
    for (const vp of [0, 1, 2]) hv.writeRegister(vp, Name.RFLAGS, 0x202n);
    return hv;
  };
  const reached = (hv: Hypervisor): readonly number[] => [0, 1, 2].filter((vp) => hv.nextEvent(vp) !== null);

  test('reaches the VPs of its mask or set', () => {
    const hv = three();
    succeed(hv, Code.IPI, ipiInput(0x40, 0, 5n));
    assert.deepEqual(reached(hv), [0, 2]);
    const sparse = three();
    succeed(sparse, Code.IPI_EX, ipiEx(0x40, 0, 0, 1n, [6n]), { header: 1 });
    assert.deepEqual(reached(sparse), [1, 2]);
    const all = three();
    succeed(all, Code.IPI_EX, ipiEx(0x40, 0, 1, 0n));
    assert.deepEqual(reached(all), [0, 1, 2]);
    const second = three();
    succeed(second, Code.IPI_EX, ipiEx(0x40, 0, 0, 2n, [7n]), { header: 1 });
    assert.deepEqual(reached(second), []);
  });

  test('takes its input from registers too', () => {
    const hv = three();
    const input = ipiEx(0x40, 0, 0, 1n, [2n]);
    assert.equal(status(hv, Code.IPI_EX, input, { fast: true, header: 1 }), 0);
    assert.deepEqual(reached(hv), [1]);
  });

  test('has vectors 16 to 255, no reserved bits, and all the banks it names', () => {
    const hv = three();
    for (const [vector, expected] of [
      [15, 0x05],
      [16, 0],
      [255, 0],
      [256, 0x05],
    ] as const) {
      assert.equal(status(hv, Code.IPI, ipiInput(vector, 0, 1n)), expected);
    }
    assert.equal(status(hv, Code.IPI, ipiInput(0x40, 0x20, 1n)), 0x05);
    assert.equal(
      status(
        hv,
        Code.IPI,
        bytes(16, [
          [0, 4, 0x40],
          [5, 1, 1],
          [8, 8, 1],
        ]),
      ),
      0x05,
    );
    assert.equal(status(hv, Code.IPI_EX, ipiEx(0x40, 0, 0, 3n, [1n]), { header: 1 }), 0x05);
  });

  test('from VTL1 is for VTL1 or VTL0, from VTL0 for VTL0 alone', () => {
    const hv = secure({ processors: 2 });
    assert.equal(status(hv, Code.IPI, ipiInput(0x40, use(1), 1n)), 0);
    assert.equal(status(hv, Code.IPI, ipiInput(0x40, 0, 1n)), 0);
    assert.equal(status(hv, Code.IPI, ipiInput(0x40, use(0), 1n)), 0);
    assert.deepEqual(
      eventsOf(hv, 'interrupt').map(({ vtl }) => vtl),
      [1, 1, 0],
    );
    const low = create();
    assert.equal(status(low, Code.IPI, ipiInput(0x40, use(1), 1n)), 0x51);
  });
});

describe('GetVpIndexFromApicId', () => {
  test('answers for each id, up to the first that no VP has', () => {
    const hv = create({ processors: 4 });
    succeed(hv, Code.VP_FROM_APIC, apicInput([3, 0, 2]), { reps: 3 });
    assert.deepEqual([output(hv, 0, 4), output(hv, 4, 4), output(hv, 8, 4)], [3n, 0n, 2n]);
    const result = completed(call(hv, Code.VP_FROM_APIC, apicInput([1, 9, 2]), { reps: 3 }));
    assert.deepEqual([result.status, result.repsCompleted], [0x05, 1]);
    assert.equal(status(hv, Code.VP_FROM_APIC, apicInput([1], { vtl: 0x40 }), { reps: 1 }), 0x05);
  });
});
