/** An emulated machine: `boot` makes one, scripts change it, `win32` and `kernel` act on it. */
import { readProperties, requireFunction, requireObject } from '../arguments.js';
import type { CensusRecords } from '../backend.js';
import { TrustletError } from '../errors.js';
import type { NtApi } from '../nt-api.js';
import type { Decision, PostureConfiguration } from '../types.js';
import { bootRules } from './boot/boot-rules.js';
import { CompromisedKernel } from './boot/compromised-kernel.js';
import { Platform, type PlatformSnapshot } from './boot/platform.js';
import { requireAddress, requireBuffer, requireSize } from './call-arguments.js';
import type { EmulatorCrypto } from './cryptography.js';
import { type EventExplanation, explainEvent } from './explain-event.js';
import {
  type CallFilter,
  type FailOptions,
  type FaultState,
  faultFrom,
  requireFailure,
  requireFaultCall,
  requireInfoClass,
  requireNth,
} from './faults.js';
import { type CallAction, HookScript } from './hooks.js';
import type { LoggedEvent } from './hypervisor/event-log.js';
import { eventText } from './hypervisor/event-text.js';
import type { Hypervisor } from './hypervisor/hypervisor.js';
import { inspectProcess, type ProcessInspection } from './inspection.js';
import { LocalSecurityAuthority } from './lsa/local-security-authority.js';
import { readBootOptions } from './machine-options.js';
import { processSnapshot } from './nt/census.js';
import { systemConfiguration } from './nt/configuration.js';
import { type DriverView, ntDriverView } from './nt/driver.js';
import { createNtApi } from './nt/emulated-nt-api.js';
import { processLabelled, requireFreeLabel, runningProcess } from './nt/labelled.js';
import { endProcess, reusePid, startProcess } from './nt/life-cycle.js';
import { copyMemory, type PhysicalPage, physicalPagesOf } from './nt/memory.js';
import { type ProcessObject, processOf } from './nt/objects.js';
import { ensureAddressSpace, ownVtl, plant } from './nt/process-memory.js';
import { startAllInVtl1 } from './nt/secure-process.js';
import { initialState, type MachineState } from './nt/state.js';
import { NtSystem, referenceTo } from './nt/system.js';
import { systemParameters } from './nt/system-parameters.js';
import { pump } from './nt/threads.js';
import { type PageRun, pageMapOf } from './page-map.js';
import { outcomesWith } from './policies.js';
import { type ProcessSpec, readProcessSpec } from './process-spec.js';
import { resolveScenario } from './resolve-scenario.js';
import type { FaultCall, Scenario } from './scenario.js';
import { SecureKernelView } from './secure-kernel/secure-kernel-view.js';
import type { ImageReader } from './secure-kernel/trustlet-image.js';
import type { Touch } from './touches.js';
import { createWin32Surface, type Win32Surface } from './win32/surface.js';

const argumentError = (message: string): TrustletError => new TrustletError('ERR_TRUSTLET_ARGUMENT', message);

/** A machine's state at one moment; see `Machine.restore`. */
export interface MachineSnapshot {
  readonly machine: Machine;
  readonly state: MachineState;
  readonly platform: PlatformSnapshot;
}

/** How many machines this copy of the package has booted: what keeps the handles of two machines apart. */
let booted = 0;

/**
 * One emulated machine. Its state changes only through calls: there is no clock, no random source and no I/O in it, so the same
 * calls in the same order give the same answers.
 *
 * `win32`, `ntApi()` and a vsm opened on the machine act in the name of one process, the scenario's agent: one token, one session,
 * one handle table. `win32As` acts in another's. `kernel` is a driver in VTL0.
 */
export class Machine {
  /** For people: the scenario's name and title. */
  readonly description: string;
  /** The scenario it was booted into. */
  readonly scenario: Scenario;
  /** The agent's Win32 and NT calls. */
  readonly win32: Win32Surface;
  /** What the operating systems run on: hypervisor, boot, memory. It has come up to RUNNING. */
  readonly platform: Platform;
  /** The machine as a driver in VTL0 sees it. */
  readonly kernel: DriverView;
  /** Logging on, and what a logon is good for: LSASS in VTL0 and, where the scenario has it, LsaIso in VTL1. */
  readonly lsa: LocalSecurityAuthority;
  /** What runs in VTL1 beneath the trustlets, and how VTL0 calls it. */
  readonly secureKernel: SecureKernelView;
  readonly #system: NtSystem;
  readonly #hooks = new HookScript();
  readonly #snapshots = new WeakSet<MachineSnapshot>();

