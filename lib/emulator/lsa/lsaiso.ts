/**
 * LsaIso.exe: the trustlet that keeps LSA's secrets (facts/vsm.md 4.1). It runs in VTL1; the boot's key lies in a page of VTL1's, and
 * what it decrypts in its own. A request is taken into its own memory before it is looked at, and every byte of it is checked there.
 */
import { Status } from '../../ntstatus.js';
import { addRegion, PageProtection, regionAt } from '../nt/memory.js';
import type { ProcessObject } from '../nt/objects.js';
import { ensureAddressSpace, ownVtl, plant } from '../nt/process-memory.js';
import type { NtSystem } from '../nt/system.js';
import { statusOutcome } from '../nt/system.js';
import type { TrustletSystemCalls } from '../secure-kernel/trustlet-system-calls.js';
import { type BlobType, KDF_CONTEXT_LENGTH, parseBlob } from './blob.js';
import { wipe } from './bytes.js';
import { protectSecret, revealSecret } from './data-protection.js';
import { MAX_MESSAGE_LENGTH } from './messages.js';
import { answerMessage } from './operations.js';
import { LSA_ISO_ENDPOINT } from './rpc-channel.js';
import type { Held, SecretKeeper } from './secret-keeper.js';
import { bootKey, randomBytes } from './secret-page.js';

export const ALPC_CALL = 'NtAlpcSendWaitReceivePort';
/** Its memory for requests, and for what it decrypts. Both keep what was last in them: an attacker's best case. */
const RECEIVED = 0x1_9000_0000;
const DECRYPTED = RECEIVED + MAX_MESSAGE_LENGTH;
const REGION_SIZE = 2 * MAX_MESSAGE_LENGTH;
const NO_BYTES: Uint8Array = new Uint8Array(0);

/** The process that is LsaIso: the running trustlet with its id (B23). */
export const findLsaIso = (system: NtSystem): ProcessObject | null => {
  const id = system.outcome('B23');
  for (const process of system.state.processes.values()) {
    if (process.trustlet?.id === id && process.life === 'running' && system.platform.hasVtl1) return process;
  }
  return null;
};

/** Whether a LsaIso belongs to this machine, running or not. */
export const hasLsaIso = (system: NtSystem): boolean =>
  [...system.state.labels.values()].some(({ trustlet }) => trustlet?.id === system.outcome('B23'));

/** Whether the server has opened the port that LSASS connects to (B25). */
export const isListening = (system: NtSystem): boolean => system.outcome('B25') === LSA_ISO_ENDPOINT;

/** Writes into the trustlet's own memory. */
const putInto = (system: NtSystem, process: ProcessObject, address: number, bytes: Uint8Array): void => {
  const { memory } = system;
  const space = ensureAddressSpace(memory, process);
  const owner = ownVtl(process);
  if (regionAt(space, RECEIVED) === undefined) {
    const protection = PageProtection.READWRITE;
    addRegion(space, { base: RECEIVED, size: REGION_SIZE, kind: 'private', owner, protection, committed: true });
  }
  plant(memory, owner, space, address, bytes);
};

const keeperOf = (system: NtSystem, process: ProcessObject): SecretKeeper => {
  const { cryptography } = system;
  return {
    cryptography,
    time: system.state.time,
    ntlmV1Refusal: statusOutcome(String(system.outcome('N13'))) ?? Status.SUCCESS,
    random: (length) => randomBytes(system, 1, length),
    keep: (type: BlobType, secret: Uint8Array): Held => {
      if (system.outcome('B26') !== 'encrypted') return { encrypted: false, bytes: secret.slice() };
      const key = bootKey(system, 1);
      const context = randomBytes(system, 1, KDF_CONTEXT_LENGTH);
      const bytes = protectSecret(cryptography, key, context, type, secret);
      wipe(key);
      return { encrypted: true, bytes };
    },
    reveal: (type: BlobType, { encrypted, bytes }: Held): Uint8Array | null => {
      if (!encrypted) return bytes.slice();
      const blob = parseBlob(bytes);
      if (typeof blob === 'string' || blob.type !== type) return null;
      const key = bootKey(system, 1);
      const secret = revealSecret(cryptography, key, blob);
      wipe(key);
      if (secret !== null) putInto(system, process, DECRYPTED, secret);
      return secret;
    },
  };
};

/** One turn of the server: receives a request, answers it, sends the answer. Never throws over what it receives. */
export const serveOneRequest = (system: NtSystem, process: ProcessObject, calls: TrustletSystemCalls): void => {
  const { status, output: received } = calls.call(ALPC_CALL, NO_BYTES, MAX_MESSAGE_LENGTH);
  if (status !== Status.SUCCESS) return;
  putInto(system, process, RECEIVED, received);
  const answer = answerMessage(keeperOf(system, process), received);
  wipe(received);
  calls.call(ALPC_CALL, answer, 0);
};
