/**
 * The production build in Wine, whose kernel answers no extended query and resolves no client's handle: everything is unknown, and
 * refused, with the status that says why. Here the codec asks it; production-contract.test.ts holds the backend to the same.
 */
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { openDevice } from '../../lib/native/device.js';
import { loadBinding } from '../../lib/native/load-binding.js';
import { Codec } from '../../lib/protocol/index.js';

const STATUS_INFO_LENGTH_MISMATCH = 0xc0000004;
const STATUS_NOT_IMPLEMENTED = 0xc0000002;

describe('trustlet.sys in Wine, through the addon', () => {
  const codec = new Codec();
  const opened = openDevice(loadBinding(), '\\\\.\\Trustlet');
  assert.ok(typeof opened !== 'number', `the device does not open: error ${String(opened)}`);
  const device = opened;
  after(() => device.close());

  const ask = (message: 'HELLO' | 'QUERY' | 'CENSUS' | 'GUARD', request: Uint8Array): Uint8Array => {
    const output = new Uint8Array(0x10000);
    const length = device.ioctl(codec.code(message), request, output);
    assert.ok(length >= 0, `${message}: ${(-length).toString(16)}`);
    return output.subarray(0, length);
  };

  test('HELLO is answered, without start keys', () => {
    const hello = codec.decodeHello(ask('HELLO', codec.encodeHello()));
    assert.equal(hello.version, 1);
    assert.equal(hello.capabilities['start-key'], false);
  });

  test('this very process is unknown: Wine does not answer the 64-byte query', () => {
    const pids = [process.pid];
    const records = codec.decodeQuery(ask('QUERY', codec.encodeQuery(pids)), pids);
    assert.deepEqual(records.judgement(0), {
      verdict: 'unknown',
      reason: 'query-failed',
      evidence: 'documented',
      status: STATUS_INFO_LENGTH_MISMATCH,
    });
  });

  test('nobody in the census is ordinary, and this process is in it', () => {
    const { records } = codec.decodeCensus(ask('CENSUS', codec.encodeCensus(null)), null);
    const verdicts = Array.from({ length: records.length }, (_, index) => records.judgement(index).verdict);
    assert.ok(verdicts.length > 3);
    assert.deepEqual([...new Set(verdicts)], ['unknown']);
    assert.ok(Array.from({ length: records.length }, (_, index) => records.pid(index)).includes(process.pid));
  });

  test('the guard refuses a handle that it cannot resolve', () => {
    const request = codec.encodeGuard({
      handle: -1n,
      kind: 'process',
      operations: ['read'],
      accepted: [],
      expectedAccess: 0,
      expectedPid: null,
      expectedCreateTime: null,
      expectedStartKey: null,
    });
    const reply = codec.decodeGuard(ask('GUARD', request));
    assert.equal(reply.decision.decision, 'refuse');
    assert.equal(reply.decision.verdict, 'unknown');
    assert.equal(reply.referenceStatus, STATUS_NOT_IMPLEMENTED);
  });
});
