/** The contract's host over the simulated NT kernel (driver/ntsim), as `.so` or `.dll`, through the real ntdll backend. */
import { createRequire } from 'node:module';
import { createNtdllBackend } from '../../../lib/backends/ntdll.js';
import { resolveScenario } from '../../../lib/emulator/resolve-scenario.js';
import type { FaultCall, Scenario, ScenarioProcess } from '../../../lib/emulator/scenario.js';
import { parseStatus } from '../../../lib/emulator/status-names.js';
import type { ContractHost, HostMachine } from '../../../lib/testing/index.js';
import { encodeProcessTable, encodeScenarioTable, simulatedCallNumber } from '../../../lib/testing/scenario-table.js';
import { Vsm } from '../../../lib/vsm.js';

type Control = (...parameters: readonly (number | Uint8Array)[]) => number;

/** The library's control entries: what changes the machine, as opposed to the NT calls that ask it. */
const controlsOf = (library: string) => {
  const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi');
  const loaded = koffi.load(library);
  const control = (name: string, parameters: readonly string[]): Control =>
    loaded.func(name, 'uint32_t', [...parameters]) as Control;
  return {
    load: control('ntsim_load', ['void *', 'uint32_t']),
    exit: control('ntsim_exit', ['uint32_t']),
    reuseWith: control('ntsim_reuse_with', ['uint32_t', 'void *', 'uint32_t']),
    fail: control('ntsim_fail', ['uint32_t', 'int32_t', 'uint32_t', 'uint32_t', 'uint32_t']),
    openHandles: control('ntsim_open_handles', []),
    setChurn: control('ntsim_set_churn', ['uint32_t']),
  };
};

const succeeded = (result: number, what: string): void => {
  if (result !== 0) throw new Error(`${what}: the simulated kernel answered ${result}`);
};

const numberOf = (call: FaultCall): number => {
  const number = simulatedCallNumber(call);
  if (number === undefined) throw new Error(`the simulated kernel does not have ${call}`);
  return number;
};

/** The entry of a process that is not in the scenario, resolved as if it were. */
const resolveAlone = (entry: ScenarioProcess, scenario: Scenario) => {
  const resolved = resolveScenario({ ...scenario, processes: [...scenario.processes, entry], crowds: [] });
  const process = resolved.processes.find(({ label }) => label === entry.label);
  if (process === undefined) throw new Error(`no process '${entry.label}' was resolved`);
  return { resolved, process };
};

/**
 * @param library path of libntsim.so or ntsim.dll
 * @param seenOn where the library runs
 */
export const ntsimHost = (library: string, seenOn: 'simulated kernel' | 'Wine'): ContractHost => {
  const controls = controlsOf(library);
  return {
    name: seenOn === 'Wine' ? 'ntdll over ntsim.dll' : 'ntdll over libntsim.so',
    seenOn,
    capabilities: {
      'extended-query': true,
      'no-extended-query': 'the extended query is answered here',
      scenarios: true,
      exit: true,
      reuse: true,
      fail: true,
      'handle-count': true,
    },
    boot: (scenario): HostMachine => {
      const resolved = resolveScenario(scenario);
      const table = encodeScenarioTable(resolved);
      succeeded(controls.load(table, table.length), 'loading the scenario');
      const vsm = new Vsm(createNtdllBackend({ library, simulated: true }), undefined);
      const pids = new Map(resolved.processes.map(({ label, pid }) => [label, pid]));
      const pidOf = (label: string): number => {
        const pid = pids.get(label);
        if (pid === undefined) throw new Error(`no process is labelled '${label}'`);
        return pid;
      };
      return {
        vsm,
        pidOf,
        tidOf: (label, index = 0) => resolved.processes.find((process) => process.label === label)?.tids[index] ?? 0,
        exit: (label) => succeeded(controls.exit(pidOf(label)), `ending '${label}'`),
        reuse: (label, by) => {
          const { resolved: extended, process } = resolveAlone(by, scenario);
          const record = encodeProcessTable(extended, [process]);
          succeeded(controls.reuseWith(pidOf(label), record, record.length), `reusing the pid of '${label}'`);
          pids.set(by.label, pidOf(label));
        },
        fail: (call, { status, nth, infoClass, label }) =>
          succeeded(
            controls.fail(
              numberOf(call),
              infoClass ?? -1,
              label === undefined ? 0 : pidOf(label),
              nth ?? 0,
              parseStatus(status),
            ),
            `making ${call} fail`,
          ),
        openHandles: () => controls.openHandles(),
        close: () => vsm.close(),
      };
    },
  };
};
