/**
 * The driver's service as `sc.exe` and `reg.exe` describe it. Windows translates the words around the numbers, so only numbers, names of
 * registry values and positions are read.
 */

/** The service's name, fixed: nothing that comes from outside ever names a service. */
export const SERVICE = 'trustlet';
export const SERVICE_KEY: string = `HKLM\\SYSTEM\\CurrentControlSet\\Services\\${SERVICE}`;
/** What the driver reads at its start (driver/wdm/security.c). */
export const PARAMETERS_KEY: string = `${SERVICE_KEY}\\Parameters`;
export const CLIENT_SID_VALUE = 'ClientServiceSid';

/** What a program of the system came to. */
export interface Ran {
  /** null when it did not run to its end. */
  readonly exitCode: number | null;
  /** One character a byte: only ASCII in it is read. */
  readonly stdout: string;
  /** Why there is no exit code. */
  readonly problem: string | null;
}

export type ServiceState = 'stopped' | 'start-pending' | 'stop-pending' | 'running' | `unknown(${number})`;

/** SERVICE_STATUS.dwCurrentState; a driver is never paused. */
const STATES: Readonly<Record<number, ServiceState>> = {
  1: 'stopped',
  2: 'start-pending',
  3: 'stop-pending',
  4: 'running',
};

const START_TYPES = ['boot', 'system', 'auto', 'demand', 'disabled'] as const;

/** When Windows starts the driver (facts/nt.md 8.1). */
export type StartType = (typeof START_TYPES)[number] | `unknown(${number})`;

/** SERVICE_KERNEL_DRIVER (facts/nt.md 8.1). */
const KERNEL_DRIVER = 1;

/** Wine's sc.exe ends with 1 for every failure and says nothing (facts/wine.md 7); on Windows the exit code is the Win32 error. */
const NO_REASON = 1;

const FAILURE = /^\[SC\][^\d\r\n]*(\d+)/m;

/**
 * How a run of sc.exe ended.
 * @returns 0, the Win32 error, or null for a failure without a reason
 */
export const scOutcome = ({ exitCode, stdout }: Pick<Ran, 'exitCode' | 'stdout'>): number | null => {
  if (exitCode === 0) return 0;
  if (exitCode !== null && exitCode !== NO_REASON) return exitCode;
  const told = FAILURE.exec(stdout)?.[1];
  return told === undefined ? null : Number(told);
};

/** `label : value`, where the value begins with a number; the label is in the system's language. */
const NUMBERED_LINE = /^[ \t]+[^:\uff1a\r\n]+[:\uff1a][ \t]*(0x[0-9a-f]+|[0-9a-f]+)\b/gim;

/**
 * The state in the answer of `sc query`: the second of the numbered lines (type, state, exit codes, check point, wait hint).
 * @returns null for text that is no such answer
 */
export const readState = (stdout: string): ServiceState | null => {
  const [type, state] = [...stdout.matchAll(NUMBERED_LINE)].map(([, value = '']) => value);
  if (type === undefined || state === undefined || !/^\d+$/.test(state)) return null;
  return STATES[Number(state)] ?? `unknown(${Number(state)})`;
};

/** One value of a registry key. */
export interface RegistryValue {
  readonly type: string;
  readonly data: string;
}

const VALUE_LINE = /^ {4}(\S.*?) {4}(REG_\w+)(?: {4}(.*))?$/;

/** The values `reg query` lists, by their names in lower case; those of keys below are not among them. */
export const readRegistryValues = (stdout: string): ReadonlyMap<string, RegistryValue> => {
  const values = new Map<string, RegistryValue>();
  for (const line of stdout.split(/\r?\n/)) {
    const [, name, type, data = ''] = VALUE_LINE.exec(line) ?? [];
    if (name !== undefined && type !== undefined) values.set(name.toLowerCase(), { type, data });
  }
  return values;
};

/** How the service is set up, by its registry key. */
export interface ServiceConfig {
  readonly start: StartType;
  readonly kernelDriver: boolean;
  /** Full path of the file. */
  readonly path: string;
  /** Deleted, but somebody holds the service open; gone when the last one lets go, or after a restart. */
  readonly markedForDeletion: boolean;
}

const dword = (value: RegistryValue | undefined): number | null =>
  value?.type === 'REG_DWORD' && /^0x[0-9a-f]{1,8}$/i.test(value.data) ? Number(value.data) : null;

/**
 * The full path behind an ImagePath, which the service manager keeps in several forms.
 * @param imagePath undefined where the key has none: then the kernel takes System32\drivers and the service's name
 * @param systemRoot e.g. `C:\Windows`
 */
export const fullImagePath = (imagePath: string | undefined, systemRoot: string): string => {
  const given = (imagePath ?? '').trim().replace(/^"(.*)"$/, '$1');
  if (given === '') return `${systemRoot}\\System32\\drivers\\${SERVICE}.sys`;
  const path = given
    .replace(/^\\\?\?\\/, '')
    .replace(/^(?:\\SystemRoot|%SystemRoot%|%windir%)(?=\\)/i, () => systemRoot);
  return /^(?:[a-z]:)?\\/i.test(path) ? path : `${systemRoot}\\${path}`;
};

/** Windows compares paths without regard to case. */
export const samePath = (one: string, other: string): boolean => one.toLowerCase() === other.toLowerCase();

export const readConfig = (values: ReadonlyMap<string, RegistryValue>, systemRoot: string): ServiceConfig => {
  const start = dword(values.get('start')) ?? -1;
  return {
    start: START_TYPES[start] ?? `unknown(${start})`,
    kernelDriver: dword(values.get('type')) === KERNEL_DRIVER,
    path: fullImagePath(values.get('imagepath')?.data, systemRoot),
    markedForDeletion: dword(values.get('deleteflag')) === 1,
  };
};
