/**
 * The contract every backend fills: what DESIGN.md calls the same interface with the same answers.
 *
 * A backend is a thin source of raw records. Its judgement never counts: `guard/verdict.ts` turns a record into a verdict and
 * `guard/decide.ts` turns that into a decision, the same code for all of them. A backend that decides too (the driver) hands over
 * its opinion, and the guard refuses where the two differ. The rules it must keep:
 *
 * - No method throws for the state of a target; failures are statuses in the record. A lost backend throws ERR_TRUSTLET_BACKEND.
 * - Handles it opens for its own questions are closed before it returns, on every path.
 * - `queryMany` is aligned with its input; `census` has every process once; nothing is capped silently.
 * - `open…` uses the caller's own rights and nobody else's; handles are not inheritable.
 * - After `dispose` nothing is called any more.
 */
import type { OpenResult } from './nt-api.js';
import type {
  BackendName,
  Decision,
  DecisionReason,
  DriverInfo,
  Evidence,
  GuardOperation,
  Posture,
  PostureConfiguration,
  ProcessIdentity,
  SecureVerdict,
  VerdictReason,
} from './types.js';

/** Raw answers about one process, as they came; nothing judged. null = not available. */
export interface ProcessRecord {
  /** 0 also where an examined object would not say (its `openStatus` is then a success). */
  readonly pid: number;
  /** NTSTATUS of the open (or of resolving the pid); the queries below were made only if it succeeded. */
  readonly openStatus: number;
  /** NTSTATUS of the extended query, class 0 with 64 bytes (32 in a 32-bit process); null if it was not made. */
  readonly extendedStatus: number | null;
  /** The Flags word of a successful extended query. */
  readonly flags: number | null;
  /** PS_PROTECTION byte of a successful class 61 query. */
  readonly protection: number | null;
  /** Classification bits of the process list's extension. */
  readonly classification: number | null;
  readonly name: string | null;
  readonly parentPid: number | null;
  readonly sessionId: number | null;
  /** FILETIME, 100 ns. */
  readonly createTime: bigint | null;
  /** Start key; null when absent or 0. */
  readonly startKey: bigint | null;
  /** The pid was enumerated as one process and answered as another: it is gone and must not be judged. */
  readonly reused: boolean;
}

/** What the verdict needs to know of the system beside the record. */
export interface SystemRecord {
  readonly build: number;
  /** NTSTATUS of class 165 and, when it succeeded, its first 32-bit word. */
  readonly isolatedUserModeStatus: number;
  readonly isolatedUserModeFlags: number | null;
}

/** A census: taken at one moment, its records decoded when read. */
export interface CensusRecords {
  readonly length: number;
  /** Pid of the index-th process, without building its record. The caller keeps the index within 0 … length-1, here and below. */
  pid(index: number): number;
  record(index: number): ProcessRecord;
}

/** What a handle is about to be used for: what a second decider has to know. */
export interface Intention {
  /** At least one; all of them act on the kind of the handle. */
  readonly operations: readonly GuardOperation[];
  /** Availability operations that are accepted on a trustlet, by name. */
  readonly accepted: readonly GuardOperation[];
  /** Access the handle was opened with. */
  readonly access: number;
  /** Who the process is expected to be; a null member was not asked for. */
  readonly expected: Pick<ProcessIdentity, 'createTime' | 'startKey'> & { readonly pid: number | null };
}

/** What a backend that decides too makes of an intention. The guard goes on only where it says the same. */
export interface Opinion {
  readonly decision: 'allow' | 'refuse';
  readonly verdict: SecureVerdict;
  readonly reason: DecisionReason | VerdictReason;
  /** NTSTATUS behind the reason, unsigned; 0 where nothing failed. */
  readonly status: number;
  readonly evidence: Evidence;
}

/** What a backend finds out about the very object behind a handle. */
export interface Examination {
  readonly record: ProcessRecord;
  /** Thread handles only: NTSTATUS of asking the thread itself, its tid, and whether it has ended. */
  readonly thread: { readonly status: number; readonly tid: number; readonly exited: boolean } | null;
  /**
   * Access this very handle has: less than it was opened with where another product took some away (ObRegisterCallbacks, facts/nt.md 7.1).
   * null where the backend cannot tell.
   */
  readonly grantedAccess: number | null;
  /** null where the backend only finds out (every one but the driver), or was told of no intention. */
  readonly opinion: Opinion | null;
}

/** What is being opened. */
export type ObjectKind = 'process' | 'thread';

/** How long `configuration` may take. */
export interface ConfigurationLimits {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

export interface Backend {
  readonly name: BackendName;
  /** True when the answers do not come from the system this process runs on. Such a backend never hands out a real handle. */
  readonly simulated: boolean;
  /** One line for people: which library, device or machine. */
  readonly description: string;
  /** True if `examine` works on a handle that lacks the query right (the driver). */
  readonly examinesAnyHandle: boolean;
  /** The driver that answers; null on every other backend. */
  readonly driver: DriverInfo | null;

  /** Pid of the process in whose name it asks: this one, or the emulated machine's agent. */
  callerPid(): number;
  /** Hears what the guard has decided, before anything is done. Most backends do not care; it must not throw. */
  decided?(decision: Decision): void;
  system(): SystemRecord;
  /** @param configuration what `configuration` answered; left out: it was not asked, and the posture says so */
  posture(configuration?: PostureConfiguration): Posture;
  /**
   * What WMI and the registry say, for `postureAsync`. A backend that has neither answers `unavailable` with its reason; nothing is guessed.
   * @throws nothing but the signal's reason, once it is aborted: what goes wrong is in the answer
   */
  configuration(limits: ConfigurationLimits): Promise<PostureConfiguration>;
  /** Opens, asks, closes. */
  query(pid: number): ProcessRecord;
  queryMany(pids: readonly number[]): ProcessRecord[];
  census(): CensusRecords;

  /** Opens a handle with exactly `access`, for the guard. The caller closes it with `close`. */
  openProcess(pid: number, access: number): OpenResult;
  openThread(tid: number, access: number): OpenResult;
  /** A private duplicate of a handle of the caller's, with exactly `access`. */
  duplicate(handle: bigint, access: number): OpenResult;
  /**
   * Examines the object behind this very handle. A thread's process is examined while the thread is held.
   * @param intention what the handle is for; null where its kind is not the one the operations act on
   */
  examine(handle: bigint, kind: ObjectKind, intention: Intention | null): Examination;
  /** @returns NTSTATUS */
  close(handle: bigint): number;
  /** Win32 code of a status, as the system maps it; undefined where unknown. */
  win32Error(status: number): number | undefined;
  /** @throws nothing; called once. */
  dispose(): void;
}
