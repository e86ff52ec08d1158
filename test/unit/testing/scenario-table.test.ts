/** The table that TypeScript writes is the one that the simulated kernel reads. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { loadNtApi } from '../../../lib/backends/ntdll.js';
import { resolveScenario } from '../../../lib/emulator/resolve-scenario.js';
import type { ResolvedScenario, ScenarioFault } from '../../../lib/emulator/scenario.js';
import { builtInScenario, scenarioNames } from '../../../lib/emulator/scenarios/index.js';
import { TrustletError } from '../../../lib/errors.js';
import type { NtApi } from '../../../lib/nt-api.js';
import { encodeProcessTable, encodeScenarioTable, simulatedCallNumber } from '../../../lib/testing/scenario-table.js';
import { SCENARIO_TABLE_CONSTANTS, SCENARIO_TABLE_MEMBERS } from '../../../lib/testing/scenario-table-layout.js';
import { buildNtsim, Ntsim } from '../../support/ntsim.js';
import { resolvedScenario, withEntry } from '../../support/resolved-scenario.js';

describe('scenario table', () => {
  let library: string;
  let ntsim: Ntsim;
  let api: NtApi;

  before(async () => {
    library = await buildNtsim();
    ntsim = new Ntsim(library);
    api = loadNtApi({ library });
  });
  after(() => {
    ntsim.unload();
  });

  /** Status of opening with these rights; nothing stays open. */
  const opening = (pid: number, access: number): number => {
    const { status, handle } = api.openProcess(pid, access);
    if (status === 0) api.close(handle);
    return status;
  };

  /** The Flags word of a process, or the status of the call that failed. */
  const flagsOf = (pid: number, size = 64n): number => {
    const { status, handle } = api.openProcess(pid, 0x1000);
    if (status !== 0) return status;
    const buffer = new Uint8Array(64);
    const view = new DataView(buffer.buffer);
    view.setBigUint64(0, size, true);
    const answer = api.queryInformationProcess(handle, 0, buffer).status;
    api.close(handle);
    return answer === 0 ? view.getUint32(56, true) : answer;
  };

  const word = (infoClass: number, length: number, offset = 0): number => {
    const buffer = new Uint8Array(length);
    buffer[0] = length;
    const { status } = api.querySystemInformation(infoClass, buffer);
    return status === 0 ? new DataView(buffer.buffer).getUint32(offset, true) : status;
  };

  const load = (resolved: ResolvedScenario, policies = 0): void =>
    ntsim.load(encodeScenarioTable(resolved, { policies }));

  test('both sides have one layout', () => {
    const here = new Map<string, string>([
      ...Object.entries(SCENARIO_TABLE_MEMBERS).map(([name, [offset, size]]): [string, string] => [
        name,
        `${offset},${size}`,
      ]),
      ...Object.entries(SCENARIO_TABLE_CONSTANTS).map(([name, value]): [string, string] => [name, String(value)]),
    ]);
    assert.deepEqual(Object.fromEntries([...here].sort()), Object.fromEntries([...ntsim.layout()].sort()));
    assert.equal(here.get('process.start_key'), '16,8');
    assert.equal(here.get('fault.status'), '16,4');
  });

  test('rights come from access control and protection', () => {
    load(resolvedScenario());
    assert.equal(opening(812, 0x1fffff), 0);
    assert.equal(opening(1000, 0x1000), 0xc0000022);
    assert.equal(opening(900, 0x1000), 0);
    assert.equal(opening(900, 0x10), 0xc0000022);
    const { status, handle } = api.openThread(904, 0x8);
    assert.deepEqual([status, handle], [0xc0000022, 0n]);
  });

  test('each switch of the system is a bit of its own', () => {
    const system = { build: 17763, vsm: true };
    load(
      resolvedScenario({ system: { ...system, hvci: true, hvciStrict: true, testSigning: true, secureBoot: false } }),
    );
    assert.equal(word(165, 16), 0x127);
    assert.equal(word(103, 8, 4), 0x3403);
    const secureBoot = new Uint8Array(2);
    assert.equal(api.querySystemInformation(145, secureBoot).status, 0);
    assert.deepEqual([...secureBoot], [0, 1]);
    load(resolvedScenario({ system: { build: 26100, vsm: true, dmaProtection: false } }));
    assert.equal(word(169, 4), 0x00010000);
    load(resolvedScenario({ system: { ...system, hypervisor: false } }));
    assert.equal(word(165, 16), 0x121);
    assert.equal(word(91, 16), 0);
    load(resolvedScenario({ system: { build: 26100, vsm: false } }));
    assert.equal(word(165, 16), 0x100);
    assert.equal(flagsOf(812), 0xc000009d);
  });

  test('missing classes are missing, and the version is the scenario’s', () => {
    load(resolvedScenario({ system: { build: 14393, major: 6, minor: 3, vsm: true, missingClasses: [165, 91] } }));
    assert.equal(word(165, 16), 0xc0000003);
    assert.equal(word(91, 16), 0xc0000003);
    assert.equal(word(103, 8, 4), 1);
    assert.deepEqual(loadNtApi({ library }).version(), { major: 6, minor: 3, build: 14393 });
  });

  test('faults of the scenario hit any target, those of a process only that one; operations are not the kernel’s', () => {
    const faults: readonly ScenarioFault[] = [
      { call: 'NtQuerySystemInformation', status: 'STATUS_UNSUCCESSFUL', infoClass: 145 },
      { call: 'NtOpenProcess', status: '0xC000009A', nth: 2 },
      { call: 'NtReadVirtualMemory', status: 'STATUS_UNSUCCESSFUL' },
    ];
    const own: readonly ScenarioFault[] = [{ call: 'SecureCall', status: 'STATUS_INSUFFICIENT_RESOURCES' }];
    load(withEntry(resolvedScenario({ faults }), 'lsaiso', { faults: own }));
    assert.equal(word(145, 2), 0xc0000001);
    assert.equal(flagsOf(812), 0xc000009a);
    assert.equal(ntsim.calls('SecureCall'), 1);
    assert.equal(opening(812, 0x1000), 0xc000009a);
    assert.equal(flagsOf(3000), 0);
    assert.equal(simulatedCallNumber('NtReadVirtualMemory'), undefined);
    assert.equal(simulatedCallNumber('SecureCall'), 7);
  });

  test('an exiting process has the Deleting bit', () => {
    load(withEntry(resolvedScenario(), 'notepad', { state: 'exiting' }));
    assert.equal(flagsOf(3000), 0x4);
  });

  test('policies: strict Size by its name in the scenario, the others by bit', () => {
    load(resolvedScenario());
    assert.equal(flagsOf(3000, 1n), 0);
    load(resolvedScenario({ policies: { 'extended-size-input': 'strict' } }));
    assert.equal(flagsOf(3000, 1n), 0xc000000d);
    assert.equal(flagsOf(3000), 0);
    load(resolvedScenario(), SCENARIO_TABLE_CONSTANTS.POLICY_EXACT_IDS);
    assert.equal(opening(3001, 0x1000), 0xc000000b);
  });

  test('churn replaces a volatile process at every open', () => {
    load(withEntry(resolvedScenario({ churn: 'reuse-at-every-call' }), 'notepad', { volatile: true }));
    assert.deepEqual([flagsOf(3000), flagsOf(3000), flagsOf(3000)], [0, 0x80, 0]);
    ntsim.setChurn('none');
    assert.deepEqual([flagsOf(3000), flagsOf(3000)], [0, 0]);
  });

  test('a kernel that never reports bit 7 does not report it for what starts later either', () => {
    const system = { build: 14393, vsm: true };
    load(withEntry(resolvedScenario({ system, churn: 'reuse-at-every-call' }), 'notepad', { volatile: true }));
    assert.deepEqual([flagsOf(3000), flagsOf(3000)], [0, 0]);
    assert.ok(ntsim.calls('SecureCall') === 1);
  });

  test('processes start later, with their own rights and faults', () => {
    const resolved = resolvedScenario();
    load(resolved);
    const fault: ScenarioFault = { call: 'NtQueryInformationProcess', status: 'STATUS_UNSUCCESSFUL', infoClass: 0 };
    const later = withEntry(resolved, 'notepad', { faults: [fault] }).processes.filter(
      ({ label }) => label === 'notepad',
    );
    const pid = ntsim.spawn(encodeProcessTable(resolved, later));
    assert.notEqual(pid, 3000);
    assert.equal(flagsOf(pid), 0xc0000001);
    assert.equal(flagsOf(3000), 0);
    const trustlet = resolved.processes.filter(({ label }) => label === 'lsaiso');
    assert.equal(ntsim.reuseWith(3000, encodeProcessTable(resolved, trustlet)), 'ok');
    assert.equal(flagsOf(3000), 0x80);
    const held = api.openProcess(3000, 0x1000).handle;
    assert.equal(ntsim.reuse(3000, 6), 'referenced');
    assert.equal(api.close(held), 0);
    assert.equal(ntsim.reuse(3000, 6), 'ok');
    assert.equal(flagsOf(3000), 0);
  });

  test('a table without its agent, or cut short, is refused', () => {
    const resolved = resolvedScenario();
    const table = encodeScenarioTable(resolved);
    assert.equal(ntsim.tryLoad(table.subarray(0, table.length - 1)), 'truncated');
    assert.equal(ntsim.tryLoad(encodeProcessTable(resolved, resolved.processes)), 'bounds');
    assert.equal(ntsim.tryLoad(new Uint8Array(200)), 'magic');
  });

  test('an image name that no UNICODE_STRING holds is refused, the longest one is kept', () => {
    const longest = 'x'.repeat(32_766);
    load(withEntry(resolvedScenario(), 'notepad', { image: longest }));
    assert.throws(
      () => encodeScenarioTable(withEntry(resolvedScenario(), 'notepad', { image: `${longest}y` })),
      (error) =>
        error instanceof TrustletError && error.code === 'ERR_TRUSTLET_ARGUMENT' && /'notepad'/.test(error.message),
    );
  });

  for (const name of scenarioNames) {
    test(`the built-in scenario ${name} loads`, () => {
      const scenario = builtInScenario(name);
      assert.ok(scenario);
      const resolved = resolveScenario(scenario);
      load(resolved);
      assert.equal(api.querySystemInformation(5, new Uint8Array(0)).status, 0xc0000004);
      assert.equal(opening(resolved.agent.pid, 0x1000), 0);
    });
  }
});
