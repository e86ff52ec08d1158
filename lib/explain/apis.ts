/**
 * The calls that `explain` knows by name: those of the guarded operations, read from their one table, and others that people meet
 * when they look at processes. Pure.
 */
import { show } from '../arguments.js';
import { TrustletError } from '../errors.js';
import { OPERATIONS, type OperationEntry, ProcessAccess, ThreadAccess } from '../guard/operations.js';
import { nearMisses } from '../near-miss.js';
import type { Evidence, GuardOperation } from '../types.js';
import { type IsolationSigns, SIGNS } from './isolation-signs.js';

/** One API, as far as a failure of it can be explained. */
export interface ApiEntry {
  readonly name: string;
  /** The guarded operation it is; null for a call the guard leaves alone. */
  readonly operation: GuardOperation | null;
  /** What it is about. `driver`: loading one. `system`: what VBS has to run for. */
  readonly acts: 'process' | 'thread' | 'driver' | 'system';
  /** Rights it needs on that handle; null where the caller chooses them, or no handle is involved. */
  readonly rights: number | null;
  /** What it does to a trustlet, one sentence; null where it is about no process. */
  readonly onTrustlet: string | null;
  /** How isolation shows itself in its answer; null where isolation does not hinder it. */
  readonly signs: IsolationSigns | null;
  /** What to call instead, a sentence; null where nothing else does it. */
  readonly instead: string | null;
  readonly evidence: Evidence;
  readonly source: string;
}

const P = ProcessAccess;
const T = ThreadAccess;

type FurtherApi = Omit<ApiEntry, 'name' | 'operation'> & { readonly names: readonly string[] };

const KERNEL_PATH =
  'Ask QueryFullProcessImageName: the kernel answers it from the image file, for PROCESS_QUERY_LIMITED_INFORMATION alone.';
const NOTHING_ELSE = { signs: null, instead: null } as const;
const VTL0_SIDE: IsolationSigns = { silent: true, codes: [], possible: [5, 87, 487] };
const ABOUT_NO_PROCESS = { rights: null, onTrustlet: null, ...NOTHING_ELSE } as const;

