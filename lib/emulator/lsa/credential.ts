/**
 * The wrapper in which NTLM credentials travel and are kept, plain or as a blob (facts/vsm.md 4.2). Its fields are known, their
 * offsets are not the same in every build: these are natural alignment without the padding at the end.
 */
import { MAX_BLOB_LENGTH } from './blob.js';
import { joined } from './bytes.js';
import { HASH_LENGTH } from './ntlm.js';

const SHA1_LENGTH = 20;
/** NT, LM and SHA1 one-way functions of a password. */
const CREDENTIAL_SECRET_LENGTH: number = HASH_LENGTH + HASH_LENGTH + SHA1_LENGTH;

const IS_ENCRYPTED = 8;
const NT_PRESENT = 9;
const LM_PRESENT = 10;
const SHA_PRESENT = 11;
const ENCRYPTED_SIZE = 20;
const HEADER = 42;

/** What the wrapper carries: 52 plain bytes, or a blob. */
export interface Credential {
  readonly encrypted: boolean;
  readonly bytes: Uint8Array;
}

/** The plain form. LM hashes have not been kept since Windows Vista, so theirs is zero and absent. */
export const plainSecret = (nt: Uint8Array, sha1: Uint8Array): Uint8Array =>
  joined(nt, new Uint8Array(HASH_LENGTH), sha1);

export const ntHashOf = (secret: Uint8Array): Uint8Array => secret.subarray(0, HASH_LENGTH);

export const encodeCredential = ({ encrypted, bytes }: Credential): Uint8Array => {
  const header = new Uint8Array(HEADER);
  header[IS_ENCRYPTED] = encrypted ? 1 : 0;
  header[NT_PRESENT] = 1;
  header[SHA_PRESENT] = 1;
  if (encrypted) new DataView(header.buffer).setUint16(ENCRYPTED_SIZE, bytes.length, true);
  return joined(header, bytes);
};

/** @returns null for anything that `encodeCredential` does not make. Never throws */
export const parseCredential = (wrapper: Uint8Array): Credential | null => {
  if (wrapper.length < HEADER) return null;
  const header = wrapper.slice(0, HEADER);
  const bytes = wrapper.slice(HEADER);
  const encrypted = header[IS_ENCRYPTED] === 1;
  const size = new DataView(header.buffer).getUint16(ENCRYPTED_SIZE, true);
  if (encrypted ? size !== bytes.length || size > MAX_BLOB_LENGTH : bytes.length !== CREDENTIAL_SECRET_LENGTH)
    return null;
  const expected = encodeCredential({ encrypted, bytes }).subarray(0, HEADER);
  return header[LM_PRESENT] === 0 && header.every((byte, index) => byte === expected[index])
    ? { encrypted, bytes }
    : null;
};
