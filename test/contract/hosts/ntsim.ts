/** The contract's host over the simulated NT kernel (driver/ntsim), as `.so` or `.dll`, through the real ntdll backend. */
import { createNtdllBackend } from '../../../lib/backends/ntdll.js';
import { resolveScenario } from '../../../lib/emulator/resolve-scenario.js';
import { parseStatus } from '../../../lib/emulator/status-names.js';
import type { ContractHost, HostMachine } from '../../../lib/testing/index.js';
import { encodeScenarioTable } from '../../../lib/testing/scenario-table.js';
import { Vsm } from '../../../lib/vsm.js';
import { Ntsim } from '../../support/ntsim.js';
import { tableOf } from './table-of.js';

/**
 * @param library path of libntsim.so or ntsim.dll
 * @param seenOn where the library runs
 */
export const ntsimHost = (library: string, seenOn: 'simulated kernel' | 'Wine'): ContractHost => {
  const simulated = new Ntsim(library);
  return {
    name: seenOn === 'Wine' ? 'ntdll over ntsim.dll' : 'ntdll over libntsim.so',
    seenOn,
    capabilities: {
      'extended-query': true,
      'no-extended-query': 'the extended query is answered here',
      'asks-as-user': true,
      'asks-as-kernel': 'this backend asks with the rights of its user',
      scenarios: true,
      exit: true,
      reuse: true,
      fail: true,
      'handle-count': true,
    },
    boot: (scenario): HostMachine => {
      const resolved = resolveScenario(scenario);
      simulated.load(encodeScenarioTable(resolved));
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
        exit: (label) => simulated.exit(pidOf(label)),
        reuse: (label, by) => {
          const result = simulated.reuseWith(pidOf(label), tableOf(by, scenario));
          if (result !== 'ok') throw new Error(`the pid of '${label}' was not reused: ${result}`);
          pids.set(by.label, pidOf(label));
        },
        fail: (call, { status, nth, infoClass, label }) =>
          simulated.fail({
            call,
            status: parseStatus(status),
            ...(infoClass === undefined ? {} : { infoClass }),
            ...(nth === undefined ? {} : { nth }),
            ...(label === undefined ? {} : { pid: pidOf(label) }),
          }),
        openHandles: () => simulated.openHandles,
        close: () => vsm.close(),
      };
    },
  };
};
