/**
 * The data every backend produces and every caller reads. No behaviour, no imports from above.
 *
 * Numbers: `bigint` for handles, addresses, start keys and FILETIMEs (100 ns since 1601-01-01 UTC); `number` for pids, tids and flags.
 */
import type {
  PostureAnswer,
  PostureFeature,
  PostureFeatureName,
  PostureFinding,
  PostureSources,
} from './posture-types.js';

export type * from './posture-types.js';

/** Names of the guarded operations; `guard/operations.ts` has an entry for each. */
export type GuardOperation =
  | 'queue-apc'
  | 'create-thread'
  | 'allocate'
  | 'read'
  | 'write'
  | 'map-section'
  | 'load-library'
  | 'set-context'
  | 'debug'
  | 'dump'
  | 'set-windows-hook'
  | 'set-information'
  | 'suspend'
  | 'terminate'
  | 'duplicate-handle';

/** What a process is. `unknown` is an answer, and it means: leave it alone. */
export type SecureVerdict = 'secure' | 'ordinary' | 'unknown';

/** Where answers come from. `replay` is reserved. */
export type BackendName = 'driver' | 'ntdll' | 'emulated' | 'replay';

/** The driver behind a backend. */
export interface DriverInfo {
  /** e.g. `0.1.0`. */
  readonly version: string;
  /** Version of the wire protocol that is spoken with it. */
  readonly protocol: number;
  /** What it can do on this system, of what this package knows: `query`, `census`, `examine`, `guard`, `stats`, `start-key`. */
  readonly capabilities: readonly string[];
}

/** How a statement is known (DESIGN.md rule 9). */
export type Evidence = 'documented' | 'observed' | 'derived' | 'assumed';

/** Why a verdict is what it is. */
export type VerdictReason =
  /** Bit 7 (IsSecureProcess) was set in a successful 64-byte query. */
  | 'secure-bit-set'
  /** Bit 7 and the Deleting bit were clear in a successful 64-byte query. */
  | 'secure-bit-clear'
  | UnknownReason;

/** Why a verdict is `unknown`. */
export type UnknownReason =
  /** The process is being deleted; a clear bit says nothing about it any more. */
  | 'exiting'
  /** No process has this pid (any more). */
  | 'gone'
  /** The pid now belongs to another process than the identity asked for. */
  | 'identity-mismatch'
  /** The caller may not even ask (PROCESS_QUERY_LIMITED_INFORMATION refused). */
  | 'access-denied'
  /** pid 0 (Idle): it has no process object a handle could name. */
  | 'idle-process'
  /** The extended query (class 0, 64 bytes) failed; `status` says how. */
  | 'query-failed'
  /** Windows before build 15063 with VSM running: a clear bit is not promised to mean anything. */
  | 'downlevel-bit';

/**
 * A process identity that survives pid reuse. `createTime` is a FILETIME (100 ns units); `startKey` is the kernel's start key.
 * `null` means *absent* (the source does not have it): absence never matches anything.
 */
export interface ProcessIdentity {
  readonly pid: number;
  readonly createTime: bigint | null;
  readonly startKey: bigint | null;
}

/** The flags of PROCESS_EXTENDED_BASIC_INFORMATION by the structure's own names, and the raw word. */
export interface ProcessFlags {
  readonly raw: number;
  readonly IsProtectedProcess: boolean;
  readonly IsWow64Process: boolean;
  readonly IsProcessDeleting: boolean;
  readonly IsCrossSessionCreate: boolean;
  readonly IsFrozen: boolean;
  readonly IsBackground: boolean;
  readonly IsStronglyNamed: boolean;
  readonly IsSecureProcess: boolean;
  readonly IsSubsystemProcess: boolean;
  readonly IsTrustedApp: boolean;
}

/** PS_PROTECTION decoded: protected process (light). Not isolation: a trustlet may have none, and a PPL may be no trustlet. */
export interface Protection {
  readonly raw: number;
  readonly type: 'None' | 'ProtectedLight' | 'Protected' | `unknown(${number})`;
  readonly signer:
    | 'None'
    | 'Authenticode'
    | 'CodeGen'
    | 'Antimalware'
    | 'Lsa'
    | 'Windows'
    | 'WinTcb'
    | 'WinSystem'
    | 'App'
    | `unknown(${number})`;
  readonly audit: boolean;
}

/** SYSTEM_PROCESS_CLASSIFICATION of the process list. `SecureSystem` is the one Secure System pseudo-process, never LsaIso & co. */
export type ProcessClassification =
  | 'Normal'
  | 'System'
  | 'SecureSystem'
  | 'MemCompression'
  | 'Registry'
  | `unknown(${number})`;

