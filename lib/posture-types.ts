/** What a posture is made of: answers with their evidence, features, findings, sources. Data, like lib/types.ts. */

/** A yes/no/unknown answer with the evidence it rests on. `value` is null when it cannot be known. */
export interface PostureAnswer {
  readonly value: boolean | null;
  /** What the answer was read from, e.g. `class 165 SecureKernelRunning`, or why it cannot be known. */
  readonly evidence: string;
}

/** One system-wide query behind a posture: its NTSTATUS and, when it succeeded, its words by the structure's own names. */
export interface PostureSource {
  readonly status: number;
  readonly statusName: string;
  readonly values: Readonly<Record<string, boolean | number | string>> | null;
}

/** What a posture speaks of. `vbs` is VSM, the secure kernel and VBS in one; `hvci` is memory integrity. */
export type PostureFeatureName =
  | 'vbs'
  | 'hvci'
  | 'credentialGuard'
  | 'secureBoot'
  | 'dmaProtection'
  | 'kernelDebugger'
  | 'secureCore'
  | 'hypervisor';

/**
 * One feature. `configured`: somebody asked for it, by policy, registry or boot configuration; for Secure Boot and DMA protection,
 * VBS is told to require them. `running`: it is in force now.
 */
export interface PostureFeature {
  readonly configured: PostureAnswer;
  readonly running: PostureAnswer;
}

/** How a helper source went. Only `answered` has values. */
export type ConfigurationState =
  | 'answered'
  /** `posture()` does not ask it; `postureAsync()` does. */
  | 'not-asked'
  /** There is none here: no Windows, no PowerShell, a simulated kernel. */
  | 'unavailable'
  /** Access denied, or elevation is needed. */
  | 'refused'
  /** No answer in time; the helper process was ended. */
  | 'timed-out'
  /** It was asked and failed. */
  | 'failed'
  /** It answered something that is none of the known shapes. */
  | 'malformed';

/** WMI's Win32_DeviceGuard (facts/nt.md 3.4), as it answered; null where this Windows has no such property. */
export interface DeviceGuardValues {
  readonly VirtualizationBasedSecurityStatus: number | null;
  readonly SecurityServicesConfigured: readonly number[] | null;
  readonly SecurityServicesRunning: readonly number[] | null;
  readonly RequiredSecurityProperties: readonly number[] | null;
  readonly AvailableSecurityProperties: readonly number[] | null;
  readonly CodeIntegrityPolicyEnforcementStatus: number | null;
  readonly UsermodeCodeIntegrityPolicyEnforcementStatus: number | null;
  readonly VirtualMachineIsolationStatus: number | null;
  readonly VirtualMachineIsolationProperties: readonly number[] | null;
  readonly InstanceIdentifier: string | null;
  readonly Version: string | null;
}

/** Registry values by the names of `REGISTRY_VALUES`, e.g. `DeviceGuard\Locked`; a value that is not set has no entry. */
export type RegistryValues = Readonly<Record<string, number | string>>;

/** One source beside the NT queries. */
export interface ConfigurationSource<Values> {
  readonly state: ConfigurationState;
  /** What went wrong, in whole or (where there are values) in part; null when nothing did. */
  readonly problem: string | null;
  readonly values: Values | null;
}

/** What `postureAsync` knows beside the NT queries: what Windows was told to do, and what WMI makes of it. */
export interface PostureConfiguration {
  readonly deviceGuard: ConfigurationSource<DeviceGuardValues>;
  readonly registry: ConfigurationSource<RegistryValues>;
}

/** A configuration source as it is published: with the meaning of each number, `unknown(n)` where it has none here. */
export interface PostureConfigurationSource<Values> extends ConfigurationSource<Values> {
  readonly meanings: Readonly<Record<string, string | readonly string[]>> | null;
}

/** Why a finding is as it is. */
export type PostureCause =
  | 'no-hypervisor'
  | 'launch-type-off'
  | 'secure-boot-required'
  | 'dma-protection-required'
  | 'mbec-required'
  | 'property-required'
  | 'reported-not-running'
  | 'vbs-not-running'
  | 'incompatible-drivers'
  | 'edition-not-licensed'
  | 'launch-failed'
  | 'reboot-pending'
  | 'locked'
  | 'enabled-by-default'
  | 'enabled-elsewhere'
  | 'sources-contradict'
  | 'class-missing'
  | 'query-failed'
  | 'not-configured'
  | 'secure-boot-off'
  | 'dma-protection-unused'
  | 'dma-protection-absent'
  | 'mbec-absent'
  | 'test-signing'
  | 'debugger-attached'
  | 'debugger-enabled'
  | 'secure-kernel-debugging'
  | 'source-refused'
  | 'source-timed-out'
  | 'source-unavailable'
  | 'source-failed';

/** Something worth a person's attention, with what to do about it. */
export interface PostureFinding {
  readonly feature: PostureFeatureName;
  /** Two sources or two answers differ; a protection that is weaker than it looks; something that cannot be known here. */
  readonly kind: 'disagreement' | 'weakness' | 'gap';
  /** One sentence or two for people. */
  readonly text: string;
  readonly cause: PostureCause;
  /** Whether the cause was seen in a source. A cause that was not is only possible, and `text` says so. */
  readonly seen: boolean;
  readonly nextStep: string;
  /** What the finding was read from. */
  readonly evidence: string;
}

/** The sources of a posture, as they answered. */
export interface PostureSources {
  readonly isolatedUserMode: PostureSource;
  readonly codeIntegrity: PostureSource;
  readonly codeIntegrityPolicy: PostureSource;
  readonly secureBoot: PostureSource;
  readonly vsmProtection: PostureSource;
  readonly hypervisor: PostureSource;
  readonly hypervisorDetail: PostureSource;
  readonly kernelDebugger: PostureSource;
  readonly kernelDebuggerEx: PostureSource;
  readonly secureCore: PostureSource;
  readonly deviceGuard: PostureConfigurationSource<DeviceGuardValues>;
  readonly registry: PostureConfigurationSource<RegistryValues>;
}

/** How long `postureAsync` may take. */
export interface PostureOptions {
  /** Milliseconds until the helper process is ended, from 1 to 600,000. Default 10,000. */
  readonly timeoutMs?: number | undefined;
  /** Aborted: the helper process is ended and the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}
