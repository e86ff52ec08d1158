/** The machine that is measured: a busy terminal server with so many processes. */
import { resolveScenario } from '../lib/emulator/resolve-scenario.js';
import type { Scenario } from '../lib/emulator/scenario.js';
import { large } from '../lib/emulator/scenarios/large.js';
import { encodeScenarioTable } from '../lib/testing/scenario-table.js';

/** Processes whose secure bit is set in each of these machines: LsaIso.exe and Secure System. */
export const SECURE = 2;

/** A machine, for whoever answers for it. */
export interface Crowd {
  readonly size: number;
  readonly scenario: Scenario;
  /** For ntsim and for the host build. */
  readonly table: Uint8Array;
  readonly pids: readonly number[];
  /** Of a trustlet. */
  readonly trustlet: number;
  /** Of a process that the agent may open for anything. */
  readonly ordinary: number;
}

/**
 * @param size how many processes, at least those of the built-in scenario `large` without its crowds
 */
export const crowdOf = (size: number): Crowd => {
  const crowd = { label: 'worker', count: size - large.processes.length, image: 'svchost.exe', parent: 'services' };
  const scenario: Scenario = { ...large, name: `crowd-${size}`, title: `${size} processes`, crowds: [crowd] };
  const resolved = resolveScenario(scenario);
  const pidOf = (label: string): number => {
    const found = resolved.processes.find((process) => process.label === label);
    if (found === undefined) throw new Error(`no process is labelled '${label}'`);
    return found.pid;
  };
  return {
    size,
    scenario,
    table: encodeScenarioTable(resolved),
    pids: resolved.processes.map(({ pid }) => pid),
    trustlet: pidOf('lsaiso'),
    ordinary: pidOf('worker-1'),
  };
};
