/** What VTL0 sends is any bytes: no parser and no server throws over it. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { encodeCredential, parseCredential, plainSecret } from '../../../../lib/emulator/lsa/credential.js';
import { decodeFields, decodeText, encodeFields, encodeText } from '../../../../lib/emulator/lsa/fields.js';
import { encodeMessage, operationName, parseMessage } from '../../../../lib/emulator/lsa/messages.js';
import { parseAvPairs } from '../../../../lib/emulator/lsa/ntlm.js';
import { answerMessage } from '../../../../lib/emulator/lsa/operations.js';
import type { SecretKeeper } from '../../../../lib/emulator/lsa/secret-keeper.js';
import { nodeCrypto } from '../../../../lib/node-crypto.js';
import { hex } from './bytes.js';

const anyBytes = fc.uint8Array({ maxLength: 600 });

const keeper: SecretKeeper = {
  cryptography: nodeCrypto,
  time: 0n,
  ntlmV1Refusal: 0,
  random: (length) => new Uint8Array(length),
  keep: (_, secret) => ({ encrypted: false, bytes: secret.slice() }),
  reveal: (_, { encrypted, bytes }) => (encrypted ? null : bytes.slice()),
};

const request = (interfaceId: number, operation: number, payload: Uint8Array): Uint8Array =>
  encodeMessage({ kind: 'request', callId: 7, interfaceId, operation, status: 0, payload });

const statusOf = (message: Uint8Array): readonly unknown[] => {
  const answer = parseMessage(answerMessage(keeper, message));
  return [answer?.kind, answer?.status, answer?.callId, answer?.payload.length];
};

describe('parsers', () => {
  test('throw for no bytes at all', () => {
    fc.assert(
      fc.property(anyBytes, fc.nat({ max: 6 }), (bytes, count) => {
        parseCredential(bytes);
        parseMessage(bytes);
        parseAvPairs(bytes);
        decodeFields(bytes, count);
        decodeText(bytes);
      }),
      { numRuns: 2000 },
    );
  });

  test('read back what is written, fields and text', () => {
    fc.assert(
      fc.property(fc.array(anyBytes, { maxLength: 5 }), fc.string({ unit: 'grapheme' }), (fields, text) => {
        assert.deepEqual(decodeFields(encodeFields(...fields), fields.length), fields);
        assert.equal(decodeFields(encodeFields(...fields), fields.length + 1), null);
        assert.equal(decodeText(encodeText(text)), text);
      }),
    );
    assert.equal(decodeText(hex('ff')), null);
    assert.equal(decodeText(hex('efbbbf61')), '\ufeffa');
    assert.equal(decodeFields(hex('0100'), 1), null);
    assert.equal(decodeFields(hex('000000'), 1), null);
  });

  test('take a wrapper in its plain and its encrypted form, and no other', () => {
    const secret = plainSecret(new Uint8Array(16).fill(1), new Uint8Array(20).fill(2));
    const plain = encodeCredential({ encrypted: false, bytes: secret });
    assert.equal(plain.length, 94);
    assert.deepEqual(parseCredential(plain), { encrypted: false, bytes: secret });
    const blob = new Uint8Array(160).fill(9);
    const encrypted = encodeCredential({ encrypted: true, bytes: blob });
    assert.equal(encrypted.length, 202);
    assert.deepEqual(parseCredential(encrypted), { encrypted: true, bytes: blob });
    assert.equal(parseCredential(plain.subarray(0, 41)), null);
    assert.equal(parseCredential(plain.subarray(0, 93)), null);
    assert.equal(parseCredential(encrypted.subarray(0, 201)), null);
    assert.equal(parseCredential(encodeCredential({ encrypted: true, bytes: new Uint8Array(309) })), null);
    for (let at = 0; at < 42; at++) assert.equal(parseCredential(plain.with(at, 0x7f)), null, `byte ${at}`);
  });

  test('take a message of 20 to 4096 bytes whose header says so', () => {
    const message = request(1, 2, hex('00112233'));
    assert.deepEqual(parseMessage(message), {
      kind: 'request',
      callId: 7,
      interfaceId: 1,
      operation: 2,
      status: 0,
      payload: hex('00112233'),
    });
    assert.equal(parseMessage(message.subarray(0, 19)), null);
    assert.equal(parseMessage(message.subarray(0, 23)), null);
    assert.equal(parseMessage(message.with(4, 2)), null);
    assert.equal(parseMessage(message.with(6, 3)), null);
    assert.notEqual(parseMessage(request(1, 2, new Uint8Array(4076))), null);
    assert.equal(parseMessage(request(1, 2, new Uint8Array(4077))), null);
  });
});

describe('the server', () => {
  test('answers any bytes with a fault', () => {
    fc.assert(
      fc.property(anyBytes, (bytes) => {
        assert.deepEqual(statusOf(bytes), ['fault', 0xc002001d, 0, 0]);
      }),
      { numRuns: 1000 },
    );
  });

  test('answers any payload of any operation with a fault, a refusal or a response, and never throws', () => {
    fc.assert(
      fc.property(
        fc.constantFrom([1, 1], [1, 2], [1, 3], [1, 9], [2, 1], [2, 2], [2, 3], [2, 4], [2, 5], [3, 0]),
        fc.oneof(
          anyBytes,
          fc.array(fc.uint8Array({ maxLength: 120 }), { maxLength: 5 }).map((f) => encodeFields(...f)),
        ),
        ([interfaceId = 0, operation = 0], payload) => {
          const answer = parseMessage(answerMessage(keeper, request(interfaceId, operation, payload)));
          assert.ok(answer !== null && answer.kind !== 'request' && answer.callId === 7);
          if (answer.kind === 'fault') assert.equal(answer.status, 0xc003000c);
        },
      ),
      { numRuns: 3000 },
    );
  });

  test('names what a message gets wrong', () => {
    const nothing = new Uint8Array(0);
    assert.deepEqual(statusOf(request(9, 0, nothing)), ['fault', 0xc0020012, 7, 0]);
    assert.deepEqual(statusOf(request(1, 0, nothing)), ['fault', 0xc002002e, 7, 0]);
    assert.deepEqual(statusOf(request(1, 4, nothing)), ['fault', 0xc002002e, 7, 0]);
    assert.deepEqual(statusOf(request(1, 2, nothing)), ['fault', 0xc003000c, 7, 0]);
    assert.deepEqual(statusOf(request(3, 0, hex('00'))), ['fault', 0xc003000c, 7, 0]);
    const answered = answerMessage(keeper, request(3, 0, nothing));
    assert.deepEqual(statusOf(answered), ['fault', 0xc002001d, 7, 0]);
  });

  test('calls an operation by its name, and one there is not by its numbers', () => {
    assert.equal(operationName({ interfaceId: 1, operation: 2 }), 'Lm20GetNtlm3ChallengeResponse');
    assert.equal(operationName({ interfaceId: 1, operation: 0 }), 'operation 1.0');
  });
});
