/** Who asks: this user, who may be refused, or the kernel, whom nothing refuses. A host keeps one half of these promises. */
import assert from 'node:assert/strict';
import type { Decision, GuardOperation } from '../../types.js';
import type { ContractCase, HostMachine } from './host.js';

const AS_USER = ['extended-query', 'scenarios', 'asks-as-user'] as const;
const AS_KERNEL = ['extended-query', 'scenarios', 'asks-as-kernel'] as const;

const refusal = (machine: HostMachine, label: string, operation: GuardOperation): Decision => {
  const pid = machine.pidOf(label);
  assert.throws(() => machine.vsm.guard.run(pid, operation, () => assert.fail('the callback was entered')), {
    code: 'ERR_TRUSTLET_REFUSED',
  });
  return machine.vsm.guard.check(pid, operation);
};

/** The next open of `ordinary` is refused, as where the operation's rights are granted and the query right is not. */
const refuseQueryRight = (machine: HostMachine): void =>
  machine.fail('NtOpenProcess', { status: 'STATUS_ACCESS_DENIED', label: 'ordinary', nth: 1 });

const userCases: readonly ContractCase[] = [
  {
    title: 'a process that refuses this user the query right is unknown, with the status',
    needs: AS_USER,
    run: (machine) => {
      const pid = machine.pidOf('unaskable');
      const found = machine.vsm.query(pid);
      assert.equal(found.verdict, 'unknown');
      assert.equal(found.reason, 'access-denied');
      assert.equal(found.statusName, 'STATUS_ACCESS_DENIED');
      assert.throws(() => machine.vsm.isSecureProcess(pid), { code: 'ERR_TRUSTLET_UNKNOWN', pid });
    },
  },
  {
    title: 'an open that fails is unknown with its status',
    needs: [...AS_USER, 'fail'],
    run: (machine) => {
      machine.fail('NtOpenProcess', { status: 'STATUS_INSUFFICIENT_RESOURCES', label: 'ordinary' });
      const found = machine.vsm.query(machine.pidOf('ordinary'));
      assert.equal(found.verdict, 'unknown');
      assert.equal(found.reason, 'query-failed');
      assert.equal(found.statusName, 'STATUS_INSUFFICIENT_RESOURCES');
      assert.equal(machine.vsm.query(machine.pidOf('trustlet')).verdict, 'secure');
    },
  },
  {
    title: 'a census lists what refuses this user as unknown, with its identity',
    needs: AS_USER,
    run: (machine) => {
      const census = machine.vsm.census();
      const found = census.find(machine.pidOf('unaskable'));
      assert.equal(found?.verdict, 'unknown');
      assert.equal(found?.reason, 'access-denied');
      assert.equal(found?.name, 'locked.exe');
      assert.ok(found?.startKey !== null && found?.createTime !== null);
      assert.deepEqual(census.counts(), { total: 15, secure: 4, ordinary: 8, unknown: 3, pseudo: 5 });
    },
  },
  {
    title: 'the guard refuses what this user may not ask about',
    needs: AS_USER,
    run: (machine) => {
      const decision = refusal(machine, 'unaskable', 'read');
      assert.equal(decision.reason, 'access-denied');
      assert.equal(decision.verdict, 'unknown');
      assert.equal(decision.statusName, 'STATUS_ACCESS_DENIED');
    },
  },
  {
    title: 'where only the query right is refused, the guard refuses and says so',
    needs: [...AS_USER, 'fail', 'handle-count'],
    run: (machine) => {
      refuseQueryRight(machine);
      const decision = machine.vsm.guard.check(machine.pidOf('ordinary'), 'read');
      assert.equal(decision.decision, 'refuse');
      assert.equal(decision.reason, 'query-right-denied');
      assert.equal(machine.openHandles(), 0);
    },
  },
];

const kernelCases: readonly ContractCase[] = [
  {
    title: 'a process that refuses this user is answered by the kernel, and so is one that cannot be opened',
    needs: [...AS_KERNEL, 'fail'],
    run: (machine) => {
      machine.fail('NtOpenProcess', { status: 'STATUS_INSUFFICIENT_RESOURCES', label: 'trustlet' });
      assert.equal(machine.vsm.query(machine.pidOf('unaskable')).verdict, 'ordinary');
      assert.equal(machine.vsm.isSecureProcess(machine.pidOf('trustlet')), true);
      assert.equal(machine.vsm.isSecureProcess(machine.pidOf('unaskable')), false);
    },
  },
  {
    title: 'a census answers for what refuses this user, with its identity',
    needs: AS_KERNEL,
    run: (machine) => {
      const census = machine.vsm.census();
      const found = census.find(machine.pidOf('unaskable'));
      assert.equal(found?.verdict, 'ordinary');
      assert.equal(found?.name, 'locked.exe');
      assert.ok(found?.startKey !== null && found?.createTime !== null);
      assert.deepEqual(census.counts(), { total: 15, secure: 4, ordinary: 9, unknown: 2, pseudo: 5 });
    },
  },
  {
    title: 'what the kernel answers for gives this user no right: the guard refuses, and does not call it a trustlet',
    needs: [...AS_KERNEL, 'handle-count'],
    run: (machine) => {
      const decision = refusal(machine, 'unaskable', 'read');
      assert.equal(decision.reason, 'rights-denied');
      assert.equal(decision.verdict, 'ordinary');
      assert.equal(decision.statusName, 'STATUS_ACCESS_DENIED');
      assert.equal(machine.openHandles(), 0);
    },
  },
  {
    title:
      'where only the query right is refused, the handle is examined all the same, and has the operation’s rights alone',
    needs: [...AS_KERNEL, 'fail', 'handle-count'],
    run: (machine) => {
      const pid = machine.pidOf('ordinary');
      refuseQueryRight(machine);
      machine.vsm.guard.run(pid, 'read', (held) => {
        assert.equal(held.pid, pid);
        assert.equal(held.rights, 0x10);
        assert.equal(held.facts.verdict, 'ordinary');
        assert.equal(machine.openHandles(), 1);
      });
      machine.fail('NtOpenProcess', { status: 'STATUS_ACCESS_DENIED', label: 'trustlet', nth: 1 });
      assert.equal(machine.vsm.guard.check(machine.pidOf('trustlet'), 'read').reason, 'secure');
      assert.equal(machine.openHandles(), 0);
    },
  },
];

export const askingCases: readonly ContractCase[] = [...userCases, ...kernelCases];
