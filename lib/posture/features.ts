/**
 * Configured and running, feature by feature, from all sources at once. Pure.
 *
 * `running` is what the first source says that says anything, the kernel before WMI. `configured` is true where any source asks for it.
 * What no source says is null, with every source's reason.
 */
import { Status } from '../ntstatus.js';
import type { PostureAnswer, PostureConfiguration, PostureFeature, PostureFeatureName } from '../types.js';
import { SecurityProperty, SecurityService, VbsStatus } from './device-guard.js';
import { memberAnswer, type NtAnswers } from './nt-answers.js';
import { registryEvidence, type Setting, settingOf } from './registry.js';

/** All that a posture is made from. */
export interface PostureInput {
  readonly nt: NtAnswers;
  readonly configuration: PostureConfiguration;
}

/** A source that has nothing to say, and no reason worth telling. */
const SILENT: PostureAnswer = { value: null, evidence: '' };

const reasonsOf = (answers: readonly PostureAnswer[]): string =>
  [...new Set(answers.map(({ evidence }) => evidence).filter((evidence) => evidence !== ''))].join('; ');

const first = (answers: readonly PostureAnswer[]): PostureAnswer =>
  answers.find(({ value }) => value !== null) ?? { value: null, evidence: reasonsOf(answers) };

const anyOf = (answers: readonly PostureAnswer[]): PostureAnswer => {
  const asking = answers.filter(({ value }) => value === true);
  return asking.length > 0 ? { value: true, evidence: reasonsOf(asking) } : first(answers);
};

/** What a source of the configuration says, or why it says nothing. */
const told = <Values>(
  source: { readonly state: string; readonly problem: string | null; readonly values: Values | null },
  name: string,
  answer: (values: Values) => PostureAnswer,
): PostureAnswer => {
  if (source.values !== null) return answer(source.values);
  return source.state === 'not-asked'
    ? SILENT
    : { value: null, evidence: `${name}: ${source.problem ?? source.state}` };
};

type NumbersProperty =
  | 'SecurityServicesConfigured'
  | 'SecurityServicesRunning'
  | 'RequiredSecurityProperties'
  | 'AvailableSecurityProperties';

/** Whether WMI's list has a number. */
export const wmiLists = (
  { configuration }: Pick<PostureInput, 'configuration'>,
  property: NumbersProperty,
  number: number,
): PostureAnswer =>
  told(configuration.deviceGuard, 'Win32_DeviceGuard', (values) => {
    const list = values[property];
    return list === null
      ? { value: null, evidence: `Win32_DeviceGuard has no ${property}` }
      : { value: list.includes(number), evidence: `Win32_DeviceGuard ${property} {${list.join(', ')}}` };
  });

/** WMI's VirtualizationBasedSecurityStatus, read by a table of what its numbers say. */
export const wmiVbsStatus = (
  { configuration }: Pick<PostureInput, 'configuration'>,
  says: Readonly<Record<number, boolean>>,
): PostureAnswer =>
  told(configuration.deviceGuard, 'Win32_DeviceGuard', ({ VirtualizationBasedSecurityStatus: status }) => {
    if (status === null) {
      return { value: null, evidence: 'Win32_DeviceGuard has no VirtualizationBasedSecurityStatus' };
    }
    const shown = status in says ? String(status) : `unknown(${status})`;
    return {
      value: says[status] ?? null,
      evidence: `Win32_DeviceGuard VirtualizationBasedSecurityStatus ${shown}`,
    };
  });

/** A setting of the registry, policy first; null where it is not set, or the registry was not read. */
export const registrySetting = (
  { configuration }: Pick<PostureInput, 'configuration'>,
  setting: keyof typeof UNSET,
): Setting | null =>
  configuration.registry.values === null ? null : settingOf(configuration.registry.values, setting);

