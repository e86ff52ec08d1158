/** What is known of the driver on this machine: its service, its file, who may open it, who signed it. Changes nothing. */
import { createHash } from 'node:crypto';
import { TrustletError } from '../../errors.js';
import { refusedStep } from './advice.js';
import { type DriverImage, readDriverImage } from './image.js';
import {
  CLIENT_SID_VALUE,
  PARAMETERS_KEY,
  type Ran,
  type RegistryValue,
  readConfig,
  readRegistryValues,
  readState,
  SERVICE,
  SERVICE_KEY,
  type ServiceConfig,
  type ServiceState,
  scOutcome,
} from './service.js';
import { serviceSidText } from './service-sid.js';
import { FILE_VARIABLE, readSignature, SIGNATURE_ARGUMENTS, type Signature } from './signature.js';
import type { SystemProgram, WindowsSystem } from './system.js';

export interface InstalledService extends ServiceConfig {
  readonly state: ServiceState;
  /** The service that may open the device beside administrators; `invalid` for bytes the driver refuses to start with. */
  readonly clientServiceSid: string | 'invalid' | null;
}

export interface DriverFile {
  readonly path: string;
  readonly bytes: Uint8Array;
  /** Lower-case hex. */
  readonly sha256: string;
  /** null for what is no driver. */
  readonly image: DriverImage | null;
}

export interface DriverFacts {
  /** null when it is not installed. */
  readonly service: InstalledService | null;
  /** The service's file, or without a service what lies in its place; null when nothing does. */
  readonly file: DriverFile | null;
}

const NOT_INSTALLED = 1060;

/** Where `install` puts the file. */
export const driverPath = ({ systemRoot }: Pick<WindowsSystem, 'systemRoot'>): string =>
  `${systemRoot}\\System32\\drivers\\${SERVICE}.sys`;

/** @throws TrustletError ERR_TRUSTLET_BACKEND when the program did not come to its end */
export const runToEnd = (system: WindowsSystem, program: SystemProgram, args: readonly string[]): Ran => {
  const ran = system.run(program, args);
  if (ran.exitCode !== null) return ran;
  throw new TrustletError(
    'ERR_TRUSTLET_BACKEND',
    `${program}.exe of Windows could not be used: ${ran.problem ?? 'it did not end'}. What it was to do (${args.slice(0, 2).join(' ')}) may or may not be done: ` +
      '`trustlet driver status` shows what is there.',
  );
};

/** The values of a key; null where there is none. */
const valuesOf = (system: WindowsSystem, key: string): ReadonlyMap<string, RegistryValue> | null => {
  const ran = runToEnd(system, 'reg', ['query', key]);
  return ran.exitCode === 0 ? readRegistryValues(ran.stdout) : null;
};

const clientSidIn = (values: ReadonlyMap<string, RegistryValue> | null): string | null => {
  const value = values?.get(CLIENT_SID_VALUE.toLowerCase());
  if (value === undefined) return null;
  return (value.type === 'REG_BINARY' ? serviceSidText(value.data) : null) ?? 'invalid';
};

/** @returns null when it is not installed */
export const askState = (system: WindowsSystem): ServiceState | null => {
  const ran = runToEnd(system, 'sc', ['query', SERVICE]);
  const outcome = scOutcome(ran);
  if (outcome === NOT_INSTALLED) return null;
  // A failure without a reason (Wine) is what a service that does not exist looks like, if it has no key either.
  if (outcome === null && valuesOf(system, SERVICE_KEY) === null) return null;
  if (outcome !== 0) throw refusedStep('queried', outcome);
  const state = readState(ran.stdout);
  if (state !== null) return state;
  throw new TrustletError(
    'ERR_TRUSTLET_BACKEND',
    'sc.exe answered, and no state of the service can be read from its answer.',
  );
};

const askService = (system: WindowsSystem): InstalledService | null => {
  const state = askState(system);
  if (state === null) return null;
  const config = readConfig(valuesOf(system, SERVICE_KEY) ?? new Map(), system.systemRoot);
  return { ...config, state, clientServiceSid: clientSidIn(valuesOf(system, PARAMETERS_KEY)) };
};

/** @throws TrustletError ERR_TRUSTLET_BACKEND when it is there and cannot be read */
export const readDriverFile = (system: WindowsSystem, path: string): DriverFile | null => {
  let bytes: Uint8Array | null;
  try {
    bytes = system.readFile(path);
  } catch (cause) {
    throw new TrustletError('ERR_TRUSTLET_BACKEND', `${path} cannot be read: ${(cause as Error).message}.`, { cause });
  }
  if (bytes === null) return null;
  return { path, bytes, sha256: createHash('sha256').update(bytes).digest('hex'), image: readDriverImage(bytes) };
};

/** @throws TrustletError ERR_TRUSTLET_BACKEND when the system does not answer */
export const askDriver = (system: WindowsSystem): DriverFacts => {
  const service = askService(system);
  return { service, file: readDriverFile(system, service?.path ?? driverPath(system)) };
};

/** Takes PowerShell a second or two. */
export const askSignature = (system: WindowsSystem, file: DriverFile): Signature => {
  const ran = system.run('powershell', SIGNATURE_ARGUMENTS, { [FILE_VARIABLE]: file.path });
  return readSignature(ran, file.image ?? { signed: false });
};
