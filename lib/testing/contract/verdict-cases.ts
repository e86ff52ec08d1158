/** What every backend says of every kind of process. */
import assert from 'node:assert/strict';
import { TrustletError } from '../../errors.js';
import type { ProcessFacts } from '../../types.js';
import type { ContractCase, HostMachine } from './host.js';
import { contractScenarioOn } from './machine.js';

const NEEDS = ['extended-query', 'scenarios'] as const;

const facts = (machine: HostMachine, label: string): ProcessFacts => machine.vsm.query(machine.pidOf(label));

const isUnknown = (reason: string, expected: ProcessFacts): void => {
  assert.equal(expected.verdict, 'unknown');
  assert.equal(expected.reason, reason);
};

const KNOWN_PID_OF_NOBODY = 0x7fff_fff0;

export const verdictCases: readonly ContractCase[] = [
  {
    title: 'a trustlet is secure, by its bit alone',
    needs: NEEDS,
    run: (machine) => {
      for (const label of ['trustlet', 'disguised-trustlet', 'protected-trustlet']) {
        const found = facts(machine, label);
        assert.equal(found.verdict, 'secure', label);
        assert.equal(found.reason, 'secure-bit-set');
        assert.equal(found.evidence, 'documented');
        assert.equal(found.flags?.IsSecureProcess, true);
        assert.equal(found.status, 0);
        assert.equal(machine.vsm.isSecureProcess(machine.pidOf(label)), true);
      }
    },
  },
  {
    title: 'an ordinary process is ordinary, whatever its name says',
    needs: NEEDS,
    run: (machine) => {
      for (const label of ['ordinary', 'wow64', 'false-lsaiso', 'agent']) {
        const found = facts(machine, label);
        assert.equal(found.verdict, 'ordinary', label);
        assert.equal(found.reason, 'secure-bit-clear');
        assert.equal(machine.vsm.isSecureProcess(machine.pidOf(label)), false);
      }
      assert.equal(facts(machine, 'wow64').flags?.IsWow64Process, true);
    },
  },
  {
    title: 'protection is reported and is not isolation',
    needs: NEEDS,
    run: (machine) => {
      const ppl = facts(machine, 'ppl');
      assert.equal(ppl.verdict, 'ordinary');
      assert.deepEqual(ppl.protection, { raw: 0x41, type: 'ProtectedLight', signer: 'Lsa', audit: false });
      assert.equal(ppl.flags?.IsProtectedProcess, true);
      assert.equal(facts(machine, 'trustlet').protection?.type, 'None');
      assert.equal(facts(machine, 'protected-trustlet').protection?.raw, 0x61);
    },
  },
  {
    title: 'a process that is being deleted is unknown, not ordinary',
    needs: NEEDS,
    run: (machine) => {
      isUnknown('exiting', facts(machine, 'exiting'));
      assert.equal(facts(machine, 'exiting').flags?.IsProcessDeleting, true);
    },
  },
  {
    title: 'a pid nobody has is gone',
    needs: [],
    run: ({ vsm }) => isUnknown('gone', vsm.query(KNOWN_PID_OF_NOBODY)),
  },
  {
    title: 'a process that has ended is gone',
    needs: ['scenarios', 'exit'],
    run: (machine) => {
      const pid = machine.pidOf('ordinary');
      machine.exit('ordinary');
      isUnknown('gone', machine.vsm.query(pid));
    },
  },
  {
    title: 'Idle is unknown and a pseudo-process',
    needs: [],
    run: ({ vsm }) => {
      isUnknown('idle-process', vsm.query(0));
      assert.equal(vsm.query(0).pseudo, true);
    },
  },
  {
    title: 'isSecureProcess throws UNKNOWN for every kind of unknown',
    needs: NEEDS,
    run: (machine) => {
      for (const pid of [machine.pidOf('exiting'), 0, KNOWN_PID_OF_NOBODY]) {
        assert.throws(
          () => machine.vsm.isSecureProcess(pid),
          (error: unknown) =>
            error instanceof TrustletError && error.code === 'ERR_TRUSTLET_UNKNOWN' && error.pid === pid,
        );
      }
    },
  },
  {
    title: 'a failed extended query is unknown with its status, for trustlet and ordinary process alike',
    needs: [...NEEDS, 'fail'],
    run: (machine) => {
      machine.fail('NtQueryInformationProcess', { status: 'STATUS_INFO_LENGTH_MISMATCH', infoClass: 0 });
      for (const label of ['trustlet', 'ordinary', 'ppl']) {
        const found = facts(machine, label);
        isUnknown('query-failed', found);
        assert.equal(found.statusName, 'STATUS_INFO_LENGTH_MISMATCH');
        assert.equal(found.flags, null);
      }
    },
  },
  {
    title: 'a secure call that fails makes the trustlet unknown and leaves others alone',
    needs: [...NEEDS, 'fail'],
    run: (machine) => {
      machine.fail('SecureCall', { status: 'STATUS_DEVICE_NOT_CONNECTED' });
      isUnknown('query-failed', facts(machine, 'trustlet'));
      assert.equal(facts(machine, 'trustlet').statusName, 'STATUS_DEVICE_NOT_CONNECTED');
      assert.equal(facts(machine, 'ordinary').verdict, 'ordinary');
    },
  },
  {
    title: 'what is not needed for the verdict may fail without changing it',
    needs: [...NEEDS, 'fail'],
    run: (machine) => {
      machine.fail('NtQueryInformationProcess', { status: 'STATUS_INVALID_INFO_CLASS', infoClass: 61 });
      machine.fail('NtQueryInformationProcess', { status: 'STATUS_INVALID_INFO_CLASS', infoClass: 64 });
      const found = facts(machine, 'ordinary');
      assert.equal(found.verdict, 'ordinary');
      assert.equal(found.protection, null);
      assert.notEqual(found.createTime, null, 'class 4 gives the create time');
    },
  },
  {
    title: 'an identity is checked: the right one is answered, another is unknown',
    needs: NEEDS,
    run: (machine) => {
      const { pid, createTime, startKey } = facts(machine, 'ordinary');
      assert.ok(createTime !== null && startKey !== null);
      assert.equal(machine.vsm.query({ pid, createTime, startKey }).verdict, 'ordinary');
      isUnknown('identity-mismatch', machine.vsm.query({ pid, createTime: createTime + 1n }));
      isUnknown('identity-mismatch', machine.vsm.query({ pid, startKey: startKey + 1n }));
      assert.equal(
        machine.vsm.query({ pid, createTime, startKey: 0n }).verdict,
        'ordinary',
        'a start key of 0 is absent',
      );
    },
  },
  {
    title: 'a pid that came back as another process is not the one it was',
    needs: [...NEEDS, 'reuse'],
    run: (machine) => {
      const { pid, createTime, startKey } = facts(machine, 'ordinary');
      assert.ok(createTime !== null && startKey !== null);
      machine.reuse('ordinary', { label: 'newcomer', image: 'notepad.exe', trustlet: { id: 1 }, access: 'everyone' });
      assert.equal(machine.vsm.query(pid).verdict, 'secure');
      isUnknown('identity-mismatch', machine.vsm.query({ pid, createTime }));
      isUnknown('identity-mismatch', machine.vsm.query({ pid, startKey }));
    },
  },
  {
    title: 'queryMany is aligned with its input, duplicates and the gone included',
    needs: NEEDS,
    run: (machine) => {
      const [ordinary, trustlet] = [machine.pidOf('ordinary'), machine.pidOf('trustlet')];
      const many = machine.vsm.queryMany([trustlet, KNOWN_PID_OF_NOBODY, ordinary, trustlet]);
      assert.deepEqual(
        many.map(({ pid, verdict }) => [pid, verdict]),
        [
          [trustlet, 'secure'],
          [KNOWN_PID_OF_NOBODY, 'unknown'],
          [ordinary, 'ordinary'],
          [trustlet, 'secure'],
        ],
      );
    },
  },
  {
    title: 'every answer says which backend gave it and whether that is a real system',
    needs: [],
    run: ({ vsm }) => {
      const found = vsm.query(0);
      assert.equal(found.backend, vsm.backend.name);
      assert.equal(found.simulated, vsm.backend.simulated);
      assert.equal(vsm.posture().backend, vsm.backend.name);
      assert.equal(vsm.guard.check(0, 'read').simulated, vsm.backend.simulated);
    },
  },
  {
    title: 'before build 15063 with VSM running, a clear bit is unknown',
    needs: NEEDS,
    scenario: contractScenarioOn({ build: 14393, vsm: true, secureBit: 'absent' }),
    run: (machine) => {
      for (const label of ['ordinary', 'trustlet', 'ppl']) isUnknown('downlevel-bit', facts(machine, label));
    },
  },
  {
    title: 'before build 15063 a bit that is set all the same is believed',
    needs: NEEDS,
    scenario: contractScenarioOn({ build: 14393, vsm: true, secureBit: 'reported' }),
    run: (machine) => {
      assert.equal(facts(machine, 'trustlet').verdict, 'secure');
      assert.equal(facts(machine, 'trustlet').evidence, 'derived');
      isUnknown('downlevel-bit', facts(machine, 'ordinary'));
    },
  },
  {
    title: 'before build 15063 without VSM, a clear bit is ordinary',
    needs: NEEDS,
    scenario: contractScenarioOn({ build: 14393, vsm: false }),
    run: (machine) => {
      assert.equal(facts(machine, 'ordinary').verdict, 'ordinary');
      assert.equal(facts(machine, 'ordinary').evidence, 'derived');
    },
  },
  {
    title: 'where class 165 does not exist, a clear bit is ordinary and only assumed',
    needs: NEEDS,
    scenario: contractScenarioOn({ build: 9600, major: 6, minor: 3, vsm: false, missingClasses: [165] }),
    run: (machine) => {
      assert.equal(facts(machine, 'ordinary').verdict, 'ordinary');
      assert.equal(facts(machine, 'ordinary').evidence, 'assumed');
    },
  },
];

export const unanswerableCases: readonly ContractCase[] = [
  {
    title: 'without the extended query every live process is unknown and nothing is ever ordinary',
    needs: ['no-extended-query'],
    run: (machine) => {
      isUnknown('query-failed', facts(machine, 'ordinary'));
      for (const found of machine.vsm.census()) assert.equal(found.verdict, 'unknown', `pid ${found.pid}`);
      assert.throws(() => machine.vsm.isSecureProcess(machine.pidOf('ordinary')), { code: 'ERR_TRUSTLET_UNKNOWN' });
    },
  },
  {
    title: 'without the extended query the guard refuses every operation before its callback',
    needs: ['no-extended-query'],
    run: (machine) => {
      for (const operation of ['read', 'write', 'terminate', 'debug'] as const) {
        assert.throws(
          () =>
            machine.vsm.guard.run(machine.pidOf('ordinary'), operation, () => assert.fail('the callback was entered')),
          { code: 'ERR_TRUSTLET_REFUSED' },
        );
        assert.equal(machine.vsm.guard.check(machine.pidOf('ordinary'), operation).decision, 'refuse');
      }
    },
  },
];
