/** Blobs: facts/vsm.md 4.3 with its vector V1 (R57), and what must hold for every blob. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { type Blob, blobAdditionalData, encodeBlob, parseBlob } from '../../../../lib/emulator/lsa/blob.js';
import { deriveBlobKey, protectSecret, revealSecret } from '../../../../lib/emulator/lsa/data-protection.js';
import { nodeCrypto } from '../../../../lib/node-crypto.js';
import { ascii, flipped, hex, toHex } from './bytes.js';

const counting = (length: number): Uint8Array => Uint8Array.from({ length }, (_, index) => index);
const BOOT_KEY = counting(32);
const KDF_CONTEXT = new Uint8Array(32).fill(0xab);
const TAG = '1ff442c18f6ae3d5115fa814a7898981';
const CIPHERTEXT =
  'b784bc6626cd2595cb4831ff843d99800eee67a97bc638ff93a5d02d5c854fd6bf3d969243dfba8b5df70c98308ffb49419e1bcf';
const ADDITIONAL_DATA = '0100000000000000000000000000000001000000340000004e746c6d48617368';

const parsed = (bytes: Uint8Array): Blob => {
  const blob = parseBlob(bytes);
  if (typeof blob === 'string') assert.fail(blob);
  return blob;
};

const reveal = (bytes: Uint8Array, key: Uint8Array = BOOT_KEY): Uint8Array | null => {
  const blob = parseBlob(bytes);
  return typeof blob === 'string' ? null : revealSecret(nodeCrypto, key, blob);
};

describe('the vector V1', () => {
  const bytes = protectSecret(nodeCrypto, BOOT_KEY, KDF_CONTEXT, 'NtlmHash', counting(52));

  test('derives this key', () => {
    assert.equal(
      toHex(deriveBlobKey(nodeCrypto, BOOT_KEY, KDF_CONTEXT)),
      'b6dd45d1ec722206e97de62a3334f1552bb4046803f2f9e137db37526d87caf5',
    );
  });

  test('is this blob, byte by byte', () => {
    assert.equal(bytes.length, 160);
    assert.equal(
      toHex(bytes),
      `a0000000000000000800000064000000010000000101000001000000${'ab'.repeat(32)}${TAG}${ADDITIONAL_DATA}${CIPHERTEXT}`,
    );
  });

  test('begins with the 28 bytes that every blob of an NTLM credential begins with', () => {
    assert.equal(toHex(bytes.subarray(0, 28)), 'a0000000000000000800000064000000010000000101000001000000');
  });

  test('has its parts where the captures have them', () => {
    assert.equal(toHex(blobAdditionalData('NtlmHash', 52)), ADDITIONAL_DATA);
    const { type, kdfContext, tag, ciphertext, additionalData } = parsed(bytes);
    assert.deepEqual(
      [type, toHex(kdfContext), toHex(tag), toHex(ciphertext), toHex(additionalData)],
      ['NtlmHash', 'ab'.repeat(32), TAG, CIPHERTEXT, ADDITIONAL_DATA],
    );
    assert.deepEqual(reveal(bytes), counting(52));
  });

  test('of another type has another layout and opens as that type alone', () => {
    const key = protectSecret(nodeCrypto, BOOT_KEY, KDF_CONTEXT, 'KerberosKey', counting(32));
    assert.equal(key.length, 0x64 + 11 + 32);
    assert.equal(toHex(key.subarray(0x64, 0x6f)), toHex(ascii('KerberosKey')));
    const blob = parsed(key);
    assert.equal(blob.type, 'KerberosKey');
    const renamed = encodeBlob({ ...blob, type: 'NtlmHash' });
    assert.equal(reveal(renamed), null);
  });
});

describe('any blob', () => {
  const secrets = fc.uint8Array({ minLength: 1, maxLength: 200 });
  const keys = fc.uint8Array({ minLength: 32, maxLength: 32 });

  test('opens under its boot’s key, to what was put in, which it does not show', () => {
    fc.assert(
      fc.property(secrets, keys, keys, (secret, key, context) => {
        const bytes = protectSecret(nodeCrypto, key, context, 'NtlmHash', secret);
        assert.deepEqual(reveal(bytes, key), secret);
        if (secret.length > 8) assert.equal(toHex(bytes).includes(toHex(secret)), false);
      }),
    );
  });

  test('of one secret differs from the next in all that is encrypted', () => {
    fc.assert(
      fc.property(secrets, keys, keys, (secret, one, other) => {
        fc.pre(toHex(one) !== toHex(other));
        const [first, second] = [one, other].map((context) =>
          parsed(protectSecret(nodeCrypto, BOOT_KEY, context, 'NtlmHash', secret)),
        );
        assert.notDeepEqual(first?.tag, second?.tag);
        if (secret.length > 3) assert.notDeepEqual(first?.ciphertext, second?.ciphertext);
      }),
    );
  });

  test('does not open with any one bit turned', () => {
    const bytes = protectSecret(nodeCrypto, BOOT_KEY, KDF_CONTEXT, 'NtlmHash', counting(52));
    for (let bit = 0; bit < bytes.length * 8; bit++) assert.equal(reveal(flipped(bytes, bit)), null, `bit ${bit}`);
  });

  test('does not open on another boot', () => {
    fc.assert(
      fc.property(keys, keys, (key, other) => {
        fc.pre(toHex(key) !== toHex(other));
        assert.equal(reveal(protectSecret(nodeCrypto, key, KDF_CONTEXT, 'NtlmHash', counting(52)), other), null);
      }),
    );
  });

  test('is of one length: a byte more or less is none', () => {
    const bytes = protectSecret(nodeCrypto, BOOT_KEY, KDF_CONTEXT, 'NtlmHash', counting(52));
    assert.equal(parseBlob(bytes.subarray(0, 159)), 'size');
    assert.equal(parseBlob(new Uint8Array([...bytes, 0])), 'size');
    assert.equal(parseBlob(bytes.subarray(0, 0x63)), 'too-short');
  });
});

describe('the parser of blobs', () => {
  const good = protectSecret(nodeCrypto, BOOT_KEY, KDF_CONTEXT, 'NtlmHash', counting(52));
  const withWord = (offset: number, value: number): Uint8Array => {
    const bytes = good.slice();
    new DataView(bytes.buffer).setUint32(offset, value, true);
    return bytes;
  };

  test('says what is wrong', () => {
    assert.equal(parseBlob(withWord(0x00, 0xa1)), 'size');
    for (const offset of [0x04, 0x0c, 0x10, 0x14, 0x18, 0x4c, 0x50, 0x54, 0x58, 0x5c]) {
      assert.equal(parseBlob(withWord(offset, 0x77)), 'constant', `offset ${offset}`);
    }
    assert.equal(parseBlob(withWord(0x08, 7)), 'type');
    assert.equal(parseBlob(withWord(0x08, 0xffff_ffff)), 'type');
    assert.equal(parseBlob(withWord(0x60, 0x35)), 'encrypted-size');
    const empty = encodeBlob({ type: 'NtlmHash', kdfContext: KDF_CONTEXT, tag: hex(TAG), ciphertext: hex('') });
    assert.equal(parseBlob(empty), 'encrypted-size');
    const long = encodeBlob({ ...parsed(good), ciphertext: new Uint8Array(201) });
    assert.deepEqual([long.length, parseBlob(long)], [309, 'size']);
  });

  test('throws for nothing, and takes nothing that is not written the same again', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 400 }),
          fc.tuple(fc.nat({ max: 159 }), fc.nat({ max: 255 })).map(([at, value]) => good.with(at, value)),
        ),
        (bytes) => {
          const blob = parseBlob(bytes);
          if (typeof blob !== 'string') assert.deepEqual(encodeBlob(blob), bytes);
        },
      ),
      { numRuns: 2000 },
    );
  });
});
