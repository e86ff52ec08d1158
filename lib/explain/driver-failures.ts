/** Known failures of loading a driver: signature, memory integrity, policy, rights. From a posture where there is one. Pure. */
import type { Posture, PostureAnswer } from '../types.js';
import { type Case, type KnownFailure, type Sighting, subjectOf, Weight } from './case.js';
import { isAccessDenied, isDriverBlocked, isInvalidImageHash } from './error-code.js';

const isBlocked = (seen: Case): boolean =>
  subjectOf(seen) === 'driver' && (isInvalidImageHash(seen.error) || isDriverBlocked(seen.error));

const NOT_ASKED: PostureAnswer = { value: null, evidence: 'the posture was not asked' };

const answered = (posture: Posture | null, read: (posture: Posture) => PostureAnswer): PostureAnswer =>
  posture === null ? NOT_ASKED : read(posture);

const state = ({ value }: PostureAnswer): string => (value === null ? 'not known' : value ? 'yes' : 'no');

const lookForSignature = (seen: Case): readonly Sighting[] => {
  if (!isBlocked(seen) || !isInvalidImageHash(seen.error)) return [];
  const testSigning = answered(seen.posture, ({ testSigning: answer }) => answer);
  const secureBoot = answered(seen.posture, ({ secureBoot: answer }) => answer);
  return [
    {
      weight: Weight.STRONG,
      seen: true,
      evidence: `the error itself: ${seen.error?.name}; test signing: ${state(testSigning)} (${testSigning.evidence}); Secure Boot: ${state(secureBoot)} (${secureBoot.evidence})`,
      text:
        testSigning.value === true
          ? 'Code integrity does not accept the file although test signing is on: it is not signed at all, its certificate is not trusted, or it was altered after it was signed.'
          : undefined,
    },
  ];
};

const lookForMemoryIntegrity = (seen: Case): readonly Sighting[] => {
  if (!isBlocked(seen)) return [];
  const { value, evidence } = answered(seen.posture, ({ hvci }) => hvci.running);
  if (value === false) return [];
  return value === true
    ? [
        {
          weight: Weight.LIKELY,
          seen: true,
          evidence: `memory integrity runs: ${evidence}; that it is what refused this file was not seen`,
        },
      ]
    : [{ weight: Weight.REMOTE, seen: false, evidence: `not seen: ${evidence}` }];
};

const policyEvidence = ({ posture }: Case): { readonly enabled: boolean | null; readonly text: string } => {
  const values = posture?.sources.codeIntegrityPolicy.values ?? null;
  if (values === null) return { enabled: null, text: 'class 164 (code integrity policy) was not answered' };
  const enabled = values['Enabled'] === true;
  const set = ['Enabled', 'Audit', 'RequireWHQL', 'EnabledUMCI'].filter((name) => values[name] === true);
  return { enabled, text: `class 164: ${set.length === 0 ? 'no policy option set' : set.join(', ')}` };
};

const lookForPolicy = (seen: Case): readonly Sighting[] => {
  if (!isBlocked(seen)) return [];
  const { enabled, text } = policyEvidence(seen);
  // 577 can be a policy’s word too, but only where there is a policy.
  if (isInvalidImageHash(seen.error)) {
    return enabled === false
      ? []
      : [
          {
            weight: enabled === true ? Weight.PLAUSIBLE : Weight.REMOTE - 1,
            seen: false,
            evidence: `not seen as the cause; ${text}`,
          },
        ];
  }
  return [{ weight: Weight.DECISIVE - 5, seen: true, evidence: `the error itself: ${seen.error?.name}; ${text}` }];
};

/** Known failures of loading a driver. */
export const driverFailures: readonly KnownFailure[] = [
  {
    id: 'driver-signature',
    cause: 'code-integrity',
    symptom: 'StartService or NtLoadDriver fails with 577 (ERROR_INVALID_IMAGE_HASH)',
    text:
      'Code integrity does not accept the driver’s signature. A new kernel driver loads only if Microsoft’s Hardware Dev Center signed it ' +
      '(Windows 10 1607 and later), or, with Secure Boot off, where test signing is on.',
    advice:
      'Look in the log Microsoft-Windows-CodeIntegrity/Operational for 3004 and 3033 with this file’s name; trustlet inspect <file> shows how it ' +
      'is signed. Have it signed by the Hardware Dev Center, or use a test machine.',
    known: 'documented',
    source: 'facts/nt.md 8.1, 8.2; the events: Microsoft Learn, App Control event IDs',
    look: lookForSignature,
  },
  {
    id: 'driver-memory-integrity',
    cause: 'memory-integrity',
    symptom: 'A driver that loads elsewhere fails with 577 or 1275 where memory integrity runs',
    text:
      'Memory integrity (HVCI) runs: the secure kernel checks each page of kernel code, refuses drivers with sections that can be written and run, and ' +
      'brings the list of vulnerable drivers with it.',
    advice:
      'Look in the log Microsoft-Windows-CodeIntegrity/Operational for 3111 and 3033 with this file’s name, and under Windows Security, Core isolation; ' +
      'get a driver version that follows the HVCI rules. Turning memory integrity off to load it gives up the protection of the whole kernel.',
    known: 'documented',
    source: 'facts/nt.md 7.4, 8.2; the events: Microsoft Learn, App Control event IDs',
    look: lookForMemoryIntegrity,
  },
  {
    id: 'driver-policy',
    cause: 'code-integrity-policy',
    symptom: 'StartService or NtLoadDriver fails with 1275 (ERROR_DRIVER_BLOCKED)',
    text: 'A code integrity policy blocks the driver: Microsoft’s list of vulnerable drivers, or an App Control (WDAC) policy of this organisation.',
    advice:
      'Look in the log Microsoft-Windows-CodeIntegrity/Operational for 3077 (which names the policy) and 3023 (revoked); update the driver, or have the ' +
      'owner of the policy allow it by its publisher. Signing it again does not help.',
    known: 'documented',
    source: 'facts/nt.md 8.1, 8.2; the events: Microsoft Learn, App Control event IDs',
    look: lookForPolicy,
  },
  {
    id: 'driver-service-rights',
    cause: 'access-control',
    symptom: 'CreateService, StartService or NtLoadDriver fails with 5',
    text: 'Drivers are services, and only administrators may create or start them.',
    advice: 'Run it elevated. As a service of your own: let its installer create the driver’s service.',
    known: 'documented',
    source: 'facts/nt.md 8.1',
    look: (seen) =>
      subjectOf(seen) === 'driver' && isAccessDenied(seen.error)
        ? [
            {
              weight: Weight.LIKELY,
              seen: false,
              evidence: 'not seen: the caller’s token was not read; follows from 5 for a driver’s service',
            },
          ]
        : [],
  },
];
