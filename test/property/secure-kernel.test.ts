/** Whatever VTL0 passes, claims or answers: nothing throws, no processor stays in VTL1, no byte of a trustlet comes out. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { Machine, NormalCallLie } from '../../lib/emulator/index.js';
import { TrustletError } from '../../lib/errors.js';
import { testMachine } from '../unit/emulator/machines.js';
import { blockOf, longWords, words } from '../unit/emulator/secure-kernel/secure-machines.js';

const parameters = { numRuns: Number(process.env['TRUSTLET_RUNS'] ?? 300) };
const CANARY = new TextEncoder().encode('canary that only VTL1 has');
const NT_DATA = 0x12_0000n;
const NOT_THERE = 0x1_4000_ff00n;

/** A machine whose LsaIso holds the canary, and where it lies. */
const canaryMachine = (): { readonly machine: Machine; readonly address: bigint; readonly physical: bigint } => {
  const machine = testMachine();
  const address = machine.process('lsaiso').dataAddress;
  machine.writeMemory('lsaiso', address, CANARY);
  const physical = machine.physicalPages('lsaiso').find((page) => page.address === address)?.physicalAddress;
  assert.ok(physical !== undefined);
  return { machine, address, physical };
};

const requireSealed = (machine: Machine): void => {
  assert.deepEqual([machine.hypervisor.activeVtl(0), machine.hypervisor.activeVtl(1)], [0, 0]);
  assert.equal(machine.compromisedKernel(1).readEverything().includes(CANARY), false);
};

/** Codes of this build (26100) that something is behind, and any other; BUGCHECK apart, which only stops the machine. */
const code = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(6, 7, 8, 12, 15, 18, 19, 20, 21, 25, 39, 59) },
  { weight: 1, arbitrary: fc.nat({ max: 0xffff }).filter((each) => each !== 1792) },
);

describe('secure calls', () => {
  const { machine, physical } = canaryMachine();
  const snapshot = machine.snapshot();
  const handles = machine.secureKernel.trustlets.map(({ handle }) => handle);
  const cookies = machine.secureKernel.trustlets.flatMap((each) => each.cookies);
  const argument = fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(...handles) },
    {
      weight: 3,
      arbitrary: fc.constantFrom(NT_DATA, NT_DATA + 4095n, 0x15_2000n, physical, physical - 50n, 0x102_0000n),
    },
    { weight: 2, arbitrary: fc.constantFrom(0n, 1n, 21n, 4096n, NOT_THERE, BigInt(machine.pidOf('lsaiso'))) },
    { weight: 1, arbitrary: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }) },
  );
  const block = fc.record({
    operation: fc.oneof(
      { weight: 9, arbitrary: fc.constantFrom(1, 2) },
      { weight: 1, arbitrary: fc.nat({ max: 255 }) },
    ),
    code,
    cookie: fc.oneof(fc.constant(0), fc.constantFrom(...cookies), fc.nat({ max: 0xffff_ffff })),
    args: fc.array(argument, { maxLength: 12 }),
  });

  test('with any block at all end with a status, in VTL0, and give nothing away', () => {
    fc.assert(
      fc.property(
        fc.array(block, { minLength: 1, maxLength: 12 }),
        fc.uint8Array({ maxLength: 104 }),
        (blocks, bytes) => {
          machine.restore(snapshot);
          for (const each of blocks) {
            const { status } = machine.secureKernel.secureCall(blockOf(each));
            assert.ok(Number.isInteger(status) && status >= 0 && status <= 0xffff_ffff);
          }
          // Anything that is not BUGCHECK’s code.
          const loose = blockOf({});
          loose.set(bytes);
          if ((loose[2] ?? 0) + (loose[3] ?? 0) * 256 !== 1792) machine.secureKernel.secureCall(loose);
          requireSealed(machine);
        },
      ),
      parameters,
    );
  });

  test('with a block at any address write to no page of VTL1’s', () => {
    machine.restore(snapshot);
    const before = machine.readMemory('lsaiso', machine.process('lsaiso').dataAddress, 4096);
    fc.assert(
      fc.property(
        fc.oneof(
          fc.constantFrom(physical, physical + 4000n, physical - 60n, 0x102_0000n),
          fc.bigInt({ min: 0n, max: 2n ** 47n }),
        ),
        (address) => {
          const { status } = machine.secureKernel.secureCall(new Uint8Array(0), address % 2n ** 47n);
          assert.ok(status > 0);
        },
      ),
      parameters,
    );
    assert.deepEqual(machine.readMemory('lsaiso', machine.process('lsaiso').dataAddress, 4096), before);
    requireSealed(machine);
  });
});

