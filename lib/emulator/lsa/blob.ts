/**
 * LSAISO_DATA_BLOB: a secret of LsaIso's as LSASS keeps it (facts/vsm.md 4.3). Field values are those of public captures; what they
 * mean beyond the names here is not known, so the parser takes no others.
 */

/** What a blob says it holds. */
export type BlobType = 'NtlmHash' | 'KerberosKey';

const blobTypes: readonly BlobType[] = ['NtlmHash', 'KerberosKey'];

export const KDF_CONTEXT_LENGTH = 32;
export const TAG_LENGTH = 16;
/** More than the largest secret here; the wrapper has room for a blob of 308 bytes (facts/vsm.md 4.2). */
export const MAX_BLOB_LENGTH = 308;

const KDF_CONTEXT = 0x1c;
const TAG = 0x3c;
/** From here to the end of the type is additional data of the encryption. */
const AUTHENTICATED = 0x4c;
const ENCRYPTED_SIZE = 0x60;
const TYPE = 0x64;

/** 32-bit fields beside the sizes: offset and value. */
const CONSTANTS: readonly (readonly [offset: number, value: number])[] = [
  [0x04, 0],
  [0x0c, TYPE],
  [0x10, 1],
  [0x14, 0x101],
  [0x18, 1],
  [0x4c, 1],
  [0x50, 0],
  [0x54, 0],
  [0x58, 0],
  [0x5c, 1],
];

export interface Blob {
  readonly type: BlobType;
  /** 32 bytes, new for every blob. */
  readonly kdfContext: Uint8Array;
  readonly tag: Uint8Array;
  readonly ciphertext: Uint8Array;
  /** The part of the blob that the tag covers beside the ciphertext. */
  readonly additionalData: Uint8Array;
}

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** A blob without its tag and ciphertext, which need its additional data first. */
const blankBlob = (type: BlobType, kdfContext: Uint8Array, encryptedSize: number): Uint8Array => {
  const bytes = new Uint8Array(TYPE + type.length + encryptedSize);
  const view = viewOf(bytes);
  view.setUint32(0, bytes.length, true);
  view.setUint32(8, type.length, true);
  for (const [offset, value] of CONSTANTS) view.setUint32(offset, value, true);
  bytes.set(kdfContext, KDF_CONTEXT);
  view.setUint32(ENCRYPTED_SIZE, encryptedSize, true);
  bytes.set(new TextEncoder().encode(type), TYPE);
  return bytes;
};

/** @param encryptedSize bytes of the secret */
export const blobAdditionalData = (type: BlobType, encryptedSize: number): Uint8Array =>
  blankBlob(type, new Uint8Array(KDF_CONTEXT_LENGTH), encryptedSize).slice(AUTHENTICATED, TYPE + type.length);

export const encodeBlob = ({ type, kdfContext, tag, ciphertext }: Omit<Blob, 'additionalData'>): Uint8Array => {
  const bytes = blankBlob(type, kdfContext, ciphertext.length);
  bytes.set(tag, TAG);
  bytes.set(ciphertext, TYPE + type.length);
  return bytes;
};

/** Why bytes are no blob. */
export type BlobFailure = 'too-short' | 'size' | 'constant' | 'type' | 'encrypted-size';

const typeAt = (bytes: Uint8Array, length: number): BlobType | undefined => {
  const text = new TextDecoder('latin1').decode(bytes.subarray(TYPE, TYPE + length));
  return blobTypes.find((type) => type === text);
};

/** Takes nothing but what `encodeBlob` makes. Never throws. */
export const parseBlob = (bytes: Uint8Array): Blob | BlobFailure => {
  if (bytes.length < TYPE) return 'too-short';
  const view = viewOf(bytes);
  if (view.getUint32(0, true) !== bytes.length || bytes.length > MAX_BLOB_LENGTH) return 'size';
  if (CONSTANTS.some(([offset, value]) => view.getUint32(offset, true) !== value)) return 'constant';
  const type = typeAt(bytes, view.getUint32(8, true));
  if (type === undefined) return 'type';
  const start = TYPE + type.length;
  const size = view.getUint32(ENCRYPTED_SIZE, true);
  if (size === 0 || size !== bytes.length - start) return 'encrypted-size';
  return {
    type,
    kdfContext: bytes.slice(KDF_CONTEXT, KDF_CONTEXT + KDF_CONTEXT_LENGTH),
    tag: bytes.slice(TAG, TAG + TAG_LENGTH),
    ciphertext: bytes.slice(start),
    additionalData: bytes.slice(AUTHENTICATED, start),
  };
};
