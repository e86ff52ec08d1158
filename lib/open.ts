/**
 * Choosing a backend. The only module that knows them all; the heavy ones are loaded on first use, so importing the package
 * touches neither koffi nor the addon nor the emulator.
 *
 * No environment variable can blind a guard on Windows: there the environment may only name a real backend, and a simulated one
 * is honoured only if the program itself passes `allowSimulated: true`.
 */
import { isList, isObject, readProperties, requireObject, show } from './arguments.js';
import type { Backend } from './backend.js';
import type { AttachableMachine } from './backends/emulated.js';
import type { Machine } from './emulator/machine.js';
import type { Scenario } from './emulator/scenario.js';
import { TrustletError } from './errors.js';
import { requireModule } from './lazy-module.js';
import type { NativeBinding } from './native/binding.js';
import type { BackendName } from './types.js';
import { Vsm } from './vsm.js';

/** Options of `open`. An option in code wins over `TRUSTLET_BACKEND` and `TRUSTLET_SCENARIO`. */
export interface OpenOptions {
  /**
   * A backend by name, which never falls back to another, or a machine from `trustlet/emulator` to attach to. `auto`, the default, is
   * the driver, else ntdll, and `vsm.backend.fallback` says why not the driver.
   */
  readonly backend?: 'driver' | 'ntdll' | 'emulated' | 'auto' | Machine | undefined;
  /**
   * Scenario of an emulated machine: a built-in name, a JSON file, or a scenario object. Implies `backend: 'emulated'`. Default:
   * `TRUSTLET_SCENARIO`, else `credential-guard`.
   */
  readonly scenario?: string | Scenario | undefined;
  /** The only backends this program accepts; anything else is ERR_TRUSTLET_BACKEND_REFUSED. */
  readonly only?: readonly BackendName[] | undefined;
  /** Lets the environment choose a simulated backend on Windows too. For test programs. */
  readonly allowSimulated?: boolean | undefined;
}

/** What `open` needs to know of the process it runs in; a test passes its own. */
export interface Surroundings {
  readonly platform: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Library the ntdll backend loads. */
  readonly ntdllLibrary: string;
  /** Loads the addon for the driver backend. Default: the package's own. */
  readonly loadBinding?: (() => NativeBinding) | undefined;
}

const here = (): Surroundings => ({ platform: process.platform, environment: process.env, ntdllLibrary: 'ntdll.dll' });

const BACKEND_NAMES: readonly BackendName[] = ['driver', 'ntdll', 'emulated', 'replay'];
const isKnown = (name: string): name is BackendName => (BACKEND_NAMES as readonly string[]).includes(name);
const SIMULATED: readonly BackendName[] = ['emulated', 'replay'];
/** What `auto` tries, in this order. */
const AUTOMATIC: readonly BackendName[] = ['driver', 'ntdll'];
const AVAILABLE = 'driver, ntdll and emulated';

type EmulatedBackendModule = typeof import('./backends/emulated.js');
type EmulatorModule = typeof import('./emulator/index.js');
type ScenarioFileModule = typeof import('./scenario-file.js');
type NtdllModule = typeof import('./backends/ntdll.js');
type DriverModule = typeof import('./backends/driver.js');

/** One machine per process for those who choose the emulator by environment, so that all parts of a program see the same one. */
const machinesByEnvironment = new Map<string, Machine>();

const refused = (message: string): TrustletError => new TrustletError('ERR_TRUSTLET_BACKEND_REFUSED', message);
const argument = (message: string): TrustletError => new TrustletError('ERR_TRUSTLET_ARGUMENT', message);

const isMachine = (value: unknown): value is Machine & AttachableMachine =>
  isObject(value) && typeof (value as Partial<AttachableMachine>).ntApi === 'function';

/** A copy of options.only. @throws TrustletError ERR_TRUSTLET_ARGUMENT unless it is a list of backend names, or left out */
const readOnly = (given: unknown): readonly BackendName[] | undefined => {
  if (given === undefined) return undefined;
  const names: readonly unknown[] = isList(given) ? Array.from(given) : [given];
  const wrong = isList(given) ? names.findIndex((name) => typeof name !== 'string' || !isKnown(name)) : 0;
  if (wrong === -1) return names as readonly BackendName[];
  throw argument(`options.only must be a list of ${BACKEND_NAMES.join(', ')}; got ${show(names[wrong])}.`);
};

