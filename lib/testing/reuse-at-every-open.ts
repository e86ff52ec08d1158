/** The search for check-then-open bugs: the race an agent loses when it goes back to a pid it has checked. */
import { AssertionError } from 'node:assert';
import { requireFunction } from '../arguments.js';
import type { Machine } from '../emulator/machine.js';
import type { ProcessSpec } from '../emulator/process-spec.js';
import { assertNoTrustletTouched } from './assert-no-trustlet-touched.js';
import { requireMachine } from './require-machine.js';

const DEFAULT_SUCCESSOR: ProcessSpec = { label: 'trustlet-with-the-same-pid', trustlet: { id: 1 }, access: 'everyone' };

/**
 * Runs an agent again and again, each time on a fresh machine; in the n-th run the process ends just before it, or a thread of it, is
 * opened for the n-th time, and a trustlet gets its pid and its threads' ids. Every run must leave trustlets alone. An agent that acts
 * inside `guard.run` passes; one that checks an id and opens it afterwards is caught in the run where the id changes hands in between.
 *
 * @param bootMachine boots the machine of one run, with VSM
 * @param label the process that ends
 * @param agent the code under test; it acts through the machine it is given
 * @param successor what gets the pid; default: a trustlet anyone may open
 * @returns how many moments were tried, at least one
 * @throws AssertionError naming the moment and what was touched, or when the agent opened neither the process nor a thread of it;
 * TrustletError ERR_TRUSTLET_ARGUMENT for misuse; what the agent throws
 */
export const reuseAtEveryOpen = (
  bootMachine: () => Machine,
  label: string,
  agent: (machine: Machine) => void,
  successor: ProcessSpec = DEFAULT_SUCCESSOR,
): number => {
  requireFunction('bootMachine', bootMachine);
  requireFunction('agent', agent);
  for (let nth = 1; ; nth += 1) {
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
    agent(machine);
    try {
      assertNoTrustletTouched(machine);
    } catch (error) {
      if (error instanceof Error)
        error.message = `With the pid of '${label}' reused just before open ${nth} of it: ${error.message}`;
      throw error;
    }
    if (opens >= nth) continue;
    if (nth > 1) return nth - 1;
    throw new AssertionError({
      message: `The agent opened neither '${label}' nor a thread of it, so no moment was tried and nothing is shown.`,
      operator: 'reuseAtEveryOpen',
      stackStartFn: reuseAtEveryOpen,
    });
  }
};
