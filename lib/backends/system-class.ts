/** NtQuerySystemInformation, asked so that a lie of the moment is not taken for what the system is. */
import type { NtApi, QueryResult } from '../nt-api.js';
import { isSuccess, Status } from '../ntstatus.js';

/**
 * One class, asked twice where it is said not to exist: a system without it says so again.
 *
 * @param least bytes that a success must have written
 * @returns `filled`: whether the buffer holds an answer; a success that wrote less, or is only informational, is none
 */
export const querySystemClass = (
  api: Pick<NtApi, 'querySystemInformation'>,
  infoClass: number,
  buffer: Uint8Array,
  least: number,
): QueryResult & { readonly filled: boolean } => {
  let result = api.querySystemInformation(infoClass, buffer);
  if (result.status >>> 0 === Status.INVALID_INFO_CLASS) result = api.querySystemInformation(infoClass, buffer);
  return { ...result, filled: result.status === Status.SUCCESS && result.returnLength >= least };
};

/** The status of a query as evidence: a success that filled nothing has failed. */
export const failureStatus = (status: number): number => (isSuccess(status) ? Status.UNSUCCESSFUL : status);
