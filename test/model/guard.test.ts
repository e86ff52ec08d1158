/**
 * The property the guard exists for, over generated machines and interleavings: no operation reaches a trustlet, and no ordinary,
 * stable, queryable process is refused.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { boot, type Machine } from '../../lib/emulator/index.js';
import type { Scenario, ScenarioProcess } from '../../lib/emulator/scenario.js';
import { TrustletError } from '../../lib/errors.js';
import { OPERATIONS } from '../../lib/guard/operations.js';
import { open } from '../../lib/open.js';
import type { GuardOperation, Target } from '../../lib/types.js';
import { act } from '../support/act.js';

const RUNS = Number(process.env['TRUSTLET_RUNS'] ?? 1000);

type Kind = 'ordinary' | 'trustlet' | 'protected' | 'protected-trustlet' | 'exiting' | 'unaskable' | 'wow64';

const entryOf = (kind: Kind, label: string): ScenarioProcess => {
  const common = { label, image: 'LsaIso.exe', user: 'user', session: 1 } as const;
  switch (kind) {
    case 'ordinary':
      return { ...common, threads: 2 };
    case 'trustlet':
      return { ...common, image: 'notepad.exe', trustlet: { id: 1 } };
    case 'protected':
      return { ...common, protection: { type: 'ProtectedLight', signer: 'Antimalware' } };
    case 'protected-trustlet':
      return { ...common, protection: { type: 'ProtectedLight', signer: 'Lsa' }, trustlet: { id: 4 } };
    case 'exiting':
      return { ...common, state: 'exiting' };
    case 'unaskable':
      return { ...common, access: 'nobody', user: 'SYSTEM' };
    case 'wow64':
      return { ...common, wow64: true };
  }
};

const kind = fc.constantFrom<Kind>(
  'ordinary',
  'ordinary',
  'ordinary',
  'wow64',
  'trustlet',
  'protected',
  'protected-trustlet',
  'exiting',
  'unaskable',
);

/** What happens beside a guarded run: nothing, or something just before the n-th of a call. */
interface Disturbance {
  readonly before:
    | 'NtOpenProcess'
    | 'NtOpenThread'
    | 'NtQueryInformationProcess'
    | 'NtQueryInformationThread'
    | 'NtClose'
    | 'act';
  readonly nth: number;
  readonly what: 'exit' | 'reuse' | 'fail';
  readonly by: Kind;
  readonly status: 'STATUS_INSUFFICIENT_RESOURCES' | 'STATUS_DEVICE_NOT_CONNECTED' | 'STATUS_ACCESS_DENIED';
}

const disturbance: fc.Arbitrary<Disturbance | null> = fc.option(
  fc.record({
    before: fc.constantFrom<Disturbance['before']>(
      'NtOpenProcess',
      'NtOpenThread',
      'NtQueryInformationProcess',
      'NtQueryInformationThread',
      'NtClose',
      'act',
    ),
    nth: fc.integer({ min: 1, max: 4 }),
    what: fc.constantFrom<Disturbance['what']>('exit', 'reuse', 'fail'),
    by: kind,
    status: fc.constantFrom<Disturbance['status']>(
      'STATUS_INSUFFICIENT_RESOURCES',
      'STATUS_DEVICE_NOT_CONNECTED',
      'STATUS_ACCESS_DENIED',
    ),
  }),
  { freq: 1, nil: null },
);

interface Step {
  readonly target: number;
  readonly operation: GuardOperation;
  readonly by: 'pid' | 'identity';
  readonly disturbance: Disturbance | null;
}

const step: fc.Arbitrary<Step> = fc.record({
  target: fc.nat({ max: 5 }),
  operation: fc.constantFrom(...OPERATIONS.map((entry) => entry.operation)),
  by: fc.constantFrom('pid', 'identity'),
  disturbance,
});

const machineOf = (kinds: readonly Kind[]): Machine => {
  const scenario: Scenario = {
    schema: 1,
    name: 'generated',
    title: 'a generated machine',
    system: { build: 26100, vsm: true },
    agent: 'agent',
    processes: [
      { label: 'agent', image: 'agent.exe', user: 'administrator', elevated: true, session: 1 },
      ...kinds.map(
        (each, index) => ({ ...entryOf(each, `p${index}`), access: entryOf(each, '').access ?? 'everyone' }) as const,
      ),
    ],
  };
  return boot(scenario);
};

