/**
 * What a scenario says: a whole machine as versioned JSON that a user can write. Types only; `scenario-schema.ts` checks a
 * document and says where it is wrong, `resolve-scenario.ts` fills in everything left out.
 */

/** Version of the scenario format. */
export const SCENARIO_SCHEMA = 1;

export interface Scenario {
  /** For editors: where the JSON Schema of this format is. Nothing here reads it. */
  readonly $schema?: string | undefined;
  readonly schema: 1;
  readonly name: string;
  /** One line for people. */
  readonly title: string;
  readonly system: ScenarioSystem;
  /** Label of the process whose token, session and handle table the vsm and `machine.win32` share. */
  readonly agent: string;
  readonly processes: readonly ScenarioProcess[];
  /** Many processes of one kind; the n-th is labelled `<label>-<n>`, n from 1. */
  readonly crowds?: readonly ScenarioCrowd[] | undefined;
  /** Calls that fail, whoever their target is. */
  readonly faults?: readonly ScenarioFault[] | undefined;
  /** Named policies for outcomes the documentation leaves open, by policy name (see docs/behaviours.md). */
  readonly policies?: Readonly<Record<string, string>> | undefined;
  /** `reuse-at-every-call`: before each open, one process marked `volatile` ends and its pid goes to another program. */
  readonly churn?: 'none' | 'reuse-at-every-call' | undefined;
}

export interface ScenarioSystem {
  readonly build: number;
  /** Default 10.0. */
  readonly major?: number | undefined;
  readonly minor?: number | undefined;
  /** The secure kernel runs: VTL1 exists. Trustlets need it. */
  readonly vsm: boolean;
  readonly hvci?: boolean | undefined;
  readonly hvciStrict?: boolean | undefined;
  readonly secureBoot?: boolean | undefined;
  readonly testSigning?: boolean | undefined;
  readonly hypervisor?: boolean | undefined;
  /** An IOMMU confines devices to VTL0’s rights. Default: as `vsm`. */
  readonly dmaProtection?: boolean | undefined;
  /** A kernel debugger is attached. Default false. */
  readonly kernelDebugger?: boolean | undefined;
  /** What the machine was told to do, where that is not what it does. Default: as it runs. */
  readonly configured?: ScenarioConfigured | undefined;
  /** `absent`: this kernel never sets bit 7 although a trustlet runs (before the bit was promised, build < 15063). Default by build. */
  readonly secureBit?: 'reported' | 'absent' | undefined;
  /** NtQuerySystemInformation classes this system does not know (STATUS_INVALID_INFO_CLASS), beside those its build lacks. */
  readonly missingClasses?: readonly number[] | undefined;
  /** Seed of everything that varies (handle values, create times, tids). Default 1. */
  readonly seed?: number | undefined;
  /** Boot id: the top 16 bits of every start key. Default 1. */
  readonly bootId?: number | undefined;
}

/** How Credential Guard is configured (LsaCfgFlags 0, 1, 2). */
export type ConfiguredCredentialGuard = 'off' | 'locked' | 'unlocked';

/** What VBS is told to require of the platform (RequirePlatformSecurityFeatures 0, 1, 3). */
export type ConfiguredRequirement = 'nothing' | 'secure-boot' | 'secure-boot-and-dma';

/** What registry and WMI say the machine was told to do (facts/nt.md 3.4, 3.5). */
export interface ScenarioConfigured {
  /** Default: as `vsm`. */
  readonly vbs?: boolean | undefined;
  /** Default: as `hvci`. */
  readonly hvci?: boolean | undefined;
  /** Default: `unlocked` where LsaIso (trustlet 1) runs, else `off`. */
  readonly credentialGuard?: ConfiguredCredentialGuard | undefined;
  /** Default `nothing`. */
  readonly requires?: ConfiguredRequirement | undefined;
  /** The configuration is kept in a UEFI variable too. Default false. */
  readonly locked?: boolean | undefined;
  /** Where it is set: under Control\DeviceGuard, or under Policies. Default `registry`. */
  readonly by?: 'registry' | 'policy' | undefined;
  /** EditionID. Default `Enterprise`. */
  readonly edition?: string | undefined;
}

