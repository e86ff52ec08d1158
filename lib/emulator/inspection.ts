/** The truth about a process, from inside: for tests, which no agent could ask for. */

import { memoryInUse } from './nt/memory.js';
import { modulesOf } from './nt/modules.js';
import type { LifeCycle, ProcessObject } from './nt/objects.js';
import { HEAP_ADDRESS, imageBaseOf } from './nt/process-memory.js';

/** A routine that ran in a process. */
export interface InspectedExecution {
  readonly via: 'apc' | 'thread' | 'hook' | 'instrumentation' | 'context';
  readonly tid: number;
  readonly routine: bigint;
  readonly parameter: bigint;
  /** It was not executable: the thread faulted instead. */
  readonly faulted: boolean;
}

export interface ProcessInspection {
  readonly label: string;
  readonly pid: number;
  readonly trustlet: boolean;
  readonly life: LifeCycle | 'gone';
  /** Module names as each side has them; an ordinary process has no VTL1 side. */
  readonly modules: { readonly vtl0: readonly string[]; readonly vtl1: readonly string[] };
  /** What ran because somebody else made it run. */
  readonly executed: readonly InspectedExecution[];
  readonly debugged: boolean;
  readonly imageBase: bigint;
  /** Where its own data lies; a trustlet's secret. */
  readonly dataAddress: bigint;
  /** Bytes the machine spends on its memory. */
  readonly memoryInUse: number;
}

const names = (process: ProcessObject, side: 'vtl0' | 'vtl1'): readonly string[] =>
  modulesOf(process)
    .filter((module) => module[side])
    .map((module) => module.name);

export const inspectProcess = (process: ProcessObject): ProcessInspection => ({
  label: process.label,
  pid: process.pid,
  trustlet: process.secure,
  life: process.deleted ? 'gone' : process.life,
  modules: { vtl0: names(process, 'vtl0'), vtl1: names(process, 'vtl1') },
  executed: process.executions.map((execution) => ({
    ...execution,
    routine: BigInt(execution.routine),
    parameter: BigInt(execution.parameter),
  })),
  debugged: process.debugger !== null,
  imageBase: BigInt(imageBaseOf(process)),
  dataAddress: BigInt(HEAP_ADDRESS),
  memoryInUse: memoryInUse(process.space),
});
