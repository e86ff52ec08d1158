/** Checks of arguments at the public edge. Each failure is ERR_TRUSTLET_ARGUMENT with what was given and what was expected. */
import { TrustletError } from './errors.js';

const MAX_UINT32 = 0xffff_ffff;

/** A short, safe rendering of any value for a message. Never throws. */
export const show = (value: unknown): string => {
  if (typeof value === 'string') return `'${value.length > 60 ? `${value.slice(0, 60)}…` : value}'`;
  if (typeof value === 'bigint') return `${value}n`;
  if (value === null || typeof value !== 'object') return String(value);
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

/** @throws TrustletError ERR_TRUSTLET_ARGUMENT unless `value` is a non-null object that is no array */
export function requireObject(name: string, value: unknown): asserts value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw argumentError(`${name} must be an object; got ${show(value)}.`);
  }
}

/** The own properties of an argument, each read once, and nothing a polluted prototype adds. */
export const ownProperties = (value: object): Readonly<Record<string, unknown>> =>
  Object.assign(Object.create(null) as Record<string, unknown>, value);

/** @throws TrustletError ERR_TRUSTLET_ARGUMENT for the first own key that is not in `known` */
export const refuseUnknownKeys = (name: string, value: object, known: readonly string[]): void => {
  for (const key of Object.keys(value)) {
    if (!known.includes(key)) {
      throw argumentError(`${name} has no property '${key}'; it takes ${known.join(', ')}.`);
    }
  }
};
