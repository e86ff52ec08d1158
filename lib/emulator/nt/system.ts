/**
 * The emulated kernel's core: its state, and the gate every call passes. What the calls do is in the files beside this one.
 */
import { TrustletError } from '../../errors.js';
import type { BehaviourId, Outcome } from '../behaviours.js';
import type { Platform } from '../boot/platform.js';
import type { EmulatorCrypto } from '../cryptography.js';
import { dueFault } from '../faults.js';
import type { CallEvent, HookScript } from '../hooks.js';
import type { Outcomes } from '../policies.js';
import type { FaultCall, Scenario } from '../scenario.js';
import { createNtServices } from '../secure-kernel/nt-services.js';
import { SecureKernelServices } from '../secure-kernel/secure-kernel-services.js';
import type { ImageReader } from '../secure-kernel/trustlet-image.js';
import type { NtService } from '../secure-kernel/trustlet-system-calls.js';
import { parseStatus } from '../status-names.js';
import type { Touch, TouchOutcome } from '../touches.js';
import { SE_DEBUG_PRIVILEGE } from './access.js';
import { churn } from './churn.js';
import { type Isolation, secondLevelIsolation } from './isolation.js';
import type { ProcessObject, ThreadObject } from './objects.js';
import { type PhysicalMemory, physicalMemory, requireUp } from './physical-memory.js';
import type { MachineState } from './state.js';
import type { SystemParameters } from './system-parameters.js';
import { createThread } from './threads.js';

/** Who calls: a process of the machine, through the user-mode interface or as its kernel side. */
export interface Caller {
  readonly process: ProcessObject;
  readonly mode: 'user' | 'kernel';
}

/** Names a process object across `restore`, which replaces every object by a copy. */
export interface ProcessReference {
  readonly pid: number;
  readonly sequenceNumber: bigint;
  readonly label: string;
}

/** A call on its way through the gate. */
export interface CallInfo {
  readonly call: FaultCall;
  readonly target: ProcessObject | null;
  readonly infoClass?: number | null;
}

/** What the operations need of a touch; the rest is known from the process. */
export interface TouchNote {
  readonly operation: Touch['operation'];
  readonly api: string;
  readonly outcome: TouchOutcome;
  readonly status: number;
}

/** What a machine's kernel is made of. */
export type SystemParts = Pick<
  NtSystem,
  'scenario' | 'parameters' | 'outcomes' | 'hooks' | 'serial' | 'state' | 'platform' | 'cryptography'
> & { readonly readImage: ImageReader };

/** 100 ns that pass with every call. */
const CALL_DURATION = 1n;

export class NtSystem {
  readonly scenario: Scenario;
  readonly parameters: SystemParameters;
  readonly outcomes: Outcomes;
  /** What the operating systems run on. */
  readonly platform: Platform;
  /** What LSA and the secure kernel compute with. */
  readonly cryptography: EmulatorCrypto;
  readonly memory: PhysicalMemory;
  readonly isolation: Isolation;
  readonly hooks: HookScript;
  /** What serves NT's calls into VTL1, and the trustlets there. */
  readonly secureKernel: SecureKernelServices;
  /** NT's side of the system calls that trustlets make, by name. */
  readonly ntServices: Map<string, NtService>;
  /** Distinguishes this machine's handles from those of any other. */
  readonly serial: number;
  state: MachineState;
  /** How many handles were ever given out: none comes twice, and no `restore` takes one back. */
  handlesGiven = 0;

  constructor(parts: SystemParts) {
    this.scenario = parts.scenario;
    this.parameters = parts.parameters;
    this.outcomes = parts.outcomes;
    this.hooks = parts.hooks;
    this.serial = parts.serial;
    this.state = parts.state;
    this.platform = parts.platform;
    this.cryptography = parts.cryptography;
    this.memory = physicalMemory(parts.platform, (space, page, pagedOut) =>
      this.secureKernel.pageIn(space, page, pagedOut),
    );
    this.isolation = secondLevelIsolation(this.memory);
    this.secureKernel = new SecureKernelServices(this, parts.readImage);
    this.ntServices = createNtServices(this);
  }

  /** The outcome this machine has for a behaviour row: the policy chosen, else the row's. */
  outcome(id: BehaviourId): Outcome {
    return this.outcomes[id];
  }

  /** The outcome of an operation on a trustlet: its own row, unless one status was chosen for all of them (B37). */
  onTrustlet(id: BehaviourId): string {
    const uniform = this.outcome('B37');
    return String(uniform === 'per-api' ? this.outcome(id) : uniform);
  }

