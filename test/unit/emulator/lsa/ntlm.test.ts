/** MD4 against RFC 1320, NTLM against [MS-NLMP] 4.2 (facts/vsm.md R58 to R60). */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { utf16 } from '../../../../lib/emulator/lsa/bytes.js';
import { md4 } from '../../../../lib/emulator/lsa/md4.js';
import {
  encodeAvPairs,
  ntHash,
  ntlmV1Response,
  ntlmV2Response,
  ntowfV2,
  parseAvPairs,
  serverTime,
} from '../../../../lib/emulator/lsa/ntlm.js';
import { nodeCrypto } from '../../../../lib/node-crypto.js';
import { ascii, hex, toHex } from './bytes.js';

const SERVER_CHALLENGE = hex('0123456789abcdef');
const CLIENT_CHALLENGE = hex('aaaaaaaaaaaaaaaa');

test('a hash is one of a string and of nothing else', () => {
  for (const bad of [undefined, null, 5, {}]) {
    assert.throws(() => ntHash(bad as never), { code: 'ERR_TRUSTLET_ARGUMENT', message: /password must be a string/ });
  }
});

describe('MD4', () => {
  for (const [text, digest] of [
    ['', '31d6cfe0d16ae931b73c59d7e0c089c0'],
    ['a', 'bde52cb31de33e46245e05fbdbd6fb24'],
    ['abc', 'a448017aaf21d8525fc10ae87aa6729d'],
    ['message digest', 'd9130a8164549fe818874806e1c7014b'],
    ['abcdefghijklmnopqrstuvwxyz', 'd79e1c308aa5bbcdeea8ed63df412da9'],
    ['ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789', '043f8582f241db351ce627e153e7f0e4'],
    [
      '12345678901234567890123456789012345678901234567890123456789012345678901234567890',
      'e33b4ddc9c38f2199c3e7b164fcc0536',
    ],
  ] as const) {
    test(`of '${text}' is that of RFC 1320`, () => {
      assert.equal(toHex(md4(ascii(text))), digest);
    });
  }

  test('leaves the text it is given as it was', () => {
    const text = ascii('abc');
    md4(text);
    assert.deepEqual(text, ascii('abc'));
  });
});

describe('NTLM', () => {
  test('R58: NTOWFv1 of Password', () => {
    assert.equal(toHex(ntHash('Password')), 'a4f49c406510bdcab6824ee7c30fd852');
    assert.equal(toHex(ntHash('')), '31d6cfe0d16ae931b73c59d7e0c089c0');
  });

  test('R59: NTOWFv2 of User, Domain and Password, whatever the case of the user', () => {
    for (const user of ['User', 'uSER']) {
      const key = ntowfV2(nodeCrypto, ntHash('Password'), user, 'Domain');
      assert.equal(toHex(key), '0c868a403bfd7a93a3001ef22ef02e3f');
    }
    assert.notEqual(
      toHex(ntowfV2(nodeCrypto, ntHash('Password'), 'User', 'DOMAIN')),
      '0c868a403bfd7a93a3001ef22ef02e3f',
    );
  });

  test('R60: NTProofStr, session base key, LMv2 and the response’s length', () => {
    const targetInfo = encodeAvPairs([
      { id: 2, value: utf16('Domain') },
      { id: 1, value: utf16('Server') },
    ]);
    const { response, lmResponse, sessionKey } = ntlmV2Response(nodeCrypto, {
      key: hex('0c868a403bfd7a93a3001ef22ef02e3f'),
      serverChallenge: SERVER_CHALLENGE,
      clientChallenge: CLIENT_CHALLENGE,
      time: 0n,
      targetInfo,
    });
    assert.equal(response.length, 84);
    assert.equal(toHex(response.subarray(0, 16)), '68cd0ab851e51c96aabc927bebef6a1c');
    assert.equal(
      toHex(response.subarray(16)),
      '01010000000000000000000000000000aaaaaaaaaaaaaaaa00000000' +
        '02000c0044006f006d00610069006e00' +
        '01000c0053006500720076006500720000000000' +
        '00000000',
    );
    assert.equal(toHex(sessionKey), '8de40ccadbc14a82f15cb0ad0de95ca3');
    assert.equal(toHex(lmResponse), '86c35097ac9cec102554764a57cccc19aaaaaaaaaaaaaaaa');
  });

  test('NTLMv1’s response to the same challenge', () => {
    assert.equal(
      toHex(ntlmV1Response(nodeCrypto, ntHash('Password'), SERVER_CHALLENGE)),
      '67c43011f30298a2ad35ece64f16331c44bdbed927841f94',
    );
  });
});

describe('AV pairs', () => {
  test('are read back, with the server’s time where it sent one', () => {
    const time = hex('0102030405060708');
    const pairs = parseAvPairs(encodeAvPairs([{ id: 7, value: time }]));
    assert.deepEqual(pairs, [{ id: 7, value: time }]);
    assert.equal(serverTime(pairs), 0x0807060504030201n);
    assert.equal(serverTime([{ id: 7, value: hex('01') }]), null);
    assert.equal(serverTime([]), null);
    assert.deepEqual(parseAvPairs(hex('00000000')), []);
  });

  for (const [what, bytes] of [
    ['nothing', ''],
    ['no end', '020000000700'],
    ['an end with a value', '0000010000'],
    ['bytes after the end', '0000000000'],
    ['a value longer than the rest', '0200ffff00000000'],
    ['half a head', '020000'],
  ] as const) {
    test(`are none with ${what}`, () => {
      assert.equal(parseAvPairs(hex(bytes)), null);
    });
  }
});