describe('normal calls', () => {
  const { machine, physical } = canaryMachine();
  const snapshot = machine.snapshot();
  const page = fc.oneof(
    fc.constantFrom(0x120, 0x152, Number(physical / 4096n), 0x1020, 0x1100, 2 ** 22, -1),
    fc.integer({ min: 0, max: 2 ** 30 }),
  );
  const lie: fc.Arbitrary<NormalCallLie | undefined> = fc.option(
    fc.record(
      {
        status: fc.constantFrom(0, 0x103, 0xc0000001, 0x8000000d, 0xffff_ffff),
        length: fc.oneof(fc.nat({ max: 80 }), fc.nat({ max: 0xffff_ffff })),
        output: fc.uint8Array({ maxLength: 100 }),
        page,
      },
      { requiredKeys: [] },
    ),
    { nil: undefined },
  );
  const call = fc.record({
    service: fc.constantFrom(
      'NtQuerySystemInformation',
      'NtCreateSection',
      'NtClose',
      'NtAlpcSendWaitReceivePort',
      'NtQueryInformationProcess',
      'NtAllocateVirtualMemory',
      'NtCreateFile',
      'IumCrypto',
      'IumPostMailbox',
      'IumSecureStorageGet',
    ),
    input: fc.oneof(
      fc.uint8Array({ maxLength: 24 }),
      fc.constant(words(165)),
      // The declared 8 bytes, and the secret behind them.
      fc.constant(new Uint8Array([...longWords(4096n), ...CANARY])),
    ),
    room: fc.oneof(fc.nat({ max: 64 }), fc.constantFrom(8, 16, 5000)),
    lies: fc.array(lie, { maxLength: 4 }),
  });
  /** The one service whose input is all declared would carry the secret out by the trustlet’s own wish. */
  const isHonest = ({ service, input }: { readonly service: string; readonly input: Uint8Array }): boolean =>
    service !== 'NtAlpcSendWaitReceivePort' || input.length <= 24;

  test('with any lie end with a status and no more than was asked for, and give nothing away', () => {
    fc.assert(
      fc.property(
        fc.array(call.filter(isHonest), { minLength: 1, maxLength: 6 }),
        fc.boolean(),
        (calls, isChanging) => {
          machine.restore(snapshot);
          let lies: readonly (NormalCallLie | undefined)[] = [];
          const stops = [
            machine.secureKernel.onNormalCall(() => {
              const [next, ...rest] = lies;
              lies = rest;
              return next;
            }),
            machine.secureKernel.onRead(() => {
              if (isChanging) machine.compromisedKernel(1).write(0x15_2000n, new Uint8Array(4096).fill(0xff));
            }),
          ];
          machine.secureKernel.run('lsaiso', (inside) => {
            for (const each of calls) {
              lies = each.lies;
              const { status, output } = inside.call(each.service, each.input, each.room);
              assert.ok(Number.isInteger(status) && status >= 0 && status <= 0xffff_ffff);
              assert.ok(output.length <= each.room);
            }
          });
          for (const stop of stops) stop();
          requireSealed(machine);
          assert.deepEqual(machine.readMemory('lsaiso', machine.process('lsaiso').dataAddress, CANARY.length), CANARY);
        },
      ),
      parameters,
    );
  });
});

describe('every secure call', () => {
  const story = (machine: Machine): void => {
    const pid = machine.spawn({
      label: 'new',
      trustlet: { id: 4, debugPolicy: 1, crashDump: 'encrypted' },
      threads: 2,
    });
    machine.secureKernel.callsOf('new').call('NtQuerySystemInformation', words(165), 16);
    machine.win32.DebugActiveProcess(pid);
    machine.secureKernel.liveDump('new');
    machine.secureKernel.debugChallenge('vmsp');
    machine.secureKernel.retrieveMailbox('new', 0, new Uint8Array(16));
    machine.exit('new');
  };

  test('may fail: what it was for fails, and nothing is left over', () => {
    const machine = testMachine();
    const snapshot = machine.snapshot();
    const trustlets = machine.secureKernel.trustlets.length;
    const statuses = ['STATUS_INSUFFICIENT_RESOURCES', 'STATUS_ACCESS_DENIED', 'STATUS_NO_MEMORY'];
    const isDeclined: boolean[] = [];
    for (let nth = 1; nth <= 12; nth += 1) {
      machine.restore(snapshot);
      machine.fail('SecureCall', { status: statuses[nth % 3] ?? '', nth });
      try {
        story(machine);
        isDeclined.push(false);
      } catch (error) {
        assert.ok(TrustletError.is(error) && error.code === 'ERR_TRUSTLET_UNSUPPORTED', String(error));
        isDeclined.push(true);
      }
      assert.deepEqual([nth, machine.secureKernel.trustlets.length], [nth, trustlets]);
      assert.equal(machine.hypervisor.activeVtl(0), 0);
    }
    // A start takes four.
    assert.deepEqual(isDeclined.slice(0, 5), [true, true, true, true, false]);
  });

  test('and every normal call may: a status comes of it', () => {
    for (let nth = 1; nth <= 6; nth += 1) {
      const machine = testMachine();
      let seen = 0;
      machine.secureKernel.onNormalCall(() => {
        seen += 1;
        return seen === nth ? { status: 0xc000009a } : undefined;
      });
      const statuses: number[] = [];
      machine.secureKernel.run('lsaiso', (calls) => {
        for (let count = 0; count < 5; count += 1)
          statuses.push(calls.call('NtCreateSection', longWords(4096n), 8).status);
      });
      // The first call has NT give a page as well.
      const failing = Math.max(nth - 2, 0);
      assert.deepEqual(
        statuses,
        [0, 1, 2, 3, 4].map((index) => (index === failing ? 0xc000009a : 0)),
      );
    }
  });
});
