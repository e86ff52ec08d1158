/**
 * The guarded operations: one entry each, the single source that `decide.ts`, the help texts, docs and (later) the driver's
 * generated table are made from. Rights: facts/nt.md 6.1 and 6.2 (the kernel's checks and what the Win32 wrappers ask beside them).
 */
import type { Evidence, GuardOperation } from '../types.js';

/** Process access bits (facts/nt.md 6.1). */
export const ProcessAccess = {
  TERMINATE: 0x1,
  CREATE_THREAD: 0x2,
  VM_OPERATION: 0x8,
  VM_READ: 0x10,
  VM_WRITE: 0x20,
  DUP_HANDLE: 0x40,
  CREATE_PROCESS: 0x80,
  SET_QUOTA: 0x100,
  SET_INFORMATION: 0x200,
  QUERY_INFORMATION: 0x400,
  SUSPEND_RESUME: 0x800,
  QUERY_LIMITED_INFORMATION: 0x1000,
  SET_LIMITED_INFORMATION: 0x2000,
  SYNCHRONIZE: 0x100000,
  ALL: 0x1fffff,
} as const;

/** Thread access bits (facts/nt.md 6.1). */
export const ThreadAccess = {
  TERMINATE: 0x1,
  SUSPEND_RESUME: 0x2,
  GET_CONTEXT: 0x8,
  SET_CONTEXT: 0x10,
  SET_INFORMATION: 0x20,
  QUERY_INFORMATION: 0x40,
  QUERY_LIMITED_INFORMATION: 0x800,
  SYNCHRONIZE: 0x100000,
  ALL: 0x1fffff,
} as const;

/** One guarded operation. */
export interface OperationEntry {
  readonly operation: GuardOperation;
  /** Which kind of handle the operation acts on. */
  readonly acts: 'process' | 'thread';
  /** Rights the operation's API needs on that handle; the guard adds the query right. */
  readonly rights: number;
  readonly userApi: string;
  readonly kernelApi: string;
  /** What happens when it is tried on a trustlet, in one sentence. */
  readonly onTrustlet: string;
  readonly evidence: Evidence;
  readonly source: string;
  /** The API takes a pid or tid, not our handle: safe only inside the callback, while the held object keeps its id from reuse. */
  readonly takesId: boolean;
  /** `isolation`: always refused on a trustlet. `availability`: refused unless the caller opts in by name. */
  readonly concern: 'isolation' | 'availability';
}

const P = ProcessAccess;
const T = ThreadAccess;

