/** The contract's host over the driver's own C on the simulated NT kernel, in this process, through the addon and the codec. */
import assert from 'node:assert/strict';
import { createDriverBackend } from '../../../lib/backends/driver.js';
import { resolveScenario } from '../../../lib/emulator/resolve-scenario.js';
import { parseStatus } from '../../../lib/emulator/status-names.js';
import type { HostBinding } from '../../../lib/native/binding.js';
import type { ContractHost, HostMachine } from '../../../lib/testing/index.js';
import { encodeScenarioTable } from '../../../lib/testing/scenario-table.js';
import { Vsm } from '../../../lib/vsm.js';
import { tableOf } from './table-of.js';

/** @param binding the host build's; it runs one machine at a time */
export const hostDevice = (binding: HostBinding): ContractHost => ({
  name: 'driver over ntsim',
  seenOn: 'simulated kernel',
  capabilities: {
    'extended-query': true,
    'no-extended-query': 'the extended query is answered here',
    'asks-as-user': 'the driver asks, whatever the rights of its user',
    'asks-as-kernel': true,
    scenarios: true,
    exit: true,
    reuse: true,
    fail: true,
    'handle-count': true,
  },
  boot: (scenario): HostMachine => {
    const { host } = binding;
    const resolved = resolveScenario(scenario);
    host.boot(encodeScenarioTable(resolved));
    const vsm = new Vsm(createDriverBackend({ binding }), undefined);
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
      exit: (label) => host.exit(pidOf(label)),
      reuse: (label, by) => {
        host.reuse(pidOf(label), tableOf(by, scenario));
        pids.set(by.label, pidOf(label));
      },
      fail: (call, { status, nth = 0, infoClass = -1, label }) =>
        host.fail(call, infoClass, label === undefined ? 0 : pidOf(label), nth, parseStatus(status)),
      openHandles: () => host.openHandles(),
      close: () => {
        vsm.close();
        assert.equal(host.openDevices(), 0);
        assert.equal(host.shutdown(), '', 'something was left behind in the kernel');
      },
    };
  },
});
