/** Configured and not running: every cause that is known, each with its next step. A table of pure rules. */
import type { PostureAnswer } from '../types.js';
import { SECURITY_PROPERTIES, SecurityProperty, VbsStatus } from './device-guard.js';
import { registrySetting, wmiLists, wmiVbsStatus } from './features.js';
import {
  bothSides,
  type FindingRule,
  isStalled,
  possible,
  type Sighting,
  type Situation,
  seenIn,
} from './finding-rules.js';
import { memberAnswer } from './nt-answers.js';
import { registryEvidence } from './registry.js';

const joined = (...answers: readonly PostureAnswer[]): string => answers.map(({ evidence }) => evidence).join('; ');

/** Required by WMI's word and not among what it has. */
const wmiMisses = (situation: Situation, property: number): Sighting | null => {
  const required = wmiLists(situation, 'RequiredSecurityProperties', property);
  const available = wmiLists(situation, 'AvailableSecurityProperties', property);
  return required.value === true && available.value === false ? seenIn(joined(required, available)) : null;
};

const noHypervisor = (situation: Situation): Sighting | null => {
  const { running } = situation.features.hypervisor;
  if (running.value === false) return seenIn(running.evidence);
  return (
    wmiMisses(situation, SecurityProperty.HYPERVISOR) ?? (running.value === null ? possible(running.evidence) : null)
  );
};

const secureBootRequired = (situation: Situation): Sighting | null => {
  const { running, configured } = situation.features.secureBoot;
  if (configured.value !== true || running.value === true) return null;
  return running.value === false ? seenIn(joined(configured, running)) : possible(joined(configured, running));
};

/** Class 169 is only believed where VSM runs: whether it sees the IOMMU without VSM is told nowhere. */
const dmaRequired = (situation: Situation): Sighting | null => {
  const { configured } = situation.features.dmaProtection;
  if (configured.value !== true) return null;
  const available = wmiLists(situation, 'AvailableSecurityProperties', SecurityProperty.DMA_PROTECTION);
  if (available.value === true) return null;
  if (available.value === false) return seenIn(joined(configured, available));
  const protection = memberAnswer(situation.nt.vsmProtection, 'DmaProtectionsAvailable');
  return protection.value === true ? null : possible(joined(configured, protection));
};

const NAMED: readonly number[] = Object.values(SecurityProperty);

const otherRequired = (situation: Situation): Sighting | null => {
  const missing = Object.keys(SECURITY_PROPERTIES)
    .map(Number)
    .filter((property) => property > 0 && !NAMED.includes(property) && wmiMisses(situation, property) !== null);
  if (missing.length === 0) return null;
  const names = missing.map((property) => SECURITY_PROPERTIES[property]).join(', ');
  const evidence = joined(
    wmiLists(situation, 'RequiredSecurityProperties', 0),
    wmiLists(situation, 'AvailableSecurityProperties', 0),
  );
  return seenIn(evidence, `it requires what this machine has not: ${names}`);
};

/** A requirement or a missing hypervisor that was seen explains it: nothing else is guessed at. */
const isExplained = (situation: Situation): boolean =>
  [
    noHypervisor,
    secureBootRequired,
    dmaRequired,
    otherRequired,
    (each: Situation) => wmiMisses(each, SecurityProperty.MBEC),
  ].some((look) => look(situation)?.seen === true);

/** What can be configured and not running. */
export type StallableFeature = 'vbs' | 'hvci' | 'credentialGuard';

/** Only where VBS is stalled. */
const whenVbsStalls =
  (look: (situation: Situation) => Sighting | null) =>
  (situation: Situation): Sighting | null =>
    isStalled(situation, 'vbs') ? look(situation) : null;

/** A service that needs VBS, stalled: because VBS is, or else for a reason of its own. */
const withoutVbs =
  (feature: 'hvci' | 'credentialGuard') =>
  (situation: Situation): Sighting | null => {
    const { running } = situation.features.vbs;
    return isStalled(situation, feature) && running.value === false ? seenIn(running.evidence) : null;
  };

const despiteVbs =
  (feature: 'hvci' | 'credentialGuard', look: (situation: Situation) => Sighting | null) =>
  (situation: Situation): Sighting | null =>
    isStalled(situation, feature) && situation.features.vbs.running.value !== false ? look(situation) : null;

/** Editions whose licence has Credential Guard by Microsoft's page; Home and Pro are said not to (facts/nt.md 3.5, S8). */
const LICENSED = /^(?:Enterprise|Education|IoTEnterprise|Server)/;
const NOT_LICENSED = /^(?:Core|Professional)/;

const EDITION = 'Windows\\EditionID';

const edition = ({ configuration }: Situation): string => {
  const value = configuration.registry.values?.[EDITION];
  return typeof value === 'string' ? value : '';
};

