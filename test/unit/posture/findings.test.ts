/** Contradictions, weaknesses and gaps: one test a row. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { NOT_ASKED, silentSource } from '../../../lib/posture/configuration.js';
import { RULE_GROUPS } from '../../../lib/posture/findings.js';
import type { PostureFinding, RegistryValues } from '../../../lib/types.js';
import {
  ACCESS_DENIED,
  type Changes,
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

const RUNNING = { SecureKernelRunning: true, HvciEnabled: true, TrustletRunning: true };

/** [feature, cause, seen] of each finding. */
const summary = (findings: readonly PostureFinding[]): readonly (readonly [string, string, boolean])[] =>
  findings.map(({ feature, cause, seen }) => [feature, cause, seen]);

const findings = (changes: Changes): readonly PostureFinding[] => postureWith(changes).findings;

/** The registry says so, WMI is not asked. */
const told = (values: RegistryValues, nt: Changes['nt'] = {}): readonly PostureFinding[] =>
  findings({ registry: registry(values), deviceGuard: NOT_ASKED.deviceGuard, nt });

describe('turned off, and running', () => {
  test('VBS, locked in a UEFI variable', () => {
    const found = told({ 'DeviceGuard\\EnableVirtualizationBasedSecurity': 0, 'DeviceGuard\\Locked': 1 });
    assert.deepEqual(summary(found), [
      ['vbs', 'locked', true],
      ['vbs', 'reboot-pending', false],
    ]);
    assert.equal(found[0]?.text, 'VBS is turned off, and running: its configuration is locked in a UEFI variable.');
    assert.match(found[0]?.nextStep ?? '', /SecConfig\.efi/);
    assert.equal(
      found[0]?.evidence,
      'registry DeviceGuard EnableVirtualizationBasedSecurity 0; class 165 SecureKernelRunning; registry DeviceGuard Locked 1',
    );
  });

  test('VBS, not known to be locked, and known not to be', () => {
    const off = { 'Policy\\EnableVirtualizationBasedSecurity': 0 };
    const [finding] = told(off);
    assert.deepEqual([finding?.cause, finding?.seen], ['locked', false]);
    assert.equal(
      finding?.text,
      'VBS is turned off, and running: possibly its configuration is locked in a UEFI variable.',
    );
    assert.deepEqual(summary(told({ ...off, 'DeviceGuard\\Locked': 0 })), [['vbs', 'reboot-pending', false]]);
  });

  test('memory integrity, locked, or turned on by a code integrity policy', () => {
    const off = { 'HypervisorEnforcedCodeIntegrity\\Enabled': 0, 'HypervisorEnforcedCodeIntegrity\\Locked': 1 };
    const found = told(off);
    assert.deepEqual(summary(found), [
      ['hvci', 'locked', true],
      ['hvci', 'enabled-elsewhere', true],
      ['hvci', 'reboot-pending', false],
    ]);
    assert.equal(found[1]?.text, 'Memory integrity is turned off, and running: a code integrity policy turns it on.');
    assert.deepEqual(summary(told(off, { codeIntegrityPolicy: policy(0) })), [
      ['hvci', 'locked', true],
      ['hvci', 'reboot-pending', false],
    ]);
  });

  test('Credential Guard: whether it is locked no value says', () => {
    const found = findings({
      registry: registry({ 'Policy\\LsaCfgFlags': 0 }),
      deviceGuard: wmi({ SecurityServicesRunning: [1, 2] }),
    });
    assert.deepEqual(summary(found), [
      ['credentialGuard', 'locked', false],
      ['credentialGuard', 'reboot-pending', false],
    ]);
  });
});

