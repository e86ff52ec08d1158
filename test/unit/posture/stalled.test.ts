/** Configured and not running: one test a cause. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { NOT_ASKED } from '../../../lib/posture/configuration.js';
import type { DeviceGuardValues, PostureFinding, RegistryValues } from '../../../lib/types.js';
import {
  type Changes,
  codeIntegrity,
  failed,
  healthyNt,
  hypervisor,
  isolated,
  postureWith,
  registry,
  secureBoot,
  stalledNt,
  vsmProtection,
  wmi,
} from '../../support/posture-input.js';

const VBS_ON = { 'Policy\\EnableVirtualizationBasedSecurity': 1 };

/** VBS enabled in policy, nothing else said, and not running. */
const stalled = (changes: Changes = {}, settings: RegistryValues = {}): readonly PostureFinding[] =>
  postureWith(
    { deviceGuard: NOT_ASKED.deviceGuard, registry: registry({ ...VBS_ON, ...settings }), ...changes },
    stalledNt,
  ).findings.filter(({ feature, kind }) => feature === 'vbs' && kind === 'disagreement');

const find = (findings: readonly PostureFinding[], cause: string): PostureFinding =>
  findings.find((each) => each.cause === cause) ?? assert.fail(`no ${cause} among ${causesOf(findings).join(', ')}`);

const causesOf = (findings: readonly PostureFinding[]): readonly string[] => findings.map(({ cause }) => cause);

const reported = (values: Partial<DeviceGuardValues>) => wmi({ VirtualizationBasedSecurityStatus: 1, ...values });

