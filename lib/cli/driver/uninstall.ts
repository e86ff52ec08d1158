/** `trustlet driver uninstall`: stops the driver, deletes its service with the settings below it, and removes its file. */
import { TrustletError } from '../../errors.js';
import { refusedStep } from './advice.js';
import { endDriver } from './control.js';
import { askDriver, askState, type DriverFile, runToEnd } from './facts.js';
import { requireOwnService } from './install.js';
import { awaitState, type Outcome, requireElevation, stillThere } from './outcome.js';
import { SERVICE, scOutcome } from './service.js';
import type { WindowsSystem } from './system.js';

const NOT_INSTALLED = 1060;
const MARKED_FOR_DELETION = 1072;

const WHAT = 'Removing the driver';

const removeFile = (system: WindowsSystem, { path }: DriverFile): void => {
  try {
    system.removeFile(path);
  } catch (cause) {
    throw new TrustletError(
      'ERR_TRUSTLET_BACKEND',
      `The service is removed, and its file is not: ${path}: ${(cause as Error).message}. Delete it from an elevated prompt, after a restart if it is in use.`,
      { cause },
    );
  }
};

const deleteService = (system: WindowsSystem): void => {
  const outcome = scOutcome(runToEnd(system, 'sc', ['delete', SERVICE]));
  if (outcome !== 0 && outcome !== NOT_INSTALLED && outcome !== MARKED_FOR_DELETION)
    throw refusedStep('removed', outcome);
};

/** What lies in the driver's place (`requireOwnService` has seen to that) and is a driver of trustlet's. */
const isOurs = (file: DriverFile | null): boolean => file?.image?.trustlet === true;

/**
 * @returns `done` false when the driver does not come to the end of its stop (nothing was removed then), or when somebody keeps the
 * deleted service open
 * @throws TrustletError ERR_TRUSTLET_BACKEND for another's service, no elevation (win32 5), or what the service manager refused (`win32`)
 */
export const uninstallDriver = (system: WindowsSystem): Outcome => {
  const before = askDriver(system);
  requireOwnService(before, system, 'removed');
  const { service, file } = before;
  const changed: string[] = [];
  const outcome = (done: boolean, notes: readonly string[]): Outcome => {
    return { action: 'uninstall', done, changed, notes, facts: askDriver(system), signature: null };
  };
  if (service !== null) {
    requireElevation(system, WHAT);
    if (service.state !== 'stopped') {
      if (!endDriver(system, WHAT)) {
        changed.push('told the driver to stop');
        return outcome(false, [
          stillThere(askState(system) ?? 'stopped'),
          'Nothing was removed. Repeat the command then.',
        ]);
      }
      changed.push('stopped the driver');
    }
    deleteService(system);
    changed.push(`deleted the service ${SERVICE}`);
  }
  const own = isOurs(file) ? file : null;
  if (own !== null) {
    if (service === null) requireElevation(system, WHAT);
    removeFile(system, own);
    changed.push(`removed ${own.path}`);
  }
  // A deleted service stays until the last handle to it is closed, which may be in a moment.
  if (service !== null && awaitState(system, null) !== null) {
    return outcome(false, [refusedStep('removed', MARKED_FOR_DELETION).message]);
  }
  const stranger = own === null ? file : null;
  return outcome(true, stranger === null ? [] : [`${stranger.path} is no driver of trustlet's and was left alone.`]);
};
