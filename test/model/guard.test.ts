/**
 * The property the guard exists for, over generated machines and interleavings: no operation reaches a trustlet but one that was
 * accepted by name, and no ordinary, stable, queryable process is refused.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { boot, type Machine } from '../../lib/emulator/index.js';
import type { Scenario, ScenarioProcess } from '../../lib/emulator/scenario.js';
import { TrustletError } from '../../lib/errors.js';
import { OPERATIONS } from '../../lib/guard/operations.js';
import { open } from '../../lib/open.js';
import type { GuardOperation, Held, ProcessTarget, Target } from '../../lib/types.js';
import type { Vsm } from '../../lib/vsm.js';
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

/** A process of this kind that its access control does not hide, unless hiding it is the point. */
const openable = (each: Kind, label: string): ScenarioProcess => {
  const entry = entryOf(each, label);
  return { ...entry, access: entry.access ?? 'everyone' };
};

const CALLS = [
  'NtOpenProcess',
  'NtOpenThread',
  'NtDuplicateObject',
  'NtQueryInformationProcess',
  'NtQueryInformationThread',
  'NtQuerySystemInformation',
  'NtClose',
] as const;

/** The classes the backend asks, by the call it asks them with. */
const CLASSES: Readonly<Partial<Record<Disturbance['before'], readonly number[]>>> = {
  NtQueryInformationProcess: [0, 4, 61, 64, 92],
  NtQueryInformationThread: [0, 20],
  NtQuerySystemInformation: [165],
};

/** What happens beside a guarded run: nothing, or something just before the n-th of a call. */
interface Disturbance {
  readonly before: (typeof CALLS)[number] | 'act';
  readonly nth: number;
  readonly what: 'exit' | 'reuse' | 'fail';
  readonly by: Kind;
  readonly status: string;
  /** Which of the call's classes fails; beyond them: any. */
  readonly infoClass: number;
}

const disturbance: fc.Arbitrary<Disturbance | null> = fc.option(
  fc.record({
    before: fc.constantFrom<Disturbance['before']>(...CALLS, 'act'),
    nth: fc.integer({ min: 1, max: 4 }),
    what: fc.constantFrom<Disturbance['what']>('exit', 'reuse', 'fail'),
    by: kind,
    status: fc.constantFrom(
      'STATUS_INSUFFICIENT_RESOURCES',
      'STATUS_DEVICE_NOT_CONNECTED',
      'STATUS_ACCESS_DENIED',
      'STATUS_INVALID_INFO_CLASS',
    ),
    infoClass: fc.nat({ max: 5 }),
  }),
  { freq: 1, nil: null },
);

interface Step {
  readonly target: number;
  readonly operation: GuardOperation;
  readonly by: 'pid' | 'create-time' | 'start-key' | 'handle';
  /** The caller accepts the operation on a trustlet, where it may be accepted at all. */
  readonly accept: boolean;
  /** The callback returns a promise and acts later. */
  readonly later: boolean;
  readonly disturbance: Disturbance | null;
}

const step: fc.Arbitrary<Step> = fc.record({
  target: fc.nat({ max: 5 }),
  operation: fc.constantFrom(...OPERATIONS.map((entry) => entry.operation)),
  by: fc.constantFrom<Step['by']>('pid', 'create-time', 'start-key', 'handle'),
  accept: fc.boolean(),
  later: fc.boolean(),
  disturbance,
});

/** Windows 11 24H2, the first that promises the bit, and one before it: there nothing is ordinary while VSM runs. */
const build = fc.constantFrom(26100, 26100, 26100, 15063, 14393);
const FIRST_SURE_BUILD = 15063;

const machineOf = (ofBuild: number, kinds: readonly Kind[]): Machine => {
  const scenario: Scenario = {
    schema: 1,
    name: 'generated',
    title: 'a generated machine',
    system: { build: ofBuild, vsm: true },
    agent: 'agent',
    processes: [
      { label: 'agent', image: 'agent.exe', user: 'administrator', elevated: true, session: 1 },
      ...kinds.map((each, index) => openable(each, `p${index}`)),
    ],
  };
  return boot(scenario);
};

/** What the test itself knows of who has which pid. */
interface Known {
  label: string;
  kind: Kind;
  readonly pid: number;
  tid: number;
  alive: boolean;
}

/** What came of one machine. */
interface Outcome {
  readonly runs: number;
  readonly allowed: number;
  readonly accepted: number;
}

/** Lets a process end, or end and leave its ids to another, as the disturbance says. */
const disturb = (machine: Machine, victim: Known, { what, by }: Disturbance, label: string): void => {
  if (!victim.alive) return;
  victim.alive = false;
  if (what === 'exit') {
    machine.exit(victim.label);
    return;
  }
  try {
    machine.reuse(victim.label, openable(by, label));
  } catch (error) {
    // The guard (or the caller) holds the object: then, and only then, its ids cannot be given away.
    assert.ok(TrustletError.is(error) && machine.handlesTo(victim.label) > 0, String(error));
    machine.exit(victim.label);
    return;
  }
  victim.label = label;
  victim.kind = by;
  victim.tid = machine.tidsOf(label)[0] ?? 0;
  victim.alive = by !== 'exiting';
};

