/** Arguments of the Win32 surface: the wrong JavaScript type is a mistake of the test, a wrong value is the emulated call's matter. */
import { show } from '../arguments.js';
import { TrustletError } from '../errors.js';

const argumentError = (message: string): TrustletError => new TrustletError('ERR_TRUSTLET_ARGUMENT', message);

const MAX_UINT64 = 0xffff_ffff_ffff_ffffn;
/** Beyond every user address, and still exact as a number. */
const NOT_AN_ADDRESS = 2 ** 52;

/**
 * @param name what to call it in the message
 * @throws TrustletError ERR_TRUSTLET_ARGUMENT for anything but a 64-bit bigint
 */
export const requireHandle = (name: string, value: unknown): bigint => {
  if (typeof value === 'bigint' && value >= -MAX_UINT64 && value <= MAX_UINT64) return value;
  throw argumentError(`${name} must be a handle as a bigint; got ${show(value)}.`);
};

/**
 * @returns the address as a number; one beyond the user range stays beyond it
 * @throws TrustletError ERR_TRUSTLET_ARGUMENT for anything but a bigint from 0 to 2^64-1
 */
export const requireAddress = (name: string, value: unknown): number => {
  if (typeof value !== 'bigint' || value < 0n || value > MAX_UINT64) {
    throw argumentError(`${name} must be an address as a bigint from 0n to 2n**64n-1n; got ${show(value)}.`);
  }
  return value >= BigInt(NOT_AN_ADDRESS) ? NOT_AN_ADDRESS : Number(value);
};

/** @throws TrustletError ERR_TRUSTLET_ARGUMENT for anything but a Uint8Array */
export const requireBuffer = (name: string, value: unknown): Uint8Array => {
  if (value instanceof Uint8Array) return value;
  throw argumentError(`${name} must be a Uint8Array; got ${show(value)}.`);
};

/** @throws TrustletError ERR_TRUSTLET_ARGUMENT for anything but a whole number from 0 to 2^53-1 */
export const requireSize = (name: string, value: unknown): number => {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw argumentError(`${name} must be a number of bytes; got ${show(value)}.`);
};

/** @throws TrustletError ERR_TRUSTLET_ARGUMENT for anything but a string that is not empty */
export const requireText = (name: string, value: unknown): string => {
  if (typeof value === 'string' && value !== '') return value;
  throw argumentError(`${name} must be a string that is not empty; got ${show(value)}.`);
};

/** An out parameter: a one-element array, as native bindings for JavaScript take them. */
export type Out<T> = [T];