const readOptions = (given: unknown): OpenOptions => {
  requireObject('options', given);
  if (isMachine(given)) throw argument('open takes options: pass the machine as open({ backend: machine }).');
  const read = readProperties('options', given, ['backend', 'scenario', 'only', 'allowSimulated']);
  const { backend, scenario, allowSimulated } = read;
  const only = readOnly(read.only);
  if (scenario !== undefined && backend !== undefined && backend !== 'emulated' && backend !== 'auto') {
    throw argument(
      `options.scenario describes a machine to boot and does not go with backend ${isMachine(backend) ? '(a machine that is booted)' : show(backend)}; leave one of them out.`,
    );
  }
  if (backend !== undefined && typeof backend !== 'string' && !isMachine(backend)) {
    throw argument(`options.backend must be a name or a machine from trustlet/emulator; got ${show(backend)}.`);
  }
  if (allowSimulated !== undefined && typeof allowSimulated !== 'boolean') {
    throw argument(`options.allowSimulated must be true or false; got ${show(allowSimulated)}.`);
  }
  return {
    // A name that is none is refused where it is chosen, as one from the environment is.
    backend: backend as OpenOptions['backend'],
    scenario: scenario as OpenOptions['scenario'],
    only,
    allowSimulated,
  };
};

/** Which backend, and who said so. */
interface Choice {
  readonly backend: string;
  readonly scenario: string | Scenario | undefined;
  readonly by: 'code' | 'environment' | 'default';
}

const choose = (options: OpenOptions, { platform, environment }: Surroundings): Choice => {
  const { backend, scenario } = options;
  const named = environment['TRUSTLET_BACKEND'] || undefined;
  const wanted = environment['TRUSTLET_SCENARIO'] || undefined;
  if (backend === 'emulated') return { backend, scenario: scenario ?? wanted, by: 'code' };
  if (typeof backend === 'string' && backend !== 'auto') return { backend, scenario, by: 'code' };
  if (scenario !== undefined) return { backend: 'emulated', scenario, by: 'code' };
  if (named !== undefined && named !== 'auto') return { backend: named, scenario: wanted, by: 'environment' };
  if (wanted !== undefined && platform !== 'win32') return { backend: 'emulated', scenario: wanted, by: 'environment' };
  return { backend: 'auto', scenario: undefined, by: 'default' };
};

const chosenBy = (by: Choice['by']): string =>
  ({
    code: 'chosen in code',
    environment: 'chosen by TRUSTLET_BACKEND or TRUSTLET_SCENARIO',
    default: 'the default here',
  })[by];

/** @returns those of `names` that the program accepts. @throws TrustletError ERR_TRUSTLET_BACKEND_REFUSED where there is none */
const requireAllowed = (
  names: readonly BackendName[],
  by: Choice['by'],
  { only, allowSimulated }: OpenOptions,
  platform: string,
): readonly BackendName[] => {
  const allowed = only === undefined ? names : names.filter((name) => only.includes(name));
  if (allowed.length === 0) {
    const accepted = only?.length
      ? `only ${only.join(', ')} (options.only)`
      : 'no backend at all (options.only is empty)';
    throw refused(
      `This program accepts ${accepted}, and ${names.join(' or ')} was ${chosenBy(by)}. Choose another, or accept it.`,
    );
  }
  const simulated = allowed.find((name) => SIMULATED.includes(name));
  if (by === 'environment' && platform === 'win32' && simulated !== undefined && allowSimulated !== true) {
    throw refused(
      `TRUSTLET_BACKEND=${simulated} is not honoured on Windows: a simulated backend would blind the guard. ` +
        'Unset it, or pass { allowSimulated: true } in a test program.',
    );
  }
  return allowed;
};

const openMachine = ({ by, scenario }: Choice): Machine => {
  const { boot } = requireModule<EmulatorModule>('./emulator/index.js', import.meta.url);
  const { loadScenario } = requireModule<ScenarioFileModule>('./scenario-file.js', import.meta.url);
  const start = (): Machine => boot(scenario === undefined ? undefined : loadScenario(scenario));
  if (by !== 'environment') return start();
  const key = typeof scenario === 'string' ? scenario : '';
  const known = machinesByEnvironment.get(key);
  if (known !== undefined) return known;
  const machine = start();
  machinesByEnvironment.set(key, machine);
  return machine;
};

const requireWindows = (names: readonly BackendName[], only: OpenOptions['only'], platform: string): void => {
  if (platform === 'win32') return;
  const emulated =
    only === undefined || only.includes('emulated')
      ? "For tests, choose the emulated machine: open({ backend: 'emulated' }) or TRUSTLET_BACKEND=emulated."
      : "options.only leaves no other: for tests open({ backend: 'emulated' }) without it.";
  throw new TrustletError(
    'ERR_TRUSTLET_UNSUPPORTED',
    `There are no trustlets to ask about on ${platform}: the ${names.join(' or ')} backend needs Windows. ${emulated}`,
  );
};

