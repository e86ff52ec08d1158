/** The options of `postureAsync`, checked. */
import { readProperties, requireObject, show } from './arguments.js';
import type { ConfigurationLimits } from './backend.js';
import { TrustletError } from './errors.js';

const DEFAULT_TIMEOUT_MS = 10_000;
const LONGEST_TIMEOUT_MS = 600_000;

const isTimeout = (value: unknown): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= LONGEST_TIMEOUT_MS;

/** @throws TrustletError ERR_TRUSTLET_ARGUMENT */
export const readPostureOptions = (options: unknown): ConfigurationLimits => {
  requireObject('options', options);
  const { timeoutMs = DEFAULT_TIMEOUT_MS, signal } = readProperties('options', options, ['timeoutMs', 'signal']);
  if (!isTimeout(timeoutMs)) {
    throw new TrustletError(
      'ERR_TRUSTLET_ARGUMENT',
      `options.timeoutMs must be a whole number of milliseconds from 1 to ${LONGEST_TIMEOUT_MS}; got ${show(timeoutMs)}.`,
    );
  }
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw new TrustletError('ERR_TRUSTLET_ARGUMENT', `options.signal must be an AbortSignal; got ${show(signal)}.`);
  }
  return { timeoutMs, signal };
};
