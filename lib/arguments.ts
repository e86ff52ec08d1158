/** Checks of arguments at the public edge. Each failure is ERR_TRUSTLET_ARGUMENT with what was given and what was expected. */
import { TrustletError } from './errors.js';

/** The largest unsigned 32-bit number. */
export const MAX_UINT32 = 0xffff_ffff;

const isRevoked = (value: object): boolean => {
  try {
    Array.isArray(value);
    return false;
  } catch {
    return true;
  }
};

/** True for a list that can be read: `Array.isArray` throws for a revoked proxy. */
export const isList = (value: unknown): value is readonly unknown[] =>
  typeof value === 'object' && value !== null && !isRevoked(value) && Array.isArray(value);

/** True for an object whose properties can be read: no list, no revoked proxy. */
export const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !isRevoked(value) && !Array.isArray(value);

/** A short, safe rendering of any value for a message. Never throws. */
export const show = (value: unknown): string => {
  if (typeof value === 'string') return `'${value.length > 60 ? `${value.slice(0, 60)}…` : value}'`;
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'function') return 'a function';
  if (value === null || typeof value !== 'object') return String(value);
  if (isRevoked(value)) return 'a revoked proxy';
  return Array.isArray(value) ? 'an array' : 'an object';
};

const argumentError = (message: string): TrustletError => new TrustletError('ERR_TRUSTLET_ARGUMENT', message);

const isUint32 = (value: unknown): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= MAX_UINT32;

/**
 * @param name what to call it in the message: `pid`, `tid`
 * @returns the value, a whole number from 0 to 4294967295
 * @throws TrustletError ERR_TRUSTLET_ARGUMENT
 */
export const requireId = (name: string, value: unknown): number => {
  if (isUint32(value)) return value;
  throw argumentError(`${name} must be a whole number from 0 to ${MAX_UINT32}; got ${show(value)}.`);
};

/**
 * A 64-bit identity field of a target: bigint, not negative. 0 counts as absent (DESIGN.md rule 2).
 * @returns null when absent
 * @throws TrustletError ERR_TRUSTLET_ARGUMENT
 */
export const optionalIdentityField = (name: string, value: unknown): bigint | null => {
  if (value === undefined || value === null) return null;
  if (typeof value !== 'bigint' || value < 0n || value > 0xffff_ffff_ffff_ffffn) {
    throw argumentError(`${name} must be a bigint from 0n to 2n**64n-1n; got ${show(value)}.`);
  }
  return value === 0n ? null : value;
};

/** @throws TrustletError ERR_TRUSTLET_ARGUMENT unless `value` is a function */
export function requireFunction(name: string, value: unknown): asserts value is (...parameters: never[]) => unknown {
  if (typeof value !== 'function') throw argumentError(`${name} must be a function; got ${show(value)}.`);
}

/** @throws TrustletError ERR_TRUSTLET_ARGUMENT unless `value` is an object that can be read and is no array */
export function requireObject(name: string, value: unknown): asserts value is Readonly<Record<string, unknown>> {
  if (!isObject(value)) throw argumentError(`${name} must be an object; got ${show(value)}.`);
}

/** An Object.prototype, of whichever realm: what stands on it belongs to every object, so it says nothing about this one. */
const isObjectPrototype = (value: object): boolean =>
  Object.getPrototypeOf(value) === null && Object.hasOwn(value, 'isPrototypeOf');

const comesFromObjectPrototype = (value: object, key: string): boolean => {
  let holder: object | null = value;
  while (holder !== null && !Object.hasOwn(holder, key)) holder = Object.getPrototypeOf(holder);
  return holder !== null && holder !== value && isObjectPrototype(holder);
};

/**
 * One property of an argument, read once and wherever the object has it (a getter of its class, its prototype, behind a proxy):
 * one that was overlooked would be a limit the caller believes in and nobody keeps. What a polluted Object.prototype adds is not there.
 */
export const readMember = (value: object, key: string): unknown => {
  const member: unknown = Reflect.get(value, key);
  return member === undefined || comesFromObjectPrototype(value, key) ? undefined : member;
};

/** @throws TrustletError ERR_TRUSTLET_ARGUMENT for the first enumerable key, own or inherited, that is not in `known` */
export const refuseUnknownKeys = (name: string, value: object, known: readonly string[]): void => {
  for (const key in value) {
    if (!known.includes(key) && !comesFromObjectPrototype(value, key)) {
      throw argumentError(`${name} has no property '${key}'; it takes ${known.join(', ')}.`);
    }
  }
};

/**
 * The known properties of an argument, each as `readMember` reads it; one that is there and undefined stays so.
 * @throws TrustletError ERR_TRUSTLET_ARGUMENT for an enumerable key that is not in `known`
 */
export const readProperties = <K extends string>(
  name: string,
  value: object,
  known: readonly K[],
): Readonly<Partial<Record<K, unknown>>> => {
  refuseUnknownKeys(name, value, known);
  const read = Object.create(null) as Partial<Record<K, unknown>>;
  for (const key of known) {
    const member = readMember(value, key);
    if (member !== undefined || Object.hasOwn(value, key)) read[key] = member;
  }
  return read;
};
