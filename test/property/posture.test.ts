/** Whatever the sources say, a posture comes of it, and nothing runs in it that no source says. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { deviceGuardOf, NOT_ASKED } from '../../lib/posture/configuration.js';
import { DEVICE_GUARD_PROPERTIES } from '../../lib/posture/device-guard.js';
import { readHelperOutput } from '../../lib/posture/helper-output.js';
import { mergePosture } from '../../lib/posture/merge.js';
import type { NtAnswer, NtAnswers } from '../../lib/posture/nt-answers.js';
import { REGISTRY_VALUES, registryName } from '../../lib/posture/registry.js';
import type { ConfigurationSource, PostureConfiguration, RegistryValues } from '../../lib/types.js';
import { codeIntegrity, healthyNt, isolated, policy } from '../support/posture-input.js';

const parameters = { numRuns: Number(process.env['TRUSTLET_RUNS'] ?? 1000) };

const flag = fc.boolean();
const u32 = fc.nat({ max: 0xffffffff });
const small = fc.oneof({ weight: 8, arbitrary: fc.nat({ max: 9 }) }, { weight: 1, arbitrary: u32 });

/** The class answers, or fails with one of the statuses that matter. */
const answer = <T>(infoClass: number, value: fc.Arbitrary<T>): fc.Arbitrary<NtAnswer<T>> =>
  fc.oneof(
    { weight: 4, arbitrary: value.map((each) => ({ infoClass, status: 0, value: each })) },
    {
      weight: 1,
      arbitrary: fc
        .constantFrom(0xc0000003, 0xc0000022, 0xc0000004, 0xc0000001)
        .map((status) => ({ infoClass, status, value: null })),
    },
  );

const wordOf = <T>(word: number, read: (word: number) => NtAnswer<T>): T => {
  const { value } = read(word);
  assert.ok(value !== null);
  return value;
};

const nt: fc.Arbitrary<NtAnswers> = fc.record({
  isolatedUserMode: answer(
    165,
    u32.map((raw) => wordOf(raw, (each) => isolated({ raw: each }))),
  ),
  codeIntegrity: answer(
    103,
    u32.map((word) => wordOf(word, codeIntegrity)),
  ),
  codeIntegrityPolicy: answer(
    164,
    u32.map((word) => wordOf(word, policy)),
  ),
  secureBoot: answer(145, fc.record({ SecureBootEnabled: flag, SecureBootCapable: flag })),
  vsmProtection: answer(
    169,
    fc.record({
      DmaProtectionsAvailable: flag,
      DmaProtectionsInUse: flag,
      HardwareMbecAvailable: fc.option(flag),
      ApicVirtualizationAvailable: fc.option(flag),
    }),
  ),
  hypervisor: answer(
    91,
    fc.record({ Connected: flag, DebuggingEnabled: flag, Present: flag, EnabledEnlightenments: fc.constant(0n) }),
  ),
  hypervisorDetail: answer(
    159,
    fc.constantFrom('', 'Hv#1').map((name) => ({
      leaves: healthyNt.hypervisorDetail.value?.leaves ?? assert.fail(),
      vendor: '',
      interface: name,
    })),
  ),
  kernelDebugger: answer(35, fc.record({ KernelDebuggerEnabled: flag, KernelDebuggerNotPresent: flag })),
  kernelDebuggerEx: answer(149, fc.record({ DebuggerAllowed: flag, DebuggerEnabled: flag, DebuggerPresent: flag })),
  secureCore: answer(
    242,
    fc.record({
      IsSecureCore: flag,
      SecureKernelRunning: fc.constantFrom(0n, 1n),
      VslFeatures: fc.constant(0n),
    }),
  ),
});

const source = <T>(values: fc.Arbitrary<T>): fc.Arbitrary<ConfigurationSource<T>> =>
  fc.oneof(
    fc.record({ state: fc.constant('answered' as const), problem: fc.option(fc.string()), values }),
    fc.record({
      state: fc.constantFrom('not-asked', 'unavailable', 'refused', 'timed-out', 'failed', 'malformed'),
      problem: fc.option(fc.string()),
      values: fc.constant(null),
    }),
  );

const deviceGuard = fc
  .record(
    Object.fromEntries(
      DEVICE_GUARD_PROPERTIES.map(({ name, shape }) => {
        const shapes = { number: small, numbers: fc.array(small, { maxLength: 6 }), text: fc.string() };
        return [name, fc.option<unknown>(shapes[shape])];
      }),
    ),
  )
  .map((values) => deviceGuardOf(values as Parameters<typeof deviceGuardOf>[0]));

