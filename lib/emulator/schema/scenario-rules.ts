/** What a scenario's entries must keep among themselves, which no spec of a single entry can say. */
import { show } from '../../arguments.js';
import { IDLE_PID, SYSTEM_PID } from '../../layout/index.js';
import { hintFor } from '../../near-miss.js';
import { hasInfoClass } from '../faults.js';
import type { Scenario, ScenarioFault, ScenarioProcess } from '../scenario.js';
import { formatError } from './check.js';
import { MAX_PROCESSES, MAX_THREADS_IN_ALL } from './scenario-spec.js';

/** Pids that belong to one kind of process (facts/nt.md 1.4). */
const FIXED_PIDS: ReadonlyMap<ScenarioProcess['kind'], number> = new Map([
  ['idle', IDLE_PID],
  ['system', SYSTEM_PID],
]);

/** Labels by the path of the entry that has them. */
type Labels = ReadonlyMap<string, string>;

const collectLabels = ({ processes, crowds }: Scenario): Labels => {
  const labels = new Map<string, string>();
  const add = (label: string, path: string): void => {
    const holder = labels.get(label);
    if (holder !== undefined) throw formatError(path, `the label ${show(label)} is taken by ${holder}.`);
    labels.set(label, path);
  };
  for (const [index, { label }] of processes.entries()) add(label, `processes[${index}].label`);
  for (const [index, { label, count }] of (crowds ?? []).entries()) {
    if (labels.size + count > MAX_PROCESSES) {
      throw formatError(`crowds[${index}].count`, `a machine has at most ${MAX_PROCESSES} processes.`);
    }
    for (let n = 1; n <= count; n += 1) add(`${label}-${n}`, `crowds[${index}].label`);
  }
  return labels;
};

const checkThreads = ({ processes, crowds }: Scenario): void => {
  let total = 0;
  const add = (threads: number, path: string): void => {
    total += threads;
    if (total > MAX_THREADS_IN_ALL) throw formatError(path, `a machine has at most ${MAX_THREADS_IN_ALL} threads.`);
  };
  for (const [index, { kind, threads = PSEUDO_KINDS.includes(kind) ? 0 : 1 }] of processes.entries()) {
    add(threads, `processes[${index}].threads`);
  }
  for (const [index, { count, threads = 1 }] of (crowds ?? []).entries()) {
    add(count * threads, `crowds[${index}].threads`);
  }
};

const requireLabel = (labels: Labels, label: string, path: string): void => {
  if (labels.has(label)) return;
  throw formatError(path, `no process has the label ${show(label)}.${hintFor(label, labels.keys())}`);
};

const checkFaults = (faults: readonly ScenarioFault[] | undefined, path: string): void => {
  for (const [index, { call, infoClass }] of (faults ?? []).entries()) {
    if (infoClass !== undefined && !hasInfoClass(call)) {
      throw formatError(`${path}[${index}].infoClass`, `${call} has no information class; leave it out.`);
    }
  }
};

const checkKind = (process: ScenarioProcess, path: string, vsm: boolean): void => {
  const { kind, pid, trustlet } = process;
  const fixed = FIXED_PIDS.get(kind);
  if (fixed !== undefined && pid !== undefined && pid !== fixed) {
    throw formatError(`${path}.pid`, `expected ${fixed}, the pid of kind ${show(kind)}; got ${pid}.`);
  }
  for (const [owner, ownPid] of FIXED_PIDS) {
    if (pid === ownPid && kind !== owner)
      throw formatError(`${path}.pid`, `pid ${pid} belongs to kind ${show(owner)} alone.`);
  }
  if (trustlet !== undefined && kind !== undefined && kind !== 'normal') {
    throw formatError(`${path}.trustlet`, `a process of kind ${show(kind)} is no trustlet.`);
  }
  if (vsm) return;
  if (trustlet !== undefined) throw formatError(`${path}.trustlet`, 'a trustlet needs VSM, and system.vsm is false.');
  if (kind === 'secure-system') throw formatError(`${path}.kind`, 'Secure System needs VSM, and system.vsm is false.');
};

const PSEUDO_KINDS: readonly ScenarioProcess['kind'][] = [
  'idle',
  'system',
  'secure-system',
  'registry',
  'mem-compression',
];

const checkProcesses = ({ processes, system }: Scenario, labels: Labels): void => {
  const pids = new Map<number, string>();
  const kinds = new Map<ScenarioProcess['kind'], string>();
  for (const [index, process] of processes.entries()) {
    const path = `processes[${index}]`;
    const { kind, pid, parent } = process;
    checkKind(process, path, system.vsm);
    if (PSEUDO_KINDS.includes(kind)) {
      const other = kinds.get(kind);
      if (other !== undefined)
        throw formatError(`${path}.kind`, `a machine has one process of kind ${show(kind)}; ${other} is it.`);
      kinds.set(kind, path);
    }
    if (pid !== undefined) {
      const holder = pids.get(pid);
      if (holder !== undefined) throw formatError(`${path}.pid`, `pid ${pid} is taken by ${holder}.`);
      pids.set(pid, path);
    }
    if (parent !== undefined) requireLabel(labels, parent, `${path}.parent`);
    checkFaults(process.faults, `${path}.faults`);
  }
};

/** @throws TrustletError ERR_TRUSTLET_FORMAT with the path of the first entry that does not go with the others */
export const checkScenarioRules = (scenario: Scenario): void => {
  const { system, crowds, agent } = scenario;
  if (system.hvci === true && !system.vsm) throw formatError('system.hvci', 'HVCI needs VSM, and system.vsm is false.');
  if (system.vsm && system.hypervisor === false) {
    throw formatError('system.hypervisor', 'VSM needs the hypervisor, and system.vsm is true.');
  }
  if (system.hvciStrict === true && system.hvci !== true) {
    throw formatError('system.hvciStrict', 'strict mode is a mode of HVCI, and system.hvci is not true.');
  }
  const labels = collectLabels(scenario);
  checkThreads(scenario);
  checkProcesses(scenario, labels);
  for (const [index, { parent }] of (crowds ?? []).entries()) {
    if (parent !== undefined) requireLabel(labels, parent, `crowds[${index}].parent`);
  }
  requireLabel(labels, agent, 'agent');
  checkFaults(scenario.faults, 'faults');
};
