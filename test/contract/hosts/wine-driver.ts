/**
 * The contract's host over the driver in Wine: node.exe → addon → DeviceIoControl → trustlet-sim.sys, whose kernel answers from the
 * scenario's table for real processes; and over the production build, which Wine's kernel can tell nothing.
 */
import { spawn } from 'node:child_process';
import { createDriverBackend } from '../../../lib/backends/driver.js';
import type { FaultCall } from '../../../lib/emulator/scenario.js';
import { loadBinding } from '../../../lib/native/load-binding.js';
import { open } from '../../../lib/open.js';
import type { ContractHost, FaultOptions, HostMachine } from '../../../lib/testing/index.js';
import { Vsm } from '../../../lib/vsm.js';
import { ScriptedBinding } from '../../support/scripted-binding.js';
import { isDriversCall, SIM_DEVICE, StandIns, WineMachine } from '../../support/wine-machine.js';

const failIn = (machine: WineMachine, binding: ScriptedBinding, call: FaultCall, options: FaultOptions): void => {
  const { status, nth, infoClass, label } = options;
  const fault = {
    status,
    ...(nth === undefined ? {} : { nth }),
    ...(infoClass === undefined ? {} : { infoClass }),
  };
  if (isDriversCall(call)) machine.fail(call, fault, label);
  if (!isDriversCall(call) || call === 'NtQuerySystemInformation') {
    binding.fail(call, { ...fault, ids: label === undefined ? undefined : machine.idsOf(label) });
  }
};

/**
 * The test build. Its device, and the programs that the host starts, are the harness's (scripts/test-wine-contract.mjs).
 * @returns the host, and what ends its processes
 */
export const wineDriverHost = (): ContractHost & { readonly end: () => void } => {
  const standIns = new StandIns();
  return {
    name: 'driver through the addon',
    seenOn: 'Wine',
    capabilities: {
      'extended-query': true,
      'no-extended-query': 'the extended query is answered here',
      'asks-as-user': 'the driver asks, whatever the rights of its user',
      'asks-as-kernel': true,
      scenarios: true,
      exit: true,
      reuse: 'labels are real processes here, and Wine gives no pid at will',
      fail: true,
      'handle-count': true,
    },
    end: () => standIns.close(),
    boot: (scenario): HostMachine => {
      const machine = new WineMachine(scenario, standIns);
      const binding = new ScriptedBinding(loadBinding(), machine, scenario);
      const vsm = new Vsm(createDriverBackend({ binding, path: SIM_DEVICE, simulated: true }), undefined);
      return {
        vsm,
        pidOf: (label) => machine.pidOf(label),
        tidOf: (label, index = 0) => machine.tidOf(label, index),
        exit: (label) => machine.exit(label, binding.openHandles > 0),
        reuse: () => {
          throw new Error('Wine gives no pid at will');
        },
        fail: (call, options) => failIn(machine, binding, call, options),
        openHandles: () => binding.openHandles,
        close: () => {
          vsm.close();
          machine.close();
        },
      };
    },
  };
};

const REAL = 'labels are a few real processes here, and nothing is scripted';

/** The production build: `agent` is this process, `ordinary` a child that waits. */
export const wineProductionHost = (): ContractHost => ({
  name: 'production driver through the addon',
  seenOn: 'Wine',
  capabilities: {
    'extended-query': 'this system does not answer the extended query',
    'no-extended-query': true,
    'asks-as-user': 'the driver asks, whatever the rights of its user',
    'asks-as-kernel': true,
    scenarios: REAL,
    exit: REAL,
    reuse: REAL,
    fail: REAL,
    'handle-count': REAL,
  },
  boot: (): HostMachine => {
    const vsm = open({ backend: 'driver', only: ['driver'] });
    const child = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 120_000)'], { stdio: 'ignore' });
    const unsupported = (): never => {
      throw new Error(REAL);
    };
    return {
      vsm,
      pidOf: (label) => {
        if (label === 'agent') return process.pid;
        if (label === 'ordinary' && child.pid !== undefined) return child.pid;
        throw new Error(`there is no process '${label}' here`);
      },
      tidOf: unsupported,
      exit: unsupported,
      reuse: unsupported,
      fail: unsupported,
      openHandles: unsupported,
      close: () => {
        child.kill();
        vsm.close();
      },
    };
  },
});
