/** Who plays in the demo: a machine, an agent with its handles, a trustlet and an ordinary process to compare it with. */
import type { Machine } from '../../emulator/machine.js';
import type { ScenarioProcess } from '../../emulator/scenario.js';
import { ProcessAccess, ThreadAccess } from '../../guard/operations.js';
import type { Vsm } from '../../vsm.js';

/** A process the demo acts on, with what the agent got hold of. */
export interface Target {
  readonly label: string;
  readonly pid: number;
  readonly name: string;
  /** The machine's truth, whatever a query says. */
  readonly trustlet: boolean;
  /** Handles of the agent with every right; 0n where the open was refused. */
  readonly process: bigint;
  readonly thread: bigint;
  /** Win32 error of the opens that were refused; 0 where both succeeded. */
  readonly openError: number;
  /** Its first thread, undefined where it has none. */
  readonly tid: number | undefined;
  /** Where its data lies, and executable code of its own. */
  readonly data: bigint;
  readonly code: bigint;
}

export interface Scene {
  readonly vsm: Vsm<Machine | undefined>;
  readonly machine: Machine;
  /** null on a machine without trustlets. */
  readonly trustlet: Target | null;
  readonly ordinary: Target | null;
}

const CODE_OFFSET = 0x1000n;

const threadsOf = (entry: ScenarioProcess): number => entry.threads ?? 1;

const isReady = (entry: ScenarioProcess): boolean => entry.state !== 'exiting' && threadsOf(entry) > 0;

/** One that answers every question, where there is one. */
const chooseTrustlet = (processes: readonly ScenarioProcess[]): ScenarioProcess | undefined => {
  const trustlets = processes.filter((entry) => entry.trustlet !== undefined && isReady(entry));
  return trustlets.find((entry) => entry.faults === undefined) ?? trustlets[0];
};

/** A signed-in user's programs first. */
const rank = ({ user }: ScenarioProcess): number => (user === 'user' ? 0 : 1);

/** A program like any other: unprotected, answering, and the smallest of them. */
const chooseOrdinary = (processes: readonly ScenarioProcess[], agent: string): ScenarioProcess | undefined =>
  processes
    .filter(
      (entry) =>
        (entry.kind ?? 'normal') === 'normal' &&
        entry.trustlet === undefined &&
        entry.protection === undefined &&
        entry.faults === undefined &&
        entry.access !== 'nobody' &&
        entry.volatile !== true &&
        entry.wow64 !== true &&
        entry.frozen !== true &&
        entry.label !== agent &&
        isReady(entry),
    )
    .toSorted((a, b) => rank(a) - rank(b) || threadsOf(a) - threadsOf(b))[0];

const openTarget = (machine: Machine, { label, image }: ScenarioProcess): Target => {
  const { win32 } = machine;
  const { pid, trustlet, dataAddress, imageBase } = machine.process(label);
  const process = win32.OpenProcess(ProcessAccess.ALL, false, pid);
  const processError = process === 0n ? win32.GetLastError() : 0;
  const [tid] = machine.tidsOf(label);
  const thread = tid === undefined ? 0n : win32.OpenThread(ThreadAccess.ALL, false, tid);
  const threadError = tid !== undefined && thread === 0n ? win32.GetLastError() : 0;
  return {
    label,
    pid,
    name: image,
    trustlet,
    process,
    thread,
    openError: processError || threadError,
    tid,
    data: dataAddress,
    code: imageBase + CODE_OFFSET,
  };
};

/** Chooses the targets and opens them as the agent, with every right. */
export const setScene = (vsm: Vsm<Machine | undefined>, machine: Machine): Scene => {
  const { processes, agent } = machine.scenario;
  const trustlet = chooseTrustlet(processes);
  const ordinary = chooseOrdinary(processes, agent);
  return {
    vsm,
    machine,
    trustlet: trustlet === undefined ? null : openTarget(machine, trustlet),
    ordinary: ordinary === undefined ? null : openTarget(machine, ordinary),
  };
};

export const closeScene = ({ machine, trustlet, ordinary }: Scene): void => {
  for (const target of [trustlet, ordinary]) {
    if (target === null) continue;
    for (const handle of [target.thread, target.process]) {
      if (handle !== 0n) machine.win32.CloseHandle(handle);
    }
  }
};
