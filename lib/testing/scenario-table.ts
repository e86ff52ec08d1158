/**
 * A resolved scenario as the one flat table that the simulated kernel loads (driver/ntsim/table.h): little-endian, every member
 * at its natural alignment.
 */

import { maximumAccess, subjectOf } from '../emulator/nt/access.js';
import { type SystemParameters, systemParameters } from '../emulator/nt/system-parameters.js';
import type { FaultCall, ResolvedProcess, ResolvedScenario, ScenarioFault } from '../emulator/scenario.js';
import { parseStatus } from '../emulator/status-names.js';
import { TrustletError } from '../errors.js';
import { SCENARIO_TABLE_CONSTANTS as C, SCENARIO_TABLE_MEMBERS } from './scenario-table-layout.js';

type MemberName = keyof typeof SCENARIO_TABLE_MEMBERS;
const WORD_BYTES = 4;

/** Numbers of the calls in the table. The other calls of a scenario are operations, and the simulated kernel has none. */
const CALLS: Readonly<Partial<Record<FaultCall, number>>> = {
  NtOpenProcess: C.CALL_OPEN_PROCESS,
  NtOpenThread: C.CALL_OPEN_THREAD,
  NtClose: C.CALL_CLOSE,
  NtDuplicateObject: C.CALL_DUPLICATE_OBJECT,
  NtQueryInformationProcess: C.CALL_QUERY_PROCESS,
  NtQueryInformationThread: C.CALL_QUERY_THREAD,
  NtQuerySystemInformation: C.CALL_QUERY_SYSTEM,
  SecureCall: C.CALL_SECURE_CALL,
};

/**
 * The number of a call for `ntsim_fail` and `ntsim_calls`.
 * @returns undefined for a call that the simulated kernel does not have
 */
export const simulatedCallNumber = (call: FaultCall): number | undefined => CALLS[call];

/** What the scenario's own words do not say. */
export interface ScenarioTableOptions {
  /** Outcomes the facts leave open: a union of `SCENARIO_TABLE_CONSTANTS.POLICY_…`. */
  readonly policies?: number | undefined;
}

const systemBits = (system: SystemParameters): number =>
  (system.vsm ? C.SYSTEM_VSM : 0) |
  (system.hvci ? C.SYSTEM_HVCI : 0) |
  (system.hvciStrict ? C.SYSTEM_HVCI_STRICT : 0) |
  (system.secureBoot ? C.SYSTEM_SECURE_BOOT : 0) |
  (system.testSigning ? C.SYSTEM_TEST_SIGNING : 0) |
  (system.hypervisor ? C.SYSTEM_HYPERVISOR : 0) |
  (system.secureBit === 'reported' ? C.SYSTEM_SECURE_BIT : 0) |
  (system.dmaProtection ? 0 : C.SYSTEM_NO_DMA_PROTECTION) |
  (system.kernelDebugger ? C.SYSTEM_KERNEL_DEBUGGER : 0);

const ORDINARY_KINDS: readonly (string | undefined)[] = [undefined, 'normal', 'pico'];

/** A secure process has a secure handle in the kernel: a trustlet, and Secure System (facts/nt.md 4.1, [unverified]). */
const stateBits = ({ entry }: ResolvedProcess): number =>
  (entry.trustlet !== undefined || entry.kind === 'secure-system' ? C.PROCESS_SECURE : 0) |
  (entry.trustlet !== undefined ? C.PROCESS_TRUSTLET : 0) |
  (entry.state === 'exiting' ? C.PROCESS_EXITING : 0) |
  (entry.volatile === true ? C.PROCESS_VOLATILE : 0) |
  (ORDINARY_KINDS.includes(entry.kind) ? 0 : C.PROCESS_PSEUDO);

/** Image names, each once, as UTF-16LE. */
class TextRegion {
  readonly #units: number[] = [];
  readonly #offsets = new Map<string, number>();

  add(text: string): number {
    const known = this.#offsets.get(text);
    if (known !== undefined) return known;
    const offset = this.#units.length * 2;
    for (let index = 0; index < text.length; index += 1) this.#units.push(text.charCodeAt(index));
    this.#offsets.set(text, offset);
    return offset;
  }