/** Everything one backend can say of one process, as it was when asked. Names are labels, never evidence. */
export interface ProcessFacts {
  readonly pid: number;
  readonly verdict: SecureVerdict;
  readonly reason: VerdictReason;
  /** How far the verdict may be relied on. */
  readonly evidence: Evidence;
  /** NTSTATUS of the call that decided the verdict (unsigned); 0 when it succeeded. */
  readonly status: number;
  /** The symbolic name of `status`. */
  readonly statusName: string;
  /** null where the extended query did not succeed. */
  readonly flags: ProcessFlags | null;
  /** null where class 61 did not succeed (Windows before 8.1, Wine, access denied). */
  readonly protection: Protection | null;
  /** null where the process list has no extension (before 1709, WOW64, Wine) or was not read. */
  readonly classification: ProcessClassification | null;
  /** Idle, System, Secure System, Registry, Memory Compression: no image of their own. By pid 0/4 and classification, never by name. */
  readonly pseudo: boolean;
  /** Image name; a label only. null where it was not read. */
  readonly name: string | null;
  readonly parentPid: number | null;
  readonly sessionId: number | null;
  /** FILETIME, 100 ns units. */
  readonly createTime: bigint | null;
  readonly startKey: bigint | null;
  readonly backend: BackendName;
  /** True when no real system was asked. */
  readonly simulated: boolean;
}

/** What to ask about: a pid, or an identity (checked: a mismatch refuses), or a thread, or a handle of the caller's own. */
export type Target = number | ProcessTarget | ThreadTarget | HandleTarget;

/**
 * A process by pid and, from an event, by identity; `held.identity` and the fields of `ProcessFacts` fit. A field of 0 or null is absent;
 * at least one of the two must be present where any is given, since absence identifies nothing.
 */
export interface ProcessTarget {
  readonly pid: number;
  readonly createTime?: bigint | null | undefined;
  readonly startKey?: bigint | null | undefined;
}

/** A thread; `pid`, `createTime` and `startKey` are those its process is expected to have. */
export interface ThreadTarget {
  readonly tid: number;
  readonly pid?: number | undefined;
  readonly createTime?: bigint | null | undefined;
  readonly startKey?: bigint | null | undefined;
}

/** A handle the caller already has. The guard works on a private duplicate of it with the rights the operation needs. */
export interface HandleTarget {
  readonly handle: bigint;
  readonly kind: 'process' | 'thread';
}

/** Why the guard decided as it did: a verdict's reason, or one of its own. */
export type DecisionReason =
  | 'ordinary'
  | 'secure'
  /** A trustlet, an operation that is no isolation matter (suspend, terminate, duplicate-handle), and no opt-in by name. */
  | 'availability'
  /** As before, and the caller opted in by name. */
  | 'availability-accepted'
  | UnknownReason
  /** The handle passed as a target is not open in this process, or not of its kind. */
  | 'invalid-handle'
  /** The operation's own rights were refused; the target may be anything. */
  | 'rights-denied'
  /** The rights were granted but not the query right, and this backend cannot examine without it. */
  | 'query-right-denied'
  /** The thread and the process do not belong together (any more). */
  | 'thread-mismatch'
  /** The thread has ended. */
  | 'thread-exited'
  /** The driver's decision about the very handle and this package's own differ in the decision or the verdict; `advice` says how. */
  | 'deciders-disagree';

/** The guard's answer for one target and operation. Plain data: it can be logged as JSON once bigints are stringified. */
export interface Decision {
  readonly decision: 'allow' | 'refuse';
  readonly verdict: SecureVerdict;
  readonly reason: DecisionReason;
  /** The operations asked for, in the order given. */
  readonly operations: readonly GuardOperation[];
  /** null when the target never resolved to a process (a thread that does not exist). */
  readonly pid: number | null;
  readonly tid: number | null;
  readonly identity: ProcessIdentity | null;
  /** NTSTATUS behind the reason (unsigned); 0 when nothing failed. */
  readonly status: number;
  readonly statusName: string;
  /** One sentence: what to do about it. */
  readonly advice: string;
  readonly evidence: Evidence;
  readonly backend: BackendName;
  readonly simulated: boolean;
}

/** What a guarded callback gets. Valid until the callback settles. */
export interface Held {
  /**
   * A real HANDLE of this process (emulated: a value no NT handle table holds), not inheritable, with `rights`.
   * Throws ERR_TRUSTLET_RELEASED once the callback has settled.
   */
  readonly handle: bigint;
  readonly pid: number;
  readonly tid: number | null;
  readonly identity: ProcessIdentity;
  /** Access mask the handle was opened with. */
  readonly rights: number;
  readonly facts: ProcessFacts;
}

/**
 * Is VBS really on? `features` has every answer in one form; the members before it are the same answers by their older names.
 * `sources` are the raw words they came from.
 */