/** The same as an answer; `on` tells whether its number asks for the feature. */
export const registrySays = (
  { configuration }: Pick<PostureInput, 'configuration'>,
  setting: keyof typeof UNSET,
  on: Reading,
): PostureAnswer =>
  told(configuration.registry, 'registry', (values) => {
    const found = settingOf(values, setting);
    return found === null
      ? { value: null, evidence: configuration.registry.problem ?? `registry: ${UNSET[setting]} is not set` }
      : { value: on(found.value), evidence: registryEvidence(found.name, found.value) };
  });

const UNSET = {
  vbs: 'EnableVirtualizationBasedSecurity',
  requires: 'RequirePlatformSecurityFeatures',
  hvci: 'HypervisorEnforcedCodeIntegrity',
  credentialGuard: 'LsaCfgFlags',
} as const;

type Reading = (value: number) => boolean | null;

const oneOf =
  (off: readonly number[], on: readonly number[]): Reading =>
  (value) => {
    if (on.includes(value)) return true;
    return off.includes(value) ? false : null;
  };

/** EnableVirtualizationBasedSecurity. */
export const vbsSetting: Reading = oneOf([0], [1]);
/** HypervisorEnforcedCodeIntegrity and LsaCfgFlags: 1 with UEFI lock, 2 without (facts/nt.md 3.5, S8). */
export const lockableSetting: Reading = oneOf([0], [1, 2]);
/** RequirePlatformSecurityFeatures: 1 Secure Boot, 3 Secure Boot and DMA protection. */
const secureBootSetting: Reading = oneOf([0], [1, 3]);
const dmaSetting: Reading = oneOf([0, 1], [3]);

const noText = (evidence: string): PostureAnswer => ({ value: null, evidence });

const vbsRunning = ({ nt, ...input }: PostureInput): PostureAnswer => {
  const { isolatedUserMode, secureCore } = nt;
  const isMissing = isolatedUserMode.status >>> 0 === Status.INVALID_INFO_CLASS;
  const secureCoreSays: PostureAnswer =
    secureCore.value === null
      ? SILENT
      : { value: secureCore.value.SecureKernelRunning !== 0n, evidence: 'class 242 SecureKernelRunning' };
  return first([
    memberAnswer(isolatedUserMode, 'SecureKernelRunning'),
    secureCoreSays,
    wmiVbsStatus(input, { [VbsStatus.OFF]: false, [VbsStatus.NOT_RUNNING]: false, [VbsStatus.RUNNING]: true }),
    isMissing ? { value: false, evidence: 'class 165 is unknown to this system: it has no VSM' } : SILENT,
  ]);
};

const vbs = (input: PostureInput): PostureFeature => ({
  configured: anyOf([
    registrySays(input, 'vbs', vbsSetting),
    wmiVbsStatus(input, { [VbsStatus.OFF]: false, [VbsStatus.NOT_RUNNING]: true, [VbsStatus.RUNNING]: true }),
    input.configuration.registry.state === 'not-asked'
      ? noText('no NT query tells; it is configured in the registry and by policy')
      : SILENT,
  ]),
  running: vbsRunning(input),
});

const hvci = (input: PostureInput, vbsRuns: PostureAnswer): PostureFeature => ({
  configured: anyOf([
    memberAnswer(input.nt.codeIntegrity, 'HVCI_KMCI_ENABLED'),
    memberAnswer(input.nt.codeIntegrityPolicy, 'HVCIEnabled'),
    registrySays(input, 'hvci', lockableSetting),
    wmiLists(input, 'SecurityServicesConfigured', SecurityService.HVCI),
  ]),
  running: first([
    memberAnswer(input.nt.isolatedUserMode, 'HvciEnabled'),
    vbsRuns.value === false
      ? { value: false, evidence: 'VSM is not running, and memory integrity needs it' }
      : wmiLists(input, 'SecurityServicesRunning', SecurityService.HVCI),
  ]),
});

