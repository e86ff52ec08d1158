/** Process objects from what a scenario (or `spawn`) says of them. */
import { encodeProtection, ProcessFlag } from '../../layout/index.js';
import { Status } from '../../ntstatus.js';
import type { ScenarioProcess, ScenarioProtection } from '../scenario.js';
import type { ProcessKind, ProcessObject } from './objects.js';

const LSA_SIGNER = 4;
const PROTECTION_TYPE_MASK = 0x7;
const NONE: readonly never[] = [];

/** SYSTEM_PROCESS_CLASSIFICATION by kind (facts/nt.md 4.1). */
const CLASSIFICATION: Readonly<Record<ProcessKind, number>> = {
  normal: 0,
  pico: 0,
  idle: 0,
  system: 1,
  'secure-system': 2,
  'mem-compression': 3,
  registry: 4,
};

export const protectionByte = (protection: ScenarioProtection | undefined): number =>
  protection === undefined ? 0 : encodeProtection(protection);

/** What a scenario entry does not say: who the process is this time. */
export interface ProcessInstance {
  readonly label: string;
  readonly pid: number;
  readonly parentPid: number;
  readonly tids: readonly number[];
  readonly createTime: bigint;
  readonly sequenceNumber: bigint;
  readonly startKey: bigint;
  readonly protection: number;
  readonly classification: number;
}

/** Flags that a process keeps for life (facts/nt.md 1.2): all but Deleting and Secure. */
export const fixedFlagsOf = (entry: ScenarioProcess, protection: number): number =>
  ((protection & PROTECTION_TYPE_MASK) !== 0 ? ProcessFlag.IsProtectedProcess : 0) |
  (entry.wow64 === true ? ProcessFlag.IsWow64Process : 0) |
  (entry.crossSessionCreate === true ? ProcessFlag.IsCrossSessionCreate : 0) |
  (entry.frozen === true ? ProcessFlag.IsFrozen : 0) |
  (entry.background === true ? ProcessFlag.IsBackground : 0) |
  (entry.stronglyNamed === true ? ProcessFlag.IsStronglyNamed : 0) |
  (entry.kind === 'pico' ? ProcessFlag.IsSubsystemProcess : 0);

export const classificationOf = (entry: ScenarioProcess): number => CLASSIFICATION[entry.kind ?? 'normal'];

/** @param lsaIsolates the row B24 as this machine has it: whether the Lsa signer alone isolates a process */
export const createProcess = (
  entry: ScenarioProcess,
  instance: ProcessInstance,
  lsaIsolates: boolean,
): ProcessObject => ({
  kind: 'process',
  label: instance.label,
  image: entry.image,
  pid: instance.pid,
  parentPid: instance.parentPid,
  sessionId: entry.session ?? 0,
  processKind: entry.kind ?? 'normal',
  user: entry.user ?? 'SYSTEM',
  elevated: entry.elevated ?? false,
  privileges: entry.privileges ?? NONE,
  access: entry.access ?? 'default',
  protection: instance.protection,
  classification: instance.classification,
  trustlet: entry.trustlet ?? null,
  secure:
    entry.trustlet !== undefined ||
    entry.kind === 'secure-system' ||
    (lsaIsolates && instance.protection >>> 4 === LSA_SIGNER),
  wow64: entry.wow64 ?? false,
  volatile: entry.volatile ?? false,
  fixedFlags: fixedFlagsOf(entry, instance.protection),
  createTime: instance.createTime,
  sequenceNumber: instance.sequenceNumber,
  startKey: instance.startKey,
  life: entry.state ?? 'running',
  deleted: false,
  exitTime: 0n,
  exitStatus: Status.PENDING,
  references: 0,
  tids: instance.tids,
  space: null,
  handles: null,
  debugger: null,
  instrumentationCallback: null,
  hooks: NONE,
  loadedModules: NONE,
  executions: NONE,
  // Whatever runs when the machine boots has run before.
  hasRun: true,
});