/** What the test itself knows of who has which pid. */
interface Known {
  label: string;
  kind: Kind;
  readonly pid: number;
  readonly tid: number;
  alive: boolean;
}

describe('guard.run over generated machines', () => {
  test('never lets an operation reach a trustlet, never refuses an ordinary, stable, queryable process, and leaks nothing', () => {
    let runs = 0;
    let allowed = 0;
    fc.assert(
      fc.property(
        fc.array(kind, { minLength: 1, maxLength: 5 }),
        fc.array(step, { minLength: 1, maxLength: 6 }),
        (kinds, steps) => {
          const machine = machineOf(kinds);
          const vsm = open({ backend: machine });
          const known: Known[] = kinds.map((each, index) => {
            const label = `p${index}`;
            return {
              label,
              kind: each,
              pid: machine.pidOf(label),
              tid: machine.tidsOf(label)[0] ?? 0,
              alive: each !== 'exiting',
            };
          });
          let serial = 0;
          for (const { target, operation, by, disturbance: beside } of steps) {
            const victim = known[target % known.length];
            assert.ok(victim);
            const disturb = (): void => {
              if (beside === null || beside.what === 'fail' || !victim.alive) return;
              victim.alive = false;
              machine.exit(victim.label);
              if (beside.what === 'exit') return;
              serial += 1;
              const label = `r${serial}`;
              try {
                machine.reuse(victim.label, {
                  ...entryOf(beside.by, label),
                  access: entryOf(beside.by, label).access ?? 'everyone',
                });
                victim.label = label;
                victim.kind = beside.by;
                victim.alive = beside.by !== 'exiting';
              } catch (error) {
                // The guard still holds the object: then, and only then, its pid cannot be given away.
                assert.ok(TrustletError.is(error), String(error));
              }
            };
            let stable = victim.alive;
            const undo: (() => void)[] = [];
            if (beside !== null && beside.before !== 'act') {
              stable = false;
              if (beside.what === 'fail') machine.fail(beside.before, { status: beside.status, nth: beside.nth });
              else undo.push(machine.before(beside.before, disturb, { nth: beside.nth }));
            }
            const entry = OPERATIONS.find((candidate) => candidate.operation === operation);
            const acts = entry?.acts ?? 'process';
            const facts = by === 'identity' ? vsm.query(victim.pid) : null;
            const identity =
              facts?.createTime === undefined || facts.createTime === null ? {} : { createTime: facts.createTime };
            const askable = victim.kind === 'ordinary' || victim.kind === 'wow64';
            const aim: Target =
              acts === 'thread' ? { tid: victim.tid, pid: victim.pid, ...identity } : { pid: victim.pid, ...identity };
            const wasReused = victim.label.startsWith('r');
            runs += 1;
            try {
              vsm.guard.run(aim, operation, (held) => {
                if (beside?.before === 'act') disturb();
                act(machine, operation, held);
              });
              allowed += 1;
              if (operation === 'terminate') victim.alive = false;
            } catch (error) {
              assert.ok(TrustletError.is(error), String(error));
              assert.equal(error.code, 'ERR_TRUSTLET_REFUSED');
              const sure = stable && askable && !(wasReused && acts === 'thread');
              assert.ok(!sure, `refused an ordinary, stable, queryable process: ${error.message}`);
            }
            for (const remove of undo) remove();
            machine.clearFaults();
          }
          const reached = machine.touches.filter((touch) => touch.trustlet);
          assert.deepEqual(reached, []);
          // Only a close that was made to fail may leave a handle behind.
          const failedCloses = steps.filter(
            ({ disturbance: beside }) => beside?.before === 'NtClose' && beside.what === 'fail',
          ).length;
          assert.ok(
            machine.openHandles('agent') <= failedCloses,
            `${machine.openHandles('agent')} handles are still open`,
          );
          vsm.close();
        },
      ),
      { numRuns: RUNS },
    );
    assert.ok(allowed > runs * 0.3, `${allowed} of ${runs} generated runs were allowed`);
  });
});
