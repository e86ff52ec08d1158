/** Processes come, end, and leave their pid to others. */
import { TrustletError } from '../../errors.js';
import { startKeyOf } from '../../layout/index.js';
import { isSuccess, ntstatusName, Status } from '../../ntstatus.js';
import type { ScenarioProcess } from '../scenario.js';
import { parseStatus } from '../status-names.js';
import { closeAllHandles, type KernelObject } from './handles.js';
import { FIRST_ID, ID_STEP, LAST_ID } from './ids.js';
import { PAGE_SIZE, regionAt } from './memory.js';
import type { ProcessObject, ThreadObject } from './objects.js';
import { classificationOf, createProcess, protectionByte } from './process-factory.js';
import { type SecureStart, startInVtl1 } from './secure-process.js';
import type { NtSystem } from './system.js';

/** What starting a process takes about 1 ms of emulated time. */
const SPAWN_DURATION = 10_000n;

/** The next id that neither a process nor a thread has. There always is one: a machine holds far fewer than a table. */
export const nextFreeId = (system: NtSystem): number => {
  const { state } = system;
  let id = state.nextId;
  while (id > LAST_ID || state.processes.has(id) || state.threadOwners.has(id))
    id = id > LAST_ID ? FIRST_ID : id + ID_STEP;
  state.nextId = id + ID_STEP;
  return id;
};

const requireVsm = (system: NtSystem, entry: ScenarioProcess): void => {
  if (entry.trustlet === undefined || system.parameters.vsm) return;
  throw new TrustletError(
    'ERR_TRUSTLET_UNSUPPORTED',
    `The trustlet '${entry.label}' cannot start: this machine runs without VSM (system.vsm is false).`,
    { ntstatus: parseStatus(system.outcome('B17')) },
  );
};

/** A process that was started, and what VTL1 said of it where it is a trustlet: with a failure it has ended already. */
export interface StartedProcess {
  readonly process: ProcessObject;
  readonly status: number;
}

/** As `startProcess`, without an exception where the secure kernel refuses. */
export const tryStartProcess = (
  system: NtSystem,
  entry: ScenarioProcess,
  pid: number | null,
  tids: readonly number[],
  secureStart: SecureStart | null,
): StartedProcess => {
  const process = createAndList(system, entry, pid, tids);
  const status = startInVtl1(system, process, secureStart);
  if (!isSuccess(status)) endProcess(system, process, status);
  return { process, status };
};

/**
 * Starts a process.
 * @param pid the pid it gets, null for the next free one
 * @param tids free ids for its threads; what is missing is taken from the next free ones
 * @throws TrustletError ERR_TRUSTLET_UNSUPPORTED for a trustlet without VSM, or one that the secure kernel refuses
 */
export const startProcess = (
  system: NtSystem,
  entry: ScenarioProcess,
  pid: number | null,
  tids: readonly number[] = [],
): ProcessObject => {
  const { process, status } = tryStartProcess(system, entry, pid, tids, null);
  if (isSuccess(status)) return process;
  throw new TrustletError(
    'ERR_TRUSTLET_UNSUPPORTED',
    `The trustlet '${entry.label}' cannot start: the secure kernel answered ${ntstatusName(status)}.`,
    { ntstatus: status },
  );
};

const createAndList = (
  system: NtSystem,
  entry: ScenarioProcess,
  pid: number | null,
  tids: readonly number[],
): ProcessObject => {
  requireVsm(system, entry);
  const { state, parameters } = system;
  state.time += SPAWN_DURATION;
  const parent = entry.parent === undefined ? undefined : state.labels.get(entry.parent);
  const sequenceNumber = state.nextSequence;
  state.nextSequence += 1n;
  const threads = entry.threads ?? 1;
  const ownPid = pid ?? nextFreeId(system);
  const process = createProcess(
    entry,
    {
      label: entry.label,
      pid: ownPid,
      parentPid: parent?.pid ?? 0,
      tids: Array.from({ length: threads }, (_, index) => tids[index] ?? nextFreeId(system)),
      createTime: state.time,
      sequenceNumber,
      startKey: startKeyOf(BigInt(parameters.bootId), sequenceNumber),
      protection: protectionByte(entry.protection),
      classification: classificationOf(entry),
    },
    system.outcome('B24') === 'vtl1',
  );
  process.hasRun = false;
  state.processes.set(process.pid, process);
  state.labels.set(process.label, process);
  for (const tid of process.tids) state.threadOwners.set(tid, process);
  return process;
};

const forgetThread = (system: NtSystem, tid: number): void => {
  system.state.threads.delete(tid);
  system.state.threadOwners.delete(tid);
};

/** Ends one thread; its tid is free once no handle holds it. */
const endThread = (system: NtSystem, thread: ThreadObject, exitStatus: number): void => {
  thread.terminated = true;
  thread.exitStatus = exitStatus;
  thread.process.tids = thread.process.tids.filter((tid) => tid !== thread.tid);
  if (thread.references === 0) forgetThread(system, thread.tid);
};

/** Lets go of an object no handle holds any more. */
export const deleteIfUnreferenced = (system: NtSystem, object: KernelObject): void => {
  if (object.kind === 'section') return;
  if (object.kind === 'thread' && object.terminated && object.references === 0) forgetThread(system, object.tid);
  const process = object.kind === 'process' ? object : object.process;
  if (process.life !== 'exited' || process.references > 0 || process.deleted) return;
  process.deleted = true;
  system.state.processes.delete(process.pid);
};

/** Its pages go back: what was a trustlet's is zeroed and stays VTL1's. Pages of a section outlive the view. */
const releaseMemory = ({ memory }: NtSystem, process: ProcessObject): void => {
  const { space } = process;
  process.space = null;
  if (space === null) return;
  for (const [page, physical] of space.pages) {
    memory.releasePages([physical], regionAt(space, page * PAGE_SIZE)?.owner ?? 0);
  }
  for (const { ntPage } of space.pagedOut.values()) memory.releasePages([ntPage], 0);
};

/** Ends a process: threads, memory and handles go at once, the object when its last handle does. */
export const endProcess = (system: NtSystem, process: ProcessObject, exitStatus: number): void => {
  if (process.life === 'exited') return;
  process.life = 'exited';
  process.exitStatus = exitStatus >>> 0;
  process.exitTime = system.state.time;
  for (const tid of process.tids) {
    const thread = system.state.threads.get(tid);
    if (thread === undefined) forgetThread(system, tid);
    else endThread(system, thread, exitStatus);
  }
  process.tids = [];
  system.secureKernel.ended(process);
  releaseMemory(system, process);
  process.loadedModules = [];
  process.debugger = null;
  closeAllHandles(system, process);
  deleteIfUnreferenced(system, process);
};

/** True while the object is not torn down; operations on any other get STATUS_PROCESS_IS_TERMINATING. */
export const isLive = (process: ProcessObject): boolean => process.life === 'running';

export const TERMINATING: number = Status.PROCESS_IS_TERMINATING;

/**
 * Ends a process and gives its pid to another program, and its threads' ids to that program's threads.
 * @returns the new process, null when a handle holds the old object or another process has the pid already
 */
export const reusePid = (system: NtSystem, old: ProcessObject, entry: ScenarioProcess): ProcessObject | null => {
  if (old.references > 0) return null;
  requireVsm(system, entry);
  const { tids } = old;
  endProcess(system, old, Status.SUCCESS);
  if (system.process(old.pid) !== undefined || system.state.threadOwners.has(old.pid)) return null;
  return startProcess(system, entry, old.pid, tids);
};
