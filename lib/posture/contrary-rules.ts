/** Answers that contradict one another: running though turned off, and sources of which one must be wrong. A table of pure rules. */
import { SecurityService, VbsStatus } from './device-guard.js';
import { lockableSetting, registrySays, vbsSetting, wmiLists, wmiVbsStatus } from './features.js';
import { type FindingRule, possible, type Sighting, type Situation, seenIn } from './finding-rules.js';
import { memberAnswer } from './nt-answers.js';
import { registryEvidence } from './registry.js';

/** Turned off by the registry or by policy, and running all the same. */
const runsTurnedOff = (situation: Situation, feature: 'vbs' | 'hvci' | 'credentialGuard'): string | null => {
  const setting = registrySays(situation, feature, feature === 'vbs' ? vbsSetting : lockableSetting);
  const { running } = situation.features[feature];
  return setting.value === false && running.value === true ? `${setting.evidence}; ${running.evidence}` : null;
};

const locked =
  (feature: 'vbs' | 'hvci' | 'credentialGuard', value: string | null) =>
  (situation: Situation): Sighting | null => {
    const evidence = runsTurnedOff(situation, feature);
    if (evidence === null) return null;
    const lock = value === null ? undefined : situation.configuration.registry.values?.[value];
    if (value !== null && lock === 1) return seenIn(`${evidence}; ${registryEvidence(value, lock)}`);
    return lock === undefined ? possible(evidence) : null;
  };

const pending =
  (feature: 'vbs' | 'hvci' | 'credentialGuard') =>
  (situation: Situation): Sighting | null => {
    const evidence = runsTurnedOff(situation, feature);
    return evidence === null ? null : possible(evidence);
  };

const elsewhere = (situation: Situation): Sighting | null => {
  const evidence = runsTurnedOff(situation, 'hvci');
  const policy = memberAnswer(situation.nt.codeIntegrityPolicy, 'HVCIEnabled');
  return evidence !== null && policy.value === true ? seenIn(`${evidence}; ${policy.evidence}`) : null;
};

type Answer = ReturnType<typeof memberAnswer>;

/** Both said something, and not the same. */
const differ = (kernel: Answer, wmi: Answer): Sighting | null =>
  kernel.value !== null && wmi.value !== null && kernel.value !== wmi.value
    ? seenIn(`${kernel.evidence} ${kernel.value ? 'is set' : 'is clear'}; ${wmi.evidence}`)
    : null;

const vbsContradiction = (situation: Situation): Sighting | null =>
  differ(
    memberAnswer(situation.nt.isolatedUserMode, 'SecureKernelRunning'),
    wmiVbsStatus(situation, { [VbsStatus.OFF]: false, [VbsStatus.NOT_RUNNING]: false, [VbsStatus.RUNNING]: true }),
  );

const hvciContradiction = (situation: Situation): Sighting | null =>
  differ(
    memberAnswer(situation.nt.isolatedUserMode, 'HvciEnabled'),
    wmiLists(situation, 'SecurityServicesRunning', SecurityService.HVCI),
  );

const credentialGuardContradiction = (situation: Situation): Sighting | null => {
  const wmi = wmiLists(situation, 'SecurityServicesRunning', SecurityService.CREDENTIAL_GUARD);
  if (wmi.value !== true) return null;
  const kernel = memberAnswer(situation.nt.isolatedUserMode, 'SecureKernelRunning');
  return kernel.value === false
    ? differ(kernel, wmi)
    : differ(memberAnswer(situation.nt.isolatedUserMode, 'TrustletRunning'), wmi);
};

const UNLOCK =
  'To turn it off for good follow Microsoft’s procedure for a UEFI lock (SecConfig.efi, confirmed by somebody at the machine); else set it on in the registry.';
const RESTART = 'Restart, then look again: what is configured takes effect when Windows starts.';
const BELIEVE =
  'Count on trustlets here: ask isSecureProcess for the process itself. Ask again; where they still differ, something alters what one of them says.';
const SOURCE = 'MicrosoftDocs/windows-itpro-docs (facts/nt.md 3.4, 3.5, S8)';

const turnedOff = (
  feature: 'vbs' | 'hvci' | 'credentialGuard',
  title: string,
  lock: string | null,
): readonly FindingRule[] => [
  {
    feature,
    kind: 'disagreement',
    cause: 'locked',
    when: `registry or policy turn ${title} off, and it runs${lock === null ? '' : `; seen where ${lock} is 1`}`,
    // No value says it of Credential Guard once LsaCfgFlags is 0.
    because: lock === null ? null : 'its configuration is locked in a UEFI variable',
    perhaps: 'possibly its configuration is locked in a UEFI variable',
    nextStep: UNLOCK,
    source: SOURCE,
    look: locked(feature, lock),
  },
  {
    feature,
    kind: 'disagreement',
    cause: 'reboot-pending',
    when: `registry or policy turn ${title} off, and it runs`,
    because: null,
    perhaps: 'possibly it was turned off after Windows started',
    nextStep: RESTART,
    source: SOURCE,
    look: pending(feature),
  },
];

/** Turned off and running all the same. */
export const turnedOffRules: readonly FindingRule[] = [
  ...turnedOff('vbs', 'VBS', 'DeviceGuard\\Locked'),
  ...turnedOff('hvci', 'memory integrity', 'HypervisorEnforcedCodeIntegrity\\Locked'),
  ...turnedOff('credentialGuard', 'Credential Guard', null),
  {
    feature: 'hvci',
    kind: 'disagreement',
    cause: 'enabled-elsewhere',
    when: 'registry or policy turn memory integrity off, it runs, and class 164 HVCIEnabled is set',
    because: 'a code integrity policy turns it on',
    perhaps: null,
    nextStep:
      'Look at the App Control (WDAC) policies: one of them has the HVCI option, which works in audit mode too.',
    source: SOURCE,
    look: elsewhere,
  },
];

/** Sources of which one must be wrong. */
export const contradictionRules: readonly FindingRule[] = [
  {
    feature: 'vbs',
    kind: 'disagreement',
    cause: 'sources-contradict',
    when: 'class 165 SecureKernelRunning and WMI’s VirtualizationBasedSecurityStatus differ',
    because: 'The kernel and WMI contradict one another on whether VBS runs; the kernel’s word counts here.',
    perhaps: null,
    whole: true,
    nextStep: BELIEVE,
    source: 'facts/nt.md 3.1, 3.4',
    look: vbsContradiction,
  },
  {
    feature: 'hvci',
    kind: 'disagreement',
    cause: 'sources-contradict',
    when: 'class 165 HvciEnabled and WMI’s SecurityServicesRunning differ',
    because:
      'The kernel and WMI contradict one another on whether memory integrity runs; the kernel’s word counts here.',
    perhaps: null,
    whole: true,
    nextStep: 'Ask again; where they still differ, something alters what one of them says.',
    source: 'facts/nt.md 3.1, 3.4',
    look: hvciContradiction,
  },
  {
    feature: 'credentialGuard',
    kind: 'disagreement',
    cause: 'sources-contradict',
    when: 'WMI lists Credential Guard as running; class 165 SecureKernelRunning, or else TrustletRunning, is clear',
    because:
      'WMI says that Credential Guard runs, and class 165 has no trustlet running. Some builds may tell TrustletRunning only when a trustlet is named.',
    perhaps: null,
    whole: true,
    nextStep: BELIEVE,
    source: 'facts/nt.md 3.1, 3.4; facts/vsm.md 2',
    look: credentialGuardContradiction,
  },
];
