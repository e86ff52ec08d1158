/** The posture: from the kernel alone, and with what was configured. */
import assert from 'node:assert/strict';
import type { ContractCase } from './host.js';
import { contractScenarioOn } from './machine.js';

export const postureCases: readonly ContractCase[] = [
  {
    title: 'posture on a machine with VSM: running, with what says so',
    needs: ['scenarios'],
    run: ({ vsm }) => {
      const posture = vsm.posture();
      assert.deepEqual(posture.vsm.running, { value: true, evidence: 'class 165 SecureKernelRunning' });
      assert.equal(posture.hvci.running.value, true);
      assert.equal(posture.trustletRunning.value, true);
      assert.equal(posture.secureBoot.value, true);
      assert.equal(posture.testSigning.value, false);
      assert.equal(posture.hypervisorPresent.value, true);
      assert.deepEqual(posture.windows, { major: 10, minor: 0, build: 26100 });
    },
  },
  {
    title: 'posture on a machine without VSM: not running, hence no Credential Guard',
    needs: ['scenarios'],
    scenario: contractScenarioOn({ build: 19045, vsm: false, secureBoot: false, testSigning: true }),
    run: ({ vsm }) => {
      const posture = vsm.posture();
      assert.equal(posture.vsm.running.value, false);
      assert.equal(posture.credentialGuard.running.value, false);
      assert.equal(posture.secureBoot.value, false);
      assert.equal(posture.testSigning.value, true);
    },
  },
  {
    title: 'a posture whose queries fail says so instead of guessing',
    needs: ['scenarios', 'fail'],
    run: (machine) => {
      machine.fail('NtQuerySystemInformation', { status: 'STATUS_ACCESS_DENIED', infoClass: 145 });
      const { secureBoot } = machine.vsm.posture();
      assert.equal(secureBoot.value, null);
      assert.match(secureBoot.evidence, /STATUS_ACCESS_DENIED/);
    },
  },
  {
    title: 'a posture has each feature configured and running, and agrees with its older members',
    needs: [],
    run: ({ vsm }) => {
      const { features, ...posture } = vsm.posture();
      assert.deepEqual(Object.keys(features).sort(), [
        'credentialGuard',
        'dmaProtection',
        'hvci',
        'hypervisor',
        'kernelDebugger',
        'secureBoot',
        'secureCore',
        'vbs',
      ]);
      for (const { configured, running } of Object.values(features)) {
        for (const { value, evidence } of [configured, running]) {
          assert.ok(value === null || typeof value === 'boolean');
          assert.notEqual(evidence, '');
        }
      }
      assert.deepEqual(posture.vsm.running, features.vbs.running);
      assert.deepEqual(posture.secureBoot, features.secureBoot.running);
    },
  },
  {
    title: 'a posture that was asked of the kernel alone says so of the other sources',
    needs: [],
    run: ({ vsm }) => {
      const { deviceGuard, registry } = vsm.posture().sources;
      assert.deepEqual([deviceGuard.state, registry.state], ['not-asked', 'not-asked']);
      assert.deepEqual([deviceGuard.values, registry.values], [null, null]);
    },
  },
  {
    title: 'postureAsync asks every source, and says of each how it went',
    needs: [],
    run: async ({ vsm }) => {
      const asked = await vsm.postureAsync();
      for (const source of [asked.sources.deviceGuard, asked.sources.registry]) {
        assert.notEqual(source.state, 'not-asked');
        assert.equal(source.values === null, source.state !== 'answered');
        if (source.state !== 'answered') assert.ok((source.problem ?? '') !== '');
      }
      // What the kernel says does not change with what others say.
      assert.deepEqual(asked.sources.isolatedUserMode.values, vsm.posture().sources.isolatedUserMode.values);
      assert.equal(asked.backend, vsm.backend.name);
      assert.equal(asked.simulated, vsm.backend.simulated);
    },
  },
  {
    title: 'what was configured and is not running is told with its cause, or the source says that it has no answer',
    needs: ['scenarios'],
    scenario: contractScenarioOn({
      build: 26100,
      vsm: false,
      hypervisor: false,
      configured: { vbs: true, hvci: true, credentialGuard: 'unlocked', by: 'policy' },
    }),
    run: async ({ vsm }) => {
      const { features, findings, sources } = await vsm.postureAsync();
      assert.equal(features.vbs.running.value, false);
      if (sources.registry.state !== 'answered') {
        assert.equal(features.vbs.configured.value, null, 'nothing is guessed');
        assert.ok(findings.some(({ kind, cause }) => kind === 'gap' && cause.startsWith('source-')));
        return;
      }
      assert.equal(features.vbs.configured.value, true);
      const finding = findings.find(({ feature, cause }) => feature === 'vbs' && cause === 'no-hypervisor');
      assert.match(finding?.text ?? '', /^VBS is enabled in policy, not running: no hypervisor runs/);
      assert.equal(finding?.seen, true);
      assert.ok(findings.some(({ feature, cause }) => feature === 'hvci' && cause === 'vbs-not-running'));
    },
  },
  {
    title: 'postureAsync rejects with the reason of a signal that is aborted, and serves a vsm asked again',
    needs: [],
    run: async ({ vsm }) => {
      const reason = new Error('enough');
      await assert.rejects(vsm.postureAsync({ signal: AbortSignal.abort(reason) }), (error) => error === reason);
      assert.equal((await vsm.postureAsync({ signal: new AbortController().signal })).backend, vsm.backend.name);
    },
  },
  {
    title: 'postureAsync refuses wrong options, and a vsm that was closed',
    needs: [],
    run: async ({ vsm }) => {
      await assert.rejects(vsm.postureAsync({ timeoutMs: 0 }), { code: 'ERR_TRUSTLET_ARGUMENT' });
      vsm.close();
      await assert.rejects(vsm.postureAsync(), { code: 'ERR_TRUSTLET_CLOSED' });
    },
  },
];
