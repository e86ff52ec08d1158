/**
 * The operations of LSA on credentials (facts/vsm.md 4.2, 4.4), by interface and number. LsaIso runs them in VTL1 on blobs; on a
 * machine without it LSASS runs the same on what it holds. A server keeps nothing between calls, so whoever has a blob and
 * reaches it gets responses: the documented weakness, as it is.
 */
import { Status } from '../../ntstatus.js';
import { sameBytes, wipe } from './bytes.js';
import { encodeCredential, ntHashOf, parseCredential } from './credential.js';
import { decodeFields, decodeText, encodeFields, encodeText } from './fields.js';
import { kerberosOperations } from './kerberos-operations.js';
import {
  encodeMessage,
  NtlmOperation,
  parseMessage,
  RpcInterface,
  type RpcMessage,
  StatusOperation,
} from './messages.js';
import { CHALLENGE_LENGTH, ntlmV1Response, ntlmV2Response, ntowfV2, parseAvPairs, serverTime } from './ntlm.js';
import type { Operation, SecretKeeper } from './secret-keeper.js';
import { LsaStatus } from './statuses.js';

const NO_BYTES: Uint8Array = new Uint8Array(0);
const LM_SESSION_KEY_LENGTH = 8;

const protectCredential: Operation = (keeper, payload) => {
  const [wrapper] = decodeFields(payload, 1) ?? [];
  const credential = wrapper === undefined ? null : parseCredential(wrapper);
  if (wrapper === undefined || credential === null) return null;
  if (credential.encrypted) return Status.INVALID_PARAMETER;
  const held = keeper.keep('NtlmHash', credential.bytes);
  wipe(wrapper, credential.bytes);
  return encodeFields(encodeCredential(held));
};

/** The 52 bytes of a wrapper, revealed. @returns null for no wrapper, the status where its blob does not hold */
const secretIn = (keeper: SecretKeeper, wrapper: Uint8Array): Uint8Array | number | null => {
  const credential = parseCredential(wrapper);
  if (credential === null) return null;
  return keeper.reveal('NtlmHash', credential) ?? LsaStatus.DECRYPTION_FAILED;
};

const challengeResponse: Operation = (keeper, payload) => {
  const [wrapper, user, domain, targetInfo, serverChallenge] = decodeFields(payload, 5) ?? [];
  if (wrapper === undefined || user === undefined || domain === undefined || targetInfo === undefined) return null;
  const [userName, domainName, pairs] = [decodeText(user), decodeText(domain), parseAvPairs(targetInfo)];
  if (userName === null || domainName === null || pairs === null) return null;
  if (serverChallenge?.length !== CHALLENGE_LENGTH) return null;
  const secret = secretIn(keeper, wrapper);
  if (secret === null || typeof secret === 'number') return secret;
  const key = ntowfV2(keeper.cryptography, ntHashOf(secret), userName, domainName);
  const { response, lmResponse, sessionKey } = ntlmV2Response(keeper.cryptography, {
    key,
    serverChallenge,
    clientChallenge: keeper.random(CHALLENGE_LENGTH),
    time: serverTime(pairs) ?? keeper.time,
    targetInfo,
  });
  wipe(secret, key);
  return encodeFields(response, lmResponse, sessionKey, sessionKey.subarray(0, LM_SESSION_KEY_LENGTH));
};

const calculateNtResponse: Operation = (keeper, payload) => {
  const [serverChallenge, wrapper] = decodeFields(payload, 2) ?? [];
  if (wrapper === undefined || serverChallenge?.length !== CHALLENGE_LENGTH) return null;
  if (keeper.ntlmV1Refusal !== Status.SUCCESS) return keeper.ntlmV1Refusal;
  const secret = secretIn(keeper, wrapper);
  if (secret === null || typeof secret === 'number') return secret;
  const response = ntlmV1Response(keeper.cryptography, ntHashOf(secret), serverChallenge);
  wipe(secret);
  return encodeFields(response);
};

const compareCredentials: Operation = (keeper, payload) => {
  const [first, second] = decodeFields(payload, 2) ?? [];
  if (first === undefined || second === undefined) return null;
  const a = secretIn(keeper, first);
  if (a === null || typeof a === 'number') return a;
  const b = secretIn(keeper, second);
  if (b === null || typeof b === 'number') {
    wipe(a);
    return b;
  }
  const match = sameBytes(ntHashOf(a), ntHashOf(b));
  wipe(a, b);
  return encodeFields(Uint8Array.of(match ? 1 : 0));
};

const getRunningServices: Operation = (_, payload) =>
  payload.length === 0 ? encodeFields(encodeText('ntlm kerberos')) : null;

const ntlmOperations: ReadonlyMap<number, Operation> = new Map([
  [NtlmOperation.PROTECT_CREDENTIAL, protectCredential],
  [NtlmOperation.CHALLENGE_RESPONSE, challengeResponse],
  [NtlmOperation.CALCULATE_NT_RESPONSE, calculateNtResponse],
  [NtlmOperation.COMPARE_CREDENTIALS, compareCredentials],
]);

const interfaces: ReadonlyMap<number, ReadonlyMap<number, Operation>> = new Map([
  [RpcInterface.NTLM, ntlmOperations],
  [RpcInterface.KERBEROS, kerberosOperations],
  [RpcInterface.STATUS, new Map([[StatusOperation.GET_RUNNING_SERVICES, getRunningServices]])],
]);

const NO_REQUEST: RpcMessage = {
  kind: 'request',
  callId: 0,
  interfaceId: 0,
  operation: 0,
  status: Status.SUCCESS,
  payload: NO_BYTES,
};

/**
 * Answers a message, whatever it is: what is no request, names no operation or carries another payload gets a fault. Never throws.
 * @returns the bytes of a response or a fault
 */
export const answerMessage = (keeper: SecretKeeper, message: Uint8Array): Uint8Array => {
  const request = parseMessage(message);
  const fault = (status: number): Uint8Array =>
    encodeMessage({ ...(request ?? NO_REQUEST), kind: 'fault', status, payload: NO_BYTES });
  if (request === null || request.kind !== 'request') return fault(LsaStatus.RPC_PROTOCOL_ERROR);
  const operations = interfaces.get(request.interfaceId);
  if (operations === undefined) return fault(LsaStatus.RPC_UNKNOWN_INTERFACE);
  const operation = operations.get(request.operation);
  if (operation === undefined) return fault(LsaStatus.RPC_OPERATION_OUT_OF_RANGE);
  const result = operation(keeper, request.payload);
  wipe(request.payload);
  if (result === null) return fault(LsaStatus.RPC_BAD_STUB_DATA);
  const [status, payload] = typeof result === 'number' ? [result, NO_BYTES] : [Status.SUCCESS, result];
  return encodeMessage({ ...request, kind: 'response', status, payload });
};