  /** Use `boot`. @param cryptography what the machine computes with @param readImage what its secure kernel reads images with */
  constructor(given: unknown, cryptography: EmulatorCrypto, readImage: ImageReader) {
    const { scenario, policies } = readBootOptions(given);
    const outcomes = outcomesWith(scenario.policies, policies);
    const resolved = resolveScenario(scenario);
    const faults: FaultState[] = (scenario.faults ?? []).map((fault) => faultFrom(fault, null));
    for (const { label, entry } of resolved.processes) {
      for (const fault of entry.faults ?? []) faults.push(faultFrom(fault, label));
    }
    booted += 1;
    const parameters = systemParameters(scenario);
    const { hypervisor, vsm, hvci, dmaProtection: iommu } = parameters;
    this.platform = new Platform({ hypervisor, vsm, hvci, iommu, rules: bootRules(outcomes) });
    this.platform.advanceTo('RUNNING');
    this.#system = new NtSystem({
      scenario,
      parameters,
      platform: this.platform,
      cryptography,
      readImage,
      outcomes,
      hooks: this.#hooks,
      serial: booted,
      state: initialState(resolved, faults, outcomes.B24 === 'vtl1'),
    });
    this.scenario = scenario;
    this.description = `${scenario.name}: ${scenario.title}`;
    this.win32 = this.win32As(scenario.agent);
    this.kernel = ntDriverView(this.#system);
    this.lsa = new LocalSecurityAuthority(this.#system);
    this.secureKernel = new SecureKernelView(this.#system);
    startAllInVtl1(this.#system);
  }

  /** Every operation that reached a process or was tried on one, oldest first. Opens and queries are none. */
  get touches(): readonly Touch[] {
    return this.#system.state.touches;
  }

  /** The hypervisor beneath: VTLs, page rights, hypercalls, its own events. */
  get hypervisor(): Hypervisor {
    return this.platform.hypervisor;
  }

  /** What happened, oldest first: hypercalls, VTL switches, intercepts, operations, guard decisions. The last 4096 are kept. */
  get events(): readonly LoggedEvent[] {
    return this.hypervisor.events;
  }

  /** The events as lines for a person. @param from the first event's number */
  eventLines(from = 0): readonly string[] {
    requireSize('from', from);
    return this.events.filter(({ sequence }) => sequence >= from).map(eventText);
  }

  /** One event as a sentence, with the row of the behaviour table that it shows. @throws TrustletError ERR_TRUSTLET_ARGUMENT for no event */
  explain(event: LoggedEvent): EventExplanation {
    return explainEvent(event);
  }

  /**
   * VTL0's kernel in the hands of an attacker, on one processor; from the first on, the channel to LsaIso is recorded. It acts on this
   * emulated machine alone.
   */
  compromisedKernel(processor = 0): CompromisedKernel {
    return new CompromisedKernel(this.platform, processor, this.lsa.record());
  }

  /** Puts a decision of the guard into the event log; the emulated backend calls it. */
  recordDecision({ decision, verdict, reason, operations, pid }: Decision): void {
    this.hypervisor.record({ kind: 'guard-decision', decision, verdict, reason, operations, pid });
  }

  /**
   * Where a process's memory lies: its pages in use.
   * @throws TrustletError ERR_TRUSTLET_ARGUMENT for an unknown label
   */
  physicalPages(label: string): readonly PhysicalPage[] {
    return physicalPagesOf(ensureAddressSpace(this.#system.memory, this.#labelled(label)));
  }

  /** Whose each page in use is, and what each VTL may do with it. Cost: six questions to the hypervisor for each page. */
  pageMap(): readonly PageRun[] {
    return pageMapOf(this.#system);
  }

  /** The NT calls of a process (default: the agent), as the backends ask them. */
  ntApi(process?: string | number): NtApi {
    return createNtApi(this.#system, referenceTo(runningProcess(this.#system, process ?? this.scenario.agent)));
  }

  /**
   * Every process as the agent sees it now, in columns.
   * @returns null when scripted failures or races could change answers on the way: then make the calls
   */
  censusRecords(): CensusRecords | null {
    return processSnapshot(this.#system, { process: runningProcess(this.#system, this.scenario.agent), mode: 'user' });
  }

  /** What the registry and WMI tell the agent of how VBS was configured (facts/nt.md 3.4, 3.5), as the emulated backend hands it on. */
  configuration(): PostureConfiguration {
    return systemConfiguration(this.#system, {
      process: runningProcess(this.#system, this.scenario.agent),
      mode: 'user',
    });
  }

  /**
   * The Win32 and NT calls of another process: its own token, session and handle table.
   * @param process a label or a pid
   * @throws TrustletError ERR_TRUSTLET_ARGUMENT when there is no such process
   */
  win32As(process: string | number): Win32Surface {
    return createWin32Surface(this.#system, referenceTo(runningProcess(this.#system, process)));
  }

  /** The pid of the last process with this label, gone or not. @throws TrustletError ERR_TRUSTLET_ARGUMENT for an unknown label */
  pidOf(label: string): number {
    return this.#labelled(label).pid;
  }

  /** The tids of a process's threads; empty once it has ended. @throws TrustletError ERR_TRUSTLET_ARGUMENT for an unknown label */
  tidsOf(label: string): readonly number[] {
    return [...this.#labelled(label).tids];
  }

  /** The truth about a process, from inside. @throws TrustletError ERR_TRUSTLET_ARGUMENT for an unknown label */
  process(label: string): ProcessInspection {
    return inspectProcess(this.#labelled(label));
  }

  /**
   * Starts a process.
   * @param spec what a scenario would say of it; a bare label starts another instance of the scenario's program of that name, or an
   * ordinary `<label>.exe`
   * @returns its pid
   * @throws TrustletError ERR_TRUSTLET_ARGUMENT for a label that is running already, ERR_TRUSTLET_UNSUPPORTED for a trustlet without VSM
   */
  spawn(spec: string | ProcessSpec): number {
    const entry = readProcessSpec(this.scenario, spec);
    requireFreeLabel(this.#system, entry.label, null);
    this.#requireParent(entry.parent);
    const pid = entry.pid ?? null;
    if (pid !== null && (this.#system.process(pid) !== undefined || this.#system.state.threadOwners.has(pid))) {
      throw argumentError(`pid ${pid} is taken; leave it out or choose another.`);
    }
    return startProcess(this.#system, entry, pid).pid;
  }

  /** Ends a process; its object stays while a handle holds it. @throws TrustletError ERR_TRUSTLET_ARGUMENT for an unknown label */
  exit(label: string): void {
    endProcess(this.#system, this.#labelled(label), 0);
  }

  /** Begins a process's end: listed and queryable, Deleting bit set. @throws TrustletError ERR_TRUSTLET_ARGUMENT unless it is running */
  markExiting(label: string): void {
    const process = this.#labelled(label);
    if (process.life !== 'running') throw argumentError(`The process '${label}' is not running any more.`);
    process.life = 'exiting';
  }

  /**
   * Ends a process (if it has not ended) and gives its pid to another program, with a new create time and start key.
   * @param by what `spawn` takes
   * @returns the pid
   * Its threads' ids go to the newcomer's threads.
   * @throws TrustletError ERR_TRUSTLET_ARGUMENT while a handle holds the old object: its pid cannot be reused, on Windows either
   */
  reuse(label: string, by: string | ProcessSpec): number {
    const old = this.#labelled(label);
    const entry = readProcessSpec(this.scenario, by);
    requireFreeLabel(this.#system, entry.label, old);
    this.#requireParent(entry.parent);
    const process = reusePid(this.#system, old, entry);
    if (process === null) {
      const why = old.references > 0 ? 'a handle still holds the old process' : 'another process has it already';
      throw argumentError(`pid ${old.pid} of '${label}' cannot be reused: ${why}.`);
    }
    return process.pid;
  }

  /**
   * Makes a call fail.
   * @throws TrustletError ERR_TRUSTLET_ARGUMENT for an unknown call or label, a status that is a success, or an information class
   * that the call does not have
   */
  fail(call: FaultCall, options: FailOptions): void {
    const known = requireFaultCall(call);
    requireObject('options', options);
    const { status, infoClass, nth, label } = readProperties('options', options, [
      'status',
      'nth',
      'infoClass',
      'label',
    ]);
    this.#system.state.faults.push({
      call: known,
      status: requireFailure(status),
      infoClass: requireInfoClass(known, infoClass),
      nth: requireNth(nth),
      label: this.#labelFilter(label),
      seen: 0,
    });
  }

  /** Takes every scripted failure away, the scenario's too. */
  clearFaults(): void {
    this.#system.state.faults.length = 0;
  }

  /**
   * Runs an action just before a call, to script a race. Calls the action makes trigger no further actions.
   * @returns takes the action away
   * @throws TrustletError ERR_TRUSTLET_ARGUMENT for an unknown call, or no function
   */
  before(call: FaultCall, action: CallAction, filter: CallFilter = {}): () => void {
    const known = requireFaultCall(call);
    requireFunction('action', action);
    requireObject('filter', filter);
    const { nth, label } = readProperties('filter', filter, ['nth', 'label']);
    return this.#hooks.add(known, action, requireNth(nth), this.#labelFilter(label));
  }

  /**
   * Lets every thread that is not suspended run once through an alertable wait: new threads start, APCs are delivered, hooks load.
   * @returns how many routines ran
   */
  run(): number {
    return pump(this.#system);
  }

  /** How many handles are open, in one process's table or (without a label) in all of them. */
  openHandles(label?: string): number {
    if (label !== undefined) return this.#labelled(label).handles?.size ?? 0;
    let count = 0;
    for (const process of this.#system.state.processes.values()) count += process.handles?.size ?? 0;
    return count;
  }

  /** How many of the handles open anywhere hold this process or a thread of it. */
  handlesTo(label: string): number {
    const wanted = this.#labelled(label);
    return [...this.#system.state.processes.values()]
      .flatMap(({ handles }) => [...(handles?.values() ?? [])])
      .filter(({ object }) => processOf(object) === wanted).length;
  }

  /** A process's memory as its own code reads it. @returns the bytes, fewer where it ends */
  readMemory(label: string, address: bigint, length: number): Uint8Array {
    const buffer = new Uint8Array(requireSize('length', length));
    const { memory } = this.#system;
    const process = this.#labelled(label);
    const space = ensureAddressSpace(memory, process);
    const at = requireAddress('address', address);
    return buffer.subarray(0, copyMemory(memory, ownVtl(process), space, at, buffer, 'read'));
  }

  /** Puts bytes into a process's memory as its own code would. @returns how many found a place */
  writeMemory(label: string, address: bigint, bytes: Uint8Array): number {
    const { memory } = this.#system;
    const process = this.#labelled(label);
    const space = ensureAddressSpace(memory, process);
    const at = requireAddress('address', address);
    return plant(memory, ownVtl(process), space, at, requireBuffer('bytes', bytes));
  }

  /**
   * The whole state as a value: processes, handles, memory, failures, touches. Scripted races are not in it, nor which handle values were
   * given: after a restore none of them comes again. Cost: a deep copy.
   * @throws TrustletError ERR_TRUSTLET_ARGUMENT in the middle of a call of VTL1's
   */
  snapshot(): MachineSnapshot {
    if (this.#system.secureKernel.isBusy)
      throw argumentError('VTL1 is in the middle of a call, which no snapshot holds: take it before or after.');
    const { state } = this.#system;
    const snapshot = { machine: this, state: structuredClone(state), platform: this.platform.snapshot() };
    this.#snapshots.add(snapshot);
    return snapshot;
  }

  /**
   * Puts a snapshot back; it can be restored any number of times.
   * @throws TrustletError ERR_TRUSTLET_ARGUMENT for anything but a snapshot this machine gave, or under a call
   */
  restore(snapshot: MachineSnapshot): void {
    requireObject('snapshot', snapshot);
    if (this.#hooks.isRunning || this.#system.secureKernel.isBusy)
      throw argumentError('No snapshot is restored under a call: not by a scripted race, nor while VTL1 runs.');
    if (!this.#snapshots.has(snapshot))
      throw argumentError('The snapshot is not one that this machine gave: each restores its own, as they are.');
    this.#system.state = structuredClone(snapshot.state);
    this.platform.restore(snapshot.platform);
  }

  #labelFilter(label: unknown): string | null {
    return label === undefined ? null : this.#labelled(label).label;
  }

  #labelled(label: unknown): ProcessObject {
    return processLabelled(this.#system, label);
  }

  #requireParent(parent: string | undefined): void {
    if (parent !== undefined) this.#labelled(parent);
  }
}
