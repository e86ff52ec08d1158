/** The census and explanations. */
import assert from 'node:assert/strict';
import { TrustletError } from '../../errors.js';
import type { ContractCase } from './host.js';
import { contractScenario, contractScenarioOn } from './machine.js';

const NEEDS = ['extended-query', 'scenarios'] as const;

export const censusCases: readonly ContractCase[] = [
  {
    title: 'a census has every process exactly once',
    needs: ['scenarios'],
    run: (machine) => {
      const pids = [...machine.vsm.census()].map(({ pid }) => pid).sort((a, b) => a - b);
      const expected = contractScenario.processes.map(({ label }) => machine.pidOf(label)).sort((a, b) => a - b);
      assert.deepEqual(pids, expected);
    },
  },
  {
    title: 'a census lists the caller itself',
    needs: [],
    run: (machine) => {
      const found = machine.vsm.census().find(machine.pidOf('agent'));
      assert.equal(found?.pid, machine.pidOf('agent'));
      assert.equal(machine.vsm.backend.callerPid, machine.pidOf('agent'));
      assert.notEqual(found?.createTime, null);
    },
  },
  {
    title: 'a census agrees with a query of each process',
    needs: NEEDS,
    run: (machine) => {
      for (const listed of machine.vsm.census()) {
        const asked = machine.vsm.query(listed.pid);
        assert.equal(listed.verdict, asked.verdict, listed.name ?? '');
        assert.equal(listed.reason, asked.reason);
        assert.deepEqual(listed.flags, asked.flags);
        assert.deepEqual(listed.protection, asked.protection);
        if (asked.createTime !== null) {
          assert.equal(listed.createTime, asked.createTime);
          assert.equal(listed.startKey, asked.startKey);
        }
      }
    },
  },
  {
    title: 'a census gives names, parents, sessions and classification',
    needs: NEEDS,
    run: (machine) => {
      const census = machine.vsm.census();
      const found = census.find(machine.pidOf('ordinary'));
      assert.equal(found?.name, 'notepad.exe');
      assert.equal(found?.parentPid, machine.pidOf('agent'));
      assert.equal(found?.sessionId, 1);
      assert.equal(found?.classification, 'Normal');
      assert.equal(found?.pseudo, false);
      const classifications = ['secure-system', 'registry', 'memory-compression', 'system'].map(
        (label) => census.find(machine.pidOf(label))?.classification,
      );
      assert.deepEqual(classifications, ['SecureSystem', 'Registry', 'MemCompression', 'System']);
      assert.equal(census.find(machine.pidOf('trustlet'))?.classification, 'Normal', 'a trustlet is not Secure System');
    },
  },
  {
    title: 'a census keeps failing queries unknown',
    needs: [...NEEDS, 'fail'],
    run: (machine) => {
      machine.fail('NtQueryInformationProcess', { status: 'STATUS_UNSUCCESSFUL', infoClass: 0, label: 'trustlet' });
      const census = machine.vsm.census();
      assert.equal(census.find(machine.pidOf('trustlet'))?.verdict, 'unknown');
      assert.equal(census.find(machine.pidOf('disguised-trustlet'))?.verdict, 'secure');
    },
  },
  {
    title: 'a process list that does not fit at first is read with a larger buffer',
    needs: [...NEEDS, 'fail'],
    run: (machine) => {
      machine.fail('NtQuerySystemInformation', { status: 'STATUS_INFO_LENGTH_MISMATCH', infoClass: 5, nth: 1 });
      assert.equal(machine.vsm.census().length, 15);
    },
  },
  {
    title: 'a process list that cannot be read is a lost backend, with its status',
    needs: [...NEEDS, 'fail'],
    run: (machine) => {
      machine.fail('NtQuerySystemInformation', { status: 'STATUS_INSUFFICIENT_RESOURCES', infoClass: 5 });
      assert.throws(
        () => machine.vsm.census(),
        (error: unknown) =>
          error instanceof TrustletError &&
          error.code === 'ERR_TRUSTLET_BACKEND' &&
          error.ntstatusName === 'STATUS_INSUFFICIENT_RESOURCES',
      );
    },
  },
  {
    title: 'without the list’s extension (before 1709) there is no classification, and everything else stands',
    needs: NEEDS,
    scenario: contractScenarioOn({ build: 15063, vsm: true }),
    run: (machine) => {
      const found = machine.vsm.census().find(machine.pidOf('trustlet'));
      assert.equal(found?.classification, null);
      assert.equal(found?.verdict, 'secure');
      assert.equal(machine.vsm.census().find(machine.pidOf('ordinary'))?.verdict, 'ordinary');
    },
  },
  {
    title: 'explain names isolation, protection, access control, exit and pseudo-processes',
    needs: NEEDS,
    run: (machine) => {
      const cause = (label: string, error?: number): string =>
        machine.vsm.explain(machine.pidOf(label), error).causes[0]?.cause ?? '';
      assert.equal(cause('trustlet', 998), 'isolated');
      assert.equal(cause('ppl', 5), 'protected');
      assert.equal(cause('unaskable', 5), 'access-control');
      assert.equal(cause('exiting'), 'exited');
      assert.equal(cause('registry'), 'pseudo-process');
      assert.equal(cause('secure-system'), 'isolated');
      assert.equal(cause('ordinary'), 'none');
      assert.match(machine.vsm.explain(machine.pidOf('trustlet')).summary, /LsaIso\.exe/);
    },
  },
];
