/** The values of a trustlet's policy and what they mean (facts/nt.md 5.3, facts/vsm.md 3.7). docs/inspect.md is written from these. */

export interface PolicyId {
  readonly id: number;
  readonly name: string;
  /** What the policy is about. */
  readonly about: string;
}

/** IMAGE_POLICY_ID of winnt.h. Microsoft's pages call most of them reserved; what they mean comes from published analyses. */
export const POLICY_IDS: readonly PolicyId[] = [
  { id: 1, name: 'Etw', about: 'whether its trace events may reach VTL0' },
  { id: 2, name: 'Debug', about: 'whether a debugger of VTL0 may attach' },
  { id: 3, name: 'CrashDump', about: 'whether its pages go into a crash dump, encrypted' },
  { id: 4, name: 'CrashDumpKey', about: 'the public key that a crash dump is encrypted with' },
  { id: 5, name: 'CrashDumpKeyGuid', about: 'which key that is' },
  { id: 6, name: 'ParentSd', about: 'who may create it, as a security descriptor' },
  { id: 7, name: 'ParentSdRev', about: 'the revision of that security descriptor' },
  { id: 8, name: 'Svn', about: 'its security version number' },
  { id: 9, name: 'DeviceId', about: 'the secure device it serves' },
  { id: 10, name: 'Capability', about: 'what more the secure kernel lets it do, such as secure storage' },
  { id: 11, name: 'ScenarioId', about: 'the scenario its secure sections belong to' },
  { id: 12, name: 'CapabilityOverridable', about: 'whether its creator may choose other capabilities' },
  { id: 13, name: 'TrustletIdOverridable', about: 'whether its creator may choose another trustlet ID' },
];

export type PolicyValueKind = 'none' | 'bool' | 'number' | 'text';

export interface PolicyType {
  readonly type: number;
  readonly name: string;
  readonly kind: PolicyValueKind;
  /** Bits of a number; 0 otherwise. */
  readonly bits: 0 | 8 | 16 | 32 | 64;
  readonly isSigned: boolean;
}

const type = (number: number, name: string, kind: PolicyValueKind, bits: PolicyType['bits'] = 0): PolicyType => ({
  type: number,
  name,
  kind,
  bits,
  isSigned: name.startsWith('i'),
});

/** IMAGE_POLICY_ENTRY_TYPE of winnt.h; 0 ends the list. */
export const POLICY_TYPES: readonly PolicyType[] = [
  type(1, 'bool', 'bool'),
  type(2, 'i8', 'number', 8),
  type(3, 'u8', 'number', 8),
  type(4, 'i16', 'number', 16),
  type(5, 'u16', 'number', 16),
  type(6, 'i32', 'number', 32),
  type(7, 'u32', 'number', 32),
  type(8, 'i64', 'number', 64),
  type(9, 'u64', 'number', 64),
  type(10, 'ansi-string', 'text'),
  type(11, 'utf16-string', 'text'),
  type(12, 'override', 'none'),
];

export type DebugPolicy = 'never' | 'always' | 'secure-boot-off' | 'challenge-response';

/** The Debug policy's values, the most restrictive first (facts/nt.md 5.3: an u32; anything else refuses). */
export const DEBUG_VALUES: readonly {
  readonly value: bigint;
  readonly policy: DebugPolicy;
  readonly meaning: string;
}[] = [
  { value: 0n, policy: 'never', meaning: 'no debugger may attach' },
  { value: 3n, policy: 'challenge-response', meaning: 'a debugger may attach once a challenge was answered' },
  { value: 2n, policy: 'secure-boot-off', meaning: 'a debugger may attach only while Secure Boot is off' },
  { value: 1n, policy: 'always', meaning: 'a debugger may attach' },
];

/** Trustlet IDs that are publicly known (facts/nt.md 5.1). */
export const TRUSTLET_IDS: readonly { readonly id: bigint; readonly image: string; readonly role: string }[] = [
  { id: 0n, image: 'securekernel', role: 'the secure kernel itself' },
  { id: 1n, image: 'LsaIso.exe', role: 'Credential Guard and Key Guard' },
  { id: 2n, image: 'vmsp.exe', role: 'a virtual machine’s secure worker (virtual TPM)' },
  { id: 3n, image: 'a vTPM provisioning trustlet', role: 'virtual TPM key enrolment' },
  { id: 4n, image: 'BioIso.exe', role: 'secure biometrics' },
  { id: 5n, image: 'FsIso.exe', role: 'secure frame server (camera)' },
];