const editionNotLicensed = (situation: Situation): Sighting | null => {
  const name = edition(situation);
  if (LICENSED.test(name)) return null;
  return NOT_LICENSED.test(name)
    ? seenIn(registryEvidence(EDITION, name))
    : possible(name === '' ? 'the edition was not read' : registryEvidence(EDITION, name));
};

const RESTART = 'Restart, then look again: what is configured takes effect when Windows starts.';
const VBS_FIRST = 'Get VBS to run first; its own findings say how.';
const ITPRO = 'MicrosoftDocs/windows-itpro-docs (facts/nt.md 3.4, 3.5, S8)';

const vbsRules: readonly FindingRule[] = [
  {
    feature: 'vbs',
    kind: 'disagreement',
    cause: 'no-hypervisor',
    when: 'VBS is configured and not running; class 91 Present is clear, or WMI lacks hypervisor support (or neither tells)',
    because: 'no hypervisor runs; virtualization may be off in the firmware',
    perhaps: 'possibly no hypervisor runs, which nothing here tells',
    nextStep:
      'Turn on virtualization (Intel VT-x, AMD-V) in the firmware, or let the host expose it to a virtual machine; check hypervisorlaunchtype with bcdedit; restart.',
    source: 'facts/nt.md 3.3, facts/vsm.md 2',
    look: whenVbsStalls(noHypervisor),
  },
  {
    feature: 'vbs',
    kind: 'disagreement',
    cause: 'secure-boot-required',
    when: 'VBS is configured and not running; RequirePlatformSecurityFeatures or WMI requires Secure Boot, and it is off',
    because: 'it requires Secure Boot, which is off',
    perhaps: 'possibly it requires Secure Boot and has none; whether Secure Boot is on was not told',
    nextStep:
      'Turn on Secure Boot in the firmware, or no longer require it (RequirePlatformSecurityFeatures), and restart.',
    source: ITPRO,
    look: whenVbsStalls(secureBootRequired),
  },
  {
    feature: 'vbs',
    kind: 'disagreement',
    cause: 'dma-protection-required',
    when: 'VBS is configured and not running; RequirePlatformSecurityFeatures 3 or WMI requires DMA protection, and WMI lists none',
    because: 'it requires DMA protection, which this machine does not offer',
    perhaps: 'possibly it requires DMA protection and has none; WMI did not tell',
    nextStep:
      'Turn on the IOMMU (Intel VT-d, AMD-Vi) in the firmware, or require Secure Boot alone (RequirePlatformSecurityFeatures 1), and restart.',
    source: ITPRO,
    look: whenVbsStalls(dmaRequired),
  },
  {
    feature: 'vbs',
    kind: 'disagreement',
    cause: 'mbec-required',
    when: 'VBS is configured and not running; WMI requires MBEC or GMET and does not list it as available',
    because: 'it requires MBEC or GMET, which this processor does not offer',
    perhaps: null,
    nextStep: 'No longer require it, or use a processor that has it (Intel Kaby Lake, AMD Zen 2 or later).',
    source: ITPRO,
    look: whenVbsStalls((situation) => wmiMisses(situation, SecurityProperty.MBEC)),
  },
  {
    feature: 'vbs',
    kind: 'disagreement',
    cause: 'property-required',
    when: 'VBS is configured and not running; WMI requires another property that it does not list as available',
    because: 'it requires what this machine has not',
    perhaps: null,
    nextStep: 'Turn the named properties on in the firmware, or no longer require them, and restart.',
    source: ITPRO,
    look: whenVbsStalls(otherRequired),
  },
  {
    feature: 'vbs',
    kind: 'disagreement',
    cause: 'reported-not-running',
    when: 'WMI’s VirtualizationBasedSecurityStatus is 1',
    because: 'Windows itself reports it as enabled and not running',
    perhaps: null,
    nextStep:
      'Run msinfo32 elevated: the end of the system summary lists which properties VBS requires and which are available.',
    source: ITPRO,
    look: whenVbsStalls((situation) => {
      const status = wmiVbsStatus(situation, { [VbsStatus.NOT_RUNNING]: true });
      return status.value === true ? seenIn(status.evidence) : null;
    }),
  },
  {
    feature: 'vbs',
    kind: 'disagreement',
    cause: 'launch-type-off',
    when: 'VBS is configured and not running, and no requirement that is not met was seen, or no hypervisor runs',
    because: null,
    perhaps: 'possibly hypervisorlaunchtype or vsmlaunchtype is off in the boot configuration, which is not read here',
    nextStep:
      'Run bcdedit /enum elevated. Where either is Off: bcdedit /set hypervisorlaunchtype auto, bcdedit /set vsmlaunchtype auto; restart.',
    source: 'facts/vsm.md 2',
    look: whenVbsStalls((situation) => {
      const { running } = situation.features.hypervisor;
      // Without a hypervisor it may be just this; with an unmet requirement there is nothing to guess.
      return isExplained(situation) && running.value !== false ? null : possible(bothSides(situation, 'vbs'));
    }),
  },
  {
    feature: 'vbs',
    kind: 'disagreement',
    cause: 'reboot-pending',
    when: 'VBS is configured and not running, and no other cause was seen',
    because: null,
    perhaps: 'possibly it was configured after Windows started',
    nextStep: RESTART,
    source: ITPRO,
    look: whenVbsStalls((situation) => (isExplained(situation) ? null : possible(bothSides(situation, 'vbs')))),
  },
];