  /**
   * Passes a call through the gate: time, scripted races, scripted failures.
   * @returns the NTSTATUS it is made to fail with, null to go ahead. State may have changed: look objects up again.
   * @throws TrustletError ERR_TRUSTLET_BACKEND once the machine has been stopped (policy `destabilise`)
   */
  enter(info: CallInfo): number | null {
    this.requireRunning();
    const { state } = this;
    state.time += CALL_DURATION;
    const { call, target, infoClass = null } = info;
    const label = target?.label ?? null;
    if (!this.hooks.isEmpty) {
      const event: CallEvent = { call, label, pid: target?.pid ?? null, infoClass };
      this.hooks.run(event);
    }
    if (this.scenario.churn === 'reuse-at-every-call' && (call === 'NtOpenProcess' || call === 'NtOpenThread'))
      churn(this);
    return state.faults.length === 0 ? null : dueFault(state.faults, call, label, infoClass);
  }

  requireRunning(): void {
    requireUp(this.platform);
    const { stoppedBy, secureKernel } = this.state;
    if (secureKernel.bugcheck !== null) {
      throw new TrustletError(
        'ERR_TRUSTLET_BACKEND',
        `The emulated machine stopped: bug check 0x${secureKernel.bugcheck.toString(16)} of the secure kernel. Boot another or restore a snapshot.`,
      );
    }
    if (stoppedBy === null) return;
    throw new TrustletError(
      'ERR_TRUSTLET_BACKEND',
      `The emulated machine stopped when ${stoppedBy.api} was tried on the trustlet '${stoppedBy.label}' (policy destabilise). Boot another or restore a snapshot.`,
      { pid: stoppedBy.pid, operation: stoppedBy.operation },
    );
  }

  /** Records an attempt on a process. */
  touch(process: ProcessObject, note: TouchNote): Touch {
    const touch: Touch = { ...note, label: process.label, pid: process.pid, trustlet: process.secure };
    this.state.touches.push(touch);
    this.platform.hypervisor.record({ kind: 'operation', ...touch });
    return touch;
  }

  /** The process object with this pid, as PsLookupProcessByProcessId finds it: exiting ones too. */
  process(pid: number): ProcessObject | undefined {
    return this.state.processes.get(pid);
  }

  /** The thread object with this tid, made when first looked at. */
  thread(tid: number): ThreadObject | undefined {
    const found = this.state.threads.get(tid);
    if (found !== undefined) return found;
    const owner = this.state.threadOwners.get(tid);
    if (owner === undefined) return undefined;
    const thread = createThread(tid, owner, null);
    this.state.threads.set(tid, thread);
    return thread;
  }

  /** @throws TrustletError ERR_TRUSTLET_CLOSED when that very process has ended */
  resolve(reference: ProcessReference): ProcessObject {
    const process = this.state.processes.get(reference.pid);
    if (process !== undefined && process.sequenceNumber === reference.sequenceNumber && process.life !== 'exited') {
      return process;
    }
    throw callerEnded(reference);
  }

  /** Stops the machine where the policy says that injection into a trustlet destabilises the system (B36). */
  destabilise(touch: Touch): void {
    if (touch.trustlet && this.outcome('B36') === 'bugcheck') this.state.stoppedBy = touch;
  }
}

/** What a call gets whose own process has ended. */
export const callerEnded = ({ label, pid }: Pick<ProcessReference, 'label' | 'pid'>): TrustletError =>
  new TrustletError(
    'ERR_TRUSTLET_CLOSED',
    `The process '${label}' (pid ${pid}) of the emulated machine has ended; nothing can be called in its name.`,
    { pid },
  );

/** A reference to a process object that outlives `restore`. */
export const referenceTo = (process: ProcessObject): ProcessReference => ({
  pid: process.pid,
  sequenceNumber: process.sequenceNumber,
  label: process.label,
});

export const hasDebugPrivilege = (process: ProcessObject): boolean => process.privileges.includes(SE_DEBUG_PRIVILEGE);

/** True for an outcome that is a status rather than a way of working. */
export const isStatusOutcome = (outcome: string): boolean => outcome.startsWith('STATUS_');

/** @returns the NTSTATUS of a status outcome, null for a way of working */
export const statusOutcome = (outcome: string): number | null =>
  isStatusOutcome(outcome) ? parseStatus(outcome) : null;
