/**
 * Secure storage: what trustlets with the capability keep in VTL1, by instance, or by collaboration id to share it with another
 * instance of the same trustlet (facts/vsm.md 3.8).
 */
import { Status } from '../../ntstatus.js';
import { PAGE_SIZE } from '../memory/page-numbers.js';
import type { NtSystem } from '../nt/system.js';
import { forget, keep, readKept } from './kept-data.js';
import type { SecureProcess } from './secure-kernel-state.js';
import type { SystemCallResult } from './trustlet-system-calls.js';

/** Whose storage, and which piece of it. */
const HEADER = 8;
const COLLABORATION = 1;
const NOTHING: Uint8Array = new Uint8Array(0);
const failed = (status: number): SystemCallResult => ({ status, output: NOTHING });

/** Another trustlet's is out of reach: the key has the trustlet's own identity. @returns an NTSTATUS where there is no such storage */
const keyOf = ({ identity, image }: SecureProcess, input: Uint8Array): string | number => {
  if (!image.policies.secureStorage) return Status.ACCESS_DENIED;
  if (identity === null || input.length < HEADER) return Status.INVALID_PARAMETER;
  const view = new DataView(input.buffer, input.byteOffset);
  const slot = view.getUint32(4, true);
  if (view.getUint32(0, true) !== COLLABORATION) return `instance ${identity.instance} ${slot}`;
  if (identity.collaborationId === null) return Status.INVALID_PARAMETER;
  return `collaboration ${identity.collaborationId} of ${identity.trustletId} ${slot}`;
};

/** IumSecureStoragePut: 1 for the collaboration's storage else 0, a number, then the data: a page at most. */
export const putSecureStorage = (system: NtSystem, process: SecureProcess, input: Uint8Array): SystemCallResult => {
  const key = keyOf(process, input);
  if (typeof key === 'number') return failed(key);
  if (input.length > HEADER + PAGE_SIZE) return failed(Status.INVALID_PARAMETER);
  const { storage } = system.state.secureKernel;
  forget(system, storage.get(key));
  const kept = keep(system, input.subarray(HEADER));
  if (kept !== null) storage.set(key, kept);
  return { status: Status.SUCCESS, output: NOTHING };
};

/** IumSecureStorageGet: as Put, without data. */
export const getSecureStorage = (system: NtSystem, process: SecureProcess, input: Uint8Array): SystemCallResult => {
  const key = keyOf(process, input);
  if (typeof key === 'number') return failed(key);
  const kept = system.state.secureKernel.storage.get(key);
  return kept === undefined
    ? failed(Status.OBJECT_NAME_NOT_FOUND)
    : { status: Status.SUCCESS, output: readKept(system, kept) };
};
