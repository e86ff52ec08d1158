/** Mailboxes: a trustlet posts, and the kernel in VTL0 that holds the key takes out (facts/vsm.md 3.8). */
import { Status } from '../../ntstatus.js';
import { PAGE_SIZE } from '../memory/page-numbers.js';
import type { NtSystem } from '../nt/system.js';
import { parseStatus } from '../status-names.js';
import { answer, type ServiceAnswer, secureProcessOf } from './creation.js';
import { toHex } from './creation-attributes.js';
import { forget, keep, readKept } from './kept-data.js';
import type { SecureProcess } from './secure-kernel-state.js';
import type { SystemCallResult } from './trustlet-system-calls.js';
import { readVtl0, writeVtl0 } from './vtl0-memory.js';

/** Their number is not verified (facts/vsm.md 3.8). */
const SLOTS = 8;
const SLOT_BYTES = 4;
const KEY_BYTES = 16;
const NOTHING: Uint8Array = new Uint8Array(0);
const failed = (status: number): SystemCallResult => ({ status, output: NOTHING });

/** IumPostMailbox: the slot in 4 bytes, then the data. What lay in the slot is replaced. */
export const postMailbox = (system: NtSystem, process: SecureProcess, input: Uint8Array): SystemCallResult => {
  if (process.mailboxKey === null) return failed(Status.NOT_SUPPORTED);
  if (input.length < SLOT_BYTES || input.length > SLOT_BYTES + PAGE_SIZE) return failed(Status.INVALID_PARAMETER);
  const slot = new DataView(input.buffer, input.byteOffset).getUint32(0, true);
  if (slot >= SLOTS) return failed(Status.INVALID_PARAMETER);
  forget(system, process.mailbox.get(slot));
  const kept = keep(system, input.subarray(SLOT_BYTES));
  if (kept !== null) process.mailbox.set(slot, kept);
  return { status: Status.SUCCESS, output: NOTHING };
};

/** RETRIEVE_MAILBOX: handle, slot, address of the key, and address and length of a buffer. @returns the data's length */
export const retrieveMailbox = (system: NtSystem, args: readonly bigint[]): ServiceAnswer => {
  const [handle = 0n, slot = 0n, keyAddress = 0n, buffer = 0n, length = 0n] = args;
  const process = secureProcessOf(system, handle);
  if (process === undefined) return answer(Status.INVALID_HANDLE);
  const key = readVtl0(system, keyAddress, KEY_BYTES);
  if (key === null) return answer(Status.ACCESS_VIOLATION);
  if (process.mailboxKey !== toHex(key)) return answer(parseStatus(system.outcome('N15')));
  const kept = slot < BigInt(SLOTS) ? process.mailbox.get(Number(slot)) : undefined;
  if (kept === undefined) return answer(Status.NO_MORE_ENTRIES);
  if (BigInt(kept.length) > length) return answer(Status.BUFFER_TOO_SMALL, BigInt(kept.length));
  const data = readKept(system, kept);
  const isWritten = data.length === 0 || writeVtl0(system, buffer, data);
  if (!isWritten) return answer(Status.ACCESS_VIOLATION);
  if (system.outcome('N16') === 'emptied') {
    forget(system, kept);
    process.mailbox.delete(Number(slot));
  }
  return answer(Status.SUCCESS, BigInt(data.length));
};
