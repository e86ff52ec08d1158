import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { boot, type Scenario } from '../../../lib/emulator/index.js';
import { open } from '../../../lib/open.js';
import { document, trustlet } from './capture.js';

/** A machine that was told one thing and does another. */
const scenarioOf = (system: Scenario['system']): Scenario => ({
  schema: 1,
  name: 'told',
  title: 'told one thing',
  system,
  agent: 'agent',
  processes: [{ label: 'agent', image: 'agent.exe', user: 'user' }],
});

const on = (system: Scenario['system']) => ({ open: () => open({ backend: boot(scenarioOf(system)) }) });

describe('trustlet status', () => {
  test('each feature stands configured and running, with its evidence', async () => {
    const run = await trustlet('status --scenario credential-guard');
    assert.equal(run.code, 0);
    assert.match(run.out, /^Windows 10\.0\.26100 +CONFIGURED +RUNNING +EVIDENCE$/m);
    assert.match(run.out, /^VBS +yes +yes +running: class 165 SecureKernelRunning; configured: registry DeviceGuard /m);
    assert.match(run.out, /^Credential Guard +yes +yes +running: Win32_DeviceGuard SecurityServicesRunning \{1, 2\};/m);
    assert.match(run.out, /^Secure Boot +optional +yes +running: class 145 SecureBootEnabled;/m);
    assert.match(run.out, /^Hypervisor +unknown +yes +running: class 91 Present;/m);
    assert.match(run.out, /^Test signing +- +no +class 103 TESTSIGN$/m);
    assert.match(run.out, /^Nothing contradicts, and nothing weak was seen\.$/m);
    assert.match(run.lines.at(-1) ?? '', /\(simulated\)$/);
  });

  test('what was configured and does not run is a finding with a next step', async () => {
    const run = await trustlet('status --scenario vbs-not-running', { columns: 200 });
    assert.equal(run.code, 0);
    assert.match(run.out, /^VBS +yes +no /m);
    assert.match(run.out, /^Secure Boot +required +no /m);
    assert.match(run.out, /^7 FINDINGS$/m);
    assert.match(
      run.out,
      /^disagreement: VBS is enabled in policy, not running: it requires Secure Boot, which is off\.\n {2}Next: Turn on Secure Boot .*\n {2}Looked at: registry Policy RequirePlatformSecurityFeatures 1; /m,
    );
    assert.match(run.out, /not running: possibly hypervisorlaunchtype or vsmlaunchtype is off/);
    assert.match(run.out, /^weakness: Secure Boot is off/m);
  });

  test('one finding is one', async () => {
    const run = await trustlet('status --scenario plain');
    assert.equal(run.code, 0);
    assert.match(run.out, /^VBS +no +no /m);
    assert.match(run.out, /^1 FINDING$/m);
    assert.match(run.out, /^weakness: VBS is off, and nothing asks for it\.$/m);
  });

  test('a source that refuses is a gap, and the rest stands', async () => {
    const run = await trustlet('status', on({ build: 26100, vsm: false }));
    assert.equal(run.code, 0);
    assert.match(run.out, /^gap: WMI’s Win32_DeviceGuard did not answer/m);
    assert.match(run.out, /Next: Ask again from an elevated program\./);
    assert.match(run.out, /^VBS +no +no /m);
  });

  test('what opens a machine up is shown as bad, and what protects as good', async () => {
    const { out } = await trustlet('status', {
      ...on({ build: 26100, vsm: false, kernelDebugger: true }),
      isTTY: true,
    });
    const yes = (colour: number): string => `\u001b[${colour}myes`;
    const line = out.split('\n').find((each) => each.includes('Kernel debugging')) ?? '';
    assert.ok(line.includes(yes(31)), JSON.stringify(line));
    assert.ok((out.split('\n').find((each) => each.includes('Secure Boot')) ?? '').includes(yes(32)));
  });

  test('everything keeps within 80 columns', async () => {
    for (const scenario of ['vbs-not-running', 'credential-guard', 'plain', 'downlevel']) {
      const { lines } = await trustlet(`status --scenario ${scenario}`, { columns: 80 });
      for (const line of lines) assert.ok(line.length <= 80, line);
    }
    const { lines } = await trustlet('status', { ...on({ build: 17134, vsm: false }), columns: 80 });
    for (const line of lines) assert.ok(line.length <= 80, line);
  });

  test('--json has the answers, the features, the findings and what every source said', async () => {
    const status = document(await trustlet('status --scenario vbs-not-running --json'));
    assert.deepEqual(Object.keys(status).slice(0, 3), ['schema', 'backend', 'simulated']);
    assert.deepEqual(status['windows'], { major: 10, minor: 0, build: 26100 });
    assert.deepEqual(status['vsm'], { running: { value: false, evidence: 'class 165 SecureKernelRunning' } });
    for (const member of ['vbs', 'hvci', 'credentialGuard', 'secureBoot', 'features', 'findings', 'sources'])
      assert.ok(member in status, member);
    const [finding] = status['findings'] as Record<string, unknown>[];
    assert.deepEqual(Object.keys(finding ?? {}).sort(), [
      'cause',
      'evidence',
      'feature',
      'kind',
      'nextStep',
      'seen',
      'text',
    ]);
    assert.equal(finding?.['cause'], 'no-hypervisor');
    const sources = status['sources'] as Record<string, Record<string, Record<string, unknown>>>;
    assert.equal(sources['registry']?.['values']?.['Policy\\LsaCfgFlags'], 2);
    assert.equal(sources['registry']?.['meanings']?.['Policy\\LsaCfgFlags'], 'on, without lock');
    assert.deepEqual(sources['deviceGuard']?.['meanings']?.['SecurityServicesConfigured'], [
      'Credential Guard',
      'memory integrity (HVCI)',
    ]);
  });
});
