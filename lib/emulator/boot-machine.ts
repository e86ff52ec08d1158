/** Boots a machine with Node's cryptography and the reader of `trustlet/pe`: the one file of the emulator that names implementations. */
import { nodeCrypto } from '../node-crypto.js';
import { inspectBytes } from '../pe/inspect.js';
import { Machine } from './machine.js';
import type { BootOptions } from './machine-options.js';
import type { Scenario } from './scenario.js';

/**
 * Boots an emulated machine.
 *
 * @param scenario a built-in scenario's name (default `credential-guard`), a scenario, or options
 * @throws TrustletError ERR_TRUSTLET_ARGUMENT for a name, option or policy that does not exist; ERR_TRUSTLET_FORMAT for a malformed
 * scenario
 */
export const boot = (scenario?: string | Scenario | BootOptions): Machine =>
  new Machine(scenario, nodeCrypto, inspectBytes);
