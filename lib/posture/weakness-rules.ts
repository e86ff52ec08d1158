/** Protections that are weaker than they look, and what cannot be known here. Tables of pure rules. */
import { ntstatusName, Status } from '../ntstatus.js';
import type { ConfigurationState, PostureAnswer, PostureCause, PostureFinding } from '../types.js';
import { bothSides, type FindingRule, type Sighting, type Situation, seenIn } from './finding-rules.js';
import { memberAnswer } from './nt-answers.js';

/** Windows 10's first build (facts/nt.md 10): before it nobody expects class 165. */
const WINDOWS_10 = 10240;

const isSet = (answer: PostureAnswer): Sighting | null => (answer.value === true ? seenIn(answer.evidence) : null);

const isOff = (situation: Situation, feature: 'vbs' | 'hvci' | 'credentialGuard'): Sighting | null => {
  const { configured, running } = situation.features[feature];
  return configured.value === false && running.value === false ? seenIn(bothSides(situation, feature)) : null;
};

/** Only where VBS runs: without it the lack of a service is no finding of its own. */
const isOffUnderVbs = (situation: Situation, feature: 'hvci' | 'credentialGuard'): Sighting | null =>
  situation.features.vbs.running.value === true ? isOff(situation, feature) : null;

const dma = (situation: Situation, look: (available: boolean, inUse: boolean) => boolean): Sighting | null => {
  const { value } = situation.nt.vsmProtection;
  if (value === null || situation.features.vbs.running.value !== true) return null;
  const { DmaProtectionsAvailable: available, DmaProtectionsInUse: inUse } = value;
  return look(available, inUse)
    ? seenIn(`class 169 DmaProtectionsAvailable ${available}, DmaProtectionsInUse ${inUse}`)
    : null;
};

const withoutMbec = ({ nt, features }: Situation): Sighting | null =>
  features.hvci.running.value === true && nt.vsmProtection.value?.HardwareMbecAvailable === false
    ? seenIn('class 169 HardwareMbecAvailable is clear; class 165 HvciEnabled is set')
    : null;

const debuggerWaiting = ({ features }: Situation): Sighting | null => {
  const { configured, running } = features.kernelDebugger;
  return configured.value === true && running.value !== true ? seenIn(configured.evidence) : null;
};

const secureBootOff = ({ features }: Situation): Sighting | null =>
  features.secureBoot.running.value === false ? seenIn(features.secureBoot.running.evidence) : null;

const rule = (
  feature: FindingRule['feature'],
  kind: PostureFinding['kind'],
  cause: PostureCause,
  words: Pick<FindingRule, 'when' | 'nextStep' | 'source'> & { readonly because: string },
  look: FindingRule['look'],
): FindingRule => ({ feature, kind, cause, ...words, perhaps: null, whole: true, look });

/** Weaker than it looks. */
export const weaknessRules: readonly FindingRule[] = [
  rule(
    'vbs',
    'weakness',
    'test-signing',
    {
      when: 'class 103 TESTSIGN is set',
      because:
        'Test signing is on: drivers of anybody load, and the gate that keeps unsigned trustlets out is weaker too.',
      nextStep: 'Turn it off with bcdedit /set testsigning off, and restart.',
      source: 'facts/nt.md 3.2, 8.2',
    },
    ({ testSigning }) => isSet(testSigning),
  ),
  rule(
    'kernelDebugger',
    'weakness',
    'debugger-attached',
    {
      when: 'class 149 DebuggerPresent is set, or class 35 KernelDebuggerNotPresent is clear',
      because: 'A kernel debugger is attached: it can do in VTL0’s kernel what it likes, and change what is read here.',
      nextStep: 'Detach it, turn debugging off with bcdedit /debug off, and restart.',
      source: 'facts/nt.md 3.3',
    },
    ({ features }) => isSet(features.kernelDebugger.running),
  ),
  rule(
    'kernelDebugger',
    'weakness',
    'debugger-enabled',
    {
      when: 'class 149 DebuggerEnabled, class 35 KernelDebuggerEnabled or class 103 DEBUGMODE_ENABLED is set, and no debugger is attached',
      because: 'Kernel debugging is turned on: whoever reaches its port can take over VTL0’s kernel.',
      nextStep: 'Turn it off with bcdedit /debug off, and restart.',
      source: 'facts/nt.md 3.2, 3.3',
    },
    debuggerWaiting,
  ),
  rule(
    'vbs',
    'weakness',
    'secure-kernel-debugging',
    {
      when: 'class 165 DebugEnabled is set',
      because: 'Debugging of the secure kernel is turned on: VTL1 is no boundary against its debugger.',
      nextStep: 'Turn it off in the boot configuration (bcdedit /enum shows it), and restart.',
      source: 'facts/nt.md 3.1',
    },
    ({ nt }) => isSet(memberAnswer(nt.isolatedUserMode, 'DebugEnabled')),
  ),
  rule(
    'hypervisor',
    'weakness',
    'debugger-enabled',
    {
      when: 'class 91 DebuggingEnabled is set',
      because: 'Debugging of the hypervisor is turned on: what lies beneath VTL1 is open to its debugger.',
      nextStep: 'Turn it off with bcdedit /set hypervisordebug off, and restart.',
      source: 'facts/nt.md 3.3',
    },
    ({ nt }) => isSet(memberAnswer(nt.hypervisor, 'DebuggingEnabled')),
  ),
  rule(
    'secureBoot',
    'weakness',
    'secure-boot-off',
    {
      when: 'class 145 SecureBootEnabled is clear',
      because: 'Secure Boot is off: what starts before the secure kernel is not verified.',
      nextStep: 'Turn it on in the firmware.',
      source: 'facts/nt.md 3.3',
    },
    secureBootOff,
  ),
  rule(
    'dmaProtection',
    'weakness',
    'dma-protection-unused',
    {
      when: 'VBS runs; class 169 DmaProtectionsAvailable is set and DmaProtectionsInUse clear',
      because: 'This machine can keep devices out of VTL1’s memory, and does not.',
      nextStep: 'Require DMA protection (RequirePlatformSecurityFeatures 3), and restart.',
      source: 'facts/nt.md 3.3, 3.5',
    },
    (situation) => dma(situation, (available, inUse) => available && !inUse),
  ),
  rule(
    'dmaProtection',
    'weakness',
    'dma-protection-absent',
    {
      when: 'VBS runs; class 169 DmaProtectionsAvailable and DmaProtectionsInUse are clear',
      because: 'No IOMMU keeps devices out of VTL1’s memory.',
      nextStep: 'Turn on the IOMMU (Intel VT-d, AMD-Vi) in the firmware, if the machine has one.',
      source: 'facts/nt.md 3.3',
    },
    (situation) => dma(situation, (available, inUse) => !available && !inUse),
  ),
  rule(
    'hvci',
    'weakness',
    'mbec-absent',
    {
      when: 'memory integrity runs; class 169 HardwareMbecAvailable is clear',
      because: 'Memory integrity runs without MBEC or GMET: it is emulated, and slower.',
      nextStep: 'Nothing to mend: a newer processor has it (Intel Kaby Lake, AMD Zen 2).',
      source: 'facts/nt.md 3.3; MicrosoftDocs/windows-itpro-docs (S8)',
    },
    withoutMbec,
  ),
  ...(['vbs', 'hvci', 'credentialGuard'] as const).map((feature) => {
    const title = { vbs: 'VBS', hvci: 'Memory integrity', credentialGuard: 'Credential Guard' }[feature];
    return rule(
      feature,
      'weakness',
      'not-configured',
      {
        when: `${title} is neither configured nor running${feature === 'vbs' ? '' : ', and VBS runs'}`,
        because: `${title} is off, and nothing asks for it.`,
        nextStep:
          feature === 'hvci'
            ? 'Turn it on in Windows Security (Core isolation), by policy (System, Device Guard) or in the registry, and restart.'
            : 'Turn it on by policy (System, Device Guard), by device management or in the registry, and restart.',
        source: 'facts/nt.md 3.5',
      },
      (situation) => (feature === 'vbs' ? isOff(situation, 'vbs') : isOffUnderVbs(situation, feature)),
    );
  }),
];

