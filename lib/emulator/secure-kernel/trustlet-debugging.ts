/** Whether VTL1 lets VTL0 debug a trustlet: the image's Debug policy, and the services that go by it (facts/vsm.md 3.10). */
import { Status } from '../../ntstatus.js';
import { randomBytes } from '../lsa/secret-page.js';
import { PAGE_SIZE } from '../memory/page-numbers.js';
import { copyMemory, USER_ADDRESS_END } from '../nt/memory.js';
import { ensureAddressSpace } from '../nt/process-memory.js';
import type { NtSystem } from '../nt/system.js';
import { parseStatus } from '../status-names.js';
import { answer, type ServiceAnswer, secureProcessOf } from './creation.js';
import { deriveKey } from './derived-keys.js';
import type { SecureProcess } from './secure-kernel-state.js';
import { readVtl0, writeVtl0 } from './vtl0-memory.js';

export const CHALLENGE_BYTES = 32;

const imageAllows = (system: NtSystem, { image, isDebugEnabled }: SecureProcess): boolean => {
  switch (image.policies.debug) {
    case 'always':
      return true;
    case 'secure-boot-off':
      return !system.parameters.secureBoot;
    case 'challenge-response':
      return isDebugEnabled;
    case 'never':
      return false;
  }
};

/** DEBUG_PROCESS: handle. */
export const debugProcess = (system: NtSystem, [handle = 0n]: readonly bigint[]): ServiceAnswer => {
  const process = secureProcessOf(system, handle);
  if (process === undefined) return answer(Status.INVALID_HANDLE);
  const rule = system.outcome('B31');
  const isAllowed = rule === 'always' || (rule === 'image-policy' && imageAllows(system, process));
  const status = isAllowed ? Status.SUCCESS : parseStatus(system.outcome('B28'));
  system.secureKernel.log({
    kind: 'trustlet',
    pid: process.pid,
    step: isAllowed ? 'debug-allowed' : 'debug-refused',
    status,
  });
  if (isAllowed) {
    process.isDebugged = true;
    process.everDebugged = true;
  }
  return answer(status);
};

/** GET_ON_DEMAND_DEBUG_CHALLENGE: handle, and the address of 32 bytes for the challenge. */
export const debugChallenge = (system: NtSystem, [handle = 0n, address = 0n]: readonly bigint[]): ServiceAnswer => {
  const process = secureProcessOf(system, handle);
  if (process === undefined) return answer(Status.INVALID_HANDLE);
  if (process.image.policies.debug !== 'challenge-response') return answer(Status.NOT_SUPPORTED);
  const challenge = randomBytes(system, 1, CHALLENGE_BYTES);
  if (!writeVtl0(system, address, challenge)) return answer(Status.ACCESS_VIOLATION);
  process.challenge = challenge;
  return answer(Status.SUCCESS);
};

/** What whoever may allow debugging answers a challenge with. Emulated: Windows verifies a signature, here a key is shared. */
export const responseTo = (system: NtSystem, challenge: Uint8Array): Uint8Array => {
  const key = deriveKey(system, 'on-demand debugging');
  const response = system.cryptography.hmacSha256(key, challenge);
  key.fill(0);
  return response;
};

/** ENABLE_ON_DEMAND_DEBUG_WITH_RESPONSE: handle, and the address of the response. A challenge is good for one attempt. */
export const enableDebugging = (system: NtSystem, [handle = 0n, address = 0n]: readonly bigint[]): ServiceAnswer => {
  const process = secureProcessOf(system, handle);
  if (process === undefined) return answer(Status.INVALID_HANDLE);
  const response = readVtl0(system, address, CHALLENGE_BYTES);
  if (response === null) return answer(Status.ACCESS_VIOLATION);
  const { challenge } = process;
  if (challenge === null) return answer(Status.INVALID_PARAMETER);
  process.challenge = null;
  const expected = responseTo(system, challenge);
  if (!response.every((byte, index) => byte === expected[index])) return answer(parseStatus(system.outcome('B28')));
  process.isDebugEnabled = true;
  return answer(Status.SUCCESS);
};

/** B29: without a debugger that was let in, VTL0 touches neither a trustlet's registers nor its memory. */
const refusalToDebugger = (system: NtSystem, process: SecureProcess): number | null =>
  process.isDebugged || system.outcome('B29') === 'always' ? null : parseStatus(system.outcome('B28'));

/** SET_CONTEXT: handle, cookie, and the instruction pointer to go on at. */
export const setSecureContext = (system: NtSystem, args: readonly bigint[]): ServiceAnswer => {
  const [handle = 0n, cookie = 0n, rip = 0n] = args;
  const process = secureProcessOf(system, handle);
  const secureThread = process?.threads.find((each) => BigInt(each.cookie) === cookie);
  const thread = secureThread === undefined ? undefined : system.thread(secureThread.tid);
  if (process === undefined || thread === undefined) return answer(Status.INVALID_HANDLE);
  const refusal = refusalToDebugger(system, process);
  if (refusal !== null) return answer(refusal);
  thread.context.rip = rip;
  return answer(Status.SUCCESS);
};

/** DEBUG_READ_WRITE_MEMORY: handle, address in the trustlet, address in VTL0, length of at most a page, and 1 to write. */
export const debugMemory = (system: NtSystem, args: readonly bigint[]): ServiceAnswer => {
  const [handle = 0n, address = 0n, buffer = 0n, length = 0n, write = 0n] = args;
  const secure = secureProcessOf(system, handle);
  const process = secure === undefined ? undefined : system.process(secure.pid);
  if (secure === undefined || process === undefined) return answer(Status.INVALID_HANDLE);
  const refusal = refusalToDebugger(system, secure);
  if (refusal !== null) return answer(refusal);
  if (length > BigInt(PAGE_SIZE) || address + length > BigInt(USER_ADDRESS_END))
    return answer(Status.INVALID_PARAMETER);
  const given = readVtl0(system, buffer, Number(length));
  if (given === null) return answer(Status.ACCESS_VIOLATION);
  const direction = write === 1n ? 'write' : 'read';
  const { memory } = system;
  const copied = copyMemory(memory, 1, ensureAddressSpace(memory, process), Number(address), given, direction);
  if (copied < given.length) return answer(Status.PARTIAL_COPY);
  return answer(direction === 'write' || writeVtl0(system, buffer, given) ? Status.SUCCESS : Status.ACCESS_VIOLATION);
};
