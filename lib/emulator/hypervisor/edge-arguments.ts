/** What the program that drives a hypervisor may get wrong: each is ERR_TRUSTLET_ARGUMENT, and says what was expected. */
import { isObject, readProperties, requireObject, show } from '../../arguments.js';
import { misuse } from '../memory/page-numbers.js';
import { MASK_64, MASK_128 } from './constants.js';
import type { Features, HypervisorOptions, HypervisorState } from './state.js';

/** The longest access: far beyond any instruction, and no mistake's gigabyte. */
const LONGEST = 2 ** 24;

export const requireUnsigned = (name: string, value: bigint, most: bigint = MASK_64): bigint => {
  if (typeof value === 'bigint' && value >= 0n && value <= most) return value;
  throw misuse(`${name} is an unsigned ${most === MASK_64 ? 64 : 128}-bit bigint; got ${show(value)}.`);
};

/** A number of bytes, up to 16 MiB. */
export const requireLength = (name: string, value: number): number => {
  if (Number.isInteger(value) && value >= 0 && value <= LONGEST) return value;
  throw misuse(`${name} is a number of bytes from 0 to ${LONGEST}; got ${show(value)}.`);
};

/** One of a few names or numbers. */
export const requireOneOf = <T>(name: string, value: T, choices: readonly T[]): T => {
  if (choices.includes(value)) return value;
  throw misuse(`${name} is ${choices.map(show).join(' or ')}; got ${show(value)}.`);
};

/** XMM registers, from XMM0 on. */
export const requireXmm = (values: readonly bigint[]): readonly bigint[] => {
  if (!Array.isArray(values) || values.length > 16)
    throw misuse(`xmm is a list of at most 16 values; got ${show(values)}.`);
  return values.map((value, index) => requireUnsigned(`xmm[${index}]`, value, MASK_128));
};

const OPTIONS: readonly (keyof HypervisorOptions)[] = [
  'ram',
  'processors',
  'profile',
  'switches',
  'features',
  'iommu',
  'repBudget',
  'eventCapacity',
];

const FEATURES: readonly (keyof Features)[] = [
  'vsm',
  'mbec',
  'dr6Shared',
  'smep',
  'xmmInput',
  'xmmOutput',
  'accessVsm',
  'accessVpRegisters',
  'startVirtualProcessor',
  'accessSynic',
  'amd',
  'tscFrequency',
];

/** Names only: each value is looked at where it is used. */
export const requireOptions = (options: HypervisorOptions): HypervisorOptions => {
  requireObject('options', options);
  readProperties('options', options, OPTIONS);
  const { features, ram } = options;
  if (features !== undefined) {
    requireObject('options.features', features);
    readProperties('options.features', features, FEATURES);
  }
  if (ram !== undefined && !Array.isArray(ram)) throw misuse(`options.ram is a list of RAM ranges; got ${show(ram)}.`);
  return options;
};

/** A snapshot's state by its looks: a value that was copied or stored meanwhile is as good. */
export const requireState = (snapshot: { readonly state: HypervisorState }): HypervisorState => {
  requireObject('snapshot', snapshot);
  const { state } = snapshot;
  const whole = isObject(state) && isObject(state.slat) && isObject(state.partition) && Array.isArray(state.vps);
  if (whole) return state;
  throw misuse('The snapshot is none of a hypervisor: take one with snapshot().');
};
