/** A machine's whole state as one value of plain data. */
import type { FaultState } from '../faults.js';
import { createLsaState, type LsaState } from '../lsa/lsa-state.js';
import type { ResolvedScenario } from '../scenario.js';
import { createSecureKernelState, type SecureKernelState } from '../secure-kernel/secure-kernel-state.js';
import type { Touch } from '../touches.js';
import { ID_STEP } from './ids.js';
import type { ProcessObject, ThreadObject } from './objects.js';
import { createProcess } from './process-factory.js';

export interface MachineState {
  /** The emulated time, FILETIME (100 ns); moves with every call and nothing else. */
  time: bigint;
  nextSequence: bigint;
  /** Next pid or tid to try. */
  nextId: number;
  /** Process objects alive, by pid. */
  readonly processes: Map<number, ProcessObject>;
  /** Which process has a tid; the thread object is made when first looked at. */
  readonly threadOwners: Map<number, ProcessObject>;
  readonly threads: Map<number, ThreadObject>;
  /** The last process that had a label, deleted or not. */
  readonly labels: Map<string, ProcessObject>;
  readonly faults: FaultState[];
  readonly touches: Touch[];
  /** How often `churn` has replaced a process. */
  churned: number;
  /** The attempt that stopped the machine (policy `destabilise`). */
  stoppedBy: Touch | null;
  /** Pages that hold keys and a generator of random bytes: NT's and VTL1's; null until needed. */
  readonly secretPages: [number | null, number | null];
  readonly lsa: LsaState;
  readonly secureKernel: SecureKernelState;
  /** Of the processor that drivers run on. */
  irql: number;
}

const SECOND = 10_000_000n;

/** The state of a machine that has just booted into this scenario. */
export const initialState = (
  resolved: ResolvedScenario,
  faults: readonly FaultState[],
  lsaIsolates: boolean,
): MachineState => {
  const processes = new Map<number, ProcessObject>();
  const threadOwners = new Map<number, ProcessObject>();
  const labels = new Map<string, ProcessObject>();
  let time = 0n;
  let sequence = 0n;
  let id = 0;
  for (const entry of resolved.processes) {
    const process = createProcess(entry.entry, entry, lsaIsolates);
    processes.set(process.pid, process);
    labels.set(process.label, process);
    if (process.pid > id) id = process.pid;
    for (const tid of entry.tids) {
      threadOwners.set(tid, process);
      if (tid > id) id = tid;
    }
    if (process.createTime > time) time = process.createTime;
    if (process.sequenceNumber > sequence) sequence = process.sequenceNumber;
  }
  return {
    time: time + SECOND,
    nextSequence: sequence + 1n,
    nextId: id + ID_STEP,
    processes,
    threadOwners,
    threads: new Map(),
    labels,
    faults: [...faults],
    touches: [],
    churned: 0,
    stoppedBy: null,
    secretPages: [null, null],
    lsa: createLsaState(),
    secureKernel: createSecureKernelState(),
    irql: 0,
  };
};
