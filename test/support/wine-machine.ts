/**
 * A scenario's machine in Wine: each label is a real process that does nothing, and trustlet-sim.sys answers for them from the
 * scenario's table, whose ids are rewritten to the real ones (test/wine/driver/seam/table.h). Runs in node.exe, beside the driver.
 */
import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { maximumAccess, subjectOf } from '../../lib/emulator/nt/access.js';
import { resolveScenario } from '../../lib/emulator/resolve-scenario.js';
import type { FaultCall, ResolvedProcess, ResolvedScenario, Scenario } from '../../lib/emulator/scenario.js';
import { encodeScenarioTable } from '../../lib/testing/scenario-table.js';
import { type StandIn, Win32 } from './win32-stand-ins.js';

const SERVICE = 'trustlet-sim';
export const SIM_DEVICE = '\\\\.\\TrustletSim';
const PARAMETERS = `System\\CurrentControlSet\\Services\\${SERVICE}\\Parameters`;
/** More than any label of the contract has. */
const THREADS_EACH = 4;

/** A program of the harness, from the environment that scripts/test-wine-contract.mjs gives. */
const program = (variable: string): string => {
  const path = process.env[variable];
  if (path === undefined) throw new Error(`${variable} is not set: run node scripts/test-wine-contract.mjs`);
  return path;
};

/** Wine once refused to start one with an error that node has no name for; nothing of ours had run then, so it is tried again, aloud. */
const start = (path: string, args: readonly string[]): SpawnSyncReturns<string> => {
  const once = (): SpawnSyncReturns<string> => spawnSync(path, args, { encoding: 'utf8', timeout: 60_000 });
  const result = once();
  if ((result.error as NodeJS.ErrnoException | undefined)?.code !== 'UNKNOWN') return result;
  console.error(`RETRY: ${path} did not start (${result.error?.message}); trying once more`);
  return once();
};

const ask = (path: string, args: readonly string[]): string => {
  const result = start(path, args);
  if (result.status !== 0) throw new Error(`${path} ${args.join(' ')}: ${result.stdout}${result.error?.message ?? ''}`);
  return result.stdout;
};

/** Faults that are the driver's: those of the agent's own calls are not for its kernel. */
const DRIVERS_CALLS: ReadonlySet<FaultCall> = new Set([
  'NtQueryInformationProcess',
  'NtQueryInformationThread',
  'NtQuerySystemInformation',
  'SecureCall',
]);

export const isDriversCall = (call: FaultCall): boolean => DRIVERS_CALLS.has(call);

/** Processes that wait to become labels, shared by the machines of one run: starting one takes Wine tens of milliseconds. */
export class StandIns {
  readonly win32: Win32 = new Win32();
  #free: StandIn[] = [];

  take(count: number): StandIn[] {
    const missing = count - this.#free.length;
    if (missing > 0) {
      const lines = ask(program('TRUSTLET_STAND_INS'), [String(missing), String(THREADS_EACH)])
        .trim()
        .split(/\r?\n/);
      for (const line of lines) {
        const [pid = 0, ...tids] = line.split(' ').map(Number);
        this.#free.push({ pid, tids, ended: false });
      }
    }
    return this.#free.splice(0, count);
  }

  giveBack(standIns: readonly StandIn[]): void {
    this.#free.push(...standIns.filter(({ ended }) => !ended));
  }

  /** Ends every process that no machine has. */
  close(): void {
    for (const standIn of this.#free) this.win32.end(standIn, true);
    this.#free = [];
  }
}

/** Which Windows the running driver believes it is on: it asks once, when it starts. */
let startedAs = '';
let serial = 0;

/** One machine, from boot to close. */
export class WineMachine {
  readonly #standIns: StandIns;
  readonly #byLabel = new Map<string, StandIn>();
  readonly #resolved: ResolvedScenario;
  #faults: NonNullable<Scenario['faults']> = [];
  #labelFaults = new Map<string, NonNullable<ResolvedProcess['entry']['faults']>>();

