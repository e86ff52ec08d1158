/** The hostile machine on every host that can boot it: before each open, some pid goes to another program, often to a trustlet. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { builtInScenario } from '../../lib/emulator/scenarios/index.js';
import { TrustletError } from '../../lib/errors.js';
import type { ContractHost, HostMachine } from '../../lib/testing/index.js';
import type { Decision, ProcessTarget } from '../../lib/types.js';
import { buildHostAddon } from '../support/host-addon.js';
import { buildNtsim } from '../support/ntsim.js';
import { emulatedHost } from './hosts/emulated.js';
import { hostDevice } from './hosts/host-device.js';
import { ntsimHost } from './hosts/ntsim.js';

const HOSTS: readonly ContractHost[] = [
  emulatedHost,
  ntsimHost(await buildNtsim(), 'simulated kernel'),
  hostDevice(await buildHostAddon()),
];
const ROUNDS = 200;
const LABELS = ['mayfly-1', 'mayfly-2', 'mayfly-3'];

const bootHostile = (host: ContractHost): HostMachine => {
  const scenario = builtInScenario('hostile');
  assert.ok(scenario !== undefined);
  return host.boot(scenario);
};

/** Runs the guard once. @returns `allowed`, or the reason of the refusal */
const attempt = ({ vsm }: HostMachine, target: number | ProcessTarget): string => {
  try {
    return vsm.guard.run(target, 'write', (held) => {
      assert.equal(held.facts.verdict, 'ordinary');
      // Every further question opens something, so pids go on changing hands; the held one cannot.
      for (let again = 0; again < 4; again += 1) {
        const now = vsm.query(held.pid);
        assert.equal(now.verdict, 'ordinary');
        assert.equal(now.createTime, held.identity.createTime);
        assert.equal(now.startKey, held.identity.startKey);
      }
      return 'allowed';
    });
  } catch (error) {
    if (!(error instanceof TrustletError) || error.code !== 'ERR_TRUSTLET_REFUSED') throw error;
    return (error.decision as Decision).reason;
  }
};

for (const host of HOSTS) {
  describe(`pids reused at every open on ${host.name} (${host.seenOn})`, () => {
    test('a bare pid is allowed only while an ordinary process has it, and that process stays while it is held', () => {
      const machine = bootHostile(host);
      try {
        const pids = LABELS.map((label) => machine.pidOf(label));
        const outcomes = new Map<string, number>();
        for (let round = 0; round < ROUNDS; round += 1) {
          for (const pid of pids) {
            const outcome = attempt(machine, pid);
            outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
          }
        }
        assert.deepEqual([...outcomes.keys()].sort(), ['allowed', 'secure']);
        const allowed = outcomes.get('allowed') ?? 0;
        assert.ok(allowed > ROUNDS * LABELS.length * 0.3, `${allowed} allowed`);
        assert.equal(machine.openHandles(), 0);
      } finally {
        machine.close();
      }
    });

    test('an identity from an earlier census never reaches a later process', () => {
      const machine = bootHostile(host);
      try {
        const pids = LABELS.map((label) => machine.pidOf(label));
        const seen = new Map([...machine.vsm.census()].map((facts) => [facts.pid, facts]));
        for (const pid of pids) {
          const { createTime, startKey } = seen.get(pid) ?? assert.fail('not listed');
          // The list has the create time of each; the driver gives no start key of a process that had gone when it looked.
          assert.notEqual(createTime, null);
          for (let round = 0; round < 4; round += 1) {
            // The census itself opened every process, so each of these pids has changed hands since.
            const reason = attempt(machine, { pid, createTime, startKey });
            assert.equal(reason, 'identity-mismatch');
          }
        }
        assert.equal(machine.openHandles(), 0);
      } finally {
        machine.close();
      }
    });

    test('a process that stays is judged the same all the while', () => {
      const machine = bootHostile(host);
      try {
        for (let round = 0; round < 20; round += 1) {
          assert.equal(machine.vsm.query(machine.pidOf('secret-notepad')).verdict, 'secure');
          assert.equal(machine.vsm.query(machine.pidOf('open-to-all')).verdict, 'ordinary');
          assert.equal(machine.vsm.query(machine.pidOf('silent-trustlet')).verdict, 'unknown');
          assert.equal(attempt(machine, machine.pidOf('open-to-all')), 'allowed');
        }
      } finally {
        machine.close();
      }
    });
  });
}
