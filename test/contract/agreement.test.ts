/**
 * Two implementations, one answer: the emulated machine (TypeScript) and the simulated kernel (C, through the real ntdll backend)
 * boot the same built-in scenario and must say the same of every process. Neither is evidence of what Windows does.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Scenario } from '../../lib/emulator/index.js';
import { builtInScenario, scenarioNames } from '../../lib/emulator/scenarios/index.js';
import type { Decision, GuardOperation, ProcessFacts, Target } from '../../lib/types.js';
import type { Vsm } from '../../lib/vsm.js';
import { buildNtsim } from '../support/ntsim.js';
import { emulatedHost } from './hosts/emulated.js';
import { ntsimHost } from './hosts/ntsim.js';

const kernelHost = ntsimHost(await buildNtsim(), 'simulated kernel');

/** Which volatile process ends first is each machine's own choice; everything else of a scenario is not. */
const still = (name: string): Scenario => {
  const scenario = builtInScenario(name);
  assert.ok(scenario !== undefined);
  return { ...scenario, churn: 'none' };
};

const withBoth = (scenario: Scenario, compare: (emulated: Vsm, simulated: Vsm) => void): void => {
  const emulated = emulatedHost.boot(scenario);
  try {
    const simulated = kernelHost.boot(scenario);
    try {
      compare(emulated.vsm, simulated.vsm);
      assert.equal(simulated.openHandles(), 0);
      assert.equal(emulated.openHandles(), 0);
    } finally {
      simulated.close();
    }
  } finally {
    emulated.close();
  }
};

const factsWithoutSource = ({ backend: _backend, simulated: _simulated, ...facts }: ProcessFacts): object => facts;
const decisionWithoutSource = ({ backend: _backend, simulated: _simulated, ...decision }: Decision): object => decision;

const OPERATIONS: readonly GuardOperation[] = ['read', 'load-library', 'debug', 'set-information', 'terminate'];

/** At most this many processes of a scenario are asked one by one: `explain` reads the whole list each time. */
const SAMPLE = 30;

describe('the emulated machine and the simulated kernel agree', () => {
  for (const name of scenarioNames) {
    test(`${name}: census`, () => {
      withBoth(still(name), (emulated, simulated) => {
        const [left, right] = [emulated.census(), simulated.census()];
        assert.equal(left.length, right.length);
        const byPid = new Map([...right].map((facts) => [facts.pid, facts]));
        for (const facts of left) {
          const other = byPid.get(facts.pid);
          assert.ok(other !== undefined, `pid ${facts.pid}`);
          assert.deepEqual(factsWithoutSource(other), factsWithoutSource(facts));
        }
      });
    });

    test(`${name}: query, queryMany and explain of each process`, () => {
      withBoth(still(name), (emulated, simulated) => {
        const pids = [...emulated.census()].map(({ pid }) => pid).slice(0, SAMPLE);
        assert.deepEqual(
          simulated.queryMany(pids).map(factsWithoutSource),
          emulated.queryMany(pids).map(factsWithoutSource),
        );
        for (const pid of pids) {
          assert.deepEqual(factsWithoutSource(simulated.query(pid)), factsWithoutSource(emulated.query(pid)));
          assert.deepEqual(simulated.explain(pid, 5).causes, emulated.explain(pid, 5).causes);
        }
      });
    });

    test(`${name}: posture`, () => {
      withBoth(still(name), (emulated, simulated) => {
        const { backend: _one, simulated: _two, ...left } = emulated.posture();
        const { backend: _three, simulated: _four, ...right } = simulated.posture();
        assert.deepEqual(right, left);
      });
    });

    test(`${name}: what the guard decides for each process and for its threads`, () => {
      withBoth(still(name), (emulated, simulated) => {
        const machine = emulatedHost.boot(still(name));
        const decide = (vsm: Vsm, target: Target, operation: GuardOperation): object =>
          decisionWithoutSource(vsm.guard.check(target, operation));
        for (const { label } of still(name).processes) {
          const [pid, tid] = [machine.pidOf(label), machine.tidOf(label)];
          for (const operation of OPERATIONS) {
            assert.deepEqual(
              decide(simulated, pid, operation),
              decide(emulated, pid, operation),
              `${label} ${operation}`,
            );
          }
          if (tid === 0) continue;
          for (const operation of ['queue-apc', 'suspend', 'set-windows-hook'] as const) {
            const [left, right] = [decide(emulated, { tid }, operation), decide(simulated, { tid }, operation)];
            assert.deepEqual(right, left, `${label} ${operation}`);
          }
        }
        machine.close();
      });
    });
  }
});
