/** The contract's host over the emulated machine. */
import { boot } from '../../../lib/emulator/index.js';
import { open } from '../../../lib/open.js';
import type { ContractHost } from '../../../lib/testing/index.js';

export const emulatedHost: ContractHost = {
  name: 'emulated machine',
  seenOn: 'emulated',
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
  boot: (scenario) => {
    const machine = boot(scenario);
    const vsm = open({ backend: machine });
    return {
      vsm,
      pidOf: (label) => machine.pidOf(label),
      tidOf: (label, index = 0) => machine.tidsOf(label)[index] ?? 0,
      exit: (label) => machine.exit(label),
      reuse: (label, by) => {
        machine.reuse(label, by);
      },
      fail: (call, options) => machine.fail(call, options),
      openHandles: () => machine.openHandles(scenario.agent),
      close: () => vsm.close(),
    };
  },
};
