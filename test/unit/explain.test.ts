import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { explainFacts, readErrorCode } from '../../lib/explain.js';
import { factsFrom } from '../../lib/facts.js';
import { record, system } from '../support/records.js';

const source = { name: 'ntdll', simulated: false } as const;
const causesOf = (over: Parameters<typeof record>[0], error?: number): string[] =>
  explainFacts(
    factsFrom(record(over), system(), source),
    error === undefined ? null : readErrorCode(error),
    source,
  ).causes.map((cause) => cause.cause);

describe('explain', () => {
  test('a trustlet is isolated', () => {
    assert.deepEqual(causesOf({ flags: 0x80 }), ['isolated']);
    assert.deepEqual(causesOf({ flags: 0x80 }, 998), ['isolated']);
  });

  test('a protected process is protected, and that is not isolation', () => {
    assert.deepEqual(causesOf({ flags: 0x1, protection: 0x41 }, 5), ['protected']);
    assert.deepEqual(causesOf({ flags: 0x1, protection: 0x72 }, 0xc0000712), ['protected']);
  });

  test('a protected trustlet leads with what the error points to', () => {
    assert.deepEqual(causesOf({ flags: 0x81, protection: 0x61 }, 5), ['protected', 'isolated']);
    assert.deepEqual(causesOf({ flags: 0x81, protection: 0x61 }, 998), ['isolated', 'protected']);
  });

  test('the text names kind and signer, known or not', () => {
    const text = (protection: number): string =>
      explainFacts(factsFrom(record({ protection }), system(), source), null, source).summary;
    assert.match(text(0x41), /PPL-Lsa/);
    assert.match(text(0x62), /PP-WinTcb/);
    assert.match(text(0x07), /unknown\(7\)-None/);
  });

  test('pseudo-processes are told apart', () => {
    assert.deepEqual(causesOf({ pid: 0, openStatus: 0xc000000b, createTime: null, startKey: null }), [
      'pseudo-process',
    ]);
    assert.deepEqual(causesOf({ pid: 4 }), ['pseudo-process']);
    assert.deepEqual(causesOf({ pid: 88, classification: 3 }), ['pseudo-process']);
    assert.deepEqual(causesOf({ pid: 56, classification: 2, flags: 0x80 }), ['isolated']);
    const summary = explainFacts(
      factsFrom(record({ pid: 88, classification: 3 }), system(), source),
      null,
      source,
    ).summary;
    assert.match(summary, /MemCompression/);
  });

  test('what is unknown says why', () => {
    assert.deepEqual(causesOf({ openStatus: 0xc000000b }), ['no-such-process']);
    assert.deepEqual(causesOf({ flags: 4 }), ['exited']);
    assert.deepEqual(causesOf({ openStatus: 0xc0000022 }), ['access-control']);
    assert.deepEqual(causesOf({ extendedStatus: 0xc000009d, flags: null }), ['unknown']);
    const changed = {
      ...factsFrom(record(), system(), source),
      verdict: 'unknown',
      reason: 'identity-mismatch',
    } as const;
    assert.deepEqual(
      explainFacts(changed, null, source).causes.map((cause) => cause.cause),
      ['reused'],
    );
  });

  test('an ordinary process: nothing, access control, a copy that failed, or no idea', () => {
    assert.deepEqual(causesOf({}), ['none']);
    assert.deepEqual(causesOf({}, 5), ['access-control']);
    assert.deepEqual(causesOf({}, 0xc0000022), ['access-control']);
    assert.deepEqual(causesOf({}, 998), ['unknown']);
    assert.deepEqual(causesOf({}, 299), ['unknown']);
    assert.deepEqual(causesOf({}, 1455), ['unknown']);
  });

  test('the summary names pid and image', () => {
    const explanation = explainFacts(
      factsFrom(record({ flags: 0x80, name: 'LsaIso.exe' }), system(), source),
      null,
      source,
    );
    assert.match(explanation.summary, /^pid 100 \(LsaIso\.exe\): It is a trustlet/);
    const nameless = explainFacts(factsFrom(record({ name: null }), system(), source), null, source);
    assert.match(nameless.summary, /^pid 100: /);
  });
});

describe('reading an error code', () => {
  test('a code with its top bit set, signed or not, is an NTSTATUS', () => {
    assert.deepEqual(readErrorCode(0xc0000005), { ntstatus: 0xc0000005, win32: 998, name: 'STATUS_ACCESS_VIOLATION' });
    assert.deepEqual(readErrorCode(-1073741819), { ntstatus: 0xc0000005, win32: 998, name: 'STATUS_ACCESS_VIOLATION' });
    assert.deepEqual(readErrorCode(0xc0123456), { ntstatus: 0xc0123456, win32: null, name: '0xC0123456' });
  });

  test('any other is a Win32 code', () => {
    assert.deepEqual(readErrorCode(5), { ntstatus: null, win32: 5, name: 'Win32 error 5' });
  });
});