const serviceRules: readonly FindingRule[] = [
  {
    feature: 'hvci',
    kind: 'disagreement',
    cause: 'vbs-not-running',
    when: 'memory integrity is configured (registry, policy, code integrity options or WMI), class 165 HvciEnabled is clear, VBS is not running',
    because: 'VBS is not running, and memory integrity needs it',
    perhaps: null,
    nextStep: VBS_FIRST,
    source: ITPRO,
    look: withoutVbs('hvci'),
  },
  {
    feature: 'hvci',
    kind: 'disagreement',
    cause: 'incompatible-drivers',
    when: 'memory integrity is configured, class 165 HvciEnabled is clear, VBS is running',
    because: null,
    perhaps: 'possibly a driver that is not compatible keeps it off',
    nextStep:
      'Look under Windows Security, Device security, Core isolation details for incompatible drivers; update or remove them.',
    source: ITPRO,
    look: despiteVbs('hvci', (situation) => possible(bothSides(situation, 'hvci'))),
  },
  {
    feature: 'hvci',
    kind: 'disagreement',
    cause: 'reboot-pending',
    when: 'memory integrity is configured, class 165 HvciEnabled is clear, VBS is running',
    because: null,
    perhaps: 'possibly it was configured after Windows started',
    nextStep: RESTART,
    source: ITPRO,
    look: despiteVbs('hvci', (situation) => possible(bothSides(situation, 'hvci'))),
  },
  {
    feature: 'credentialGuard',
    kind: 'disagreement',
    cause: 'vbs-not-running',
    when: 'Credential Guard is configured and not running, and neither is VBS',
    because: 'VBS is not running, and Credential Guard needs it',
    perhaps: null,
    nextStep: VBS_FIRST,
    source: ITPRO,
    look: withoutVbs('credentialGuard'),
  },
  {
    feature: 'credentialGuard',
    kind: 'disagreement',
    cause: 'edition-not-licensed',
    when: 'Credential Guard is configured and not running, VBS runs, and EditionID is Core… or Professional… (or unknown)',
    because: 'this edition of Windows is not licensed for it',
    perhaps: 'possibly this edition of Windows is not licensed for it',
    nextStep:
      'Credential Guard is licensed for Enterprise and Education (and Server); upgrade the edition, or turn it off.',
    source: 'MicrosoftDocs/windows-itpro-docs: credential-guard/index.md',
    look: despiteVbs('credentialGuard', editionNotLicensed),
  },
  {
    feature: 'credentialGuard',
    kind: 'disagreement',
    cause: 'launch-failed',
    when: 'Credential Guard is configured and not running, and VBS runs',
    because: null,
    perhaps: 'possibly LsaIso.exe failed to start',
    nextStep: 'Look in the System event log for WinInit’s events 13 to 17: 15 and 16 say why LsaIso.exe did not start.',
    source: 'MicrosoftDocs/windows-itpro-docs: credential-guard/configure.md',
    look: despiteVbs('credentialGuard', (situation) => possible(bothSides(situation, 'credentialGuard'))),
  },
  {
    feature: 'credentialGuard',
    kind: 'disagreement',
    cause: 'reboot-pending',
    when: 'Credential Guard is configured and not running, and VBS runs',
    because: null,
    perhaps: 'possibly it was configured after Windows started',
    nextStep: RESTART,
    source: ITPRO,
    look: despiteVbs('credentialGuard', (situation) => possible(bothSides(situation, 'credentialGuard'))),
  },
];

/** Configured and not running. */
export const stalledRules: readonly FindingRule[] = [...vbsRules, ...serviceRules];

/** What asks for a stalled feature, for the sentence. */
export const askedBy = (situation: Situation, feature: StallableFeature): string => {
  const setting = registrySetting(situation, feature);
  if (setting === null || setting.value === 0) return 'enabled';
  return setting.by === 'policy' ? 'enabled in policy' : 'enabled in the registry';
};
