/** Calls that are made to fail, by a scenario or by `machine.fail`. */
import { show } from '../arguments.js';
import { TrustletError } from '../errors.js';
import { isSuccess, ntstatusName } from '../ntstatus.js';
import { FAULT_CALLS, type FaultCall, type ScenarioFault } from './scenario.js';
import { parseStatus } from './status-names.js';

/** Which calls a scripted failure or race is for. */
export interface CallFilter {
  /** Only the n-th matching call, from 1. Default: every one. */
  readonly nth?: number | undefined;
  /** Only calls aimed at this process. */
  readonly label?: string | undefined;
}

/** A scripted failure. */
export interface FailOptions extends CallFilter {
  /** `STATUS_…`, `0x…` or a number; a failure, 0x80000000 or above. */
  readonly status: string | number;
  /** Only this information class (the query calls). */
  readonly infoClass?: number | undefined;
}

/** NtQuery… class numbers are words of 16 bits at most, on every Windows so far. */
export const MAX_INFO_CLASS = 0xffff;

/** The calls that have an information class. */
export const hasInfoClass = (call: FaultCall): boolean => call.startsWith('NtQuery');

export interface FaultState {
  readonly call: FaultCall;
  readonly status: number;
  readonly infoClass: number | null;
  readonly nth: number | null;
  /** Only this process as the target. */
  readonly label: string | null;
  /** How many calls have matched so far. */
  seen: number;
}

/** @throws TrustletError ERR_TRUSTLET_ARGUMENT for a name that is no call */
export const requireFaultCall = (call: unknown): FaultCall => {
  const known = FAULT_CALLS.find((candidate) => candidate === call);
  if (known !== undefined) return known;
  throw new TrustletError(
    'ERR_TRUSTLET_ARGUMENT',
    `${show(call)} is no call that can be scripted; there are ${FAULT_CALLS.join(', ')}.`,
  );
};

/** @throws TrustletError ERR_TRUSTLET_ARGUMENT unless `value` is a whole number from 1, or left out */
export const requireNth = (value: unknown): number | null => {
  if (value === undefined) return null;
  if (typeof value === 'number' && Number.isInteger(value) && value >= 1) return value;
  throw new TrustletError('ERR_TRUSTLET_ARGUMENT', `nth must be a whole number from 1; got ${show(value)}.`);
};

/**
 * A fault is a failure: a call that reports success and does nothing would be a lie no kernel tells.
 * @throws TrustletError ERR_TRUSTLET_ARGUMENT for anything but a failure status
 */
export const requireFailure = (given: unknown): number => {
  const status = parseStatus(given);
  if (!isSuccess(status)) return status;
  throw new TrustletError(
    'ERR_TRUSTLET_ARGUMENT',
    `options.status must be a failure, 0x80000000 or above; got ${ntstatusName(status)}.`,
  );
};

/** @throws TrustletError ERR_TRUSTLET_ARGUMENT unless `value` is an information class of this call, or left out */
export const requireInfoClass = (call: FaultCall, value: unknown): number | null => {
  if (value === undefined) return null;
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > MAX_INFO_CLASS) {
    throw new TrustletError(
      'ERR_TRUSTLET_ARGUMENT',
      `options.infoClass must be a whole number from 0 to ${MAX_INFO_CLASS}; got ${show(value)}.`,
    );
  }
  if (hasInfoClass(call)) return value;
  throw new TrustletError('ERR_TRUSTLET_ARGUMENT', `${call} has no information class; leave it out.`);
};

export const faultFrom = (fault: ScenarioFault, label: string | null): FaultState => ({
  call: fault.call,
  status: parseStatus(fault.status),
  infoClass: fault.infoClass ?? null,
  nth: fault.nth ?? null,
  label,
  seen: 0,
});

/**
 * Counts the call and says whether it fails.
 * @returns the NTSTATUS of the first fault that is due, null when the call goes ahead
 */
export const dueFault = (
  faults: readonly FaultState[],
  call: FaultCall,
  label: string | null,
  infoClass: number | null,
): number | null => {
  let status: number | null = null;
  for (const fault of faults) {
    if (fault.call !== call) continue;
    if (fault.label !== null && fault.label !== label) continue;
    if (fault.infoClass !== null && fault.infoClass !== infoClass) continue;
    fault.seen += 1;
    if (status === null && (fault.nth === null || fault.nth === fault.seen)) status = fault.status;
  }
  return status;
};
