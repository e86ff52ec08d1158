// What an agent's own test suite looks like, whatever its runner: a machine, the guard, a race, and the contract on top.
import assert from 'node:assert/strict';
import { open, TrustletError } from 'trustlet';
import { assertNoTrustletTouched, buildMachine, contractSuite, exitsBetweenCheckAndAct } from 'trustlet/testing';

/** An agent that writes into every process the guard lets it have. */
const agent = (machine) => {
  const vsm = open({ backend: machine, only: ['emulated'] });
  const refused = [];
  for (const { pid } of vsm.census()) {
    try {
      vsm.guard.run(pid, 'write', (held) =>
        machine.win32.WriteProcessMemory(held.handle, 0x10000n, Uint8Array.of(1), 1),
      );
    } catch (error) {
      if (!TrustletError.is(error)) throw error;
      refused.push(error.decision.reason);
    }
  }
  return refused;
};

export const registerKitTests = ({ describe, test }) => {
  describe('an agent over the emulated machine', () => {
    test('leaves trustlets alone', () => {
      const machine = buildMachine().process('browser').trustlet('lsaiso').boot();
      assert.ok(agent(machine).includes('secure'));
      assertNoTrustletTouched(machine);
    });

    test('is caught when it does not', () => {
      const machine = buildMachine().trustlet('lsaiso').boot();
      const handle = machine.win32.OpenProcess(0x1fffff, false, machine.pidOf('lsaiso'));
      machine.win32.WriteProcessMemory(handle, 0x10000n, Uint8Array.of(1), 1);
      assert.throws(() => assertNoTrustletTouched(machine), /lsaiso/);
    });

    test('survives a process that exits between check and act', () => {
      const machine = buildMachine().process('browser').boot();
      const race = exitsBetweenCheckAndAct(machine, 'browser');
      agent(machine);
      assert.equal(race.happened, true);
      assertNoTrustletTouched(machine);
    });

    test('is chosen by environment too', () => {
      process.env.TRUSTLET_BACKEND = 'emulated';
      assert.equal(open({ allowSimulated: true }).backend.name, 'emulated');
      delete process.env.TRUSTLET_BACKEND;
    });
  });

  contractSuite(
    {
      name: 'emulated machine',
      seenOn: 'emulated',
      capabilities: {
        'extended-query': true,
        'no-extended-query': 'answered here',
        'asks-as-user': true,
        'asks-as-kernel': 'asks with the rights of its user',
        scenarios: true,
        exit: 'not in this sample',
        reuse: 'not in this sample',
        fail: 'not in this sample',
        'handle-count': 'not in this sample',
      },
      boot: (scenario) => {
        const vsm = open({ scenario });
        return {
          vsm,
          pidOf: (label) => vsm.machine.pidOf(label),
          tidOf: (label, index = 0) => vsm.machine.tidsOf(label)[index],
          close: () => vsm.close(),
        };
      },
    },
    { describe, test },
  );
};
