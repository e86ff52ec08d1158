import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { Opinion } from '../../../lib/backend.js';
import type { DecisionCore } from '../../../lib/guard/decide.js';
import { reconcile } from '../../../lib/guard/reconcile.js';
import { Vsm } from '../../../lib/vsm.js';
import { FakeBackend } from '../../support/fake-backend.js';
import { decisionOf, never } from '../../support/refusals.js';

const ALLOW: DecisionCore = {
  decision: 'allow',
  verdict: 'ordinary',
  reason: 'ordinary',
  status: 0,
  evidence: 'documented',
};
const SECURE: DecisionCore = {
  decision: 'refuse',
  verdict: 'secure',
  reason: 'secure',
  status: 0,
  evidence: 'documented',
};

describe('a second decider', () => {
  test('that says nothing, or the same, changes nothing', () => {
    assert.deepEqual(reconcile(ALLOW, null), { core: ALLOW, advice: 'Act inside the callback, on held.handle.' });
    assert.equal(reconcile(ALLOW, { ...ALLOW }).core, ALLOW);
    assert.equal(reconcile(SECURE, { ...SECURE }).core, SECURE);
  });

  test('may have another reason, status or evidence', () => {
    const opinion: Opinion = { ...SECURE, reason: 'availability', status: 0xc0000022, evidence: 'derived' };
    assert.equal(reconcile(SECURE, opinion).core, SECURE);
  });

  test('that would refuse what this package allows refuses it, and both are told', () => {
    const { core, advice } = reconcile(ALLOW, { ...SECURE, status: 0xc0000001 });
    assert.deepEqual(core, {
      decision: 'refuse',
      verdict: 'unknown',
      reason: 'deciders-disagree',
      status: 0xc0000001,
      evidence: 'assumed',
    });
    assert.equal(
      advice,
      'The driver says refuse (secure, secure), this package says allow (ordinary, ordinary). ' +
        'Where the driver and this package disagree the guard refuses: update both to the same version.',
    );
  });

  test('that would allow what this package refuses does not get its way', () => {
    const { core, advice } = reconcile({ ...SECURE, status: 0xc000009d }, { ...ALLOW, status: 5 });
    assert.deepEqual([core.decision, core.verdict, core.reason], ['refuse', 'unknown', 'deciders-disagree']);
    assert.equal(core.status, 0xc000009d, 'our own status comes first');
    assert.match(
      advice,
      /^The driver says allow \(ordinary, ordinary\), this package says refuse \(secure, secure\)\./,
    );
  });

  test('that refuses the same for another verdict is told too', () => {
    const { core } = reconcile(SECURE, { ...SECURE, verdict: 'unknown', reason: 'query-failed' });
    assert.deepEqual([core.decision, core.reason], ['refuse', 'deciders-disagree']);
  });

  test('that allows the same for another verdict refuses', () => {
    assert.equal(reconcile(ALLOW, { ...ALLOW, verdict: 'secure' }).core.decision, 'refuse');
  });

  test('nothing but two equal answers ever allows', () => {
    const decision = fc.constantFrom('allow' as const, 'refuse' as const);
    const verdict = fc.constantFrom('secure' as const, 'ordinary' as const, 'unknown' as const);
    const answer = fc.record({
      decision,
      verdict,
      reason: fc.constantFrom('ordinary' as const, 'secure' as const, 'query-failed' as const, 'gone' as const),
      status: fc.nat({ max: 0xffffffff }),
      evidence: fc.constantFrom('documented' as const, 'derived' as const, 'assumed' as const),
    });
    fc.assert(
      fc.property(answer, answer, (own, opinion) => {
        const { core } = reconcile(own, opinion);
        const same = own.decision === opinion.decision && own.verdict === opinion.verdict;
        assert.deepEqual(core.decision, same ? own.decision : 'refuse');
        assert.equal(core.reason === 'deciders-disagree', !same);
      }),
    );
  });
});

describe('the guard with a second decider', () => {
  const withOpinion = (opinion: Opinion | null): { backend: FakeBackend; vsm: Vsm } => {
    const backend = new FakeBackend();
    backend.addProcess(100);
    backend.addThread(120, { pid: 100, grants: 0x1fffff });
    backend.opinion = opinion;
    return { backend, vsm: new Vsm(backend, undefined) };
  };

  test('goes on where both allow, and tells it what the handle is for', () => {
    const { backend, vsm } = withOpinion({ ...ALLOW });
    const createTime = 0x1d0000000000000n;
    assert.equal(
      vsm.guard.run({ pid: 100, createTime }, 'terminate', () => 'in'),
      'in',
    );
    assert.deepEqual(backend.intentions, [
      { operations: ['terminate'], accepted: [], access: 0x1001, expected: { pid: 100, createTime, startKey: null } },
    ]);
  });

  test('refuses before the callback where it differs, and closes the handle', () => {
    const { backend, vsm } = withOpinion({ ...SECURE });
    const decision = decisionOf(() => vsm.guard.run(100, 'read', never));
    assert.equal(decision.reason, 'deciders-disagree');
    assert.equal(decision.verdict, 'unknown');
    assert.match(decision.advice, /The driver says refuse \(secure, secure\), this package says allow/);
    assert.equal(decision.pid, 100);
    assert.equal(backend.openHandles.size, 0);
    assert.equal(vsm.guard.check(100, 'read').reason, 'deciders-disagree');
  });

  test('what is accepted is told, and nothing is intended where the operation acts on another kind', () => {
    const { backend, vsm } = withOpinion({ ...ALLOW });
    vsm.guard.check(100, 'terminate', { accept: ['terminate', 'suspend'] });
    assert.deepEqual(backend.intentions.at(-1)?.accepted, ['terminate', 'suspend']);
    backend.opinion = null;
    vsm.guard.check(100, 'queue-apc');
    assert.equal(backend.intentions.at(-1), null);
  });

  test('of another thread than was asked for its opinion counts for nothing, and it is refused', () => {
    const { backend, vsm } = withOpinion({ ...ALLOW });
    backend.addThread(120, { pid: 100, grants: 0x1fffff, reports: 124 });
    assert.equal(decisionOf(() => vsm.guard.run({ tid: 120 }, 'suspend', never)).reason, 'thread-mismatch');
  });
});

describe('rights that an open granted in word only', () => {
  test('are refused as if the open had refused them: a filter of another product may take them from a handle', () => {
    const backend = new FakeBackend();
    backend.addProcess(100);
    backend.addProcess(104, { flags: 0x80 });
    const vsm = new Vsm(backend, undefined);
    backend.grantedAccess = 0x1000;
    const decision = decisionOf(() => vsm.guard.run(100, 'read', never));
    assert.equal(decision.reason, 'rights-denied');
    assert.equal(decision.verdict, 'ordinary');
    assert.equal(decision.statusName, 'STATUS_ACCESS_DENIED');
    assert.equal(decisionOf(() => vsm.guard.run(104, 'read', never)).reason, 'secure');
    assert.equal(backend.openHandles.size, 0);
    backend.grantedAccess = 0x1fffff;
    assert.equal(
      vsm.guard.run(100, 'read', (held) => held.rights),
      0x1010,
    );
  });

  test('the highest bit of a mask is a right as any other', () => {
    const backend = new FakeBackend();
    backend.addProcess(100);
    backend.grantedAccess = 0xffffffff;
    assert.equal(new Vsm(backend, undefined).guard.check(100, 'read').decision, 'allow');
  });
});
