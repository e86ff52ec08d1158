/** The hypercall instruction: registers, buffers, reps, continuation and #UD (facts/vsm.md 1.2). */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { HypervisorOptions } from '../../../../lib/emulator/hypervisor/state.js';
import {
  ASSIST,
  apicInput,
  assertInput,
  bytes,
  Code,
  call,
  checkInput,
  completed,
  create,
  enablePartition,
  enableVp,
  flushInput,
  get,
  getInput,
  handle,
  hex,
  INPUT,
  interceptInput,
  ipiInput,
  leave,
  Msr,
  message,
  modify,
  Name,
  number,
  OUTPUT,
  output,
  partitionOn,
  protect,
  protecting,
  SELF,
  secure,
  set,
  setInput,
  status,
  use,
  write,
} from './guest.js';

const UD = { kind: 'fault', vector: 6, errorCode: null };
const FILL = 'ee'.repeat(16);

describe('input in registers', () => {
  test('comes from RDX and R8; the result is in RAX, and RIP is after the instruction', () => {
    const hv = create();
    hv.writeRegister(0, Name.RIP, 0x1000n);
    const result = hv.hypercall(0, { control: 0x0000_0000_0001_000dn, input: SELF, output: 1n });
    assert.deepEqual(result, { kind: 'completed', status: 0, repsCompleted: 0, result: 0n });
    assert.equal(hv.readRegister(0, Name.RAX), 0n);
    assert.equal(hv.readRegister(0, Name.RIP), 0x1003n);
    assert.deepEqual(hv.describe().enabledVtls, [0, 1]);
  });

  test('goes on in XMM0 to XMM5, 112 bytes in all', () => {
    const hv = protecting();
    const pages = Array.from({ length: 12 }, (_, index) => 0x100 + index);
    const result = completed(call(hv, Code.MODIFY, modify(0x1, pages), { fast: true, reps: 12 }));
    assert.deepEqual([result.status, result.repsCompleted], [0, 12]);
    assert.deepEqual(
      hv.protectedPages(1).map(({ page }) => page),
      pages,
    );
    const more = completed(call(hv, Code.MODIFY, modify(0x1, [...pages, 0x200]), { fast: true, reps: 13 }));
    assert.deepEqual([more.status, more.repsCompleted], [0x03, 0]);
  });

  test('ends with R8 where the partition may not use XMM input', () => {
    const features = { xmmInput: false };
    assert.equal(status(protecting({ features }), Code.MODIFY, modify(0x1, [0x100]), { fast: true, reps: 1 }), 0x03);
    assert.equal(status(create({ features }), Code.ENABLE_PARTITION, enablePartition(), { fast: true }), 0);
  });

  test('has its output in the registers that follow, and leaves all others alone', () => {
    const hv = create();
    hv.writeRegister(0, Name.XMM0 + 2, 0xabcdn);
    const [rdx, r8] = [SELF, 0xffff_fffen];
    const names = BigInt(Name.VP_STATUS) | (0x7777n << 64n);
    const result = hv.hypercall(0, { control: 0x0000_0001_0001_0050n, input: rdx, output: r8, xmm: [names, 0x55n] });
    assert.equal(completed(result).status, 0);
    assert.equal(hv.readRegister(0, Name.RDX), rdx);
    assert.equal(hv.readRegister(0, Name.R8), r8);
    assert.equal(hv.readRegister(0, Name.XMM0), names);
    assert.equal(hv.readRegister(0, Name.XMM0 + 1), 0x1_0000n);
    assert.equal(hv.readRegister(0, Name.XMM0 + 2), 0xabcdn);
  });

  test('may have no output there without XMM output', () => {
    const hv = create({ features: { xmmOutput: false } });
    assert.equal(status(hv, Code.GET, getInput([Name.VP_STATUS]), { fast: true, reps: 1 }), 0x03);
    assert.equal(status(hv, Code.GET, getInput([Name.VP_STATUS]), { reps: 1 }), 0);
  });

  test('keeps the output of earlier executions when a call goes on', () => {
    const hv = protecting({ repBudget: 1 });
    protect(hv, 0, [0x100]);
    assert.equal(call(hv, Code.CHECK, checkInput(1, [0x100, 0x101, 0x102]), { fast: true, reps: 3 }).kind, 'continued');
    assert.equal(hv.hypercallAgain(0).kind, 'continued');
    assert.equal(completed(hv.hypercallAgain(0)).repsCompleted, 3);
    // 16 + 3 · 8 bytes of input are rounded up to 48: the output begins in XMM2.
    assert.equal(hv.readRegister(0, Name.XMM0 + 2), 0x0001_0101n);
    assert.equal(hv.readRegister(0, Name.XMM0 + 3), 0n);
  });

  test('sets registers and asks for intercepts', () => {
    const hv = secure();
    const input = setInput([[Name.LSTAR, 0x1234n]], { vtl: use(0) });
    const [rdx, r8] = [number(input, 0, 8), number(input, 8, 8)];
    const xmm = [number(input, 16, 16), number(input, 32, 16)];
    assert.equal(
      completed(hv.hypercall(0, { control: 0x0000_0001_0001_0051n, input: rdx, output: r8, xmm })).status,
      0,
    );
    assert.equal(get(hv, Name.LSTAR, { vtl: use(0) }), 0x1234n);
    assert.equal(status(hv, Code.INSTALL_INTERCEPT, interceptInput(1, 0x70n), { fast: true }), 0);
    assert.equal(status(hv, Code.INTERCEPT_RESULT, new Uint8Array(16), { fast: true }), 0x05);
    assert.equal(status(hv, Code.VP_FROM_APIC, apicInput([0]), { fast: true, reps: 1 }), 0);
  });

  test('is refused by the calls that have a context or an interrupt to read', () => {
    const hv = secure({ processors: 2 });
    for (const [code, input] of [
      [Code.ENABLE_VP, enableVp()],
      [Code.START_VP, enableVp({ vp: 1 })],
      [Code.ASSERT_INTERRUPT, assertInput(0x40)],
    ] as const) {
      assert.equal(status(hv, code, input, { fast: true }), 0x03);
    }
  });
});