  get byteLength(): number {
    return this.#units.length * 2;
  }

  write(view: DataView, offset: number): void {
    for (const [index, unit] of this.#units.entries()) view.setUint16(offset + index * 2, unit, true);
  }
}

/** Idle has no name in the process list. */
const listedName = ({ entry, label }: ResolvedProcess): string => {
  if (entry.kind === 'idle') return '';
  if (entry.image.length * 2 > C.MAX_NAME_BYTES) {
    throw new TrustletError(
      'ERR_TRUSTLET_ARGUMENT',
      `The image name of '${label}' is longer than a UNICODE_STRING can say.`,
    );
  }
  return entry.image;
};

/** One fault of the table: a call the simulated kernel has, for any target or for one process of the table. */
interface FaultRow {
  readonly call: number;
  readonly fault: ScenarioFault;
  readonly target: number;
}

const faultRows = (faults: readonly ScenarioFault[] | undefined, target: number): FaultRow[] =>
  (faults ?? []).flatMap((fault) => {
    const call = CALLS[fault.call];
    return call === undefined ? [] : [{ call, fault, target }];
  });

const alignTo = (offset: number, alignment: number): number => Math.ceil(offset / alignment) * alignment;

/** What a table holds, before it has bytes. */
interface Contents {
  readonly resolved: ResolvedScenario;
  readonly processes: readonly ResolvedProcess[];
  readonly callerIndex: number;
  readonly systemFaults: readonly ScenarioFault[] | undefined;
  readonly policies: number;
}

class TableWriter {
  readonly #contents: Contents;
  readonly #text = new TextRegion();
  readonly #tids: number[] = [];
  readonly #faults: readonly FaultRow[];
  readonly #names: readonly string[];
  readonly #firstThreads: readonly number[];

