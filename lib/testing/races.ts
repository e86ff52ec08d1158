/** Scripted races: what can happen to a process between a guard's check and its act. */
import type { CallEvent } from '../emulator/hooks.js';
import type { Machine } from '../emulator/machine.js';
import { ACTING_CALLS } from '../emulator/scenario.js';
import { requireMachine } from './require-machine.js';

/** What a race did. */
export interface Race {
  /** True once the process has been ended. */
  readonly happened: boolean;
  /** Takes the race away again. */
  cancel(): void;
}

/**
 * Ends `label` after the guard has checked it, just before the first call that acts on it.
 *
 * An agent that acts on the handle it was given sees a call that fails and harms nobody: the held object keeps its pid from being
 * given to another process. This race does not show whether an agent goes back to the pid after a check: `reuseAtEveryOpen` does.
 *
 * @param machine an emulated machine
 * @param label the process that ends
 * @throws TrustletError ERR_TRUSTLET_ARGUMENT for no machine or an unknown label
 */
export const exitsBetweenCheckAndAct = (machine: Machine, label: string): Race => {
  requireMachine(machine);
  machine.pidOf(label);
  let happened = false;
  const removals = ACTING_CALLS.map((call) =>
    machine.before(call, ({ label: target }: CallEvent) => {
      if (happened || target !== label) return;
      happened = true;
      machine.exit(label);
    }),
  );
  return {
    get happened(): boolean {
      return happened;
    },
    cancel(): void {
      for (const remove of removals) remove();
    },
  };
};
