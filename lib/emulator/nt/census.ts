/** The fast census: what class 5 and a query of every process would say, in columns, no object before it is read. */
import type { CensusRecords, ProcessRecord } from '../../backend.js';
import { ProcessAccess } from '../../guard/operations.js';
import { FirstBuild, ProcessFlag, type WordSize } from '../../layout/index.js';
import { Status } from '../../ntstatus.js';
import { maximumAccess } from './access.js';
import type { ProcessObject } from './objects.js';
import { secureMark, showsMark } from './query-process.js';
import { hasListExtension, listedClassification, listedProcesses } from './query-system.js';
import type { Caller, NtSystem } from './system.js';

class SnapshotRecords implements CensusRecords {
  readonly #processes: readonly ProcessObject[];
  readonly #openStatus: Uint32Array;
  readonly #flags: Uint16Array;
  readonly #classification: Uint8Array | null;
  readonly #startKeys: boolean;
  readonly #protection: boolean;

  constructor(system: NtSystem, caller: Caller, wordSize: WordSize) {
    const processes = listedProcesses(system);
    const count = processes.length;
    const extension = hasListExtension(system, wordSize);
    const openStatus = new Uint32Array(count);
    const flags = new Uint16Array(count);
    const classification = extension ? new Uint8Array(count) : null;
    const mark = secureMark(system);
    const defined = Number(system.outcome('B52'));
    const { SUCCESS, ACCESS_DENIED, INVALID_CID } = Status;
    for (let index = 0; index < count; index += 1) {
      const process = processes[index] as ProcessObject;
      const granted = maximumAccess(caller.process, process, 'process') & ProcessAccess.QUERY_LIMITED_INFORMATION;
      openStatus[index] = process.pid === 0 ? INVALID_CID : granted === 0 ? ACCESS_DENIED : SUCCESS;
      const deleting = process.life === 'running' ? 0 : ProcessFlag.IsProcessDeleting;
      const secure = process.secure && showsMark(system, process) ? mark : 0;
      flags[index] = (process.fixedFlags | deleting | secure) & defined;
      if (classification !== null) {
        classification[index] = process.secure ? listedClassification(system, process) : process.classification;
      }
    }
    this.#processes = processes;
    this.#openStatus = openStatus;
    this.#flags = flags;
    this.#classification = classification;
    this.#startKeys = system.parameters.build >= FirstBuild.StartKey;
    this.#protection = system.parameters.build >= FirstBuild.Protection;
  }

  get length(): number {
    return this.#processes.length;
  }

  pid(index: number): number {
    return this.#at(index).pid;
  }

  record(index: number): ProcessRecord {
    const process = this.#at(index);
    const openStatus = this.#openStatus[index] ?? Status.INVALID_CID;
    const opened = openStatus === Status.SUCCESS;
    const extension = this.#classification !== null;
    return {
      pid: process.pid,
      openStatus,
      extendedStatus: opened ? Status.SUCCESS : null,
      flags: opened ? (this.#flags[index] ?? 0) : null,
      protection: opened && this.#protection ? process.protection : null,
      classification: this.#classification?.[index] ?? null,
      name: process.processKind === 'idle' ? null : process.image,
      parentPid: process.parentPid,
      sessionId: process.sessionId,
      createTime: process.createTime,
      // The list's extension carries it for every process; without one it comes from the process itself.
      startKey: this.#startKeys && (extension || opened) && process.startKey !== 0n ? process.startKey : null,
      reused: false,
    };
  }

  /** An object's identity never changes, so holding it is holding the moment. */
  #at(index: number): ProcessObject {
    const process = this.#processes[index];
    if (process === undefined)
      throw new RangeError(`The census has ${this.length} processes; there is no index ${index}.`);
    return process;
  }
}

/**
 * Every process as this caller sees it now: what NtQuerySystemInformation class 5 followed by an open and a query of each process
 * answers, computed in one pass. Costs well under a microsecond a process.
 *
 * @returns null when a scripted failure, a scripted race or `churn` could change an answer on the way: then make the calls
 */
export const processSnapshot = (system: NtSystem, caller: Caller): CensusRecords | null => {
  system.requireRunning();
  if (!system.hooks.isEmpty || system.state.faults.length > 0 || system.scenario.churn === 'reuse-at-every-call')
    return null;
  return new SnapshotRecords(system, caller, caller.process.wow64 ? 4 : 8);
};