/** What guard/operations.ts has no entry for. Rights: Microsoft’s page of each function (facts/nt.md 6.1, S5). */
const FURTHER_APIS: readonly FurtherApi[] = [
  {
    names: ['MmCopyVirtualMemory'],
    acts: 'process',
    rights: null,
    onTrustlet: 'From a driver: STATUS_PARTIAL_COPY (299) and not a byte, unless the secure kernel let a debugger in.',
    signs: { silent: false, codes: [299], possible: [998, 5] },
    instead: null,
    evidence: 'derived',
    source: 'facts/nt.md 6.2',
  },
  {
    names: ['OpenProcess'],
    acts: 'process',
    rights: null,
    onTrustlet:
      'An open gets whatever rights the DACL grants: isolation takes none away, and none of them leads into VTL1.',
    ...NOTHING_ELSE,
    evidence: 'derived',
    source: 'facts/nt.md 0.8',
  },
  {
    names: ['OpenThread'],
    acts: 'thread',
    rights: null,
    onTrustlet:
      'An open gets whatever rights the DACL grants: isolation takes none away, and none of them leads into VTL1.',
    ...NOTHING_ELSE,
    evidence: 'derived',
    source: 'facts/nt.md 0.8',
  },
  {
    names: ['EnumProcesses', 'Process32First', 'Process32Next', 'NtQuerySystemInformation', 'WTSEnumerateProcesses'],
    acts: 'process',
    rights: null,
    onTrustlet: 'It is listed like any other process, with its name and ids; the list does not tell a trustlet.',
    ...NOTHING_ELSE,
    evidence: 'derived',
    source: 'facts/nt.md 4.1, facts/vsm.md 3.9',
  },
  {
    names: ['QueryFullProcessImageName', 'GetProcessImageFileName'],
    acts: 'process',
    rights: P.QUERY_LIMITED_INFORMATION,
    onTrustlet: 'The kernel knows the image file and answers: isolation hides no path.',
    ...NOTHING_ELSE,
    evidence: 'assumed',
    source: 'facts/nt.md 6.1 (right); that a trustlet answers as any process: not verified',
  },
  {
    names: ['NtQueryInformationProcess', 'GetProcessTimes', 'GetExitCodeProcess', 'IsWow64Process'],
    acts: 'process',
    rights: P.QUERY_LIMITED_INFORMATION,
    onTrustlet:
      'The kernel answers for a trustlet too; only its PEB address comes from the secure kernel, and may fail there.',
    ...NOTHING_ELSE,
    evidence: 'derived',
    source: 'facts/nt.md 0.2, 1.3',
  },
  {
    names: [
      'EnumProcessModules',
      'GetModuleFileNameEx',
      'GetModuleBaseName',
      'GetModuleInformation',
      'CreateToolhelp32Snapshot',
      'Module32First',
    ],
    acts: 'process',
    rights: P.QUERY_INFORMATION | P.VM_READ,
    onTrustlet:
      'No module and no path: both are read from the PEB and the loader’s lists, which lie in VTL1. It finds nothing, or fails with 299 or 998.',
    signs: { silent: true, codes: [299, 998], possible: [] },
    instead: KERNEL_PATH,
    evidence: 'derived',
    source: 'facts/vsm.md 3.9, facts/nt.md 0.3',
  },
  {
    names: ['OpenProcessToken'],
    acts: 'process',
    rights: P.QUERY_LIMITED_INFORMATION,
    onTrustlet: 'The token is VTL0’s: answered by rights alone.',
    ...NOTHING_ELSE,
    evidence: 'assumed',
    source: 'facts/nt.md 6.2 [unverified]',
  },
  {
    names: ['VirtualProtectEx', 'NtProtectVirtualMemory', 'VirtualFreeEx', 'NtFreeVirtualMemory'],
    acts: 'process',
    rights: P.VM_OPERATION,
    onTrustlet: 'It sees VTL0’s side alone: pages of VTL1 are no regions there.',
    signs: VTL0_SIDE,
    instead: null,
    evidence: 'assumed',
    source: 'facts/vsm.md 3.9, facts/nt.md 6.2 [unverified]',
  },
  {
    names: ['VirtualQueryEx', 'NtQueryVirtualMemory'],
    acts: 'process',
    rights: P.QUERY_INFORMATION,
    onTrustlet: 'It sees VTL0’s side alone: pages of VTL1 look free.',
    signs: VTL0_SIDE,
    instead: null,
    evidence: 'assumed',
    source: 'facts/vsm.md 3.9, facts/nt.md 6.2 [unverified]',
  },
  {
    names: ['GetThreadContext'],
    acts: 'thread',
    rights: T.GET_CONTEXT,
    onTrustlet: 'It shows the VTL0 shell of the thread at most; the result on a live trustlet is not verified.',
    signs: VTL0_SIDE,
    instead: null,
    evidence: 'assumed',
    source: 'facts/nt.md 6.2 [unverified]',
  },
  {
    names: ['ResumeThread'],
    acts: 'thread',
    rights: T.SUSPEND_RESUME,
    onTrustlet: 'Scheduling belongs to VTL0: it works by rights alone.',
    ...NOTHING_ELSE,
    evidence: 'derived',
    source: 'facts/nt.md 6.2',
  },
  {
    names: ['NtSuspendProcess', 'NtResumeProcess'],
    acts: 'process',
    rights: P.SUSPEND_RESUME,
    onTrustlet: 'Scheduling belongs to VTL0: it works by rights alone.',
    ...NOTHING_ELSE,
    evidence: 'derived',
    source: 'facts/nt.md 6.2',
  },
  {
    names: ['AssignProcessToJobObject'],
    acts: 'process',
    rights: P.SET_QUOTA | P.TERMINATE,
    onTrustlet: 'Jobs are VTL0’s: it works by rights alone.',
    ...NOTHING_ELSE,
    evidence: 'assumed',
    source: 'facts/nt.md 6.2 [unverified]',
  },
  {
    names: ['StartService', 'CreateService', 'NtLoadDriver', 'FilterLoad'],
    acts: 'driver',
    ...ABOUT_NO_PROCESS,
    evidence: 'documented',
    source: 'facts/nt.md 8.1, 8.2',
  },
  {
    names: ['CreateEnclave', 'LoadEnclaveImage', 'InitializeEnclave', 'IsEnclaveTypeSupported'],
    acts: 'system',
    ...ABOUT_NO_PROCESS,
    evidence: 'documented',
    source: 'facts/nt.md 5.5',
  },
  {
    names: ['CreateProcess', 'NtCreateUserProcess'],
    acts: 'system',
    ...ABOUT_NO_PROCESS,
    evidence: 'documented',
    source: 'facts/nt.md 5.2',
  },
];