/** @returns takes the race away again */
const script = (
  machine: Machine,
  { before, what, nth, status, infoClass }: Disturbance,
  race: () => void,
): (() => void) => {
  if (before !== 'act' && what !== 'fail') return machine.before(before, race, { nth });
  if (before !== 'act') machine.fail(before, { status, nth, infoClass: CLASSES[before]?.[infoClass] });
  return () => undefined;
};

/** The target as the step names it; null where the caller itself gets no handle. */
const aim = (vsm: Vsm<Machine>, { by, operation }: Step, victim: Known): Target | null => {
  const { machine } = vsm;
  const acts = OPERATIONS.find((candidate) => candidate.operation === operation)?.acts ?? 'process';
  if (by === 'handle') {
    const handle =
      acts === 'thread'
        ? machine.win32.OpenThread(0x1fffff, false, victim.tid)
        : machine.win32.OpenProcess(0x1fffff, false, victim.pid);
    return handle === 0n ? null : { handle, kind: acts };
  }
  const facts = by === 'pid' ? null : vsm.query(victim.pid);
  const known: Omit<ProcessTarget, 'pid'> =
    by === 'create-time' ? { createTime: facts?.createTime || undefined } : { startKey: facts?.startKey || undefined };
  return acts === 'thread' ? { tid: victim.tid, pid: victim.pid, ...known } : { pid: victim.pid, ...known };
};

const isAvailability = (operation: GuardOperation): boolean =>
  OPERATIONS.some((entry) => entry.operation === operation && entry.concern === 'availability');

const runOn = async (ofBuild: number, kinds: readonly Kind[], steps: readonly Step[]): Promise<Outcome> => {
  const machine = machineOf(ofBuild, kinds);
  const vsm = open({ backend: machine });
  const known: Known[] = kinds.map((each, index) => {
    const label = `p${index}`;
    const [tid = 0] = machine.tidsOf(label);
    return { label, kind: each, pid: machine.pidOf(label), tid, alive: each !== 'exiting' };
  });
  let [runs, allowed, accepted] = [0, 0, 0];
  for (const [index, each] of steps.entries()) {
    const { operation, later, disturbance: beside } = each;
    const victim = known[each.target % known.length];
    assert.ok(victim);
    const target = aim(vsm, each, victim);
    if (target === null) continue;
    const accepts = each.accept && isAvailability(operation);
    const race = (): void => {
      if (beside !== null && beside.what !== 'fail') disturb(machine, victim, beside, `r${index}`);
    };
    const stable = victim.alive && (beside === null || beside.before === 'act');
    const askable = (victim.kind === 'ordinary' || victim.kind === 'wow64') && ofBuild >= FIRST_SURE_BUILD;
    const undo = beside === null ? () => undefined : script(machine, beside, race);
    const before = machine.touches.length;
    const callback = (held: Held): void => {
      if (beside?.before === 'act') race();
      assert.ok(held.facts.verdict === 'ordinary' || (held.facts.verdict === 'secure' && accepts));
      act(machine, operation, held);
    };
    const options = accepts ? { accept: [operation] } : undefined;
    runs += 1;
    try {
      await vsm.guard.run(target, operation, later ? async (held) => callback(await held) : callback, options);
      allowed += 1;
      if (operation === 'terminate') victim.alive = false;
    } catch (error) {
      assert.ok(TrustletError.is(error), String(error));
      assert.equal(error.code, 'ERR_TRUSTLET_REFUSED');
      assert.ok(!(stable && askable), `refused an ordinary, stable, queryable process: ${error.message}`);
    }
    for (const touch of machine.touches.slice(before).filter(({ trustlet }) => trustlet)) {
      assert.ok(accepts && touch.operation === operation, `${touch.operation} reached ${touch.label}`);
      accepted += 1;
    }
    undo();
    machine.clearFaults();
    if (typeof target === 'object' && 'handle' in target) assert.ok(machine.win32.CloseHandle(target.handle));
  }
  // Only a close that was made to fail may leave a handle behind.
  const failedCloses = steps.filter(
    ({ disturbance: beside }) => beside?.before === 'NtClose' && beside.what === 'fail',
  ).length;
  const left = machine.openHandles('agent');
  assert.ok(left <= failedCloses, `${left} handles are still open`);
  vsm.close();
  return { runs, allowed, accepted };
};

describe('guard.run over generated machines', () => {
  test('lets no operation but an accepted one reach a trustlet, refuses no ordinary, stable, queryable process, and leaks nothing', async () => {
    const total = { runs: 0, allowed: 0, accepted: 0 };
    await fc.assert(
      fc.asyncProperty(
        build,
        fc.array(kind, { minLength: 1, maxLength: 5 }),
        fc.array(step, { minLength: 1, maxLength: 6 }),
        async (ofBuild, kinds, steps) => {
          const { runs, allowed, accepted } = await runOn(ofBuild, kinds, steps);
          total.runs += runs;
          total.allowed += allowed;
          total.accepted += accepted;
        },
      ),
      { numRuns: RUNS },
    );
    assert.ok(total.allowed > total.runs * 0.25, `${total.allowed} of ${total.runs} generated runs were allowed`);
    assert.ok(total.accepted > 0, 'accepted operations reached trustlets');
  });
});
