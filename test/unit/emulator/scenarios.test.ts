import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { resolveScenario } from '../../../lib/emulator/resolve-scenario.js';
import type { ResolvedProcess, Scenario } from '../../../lib/emulator/scenario.js';
import { parseScenario } from '../../../lib/emulator/scenario-schema.js';
import { builtInScenario, scenarioNames } from '../../../lib/emulator/scenarios/index.js';

const scenarioOf = (name: string): Scenario => {
  const scenario = builtInScenario(name);
  assert.ok(scenario !== undefined);
  return scenario;
};

const processesOf = (name: string): Map<string, ResolvedProcess> =>
  new Map(resolveScenario(scenarioOf(name)).processes.map((process) => [process.label, process]));

const trustletsOf = (name: string): string[] =>
  [...processesOf(name).values()].filter(({ entry }) => entry.trustlet !== undefined).map(({ label }) => label);

describe('built-in scenarios', () => {
  test('are these', () => {
    assert.deepEqual(scenarioNames, [
      'plain',
      'vbs',
      'vbs-not-running',
      'credential-guard',
      'server-2022',
      'downlevel',
      'hostile',
      'large',
    ]);
    assert.equal(builtInScenario('Plain'), undefined);
    assert.equal(builtInScenario('toString'), undefined);
  });

  for (const name of scenarioNames) {
    test(`${name} is a document: it survives JSON and the parser unchanged`, () => {
      const scenario = scenarioOf(name);
      assert.deepEqual(parseScenario(JSON.parse(JSON.stringify(scenario))), JSON.parse(JSON.stringify(scenario)));
      assert.equal(scenario.name, name);
      assert.equal(scenario.schema, 1);
    });

    test(`${name} has Idle, System and an agent`, () => {
      const processes = processesOf(name);
      assert.equal(processes.get('idle')?.pid, 0);
      assert.equal(processes.get('system')?.pid, 4);
      assert.equal(processes.get('agent')?.entry.image, 'node.exe');
    });
  }

  test('say where VSM runs and which trustlets beside Secure System', () => {
    const summary = scenarioNames.map((name) => {
      const { build, vsm } = scenarioOf(name).system;
      return [name, build, vsm, processesOf(name).has('secure-system'), trustletsOf(name)];
    });
    assert.deepEqual(summary, [
      ['plain', 19045, false, false, []],
      ['vbs', 26100, true, true, []],
      ['vbs-not-running', 26100, false, false, []],
      ['credential-guard', 26100, true, true, ['lsaiso']],
      ['server-2022', 20348, true, true, ['lsaiso', 'vmsp']],
      ['downlevel', 14393, true, true, ['lsaiso']],
      [
        'hostile',
        26100,
        true,
        true,
        ['lsaiso', 'secret-notepad', 'protected-trustlet', 'leaving-trustlet', 'silent-trustlet'],
      ],
      ['large', 26100, true, true, ['lsaiso']],
    ]);
  });

  test('credential-guard: LSASS is PPL-Lsa and no trustlet, LsaIso a trustlet and no PPL', () => {
    const processes = processesOf('credential-guard');
    assert.deepEqual([processes.get('lsass')?.protection, processes.get('lsass')?.flags], [0x41, 0x1]);
    assert.deepEqual([processes.get('lsaiso')?.protection, processes.get('lsaiso')?.flags], [0x0, 0x80]);
    assert.deepEqual([processes.get('msmpeng')?.protection, processes.get('msmpeng')?.flags], [0x31, 0x1]);
    assert.equal(processes.get('lsaiso')?.parentPid, processes.get('wininit')?.pid);
    assert.deepEqual(processes.get('agent')?.entry.privileges, ['SeDebugPrivilege']);
  });

  test('downlevel: the trustlet carries no bit', () => {
    assert.equal(processesOf('downlevel').get('lsaiso')?.flags, 0);
  });

  test('hostile: names lie, protection and isolation go their own ways, pids are reused at every open', () => {
    const processes = processesOf('hostile');
    const row = (label: string): unknown[] => {
      const process = processes.get(label);
      return [process?.entry.image, process?.flags, process?.protection];
    };
    assert.deepEqual(row('fake-lsaiso'), ['LsaIso.exe', 0, 0]);
    assert.deepEqual(row('secret-notepad'), ['notepad.exe', 0x80, 0]);
    assert.deepEqual(row('protected-ordinary'), ['vault.exe', 0x1, 0x31]);
    assert.deepEqual(row('protected-trustlet'), ['BioIso.exe', 0x81, 0x61]);
    assert.deepEqual(row('leaving-trustlet'), ['FsIso.exe', 0x84, 0]);
    assert.equal(scenarioOf('hostile').churn, 'reuse-at-every-call');
    assert.equal([...processes.values()].filter(({ entry }) => entry.volatile === true).length, 3);
  });

  test('large: 10,000 processes', () => {
    assert.equal(processesOf('large').size, 10_000);
  });
});
