/** One line of the demo's record: a call that was made, and what it came to. */
import type { Machine, MachineSnapshot } from '../../emulator/machine.js';
import { TrustletError } from '../../errors.js';
import { ntstatusName } from '../../ntstatus.js';
import type { Target } from './scene.js';

export interface DemoStep {
  readonly section: 'agent' | 'driver' | 'guard' | 'race';
  /** The call, e.g. `ReadProcessMemory`. */
  readonly call: string;
  readonly pid: number;
  readonly name: string;
  readonly trustlet: boolean;
  readonly succeeded: boolean;
  /** NTSTATUS, unsigned; null where the call has none or never got that far. */
  readonly status: number | null;
  readonly statusName: string | null;
  /** GetLastError after a call that failed. */
  readonly win32: number | null;
  /** What came of it, for people. */
  readonly outcome: string;
}

/** What a call says of itself. */
export interface CallResult {
  readonly succeeded: boolean;
  /** What was seen of its effect. */
  readonly seen: string;
}

/** A call that is made on one target. */
export interface Attempt {
  readonly call: string;
  /** Needs the agent's handle of the process or thread, or (a driver) none. */
  readonly needs: 'process' | 'thread' | 'none';
  readonly act: (machine: Machine, target: Target) => CallResult;
}

const base = (
  section: DemoStep['section'],
  call: string,
  target: Target,
): Pick<DemoStep, 'section' | 'call' | 'pid' | 'name' | 'trustlet'> => ({
  section,
  call,
  pid: target.pid,
  name: target.name,
  trustlet: target.trustlet,
});

const notMade = (section: DemoStep['section'], call: string, target: Target, outcome: string): DemoStep => ({
  ...base(section, call, target),
  succeeded: false,
  status: null,
  statusName: null,
  win32: null,
  outcome,
});

/** What is said where an attempt stopped the machine (policy destabilise). */
export const STOPPED = 'THE MACHINE STOPS';

/**
 * Whether the machine still runs; one that stopped is put back to `start`, so that the story goes on.
 */
export const survives = (machine: Machine, start: MachineSnapshot): boolean => {
  try {
    machine.run();
    return true;
  } catch (error) {
    if (!TrustletError.is(error) || error.code !== 'ERR_TRUSTLET_BACKEND') throw error;
    machine.restore(start);
    return false;
  }
};

/** e.g. `STATUS_ACCESS_VIOLATION (998)`. */
const failureText = (status: number | null, win32: number | null): string => {
  if (status === null) return `error ${win32}`;
  return win32 === null ? ntstatusName(status) : `${ntstatusName(status)} (${win32})`;
};

const made = (section: 'agent' | 'driver', attempt: Attempt, machine: Machine, target: Target): DemoStep => {
  const before = machine.touches.length;
  const { succeeded, seen } = attempt.act(machine, target);
  const lastError = section === 'agent' ? machine.win32.GetLastError() : null;
  // The first touch is the call's own; what undoes it afterwards comes later.
  const touch = machine.touches[before];
  const status = touch?.status ?? null;
  const win32 = succeeded ? null : lastError;
  const withoutEffect = touch !== undefined && touch.outcome !== 'effect';
  return {
    ...base(section, attempt.call, target),
    succeeded,
    status,
    statusName: status === null ? null : ntstatusName(status),
    win32,
    outcome: succeeded ? `${withoutEffect ? 'success, ' : ''}${seen}` : failureText(status, win32),
  };
};

/**
 * Makes one attempt on one target.
 *
 * @param start what a machine that stopped is put back to
 */
export const perform = (
  section: 'agent' | 'driver',
  attempt: Attempt,
  machine: Machine,
  target: Target,
  start: MachineSnapshot,
): DemoStep => {
  const handle = { process: target.process, thread: target.thread, none: null }[attempt.needs];
  if (handle === 0n && target.openError !== 0) {
    const refused = notMade(section, attempt.call, target, `no handle: error ${target.openError}`);
    return { ...refused, win32: target.openError };
  }
  if (attempt.needs !== 'process' && target.tid === undefined) {
    return notMade(section, attempt.call, target, 'it has no thread');
  }
  try {
    const step = made(section, attempt, machine, target);
    return survives(machine, start) ? step : { ...step, outcome: STOPPED };
  } catch (error) {
    if (!TrustletError.is(error)) throw error;
    const survived = survives(machine, start);
    return notMade(section, attempt.call, target, survived ? error.code : STOPPED);
  }
};