/** `QueueUserAPC, QueueUserAPC2 (NtQueueApcThreadEx2)`: the functions an entry names; the rest of the words are no such names. */
const namesIn = (text: string): readonly string[] => text.match(/[A-Z][a-z]+[A-Z]\w+/g) ?? [];

const ofOperation = ({ operation, acts, rights, onTrustlet, evidence, source }: OperationEntry) => ({
  operation,
  acts,
  rights,
  onTrustlet,
  signs: SIGNS[operation] ?? null,
  instead: null,
  evidence,
  source,
});

/** `ntdll.dll!NtQueueApcThreadEx2` is `queueapcthread`: without module, Nt, Zw or K32, and what comes after a name for later or wide forms. */
const fold = (name: string): string =>
  name
    .toLowerCase()
    .replace(/^.*!/, '')
    .replace(/^(?:nt|zw|k32)(?=\w)/, '')
    .replace(/(?:ex)?\d?[aw]?$/, '');

const operationNamed = (name: string): ApiEntry | undefined => {
  const entry = OPERATIONS.find(({ operation }) => operation === name.toLowerCase());
  return entry && { name: entry.operation, ...ofOperation(entry) };
};

/** Every API by name; where two operations name one (the injection of a DLL names all its steps), the first has it. */
export const KNOWN_APIS: readonly ApiEntry[] = (() => {
  const known = new Map<string, ApiEntry>();
  const add = (entry: ApiEntry): void => {
    const key = fold(entry.name);
    if (!known.has(key)) known.set(key, entry);
  };
  const apart = new Set(FURTHER_APIS.flatMap(({ names }) => names.map(fold)));
  for (const entry of OPERATIONS) {
    for (const name of namesIn(`${entry.userApi}, ${entry.kernelApi}`)) {
      if (!apart.has(fold(name))) add({ name, ...ofOperation(entry) });
    }
  }
  for (const { names, ...entry } of FURTHER_APIS) {
    for (const name of names) add({ name, operation: null, ...entry });
  }
  return [...known.values()];
})();

const byFoldedName: ReadonlyMap<string, ApiEntry> = new Map(KNOWN_APIS.map((entry) => [fold(entry.name), entry]));

const MOST_HINTS = 3;

const unknownName = (name: string): TrustletError => {
  const names = [...OPERATIONS.map(({ operation }) => operation), ...KNOWN_APIS.map((entry) => entry.name)];
  const close = nearMisses(name, names, MOST_HINTS).map((each) => `'${each}'`);
  const hint =
    close.length === 0
      ? 'Give a guarded operation such as read, or a function such as OpenProcess; docs/explain.md lists them. Or leave it out.'
      : `Did you mean ${close.join(' or ')}?`;
  return new TrustletError('ERR_TRUSTLET_ARGUMENT', `${show(name)} is no API that is known here. ${hint}`);
};

/**
 * @param name a guarded operation, or a function in any of its forms: Nt or Zw, Ex, A or W; case does not matter
 * @throws TrustletError ERR_TRUSTLET_ARGUMENT for a name that is none, naming those that are close
 */
export const apiNamed = (name: string): ApiEntry => {
  const entry = operationNamed(name) ?? byFoldedName.get(fold(name));
  if (entry === undefined) throw unknownName(name);
  return entry;
};

/** What an error of the guard’s says of itself: operations joined by `+`. Several become the first, with all their rights. */
export const apiOfOperations = (joined: string): ApiEntry | null => {
  const entries = joined.split('+').flatMap((name) => operationNamed(name) ?? []);
  const [first] = entries;
  if (first === undefined) return null;
  return { ...first, name: joined, rights: entries.reduce((rights, entry) => rights | (entry.rights ?? 0), 0) >>> 0 };
};