describe('the control word', () => {
  test('has reserved bits: INVALID_HYPERCALL_INPUT, as nested calls and headers that no call has', () => {
    for (const bit of [27n, 28n, 29n, 30n, 31n, 44n, 45n, 46n, 47n, 60n, 61n, 62n, 63n, 17n, 26n]) {
      const hv = create();
      hv.writePhysical(INPUT, enablePartition());
      const result = completed(hv.hypercall(0, { control: 0xdn | (1n << bit), input: INPUT }));
      assert.equal(result.status, 0x03, `bit ${bit}`);
    }
  });

  test('is looked at after the privileges: a denial wins', () => {
    const denied = create({ features: { accessVsm: false } });
    assert.equal(completed(denied.hypercall(0, { control: 0x0800_000dn })).status, 0x06);
  });

  const privileges: readonly (readonly [HypervisorOptions['features'] & object, number, Uint8Array, number])[] = [
    [{ accessVsm: false }, Code.ENABLE_PARTITION, enablePartition(), 0],
    [{ accessVsm: false }, Code.ENABLE_VP, enableVp(), 0],
    [{ accessVsm: false }, Code.MODIFY, modify(0xf, [1]), 1],
    [{ accessVpRegisters: false }, Code.GET, getInput([Name.VP_STATUS]), 1],
    [{ accessVpRegisters: false }, Code.SET, setInput([[Name.RAX, 0n]]), 1],
    [{ accessVpRegisters: false }, Code.TRANSLATE, new Uint8Array(32), 0],
    [{ accessVpRegisters: false }, Code.TRANSLATE_EX, new Uint8Array(32), 0],
    [{ startVirtualProcessor: false }, Code.START_VP, enableVp(), 0],
  ];
  for (const [features, code, input, reps] of privileges) {
    test(`call 0x${code.toString(16)} without ${Object.keys(features).join()} is ACCESS_DENIED`, () => {
      assert.equal(status(create({ features }), code, input, { reps }), 0x06);
    });
  }
});

