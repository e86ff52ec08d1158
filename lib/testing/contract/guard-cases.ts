/** What every backend's guard allows, refuses, holds and lets go of. */
import assert from 'node:assert/strict';
import { TrustletError } from '../../errors.js';
import { OPERATIONS } from '../../guard/operations.js';
import type { Decision, GuardOperation, Held, Target } from '../../types.js';
import type { ContractCase, HostMachine } from './host.js';

const NEEDS = ['extended-query', 'scenarios'] as const;

const entered = (): never => assert.fail('the callback was entered');

/** Demands a refusal before the callback, and the same answer from `check`. */
const refusal = (machine: HostMachine, target: Target, operation: GuardOperation): Decision => {
  let decision: Decision | undefined;
  assert.throws(
    () => machine.vsm.guard.run(target, operation, entered),
    (error: unknown) => {
      assert.ok(error instanceof TrustletError, String(error));
      assert.equal(error.code, 'ERR_TRUSTLET_REFUSED', error.message);
      decision = error.decision as Decision;
      return true;
    },
  );
  assert.ok(decision);
  assert.equal(decision.decision, 'refuse');
  assert.equal(machine.vsm.guard.check(target, operation).reason, decision.reason);
  return decision;
};

/** A target of the kind the operation acts on. */
const targetFor = (machine: HostMachine, label: string, operation: GuardOperation): Target => {
  const acts = OPERATIONS.find((entry) => entry.operation === operation)?.acts;
  return acts === 'thread' ? { tid: machine.tidOf(label), pid: machine.pidOf(label) } : machine.pidOf(label);
};

const nothingOpen = (machine: HostMachine): void => assert.equal(machine.openHandles(), 0, 'handles are still open');

const ALL: readonly GuardOperation[] = [
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
];

const AVAILABILITY: readonly GuardOperation[] = ['suspend', 'terminate', 'duplicate-handle'];

