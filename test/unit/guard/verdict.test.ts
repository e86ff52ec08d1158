import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { judge, judgeFailedOpen } from '../../../lib/guard/verdict.js';
import { record, system } from '../../support/records.js';

describe('verdict', () => {
  test('bit 7 in a successful query is secure, whatever other bits say', () => {
    for (const flags of [0x80, 0x84, 0x181, 0xffffffff]) {
      assert.deepEqual(judge(record({ flags }), system()), {
        verdict: 'secure',
        reason: 'secure-bit-set',
        evidence: 'documented',
        status: 0,
      });
    }
  });

  test('a clear bit 7 and a clear Deleting bit are ordinary, whatever other bits say', () => {
    for (const flags of [0, 0x1, 0x200, 0xffffff7b]) {
      assert.deepEqual(judge(record({ flags }), system()), {
        verdict: 'ordinary',
        reason: 'secure-bit-clear',
        evidence: 'documented',
        status: 0,
      });
    }
  });

  test('a process being deleted is unknown, not ordinary', () => {
    assert.equal(judge(record({ flags: 0x4 }), system()).verdict, 'unknown');
    assert.equal(judge(record({ flags: 0x4 }), system()).reason, 'exiting');
  });

  test('a failed query is unknown with its status', () => {
    const judged = judge(record({ extendedStatus: 0xc000009d, flags: null }), system());
    assert.deepEqual(judged, {
      verdict: 'unknown',
      reason: 'query-failed',
      evidence: 'documented',
      status: 0xc000009d,
    });
  });

  test('a failed query is unknown even if a flags word is lying around', () => {
    assert.equal(judge(record({ extendedStatus: 0xc0000004, flags: 0 }), system()).verdict, 'unknown');
    assert.equal(judge(record({ extendedStatus: 0xc0000004, flags: 0x80 }), system()).verdict, 'unknown');
  });

  test('a query that was never made is unknown', () => {
    const judged = judge(record({ extendedStatus: null, flags: null }), system());
    assert.deepEqual(judged, {
      verdict: 'unknown',
      reason: 'query-failed',
      evidence: 'documented',
      status: 0xc0000001,
    });
  });

  test('half an answer is none: a success without flags, flags without a query', () => {
    assert.deepEqual(judge(record({ extendedStatus: 0, flags: null }), system()), {
      verdict: 'unknown',
      reason: 'query-failed',
      evidence: 'documented',
      status: 0,
    });
    assert.deepEqual(judge(record({ extendedStatus: null, flags: 0 }), system()), {
      verdict: 'unknown',
      reason: 'query-failed',
      evidence: 'documented',
      status: 0xc0000001,
    });
  });

  test('an informational status of the query is no answer, whatever the flags word says', () => {
    for (const extendedStatus of [0x103, 0x40000000, 0x7fffffff]) {
      for (const flags of [0, 0x80]) {
        assert.deepEqual(judge(record({ extendedStatus, flags }), system()), {
          verdict: 'unknown',
          reason: 'query-failed',
          evidence: 'documented',
          status: extendedStatus,
        });
      }
    }
  });

  test('an access-denied query says so', () => {
    assert.equal(judge(record({ extendedStatus: 0xc0000022, flags: null }), system()).reason, 'access-denied');
  });

  test('a pid that changed hands between enumeration and lookup is gone, never judged', () => {
    assert.equal(judge(record({ reused: true, flags: 0 }), system()).reason, 'gone');
    assert.equal(judge(record({ reused: true, flags: 0x80 }), system()).verdict, 'unknown');
  });

  test('pid 0 is the idle process', () => {
    assert.equal(judge(record({ pid: 0, openStatus: 0xc000000b }), system()).reason, 'idle-process');
  });

  test('failed opens map to their reasons', () => {
    const reasons: ReadonlyArray<readonly [number, string]> = [
      [0xc0000022, 'access-denied'],
      [0xc000000b, 'gone'],
      [0xc000000d, 'gone'],
      [0xc000010a, 'exiting'],
      [0xc000009a, 'query-failed'],
    ];
    for (const [status, reason] of reasons) {
      assert.equal(judgeFailedOpen(status).reason, reason);
      assert.equal(judge(record({ openStatus: status }), system()).reason, reason);
      assert.equal(
        judge(record({ openStatus: status | 0 }), system()).status,
        status,
        'signed statuses come out unsigned',
      );
    }
  });

  describe('before build 15063', () => {
    const downlevel = { build: 14393 };

    test('a set bit is believed', () => {
      assert.deepEqual(judge(record({ flags: 0x80 }), system(downlevel)), {
        verdict: 'secure',
        reason: 'secure-bit-set',
        evidence: 'derived',
        status: 0,
      });
    });

    test('a clear bit is unknown while the secure kernel runs', () => {
      assert.equal(judge(record(), system(downlevel)).reason, 'downlevel-bit');
    });

    test('a clear bit is ordinary where class 165 says no secure kernel runs', () => {
      const judged = judge(record(), system({ ...downlevel, isolatedUserModeFlags: 0xfffffffe }));
      assert.equal(judged.verdict, 'ordinary');
      assert.equal(judged.evidence, 'derived');
    });

    test('a clear bit is ordinary, but only assumed, where class 165 does not exist', () => {
      const judged = judge(
        record(),
        system({ build: 9600, isolatedUserModeStatus: 0xc0000003, isolatedUserModeFlags: null }),
      );
      assert.equal(judged.verdict, 'ordinary');
      assert.equal(judged.evidence, 'assumed');
    });

    test('a clear bit is unknown where class 165 fails in any other way', () => {
      const judged = judge(
        record(),
        system({ ...downlevel, isolatedUserModeStatus: 0xc0000022, isolatedUserModeFlags: null }),
      );
      assert.equal(judged.reason, 'downlevel-bit');
      assert.equal(judged.status, 0xc0000022);
    });

    test('a clear bit is unknown where class 165 failed, even if a clear word is lying around', () => {
      const failed = { ...downlevel, isolatedUserModeStatus: 0xc0000004, isolatedUserModeFlags: 0 };
      assert.equal(judge(record(), system(failed)).reason, 'downlevel-bit');
    });

    test('a clear bit is unknown where class 165 gave an informational status, which promises no word', () => {
      const judged = judge(
        record(),
        system({ ...downlevel, isolatedUserModeStatus: 0x40000000, isolatedUserModeFlags: 0 }),
      );
      assert.equal(judged.verdict, 'unknown');
      assert.equal(judged.reason, 'downlevel-bit');
      assert.equal(judged.status, 0x40000000);
    });

    test('a clear bit is unknown where class 165 succeeded without a word to read', () => {
      assert.equal(judge(record(), system({ ...downlevel, isolatedUserModeFlags: null })).verdict, 'unknown');
    });

    test('build 15063 itself promises the bit', () => {
      assert.equal(judge(record(), system({ build: 15063 })).verdict, 'ordinary');
      assert.equal(judge(record(), system({ build: 15062 })).verdict, 'unknown');
    });
  });
});