describe('sources that contradict one another', () => {
  test('WMI says that VBS runs, class 165 that it does not', () => {
    const deviceGuard = wmi({ VirtualizationBasedSecurityStatus: 2 });
    const [finding] = postureWith({ deviceGuard, registry: registry({}) }, stalledNt).findings.filter(
      ({ cause }) => cause === 'sources-contradict',
    );
    assert.equal(finding?.feature, 'vbs');
    assert.equal(
      finding?.evidence,
      'class 165 SecureKernelRunning is clear; Win32_DeviceGuard VirtualizationBasedSecurityStatus 2',
    );
    assert.match(finding?.nextStep ?? '', /isSecureProcess/);
  });

  test('the other way round', () => {
    for (const status of [0, 1]) {
      const found = findings({ deviceGuard: wmi({ VirtualizationBasedSecurityStatus: status }) });
      assert.deepEqual(
        found.filter(({ cause }) => cause === 'sources-contradict').map(({ evidence }) => evidence),
        [`class 165 SecureKernelRunning is set; Win32_DeviceGuard VirtualizationBasedSecurityStatus ${status}`],
      );
    }
  });

  test('memory integrity', () => {
    const [finding] = findings({ deviceGuard: wmi({ SecurityServicesRunning: [1] }) });
    assert.deepEqual([finding?.feature, finding?.cause], ['hvci', 'sources-contradict']);
    assert.equal(finding?.evidence, 'class 165 HvciEnabled is set; Win32_DeviceGuard SecurityServicesRunning {1}');
  });

  test('Credential Guard runs by WMI’s word, and no trustlet or no secure kernel does', () => {
    const isolatedUserMode = isolated({ ...RUNNING, TrustletRunning: false });
    const [finding] = findings({ nt: { isolatedUserMode } });
    assert.deepEqual([finding?.feature, finding?.cause], ['credentialGuard', 'sources-contradict']);
    assert.match(finding?.evidence ?? '', /^class 165 TrustletRunning is clear/);
    const deviceGuard = wmi({ SecurityServicesRunning: [1] });
    const found = postureWith({ deviceGuard, registry: registry({}) }, stalledNt).findings;
    assert.match(
      found.find(({ feature, cause }) => feature === 'credentialGuard' && cause === 'sources-contradict')?.evidence ??
        '',
      /^class 165 SecureKernelRunning is clear/,
    );
  });
});

describe('weaknesses', () => {
  const rows: readonly (readonly [string, Changes['nt'], string, string, RegExp])[] = [
    ['test signing', { codeIntegrity: codeIntegrity(0x2403) }, 'vbs', 'test-signing', /testsigning off/],
    [
      'an attached debugger',
      { kernelDebuggerEx: debuggerEx(true, true) },
      'kernelDebugger',
      'debugger-attached',
      /Detach it/,
    ],
    [
      'debugging turned on',
      { kernelDebuggerEx: debuggerEx(true, false) },
      'kernelDebugger',
      'debugger-enabled',
      /debug off/,
    ],
    [
      'debugging of the secure kernel',
      { isolatedUserMode: isolated({ ...RUNNING, DebugEnabled: true }) },
      'vbs',
      'secure-kernel-debugging',
      /bcdedit/,
    ],
    [
      'debugging of the hypervisor',
      { hypervisor: hypervisor(true, true) },
      'hypervisor',
      'debugger-enabled',
      /hypervisordebug off/,
    ],
    ['Secure Boot off', { secureBoot: secureBoot(false) }, 'secureBoot', 'secure-boot-off', /firmware/],
    [
      'DMA protection not used',
      { vsmProtection: vsmProtection({ DmaProtectionsInUse: false }) },
      'dmaProtection',
      'dma-protection-unused',
      /RequirePlatformSecurityFeatures 3/,
    ],
    [
      'no DMA protection',
      { vsmProtection: vsmProtection({ DmaProtectionsAvailable: false, DmaProtectionsInUse: false }) },
      'dmaProtection',
      'dma-protection-absent',
      /IOMMU/,
    ],
    [
      'memory integrity without MBEC',
      { vsmProtection: vsmProtection({ HardwareMbecAvailable: false }) },
      'hvci',
      'mbec-absent',
      /newer processor/,
    ],
  ];
  for (const [title, nt, feature, cause, nextStep] of rows) {
    test(title, () => {
      const found = findings({ nt: nt ?? {} });
      assert.deepEqual(summary(found), [[feature, cause, true]]);
      assert.equal(found[0]?.kind, 'weakness');
      assert.match(found[0]?.nextStep ?? '', nextStep);
    });
  }

  test('off, and nothing asks for it: VBS, and under VBS its services', () => {
    const nothing = {
      registry: registry({}),
      deviceGuard: wmi({
        VirtualizationBasedSecurityStatus: 0,
        SecurityServicesConfigured: [0],
        SecurityServicesRunning: [0],
      }),
    };
    assert.deepEqual(summary(postureWith(nothing, stalledNt).findings), [['vbs', 'not-configured', true]]);
    const isolatedUserMode = isolated({ SecureKernelRunning: true });
    const plain = { isolatedUserMode, codeIntegrity: codeIntegrity(1), codeIntegrityPolicy: policy(0) };
    const deviceGuard = wmi({
      VirtualizationBasedSecurityStatus: 2,
      SecurityServicesConfigured: [0],
      SecurityServicesRunning: [0],
    });
    assert.deepEqual(summary(findings({ nt: plain, deviceGuard, registry: registry({}) })), [
      ['hvci', 'not-configured', true],
      ['credentialGuard', 'not-configured', true],
    ]);
  });

  test('class 169 is no weakness where VBS does not run', () => {
    const { findings: found } = postureWith({ ...NOT_ASKED }, stalledNt);
    assert.deepEqual(summary(found), []);
  });
});