  constructor(contents: Contents) {
    this.#contents = contents;
    const { processes, systemFaults } = contents;
    this.#faults = [
      ...faultRows(systemFaults, C.NONE),
      ...processes.flatMap((process, index) => faultRows(process.entry.faults, index)),
    ];
    this.#names = processes.map(listedName);
    for (const name of this.#names) this.#text.add(name);
    this.#firstThreads = processes.map(({ tids }) => {
      const first = this.#tids.length;
      for (const tid of tids) this.#tids.push(tid);
      return first;
    });
  }

  write(): Uint8Array {
    const { resolved, processes, callerIndex, policies } = this.#contents;
    const { scenario } = resolved;
    const system = systemParameters(scenario);
    const processOffset = C.header;
    const faultOffset = processOffset + processes.length * C.process;
    const threadOffset = faultOffset + this.#faults.length * C.fault;
    const classOffset = threadOffset + this.#tids.length * WORD_BYTES;
    const textOffset = classOffset + system.missingClasses.length * WORD_BYTES;
    const total = alignTo(textOffset + this.#text.byteLength, 8);
    const view = new DataView(new ArrayBuffer(total));

    const header: Readonly<Record<string, number>> = {
      magic: C.TABLE_MAGIC,
      version: C.TABLE_VERSION,
      total_bytes: total,
      header_bytes: C.header,
      process_offset: processOffset,
      process_count: processes.length,
      process_bytes: C.process,
      thread_offset: threadOffset,
      thread_count: this.#tids.length,
      fault_offset: faultOffset,
      fault_count: this.#faults.length,
      fault_bytes: C.fault,
      class_offset: classOffset,
      class_count: system.missingClasses.length,
      text_offset: textOffset,
      text_bytes: this.#text.byteLength,
      caller_index: callerIndex,
      major: system.major,
      minor: system.minor,
      build: system.build,
      system: systemBits(system),
      policies,
      boot_id: system.bootId,
      seed: system.seed,
      churn: scenario.churn === 'reuse-at-every-call' ? C.CHURN_REUSE_AT_EVERY_CALL : C.CHURN_NONE,
    };
    for (const [name, value] of Object.entries(header)) put(view, 0, `header.${name}` as MemberName, value);
    for (const [index, process] of processes.entries())
      this.#writeProcess(view, processOffset + index * C.process, process, index);
    for (const [index, row] of this.#faults.entries()) writeFault(view, faultOffset + index * C.fault, row);
    for (const [index, tid] of this.#tids.entries()) view.setUint32(threadOffset + index * WORD_BYTES, tid, true);
    for (const [index, infoClass] of system.missingClasses.entries()) {
      view.setUint32(classOffset + index * WORD_BYTES, infoClass, true);
    }
    this.#text.write(view, textOffset);
    return new Uint8Array(view.buffer);
  }

  #writeProcess(view: DataView, base: number, process: ResolvedProcess, index: number): void {
    const caller = subjectOf(this.#contents.resolved.agent);
    const subject = subjectOf(process);
    const name = this.#names[index] ?? '';
    put(view, base, 'process.create_time', process.createTime);
    put(view, base, 'process.sequence_number', process.sequenceNumber);
    put(view, base, 'process.start_key', process.startKey);
    put(view, base, 'process.pid', process.pid);
    put(view, base, 'process.parent_pid', process.parentPid);
    put(view, base, 'process.session_id', process.entry.session ?? 0);
    put(view, base, 'process.flags', process.flags);
    put(view, base, 'process.first_thread', this.#firstThreads[index] ?? 0);
    put(view, base, 'process.thread_count', process.tids.length);
    put(view, base, 'process.name_offset', this.#text.add(name));
    put(view, base, 'process.name_bytes', name.length * 2);
    put(view, base, 'process.process_access', maximumAccess(caller, subject, 'process'));
    put(view, base, 'process.thread_access', maximumAccess(caller, subject, 'thread'));
    put(view, base, 'process.protection', process.protection);
    put(view, base, 'process.classification', process.classification);
    put(view, base, 'process.state', stateBits(process));
  }
}

const put = (view: DataView, base: number, name: MemberName, value: number | bigint): void => {
  const [offset, size] = SCENARIO_TABLE_MEMBERS[name];
  if (size === 8) view.setBigUint64(base + offset, BigInt(value), true);
  else if (size === 4) view.setUint32(base + offset, Number(value), true);
  else view.setUint8(base + offset, Number(value));
};

const writeFault = (view: DataView, base: number, { call, fault, target }: FaultRow): void => {
  put(view, base, 'fault.call', call);
  put(view, base, 'fault.info_class', fault.infoClass ?? -1);
  put(view, base, 'fault.target_index', target);
  put(view, base, 'fault.nth', fault.nth ?? 0);
  put(view, base, 'fault.status', parseStatus(fault.status));
};

/**
 * A whole machine for `ntsim_load`.
 *
 * @param resolved the scenario; its agent is the caller, and `maximumAccess` says what that caller may get
 * @param options policies beside those the scenario names (`extended-size-input: strict`)
 * @returns the table; linear in processes and threads
 * @throws TrustletError ERR_TRUSTLET_ARGUMENT for an image name that no UNICODE_STRING holds
 */
export const encodeScenarioTable = (resolved: ResolvedScenario, options: ScenarioTableOptions = {}): Uint8Array => {
  const { scenario, processes, agent } = resolved;
  const strict = scenario.policies?.['extended-size-input'] === 'strict' ? C.POLICY_STRICT_SIZE : 0;
  return new TableWriter({
    resolved,
    processes,
    callerIndex: processes.indexOf(agent),
    systemFaults: scenario.faults,
    policies: (options.policies ?? 0) | strict,
  }).write();
};

/**
 * Processes to start on a running machine, for `ntsim_spawn` and `ntsim_reuse_with`. The machine gives them their own times,
 * start keys and tids; a pid is taken if it is free.
 *
 * @param resolved the scenario that runs; its agent is the caller
 * @param processes what to start, with their own faults
 * @throws TrustletError ERR_TRUSTLET_ARGUMENT for an image name that no UNICODE_STRING holds
 */
export const encodeProcessTable = (resolved: ResolvedScenario, processes: readonly ResolvedProcess[]): Uint8Array =>
  new TableWriter({ resolved, processes, callerIndex: C.NONE, systemFaults: undefined, policies: 0 }).write();