describe('input and output in memory', () => {
  test('are aligned to 8 bytes', () => {
    for (const offset of [1n, 2n, 3n, 5n, 6n, 7n]) {
      assert.equal(status(create(), Code.ENABLE_PARTITION, enablePartition(), { at: INPUT + offset }), 0x04);
    }
    assert.equal(status(create(), Code.ENABLE_PARTITION, enablePartition(), { at: INPUT + 8n }), 0);
  });

  test('end with their page at the latest', () => {
    assert.equal(status(create(), Code.ENABLE_PARTITION, enablePartition(), { at: INPUT + 4080n }), 0);
    assert.equal(status(create(), Code.GET, getInput([Name.VP_STATUS]), { reps: 1, to: OUTPUT + 4080n }), 0);
  });

  test('without an output the output’s address does not matter', () => {
    const to = 0xffff_ffff_ffff_ffffn;
    const hv = create({ processors: 2 });
    assert.equal(status(hv, Code.START_VP, enableVp({ vp: 1, vtl: 0 }), { to }), 0);
    assert.equal(status(hv, Code.ENABLE_PARTITION, enablePartition(), { to }), 0);
    assert.equal(status(hv, Code.ENABLE_VP, enableVp(), { to }), 0);
    hv.vtlCall(0);
    assert.equal(status(hv, Code.ASSERT_INTERRUPT, assertInput(0x40), { to }), 0);
    assert.equal(status(hv, Code.IPI, ipiInput(0x40, 0, 1n), { to }), 0);
    assert.equal(status(hv, Code.FLUSH_SPACE, flushInput(0n, 1n), { to }), 0);
    assert.equal(status(hv, Code.INSTALL_INTERCEPT, interceptInput(1, 0x70n), { to }), 0);
    assert.equal(status(hv, Code.SET, setInput([[Name.VINA, 0n]]), { reps: 1, to }), 0);
  });

  test('are INVALID_PARAMETER where the guest has no RAM', () => {
    for (const address of [0x400_0000n, 0xffff_ffff_ffff_f000n]) {
      const hv = create();
      assert.equal(status(hv, Code.GET, getInput([Name.VP_STATUS]), { reps: 1, to: address }), 0x05);
      assert.equal(status(hv, Code.ENABLE_PARTITION, enablePartition(), { at: address }), 0x05);
    }
  });

  test('go through the overlays of the caller’s VTL', () => {
    const hv = secure();
    hv.access(0, { access: 'write', address: ASSIST + 0x800n, physical: true, data: getInput([Name.VP_STATUS]) });
    const request = { control: 0x1_0000_0050n, input: ASSIST + 0x800n, output: ASSIST + 0xc00n };
    assert.equal(completed(hv.hypercall(0, request)).status, 0);
    assert.equal(number(hv.page(0, 1, 'assist'), 0xc00, 8), 0x3_0001n);
    assert.equal(hex(hv.readPhysical(ASSIST + 0xc00n, 8)), '00'.repeat(8));
    write(hv, Msr.GUEST_OS_ID, 1n);
    write(hv, Msr.HYPERCALL, 0x6_0001n);
    assert.equal(status(hv, Code.GET, getInput([Name.VP_STATUS]), { reps: 1, to: 0x6_0000n }), 0x05);
  });

  test('the output is written as far as reps were done, and not at all by a call that fails', () => {
    const hv = create();
    hv.writePhysical(OUTPUT, new Uint8Array(48).fill(0xee));
    const result = completed(call(hv, Code.GET, getInput([Name.VP_STATUS, 0xacac_acac, Name.VP_STATUS]), { reps: 3 }));
    assert.deepEqual([result.status, result.repsCompleted, result.result], [0x05, 1, 0x1_0000_0005n]);
    assert.equal(output(hv, 0, 16), 0x1_0000n);
    assert.equal(hex(hv.readPhysical(OUTPUT + 16n, 32)), FILL + FILL);
    hv.writePhysical(OUTPUT, new Uint8Array(16).fill(0xee));
    assert.equal(status(hv, Code.TRANSLATE, new Uint8Array(32)), 0x06);
    assert.equal(hex(hv.readPhysical(OUTPUT, 16)), FILL);
  });

  test('an output page that VTL1 protects is intercepted before anything is done, and the call can be made again', () => {
    const hv = protecting();
    protect(hv, 1, [Number(OUTPUT >> 12n)]);
    leave(hv);
    const rip = hv.readRegister(0, Name.RIP);
    const result = call(hv, Code.GET, getInput([Name.VP_STATUS]), { reps: 1 });
    assert.deepEqual(result, { kind: 'intercept', vtl: 1, posted: true, entered: true });
    const slot = message(hv);
    assert.equal(number(slot, 0, 4), 0x8000_0001n);
    assert.equal(slot[16 + 5], 1);
    assert.equal(slot[16 + 0x2d], 0x4, 'HypercallOutputPending');
    assert.equal(number(slot, 16 + 0x38, 8), OUTPUT);
    handle(hv);
    const control = hv.readRegister(0, Name.RCX);
    protect(hv, 0xf, [Number(OUTPUT >> 12n)]);
    leave(hv);
    assert.equal(hv.readRegister(0, Name.RIP), rip);
    assert.equal(control, 0x1_0000_0050n);
    assert.equal(status(hv, Code.GET, getInput([Name.VP_STATUS]), { reps: 1 }), 0);
  });

  test('an input page that VTL1 protects is intercepted as a read', () => {
    const hv = protecting();
    protect(hv, 0, [Number(INPUT >> 12n)]);
    leave(hv);
    assert.equal(call(hv, Code.GET, getInput([Name.VP_STATUS]), { reps: 1 }).kind, 'intercept');
    const slot = message(hv);
    assert.deepEqual([slot[16 + 5], slot[16 + 0x2d]], [0, 0]);
    assert.equal(number(slot, 16 + 0x38, 8), INPUT);
  });
});

