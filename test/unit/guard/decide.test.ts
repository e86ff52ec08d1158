import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { adviceFor, type DecisionInput, decide } from '../../../lib/guard/decide.js';
import { type OperationEntry, operationEntry } from '../../../lib/guard/operations.js';
import type { Judgement } from '../../../lib/guard/verdict.js';
import type { DecisionReason, GuardOperation } from '../../../lib/types.js';

const secure: Judgement = { verdict: 'secure', reason: 'secure-bit-set', evidence: 'documented', status: 0 };
const ordinary: Judgement = { verdict: 'ordinary', reason: 'secure-bit-clear', evidence: 'documented', status: 0 };
const failed: Judgement = { verdict: 'unknown', reason: 'query-failed', evidence: 'documented', status: 0xc000009d };

const entries = (...names: GuardOperation[]): OperationEntry[] =>
  names.map((name) => {
    const entry = operationEntry(name);
    assert.ok(entry);
    return entry;
  });

const input = (over: Partial<DecisionInput>): DecisionInput => ({
  operations: entries('read'),
  accepted: new Set(),
  acquisition: { outcome: 'examined' },
  judgement: ordinary,
  identity: 'unchecked',
  thread: null,
  ...over,
});

const reasonOf = (over: Partial<DecisionInput>): string => {
  const { decision, reason } = decide(input(over));
  return `${decision} ${reason}`;
};

describe('decide', () => {
  test('allows an examined ordinary target', () => {
    assert.deepEqual(decide(input({})), {
      decision: 'allow',
      verdict: 'ordinary',
      reason: 'ordinary',
      status: 0,
      evidence: 'documented',
    });
    assert.equal(reasonOf({ identity: 'same', thread: 'paired' }), 'allow ordinary');
  });

  test('refuses every isolation operation on a trustlet', () => {
    for (const name of [
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
    ] as const) {
      assert.equal(reasonOf({ operations: entries(name), judgement: secure }), 'refuse secure', name);
    }
  });

  test('refuses availability operations on a trustlet unless each is accepted by name', () => {
    for (const name of ['suspend', 'terminate', 'duplicate-handle'] as const) {
      assert.equal(reasonOf({ operations: entries(name), judgement: secure }), 'refuse availability', name);
      assert.equal(
        reasonOf({ operations: entries(name), judgement: secure, accepted: new Set([name]) }),
        'allow availability-accepted',
        name,
      );
    }
    const both = entries('terminate', 'duplicate-handle');
    assert.equal(
      reasonOf({ operations: both, judgement: secure, accepted: new Set(['terminate']) }),
      'refuse availability',
    );
  });

  test('an accepted availability operation does not carry an isolation one with it', () => {
    const mixed = entries('terminate', 'read');
    assert.equal(
      reasonOf({ operations: mixed, judgement: secure, accepted: new Set(['terminate', 'read']) }),
      'refuse secure',
    );
  });

  test('accepting by name never lets unknown pass', () => {
    assert.equal(
      reasonOf({ operations: entries('terminate'), judgement: failed, accepted: new Set(['terminate']) }),
      'refuse query-failed',
    );
  });

  test('an unknown verdict refuses with its own reason and status', () => {
    const decision = decide(input({ judgement: failed }));
    assert.equal(decision.reason, 'query-failed');
    assert.equal(decision.status, 0xc000009d);
  });

  test('another identity refuses before anything else, and its verdict is not reported as the target’s', () => {
    for (const judgement of [secure, ordinary, failed]) {
      const decision = decide(input({ judgement, identity: 'other' }));
      assert.equal(decision.reason, 'identity-mismatch');
      assert.equal(decision.verdict, 'unknown');
    }
  });

  test('a thread that does not belong to the process refuses; one that has ended refuses', () => {
    assert.equal(reasonOf({ operations: entries('queue-apc'), thread: 'unpaired' }), 'refuse thread-mismatch');
    assert.equal(reasonOf({ operations: entries('queue-apc'), thread: 'exited' }), 'refuse thread-exited');
    assert.equal(reasonOf({ operations: entries('queue-apc'), thread: 'exited', judgement: secure }), 'refuse secure');
  });

  test('an unopened target is never allowed: rights refused', () => {
    const acquisition = { outcome: 'not-opened', status: 0xc0000022 } as const;
    assert.equal(reasonOf({ acquisition }), 'refuse rights-denied');
    assert.equal(reasonOf({ acquisition, judgement: secure }), 'refuse secure');
    assert.equal(reasonOf({ acquisition, judgement: failed }), 'refuse query-failed');
  });

  test('an unopened target that a later query found ordinary is still judged by the open that failed', () => {
    const decision = decide(input({ acquisition: { outcome: 'not-opened', status: 0xc000000b } }));
    assert.equal(decision.reason, 'gone');
    assert.equal(decision.verdict, 'unknown');
    assert.equal(decision.status, 0xc000000b);
  });

  test('accepted availability on a trustlet that could not be opened is refused for its rights', () => {
    const acquisition = { outcome: 'not-opened', status: 0xc0000022 } as const;
    const decision = decide(
      input({ acquisition, operations: entries('terminate'), judgement: secure, accepted: new Set(['terminate']) }),
    );
    assert.equal(decision.decision, 'refuse');
    assert.equal(decision.reason, 'rights-denied');
  });

  test('rights without the query right refuse when the backend cannot examine', () => {
    const decision = decide(input({ acquisition: { outcome: 'not-queryable', status: 0xc0000022 } }));
    assert.equal(decision.reason, 'query-right-denied');
    assert.equal(decision.verdict, 'unknown');
  });

  test('asking for nothing on a trustlet is an isolation matter', () => {
    assert.equal(reasonOf({ operations: [], judgement: secure, accepted: new Set(['terminate']) }), 'refuse secure');
  });

  test('a situation nobody thought of is refused, whatever else is said', () => {
    const nonsense = [
      { identity: 'similar' },
      { thread: 'resting' },
      { acquisition: { outcome: 'borrowed', status: 0 } },
      { judgement: { ...ordinary, verdict: 'innocent' } },
      { identity: undefined },
    ] as unknown as Partial<DecisionInput>[];
    for (const over of nonsense) {
      assert.deepEqual(
        decide(input({ thread: 'paired', ...over })),
        { decision: 'refuse', verdict: 'unknown', reason: 'query-failed', status: 0, evidence: 'documented' },
        JSON.stringify(over),
      );
    }
  });

  test('every reason has its advice, a sentence', () => {
    const reasons: DecisionReason[] = [
      'ordinary',
      'secure',
      'availability',
      'availability-accepted',
      'exiting',
      'gone',
      'identity-mismatch',
      'access-denied',
      'idle-process',
      'query-failed',
      'downlevel-bit',
      'rights-denied',
      'query-right-denied',
      'thread-mismatch',
      'thread-exited',
      'invalid-handle',
      'deciders-disagree',
    ];
    for (const reason of reasons) assert.match(adviceFor(reason), /\.$/);
  });
});
