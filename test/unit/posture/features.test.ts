import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { NOT_ASKED, silentSource } from '../../../lib/posture/configuration.js';
import type { Posture, PostureFeatureName } from '../../../lib/types.js';
import {
  ACCESS_DENIED,
  answered,
  codeIntegrity,
  debuggerEx,
  failed,
  hypervisor,
  isolated,
  policy,
  postureWith,
  registry,
  secureBoot,
  stalledNt,
  vsmProtection,
  wmi,
} from '../../support/posture-input.js';

const valuesOf = (posture: Posture): Record<string, (boolean | null)[]> =>
  Object.fromEntries(
    Object.entries(posture.features).map(([name, { configured, running }]) => [
      name,
      [configured.value, running.value],
    ]),
  );

const running = (posture: Posture, name: PostureFeatureName) => posture.features[name].running;
const configured = (posture: Posture, name: PostureFeatureName) => posture.features[name].configured;

describe('features', () => {
  test('a machine on which all is well, from all sources', () => {
    assert.deepEqual(valuesOf(postureWith()), {
      vbs: [true, true],
      hvci: [true, true],
      credentialGuard: [true, true],
      secureBoot: [true, true],
      dmaProtection: [false, true],
      kernelDebugger: [false, false],
      secureCore: [false, true],
      hypervisor: [null, true],
    });
    assert.deepEqual(postureWith().findings, []);
  });

  test('the older members are the same answers', () => {
    const posture = postureWith();
    assert.equal(posture.vsm.running, posture.features.vbs.running);
    assert.equal(posture.vbs.running, posture.features.vbs.running);
    assert.equal(posture.vbs.configured, posture.features.vbs.configured);
    assert.equal(posture.hvci.configured, posture.features.hvci.configured);
    assert.deepEqual(posture.credentialGuard, posture.features.credentialGuard);
    assert.equal(posture.secureBoot, posture.features.secureBoot.running);
    assert.equal(posture.hypervisorPresent, posture.features.hypervisor.running);
  });

  test('what asks for a feature is named, every source of it', () => {
    const posture = postureWith();
    assert.equal(
      configured(posture, 'vbs').evidence,
      'registry DeviceGuard EnableVirtualizationBasedSecurity 1; Win32_DeviceGuard VirtualizationBasedSecurityStatus 2',
    );
    assert.equal(
      configured(posture, 'credentialGuard').evidence,
      'registry Lsa LsaCfgFlags 2; Win32_DeviceGuard SecurityServicesConfigured {1, 2}',
    );
    assert.equal(running(posture, 'credentialGuard').evidence, 'Win32_DeviceGuard SecurityServicesRunning {1, 2}');
  });

  test('policy comes before the registry', () => {
    const values = { 'Policy\\LsaCfgFlags': 0, 'Lsa\\LsaCfgFlags': 1 };
    const posture = postureWith({ registry: registry(values), deviceGuard: NOT_ASKED.deviceGuard });
    assert.deepEqual(configured(posture, 'credentialGuard'), {
      value: false,
      evidence: 'registry Policy LsaCfgFlags 0',
    });
  });

  test('a number nobody knows is no answer', () => {
    const posture = postureWith({
      registry: registry({ 'DeviceGuard\\EnableVirtualizationBasedSecurity': 9, 'Lsa\\LsaCfgFlags': 7 }),
      deviceGuard: wmi({ VirtualizationBasedSecurityStatus: 5 }),
    });
    assert.deepEqual(configured(posture, 'vbs'), {
      value: null,
      evidence:
        'registry DeviceGuard EnableVirtualizationBasedSecurity 9; Win32_DeviceGuard VirtualizationBasedSecurityStatus unknown(5)',
    });
    assert.equal(configured(posture, 'credentialGuard').value, null);
  });

  test('the kernel is believed before WMI', () => {
    const deviceGuard = wmi({ VirtualizationBasedSecurityStatus: 2, SecurityServicesRunning: [1, 2] });
    const posture = postureWith({ deviceGuard }, stalledNt);
    assert.equal(running(posture, 'vbs').value, false);
    assert.equal(running(posture, 'hvci').value, false);
    assert.deepEqual(running(posture, 'credentialGuard'), {
      value: false,
      evidence: 'VSM is not running, and Credential Guard needs it',
    });
  });

  test('where the kernel does not say, class 242 does, then WMI', () => {
    const isolatedUserMode = failed(165, ACCESS_DENIED);
    assert.equal(running(postureWith({ nt: { isolatedUserMode } }), 'vbs').evidence, 'class 242 SecureKernelRunning');
    const posture = postureWith({ nt: { isolatedUserMode, secureCore: failed(242) } });
    assert.equal(running(posture, 'vbs').evidence, 'Win32_DeviceGuard VirtualizationBasedSecurityStatus 2');
    assert.equal(running(posture, 'hvci').evidence, 'Win32_DeviceGuard SecurityServicesRunning {1, 2}');
  });

  test('where class 165 does not exist, WMI is asked before it is taken for no VSM', () => {
    const nt = { isolatedUserMode: failed(165), secureCore: failed(242) };
    assert.deepEqual(running(postureWith({ nt }), 'vbs'), {
      value: true,
      evidence: 'Win32_DeviceGuard VirtualizationBasedSecurityStatus 2',
    });
    const alone = postureWith({ nt, deviceGuard: NOT_ASKED.deviceGuard });
    assert.deepEqual(running(alone, 'vbs'), {
      value: false,
      evidence: 'class 165 is unknown to this system: it has no VSM',
    });
    assert.equal(running(alone, 'hvci').value, false);
  });

  test('Credential Guard: no trustlet, or nobody who says which', () => {
    const deviceGuard = NOT_ASKED.deviceGuard;
    const isolatedUserMode = isolated({ SecureKernelRunning: true });
    assert.deepEqual(running(postureWith({ deviceGuard, nt: { isolatedUserMode } }), 'credentialGuard'), {
      value: false,
      evidence: 'class 165 TrustletRunning is clear: no trustlet runs',
    });
    assert.match(
      running(postureWith({ deviceGuard }), 'credentialGuard').evidence,
      /^a trustlet may run, but no NT query/,
    );
    // WMI names it, whatever the flag says: some builds tell the flag only for a trustlet that is named.
    assert.equal(running(postureWith({ nt: { isolatedUserMode } }), 'credentialGuard').value, true);
  });

  test('Secure Boot and DMA protection are configured where VBS requires them', () => {
    const requires = (value: number) =>
      postureWith({
        registry: registry({ 'Policy\\RequirePlatformSecurityFeatures': value }),
        deviceGuard: NOT_ASKED.deviceGuard,
      });
    const both = (value: number) => [
      configured(requires(value), 'secureBoot').value,
      configured(requires(value), 'dmaProtection').value,
    ];
    assert.deepEqual(both(0), [false, false]);
    assert.deepEqual(both(1), [true, false]);
    assert.deepEqual(both(3), [true, true]);
    assert.deepEqual(both(2), [null, null]);
  });

  test('Secure Boot is asked of WMI where class 145 fails', () => {
    assert.deepEqual(running(postureWith({ nt: { secureBoot: failed(145, ACCESS_DENIED) } }), 'secureBoot'), {
      value: true,
      evidence: 'Win32_DeviceGuard AvailableSecurityProperties {1, 2, 3, 5, 7}',
    });
    assert.equal(running(postureWith({ nt: { secureBoot: secureBoot(false) } }), 'secureBoot').value, false);
  });

  test('memory integrity is configured by code integrity options, a policy, the registry or WMI', () => {
    const from = (changes: Parameters<typeof postureWith>[0]) =>
      configured(postureWith({ ...NOT_ASKED, ...changes }, stalledNt), 'hvci');
    assert.deepEqual(from({ nt: { codeIntegrity: codeIntegrity(0x401) } }), {
      value: true,
      evidence: 'class 103 HVCI_KMCI_ENABLED',
    });
    assert.equal(from({ nt: { codeIntegrityPolicy: policy(1) } }).evidence, 'class 164 HVCIEnabled');
    assert.equal(
      from({ registry: registry({ 'HypervisorEnforcedCodeIntegrity\\Enabled': 1 }) }).evidence,
      'registry HypervisorEnforcedCodeIntegrity Enabled 1',
    );
    assert.equal(from({ registry: registry({ 'DeviceGuard\\HypervisorEnforcedCodeIntegrity': 1 }) }).value, true);
    assert.equal(from({ deviceGuard: wmi({ SecurityServicesConfigured: [2] }) }).value, true);
    assert.equal(from({}).value, false);
  });

  test('a kernel debugger: class 149, then class 35, and code integrity’s debug mode', () => {
    const told = (changes: Parameters<typeof postureWith>[0]) => {
      const { configured: on, running: attached } = postureWith(changes).features.kernelDebugger;
      return [on.value, on.evidence, attached.value, attached.evidence];
    };
    assert.deepEqual(told({ nt: { kernelDebuggerEx: debuggerEx(true, true) } }), [
      true,
      'class 149 DebuggerEnabled',
      true,
      'class 149 DebuggerPresent',
    ]);
    const kernelDebugger = answered(35, { KernelDebuggerEnabled: true, KernelDebuggerNotPresent: false });
    assert.deepEqual(told({ nt: { kernelDebuggerEx: failed(149), kernelDebugger } }), [
      true,
      'class 35 KernelDebuggerEnabled',
      true,
      'class 35 KernelDebuggerNotPresent',
    ]);
    const neither = { kernelDebuggerEx: failed(149), kernelDebugger: failed(35) };
    assert.deepEqual(told({ nt: { ...neither, codeIntegrity: codeIntegrity(0x81) } }).slice(0, 3), [
      true,
      'class 103 DEBUGMODE_ENABLED',
      null,
    ]);
  });

  test('a hypervisor: class 91, then the interface that class 159 names', () => {
    assert.equal(running(postureWith({ nt: { hypervisor: hypervisor(false) } }), 'hypervisor').value, false);
    assert.deepEqual(running(postureWith({ nt: { hypervisor: failed(91) } }), 'hypervisor'), {
      value: true,
      evidence: 'class 159 names the interface Hv#1',
    });
    const nt = { hypervisor: failed(91), hypervisorDetail: failed(159) };
    assert.equal(running(postureWith({ nt }), 'hypervisor').value, null);
  });

  test('a source that failed is part of the evidence where nothing else answers', () => {
    const problem = 'PowerShell did not answer within 10000 ms and was ended';
    const posture = postureWith({
      deviceGuard: silentSource('timed-out', problem),
      registry: silentSource('timed-out', problem),
    });
    assert.deepEqual(configured(posture, 'vbs'), {
      value: null,
      evidence: `registry: ${problem}; Win32_DeviceGuard: ${problem}`,
    });
    assert.equal(configured(posture, 'credentialGuard').value, null);
  });

  test('a setting that is not there, and a property this Windows lacks, are told as that', () => {
    const posture = postureWith({ registry: registry({}), deviceGuard: wmi({ Version: '1.0' }) });
    assert.equal(
      configured(posture, 'vbs').evidence,
      'registry: EnableVirtualizationBasedSecurity is not set; Win32_DeviceGuard has no VirtualizationBasedSecurityStatus',
    );
    assert.match(configured(posture, 'secureCore').evidence, /has no SecurityServicesConfigured/);
  });

  test('members that a build lacks are null with that reason', () => {
    const posture = postureWith({ nt: { vsmProtection: vsmProtection({ HardwareMbecAvailable: null }) } });
    assert.equal('HardwareMbecAvailable' in (posture.sources.vsmProtection.values ?? {}), false);
    assert.equal(posture.sources.secureCore.values?.['SecureKernelRunning'], '1');
    assert.equal(posture.sources.hypervisorDetail.values?.['vendor'], 'Microsoft Hv');
    assert.match(String(posture.sources.hypervisorDetail.values?.['leaves']), /"HvFeatures":\[0,0,0,0\]/);
  });

  test('sources are published with the meaning of each number, unknown ones as unknown(n)', () => {
    const { deviceGuard, registry: settings } = postureWith({
      deviceGuard: wmi({ VirtualizationBasedSecurityStatus: 2, SecurityServicesRunning: [1, 9], Version: '1.0' }),
      registry: registry({ 'Policy\\LsaCfgFlags': 1, 'DeviceGuard\\Locked': 6, 'Windows\\EditionID': 'Core' }),
    }).sources;
    assert.deepEqual(deviceGuard.meanings, {
      VirtualizationBasedSecurityStatus: 'enabled and running',
      SecurityServicesRunning: ['Credential Guard', 'unknown(9)'],
    });
    assert.deepEqual(settings.meanings, {
      'Policy\\LsaCfgFlags': 'on, with UEFI lock',
      'DeviceGuard\\Locked': 'unknown(6)',
    });
    assert.equal(postureWith({ ...NOT_ASKED }).sources.registry.meanings, null);
  });
});
