/** Reads what the helper script printed. Strictly: what is not of the known shapes is a diagnosis, and never half an answer. */
import type { ConfigurationSource, DeviceGuardValues, PostureConfiguration, RegistryValues } from '../types.js';
import { answeredSource, deviceGuardOf, silentConfiguration, silentSource } from './configuration.js';
import { DEVICE_GUARD_PROPERTIES, type DeviceGuardProperty } from './device-guard.js';
import { HELPER_OUTPUT_VERSION } from './helper-script.js';
import { REGISTRY_KEYS, REGISTRY_VALUES, registryKeys, registryName } from './registry.js';

type Json = Readonly<Record<string, unknown>>;

/** Texts of Windows are shown to people: nothing longer, nothing that moves a cursor. */
const LONGEST_TEXT = 200;
const MOST_NUMBERS = 64;
const LEAST_INT32 = -0x8000_0000;
const MAX_UINT32 = 0xffff_ffff;

/** WBEM_E_ACCESS_DENIED, E_ACCESSDENIED, and what the registry provider calls it. */
const REFUSED = /0x80041003|0x80070005|SecurityException|UnauthorizedAccess|PermissionDenied/i;
/** WBEM_E_INVALID_NAMESPACE, WBEM_E_INVALID_CLASS, WBEM_E_NOT_FOUND. */
const NO_CLASS = /0x8004100e|0x80041010|0x80041002/i;
const NO_KEY = /^PathNotFound/;

const isRecord = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isNumber = (value: unknown): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value >= LEAST_INT32 && value <= MAX_UINT32;

/** @returns undefined for what is no number of 32 bits; a DWORD above 2^31 comes as a negative one */
const readNumber = (value: unknown): number | undefined => {
  const single = Array.isArray(value) && value.length === 1 ? (value[0] as unknown) : value;
  return isNumber(single) ? single >>> 0 : undefined;
};

/** ConvertTo-Json of PowerShell 5.1 writes a list as itself, as its only member, or wrapped: `{"value":[…],"Count":n}`. */
const readNumbers = (value: unknown): readonly number[] | undefined => {
  const list: unknown = isRecord(value) && 'Count' in value ? value['value'] : value;
  const members: readonly unknown[] = Array.isArray(list) ? list : [list];
  if (members.length > MOST_NUMBERS || !members.every(isNumber)) return undefined;
  return members.map((member) => member >>> 0);
};

const readText = (value: unknown): string | undefined =>
  typeof value === 'string' && value.length <= LONGEST_TEXT && /^[\x20-\x7e]*$/.test(value) ? value : undefined;

const readers = { number: readNumber, numbers: readNumbers, text: readText } as const;

/** A source's own member of the output: its values and the identifier of its error. */
interface Part {
  readonly values: Json;
  readonly error: string | null;
}

const readPart = (value: unknown): Part | null => {
  if (!isRecord(value) || !isRecord(value['values'])) return null;
  const { error } = value;
  if (error !== null && typeof error !== 'string') return null;
  return {
    values: value['values'],
    error: error === null ? null : error.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, LONGEST_TEXT),
  };
};

const readDeviceGuard = (value: unknown): ConfigurationSource<DeviceGuardValues> => {
  const part = readPart(value);
  if (part === null) return silentSource('malformed', 'the helper’s answer has no Win32_DeviceGuard of a known shape');
  const { values, error } = part;
  if (error !== null && REFUSED.test(error)) {
    return silentSource(
      'refused',
      `WMI refused access to Win32_DeviceGuard (${error}); it is documented for elevated use`,
    );
  }
  if (error !== null && NO_CLASS.test(error)) {
    return silentSource('unavailable', `this Windows has no WMI class Win32_DeviceGuard (${error})`);
  }
  if (error !== null) return silentSource('failed', `WMI failed to answer for Win32_DeviceGuard (${error})`);
  const read: Partial<Record<DeviceGuardProperty['name'], unknown>> = {};
  for (const { name, shape } of DEVICE_GUARD_PROPERTIES) {
    const member = values[name];
    if (member === undefined || member === null) continue;
    const known = readers[shape](member);
    if (known === undefined) return silentSource('malformed', `Win32_DeviceGuard.${name} is of an unknown shape`);
    read[name] = known;
  }
  if (Object.keys(read).length === 0) {
    return silentSource('malformed', 'Win32_DeviceGuard has none of the known properties');
  }
  return answeredSource(deviceGuardOf(read as Partial<DeviceGuardValues>));
};

const readRegistry = (value: unknown): ConfigurationSource<RegistryValues> => {
  if (!isRecord(value)) return silentSource('malformed', 'the helper’s answer has no registry of a known shape');
  const read: Record<string, number | string> = {};
  const problems: { readonly state: 'refused' | 'failed'; readonly text: string }[] = [];
  for (const key of registryKeys) {
    const part = readPart(value[key]);
    if (part === null) return silentSource('malformed', `the registry key ${key} is of an unknown shape`);
    const { values, error } = part;
    // A key that is not there sets nothing: that is an answer.
    if (error !== null && !NO_KEY.test(error)) {
      const refused = REFUSED.test(error);
      const text = `HKLM\\${REGISTRY_KEYS[key]} ${refused ? 'refused access' : 'could not be read'} (${error})`;
      problems.push({ state: refused ? 'refused' : 'failed', text });
      continue;
    }
    for (const entry of REGISTRY_VALUES.filter((each) => each.key === key)) {
      const member = values[entry.name];
      if (member === undefined || member === null) continue;
      const known = readers[entry.shape](member);
      if (known === undefined) {
        return silentSource('malformed', `the registry value ${registryName(entry)} is of an unknown type`);
      }
      read[registryName(entry)] = known;
    }
  }
  const problem = problems.length === 0 ? null : problems.map(({ text }) => text).join('; ');
  const [first] = problems;
  if (first !== undefined && problem !== null && problems.length === registryKeys.length) {
    return silentSource(first.state, problem);
  }
  return answeredSource(read, problem);
};

/**
 * @param text what the helper printed, at most as long as its limit
 * @returns both sources, each with its own diagnosis
 */
export const readHelperOutput = (text: string): PostureConfiguration => {
  let document: unknown;
  try {
    // No string of the document has a line break in it: one that is there was put in by the console.
    document = JSON.parse(text.replaceAll(/[\r\n]/g, '').replace(/^\uFEFF/, ''));
  } catch {
    return text.trim() === ''
      ? silentConfiguration('failed', 'PowerShell printed nothing (Wine has a stand-in that never does)')
      : silentConfiguration('malformed', 'PowerShell did not print one JSON document');
  }
  if (!isRecord(document) || document['trustlet'] !== HELPER_OUTPUT_VERSION) {
    return silentConfiguration('malformed', 'PowerShell printed JSON of another shape');
  }
  return { deviceGuard: readDeviceGuard(document['deviceGuard']), registry: readRegistry(document['registry']) };
};
