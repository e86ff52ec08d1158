/** The search for check-then-open bugs: the race an agent loses when it goes back to a pid it has checked. */
import { AssertionError } from 'node:assert';
import { requireFunction } from '../arguments.js';
import type { Machine } from '../emulator/machine.js';
import type { ProcessSpec } from '../emulator/process-spec.js';
import { assertNoTrustletTouched } from './assert-no-trustlet-touched.js';
import { requireMachine } from './require-machine.js';

const DEFAULT_SUCCESSOR: ProcessSpec = { label: 'trustlet-with-the-same-pid', trustlet: { id: 1 }, access: 'everyone' };

/** One run: whether it tried the moment it was for. */
interface Attempt {
  /** What the agent returned: a promise where it works on after it has returned. */
  readonly outcome: unknown;
  /** After the agent has ended. @returns true where the moment came. @throws AssertionError when a trustlet was touched */
  readonly judge: () => boolean;
}

interface RaceOptions {
  readonly bootMachine: () => Machine;
  readonly label: string;
  readonly agent: (machine: Machine) => unknown;
  readonly successor: ProcessSpec;
}

const attempt = ({ bootMachine, label, agent, successor }: RaceOptions, nth: number): Attempt => {
  const machine = bootMachine();
  requireMachine(machine);
  let opens = 0;
  const race = (): void => {
    opens += 1;
    // While something holds the process its ids stay taken, on Windows too: then there is nothing to win here.
    if (opens === nth && machine.handlesTo(label) === 0) machine.reuse(label, successor);
  };
  machine.before('NtOpenProcess', race, { label });
  machine.before('NtOpenThread', race, { label });
  return {
    outcome: agent(machine),
    judge: () => {
      try {
        assertNoTrustletTouched(machine);
      } catch (error) {
        if (error instanceof Error)
          error.message = `With the pid of '${label}' reused just before open ${nth} of it: ${error.message}`;
        throw error;
      }
      return opens >= nth;
    },
  };
};

/** @returns how many moments there were. @throws AssertionError when there was none */
const momentsTried = (label: string, tried: number): number => {
  if (tried > 0) return tried;
  throw new AssertionError({
    message: `The agent opened neither '${label}' nor a thread of it, so no moment was tried and nothing is shown.`,
    operator: 'reuseAtEveryOpen',
    stackStartFn: reuseAtEveryOpen,
  });
};

const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';

/** Goes on from a run whose agent has returned a promise. */
const tryLater = async (options: RaceOptions, first: Attempt, from: number): Promise<number> => {
  let { outcome, judge } = first;
  for (let nth = from; ; nth += 1) {
    await outcome;
    if (!judge()) return momentsTried(options.label, nth - 1);
    ({ outcome, judge } = attempt(options, nth + 1));
  }
};

/**
 * Runs an agent again and again, each time on a fresh machine; in the n-th run the process ends just before it, or a thread of it, is
 * opened for the n-th time, and a trustlet gets its pid and its threads' ids. Every run must leave trustlets alone. An agent that acts
 * inside `guard.run` passes; one that checks an id and opens it afterwards is caught in the run where the id changes hands in between.
 *
 * @param bootMachine boots the machine of one run, with VSM
 * @param label the process that ends
 * @param agent the code under test; it acts through the machine it is given. One that returns a promise is waited for, and so must this be
 * @param successor what gets the pid; default: a trustlet anyone may open
 * @returns how many moments were tried, at least one; a promise of it where the agent returns one
 * @throws AssertionError naming the moment and what was touched, or when the agent opened neither the process nor a thread of it;
 * TrustletError ERR_TRUSTLET_ARGUMENT for misuse; what the agent throws
 */
export function reuseAtEveryOpen(
  bootMachine: () => Machine,
  label: string,
  agent: (machine: Machine) => PromiseLike<unknown>,
  successor?: ProcessSpec,
): Promise<number>;
export function reuseAtEveryOpen(
  bootMachine: () => Machine,
  label: string,
  agent: (machine: Machine) => void,
  successor?: ProcessSpec,
): number;
export function reuseAtEveryOpen(
  bootMachine: () => Machine,
  label: string,
  agent: (machine: Machine) => unknown,
  successor: ProcessSpec = DEFAULT_SUCCESSOR,
): number | Promise<number> {
  requireFunction('bootMachine', bootMachine);
  requireFunction('agent', agent);
  const options = { bootMachine, label, agent, successor };
  for (let nth = 1; ; nth += 1) {
    const run = attempt(options, nth);
    if (isThenable(run.outcome)) return tryLater(options, run, nth);
    if (!run.judge()) return momentsTried(label, nth - 1);
  }
}
