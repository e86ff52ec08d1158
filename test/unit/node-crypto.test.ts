/** The emulator's primitives, against published vectors. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { nodeCrypto } from '../../lib/node-crypto.js';

const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'hex'));
const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const ascii = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'latin1'));

describe('node-crypto', () => {
  test('SHA-1 of abc (FIPS 180)', () => {
    assert.equal(toHex(nodeCrypto.sha1(ascii('abc'))), 'a9993e364706816aba3e25717850c26c9cd0d89d');
  });

  test('HMAC-MD5 and HMAC-SHA256 of RFC 2202 and RFC 4231, second case', () => {
    const [key, data] = [ascii('Jefe'), ascii('what do ya want for nothing?')];
    assert.equal(toHex(nodeCrypto.hmacMd5(key, data)), '750c783e6ab0b503eaa86e310a5db738');
    assert.equal(
      toHex(nodeCrypto.hmacSha256(key, data)),
      '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
    );
  });

  test('AES-256-GCM, test case 14 of the GCM specification, and no text where the tag is another', () => {
    const parameters = { key: new Uint8Array(32), nonce: new Uint8Array(12), additionalData: new Uint8Array(0) };
    const sealed = nodeCrypto.aes256GcmSeal(parameters, new Uint8Array(16));
    assert.equal(toHex(sealed.ciphertext), 'cea7403d4d606b6e074ec5d3baf39d18');
    assert.equal(toHex(sealed.tag), 'd0d1c8a799996bf0265b98b5d48ab919');
    assert.deepEqual(nodeCrypto.aes256GcmOpen(parameters, sealed), new Uint8Array(16));
    assert.equal(nodeCrypto.aes256GcmOpen(parameters, { ...sealed, tag: new Uint8Array(16) }), null);
    assert.equal(nodeCrypto.aes256GcmOpen({ ...parameters, additionalData: hex('00') }, sealed), null);
  });

  test('one block of DES (FIPS 81)', () => {
    const block = nodeCrypto.desEncryptBlock(hex('0123456789abcdef'), ascii('Now is t'));
    assert.equal(toHex(block), '3fa40e8a984d4815');
  });

  test('what it returns is no Buffer, and the caller’s to wipe', () => {
    for (const bytes of [
      nodeCrypto.sha1(ascii('')),
      nodeCrypto.desEncryptBlock(new Uint8Array(8), new Uint8Array(8)),
    ]) {
      assert.equal(Buffer.isBuffer(bytes), false);
      assert.equal(bytes.buffer.byteLength, bytes.length);
    }
  });
});