describe('reps', () => {
  test('are counted from the call’s first one, also where a continued call fails', () => {
    const hv = protecting();
    const other = modify(0x1, [0x100, 0x101, 0x102], { partition: 42n });
    const header = completed(call(hv, Code.MODIFY, other, { reps: 3, start: 1 }));
    assert.deepEqual([header.status, header.repsCompleted], [0x06, 1]);
    const buffer = completed(call(hv, Code.MODIFY, other, { reps: 3, start: 2, at: INPUT + 4n }));
    assert.deepEqual([buffer.status, buffer.repsCompleted], [0x04, 2]);
    const page = completed(call(hv, Code.MODIFY, modify(0x1, [0, 0x101, 0x9999]), { reps: 3, start: 1 }));
    assert.deepEqual([page.status, page.repsCompleted], [0x05, 2]);
    assert.deepEqual(hv.protectedPages(1), [{ page: 0x101, mask: 1 }]);
  });

  test('that are done and pages that are no RAM: those before stay done', () => {
    const hv = protecting();
    const result = completed(call(hv, Code.MODIFY, modify(0x3, [0x10, 0x1_0000_0010n, 0x11]), { reps: 3 }));
    assert.deepEqual([result.status, result.repsCompleted], [0x05, 1]);
    assert.equal(hv.protection(1, 0x1_0000n), 3);
    assert.equal(hv.protection(1, 0x1_1000n), 0xf);
  });

  test('fill one page of input: 510 pages, and not one more', () => {
    const hv = protecting();
    const pages = Array.from({ length: 510 }, (_, index) => 0x1000 + index);
    assert.equal(status(hv, Code.MODIFY, modify(0x3, pages), { reps: 510 }), 0);
    assert.equal(hv.protectedPages(1).length, 510);
    assert.equal(status(hv, Code.MODIFY, modify(0x3, [...pages, 0x1fff]), { reps: 511 }), 0x03);
  });

  test('an unfinished call leaves RIP and RAX, and writes the output of what was done', () => {
    const hv = create({ repBudget: 1 });
    hv.writeRegister(0, Name.RAX, 0x77n);
    const names = getInput([Name.VP_STATUS, Name.PARTITION_STATUS]);
    assert.deepEqual(call(hv, Code.GET, names, { reps: 2 }), { kind: 'continued', repsCompleted: 1 });
    assert.equal(hv.readRegister(0, Name.RAX), 0x77n);
    assert.equal(output(hv, 0, 16), 0x1_0000n);
    assert.equal(output(hv, 16, 16), 0n);
    assert.equal(completed(hv.hypercallAgain(0)).result, 0x2_0000_0000n);
    assert.equal(output(hv, 16, 16), 0x1_0001n);
  });
});