export const guardCases: readonly ContractCase[] = [
  {
    title: 'a process that runs now is ordinary, and the guard hands out a handle to it',
    needs: ['extended-query'],
    run: ({ vsm, pidOf }) => {
      const pid = pidOf('ordinary');
      assert.equal(vsm.isSecureProcess(pid), false);
      assert.equal(
        vsm.guard.run(pid, 'read', (held) => held.pid),
        pid,
      );
    },
  },
  {
    title: 'every operation on an ordinary process is allowed, on a handle that is its own',
    needs: [...NEEDS, 'handle-count'],
    run: (machine) => {
      for (const operation of ALL) {
        const target = targetFor(machine, 'ordinary', operation);
        const got = machine.vsm.guard.run(target, operation, (held) => {
          assert.equal(held.pid, machine.pidOf('ordinary'), operation);
          assert.equal(machine.openHandles(), 1);
          assert.equal(held.facts.verdict, 'ordinary');
          return held.handle;
        });
        assert.ok(got > 0n);
        assert.equal(machine.vsm.guard.check(target, operation).decision, 'allow', operation);
        nothingOpen(machine);
      }
    },
  },
  {
    title: 'every operation on a trustlet is refused before the callback, whatever its name and protection',
    needs: [...NEEDS, 'handle-count'],
    run: (machine) => {
      for (const label of ['trustlet', 'disguised-trustlet']) {
        for (const operation of ALL) {
          const decision = refusal(machine, targetFor(machine, label, operation), operation);
          assert.equal(decision.verdict, 'secure', operation);
          assert.equal(decision.reason, AVAILABILITY.includes(operation) ? 'availability' : 'secure', operation);
        }
      }
      assert.equal(refusal(machine, machine.pidOf('protected-trustlet'), 'read').reason, 'secure');
      nothingOpen(machine);
    },
  },
  {
    title: 'suspend, terminate and duplicate-handle go ahead on a trustlet only when accepted by name',
    needs: NEEDS,
    run: (machine) => {
      for (const operation of AVAILABILITY) {
        const target = targetFor(machine, 'trustlet', operation);
        const verdict = machine.vsm.guard.run(target, operation, (held) => held.facts.verdict, { accept: [operation] });
        assert.equal(verdict, 'secure');
      }
      const exiting = machine.pidOf('exiting');
      assert.throws(() => machine.vsm.guard.run(exiting, 'terminate', entered, { accept: ['terminate'] }), {
        code: 'ERR_TRUSTLET_REFUSED',
      });
    },
  },
  {
    title: 'what is unknown is refused, with the reason',
    needs: NEEDS,
    run: (machine) => {
      const exiting = refusal(machine, machine.pidOf('exiting'), 'read');
      assert.equal(exiting.reason, 'exiting');
      assert.ok(exiting.advice.length > 0);
    },
  },
  {
    title: 'a pid nobody has, and Idle, are refused',
    needs: [],
    run: (machine) => {
      assert.equal(refusal(machine, 0x7fff_fff0, 'write').reason, 'gone');
      assert.equal(refusal(machine, 0, 'write').reason, 'idle-process');
    },
  },
  {
    title: 'a protected process refuses the rights: refused, and not called a trustlet',
    needs: NEEDS,
    run: (machine) => {
      const decision = refusal(machine, machine.pidOf('ppl'), 'write');
      assert.equal(decision.reason, 'rights-denied');
      assert.equal(decision.verdict, 'ordinary');
      assert.equal(decision.statusName, 'STATUS_ACCESS_DENIED');
    },
  },
  {
    title: 'a query that fails at any point refuses, and nothing stays open',
    needs: [...NEEDS, 'fail', 'handle-count'],
    run: (machine) => {
      machine.fail('NtQueryInformationProcess', { status: 'STATUS_UNSUCCESSFUL', infoClass: 0, nth: 1 });
      assert.throws(() => machine.vsm.guard.run(machine.pidOf('ordinary'), 'read', entered), {
        code: 'ERR_TRUSTLET_REFUSED',
      });
      nothingOpen(machine);
      machine.fail('SecureCall', { status: 'STATUS_DEVICE_NOT_CONNECTED', label: 'trustlet' });
      assert.equal(refusal(machine, machine.pidOf('trustlet'), 'read').reason, 'query-failed');
      machine.fail('NtOpenProcess', { status: 'STATUS_INSUFFICIENT_RESOURCES', label: 'wow64' });
      assert.equal(refusal(machine, machine.pidOf('wow64'), 'read').reason, 'query-failed');
      nothingOpen(machine);
    },
  },
  {
    title: 'a list of operations unites the rights on one handle',
    needs: [...NEEDS, 'handle-count'],
    run: (machine) => {
      machine.vsm.guard.run(machine.pidOf('ordinary'), ['allocate', 'write', 'terminate'], (held) => {
        assert.equal(held.rights, 0x1029);
        assert.equal(machine.openHandles(), 1);
      });
    },
  },
  {
    title: 'a thread is held, its process examined, and the pair confirmed',
    needs: NEEDS,
    run: (machine) => {
      const { vsm } = machine;
      const tid = machine.tidOf('ordinary', 1);
      vsm.guard.run({ tid }, 'queue-apc', (held) => {
        assert.equal(held.tid, tid);
        assert.equal(held.pid, machine.pidOf('ordinary'));
        assert.equal(held.rights, 0x810);
      });
      assert.equal(refusal(machine, { tid: machine.tidOf('trustlet') }, 'queue-apc').reason, 'secure');
      assert.equal(refusal(machine, { tid, pid: machine.pidOf('wow64') }, 'queue-apc').reason, 'identity-mismatch');
      assert.equal(refusal(machine, { tid: 0x7fff_fff0 }, 'queue-apc').reason, 'gone');
    },
  },
  {
    title: 'a thread that will not say whose it is, or whether it lives, is refused',
    needs: [...NEEDS, 'fail', 'handle-count'],
    run: (machine) => {
      const target = { tid: machine.tidOf('ordinary') };
      machine.fail('NtQueryInformationThread', { status: 'STATUS_UNSUCCESSFUL', infoClass: 20 });
      assert.equal(refusal(machine, target, 'queue-apc').reason, 'thread-mismatch');
      machine.fail('NtQueryInformationThread', { status: 'STATUS_UNSUCCESSFUL', infoClass: 0 });
      assert.equal(refusal(machine, target, 'queue-apc').reason, 'thread-mismatch');
      nothingOpen(machine);
    },
  },
  {
    title: 'an identity from an event is checked, and an old one refused after its pid was reused',
    needs: [...NEEDS, 'reuse'],
    run: (machine) => {
      const { pid, createTime, startKey } = machine.vsm.query(machine.pidOf('ordinary'));
      assert.ok(createTime !== null && startKey !== null);
      assert.equal(
        machine.vsm.guard.run({ pid, createTime, startKey }, 'read', ({ pid: held }) => held),
        pid,
      );
      assert.equal(refusal(machine, { pid, createTime: createTime + 1n }, 'read').reason, 'identity-mismatch');
      machine.reuse('ordinary', { label: 'newcomer', image: 'notepad.exe', access: 'everyone' });
      assert.equal(refusal(machine, { pid, createTime }, 'read').reason, 'identity-mismatch');
      assert.equal(refusal(machine, { pid, startKey }, 'read').reason, 'identity-mismatch');
      assert.equal(machine.vsm.guard.check(pid, 'read').decision, 'allow', 'the newcomer itself is ordinary');
    },
  },
  {
    title: 'a pid that came back as a trustlet is refused',
    needs: [...NEEDS, 'reuse'],
    run: (machine) => {
      const pid = machine.pidOf('ordinary');
      machine.reuse('ordinary', { label: 'newcomer', image: 'notepad.exe', trustlet: { id: 1 }, access: 'everyone' });
      assert.equal(refusal(machine, pid, 'read').reason, 'secure');
    },
  },
  {
    title: 'while a process is held its pid cannot be reused, even if it ends',
    needs: [...NEEDS, 'reuse', 'exit'],
    run: (machine) => {
      const newcomer = { label: 'newcomer', image: 'notepad.exe', trustlet: { id: 1 }, access: 'everyone' } as const;
      machine.vsm.guard.run(machine.pidOf('ordinary'), 'read', () => {
        machine.exit('ordinary');
        assert.throws(() => machine.reuse('ordinary', newcomer));
      });
      machine.reuse('ordinary', newcomer);
    },
  },
  {
    title: 'while a thread is held the pid of its process cannot be reused',
    needs: [...NEEDS, 'reuse', 'exit'],
    run: (machine) => {
      const newcomer = { label: 'newcomer', image: 'notepad.exe', trustlet: { id: 1 }, access: 'everyone' } as const;
      machine.vsm.guard.run({ tid: machine.tidOf('ordinary') }, 'queue-apc', () => {
        machine.exit('ordinary');
        assert.throws(() => machine.reuse('ordinary', newcomer));
      });
      machine.reuse('ordinary', newcomer);
    },
  },
  {
    title: 'a handle of the caller’s own is duplicated, examined and let go of',
    needs: [...NEEDS, 'handle-count'],
    run: (machine) => {
      const { guard } = machine.vsm;
      guard.run(machine.pidOf('ordinary'), 'read', (outer) => {
        guard.run({ handle: outer.handle, kind: 'process' }, 'write', (inner) => {
          assert.notEqual(inner.handle, outer.handle);
          assert.equal(inner.pid, outer.pid);
          assert.equal(machine.openHandles(), 2);
        });
        assert.equal(machine.openHandles(), 1);
        assert.throws(() => guard.run({ handle: outer.handle, kind: 'thread' }, 'queue-apc', entered), {
          code: 'ERR_TRUSTLET_REFUSED',
        });
      });
      assert.equal(
        refusal(machine, { handle: 0x7fff_fff0n, kind: 'process' }, 'read').statusName,
        'STATUS_INVALID_HANDLE',
      );
      nothingOpen(machine);
    },
  },
  {
    title: 'the handle is let go of when the callback throws, and reading it later throws RELEASED',
    needs: [...NEEDS, 'handle-count'],
    run: (machine) => {
      let kept: Held | undefined;
      assert.throws(
        () =>
          machine.vsm.guard.run(machine.pidOf('ordinary'), 'read', (held) => {
            kept = held;
            throw new Error('thrown by the callback');
          }),
        /thrown by the callback/,
      );
      nothingOpen(machine);
      assert.throws(() => kept?.handle, { code: 'ERR_TRUSTLET_RELEASED' });
    },
  },
  {
    title: 'a promise holds the handle until it settles, either way',
    needs: [...NEEDS, 'handle-count'],
    run: async (machine) => {
      const pid = machine.pidOf('ordinary');
      const settled = machine.vsm.guard.run(pid, 'read', async (held) => {
        await Promise.resolve();
        return held.handle > 0n;
      });
      assert.equal(machine.openHandles(), 1);
      assert.equal(await settled, true);
      nothingOpen(machine);
      await assert.rejects(
        machine.vsm.guard.run(pid, 'read', () => Promise.reject(new Error('rejected by the callback'))),
        /rejected by the callback/,
      );
      nothingOpen(machine);
    },
  },
  {
    title: 'closing during a run refuses new calls and keeps the held handle until its callback settles',
    needs: [...NEEDS, 'handle-count'],
    run: async (machine) => {
      const { vsm } = machine;
      const pid = machine.pidOf('ordinary');
      const running = vsm.guard.run(pid, 'read', async (held) => {
        vsm.close();
        await Promise.resolve();
        assert.equal(machine.openHandles(), 1);
        return held.handle;
      });
      assert.throws(() => vsm.guard.run(pid, 'read', entered), { code: 'ERR_TRUSTLET_CLOSED' });
      assert.throws(() => vsm.query(pid), { code: 'ERR_TRUSTLET_CLOSED' });
      assert.ok((await running) > 0n);
      nothingOpen(machine);
    },
  },
  {
    title: 'nothing stays open after questions of every kind',
    needs: ['scenarios', 'handle-count'],
    run: (machine) => {
      const { vsm } = machine;
      vsm.census();
      vsm.posture();
      for (const { label } of [
        { label: 'ordinary' },
        { label: 'trustlet' },
        { label: 'unaskable' },
        { label: 'exiting' },
      ]) {
        vsm.query(machine.pidOf(label));
        vsm.explain(machine.pidOf(label));
        vsm.guard.check(machine.pidOf(label), 'write');
      }
      nothingOpen(machine);
    },
  },
];
