/** The codec against bytes that were written by hand: each literal here stands in a comment of the file it is compared with. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { describe, test } from 'node:test';
import type { ProcessRecord } from '../../../lib/backend.js';
import { Codec, type DriverJudgement, validateRequest } from '../../../lib/protocol/index.js';
import { golden } from './golden-bytes.js';

const codec = new Codec();

const lsaIso: ProcessRecord = {
  pid: 812,
  openStatus: 0,
  extendedStatus: 0,
  flags: 0x80,
  protection: 0,
  classification: null,
  name: null,
  parentPid: 668,
  sessionId: null,
  createTime: 0x01db0b13a2b5d200n,
  startKey: 0x000700000000021cn,
  reused: false,
};
const system: ProcessRecord = {
  ...lsaIso,
  pid: 4,
  flags: 1,
  protection: 0x72,
  parentPid: 0,
  createTime: 0x01db0b13914e1780n,
  startKey: 0x0007000000000002n,
};
const nothing: ProcessRecord = {
  pid: 0,
  openStatus: 0,
  extendedStatus: null,
  flags: null,
  protection: null,
  classification: null,
  name: null,
  parentPid: null,
  sessionId: null,
  createTime: null,
  startKey: null,
  reused: false,
};
const secure: DriverJudgement = { verdict: 'secure', reason: 'secure-bit-set', evidence: 'documented', status: 0 };
const ordinary: DriverJudgement = {
  verdict: 'ordinary',
  reason: 'secure-bit-clear',
  evidence: 'documented',
  status: 0,
};
const gone: DriverJudgement = { verdict: 'unknown', reason: 'gone', evidence: 'documented', status: 0 };

const cursor = { pid: 4242, sequence: 0x345n, createTime: 0x01db0b14e43c1000n };

describe('golden requests', () => {
  const requests: readonly (readonly [string, number, number, () => Uint8Array])[] = [
    ['hello-request', 0x8e546404, 72, () => codec.encodeHello()],
    ['query-request', 0x8e546408, 208, () => codec.encodeQuery([812, 4, 5000])],
    ['census-request', 0x8e54640c, 48, () => codec.encodeCensus(null)],
    ['census-resume-request', 0x8e54640c, 48, () => codec.encodeCensus(cursor)],
    [
      'examine-request',
      0x8e546410,
      104,
      () =>
        codec.encodeExamine({
          handle: -1n,
          kind: 'process',
          expectedAccess: 0x1000,
          expectedPid: 2000,
          expectedCreateTime: null,
          expectedStartKey: null,
        }),
    ],
    [
      'guard-request',
      0x8e546414,
      112,
      () =>
        codec.encodeGuard({
          handle: 0x1a4n,
          kind: 'thread',
          expectedAccess: 0x810,
          expectedPid: 812,
          expectedCreateTime: 0x01db0b13a2b5d200n,
          expectedStartKey: 0x000700000000021cn,
          operations: ['queue-apc'],
          accepted: [],
        }),
    ],
    [
      'guard-accepted-request',
      0x8e546414,
      112,
      () =>
        codec.encodeGuard({
          handle: 0x1a8n,
          kind: 'process',
          expectedAccess: 0,
          expectedPid: null,
          expectedCreateTime: null,
          expectedStartKey: null,
          operations: ['terminate'],
          accepted: ['suspend', 'terminate', 'duplicate-handle'],
        }),
    ],
    ['stats-request', 0x8e546418, 128, () => codec.encodeStats()],
  ];

  for (const [name, code, room, encode] of requests) {
    test(`${name}: the codec writes these bytes, and the validator takes them with ${room} bytes of room`, () => {
      assert.deepEqual(encode(), golden(name));
      assert.equal(validateRequest(code, golden(name), room), 0);
      assert.equal(validateRequest(code, golden(name), room - 1), 0xc0000023);
    });
  }

  test('no file is left out', () => {
    const files = readdirSync(new URL('../../../../test/fixtures/golden/', import.meta.url));
    assert.deepEqual(
      files.filter((name) => name.endsWith('-request.txt')).sort(),
      requests.map(([name]) => `${name}.txt`).sort(),
    );
    assert.equal(files.filter((name) => name.endsWith('-reply.txt')).length, 8);
    assert.equal(files.length, 17);
  });
});

describe('golden replies', () => {
  test('hello-reply', () => {
    assert.deepEqual(codec.decodeHello(golden('hello-reply')), {
      version: 1,
      minVersion: 1,
      maxVersion: 1,
      driverVersion: '0.1.0',
      capabilities: { query: true, census: true, examine: true, guard: true, stats: true, 'start-key': true },
      windows: { major: 10, minor: 0, build: 26100 },
      system: { build: 26100, isolatedUserModeStatus: 0, isolatedUserModeFlags: 0x503 },
      maxPids: 4096,
      maxFixedSize: 1024,
      operations: [
        'queue-apc',
        'create-thread',
        'allocate',
        'read',
        'write',
        'map-section',
        'load-library',
        'set-context',
        'debug',
        'dump',
        'set-windows-hook',
        'set-information',
        'suspend',
        'terminate',
        'duplicate-handle',
      ],
      processRecordSize: 64,
    });
  });

  test('query-reply: a trustlet, a protected process that is none, and everything absent', () => {
    const records = codec.decodeQuery(golden('query-reply'), [812, 4, 5000]);
    assert.equal(records.length, 3);
    assert.deepEqual(records.record(0), lsaIso);
    assert.deepEqual(records.judgement(0), secure);
    assert.deepEqual(records.record(1), system);
    assert.deepEqual(records.judgement(1), ordinary);
    assert.deepEqual(records.record(2), { ...nothing, pid: 5000, openStatus: 0xc000000b });
    assert.deepEqual(records.judgement(2), { ...gone, status: 0xc000000b });
  });

  test('census-reply: names, a process that was reused, and where to go on', () => {
    const part = codec.decodeCensus(golden('census-reply'), null);
    assert.deepEqual([part.total, part.remaining, part.next], [7, 4, cursor]);
    assert.deepEqual(
      [0, 1, 2].map((index) => part.records.pid(index)),
      [4, 812, 4242],
    );
    assert.deepEqual(part.records.record(0), { ...system, classification: 1, sessionId: 0, name: 'System' });
    assert.deepEqual(part.records.record(1), { ...lsaIso, classification: 0, sessionId: 0, name: 'LsaIso.exe' });
    assert.deepEqual(part.records.record(2), {
      ...nothing,
      pid: 4242,
      extendedStatus: 0,
      classification: 0,
      name: 'π.exe',
      parentPid: 812,
      sessionId: 2,
      createTime: 0x01db0b14e43c1000n,
      reused: true,
    });
    assert.deepEqual(
      [0, 1, 2].map((index) => part.records.judgement(index)),
      [ordinary, secure, gone],
    );
    assert.deepEqual(codec.encodeNextCensus(part), golden('census-resume-request'));
  });

  test('examine-reply: another process’s thread, and ended', () => {
    assert.deepEqual(codec.decodeExamine(golden('examine-reply')), {
      referenceStatus: 0,
      grantedAccess: 0x810,
      accessSufficient: true,
      identity: 'other',
      thread: { state: 'exited', tid: 3012, status: 0 },
      record: {
        ...nothing,
        pid: 3000,
        extendedStatus: 0,
        flags: 4,
        parentPid: 2000,
        createTime: 0x7fffffffffffff01n,
      },
      judgement: { verdict: 'unknown', reason: 'exiting', evidence: 'documented', status: 0 },
    });
  });

  test('examine-nothing-reply: no handle', () => {
    assert.deepEqual(codec.decodeExamine(golden('examine-nothing-reply')), {
      referenceStatus: 0xc0000008,
      grantedAccess: 0,
      accessSufficient: false,
      identity: 'unchecked',
      thread: null,
      record: { ...nothing, openStatus: 0xc0000008 },
      judgement: { verdict: 'unknown', reason: 'query-failed', evidence: 'documented', status: 0xc0000008 },
    });
  });

  test('guard-reply: refused', () => {
    assert.deepEqual(codec.decodeGuard(golden('guard-reply')), {
      referenceStatus: 0,
      grantedAccess: 0x810,
      accessSufficient: true,
      identity: 'same',
      thread: { state: 'paired', tid: 816, status: 0 },
      record: lsaIso,
      judgement: secure,
      decision: { decision: 'refuse', verdict: 'secure', reason: 'secure', evidence: 'documented', status: 0 },
    });
  });

  test('guard-accepted-reply: allowed', () => {
    assert.deepEqual(codec.decodeGuard(golden('guard-accepted-reply')), {
      referenceStatus: 0,
      grantedAccess: 0x1001,
      accessSufficient: true,
      identity: 'unchecked',
      thread: null,
      record: { ...lsaIso, startKey: null },
      judgement: { ...secure, evidence: 'derived' },
      decision: {
        decision: 'allow',
        verdict: 'secure',
        reason: 'availability-accepted',
        evidence: 'derived',
        status: 0,
      },
    });
  });

  test('stats-reply: counters of 64 bits, and rows that did not fit', () => {
    assert.deepEqual(codec.decodeStats(golden('stats-reply')), {
      counters: {
        opens: 5n,
        openNow: 2n,
        requests: 1234567890n,
        rejected: 11n,
        cancelled: 1n,
        records: 0x1_0000_0000n,
        secure: 3n,
        ordinary: 0xffff_fffcn,
        unknown: 1n,
        allowed: 8n,
        refused: 10n,
        poolBlocks: 4n,
        censusRestarts: 6n,
      },
      refusals: [
        { operation: 'queue-apc', reason: 'secure', count: 7n },
        { operation: 'terminate', reason: 'availability', count: 2n },
      ],
      refusalRows: 3,
    });
  });
});
