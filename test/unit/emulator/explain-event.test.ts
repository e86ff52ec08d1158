/** `machine.explain`: any event as a sentence, with the statement of the behaviour table that it shows. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { behaviours, consequences } from '../../../lib/emulator/behaviours.js';
import { explainEvent } from '../../../lib/emulator/explain-event.js';
import type { HypervisorEvent } from '../../../lib/emulator/hypervisor/event-log.js';
import type { GuardOperation } from '../../../lib/types.js';
import { openAll, testMachine, throwsArgument } from './machines.js';
import { words } from './secure-kernel/secure-machines.js';

const where = { vp: 0, vtl: 1 } as const;
const intercept = {
  kind: 'intercept',
  vp: 0,
  from: 0,
  to: 1,
  access: 'read',
  subject: 0n,
  posted: true,
  reason: null,
} as const;
const operation = (name: GuardOperation, api: string, trustlet = true): HypervisorEvent => ({
  kind: 'operation',
  operation: name,
  api,
  label: 'lsaiso',
  pid: 40,
  trustlet,
  outcome: 'refused',
  status: 0xc000_0022,
});
const secureCall = (service: string | null, status = 0): HypervisorEvent => ({
  kind: 'secure-call',
  vp: 0,
  operation: 'service',
  code: 7,
  service,
  pid: 40,
  status,
});

/** Every kind of event, and more than one where they differ. */
const explained: readonly (readonly [event: HypervisorEvent, sentence: string, behaviour: string | null])[] = [
  [
    { kind: 'hypercall', ...where, code: 0x0c, status: 0, repsCompleted: 2 },
    'VP 0 VTL1: ModifyVtlProtectionMask: SUCCESS, 2 done.',
    'B11',
  ],
  [
    { kind: 'hypercall', vp: 0, vtl: 0, code: 0x0c, status: 6, repsCompleted: 0 },
    'VP 0 VTL0: ModifyVtlProtectionMask: ACCESS_DENIED.',
    'B12',
  ],
  [
    { kind: 'hypercall', vp: 0, vtl: 0, code: 0x51, status: 6, repsCompleted: 0 },
    'VP 0 VTL0: SetVpRegisters: ACCESS_DENIED.',
    'B22',
  ],
  [
    { kind: 'hypercall', vp: 0, vtl: 0, code: 0x51, status: 0, repsCompleted: 1 },
    'VP 0 VTL0: SetVpRegisters: SUCCESS, 1 done.',
    null,
  ],
  [
    { kind: 'hypercall', vp: 0, vtl: 0, code: 0x0d, status: 0, repsCompleted: 0 },
    'VP 0 VTL0: EnablePartitionVtl: SUCCESS.',
    'B02',
  ],
  [
    { kind: 'hypercall', vp: 0, vtl: 0, code: 0x0d, status: 6, repsCompleted: 0 },
    'VP 0 VTL0: EnablePartitionVtl: ACCESS_DENIED.',
    'B01',
  ],
  [
    { kind: 'hypercall-suspended', ...where, code: 0x50, reason: 'rep-budget', repsCompleted: 2 },
    'VP 0 VTL1: GetVpRegisters goes on later, 2 done.',
    null,
  ],
  [{ kind: 'vtl-enabled', scope: 'partition', ...where }, 'VP 0: VTL1 enabled for the partition.', 'B02'],
  [{ kind: 'vp-started', vp: 1, vtl: 0, by: 0 }, 'VP 1 started in VTL0 by VP 0.', null],
  [{ kind: 'vtl-switch', vp: 0, from: 0, to: 1, reason: 'call' }, 'VP 0: VTL0 → VTL1 by a VTL call.', 'B08'],
  [{ ...intercept, cause: 'memory' }, 'VP 0: VTL1 intercepts VTL0’s read of address 0x0.', 'B03'],
  [{ ...intercept, cause: 'msr' }, 'VP 0: VTL1 intercepts VTL0’s read of MSR 0x0.', 'B22'],
  [
    { kind: 'interrupt', ...where, vector: 0x30, step: 'taken', source: 'vina' },
    'VP 0: interrupt 0x30 for VTL1 taken (vina).',
    null,
  ],
  [{ kind: 'fault', ...where, vector: 6, why: 'nothing' }, 'VP 0 VTL1: exception 6: nothing.', null],
  [
    { kind: 'protection', ...where, page: 16, pageCount: 1, mask: 0 },
    'VP 0 VTL1: leaves lower VTLs ---- on page 0x10.',
    'B14',
  ],
  [
    { kind: 'protection', ...where, page: 16, pageCount: 1, mask: 0xd },
    'VP 0 VTL1: leaves lower VTLs r-ku on page 0x10.',
    'B15',
  ],
  [
    { kind: 'configuration', ...where, target: 0, register: 0x000d_0005, value: 1n },
    'VP 0 VTL1: sets VsmVina of VTL0 to 0x1.',
    'B09',
  ],
  [
    { kind: 'configuration', ...where, target: 1, register: 0x000d_0005, value: 1n },
    'VP 0 VTL1: sets VsmVina of VTL1 to 0x1.',
    null,
  ],
  [{ kind: 'overlay', ...where, name: 'hypercall', page: 1 }, 'VP 0 VTL1: has hypercall at page 0x1.', null],
  [{ kind: 'device-access', page: 5, write: false, outcome: 'blocked' }, 'A device reads page 0x5: blocked.', 'B05'],
  [{ kind: 'device-access', page: 5, write: false, outcome: 'allowed' }, 'A device reads page 0x5: allowed.', null],
  [{ kind: 'reset', pagesZeroed: 4 }, 'Reset; 4 pages zeroed.', null],
  [operation('read', 'ReadProcessMemory'), "ReadProcessMemory on 'lsaiso' (pid 40): refused, 0xc0000022.", 'B42'],
  [operation('read', 'ReadProcessMemory', false), "ReadProcessMemory on 'lsaiso' (pid 40): refused, 0xc0000022.", null],
  [operation('queue-apc', 'KeInsertQueueApc'), "KeInsertQueueApc on 'lsaiso' (pid 40): refused, 0xc0000022.", 'B35'],
  [operation('queue-apc', 'QueueUserAPC'), "QueueUserAPC on 'lsaiso' (pid 40): refused, 0xc0000022.", 'B39'],
  [
    { kind: 'guard-decision', decision: 'refuse', verdict: 'secure', reason: 'secure', operations: ['read'], pid: 40 },
    'Guard refuses read on pid 40: secure.',
    'B44',
  ],
  [
    { kind: 'rpc', endpoint: 'LSA_ISO_RPC_SERVER', operation: 'ProtectCredential', direction: 'request', bytes: 9 },
    'LSASS asks LSA_ISO_RPC_SERVER: ProtectCredential, 9 bytes.',
    'B25',
  ],
  [
    { kind: 'rpc', endpoint: 'LSA_ISO_RPC_SERVER', operation: 'ProtectCredential', direction: 'reply', bytes: 9 },
    'LSA_ISO_RPC_SERVER answers LSASS: ProtectCredential, 9 bytes.',
    'B26',
  ],
  [
    secureCall('DEBUG_PROCESS', 0xc0000022),
    'VP 0: secure call: DEBUG_PROCESS for pid 40: STATUS_ACCESS_DENIED.',
    'B31',
  ],
  [secureCall('SET_CONTEXT'), 'VP 0: secure call: SET_CONTEXT for pid 40: STATUS_SUCCESS.', 'B29'],
  [secureCall(null, 0xc000001c), 'VP 0: secure call: service 0x7 for pid 40: STATUS_INVALID_SYSTEM_SERVICE.', null],
  [
    { kind: 'secure-call', vp: 0, operation: 'unknown', code: 7, service: null, pid: null, status: 0xc000000d },
    'VP 0: secure call: an operation that there is not: STATUS_INVALID_PARAMETER.',
    null,
  ],
  [
    { kind: 'secure-call', vp: 0, operation: 'resume-thread', code: 0, service: null, pid: 40, status: 0 },
    'VP 0: secure call: a secure thread resumed for pid 40: STATUS_SUCCESS.',
    'B08',
  ],
  [
    { kind: 'normal-call', vp: 0, pid: 40, service: 'NtClose', inputBytes: 8, outputBytes: 0, status: 0 },
    'VP 0: normal call: NT serves NtClose for pid 40: 8 bytes out, 0 back, STATUS_SUCCESS.',
    'B18',
  ],
  [
    { kind: 'trustlet-call', vp: 0, pid: 40, service: 'IumCrypto', served: true, status: 0 },
    'VP 0: the secure kernel serves IumCrypto of pid 40: STATUS_SUCCESS.',
    'B08',
  ],
  [
    { kind: 'trustlet-call', vp: 0, pid: 40, service: 'NtCreateFile', served: false, status: 0xc000001c },
    'VP 0: the secure kernel refuses NtCreateFile of pid 40: STATUS_INVALID_SYSTEM_SERVICE.',
    'B18',
  ],
  [{ kind: 'trustlet', pid: 40, step: 'started', status: 0 }, 'Trustlet pid 40 started.', 'B17'],
  [
    { kind: 'trustlet', pid: 40, step: 'refused', status: 0xc0000428 },
    'Trustlet pid 40 was refused by the secure kernel: STATUS_INVALID_IMAGE_HASH.',
    'N14',
  ],
  [
    { kind: 'trustlet', pid: 40, step: 'crashed', status: 0xc0000005 },
    'Trustlet pid 40 crashed: STATUS_ACCESS_VIOLATION.',
    null,
  ],
  [
    { kind: 'trustlet', pid: 40, step: 'page-refused', status: 0xc0000006 },
    'Trustlet pid 40 was given back a page that is not what NT was given: 0xC0000006.',
    'B21',
  ],
  [
    { kind: 'trustlet', pid: 40, step: 'debug-refused', status: 0xc0000022 },
    'Trustlet pid 40 may not be debugged: STATUS_ACCESS_DENIED.',
    'B28',
  ],
  [
    { kind: 'vina', vp: 0, pid: 40, taken: [0x51] },
    'VP 0: VTL1 lets VTL0 have its interrupts while pid 40 runs: it takes 0x51.',
    null,
  ],
  [
    { kind: 'vina', vp: 0, pid: 40, taken: [] },
    'VP 0: VTL1 lets VTL0 have its interrupts while pid 40 runs: it takes none.',
    null,
  ],
  [{ kind: 'bugcheck', code: 0x18b, why: 'a fault' }, 'The machine stops with bug check 0x18b: a fault.', null],
];

