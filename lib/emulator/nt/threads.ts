/** Thread objects, their APCs, and what runs when a machine is pumped. */
import { protectionAllows, regionAt } from './memory.js';
import { loadLibrary } from './modules.js';
import type { Execution, PendingApc, ProcessObject, ThreadObject } from './objects.js';
import { ensureAddressSpace, LOAD_LIBRARY_W, NTDLL_BASE } from './process-memory.js';
import type { NtSystem } from './system.js';

export const createThread = (
  tid: number,
  process: ProcessObject,
  start: { readonly routine: number; readonly parameter: number } | null,
): ThreadObject => ({
  kind: 'thread',
  tid,
  process,
  terminated: false,
  exitStatus: 259,
  references: 0,
  suspendCount: 0,
  apcs: [],
  context: {
    rip: BigInt(start?.routine ?? NTDLL_BASE + 0x1000),
    rsp: 0x1_0000_f000n,
    rcx: BigInt(start?.parameter ?? 0),
    rdx: 0n,
  },
  redirected: false,
  start,
});

/** Runs one routine in a process: a load of a DLL where the address is LoadLibraryW, else a record that the code ran. */
const execute = (
  system: NtSystem,
  process: ProcessObject,
  thread: ThreadObject,
  via: Execution['via'],
  routine: number,
  parameter: number,
): void => {
  const space = ensureAddressSpace(system.memory, process);
  const region = regionAt(space, routine);
  const runnable = region?.committed === true && protectionAllows(region.protection, 'execute');
  process.executions = [...process.executions, { via, tid: thread.tid, routine, parameter, faulted: !runnable }];
  if (runnable && routine === LOAD_LIBRARY_W) loadLibrary(system.memory, process, parameter);
};

/** What may run: an ordinary process runs everything; a trustlet nothing but what a flipped row lets through. */
const mayDeliver = (system: NtSystem, process: ProcessObject, apc: PendingApc): boolean =>
  !process.secure || (apc.origin === 'driver' && system.outcome('B35') === 'delivered');

const runThread = (system: NtSystem, thread: ThreadObject): void => {
  const { process } = thread;
  if (thread.start !== null) {
    if (!process.secure || system.outcome('B34') === 'runs') {
      const { routine, parameter } = thread.start;
      thread.start = null;
      execute(system, process, thread, 'thread', routine, parameter);
    }
  }
  if (thread.redirected && !process.secure) {
    thread.redirected = false;
    execute(system, process, thread, 'context', Number(thread.context.rip), Number(thread.context.rcx));
  }
  const due = thread.apcs;
  thread.apcs = due.filter((apc) => !mayDeliver(system, process, apc));
  for (const apc of due) {
    if (mayDeliver(system, process, apc)) execute(system, process, thread, 'apc', apc.routine, apc.parameter);
  }
};

const runProcess = (system: NtSystem, process: ProcessObject): void => {
  process.hasRun = true;
  const threads = process.tids.flatMap((tid) => system.state.threads.get(tid) ?? []);
  for (const thread of threads) {
    if (thread.suspendCount === 0) runThread(system, thread);
  }
  if (process.secure) return;
  const [first] = process.tids;
  const main = first === undefined ? undefined : system.thread(first);
  if (main === undefined || main.suspendCount > 0) return;
  const hooks = process.hooks;
  process.hooks = [];
  for (const { module, routine } of hooks) {
    loadLibrary(system.memory, process, module);
    process.executions = [...process.executions, { via: 'hook', tid: main.tid, routine, parameter: 0, faulted: false }];
  }
  if (process.instrumentationCallback !== null) {
    execute(system, process, main, 'instrumentation', process.instrumentationCallback, 0);
  }
};

/**
 * Lets every thread that is not suspended run once through an alertable wait: new threads start, APCs are delivered, hooks load.
 * @returns how many routines ran
 */
export const pump = (system: NtSystem): number => {
  system.requireRunning();
  let ran = 0;
  for (const process of system.state.processes.values()) {
    if (process.life !== 'running') continue;
    const before = process.executions.length;
    runProcess(system, process);
    ran += process.executions.length - before;
  }
  return ran;
};
