/** The emulator's primitives over Node's crypto module. OpenSSL 3 has no single DES: EDE with one key three times is the same. */
import { createCipheriv, createDecipheriv, createHash, createHmac } from 'node:crypto';
import type { EmulatorCrypto } from './emulator/cryptography.js';

const TAG_LENGTH = 16;
const options = { authTagLength: TAG_LENGTH };

/** Bytes of their own: a digest is a Buffer, which a caller should not have to know. */
const plain = (bytes: Uint8Array): Uint8Array => new Uint8Array(bytes);

const concatenated = (first: Uint8Array, second: Uint8Array): Uint8Array => {
  const whole = new Uint8Array(first.length + second.length);
  whole.set(first);
  whole.set(second, first.length);
  return whole;
};

export const nodeCrypto: EmulatorCrypto = {
  sha1: (data) => plain(createHash('sha1').update(data).digest()),
  hmacMd5: (key, data) => plain(createHmac('md5', key).update(data).digest()),
  hmacSha256: (key, data) => plain(createHmac('sha256', key).update(data).digest()),
  aes256GcmSeal: ({ key, nonce, additionalData }, plaintext) => {
    const cipher = createCipheriv('aes-256-gcm', key, nonce, options).setAAD(additionalData);
    const ciphertext = concatenated(cipher.update(plaintext), cipher.final());
    return { ciphertext, tag: plain(cipher.getAuthTag()) };
  },
  aes256GcmOpen: ({ key, nonce, additionalData }, { ciphertext, tag }) => {
    const decipher = createDecipheriv('aes-256-gcm', key, nonce, options).setAAD(additionalData).setAuthTag(tag);
    const plaintext = plain(decipher.update(ciphertext));
    try {
      decipher.final();
      return plaintext;
    } catch {
      plaintext.fill(0);
      return null;
    }
  },
  desEncryptBlock: (key, block) => {
    const threefold = concatenated(concatenated(key, key), key);
    const cipher = createCipheriv('des-ede3-ecb', threefold, null).setAutoPadding(false);
    threefold.fill(0);
    return concatenated(cipher.update(block), cipher.final());
  },
};