describe('gaps', () => {
  test('class 165 does not exist where Windows has it', () => {
    const nt = { isolatedUserMode: failed(165) };
    const found = findings({ nt });
    assert.deepEqual(summary(found), [['vbs', 'class-missing', true]]);
    assert.equal(found[0]?.kind, 'gap');
    assert.deepEqual(summary(findings({ nt, build: 9600 })), []);
  });

  test('class 165 fails', () => {
    const [finding] = findings({ nt: { isolatedUserMode: failed(165, ACCESS_DENIED) } });
    assert.deepEqual([finding?.cause, finding?.evidence], ['query-failed', 'class 165: STATUS_ACCESS_DENIED']);
  });

  for (const [state, cause, nextStep] of [
    ['refused', 'source-refused', /elevated/],
    ['timed-out', 'source-timed-out', /timeoutMs/],
    ['unavailable', 'source-unavailable', /Windows that has it/],
    ['failed', 'source-failed', /by hand/],
    ['malformed', 'source-failed', /by hand/],
  ] as const) {
    test(`a source that is ${state}, each for itself`, () => {
      const [wmiFinding, ...none] = findings({ deviceGuard: silentSource(state, 'said so') });
      assert.deepEqual([wmiFinding?.cause, wmiFinding?.evidence, none], [cause, 'said so', []]);
      assert.match(wmiFinding?.text ?? '', /^WMI’s Win32_DeviceGuard did not answer/);
      assert.match(wmiFinding?.nextStep ?? '', nextStep);
      const [registryFinding] = findings({ registry: silentSource(state, 'said so') });
      assert.match(registryFinding?.text ?? '', /^The registry did not answer/);
    });
  }

  test('a registry that answered in part', () => {
    const found = findings({ registry: { ...registry({}), problem: 'HKLM\\X refused access' } });
    assert.deepEqual(summary(found), [['vbs', 'source-failed', true]]);
    assert.equal(found[0]?.evidence, 'HKLM\\X refused access');
  });

  test('what was not asked is no gap', () => {
    assert.deepEqual(findings({ ...NOT_ASKED }), []);
  });
});

describe('the tables of rules', () => {
  const rules = RULE_GROUPS.flatMap(({ rules: rows }) => rows);

  test('every row says when it applies, from where, and what to do; a cause that is never seen is worded as possible', () => {
    assert.ok(rules.length > 40, `${rules.length} rules`);
    for (const { cause, when, because, perhaps, nextStep, source } of rules) {
      assert.ok(when.length > 10 && nextStep.endsWith('.') && source !== '', cause);
      assert.ok(because !== null || perhaps !== null, cause);
      if (perhaps !== null) assert.match(perhaps, /^possibly /, cause);
      assert.doesNotMatch(because ?? '', /\bpossibly\b/, cause);
    }
  });
});
