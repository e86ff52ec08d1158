/** Processes by the names a scenario or a test gives them. */
import { show } from '../../arguments.js';
import { TrustletError } from '../../errors.js';
import type { ProcessObject } from './objects.js';
import type { NtSystem } from './system.js';

const argumentError = (message: string): TrustletError => new TrustletError('ERR_TRUSTLET_ARGUMENT', message);

/** The last process with a label, gone or not. @throws TrustletError ERR_TRUSTLET_ARGUMENT for an unknown label */
export const processLabelled = (system: NtSystem, label: unknown): ProcessObject => {
  const process = typeof label === 'string' ? system.state.labels.get(label) : undefined;
  if (process !== undefined) return process;
  throw argumentError(`There is no process with the label ${show(label)} on this machine.`);
};

/** A running process by label or pid. @throws TrustletError ERR_TRUSTLET_ARGUMENT where there is none */
export const runningProcess = (system: NtSystem, process: string | number): ProcessObject => {
  const found = typeof process === 'number' ? system.process(process) : processLabelled(system, process);
  if (found !== undefined && found.life !== 'exited') return found;
  throw argumentError(`There is no running process ${show(process)} on this machine.`);
};

/**
 * A label that is running names that process; only one that is about to end may have it.
 * @throws TrustletError ERR_TRUSTLET_ARGUMENT
 */
export const requireFreeLabel = (system: NtSystem, label: string, ending: ProcessObject | null): void => {
  const holder = system.state.labels.get(label);
  if (holder === undefined || holder === ending || holder.life === 'exited') return;
  throw argumentError(
    `The label '${label}' is taken by pid ${holder.pid}, which is still there; give the new process another.`,
  );
};
