/** What an emulated machine was told to do, and what its kernel says of it. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { boot, type Scenario } from '../../../lib/emulator/index.js';
import { parseScenario } from '../../../lib/emulator/scenario-schema.js';
import { builtInScenario } from '../../../lib/emulator/scenarios/index.js';
import { Status } from '../../../lib/ntstatus.js';
import { open } from '../../../lib/open.js';
import type { Posture } from '../../../lib/types.js';

const scenarioOf = (system: Scenario['system'], agent: Partial<Scenario['processes'][number]> = {}): Scenario => ({
  schema: 1,
  name: 'configured',
  title: 'a machine that was told to do things',
  system,
  agent: 'agent',
  processes: [
    { label: 'agent', image: 'agent.exe', user: 'administrator', elevated: true, ...agent },
    ...(system.vsm ? [{ label: 'lsaiso', image: 'LsaIso.exe', trustlet: { id: 1 } }] : []),
  ],
});

const configurationOf = (system: Scenario['system'], agent = {}) => boot(scenarioOf(system, agent)).configuration();

const postureOf = (scenario: Scenario): Promise<Posture> => {
  using vsm = open({ backend: boot(scenario) });
  return vsm.postureAsync();
};

describe('the configuration of an emulated machine', () => {
  test('as it runs, where the scenario says nothing else', () => {
    const { deviceGuard, registry } = configurationOf({ build: 26100, vsm: true, hvci: true });
    assert.deepEqual(registry, {
      state: 'answered',
      problem: null,
      values: {
        'Windows\\EditionID': 'Enterprise',
        'DeviceGuard\\EnableVirtualizationBasedSecurity': 1,
        'DeviceGuard\\RequirePlatformSecurityFeatures': 0,
        'DeviceGuard\\Locked': 0,
        'HypervisorEnforcedCodeIntegrity\\Enabled': 1,
        'HypervisorEnforcedCodeIntegrity\\Locked': 0,
        'Lsa\\LsaCfgFlags': 2,
      },
    });
    assert.equal(deviceGuard.values?.VirtualizationBasedSecurityStatus, 2);
    assert.deepEqual(deviceGuard.values?.SecurityServicesConfigured, [1, 2]);
    assert.deepEqual(deviceGuard.values?.SecurityServicesRunning, [1, 2]);
    assert.deepEqual(deviceGuard.values?.RequiredSecurityProperties, [1]);
    assert.deepEqual(deviceGuard.values?.AvailableSecurityProperties, [1, 2, 3, 7]);
  });

  test('Credential Guard runs as long as LsaIso does', () => {
    const machine = boot(scenarioOf({ build: 26100, vsm: true }));
    machine.exit('lsaiso');
    const { deviceGuard, registry } = machine.configuration();
    assert.deepEqual(deviceGuard.values?.SecurityServicesRunning, [0]);
    assert.equal(registry.values?.['Lsa\\LsaCfgFlags'], 0);
    const other = boot('server-2022');
    assert.deepEqual(other.configuration().deviceGuard.values?.SecurityServicesRunning, [1]);
  });

  test('by policy, locked, requiring Secure Boot and DMA protection, on another edition', () => {
    const configured = {
      vbs: true,
      hvci: true,
      credentialGuard: 'locked',
      requires: 'secure-boot-and-dma',
      locked: true,
      by: 'policy',
      edition: 'Professional',
    } as const;
    const { deviceGuard, registry } = configurationOf({ build: 26100, vsm: false, configured });
    assert.deepEqual(registry.values, {
      'Windows\\EditionID': 'Professional',
      'Policy\\EnableVirtualizationBasedSecurity': 1,
      'Policy\\RequirePlatformSecurityFeatures': 3,
      'Policy\\HypervisorEnforcedCodeIntegrity': 1,
      'Policy\\LsaCfgFlags': 1,
    });
    assert.equal(deviceGuard.values?.VirtualizationBasedSecurityStatus, 1);
    assert.deepEqual(deviceGuard.values?.RequiredSecurityProperties, [1, 2, 3]);
    assert.deepEqual(deviceGuard.values?.AvailableSecurityProperties, [2]);
    const off = configurationOf({ build: 26100, vsm: false, configured: { by: 'policy', requires: 'secure-boot' } });
    assert.equal(off.registry.values?.['Policy\\HypervisorEnforcedCodeIntegrity'], 0);
    assert.equal(off.registry.values?.['Policy\\RequirePlatformSecurityFeatures'], 1);
    assert.equal(off.deviceGuard.values?.VirtualizationBasedSecurityStatus, 0);
    assert.deepEqual(off.deviceGuard.values?.SecurityServicesConfigured, [0]);
  });

  test('WMI refuses who is not elevated, the registry does not', () => {
    for (const agent of [{ elevated: false }, { user: 'NETWORK SERVICE', elevated: false }]) {
      const { deviceGuard, registry } = configurationOf({ build: 26100, vsm: true }, agent);
      assert.equal(deviceGuard.state, 'refused');
      assert.match(deviceGuard.problem ?? '', /elevated/);
      assert.equal(registry.state, 'answered');
    }
    assert.equal(
      configurationOf({ build: 26100, vsm: true }, { user: 'SYSTEM', elevated: false }).deviceGuard.state,
      'answered',
    );
  });

  test('turned off and locked, while VSM runs', async () => {
    const { findings } = await postureOf(
      scenarioOf({ build: 26100, vsm: true, configured: { vbs: false, locked: true, credentialGuard: 'unlocked' } }),
    );
    assert.deepEqual(
      findings.filter(({ feature }) => feature === 'vbs').map(({ cause, seen }) => [cause, seen]),
      [
        ['locked', true],
        ['reboot-pending', false],
      ],
    );
  });
});

describe('vbs-not-running', () => {
  test('is told with its causes, each with a next step', async () => {
    const { features, findings } = await postureOf(builtInScenario('vbs-not-running') ?? assert.fail());
    for (const name of ['vbs', 'hvci', 'credentialGuard'] as const) {
      assert.deepEqual([features[name].configured.value, features[name].running.value], [true, false], name);
    }
    assert.deepEqual(
      findings.map(({ feature, cause, seen }) => `${feature} ${cause}${seen ? '' : '?'}`),
      [
        'vbs no-hypervisor',
        'vbs secure-boot-required',
        'vbs reported-not-running',
        'hvci vbs-not-running',
        'credentialGuard vbs-not-running',
        'vbs launch-type-off?',
        'secureBoot secure-boot-off',
      ],
    );
    assert.match(
      findings[1]?.text ?? '',
      /^VBS is enabled in policy, not running: it requires Secure Boot, which is off\.$/,
    );
  });

  test('the healthy built-in machines have nothing that contradicts', async () => {
    for (const name of ['plain', 'vbs', 'credential-guard', 'server-2022', 'downlevel', 'large']) {
      const { findings } = await postureOf(builtInScenario(name) ?? assert.fail());
      assert.deepEqual(
        findings.filter(({ kind }) => kind === 'disagreement'),
        [],
        name,
      );
    }
  });
});

describe('the classes a posture asks beside', () => {
  const ask = (system: Scenario['system'], infoClass: number, length: number) => {
    const bytes = new Uint8Array(length);
    const { status } = boot(scenarioOf(system)).ntApi().querySystemInformation(infoClass, bytes);
    return { status, bytes: [...bytes] };
  };

  test('35 and 149 tell a kernel debugger', () => {
    assert.deepEqual(ask({ build: 26100, vsm: true }, 35, 2), { status: 0, bytes: [0, 1] });
    assert.deepEqual(ask({ build: 26100, vsm: true, kernelDebugger: true }, 35, 2), { status: 0, bytes: [1, 0] });
    assert.deepEqual(ask({ build: 26100, vsm: true }, 149, 3), { status: 0, bytes: [0, 0, 0] });
    assert.deepEqual(ask({ build: 26100, vsm: true, kernelDebugger: true }, 149, 3), { status: 0, bytes: [1, 1, 1] });
    assert.deepEqual(
      ask({ build: 26100, vsm: true, kernelDebugger: true }, 103, 8).status,
      Status.INFO_LENGTH_MISMATCH,
    );
  });

  test('159 names the hypervisor, where there is one', () => {
    const { bytes } = ask({ build: 26100, vsm: true }, 159, 112);
    assert.equal(String.fromCharCode(...bytes.slice(4, 16)), 'Microsoft Hv');
    assert.equal(String.fromCharCode(...bytes.slice(16, 20)), 'Hv#1');
    assert.deepEqual([...new Set(ask({ build: 26100, vsm: false }, 159, 112).bytes)], [0]);
  });

  test('242 comes with build 26100', () => {
    assert.equal(ask({ build: 26100, vsm: true }, 242, 24).bytes[8], 1);
    assert.equal(ask({ build: 22631, vsm: true }, 242, 24).status, Status.INVALID_INFO_CLASS);
  });
});

describe('the scenario’s words for it', () => {
  const parse = (configured: object) =>
    parseScenario({ ...scenarioOf({ build: 26100, vsm: false }), system: { build: 26100, vsm: false, configured } });

  test('are taken as written', () => {
    const configured = { vbs: true, credentialGuard: 'locked', requires: 'secure-boot', by: 'policy', edition: 'Core' };
    assert.deepEqual(parse(configured).system.configured, configured);
  });

  test('a near miss is named', () => {
    assert.throws(() => parse({ credentialGaurd: 'off' }), /system\.configured.*Did you mean 'credentialGuard'\?/);
    assert.throws(
      () => parse({ requires: 'secureboot' }),
      /system\.configured\.requires.*Did you mean 'secure-boot'\?/,
    );
  });
});