const registry: fc.Arbitrary<RegistryValues> = fc
  .record(
    Object.fromEntries(
      REGISTRY_VALUES.map((entry) => [
        registryName(entry),
        entry.shape === 'number' ? small : fc.constantFrom('Core', 'Enterprise', 'Professional', ''),
      ]),
    ),
    { requiredKeys: [], noNullPrototype: true },
  )
  .map((values) => values as RegistryValues);

const configuration: fc.Arbitrary<PostureConfiguration> = fc.record({
  deviceGuard: source(deviceGuard),
  registry: source(registry),
});

const origin = { backend: 'ntdll', simulated: true, windows: { major: 10, minor: 0, build: 26100 } } as const;

describe('a posture from any sources', () => {
  test('never throws, survives JSON, and has nothing running that no source says', () => {
    fc.assert(
      fc.property(nt, configuration, (kernel, told) => {
        const posture = mergePosture(origin, { nt: kernel, configuration: told });
        assert.deepEqual(JSON.parse(JSON.stringify(posture)), posture);
        const says = (value: boolean | undefined): boolean => value === true;
        const wmi = told.deviceGuard.values;
        const { isolatedUserMode: word, secureCore } = kernel;
        const sources = {
          vbs: [
            says(word.value?.SecureKernelRunning),
            secureCore.value !== null && secureCore.value.SecureKernelRunning !== 0n,
            wmi?.VirtualizationBasedSecurityStatus === 2,
          ],
          hvci: [says(word.value?.HvciEnabled), says(wmi?.SecurityServicesRunning?.includes(2))],
          credentialGuard: [says(wmi?.SecurityServicesRunning?.includes(1))],
          secureBoot: [
            says(kernel.secureBoot.value?.SecureBootEnabled),
            says(wmi?.AvailableSecurityProperties?.includes(2)),
          ],
          dmaProtection: [says(kernel.vsmProtection.value?.DmaProtectionsInUse)],
          kernelDebugger: [
            says(kernel.kernelDebuggerEx.value?.DebuggerPresent),
            kernel.kernelDebugger.value?.KernelDebuggerNotPresent === false,
          ],
          secureCore: [says(secureCore.value?.IsSecureCore)],
          hypervisor: [says(kernel.hypervisor.value?.Present), kernel.hypervisorDetail.value?.interface === 'Hv#1'],
        };
        for (const [name, running] of Object.entries(sources)) {
          const feature = posture.features[name as keyof typeof sources];
          if (feature.running.value === true) assert.ok(running.includes(true), `${name}: ${feature.running.evidence}`);
          assert.equal(typeof feature.running.evidence, 'string');
        }
        if (posture.features.vbs.running.value === false) {
          assert.notEqual(posture.features.credentialGuard.running.value, true, 'a trustlet without VSM');
        }
      }),
      parameters,
    );
  });

  test('findings have a text and a next step; what was not seen is only possible', () => {
    fc.assert(
      fc.property(nt, configuration, (kernel, told) => {
        const { findings } = mergePosture(origin, { nt: kernel, configuration: told });
        for (const { text, nextStep, seen, evidence, cause } of findings) {
          assert.match(text, /\.$/, cause);
          assert.ok(nextStep.length > 10 && typeof evidence === 'string');
          assert.equal(/\bpossibly\b/.test(text), !seen, `${cause}: ${text}`);
        }
      }),
      parameters,
    );
  });

  test('the kernel alone never speaks of what was not asked', () => {
    fc.assert(
      fc.property(nt, (kernel) => {
        const { findings } = mergePosture(origin, { nt: kernel, configuration: NOT_ASKED });
        assert.ok(findings.every(({ cause }) => !cause.startsWith('source-')));
      }),
      parameters,
    );
  });

  test('any text of a helper is an answer or a diagnosis', () => {
    const document = fc.record({
      trustlet: fc.constantFrom<unknown>(1, 2, '1'),
      deviceGuard: fc.oneof(fc.jsonValue(), fc.record({ values: deviceGuard, error: fc.option(fc.string()) })),
      registry: fc.oneof(fc.jsonValue(), fc.dictionary(fc.constantFrom('Lsa', 'Policy', 'Windows'), fc.jsonValue())),
    });
    const text = fc.oneof(
      fc.string(),
      document.map((each) => JSON.stringify(each)),
    );
    fc.assert(
      fc.property(text, (each) => {
        for (const read of Object.values(readHelperOutput(each))) {
          assert.equal(read.values === null, read.state !== 'answered');
          if (read.state !== 'answered') assert.ok((read.problem ?? '') !== '');
        }
      }),
      parameters,
    );
  });
});