/** All operations in a fixed order. */
export const OPERATIONS: readonly OperationEntry[] = [
  {
    operation: 'queue-apc',
    acts: 'thread',
    rights: T.SET_CONTEXT,
    userApi: 'QueueUserAPC, QueueUserAPC2 (NtQueueApcThreadEx2)',
    kernelApi: 'KeInsertQueueApc',
    onTrustlet: 'The call reports success and the APC never runs in VTL1; from a driver it may destabilise the system.',
    evidence: 'documented',
    source: 'seed; facts/nt.md 6.2',
    takesId: false,
    concern: 'isolation',
  },
  {
    operation: 'create-thread',
    acts: 'process',
    rights: P.CREATE_THREAD | P.QUERY_INFORMATION | P.VM_OPERATION | P.VM_WRITE | P.VM_READ,
    userApi: 'CreateRemoteThread(Ex) (NtCreateThreadEx)',
    kernelApi: 'RtlCreateUserThread',
    onTrustlet:
      'STATUS_INVALID_PARAMETER from build 26100; before that the secure kernel decides. No thread of the caller runs in VTL1.',
    evidence: 'derived',
    source: 'seed; facts/nt.md 0.7 and 6.2',
    takesId: false,
    concern: 'isolation',
  },
  {
    operation: 'allocate',
    acts: 'process',
    rights: P.VM_OPERATION,
    userApi: 'VirtualAllocEx (NtAllocateVirtualMemory)',
    kernelApi: 'ZwAllocateVirtualMemory',
    onTrustlet: 'A VTL0-side allocation that VTL1 never sees.',
    evidence: 'derived',
    source: 'seed; facts/nt.md 0.6',
    takesId: false,
    concern: 'isolation',
  },
  {
    operation: 'read',
    acts: 'process',
    rights: P.VM_READ,
    userApi: 'ReadProcessMemory (NtReadVirtualMemory)',
    kernelApi: 'MmCopyVirtualMemory',
    onTrustlet: 'STATUS_ACCESS_VIOLATION, ERROR_NOACCESS 998, unless a debug port is set.',
    evidence: 'derived',
    source: 'seed; facts/nt.md 0.3',
    takesId: false,
    concern: 'isolation',
  },
  {
    operation: 'write',
    acts: 'process',
    rights: P.VM_WRITE | P.VM_OPERATION,
    userApi: 'WriteProcessMemory (NtWriteVirtualMemory)',
    kernelApi: 'MmCopyVirtualMemory',
    onTrustlet: 'STATUS_ACCESS_VIOLATION, ERROR_NOACCESS 998, unless a debug port is set.',
    evidence: 'derived',
    source: 'seed; facts/nt.md 0.3',
    takesId: false,
    concern: 'isolation',
  },
  {
    operation: 'map-section',
    acts: 'process',
    rights: P.VM_OPERATION,
    userApi: 'MapViewOfFile2, NtMapViewOfSection',
    kernelApi: 'ZwMapViewOfSection',
    onTrustlet: 'A view that exists in VTL0 only.',
    evidence: 'derived',
    source: 'facts/nt.md 6.2',
    takesId: false,
    concern: 'isolation',
  },
  {
    operation: 'load-library',
    acts: 'process',
    rights: P.CREATE_THREAD | P.QUERY_INFORMATION | P.VM_OPERATION | P.VM_WRITE | P.VM_READ,
    userApi: 'VirtualAllocEx + WriteProcessMemory + CreateRemoteThread(LoadLibraryW)',
    kernelApi: 'image map or APC',
    onTrustlet: 'Fails at the write; a DLL mapped another way is available in VTL0 but not in VTL1.',
    evidence: 'documented',
    source: 'seed; facts/nt.md 6.2',
    takesId: false,
    concern: 'isolation',
  },
  {
    operation: 'set-context',
    acts: 'thread',
    rights: T.SET_CONTEXT,
    userApi: 'SetThreadContext (NtSetContextThread)',
    kernelApi: 'PsSetContextThread',
    onTrustlet: 'Reaches the VTL0 shell of the thread at most; the result on a live trustlet is not verified.',
    evidence: 'assumed',
    source: 'facts/nt.md 6.2 [unverified]',
    takesId: false,
    concern: 'isolation',
  },
  {
    operation: 'debug',
    acts: 'process',
    rights: P.SUSPEND_RESUME,
    userApi: 'DebugActiveProcess (NtDebugActiveProcess)',
    kernelApi: 'DbgkpSetProcessDebugObject',
    onTrustlet: 'STATUS_ACCESS_DENIED from the secure kernel unless the image’s Debug policy allows it.',
    evidence: 'derived',
    source: 'seed; facts/nt.md 0.4',
    takesId: true,
    concern: 'isolation',
  },
  {
    operation: 'dump',
    acts: 'process',
    rights: P.QUERY_INFORMATION | P.VM_READ,
    userApi: 'MiniDumpWriteDump, PssCaptureSnapshot',
    kernelApi: 'MmCopyVirtualMemory',
    onTrustlet: 'Reads fail; a dump that reports success lacks every VTL1 page.',
    evidence: 'derived',
    source: 'seed; facts/nt.md 6.2',
    takesId: true,
    concern: 'isolation',
  },
  {
    operation: 'set-windows-hook',
    acts: 'thread',
    rights: T.QUERY_LIMITED_INFORMATION,
    userApi: 'SetWindowsHookEx',
    kernelApi: 'none',
    onTrustlet: 'A trustlet loads no win32k and no foreign DLL: the hook never runs.',
    evidence: 'derived',
    source: 'facts/nt.md 5.4',
    takesId: true,
    concern: 'isolation',
  },
  {
    operation: 'set-information',
    acts: 'process',
    rights: P.SET_INFORMATION,
    userApi: 'SetProcessInformation, NtSetInformationProcess (instrumentation callback)',
    kernelApi: 'ZwSetInformationProcess',
    onTrustlet: 'At most the VTL0 shell changes; an instrumentation callback never runs in VTL1.',
    evidence: 'assumed',
    source: 'facts/nt.md 5.4 and 6.2 [unverified]',
    takesId: false,
    concern: 'isolation',
  },
  {
    operation: 'suspend',
    acts: 'thread',
    rights: T.SUSPEND_RESUME,
    userApi: 'SuspendThread (NtSuspendThread)',
    kernelApi: 'PsSuspendThread',
    onTrustlet: 'Scheduling belongs to VTL0: the trustlet stops answering.',
    evidence: 'derived',
    source: 'facts/nt.md 6.2',
    takesId: false,
    concern: 'availability',
  },
  {
    operation: 'terminate',
    acts: 'process',
    rights: P.TERMINATE,
    userApi: 'TerminateProcess (NtTerminateProcess)',
    kernelApi: 'ZwTerminateProcess',
    onTrustlet: 'Allowed by rights alone; ending LsaIso.exe breaks sign-in.',
    evidence: 'derived',
    source: 'facts/nt.md 6.2',
    takesId: false,
    concern: 'availability',
  },
  {
    operation: 'duplicate-handle',
    acts: 'process',
    rights: P.DUP_HANDLE,
    userApi: 'DuplicateHandle (NtDuplicateObject)',
    kernelApi: 'ZwDuplicateObject',
    onTrustlet: 'The handle table is VTL0’s: allowed by rights alone.',
    evidence: 'assumed',
    source: 'facts/nt.md 6.2 [unverified]',
    takesId: false,
    concern: 'availability',
  },
];

const byName: ReadonlyMap<string, OperationEntry> = new Map(OPERATIONS.map((entry) => [entry.operation, entry]));

/** The entry of an operation, undefined for a name that is none. */
export const operationEntry = (name: string): OperationEntry | undefined => byName.get(name);