describe('#UD', () => {
  test('outside of CPL 0 and in real mode: no result, RIP stays', () => {
    for (const [name, value] of [
      [Name.SS, 0xc0f3n << 112n],
      [Name.CR0, 0x30n],
    ] as const) {
      const hv = partitionOn();
      hv.writeRegister(0, name, value);
      const before = [hv.readRegister(0, Name.RIP), hv.readRegister(0, Name.RAX)];
      assert.deepEqual(call(hv, Code.GET, getInput([Name.VP_STATUS]), { reps: 1 }), UD);
      assert.deepEqual(hv.vtlCall(0), UD);
      assert.deepEqual([hv.readRegister(0, Name.RIP), hv.readRegister(0, Name.RAX)], before);
    }
  });
});

describe('CheckSparseGpaPageVtlAccess', () => {
  test('names the first right that a VTL refuses, page by page', () => {
    const hv = protecting({}, {}, true);
    assert.equal(set(hv, Name.SECURE_CONFIG_VTL0, 1n), 0);
    protect(hv, 0, [0x100]);
    protect(hv, 1, [0x101]);
    protect(hv, 0xb, [0x102]);
    const words = (access: number): readonly bigint[] => {
      assert.equal(
        status(hv, Code.CHECK, checkInput(access, [0x100, 0x101, 0x102, 0x103, 0x9999_9999n]), { reps: 5 }),
        0,
      );
      return [0, 8, 16, 24, 32].map((offset) => output(hv, offset, 8));
    };
    assert.deepEqual(words(0x1), [0x1_0101n, 0n, 0n, 0n, 0n]);
    assert.deepEqual(words(0x2), [0x1_0201n, 0x1_0201n, 0n, 0n, 0n]);
    assert.deepEqual(words(0x4), [0x1_0401n, 0x1_0401n, 0x1_0401n, 0n, 0n]);
    assert.deepEqual(words(0xf), [0x1_0101n, 0x1_0201n, 0x1_0401n, 0n, 0n]);
    assert.equal(
      status(
        hv,
        Code.CHECK,
        bytes(24, [
          [0, 8, SELF],
          [8, 1, use(0)],
          [9, 1, 1],
          [10, 1, 1],
        ]),
        { reps: 1 },
      ),
      0x05,
    );
    assert.equal(
      status(
        hv,
        Code.CHECK,
        bytes(24, [
          [0, 8, SELF],
          [8, 1, 0x20],
        ]),
        { reps: 1 },
      ),
      0x05,
    );
    assert.equal(status(hv, Code.CHECK, checkInput(0, [1]), { reps: 1 }), 0x05);
  });
});
