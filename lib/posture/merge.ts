/** A posture from everything that was told. Pure; never throws; says `running: true` only where a source does. */
import type { BackendName, ConfigurationSource, Posture, PostureConfigurationSource } from '../types.js';
import { deviceGuardMeanings } from './device-guard.js';
import { featuresOf, type PostureInput } from './features.js';
import { findingsOf } from './findings.js';
import { memberAnswer, publishedSource } from './nt-answers.js';
import { registryMeanings } from './registry.js';

/** Who was asked. */
export interface PostureOrigin {
  readonly backend: BackendName;
  readonly simulated: boolean;
  readonly windows: Posture['windows'];
}

const withMeanings = <Values>(
  source: ConfigurationSource<Values>,
  meaningsOf: (values: Values) => Readonly<Record<string, string | readonly string[]>>,
): PostureConfigurationSource<Values> => ({
  ...source,
  meanings: source.values === null ? null : meaningsOf(source.values),
});

/** @param input what the kernel, WMI and the registry said, or why they did not */
export const mergePosture = (origin: PostureOrigin, input: PostureInput): Posture => {
  const { nt, configuration } = input;
  const features = featuresOf(input);
  const testSigning = memberAnswer(nt.codeIntegrity, 'TESTSIGN');
  const { vbs, hvci, credentialGuard, secureBoot, hypervisor } = features;
  return {
    backend: origin.backend,
    simulated: origin.simulated,
    windows: origin.windows,
    vsm: { running: vbs.running },
    vbs: { ...vbs, hardwareEnforced: memberAnswer(nt.isolatedUserMode, 'HardwareEnforcedVbs') },
    hvci: { ...hvci, strict: memberAnswer(nt.isolatedUserMode, 'HvciStrictMode') },
    credentialGuard,
    trustletRunning: memberAnswer(nt.isolatedUserMode, 'TrustletRunning'),
    secureBoot: secureBoot.running,
    testSigning,
    hypervisorPresent: hypervisor.running,
    features,
    findings: findingsOf({ nt, configuration, features, testSigning, build: origin.windows.build }),
    sources: {
      isolatedUserMode: publishedSource(nt.isolatedUserMode),
      codeIntegrity: publishedSource(nt.codeIntegrity),
      codeIntegrityPolicy: publishedSource(nt.codeIntegrityPolicy),
      secureBoot: publishedSource(nt.secureBoot),
      vsmProtection: publishedSource(nt.vsmProtection),
      hypervisor: publishedSource(nt.hypervisor),
      hypervisorDetail: publishedSource(nt.hypervisorDetail),
      kernelDebugger: publishedSource(nt.kernelDebugger),
      kernelDebuggerEx: publishedSource(nt.kernelDebuggerEx),
      secureCore: publishedSource(nt.secureCore),
      deviceGuard: withMeanings(configuration.deviceGuard, deviceGuardMeanings),
      registry: withMeanings(configuration.registry, registryMeanings),
    },
  };
};
