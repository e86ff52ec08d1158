/**
 * The addon with the agent's own calls under the scenario's control: how many handles it has open, which of its calls fail, what it
 * may open, and what this system says of itself. Everything that reaches the driver goes through the real addon unchanged.
 */
import { boot, type Machine } from '../../lib/emulator/index.js';
import type { FaultCall, Scenario } from '../../lib/emulator/scenario.js';
import { parseStatus } from '../../lib/emulator/status-names.js';
import type { NativeBinding, OpenedDevice } from '../../lib/native/binding.js';

const STATUS_ACCESS_DENIED = 0xc0000022;
const MAXIMUM_ALLOWED = 0x2000000;

/** What the wrapped calls need to know of the machine. */
export interface ScriptedTargets {
  /** Access the agent may have at most; undefined for what is no label's. */
  maximumAccess(kind: 'process' | 'thread', id: number): number | undefined;
}

/** A call of the agent's that fails. */
export interface AgentFault {
  readonly status: string;
  readonly nth?: number | undefined;
  readonly infoClass?: number | undefined;
  /** Pid or tid; undefined: any. */
  readonly ids?: readonly number[] | undefined;
}

/** A fault, and how often its call was made. */
interface CountedFault extends AgentFault {
  readonly call: FaultCall;
  made: number;
}

export class ScriptedBinding implements NativeBinding {
  readonly abi: number;
  readonly kind = 'win32';
  readonly #real: NativeBinding;
  readonly #targets: ScriptedTargets;
  readonly #emulated: Machine;
  readonly #open = new Set<bigint>();
  readonly #faults: CountedFault[] = [];

  constructor(real: NativeBinding, targets: ScriptedTargets, scenario: Scenario) {
    this.abi = real.abi;
    this.#real = real;
    this.#targets = targets;
    this.#emulated = boot(scenario);
  }

  /** Handles that the agent opened through the addon and has not closed. */
  get openHandles(): number {
    return this.#open.size;
  }

  fail(call: FaultCall, { status, nth, infoClass, ids }: AgentFault): void {
    this.#faults.push({ call, status, nth, infoClass, ids, made: 0 });
    if (call === 'NtQuerySystemInformation') this.#emulated.fail(call, { status, nth, infoClass });
  }

  /** @returns the status of the first fault that is due; undefined for none */
  #fault(call: FaultCall, id: number): number | undefined {
    let due: number | undefined;
    for (const fault of this.#faults) {
      if (fault.call !== call || (fault.ids !== undefined && !fault.ids.includes(id))) continue;
      fault.made += 1;
      if (due === undefined && (fault.nth === undefined || fault.nth === fault.made)) due = parseStatus(fault.status);
    }
    return due;
  }

  #refusal(call: FaultCall, kind: 'process' | 'thread', id: number, access: number): number | undefined {
    const due = this.#fault(call, id);
    if (due !== undefined) return due;
    const most = this.#targets.maximumAccess(kind, id);
    const wanted = access & ~MAXIMUM_ALLOWED;
    return most !== undefined && (wanted & ~most) !== 0 ? STATUS_ACCESS_DENIED : undefined;
  }

  #opened(status: number, handle: BigUint64Array): number {
    if (status === 0) this.#open.add(handle[0] ?? 0n);
    return status;
  }

  #refused(status: number, handle: BigUint64Array): number {
    handle[0] = 0n;
    return status;
  }

  openDevice(path: string): OpenedDevice {
    return this.#real.openDevice(path);
  }

  currentProcessId(): number {
    return this.#real.currentProcessId();
  }

  openProcess(pid: number, access: number, handle: BigUint64Array): number {
    const refusal = this.#refusal('NtOpenProcess', 'process', pid, access);
    return refusal === undefined
      ? this.#opened(this.#real.openProcess(pid, access, handle), handle)
      : this.#refused(refusal, handle);
  }

  openThread(tid: number, access: number, handle: BigUint64Array): number {
    const refusal = this.#refusal('NtOpenThread', 'thread', tid, access);
    return refusal === undefined
      ? this.#opened(this.#real.openThread(tid, access, handle), handle)
      : this.#refused(refusal, handle);
  }

  duplicateHandle(source: bigint, access: number, handle: BigUint64Array): number {
    const due = this.#fault('NtDuplicateObject', 0);
    return due === undefined
      ? this.#opened(this.#real.duplicateHandle(source, access, handle), handle)
      : this.#refused(due, handle);
  }

  closeHandle(handle: bigint): number {
    const status = this.#real.closeHandle(handle);
    if (status === 0) this.#open.delete(handle);
    return status;
  }

  /** Wine's own answers are no machine's: the scenario answers as the emulated machine does. */
  querySystemInformation(infoClass: number, buffer: Uint8Array, returned: Uint32Array): number {
    const { status, returnLength } = this.#emulated.ntApi().querySystemInformation(infoClass, buffer);
    returned[0] = returnLength;
    return status;
  }

  win32Error(status: number): number {
    return this.#real.win32Error(status);
  }
}
