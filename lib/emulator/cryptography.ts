/**
 * The primitives that the emulated machine computes with. They are passed in, so that the emulator itself names no implementation;
 * `boot` hands it Node's.
 */

/** What AES-GCM takes beside the text. */
export interface GcmParameters {
  /** 32 bytes. */
  readonly key: Uint8Array;
  /** 12 bytes. */
  readonly nonce: Uint8Array;
  readonly additionalData: Uint8Array;
}

export interface Sealed {
  readonly ciphertext: Uint8Array;
  /** 16 bytes. */
  readonly tag: Uint8Array;
}

/** Each method returns bytes of its own, which the caller may wipe. */
export interface EmulatorCrypto {
  /** @returns 20 bytes */
  sha1(data: Uint8Array): Uint8Array;
  /** @returns 16 bytes */
  hmacMd5(key: Uint8Array, data: Uint8Array): Uint8Array;
  /** @returns 32 bytes */
  hmacSha256(key: Uint8Array, data: Uint8Array): Uint8Array;
  aes256GcmSeal(parameters: GcmParameters, plaintext: Uint8Array): Sealed;
  /** @returns the plaintext, null where the tag does not hold */
  aes256GcmOpen(parameters: GcmParameters, sealed: Sealed): Uint8Array | null;
  /** One block of DES. @param key 8 bytes; parity bits do not count @param block 8 bytes */
  desEncryptBlock(key: Uint8Array, block: Uint8Array): Uint8Array;
}