export interface Posture {
  readonly backend: BackendName;
  readonly simulated: boolean;
  /** e.g. `10.0.26100`. */
  readonly windows: { readonly major: number; readonly minor: number; readonly build: number };
  /** The secure kernel (VTL1) is running. */
  readonly vsm: { readonly running: PostureAnswer };
  readonly vbs: {
    readonly configured: PostureAnswer;
    readonly running: PostureAnswer;
    readonly hardwareEnforced: PostureAnswer;
  };
  readonly hvci: {
    readonly configured: PostureAnswer;
    readonly running: PostureAnswer;
    readonly strict: PostureAnswer;
  };
  readonly credentialGuard: { readonly configured: PostureAnswer; readonly running: PostureAnswer };
  /** Some trustlet process runs (which one, no NT query says). */
  readonly trustletRunning: PostureAnswer;
  readonly secureBoot: PostureAnswer;
  /** Test signing weakens the trustlets' signing gate too. */
  readonly testSigning: PostureAnswer;
  readonly hypervisorPresent: PostureAnswer;
  /** Configured and running, feature by feature. */
  readonly features: Readonly<Record<PostureFeatureName, PostureFeature>>;
  /** What does not fit together, what is weak, what cannot be known, each with a next step; the most telling first. */
  readonly findings: readonly PostureFinding[];
  readonly sources: PostureSources;
}

/** Why something fails, in one word. */
export type ExplanationCauseName =
  /** The target is a trustlet, or the shell of the secure kernel. */
  | 'isolated'
  /** PP or PPL: the kernel refuses rights to callers of lower protection. */
  | 'protected'
  | 'pseudo-process'
  | 'subsystem-process'
  /** DACL, integrity level, or another product that takes rights away. */
  | 'access-control'
  | 'privilege'
  | 'exited'
  /** The pid belongs, or belonged, to another process. */
  | 'reused'
  | 'no-such-process'
  | '32-bit-caller'
  /** The address or part of the range is not mapped. */
  | 'address'
  | 'bad-handle'
  | 'bad-argument'
  /** An APC that was queued and whose moment does not come. */
  | 'not-run'
  /** By its name, a process of Hyper-V’s. */
  | 'hyper-v-helper'
  /** A driver’s signature. */
  | 'code-integrity'
  | 'code-integrity-policy'
  | 'memory-integrity'
  | 'vbs-not-running'
  | 'unsupported'
  | 'unknown'
  /** Nothing keeps a caller with the rights from acting. */
  | 'none';

/** One cause that explains a failure, most likely first in `Explanation.causes`. What was seen to be otherwise is no cause. */
export interface ExplanationCause {
  readonly cause: ExplanationCauseName;
  /** The row of docs/explain.md, e.g. `protected`; `nothing-known` where none applies. */
  readonly failure: string;
  readonly text: string;
  /** Whether the cause itself was seen; false: it follows from what was seen, or is what remains. */
  readonly seen: boolean;
  /** What was seen and where, or what it follows from. */
  readonly evidence: string;
  /** What the caller can do. */
  readonly advice: string;
  /** How the statement about Windows is known. */
  readonly known: Evidence;
  /** Where it is known from. */
  readonly source: string;
}

/** The call that was explained. */
export interface ExplainedApi {
  readonly name: string;
  /** The guarded operation it is; null for a call the guard leaves alone. */
  readonly operation: GuardOperation | null;
  readonly acts: 'process' | 'thread' | 'driver' | 'system';
  /** Access mask it needs on its handle; null where the caller chooses, or none is involved. */
  readonly rights: number | null;
}

/** What `vsm.explain` may be told beside target and error. */
export interface ExplainContext {
  /** The call that failed: a guarded operation (`read`) or a function in any of its forms (`OpenProcess`, `ZwReadVirtualMemory`). */
  readonly api?: string | undefined;
  /** A posture that is at hand. `await vsm.postureAsync()` knows what was configured; without one, `explain` asks the kernel where it matters. */
  readonly posture?: Posture | undefined;
}

/** Answer of `vsm.explain`: why touching a process, loading a driver or starting an enclave fails. */
export interface Explanation {
  /** null for an error that is about no process; so are the facts. */
  readonly pid: number | null;
  readonly facts: ProcessFacts | null;
  /** The error that was asked about, when one was; both codes are null for one that has none, such as a refusal of the guard’s. */
  readonly error: { readonly ntstatus: number | null; readonly win32: number | null; readonly name: string } | null;
  readonly api: ExplainedApi | null;
  /** One line: the target and the likeliest cause. */
  readonly summary: string;
  readonly causes: readonly ExplanationCause[];
  readonly backend: BackendName;
  readonly simulated: boolean;
}
