/** Known failures where VBS has to run and does not, from the findings of a posture. Pure. */
import type { Posture } from '../types.js';
import { type Case, type KnownFailure, type Sighting, subjectOf, Weight } from './case.js';
import { hasCode, isInvalidImageHash, isNotConnected, isNotSupported } from './error-code.js';

/** Whether the failing call is one that VBS has to run for. */
const needsVbs = (seen: Case): boolean =>
  subjectOf(seen) === 'system' && (!hasCode(seen.error) || isNotSupported(seen.error) || isNotConnected(seen.error));

const ASK_MORE =
  'Run trustlet status, or pass posture: await vsm.postureAsync(): only the registry and WMI tell what was configured, and why it does not run.';

const STALLED_FEATURES: readonly string[] = ['vbs', 'hvci', 'credentialGuard'];

/** Every disagreement that was found, VBS’s own first; of an error only what keeps VBS itself from running. */
const stalledSightings = (posture: Posture, isAnError: boolean): readonly Sighting[] =>
  posture.findings
    .filter(
      ({ kind, feature, cause }) =>
        kind === 'disagreement' &&
        (isAnError ? feature === 'vbs' && cause !== 'reported-not-running' : STALLED_FEATURES.includes(feature)),
    )
    .map(({ text, seen, evidence, nextStep, feature, cause }) => ({
      weight: (seen ? Weight.STRONG : Weight.POSSIBLE) - (feature === 'vbs' ? 0 : 5),
      seen,
      evidence,
      text,
      advice: nextStep,
      known: seen ? ('documented' as const) : ('assumed' as const),
      source: `docs/posture.md, ${cause}`,
    }));

const lookForStalled = (seen: Case): readonly Sighting[] => {
  const { posture } = seen;
  if (!needsVbs(seen) || posture === null) return [];
  const found = stalledSightings(posture, hasCode(seen.error) || seen.api !== null);
  const { value, evidence } = posture.vbs.running;
  // What contradicts is worth telling; an error is explained by it only where VBS does not run.
  if (value === true) return hasCode(seen.error) || seen.api !== null ? [] : found;
  if (found.length > 0) return found;
  const { configured } = posture.vbs;
  return [
    {
      weight: value === false ? Weight.LIKELY : Weight.POSSIBLE,
      seen: value === false,
      evidence: `running: ${evidence}; configured: ${configured.evidence}`,
      text:
        value === false
          ? `VBS is not running${configured.value === false ? ', and nothing asks for it' : ''}: there is no VTL1, and no trustlet and no VBS enclave can start.`
          : 'Whether VBS runs could not be found out; without it no trustlet and no VBS enclave can start.',
      advice:
        configured.value === false ? 'Turn VBS on (docs/posture.md says where), restart, then look again.' : ASK_MORE,
    },
  ];
};

/** Third-party enclaves (facts/nt.md 5.5). */
const FIRST_ENCLAVE_BUILD = 26100;

const lookForBuild = (seen: Case): readonly Sighting[] => {
  const { api, build, error } = seen;
  if (api?.acts !== 'system' || !/Enclave/.test(api.name) || !needsVbs(seen)) return [];
  if (build < FIRST_ENCLAVE_BUILD) return [{ weight: Weight.LIKELY, seen: true, evidence: `this is build ${build}` }];
  return build === FIRST_ENCLAVE_BUILD && hasCode(error) && seen.posture?.vbs.running.value === true
    ? [
        {
          weight: Weight.POSSIBLE,
          seen: false,
          evidence: `not seen: this is build ${build}, whose revision is not asked here`,
        },
      ]
    : [];
};

const lookForImageSignature = (seen: Case): readonly Sighting[] =>
  subjectOf(seen) === 'system' && isInvalidImageHash(seen.error)
    ? [{ weight: Weight.STRONG, seen: true, evidence: `the error itself: ${seen.error?.name}` }]
    : [];

/** Known failures of VBS. */
export const systemFailures: readonly KnownFailure[] = [
  {
    id: 'vbs-not-running',
    cause: 'vbs-not-running',
    symptom:
      'VBS is configured and does not run: no Secure System, no LsaIso, 50 from CreateEnclave or CREATE_SECURE_PROCESS, 1167 from what asks the secure kernel',
    text: 'VBS is not running: there is no VTL1, and no trustlet and no VBS enclave can start.',
    advice: ASK_MORE,
    known: 'documented',
    source: 'facts/nt.md 3, 5.5; docs/posture.md',
    look: lookForStalled,
  },
  {
    id: 'enclaves-not-supported',
    cause: 'unsupported',
    symptom: 'CreateEnclave fails with 50 before Windows 11 24H2 and Server 2025',
    text: 'VBS enclaves of others than Microsoft need build 26100.2314 or later.',
    advice: 'Update Windows, or do without: IsEnclaveTypeSupported tells beforehand.',
    known: 'documented',
    source: 'facts/nt.md 5.5',
    look: lookForBuild,
  },
  {
    id: 'image-signature',
    cause: 'code-integrity',
    symptom: 'CreateProcess, LoadEnclaveImage or InitializeEnclave fails with 577 (ERROR_INVALID_IMAGE_HASH)',
    text:
      'The signature of the image is not one that this use accepts: an enclave needs page hashes and the enclave usages in its certificate, a ' +
      'trustlet the IUM and the system component usages.',
    advice:
      'trustlet inspect <file> shows which of them are missing. A file that was altered after it was signed fails too: sign it again.',
    known: 'documented',
    source: 'facts/nt.md 5.2, 5.5',
    look: lookForImageSignature,
  },
];
