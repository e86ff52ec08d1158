/** What a driver command came to. */
import { notElevated, STOP_PENDING_ADVICE } from './advice.js';
import { GROUPS, readElevation } from './elevation.js';
import { askState, type DriverFacts } from './facts.js';
import type { ServiceState } from './service.js';
import type { Signature } from './signature.js';
import type { WindowsSystem } from './system.js';

export type DriverAction = 'install' | 'start' | 'stop' | 'status' | 'uninstall';

export interface Outcome {
  readonly action: DriverAction;
  /** The driver is now as it was wanted. */
  readonly done: boolean;
  /** What was changed, one entry a change; empty when everything was so already. */
  readonly changed: readonly string[];
  /** What to know, or to do next. */
  readonly notes: readonly string[];
  /** As it is now. */
  readonly facts: DriverFacts;
  /** null where there is no file, or nobody asked. */
  readonly signature: Signature | null;
}

const INTERVAL = 200;
const INTERVALS = 15;

/** Asks for the state until it is the one wanted (null: the service is gone), for three seconds. @returns the last answer */
export const awaitState = (system: WindowsSystem, wanted: ServiceState | null): ServiceState | null => {
  let state = askState(system);
  for (let waited = 0; state !== null && state !== wanted && waited < INTERVALS; waited++) {
    system.sleep(INTERVAL);
    state = askState(system);
  }
  return state;
};

/**
 * Where it is not known whether this process is elevated, it goes on: the system refuses the first change then.
 * @param what e.g. `Installing the driver`
 * @throws TrustletError ERR_TRUSTLET_BACKEND with win32 5
 */
export const requireElevation = (system: WindowsSystem, what: string): void => {
  if (readElevation(system.run('whoami', GROUPS)) === false) throw notElevated(what);
};

/** What to say of a driver that does not come to the end of its stop. */
export const stillThere = (state: ServiceState): string =>
  state === 'stop-pending' ? STOP_PENDING_ADVICE : `It was told to stop, and its state is ${state}.`;
