/** The assertion an agent's test ends with: nothing it did reached a trustlet. */
import { AssertionError } from 'node:assert';
import type { Machine } from '../emulator/machine.js';
import { ntstatusName } from '../ntstatus.js';
import { requireMachine } from './require-machine.js';

/**
 * Fails if any operation reached, or was even tried on, a trustlet since the machine was booted (or restored). A trial counts although VTL1 would have
 * stopped it: on a real machine it "may silently fail" or destabilise the system.
 *
 * @param machine an emulated machine
 * @throws TrustletError ERR_TRUSTLET_ARGUMENT for anything but a machine; AssertionError with one readable line for each touch: operation, API, label, pid, outcome and status
 */
export const assertNoTrustletTouched = (machine: Machine): void => {
  requireMachine(machine);
  const touched = machine.touches.filter((touch) => touch.trustlet);
  if (touched.length === 0) return;
  const lines = touched.map(
    ({ operation, api, label, pid, outcome, status }) =>
      `  ${operation} through ${api} on ${label} (pid ${pid}): ${outcome} (${ntstatusName(status)})`,
  );
  throw new AssertionError({
    message: `${touched.length} operation${touched.length === 1 ? '' : 's'} touched a trustlet:\n${lines.join('\n')}`,
    actual: touched.length,
    expected: 0,
    operator: 'assertNoTrustletTouched',
    stackStartFn: assertNoTrustletTouched,
  });
};
