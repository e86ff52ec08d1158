/** The event log and its rendering. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { HypervisorEvent } from '../../../../lib/emulator/hypervisor/event-log.js';
import { eventText, rightsText } from '../../../../lib/emulator/hypervisor/event-text.js';
import { hvStatusName } from '../../../../lib/emulator/hypervisor/hv-status.js';
import { Code, create, enablePartition, eventsOf, modify, protecting, succeed, write } from './guest.js';

const readings = (count: number, eventCapacity: number) => {
  const hv = create({ eventCapacity });
  for (let index = 0; index < count; index++) hv.transferByDevice(BigInt(index) * 0x1000n, new Uint8Array(1), 'read');
  return hv;
};

describe('the event log', () => {
  test('holds events in order, numbered from 0', () => {
    const hv = readings(3, 10);
    assert.deepEqual(hv.events, [
      { sequence: 0, kind: 'device-access', page: 0, write: false, outcome: 'allowed' },
      { sequence: 1, kind: 'device-access', page: 1, write: false, outcome: 'allowed' },
      { sequence: 2, kind: 'device-access', page: 2, write: false, outcome: 'allowed' },
    ]);
    assert.equal(hv.describe().eventsLost, 0);
  });

  test('keeps the last ones and counts those that fell out', () => {
    for (const [count, capacity, first, lost] of [
      [4, 4, 0, 0],
      [5, 4, 1, 1],
      [11, 4, 7, 7],
      [3, 1, 2, 2],
    ] as const) {
      const hv = readings(count, capacity);
      const sequences = hv.events.map(({ sequence }) => sequence);
      assert.deepEqual(
        sequences,
        Array.from({ length: count - first }, (_, index) => first + index),
      );
      const { events, eventsLost } = hv.describe();
      assert.deepEqual([events, eventsLost], [count, lost]);
    }
  });

  test('without a capacity holds none and counts all', () => {
    const hv = readings(3, 0);
    assert.deepEqual(hv.events, []);
    assert.equal(hv.describe().eventsLost, 3);
    const silent = protecting({ eventCapacity: 0 });
    succeed(silent, Code.MODIFY, modify(1, [1, 2]), { reps: 2 });
    assert.deepEqual(silent.events, []);
  });

  test('makes one event of a run of pages with the same mask', () => {
    for (const eventCapacity of [4096, 1]) {
      const hv = protecting({ eventCapacity, repBudget: 10 });
      hv.writePhysical(0x1_0000n, modify(1, [5, 6, 7, 9, 10, 3]));
      succeed(hv, Code.MODIFY, modify(1, [5, 6, 7, 9, 10, 3]), { reps: 6 });
      const runs = eventsOf(hv, 'protection').map(({ page, pageCount, mask }) => [page, pageCount, mask]);
      assert.deepEqual(
        runs,
        eventCapacity === 1
          ? []
          : [
              [5, 3, 1],
              [9, 2, 1],
              [3, 1, 1],
            ],
      );
    }
  });

  test('goes on making one event longer where the ring has just been filled', () => {
    for (let before = 0; before < 4; before++) {
      const hv = protecting({ eventCapacity: 4 });
      for (let index = 0; index < before; index++) hv.transferByDevice(0n, new Uint8Array(1), 'read');
      succeed(hv, Code.MODIFY, modify(3, [5, 6, 7]), { reps: 3 });
      assert.deepEqual(
        eventsOf(hv, 'protection').map(({ page, pageCount }) => [page, pageCount]),
        [[5, 3]],
      );
    }
  });

  test('tells runs of different masks apart', () => {
    const hv = protecting();
    succeed(hv, Code.MODIFY, modify(1, [5]), { reps: 1 });
    succeed(hv, Code.MODIFY, modify(3, [6]), { reps: 1 });
    assert.equal(eventsOf(hv, 'protection').length, 2);
    assert.deepEqual(eventsOf(hv, 'configuration'), [
      { kind: 'configuration', vp: 0, vtl: 1, register: 0x000d_0007, target: 1, value: 0x3fn },
    ]);
  });

  test('takes events of what runs above, in their place', () => {
    const hv = create();
    hv.transferByDevice(0n, new Uint8Array(1), 'read');
    const event = {
      kind: 'guard-decision',
      decision: 'refuse',
      verdict: 'unknown',
      reason: 'rights-denied',
      operations: ['read'],
      pid: 4,
    } as const;
    hv.record(event);
    assert.deepEqual(hv.events[1], { ...event, sequence: 1 });
  });

  test('records faults and overlays', () => {
    const hv = create();
    hv.writeMsr(0, 0x4000_0080, 2n);
    write(hv, 0x4000_0073, 0x4_0001n);
    succeed(hv, Code.ENABLE_PARTITION, enablePartition());
    assert.deepEqual(
      hv.events.map((event) => eventText(event)),
      [
        '#0 VP 0 VTL0: exception 13: WRMSR 0x40000080 = 0x2',
        '#1 VP 0 VTL0: has vp0.assist at page 0x40',
        '#2 VP 0: VTL1 enabled for the partition',
        '#3 VP 0 VTL0: EnablePartitionVtl: SUCCESS',
      ],
    );
  });
});

describe('an event’s text', () => {
  const where = { vp: 0, vtl: 1 } as const;
  const intercept = { kind: 'intercept', vp: 2, from: 0, to: 1, access: 'write', posted: true, reason: null } as const;
  const hypercall = { kind: 'hypercall', ...where } as const;
  const operation = {
    kind: 'operation',
    operation: 'read',
    api: 'ReadProcessMemory',
    label: 'lsaiso',
    pid: 40,
    trustlet: true,
    outcome: 'refused',
    status: 0xc000_0022,
  } as const;
  const decision = {
    kind: 'guard-decision',
    decision: 'refuse',
    verdict: 'secure',
    reason: 'availability',
    operations: ['read', 'write'],
    pid: 40,
  } as const;
  const texts: readonly (readonly [event: HypervisorEvent, text: string])[] = [
    [
      { ...hypercall, code: 0x0c, status: 0x50, repsCompleted: 0 },
      'VP 0 VTL1: ModifyVtlProtectionMask: INVALID_REGISTER_VALUE',
    ],
    [{ ...hypercall, code: 0x0c, status: 0, repsCompleted: 3 }, 'VP 0 VTL1: ModifyVtlProtectionMask: SUCCESS, 3 done'],
    [{ ...hypercall, code: 0x7777, status: 2, repsCompleted: 0 }, 'VP 0 VTL1: call 0x7777: INVALID_HYPERCALL_CODE'],
    [
      { kind: 'hypercall-suspended', ...where, code: 0x50, reason: 'rep-budget', repsCompleted: 2 },
      'VP 0 VTL1: GetVpRegisters goes on later, 2 done',
    ],
    [
      { kind: 'hypercall-suspended', ...where, code: 2, reason: 'tlb-lock', repsCompleted: 0 },
      'VP 0 VTL1: FlushVirtualAddressSpace waits for a TLB lock',
    ],
    [{ kind: 'vtl-enabled', scope: 'partition', ...where }, 'VP 0: VTL1 enabled for the partition'],
    [{ kind: 'vtl-enabled', scope: 'vp', ...where }, 'VP 0: VTL1 enabled for VP 0'],
    [{ kind: 'vp-started', vp: 3, vtl: 0, by: 1 }, 'VP 3 started in VTL0 by VP 1'],
    [{ kind: 'vtl-switch', vp: 0, from: 0, to: 1, reason: 'call' }, 'VP 0: VTL0 → VTL1 by a VTL call'],
    [{ kind: 'vtl-switch', vp: 0, from: 0, to: 1, reason: 'interrupt' }, 'VP 0: VTL0 → VTL1 for an interrupt'],
    [{ kind: 'vtl-switch', vp: 0, from: 1, to: 0, reason: 'return' }, 'VP 0: VTL1 → VTL0 by a VTL return'],
    [{ kind: 'vtl-switch', vp: 0, from: 1, to: 0, reason: 'fast-return' }, 'VP 0: VTL1 → VTL0 by a fast VTL return'],
    [{ ...intercept, cause: 'memory', subject: 0x1000n }, 'VP 2: VTL1 intercepts VTL0’s write of address 0x1000'],
    [{ ...intercept, cause: 'register', subject: 0x0004_0000n }, 'VP 2: VTL1 intercepts VTL0’s write of register Cr0'],
    [{ ...intercept, cause: 'msr', subject: 0xc000_0082n }, 'VP 2: VTL1 intercepts VTL0’s write of MSR 0xc0000082'],
    [{ ...intercept, cause: 'io-port', subject: 0x70n }, 'VP 2: VTL1 intercepts VTL0’s write of I/O port 0x70'],
    [
      { ...intercept, cause: 'memory', subject: 0n, posted: false, reason: 'synic-off' },
      'VP 2: VTL1 intercepts VTL0’s write of address 0x0; not posted: its SynIC is off',
    ],
    [
      { ...intercept, cause: 'memory', subject: 0n, posted: false, reason: 'source-masked' },
      'VP 2: VTL1 intercepts VTL0’s write of address 0x0; not posted: SINT0 is masked',
    ],
    [
      { ...intercept, cause: 'memory', subject: 0n, posted: false, reason: 'slot-in-use' },
      'VP 2: VTL1 intercepts VTL0’s write of address 0x0; not posted: its message slot is in use',
    ],
    [
      { kind: 'interrupt', ...where, vector: 0x30, step: 'requested', source: 'vina' },
      'VP 0: interrupt 0x30 for VTL1 requested (vina)',
    ],
    [{ kind: 'fault', ...where, vector: 6, why: 'nothing' }, 'VP 0 VTL1: exception 6: nothing'],
    [
      { kind: 'protection', ...where, page: 0x10, pageCount: 1, mask: 0 },
      'VP 0 VTL1: leaves lower VTLs ---- on page 0x10',
    ],
    [
      { kind: 'protection', ...where, page: 0x10, pageCount: 3, mask: 0xd },
      'VP 0 VTL1: leaves lower VTLs r-ku on pages 0x10 to 0x12',
    ],
    [
      { kind: 'configuration', ...where, target: 0, register: 0x000d_0005, value: 0x130n },
      'VP 0 VTL1: sets VsmVina of VTL0 to 0x130',
    ],
    [
      { kind: 'configuration', ...where, target: 0, register: 0x0003_0001, value: 1n },
      'VP 0 VTL1: sets 0x30001 of VTL0 to 0x1',
    ],
    [{ kind: 'overlay', ...where, name: 'hypercall', page: 0x60 }, 'VP 0 VTL1: has hypercall at page 0x60'],
    [{ kind: 'overlay', ...where, name: 'hypercall', page: null }, 'VP 0 VTL1: takes hypercall away'],
    [{ kind: 'device-access', page: 5, write: false, outcome: 'allowed' }, 'a device reads page 0x5: allowed'],
    [{ kind: 'device-access', page: 5, write: true, outcome: 'blocked' }, 'a device writes page 0x5: blocked'],
    [{ kind: 'reset', pagesZeroed: 4 }, 'reset; 4 pages zeroed'],
    [operation, "ReadProcessMemory on 'lsaiso' (pid 40): refused, 0xc0000022"],
    [{ ...operation, status: 0 }, "ReadProcessMemory on 'lsaiso' (pid 40): refused"],
    [decision, 'guard refuses read, write on pid 40: secure, availability'],
    [
      { ...decision, decision: 'allow', verdict: 'ordinary', reason: 'ordinary', pid: null },
      'guard allows read, write on pid unknown: ordinary',
    ],
  ];
  for (const [event, text] of texts) {
    test(`reads: ${text}`, () => assert.equal(eventText({ ...event, sequence: 7 }), `#7 ${text}`));
  }

  test('names masks by letters, and statuses it does not know by number', () => {
    assert.deepEqual([0, 1, 3, 9, 0xf].map(rightsText), ['----', 'r---', 'rw--', 'r--u', 'rwku']);
    assert.deepEqual([0x86, 0x999].map(hvStatusName), ['VTL_ALREADY_ENABLED', '0x999']);
  });
});