/** No NT query names the trustlet that runs; only Win32_DeviceGuard does (facts/nt.md 3.4). */
const credentialGuard = (input: PostureInput, vbsRuns: PostureAnswer): PostureFeature => {
  const trustlet = memberAnswer(input.nt.isolatedUserMode, 'TrustletRunning');
  const wasAsked = input.configuration.deviceGuard.state !== 'not-asked';
  return {
    configured: anyOf([
      registrySays(input, 'credentialGuard', lockableSetting),
      wmiLists(input, 'SecurityServicesConfigured', SecurityService.CREDENTIAL_GUARD),
      wasAsked ? SILENT : noText('no NT query tells; it is configured in the registry and by policy (LsaCfgFlags)'),
    ]),
    running: first([
      vbsRuns.value === false
        ? { value: false, evidence: 'VSM is not running, and Credential Guard needs it' }
        : wmiLists(input, 'SecurityServicesRunning', SecurityService.CREDENTIAL_GUARD),
      trustlet.value === false
        ? { value: false, evidence: 'class 165 TrustletRunning is clear: no trustlet runs' }
        : SILENT,
      noText('a trustlet may run, but no NT query says which; ask WMI Win32_DeviceGuard.SecurityServicesRunning'),
    ]),
  };
};

const required = (input: PostureInput, on: Reading, property: number): PostureAnswer =>
  anyOf([
    registrySays(input, 'requires', on),
    wmiLists(input, 'RequiredSecurityProperties', property),
    input.configuration.registry.state === 'not-asked'
      ? noText('no NT query tells what VBS requires; the registry and WMI do')
      : SILENT,
  ]);

const debuggerPresent = ({ nt }: PostureInput): PostureAnswer => {
  const { kernelDebugger } = nt;
  return first([
    memberAnswer(nt.kernelDebuggerEx, 'DebuggerPresent'),
    kernelDebugger.value === null
      ? memberAnswer(kernelDebugger, 'KernelDebuggerNotPresent')
      : { value: !kernelDebugger.value.KernelDebuggerNotPresent, evidence: 'class 35 KernelDebuggerNotPresent' },
  ]);
};

const hypervisorRuns = ({ nt }: PostureInput): PostureAnswer => {
  const { hypervisorDetail } = nt;
  const named = hypervisorDetail.value?.interface ?? '';
  return first([
    memberAnswer(nt.hypervisor, 'Present'),
    named === '' ? SILENT : { value: true, evidence: `class 159 names the interface ${named}` },
  ]);
};

/** Every feature from everything that was told. Never throws. */
export const featuresOf = (input: PostureInput): Readonly<Record<PostureFeatureName, PostureFeature>> => {
  const { nt } = input;
  const vbsFeature = vbs(input);
  return {
    vbs: vbsFeature,
    hvci: hvci(input, vbsFeature.running),
    credentialGuard: credentialGuard(input, vbsFeature.running),
    secureBoot: {
      configured: required(input, secureBootSetting, SecurityProperty.SECURE_BOOT),
      running: first([
        memberAnswer(nt.secureBoot, 'SecureBootEnabled'),
        wmiLists(input, 'AvailableSecurityProperties', SecurityProperty.SECURE_BOOT),
      ]),
    },
    dmaProtection: {
      configured: required(input, dmaSetting, SecurityProperty.DMA_PROTECTION),
      running: memberAnswer(nt.vsmProtection, 'DmaProtectionsInUse'),
    },
    kernelDebugger: {
      configured: anyOf([
        memberAnswer(nt.kernelDebuggerEx, 'DebuggerEnabled'),
        memberAnswer(nt.kernelDebugger, 'KernelDebuggerEnabled'),
        memberAnswer(nt.codeIntegrity, 'DEBUGMODE_ENABLED'),
      ]),
      running: debuggerPresent(input),
    },
    secureCore: {
      configured: first([
        wmiLists(input, 'SecurityServicesConfigured', SecurityService.SECURE_LAUNCH),
        noText('no NT query tells whether System Guard Secure Launch is configured; WMI does'),
      ]),
      running: memberAnswer(nt.secureCore, 'IsSecureCore'),
    },
    hypervisor: {
      configured: noText('hypervisorlaunchtype is kept in the boot configuration data, which is not read'),
      running: hypervisorRuns(input),
    },
  };
};