describe('an event', () => {
  for (const [event, sentence, behaviour] of explained) {
    test(`is explained: ${sentence}`, () => {
      assert.deepEqual(explainEvent({ ...event, sequence: 3 }), { sentence, behaviour });
    });
  }

  test('of every kind that a machine logs is among these', () => {
    const machine = testMachine();
    machine.lsa.logOn({ user: 'user', domain: 'domain', password: 'password' });
    machine.secureKernel.callsOf('lsaiso').call('NtQuerySystemInformation', words(165), 16);
    machine.secureKernel.callsOf('lsaiso').call('NtCreateFile', words(1), 16);
    machine.win32.ReadProcessMemory(openAll(machine, 'lsaiso'), 0x1_0000n, new Uint8Array(8), 8);
    machine.compromisedKernel().read(0x102_0000n, 8);
    machine.compromisedKernel().dma(0x102_0000n, new Uint8Array(8), 'read');
    machine.secureKernel.crash();
    const known = new Set(explained.map(([{ kind }]) => kind));
    for (const event of machine.events) {
      assert.ok(known.has(event.kind), event.kind);
      const { sentence } = machine.explain(event);
      assert.match(sentence, /^[\p{Lu}'].*\.$/u);
    }
    throwsArgument(() => machine.explain({ kind: 'nothing' } as never), /no event of the kind 'nothing'/);
  });

  test('names only rows that there are', () => {
    const rows = new Set<string>([...behaviours, ...consequences].map(({ id }) => id));
    for (const [event] of explained) {
      const { behaviour } = explainEvent({ ...event, sequence: 0 });
      assert.ok(behaviour === null || rows.has(behaviour), `${behaviour}`);
    }
    const operations: readonly GuardOperation[] = [
      'create-thread',
      'load-library',
      'allocate',
      'write',
      'map-section',
      'set-context',
      'debug',
      'dump',
      'set-windows-hook',
      'set-information',
      'suspend',
      'terminate',
      'duplicate-handle',
    ];
    assert.deepEqual(
      operations.map((name) => explainEvent({ ...operation(name, 'api'), sequence: 0 }).behaviour),
      ['B40', 'B33', 'B41', 'B43', 'N01', 'N02', 'B28', 'N05', 'N09', 'N08', 'N10', 'N10', 'N07'],
    );
  });
});
