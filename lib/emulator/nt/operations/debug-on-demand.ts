/** ProcessIumChallengeResponse: NT passes a trustlet's debug challenge out, and the response in (facts/vsm.md 3.10). */
import { ProcessAccess } from '../../../guard/operations.js';
import { isSuccess, Status } from '../../../ntstatus.js';
import { NT_SECURE_CALL_BUFFER } from '../../boot/physical-layout.js';
import { CHALLENGE_BYTES } from '../../secure-kernel/trustlet-debugging.js';
import { PAGE_SIZE } from '../memory.js';
import type { ProcessObject } from '../objects.js';
import { type Acted, effect, type OperationCall, operateOnHandle, refuse } from '../operate.js';
import type { Caller, NtSystem } from '../system.js';

/** The information class, of a query and of a setting. */
export const CHALLENGE_RESPONSE_CLASS = 72;

const RESPOND: OperationCall = {
  operation: 'debug',
  api: 'SetProcessInformation',
  call: 'NtSetInformationProcess',
};

const BUFFER = BigInt(NT_SECURE_CALL_BUFFER * PAGE_SIZE);

/** GET_ON_DEMAND_DEBUG_CHALLENGE. @returns NTSTATUS; with a success the challenge is in `into` */
export const requestChallenge = (system: NtSystem, process: ProcessObject, into: Uint8Array): number => {
  const { secureKernel, memory } = system;
  const secure = secureKernel.secureProcess(process);
  if (secure === undefined) return Status.INVALID_PARAMETER;
  if (into.byteLength !== CHALLENGE_BYTES) return Status.INFO_LENGTH_MISMATCH;
  const { status } = secureKernel.ask('GET_ON_DEMAND_DEBUG_CHALLENGE', [secure.handle, BUFFER], process.label);
  if (isSuccess(status)) memory.copy(0, NT_SECURE_CALL_BUFFER, 0, into, 'read');
  return status;
};

/** ENABLE_ON_DEMAND_DEBUG_WITH_RESPONSE. @returns NTSTATUS */
export const passResponse = (system: NtSystem, process: ProcessObject, response: Uint8Array): number => {
  const { secureKernel, memory } = system;
  const secure = secureKernel.secureProcess(process);
  if (secure === undefined) return Status.INVALID_PARAMETER;
  if (response.byteLength !== CHALLENGE_BYTES) return Status.INFO_LENGTH_MISMATCH;
  memory.copy(0, NT_SECURE_CALL_BUFFER, 0, response.slice(), 'write');
  return secureKernel.ask('ENABLE_ON_DEMAND_DEBUG_WITH_RESPONSE', [secure.handle, BUFFER], process.label).status;
};

/** NtSetInformationProcess with the response. Which right it needs is not verified; here it is SET_INFORMATION. */
export const ntSetChallengeResponse = (
  system: NtSystem,
  caller: Caller,
  handle: bigint,
  response: Uint8Array,
): number =>
  operateOnHandle(system, caller, RESPOND, handle, 'process', ProcessAccess.SET_INFORMATION, (target): Acted => {
    const status = passResponse(system, target, response);
    return isSuccess(status) ? effect() : refuse(status);
  });
