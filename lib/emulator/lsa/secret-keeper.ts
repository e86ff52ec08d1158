/** Who computes with secrets: LsaIso in VTL1 or, where there is none, LSASS itself. */
import type { EmulatorCrypto } from '../cryptography.js';
import type { BlobType } from './blob.js';

/** A secret as the client keeps it: a blob, or the secret itself. */
export interface Held {
  readonly encrypted: boolean;
  readonly bytes: Uint8Array;
}

export interface SecretKeeper {
  readonly cryptography: EmulatorCrypto;
  /** FILETIME. */
  readonly time: bigint;
  /** The NTSTATUS with which NTLMv1 is refused; 0 where it is answered. */
  readonly ntlmV1Refusal: number;
  random(length: number): Uint8Array;
  /** What to hand out for the client to store. */
  keep(type: BlobType, secret: Uint8Array): Held;
  /** @returns the secret for the caller to wipe; null where the blob does not hold */
  reveal(type: BlobType, held: Held): Uint8Array | null;
}

/** The payload of the answer; an NTSTATUS for a refusal; null for a payload that is not the operation’s. Never throws. */
export type Operation = (keeper: SecretKeeper, payload: Uint8Array) => Uint8Array | number | null;
