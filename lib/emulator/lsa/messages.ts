/**
 * The messages between LSASS and LsaIso. The codec is the emulator's own: which operations there are is known (facts/vsm.md 4.2), how
 * they are marshalled is not, and nothing here is compatible with Windows' wire.
 */
import { joined } from './bytes.js';

export const MAX_MESSAGE_LENGTH = 4096;
const HEADER = 20;
const VERSION = 1;
const KINDS = ['request', 'response', 'fault'] as const;

export interface RpcMessage {
  readonly kind: (typeof KINDS)[number];
  readonly callId: number;
  readonly interfaceId: number;
  readonly operation: number;
  /** NTSTATUS of a response or fault. */
  readonly status: number;
  readonly payload: Uint8Array;
}

/** Interfaces of the server. NTLM's operation numbers are known (facts/vsm.md 4.2), the others' are assumed. */
export const RpcInterface = { NTLM: 1, KERBEROS: 2, STATUS: 3 } as const;

export const NtlmOperation = {
  PROTECT_CREDENTIAL: 1,
  CHALLENGE_RESPONSE: 2,
  CALCULATE_NT_RESPONSE: 3,
  COMPARE_CREDENTIALS: 9,
} as const;

export const KerberosOperation = {
  PROTECT_KEY: 1,
  BUILD_AS_REQUEST: 2,
  UNPACK_AS_REPLY: 3,
  BUILD_TGS_REQUEST: 4,
  UNPACK_TGS_REPLY: 5,
} as const;

export const StatusOperation = { GET_RUNNING_SERVICES: 0 } as const;

const operationNames: ReadonlyMap<string, string> = new Map([
  ['1.1', 'ProtectCredential'],
  ['1.2', 'Lm20GetNtlm3ChallengeResponse'],
  ['1.3', 'CalculateNtResponse'],
  ['1.9', 'CompareCredentials'],
  ['2.1', 'KerbProtectKey'],
  ['2.2', 'KerbBuildAsRequest'],
  ['2.3', 'KerbUnpackAsReply'],
  ['2.4', 'KerbBuildTgsRequest'],
  ['2.5', 'KerbUnpackTgsReply'],
  ['3.0', 'GetRunningServices'],
]);

/** For people: an operation there is not is called by its numbers. */
export const operationName = ({ interfaceId, operation }: Pick<RpcMessage, 'interfaceId' | 'operation'>): string => {
  const numbers = `${interfaceId}.${operation}`;
  return operationNames.get(numbers) ?? `operation ${numbers}`;
};

export const encodeMessage = ({ kind, callId, interfaceId, operation, status, payload }: RpcMessage): Uint8Array => {
  const header = new DataView(new ArrayBuffer(HEADER));
  header.setUint32(0, HEADER + payload.length, true);
  header.setUint16(4, VERSION, true);
  header.setUint16(6, KINDS.indexOf(kind), true);
  header.setUint32(8, callId, true);
  header.setUint16(12, interfaceId, true);
  header.setUint16(14, operation, true);
  header.setUint32(16, status, true);
  return joined(new Uint8Array(header.buffer), payload);
};

/** @returns the message, its payload a copy; null for bytes that are none. Never throws */
export const parseMessage = (bytes: Uint8Array): RpcMessage | null => {
  if (bytes.length < HEADER || bytes.length > MAX_MESSAGE_LENGTH) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const kind = KINDS[view.getUint16(6, true)];
  if (view.getUint32(0, true) !== bytes.length || view.getUint16(4, true) !== VERSION || kind === undefined)
    return null;
  return {
    kind,
    callId: view.getUint32(8, true),
    interfaceId: view.getUint16(12, true),
    operation: view.getUint16(14, true),
    status: view.getUint32(16, true),
    payload: bytes.slice(HEADER),
  };
};