export interface ScenarioProcess {
  /** How tests and other entries name this process. */
  readonly label: string;
  /** Image name: a label like any other, so a hostile one may lie. */
  readonly image: string;
  /** Multiple of 4. Default: the next free one. */
  readonly pid?: number | undefined;
  /** Label of the parent. */
  readonly parent?: string | undefined;
  readonly session?: number | undefined;
  /** Whose token it runs under. Default `SYSTEM`. */
  readonly user?: 'SYSTEM' | 'LOCAL SERVICE' | 'NETWORK SERVICE' | 'administrator' | 'user' | undefined;
  /** An administrator's elevated token. */
  readonly elevated?: boolean | undefined;
  /** Privileges enabled in its token, e.g. `SeDebugPrivilege`. */
  readonly privileges?: readonly string[] | undefined;
  readonly protection?: ScenarioProtection | undefined;
  /** Present: this process is a trustlet. */
  readonly trustlet?: ScenarioTrustlet | undefined;
  /** Default `normal`. */
  readonly kind?: 'normal' | 'idle' | 'system' | 'secure-system' | 'registry' | 'mem-compression' | 'pico' | undefined;
  readonly wow64?: boolean | undefined;
  readonly frozen?: boolean | undefined;
  readonly background?: boolean | undefined;
  readonly stronglyNamed?: boolean | undefined;
  readonly crossSessionCreate?: boolean | undefined;
  /** `exiting`: still enumerated and queryable, with the Deleting bit set. */
  readonly state?: 'running' | 'exiting' | undefined;
  /** Default 1; pseudo-processes 0. */
  readonly threads?: number | undefined;
  /** Who may open it: `default` by owner, `everyone`, or `nobody` (not even the query right, unless SeDebugPrivilege). */
  readonly access?: 'default' | 'everyone' | 'nobody' | undefined;
  /** Calls that fail when this process is their target. */
  readonly faults?: readonly ScenarioFault[] | undefined;
  /** May be taken by `churn`. */
  readonly volatile?: boolean | undefined;
}

export interface ScenarioProtection {
  readonly type: 'ProtectedLight' | 'Protected';
  readonly signer: 'Authenticode' | 'CodeGen' | 'Antimalware' | 'Lsa' | 'Windows' | 'WinTcb' | 'WinSystem' | 'App';
  readonly audit?: boolean | undefined;
}

export interface ScenarioTrustlet {
  /** Trustlet ID as its image declares it (facts/nt.md 5.1). */
  readonly id: number;
  /** The image's Debug policy: 0 never (default), 1 always, 2 only while Secure Boot is off, 3 after challenge and response. */
  readonly debugPolicy?: 0 | 1 | 2 | 3 | undefined;
  /** The image's CrashDump policy: `none` (default) or `encrypted`. */
  readonly crashDump?: 'none' | 'encrypted' | undefined;
}

export interface ScenarioCrowd {
  readonly label: string;
  readonly count: number;
  readonly image: string;
  readonly parent?: string | undefined;
  readonly session?: number | undefined;
  readonly user?: ScenarioProcess['user'];
  readonly threads?: number | undefined;
}

/** The NT calls that open, ask and close. */
const ASKING_CALLS = [
  'NtOpenProcess',
  'NtOpenThread',
  'NtClose',
  'NtDuplicateObject',
  'NtQueryInformationProcess',
  'NtQueryInformationThread',
  'NtQuerySystemInformation',
] as const;

/** The NT calls that act on a process. */
export const ACTING_CALLS = [
  'NtReadVirtualMemory',
  'NtWriteVirtualMemory',
  'NtAllocateVirtualMemory',
  'NtMapViewOfSection',
  'NtQueueApcThread',
  'NtCreateThreadEx',
  'NtSetContextThread',
  'NtGetContextThread',
  'NtSuspendThread',
  'NtTerminateProcess',
  'NtDebugActiveProcess',
  'NtSetInformationProcess',
] as const;

export type FaultCall = (typeof ASKING_CALLS)[number] | (typeof ACTING_CALLS)[number] | 'SecureCall';

/** The NT calls that can be made to fail. Secure calls fail under the query or operation that makes them. */
export const FAULT_CALLS: readonly FaultCall[] = [...ASKING_CALLS, ...ACTING_CALLS, 'SecureCall'];

export interface ScenarioFault {
  readonly call: FaultCall;
  /** Symbolic name, e.g. `STATUS_INSUFFICIENT_RESOURCES`, or `0x…`. */
  readonly status: string;
  /** Only this information class (the query calls). Default: any. */
  readonly infoClass?: number | undefined;
  /** Only the n-th matching call, from 1. Default: every one. */
  readonly nth?: number | undefined;
}

/** A scenario with nothing left open: what `boot` and the simulated kernel's table are made from. */
export interface ResolvedScenario {
  readonly scenario: Scenario;
  readonly processes: readonly ResolvedProcess[];
  readonly agent: ResolvedProcess;
}

export interface ResolvedProcess {
  readonly label: string;
  readonly entry: ScenarioProcess;
  readonly pid: number;
  /** 0 where there is none. */
  readonly parentPid: number;
  readonly tids: readonly number[];
  /** FILETIME, 100 ns. */
  readonly createTime: bigint;
  readonly sequenceNumber: bigint;
  /** `(bootId << 48) | sequenceNumber`. */
  readonly startKey: bigint;
  /** PS_PROTECTION byte. */
  readonly protection: number;
  /** SYSTEM_PROCESS_CLASSIFICATION, 0 … 4. */
  readonly classification: number;
  /** The extended query's Flags word as this build reports it. */
  readonly flags: number;
}