describe('VBS enabled, not running', () => {
  test('nothing was seen: launch type and a restart are possible, and worded so', () => {
    const findings = stalled();
    assert.deepEqual(causesOf(findings), ['launch-type-off', 'reboot-pending']);
    const [launch, restart] = findings;
    assert.equal(
      launch?.text,
      'VBS is enabled in policy, not running: possibly hypervisorlaunchtype or vsmlaunchtype is off in the boot configuration, which is not read here.',
    );
    assert.match(launch?.nextStep ?? '', /bcdedit \/set vsmlaunchtype auto/);
    assert.equal(launch?.seen, false);
    assert.equal(
      restart?.text,
      'VBS is enabled in policy, not running: possibly it was configured after Windows started.',
    );
    assert.match(restart?.nextStep ?? '', /^Restart/);
  });

  test('no hypervisor runs', () => {
    const findings = stalled({ nt: { hypervisor: hypervisor(false) } });
    assert.deepEqual(causesOf(findings), ['no-hypervisor', 'launch-type-off']);
    const [finding] = findings;
    assert.equal(
      finding?.text,
      'VBS is enabled in policy, not running: no hypervisor runs; virtualization may be off in the firmware.',
    );
    assert.equal(finding?.seen, true);
    assert.equal(finding?.evidence, 'class 91 Present');
    assert.match(finding?.nextStep ?? '', /Intel VT-x, AMD-V/);
  });

  test('no hypervisor by WMI’s word, and possibly where nobody tells', () => {
    const deviceGuard = reported({ RequiredSecurityProperties: [1], AvailableSecurityProperties: [2] });
    assert.equal(find(stalled({ deviceGuard }), 'no-hypervisor').seen, true);
    const nt = { hypervisor: failed(91), hypervisorDetail: failed(159) };
    const finding = find(stalled({ nt }), 'no-hypervisor');
    assert.equal(finding.seen, false);
    assert.match(finding.text, /possibly no hypervisor runs/);
  });

  test('Secure Boot is required and off', () => {
    const findings = stalled(
      { nt: { secureBoot: secureBoot(false) } },
      { 'Policy\\RequirePlatformSecurityFeatures': 1 },
    );
    assert.deepEqual(causesOf(findings), ['secure-boot-required']);
    assert.equal(findings[0]?.text, 'VBS is enabled in policy, not running: it requires Secure Boot, which is off.');
    assert.equal(
      findings[0]?.evidence,
      'registry Policy RequirePlatformSecurityFeatures 1; class 145 SecureBootEnabled',
    );
  });

  test('Secure Boot is required, and nobody tells whether it is on: only possible', () => {
    const nt = { secureBoot: failed(145) };
    const finding = find(stalled({ nt }, { 'Policy\\RequirePlatformSecurityFeatures': 1 }), 'secure-boot-required');
    assert.equal(finding.seen, false);
    assert.match(finding.text, /: possibly it requires Secure Boot and has none/);
  });

  test('Secure Boot off is no cause where it is not required', () => {
    assert.deepEqual(causesOf(stalled({ nt: { secureBoot: secureBoot(false) } })), [
      'launch-type-off',
      'reboot-pending',
    ]);
  });

  test('DMA protection is required and WMI lists none', () => {
    const deviceGuard = reported({ AvailableSecurityProperties: [1, 2] });
    const findings = stalled({ deviceGuard }, { 'Policy\\RequirePlatformSecurityFeatures': 3 });
    assert.deepEqual(causesOf(findings), ['dma-protection-required', 'reported-not-running']);
    assert.match(findings[0]?.text ?? '', /it requires DMA protection, which this machine does not offer\.$/);
    assert.match(findings[0]?.nextStep ?? '', /RequirePlatformSecurityFeatures 1/);
  });

  test('DMA protection is required and WMI was not asked: only possible, whatever class 169 says without VSM', () => {
    const finding = find(stalled({}, { 'Policy\\RequirePlatformSecurityFeatures': 3 }), 'dma-protection-required');
    assert.equal(finding.seen, false);
    assert.match(finding.evidence, /class 169 DmaProtectionsAvailable/);
    const nt = { vsmProtection: vsmProtection({}) };
    const findings = stalled({ nt }, { 'Policy\\RequirePlatformSecurityFeatures': 3 });
    assert.equal(causesOf(findings).includes('dma-protection-required'), false);
  });

  test('DMA protection is required and there', () => {
    const deviceGuard = reported({ AvailableSecurityProperties: [1, 2, 3] });
    const findings = stalled({ deviceGuard }, { 'Policy\\RequirePlatformSecurityFeatures': 3 });
    assert.deepEqual(causesOf(findings), ['reported-not-running', 'launch-type-off', 'reboot-pending']);
  });

  test('MBEC is required and absent', () => {
    const deviceGuard = reported({ RequiredSecurityProperties: [1, 7], AvailableSecurityProperties: [1, 2] });
    const finding = find(stalled({ deviceGuard }), 'mbec-required');
    assert.equal(finding.seen, true);
    assert.match(finding.text, /it requires MBEC or GMET/);
    assert.equal(
      finding.evidence,
      'Win32_DeviceGuard RequiredSecurityProperties {1, 7}; Win32_DeviceGuard AvailableSecurityProperties {1, 2}',
    );
  });

  test('other properties are required and absent: by name', () => {
    const deviceGuard = reported({ RequiredSecurityProperties: [1, 4, 6], AvailableSecurityProperties: [1] });
    assert.equal(
      find(stalled({ deviceGuard }), 'property-required').text,
      'VBS is enabled in policy, not running: it requires what this machine has not: Secure Memory Overwrite, SMM mitigations.',
    );
  });

  test('WMI reports "enabled, not running"', () => {
    const posture = postureWith({ deviceGuard: reported({}), registry: registry({}) }, stalledNt);
    const finding = find(posture.findings, 'reported-not-running');
    assert.equal(finding.text, 'VBS is enabled, not running: Windows itself reports it as enabled and not running.');
    assert.equal(finding.evidence, 'Win32_DeviceGuard VirtualizationBasedSecurityStatus 1');
    assert.match(finding.nextStep, /msinfo32/);
  });

  test('nothing where VBS runs, is not asked for, or is not known', () => {
    assert.deepEqual(postureWith().findings, []);
    for (const isolatedUserMode of [failed(165, 0xc0000022)]) {
      const nt = { isolatedUserMode, secureCore: failed(242) };
      const { findings } = postureWith({ nt, deviceGuard: NOT_ASKED.deviceGuard });
      assert.deepEqual(causesOf(findings), ['query-failed']);
    }
  });
});

