/** The testing kit's own check of its first argument. */
import { isObject, show } from '../arguments.js';
import { Machine } from '../emulator/machine.js';
import { TrustletError } from '../errors.js';

/** @throws TrustletError ERR_TRUSTLET_ARGUMENT for anything but an emulated machine */
export function requireMachine(value: unknown): asserts value is Machine {
  if (isObject(value) && value instanceof Machine) return;
  throw new TrustletError(
    'ERR_TRUSTLET_ARGUMENT',
    `An emulated machine is expected; got ${show(value)}. Of a vsm over one, pass vsm.machine.`,
  );
}
