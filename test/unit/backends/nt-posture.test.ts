import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { NtBackend } from '../../../lib/backends/nt-backend.js';
import { healthyConfiguration } from '../../support/posture-input.js';
import { ACCESS_DENIED, LENGTH_MISMATCH, type ScriptedApi, SUCCESS, scriptedApi } from '../../support/scripted-api.js';

let api: ScriptedApi;
let backend: NtBackend;

beforeEach(() => {
  api = scriptedApi();
  backend = new NtBackend(api, { name: 'ntdll', simulated: false, description: 'scripted' });
});

describe('posture', () => {
  test('each answer says what it was read from, and a failure is an answer of null', () => {
    api.system.set(165, (buffer) => {
      buffer.set([0x03, 0x05]);
      return { status: SUCCESS, returnLength: 16 };
    });
    api.system.set(103, (buffer) => {
      buffer.set([8, 0, 0, 0, 0x03, 0x04, 0, 0]);
      return { status: SUCCESS, returnLength: 8 };
    });
    api.system.set(145, () => ({ status: ACCESS_DENIED, returnLength: 0 }));
    api.system.set(169, (buffer) =>
      buffer.length === 3 ? { status: SUCCESS, returnLength: 3 } : { status: LENGTH_MISMATCH, returnLength: 3 },
    );
    const posture = backend.posture();
    assert.deepEqual(posture.vsm.running, { value: true, evidence: 'class 165 SecureKernelRunning' });
    assert.equal(posture.hvci.running.value, true);
    assert.equal(posture.hvci.configured.value, true);
    assert.equal(posture.trustletRunning.value, true);
    assert.equal(posture.vbs.hardwareEnforced.value, true);
    assert.equal(posture.testSigning.value, true);
    assert.deepEqual(posture.secureBoot, { value: null, evidence: 'class 145 failed: STATUS_ACCESS_DENIED' });
    assert.equal(posture.credentialGuard.running.value, null);
    assert.equal(posture.credentialGuard.configured.value, null);
    assert.equal(posture.hypervisorPresent.value, null);
    assert.equal(posture.sources.vsmProtection.statusName, 'STATUS_SUCCESS');
    assert.equal(posture.sources.vsmProtection.values?.['ApicVirtualizationAvailable'], undefined);
    assert.equal(posture.sources.secureBoot.values, null);
    assert.deepEqual(posture.windows, { major: 10, minor: 0, build: 26100 });
  });

  test('a system without class 165 has no VSM, hence no Credential Guard', () => {
    const posture = backend.posture();
    assert.equal(posture.vsm.running.value, false);
    assert.equal(posture.credentialGuard.running.value, false);
  });

  test('with VSM and no trustlet running, Credential Guard is not running', () => {
    api.system.set(165, (buffer) => {
      buffer[0] = 1;
      return { status: SUCCESS, returnLength: 16 };
    });
    const posture = backend.posture();
    assert.equal(posture.credentialGuard.running.value, false);
    assert.match(posture.credentialGuard.running.evidence, /TrustletRunning is clear/);
  });

  test('a member this build does not have is null', () => {
    api.system.set(169, (buffer) =>
      buffer.length === 2 ? { status: SUCCESS, returnLength: 2 } : { status: LENGTH_MISMATCH, returnLength: 2 },
    );
    assert.deepEqual(Object.keys(backend.posture().sources.vsmProtection.values ?? {}).length, 2);
  });

  test('an answer that is only informational, or wrote nothing, is none', () => {
    for (const answer of [
      { status: 0x103, returnLength: 16 },
      { status: SUCCESS, returnLength: 0 },
    ]) {
      api.system.set(165, () => answer);
      assert.equal(backend.posture().vsm.running.value, null);
    }
  });

  test('one refusal of class 165 is not taken for a system without VSM', () => {
    let calls = 0;
    api.system.set(165, (buffer) => {
      calls += 1;
      if (calls === 1) return { status: 0xc0000003, returnLength: 0 };
      buffer[0] = 1;
      return { status: SUCCESS, returnLength: 16 };
    });
    assert.equal(backend.posture().vsm.running.value, true);
  });

  test('classes 35, 149, 159 and 242 are asked with their own lengths', () => {
    const lengths = new Map<number, number>();
    for (const [infoClass, bytes] of [
      [35, [1, 0]],
      [149, [1, 1, 0]],
      [242, [1, 0, 0, 0, 0, 0, 0, 0, 1]],
      [159, [6, 0, 0, 0x40, 0x4d, 0x69]],
    ] as const) {
      api.system.set(infoClass, (buffer) => {
        lengths.set(infoClass, buffer.length);
        buffer.set(bytes);
        return { status: SUCCESS, returnLength: buffer.length };
      });
    }
    const { features, sources } = backend.posture();
    assert.deepEqual(Object.fromEntries(lengths), { 35: 2, 149: 3, 159: 112, 242: 24 });
    assert.deepEqual([features.kernelDebugger.configured.value, features.kernelDebugger.running.value], [true, false]);
    assert.equal(features.secureCore.running.value, true);
    assert.equal(sources.hypervisorDetail.values?.['vendor'], 'Mi');
    assert.equal(sources.kernelDebugger.values?.['KernelDebuggerNotPresent'], false);
  });
});

describe('configuration', () => {
  test('a simulated kernel has none; where there is one, it is asked with the limits', async () => {
    const { deviceGuard, registry } = await backend.configuration({ timeoutMs: 1 });
    assert.equal(deviceGuard.state, 'unavailable');
    assert.match(registry.problem ?? '', /simulated kernel/);
    const limits: unknown[] = [];
    const real = new NtBackend(api, {
      name: 'ntdll',
      simulated: false,
      description: 'scripted',
      configuration: (given) => {
        limits.push(given);
        return Promise.resolve(healthyConfiguration);
      },
    });
    assert.equal(await real.configuration({ timeoutMs: 7 }), healthyConfiguration);
    assert.deepEqual(limits, [{ timeoutMs: 7 }]);
  });

  test('is a part of the posture it is handed to', () => {
    const posture = backend.posture(healthyConfiguration);
    assert.equal(posture.features.credentialGuard.configured.value, true);
    assert.equal(posture.sources.registry.state, 'answered');
    assert.equal(backend.posture().sources.registry.state, 'not-asked');
  });
});
