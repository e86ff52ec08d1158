/** The one-liner for scripts: a vsm opened on first use and kept for the life of the process. */
import { open } from './open.js';
import type { Vsm } from './vsm.js';

let shared: Vsm | undefined;

/**
 * Is this process a trustlet? Opens the default backend on first use.
 *
 * @param pid process id
 * @throws TrustletError ERR_TRUSTLET_UNKNOWN when it cannot be known (treat that as true), ERR_TRUSTLET_ARGUMENT, and what `open` throws
 */
export const isSecureProcess = (pid: number): boolean => {
  shared ??= open();
  return shared.isSecureProcess(pid);
};