const openNtdll = ({ ntdllLibrary: library }: Surroundings): Backend =>
  requireModule<NtdllModule>('./backends/ntdll.js', import.meta.url).createNtdllBackend({ library });

const openDriver = ({ loadBinding }: Surroundings): Backend =>
  requireModule<DriverModule>('./backends/driver.js', import.meta.url).openDriver(loadBinding);

/** What happened, without what to do about it. */
const firstSentence = ({ message }: TrustletError): string => message.replace(/(?<=\.)\s.*$/s, '');

const openNtdllInstead = (surroundings: Surroundings, why: TrustletError): Vsm<undefined> => {
  try {
    return new Vsm(openNtdll(surroundings), undefined, firstSentence(why));
  } catch (error) {
    const { message } = error as Error;
    const both = `${message} Nor could the driver be used, which comes first: ${why.message}`;
    throw new TrustletError('ERR_TRUSTLET_BACKEND', both, { cause: new AggregateError([why, error]) });
  }
};

/** One of `names`, or both in their order: a driver that is absent, refuses or lies is told in `fallback`. */
const openReal = (
  names: readonly BackendName[],
  only: OpenOptions['only'],
  surroundings: Surroundings,
): Vsm<undefined> => {
  requireWindows(names, only, surroundings.platform);
  if (!names.includes('driver')) return new Vsm(openNtdll(surroundings), undefined);
  try {
    return new Vsm(openDriver(surroundings), undefined);
  } catch (error) {
    if (!names.includes('ntdll') || !(error instanceof TrustletError)) throw error;
    return openNtdllInstead(surroundings, error);
  }
};

const attach = (machine: Machine): Vsm<Machine> => {
  const { EmulatedBackend } = requireModule<EmulatedBackendModule>('./backends/emulated.js', import.meta.url);
  return new Vsm(new EmulatedBackend(machine), machine);
};

/** `open`, with what it reads from its surroundings as a parameter. */
export const openIn = (surroundings: Surroundings, options: unknown): Vsm<Machine | undefined> => {
  const checked = readOptions(options);
  const { platform } = surroundings;
  if (isMachine(checked.backend)) {
    requireAllowed(['emulated'], 'code', checked, platform);
    return attach(checked.backend);
  }
  const choice = choose(checked, surroundings);
  const { backend: name, by } = choice;
  if (name === 'auto') return openReal(requireAllowed(AUTOMATIC, by, checked, platform), checked.only, surroundings);
  if (!isKnown(name)) throw argument(`There is no backend ${show(name)} (${chosenBy(by)}); there are ${AVAILABLE}.`);
  requireAllowed([name], by, checked, platform);
  switch (name) {
    case 'emulated':
      return attach(openMachine(choice));
    case 'replay':
      throw new TrustletError(
        'ERR_TRUSTLET_UNSUPPORTED',
        `The replay backend is not part of this version; there are ${AVAILABLE}.`,
      );
    default:
      return openReal([name], checked.only, surroundings);
  }
};

/**
 * Opens a view of the machine.
 *
 * Chooses, in this order: `options.backend` or `options.scenario`; `TRUSTLET_BACKEND` and `TRUSTLET_SCENARIO` (a built-in scenario's name or
 * a JSON file); on Windows the driver, else ntdll, of those that `options.only` accepts. A named backend never falls back to another.
 *
 * @throws TrustletError ERR_TRUSTLET_UNSUPPORTED off Windows when nothing chose the emulated machine; ERR_TRUSTLET_BACKEND when the backend
 * cannot be loaded, or the driver is absent, refuses this user, or is too old or too new; ERR_TRUSTLET_PROTOCOL when the driver lies;
 * ERR_TRUSTLET_BACKEND_REFUSED; ERR_TRUSTLET_FORMAT for a malformed scenario; ERR_TRUSTLET_ARGUMENT
 */
export function open(options: OpenOptions & { readonly backend: 'emulated' | Machine }): Vsm<Machine>;
export function open(options: OpenOptions & { readonly scenario: string | Scenario }): Vsm<Machine>;
export function open(options?: OpenOptions): Vsm<Machine | undefined>;
export function open(options: OpenOptions = {}): Vsm<Machine | undefined> {
  return openIn(here(), options);
}