  constructor(scenario: Scenario, standIns: StandIns) {
    this.#standIns = standIns;
    const resolved = resolveScenario(scenario);
    const real = resolved.processes.filter(({ entry }) => entry.kind !== 'idle' && entry.label !== scenario.agent);
    const taken = standIns.take(real.length);
    for (const [index, { label }] of real.entries()) {
      const standIn = taken[index];
      if (standIn !== undefined) this.#byLabel.set(label, standIn);
    }
    this.#byLabel.set(scenario.agent, { pid: process.pid, tids: [standIns.win32.currentThreadId()], ended: false });
    this.#resolved = this.#withRealIds(resolved);
    this.#write();
    const { major, minor, build } = { major: 10, minor: 0, ...scenario.system };
    const version = `${major}.${minor}.${build}`;
    if (startedAs !== version) {
      ask(program('TRUSTLET_DRIVER_TOOL'), ['restart', SERVICE, SIM_DEVICE]);
      startedAs = version;
    }
  }

  #withRealIds(resolved: ResolvedScenario): ResolvedScenario {
    const pidOf = new Map(resolved.processes.map(({ label, pid }) => [pid, this.#byLabel.get(label)?.pid ?? 0]));
    const rewritten = new Map(
      resolved.processes.map((process) => {
        const tids = process.tids.map((_, index) => this.#byLabel.get(process.label)?.tids[index] ?? 0);
        const ids = { pid: pidOf.get(process.pid) ?? 0, parentPid: pidOf.get(process.parentPid) ?? 0, tids };
        return [process, { ...process, ...ids }];
      }),
    );
    const of = (process: ResolvedProcess): ResolvedProcess => rewritten.get(process) ?? process;
    return { ...resolved, processes: resolved.processes.map(of), agent: of(resolved.agent) };
  }

  #write(): void {
    const processes = this.#resolved.processes.map((process) => ({
      ...process,
      entry: {
        ...process.entry,
        faults: [...(process.entry.faults ?? []), ...(this.#labelFaults.get(process.label) ?? [])],
      },
    }));
    const agent = processes[this.#resolved.processes.indexOf(this.#resolved.agent)] ?? this.#resolved.agent;
    const scenario = {
      ...this.#resolved.scenario,
      faults: [...(this.#resolved.scenario.faults ?? []), ...this.#faults],
    };
    const { win32 } = this.#standIns;
    win32.setValue(PARAMETERS, 'ScenarioTable', 'binary', encodeScenarioTable({ scenario, processes, agent }));
    serial += 1;
    win32.setValue(PARAMETERS, 'ScenarioSerial', 'number', new Uint8Array(Uint32Array.of(serial).buffer));
  }

  pidOf(label: string): number {
    const process = this.#resolved.processes.find((each) => each.label === label);
    if (process === undefined) throw new Error(`no process is labelled '${label}'`);
    return process.pid;
  }

  tidOf(label: string, index: number): number {
    return this.#resolved.processes.find((each) => each.label === label)?.tids[index] ?? 0;
  }

  /** Its pid and tids. */
  idsOf(label: string): readonly number[] {
    const process = this.#resolved.processes.find((each) => each.label === label);
    return process === undefined ? [] : [process.pid, ...process.tids];
  }

  /**
   * The access that the scenario lets the agent have, to be asked by the adapter. Wine does honour a process's own access list, but
   * it shows it to the driver's kernel handles too, which Windows does not (docs/wine-probes.md): so it is not used.
   */
  maximumAccess(kind: 'process' | 'thread', id: number): number | undefined {
    const { processes, agent } = this.#resolved;
    const target = processes.find(({ pid, tids }) => (kind === 'process' ? pid === id : tids.includes(id)));
    return target === undefined ? undefined : maximumAccess(subjectOf(agent), subjectOf(target), kind);
  }

  /** @param isHeld somebody has a handle to it, so that it stays findable */
  exit(label: string, isHeld = false): void {
    const standIn = this.#byLabel.get(label);
    if (standIn !== undefined) this.#standIns.win32.end(standIn, isHeld);
  }

  /** Gives the running driver a new table, in which the call fails. Its counts start anew. */
  fail(call: FaultCall, fault: { status: string; nth?: number; infoClass?: number }, label: string | undefined): void {
    const row = { call, ...fault };
    if (label === undefined) this.#faults = [...this.#faults, row];
    else this.#labelFaults.set(label, [...(this.#labelFaults.get(label) ?? []), row]);
    this.#write();
  }

  close(): void {
    this.#standIns.giveBack([...this.#byLabel.values()].filter(({ pid }) => pid !== process.pid));
  }
}
