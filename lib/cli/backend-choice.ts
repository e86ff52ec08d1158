/** From `--backend` and `--scenario` to what `open` takes. */
import { show } from '../arguments.js';
import { TrustletError } from '../errors.js';
import type { OpenOptions } from '../open.js';

/** The global options that choose who is asked. */
export interface BackendFlags {
  readonly backend?: string | undefined;
  readonly scenario?: string | undefined;
}

type Environment = Readonly<Record<string, string | undefined>>;

const argument = (message: string): TrustletError => new TrustletError('ERR_TRUSTLET_ARGUMENT', message);

const emulated = (scenario: string | undefined, env: Environment): OpenOptions => ({
  backend: 'emulated',
  scenario: scenario ?? (env['TRUSTLET_SCENARIO'] || undefined),
});

/**
 * @throws TrustletError ERR_TRUSTLET_ARGUMENT for a name that is no backend, or a scenario for a real one;
 * ERR_TRUSTLET_UNSUPPORTED for a backend of a later version
 */
export const openOptionsFrom = ({ backend = 'auto', scenario }: BackendFlags, env: Environment): OpenOptions => {
  if (scenario === '') throw argument('--scenario needs a name or a file; got an empty one.');
  switch (backend) {
    case 'auto':
      return scenario === undefined ? {} : { scenario };
    case 'emulated':
      return emulated(scenario, env);
    case 'driver':
    case 'ntdll':
      if (scenario === undefined) return { backend };
      throw argument('--scenario describes an emulated machine: leave it out, or use --backend emulated.');
    default:
      if (backend === 'replay' || backend.startsWith('replay:')) {
        throw new TrustletError(
          'ERR_TRUSTLET_UNSUPPORTED',
          'The replay backend is not part of this version; there are driver, ntdll and emulated.',
        );
      }
      throw argument(`--backend takes auto, driver, ntdll or emulated; got ${show(backend)}.`);
  }
};

/**
 * For what asks no backend: `driver …` manages the service of this machine, `inspect` reads files.
 *
 * @param what the command and what it does
 * @throws TrustletError ERR_TRUSTLET_ARGUMENT when one is named
 */
export const refuseBackendFlags = ({ backend, scenario }: BackendFlags, what: string): void => {
  if (backend === undefined && scenario === undefined) return;
  throw argument(`${what} and asks no backend: leave --backend and --scenario out.`);
};

/**
 * For `demo`, which acts on processes and therefore runs on the emulated machine alone.
 *
 * @param named the scenario given as its argument
 * @throws TrustletError ERR_TRUSTLET_ARGUMENT when another backend, or two scenarios, are asked for
 */
export const demoOptionsFrom = (
  named: string | undefined,
  { backend = 'emulated', scenario }: BackendFlags,
  env: Environment,
): OpenOptions => {
  if (backend !== 'auto' && backend !== 'emulated') {
    throw argument('The demo acts on processes, so it runs on the emulated machine only: leave --backend out.');
  }
  if (named !== undefined && scenario !== undefined) {
    throw argument('Name the scenario once: trustlet demo <scenario>, or --scenario <scenario>.');
  }
  if (named === '' || scenario === '') throw argument('The scenario needs a name or a file; got an empty one.');
  return emulated(named ?? scenario, env);
};