describe('memory integrity enabled, not running', () => {
  const withVbs: Changes['nt'] = { isolatedUserMode: isolated({ SecureKernelRunning: true, TrustletRunning: true }) };
  const of = (findings: readonly PostureFinding[]): readonly PostureFinding[] =>
    findings.filter(({ feature, kind }) => feature === 'hvci' && kind === 'disagreement');

  test('because VBS is not running', () => {
    const findings = of(
      postureWith({ registry: registry({ 'Policy\\HypervisorEnforcedCodeIntegrity': 2 }) }, stalledNt).findings,
    );
    assert.deepEqual(causesOf(findings), ['vbs-not-running', 'sources-contradict']);
    assert.equal(
      findings[0]?.text,
      'Memory integrity is enabled in policy, not running: VBS is not running, and memory integrity needs it.',
    );
  });

  test('set in the registry, class 165 clear: an incompatible driver or a restart, both only possible', () => {
    const settings = registry({ 'HypervisorEnforcedCodeIntegrity\\Enabled': 1 });
    const nt = { ...withVbs, codeIntegrity: codeIntegrity(1) };
    const findings = of(postureWith({ nt, registry: settings, deviceGuard: NOT_ASKED.deviceGuard }).findings);
    assert.deepEqual(causesOf(findings), ['incompatible-drivers', 'reboot-pending']);
    assert.match(
      findings[0]?.text ?? '',
      /^Memory integrity is enabled in the registry, not running: possibly a driver/,
    );
    assert.match(findings[0]?.evidence ?? '', /running: class 165 HvciEnabled$/);
    assert.deepEqual(
      findings.map(({ seen }) => seen),
      [false, false],
    );
  });

  test('asked for by code integrity options alone', () => {
    const { findings } = postureWith({ ...NOT_ASKED, nt: withVbs });
    assert.match(of(findings)[0]?.text ?? '', /^Memory integrity is enabled, not running/);
  });
});

describe('Credential Guard enabled, not running', () => {
  const isOff = wmi({
    VirtualizationBasedSecurityStatus: 2,
    SecurityServicesConfigured: [1],
    SecurityServicesRunning: [2],
  });
  const of = (changes: Changes, from = healthyNt): readonly PostureFinding[] =>
    postureWith(changes, from).findings.filter(({ feature }) => feature === 'credentialGuard');

  test('because VBS is not running', () => {
    const [finding] = of(
      { registry: registry({ 'Lsa\\LsaCfgFlags': 1 }), deviceGuard: NOT_ASKED.deviceGuard },
      stalledNt,
    );
    assert.equal(finding?.cause, 'vbs-not-running');
    assert.equal(
      finding?.text,
      'Credential Guard is enabled in the registry, not running: VBS is not running, and Credential Guard needs it.',
    );
  });

  test('an edition that is not licensed for it', () => {
    for (const edition of ['Core', 'CoreSingleLanguage', 'Professional', 'ProfessionalEducation']) {
      const settings = registry({ 'Policy\\LsaCfgFlags': 2, 'Windows\\EditionID': edition });
      const [finding] = of({ deviceGuard: isOff, registry: settings });
      assert.equal(finding?.cause, 'edition-not-licensed');
      assert.equal(finding?.seen, true);
      assert.equal(
        finding?.text,
        'Credential Guard is enabled in policy, not running: this edition of Windows is not licensed for it.',
      );
      assert.equal(finding?.evidence, `registry Windows EditionID ${edition}`);
    }
  });

  test('an edition that is not known is only possible, one that is licensed is no cause', () => {
    const causes = (settings: RegistryValues) =>
      of({ deviceGuard: isOff, registry: registry({ 'Policy\\LsaCfgFlags': 2, ...settings }) });
    assert.equal(find(causes({}), 'edition-not-licensed').seen, false);
    assert.equal(find(causes({}), 'edition-not-licensed').evidence, 'the edition was not read');
    assert.equal(
      find(causes({ 'Windows\\EditionID': 'Cloud' }), 'edition-not-licensed').evidence,
      'registry Windows EditionID Cloud',
    );
    for (const edition of ['Enterprise', 'EnterpriseS', 'Education', 'IoTEnterprise', 'ServerStandard']) {
      const findings = causes({ 'Windows\\EditionID': edition });
      assert.deepEqual(causesOf(findings), ['launch-failed', 'reboot-pending']);
      assert.match(find(findings, 'launch-failed').nextStep, /WinInit/);
      assert.match(find(findings, 'launch-failed').text, /: possibly LsaIso\.exe failed to start\.$/);
    }
  });
});