/** Sources of the configuration, in words. */
const SOURCES = { deviceGuard: 'WMI’s Win32_DeviceGuard', registry: 'The registry' } as const;

const silent = (
  name: keyof typeof SOURCES,
  cause: PostureCause,
  states: readonly ConfigurationState[],
  nextStep: string,
): FindingRule =>
  rule(
    'vbs',
    'gap',
    cause,
    {
      when: `${name}: ${states.join(' or ')}`,
      because: `${SOURCES[name]} did not answer, so what was configured is known in part.`,
      nextStep,
      source: 'facts/nt.md 3.4, 3.5',
    },
    ({ configuration }) => {
      const { state, problem } = configuration[name];
      const partly = state === 'answered' && problem !== null && cause === 'source-failed';
      if (!partly && !states.includes(state)) return null;
      return seenIn(problem ?? state);
    },
  );

const sourceRules = (name: keyof typeof SOURCES): readonly FindingRule[] => [
  silent(name, 'source-refused', ['refused'], 'Ask again from an elevated program.'),
  silent(
    name,
    'source-timed-out',
    ['timed-out'],
    'Ask again with a longer timeoutMs; a WMI that hangs is mended by a restart.',
  ),
  silent(
    name,
    'source-unavailable',
    ['unavailable'],
    'Ask on a Windows that has it; an emulated machine answers from its scenario.',
  ),
  silent(
    name,
    'source-failed',
    ['failed', 'malformed'],
    'Run Get-CimInstance, or look into the registry, by hand; report an answer of an unknown shape.',
  ),
];

/** What cannot be known here. */
export const gapRules: readonly FindingRule[] = [
  rule(
    'vbs',
    'gap',
    'class-missing',
    {
      when: 'class 165 is STATUS_INVALID_INFO_CLASS on build 10240 or later',
      because:
        'This system does not know class 165, which Windows 10 and later have: it has no VSM, or something hides it.',
      nextStep:
        'Expected in Wine. On Windows look for what filters NtQuerySystemInformation, and count on trustlets meanwhile.',
      source: 'facts/nt.md 3.1',
    },
    ({ nt, build }) =>
      nt.isolatedUserMode.status >>> 0 === Status.INVALID_INFO_CLASS && build >= WINDOWS_10
        ? seenIn('class 165: STATUS_INVALID_INFO_CLASS')
        : null,
  ),
  rule(
    'vbs',
    'gap',
    'query-failed',
    {
      when: 'class 165 fails with any other status',
      because: 'Class 165 failed, so the kernel did not tell whether VSM runs.',
      nextStep: 'Ask again; count on trustlets meanwhile.',
      source: 'facts/nt.md 3.1',
    },
    ({ nt }) => {
      const { value, status } = nt.isolatedUserMode;
      if (value !== null || status >>> 0 === Status.INVALID_INFO_CLASS) return null;
      return seenIn(`class 165: ${ntstatusName(status)}`);
    },
  ),
  ...sourceRules('deviceGuard'),
  ...sourceRules('registry'),
];
