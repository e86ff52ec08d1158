/**
 * Several implementations, one answer: the emulated machine (TypeScript), the simulated kernel (C) through the real ntdll backend, and
 * the driver's own C on that kernel through the addon boot the same built-in scenario and must say the same of every process. None of
 * them is evidence of what Windows does.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Scenario } from '../../lib/emulator/index.js';
import { builtInScenario, scenarioNames } from '../../lib/emulator/scenarios/index.js';
import type { ContractHost } from '../../lib/testing/index.js';
import type { Decision, Explanation, GuardOperation, ProcessFacts, Target } from '../../lib/types.js';
import type { Vsm } from '../../lib/vsm.js';
import { buildHostAddon } from '../support/host-addon.js';
import { buildNtsim } from '../support/ntsim.js';
import { emulatedHost } from './hosts/emulated.js';
import { hostDevice } from './hosts/host-device.js';
import { ntsimHost } from './hosts/ntsim.js';

/** Which volatile process ends first is each machine's own choice; everything else of a scenario is not. */
const still = (name: string): Scenario => {
  const scenario = builtInScenario(name);
  assert.ok(scenario !== undefined);
  return { ...scenario, churn: 'none' };
};

type Facts = Partial<ProcessFacts>;

const withoutSource = ({ backend: _backend, simulated: _simulated, ...facts }: ProcessFacts): Facts => facts;

/** A scenario makes queries of this process fail: the extended one, or those that say who it is. */
const hasFaults = (reason: string, createTime: bigint | null | undefined): boolean =>
  reason === 'query-failed' || createTime === null;

/** Evidence names the backend it was seen through. */
const saidOf = ({ causes }: Explanation): readonly object[] => causes.map(({ evidence: _evidence, ...said }) => said);

const judgementOf = ({ verdict, reason, status, evidence }: Facts): object => ({ verdict, reason, status, evidence });

const OPERATIONS: readonly GuardOperation[] = ['read', 'load-library', 'debug', 'set-information', 'terminate'];

/** At most this many processes of a scenario are asked one by one: `explain` reads the whole list each time. */
const SAMPLE = 30;

/** One host beside the emulated machine. */
interface Other {
  readonly host: ContractHost;
  /**
   * Nothing refuses the driver, so where the emulated machine's agent is refused it has an answer of its own. And it has other
   * sources for identity (PsGetProcessStartKey instead of class 64), so where a scenario makes queries fail only the verdict is the same.
   */
  readonly asksAsKernel: boolean;
  /** What `query` tells: the session of a process is in the driver's CENSUS alone. */
  readonly queried: (facts: Facts) => Facts;
}

const OTHERS: readonly Other[] = [
  {
    host: ntsimHost(await buildNtsim(), 'simulated kernel'),
    asksAsKernel: false,
    queried: (facts) => facts,
  },
  {
    host: hostDevice(await buildHostAddon()),
    asksAsKernel: true,
    queried: ({ sessionId: _, ...facts }) => facts,
  },
];

for (const { host, asksAsKernel, queried } of OTHERS) {
  const withBoth = (scenario: Scenario, compare: (emulated: Vsm, other: Vsm) => void): void => {
    const emulated = emulatedHost.boot(scenario);
    try {
      const other = host.boot(scenario);
      try {
        compare(emulated.vsm, other.vsm);
        assert.equal(other.openHandles(), 0);
        assert.equal(emulated.openHandles(), 0);
      } finally {
        other.close();
      }
    } finally {
      emulated.close();
    }
  };

  /** @returns whether the two can be compared: not where only the one was refused, which the other then must not be */
  const comparable = (emulated: ProcessFacts | Decision, other: ProcessFacts | Decision): boolean => {
    if (!asksAsKernel || emulated.reason !== 'access-denied') return true;
    assert.notEqual(other.reason, 'access-denied');
    return false;
  };

  const sameFacts = (emulated: ProcessFacts, other: ProcessFacts, of: (facts: Facts) => object): void => {
    if (!comparable(emulated, other)) return;
    const part = asksAsKernel && hasFaults(emulated.reason, emulated.createTime) ? judgementOf : of;
    assert.deepEqual(part(withoutSource(other)), part(withoutSource(emulated)));
  };

  describe(`the emulated machine and ${host.name} agree`, () => {
    for (const name of scenarioNames) {
      test(`${name}: census`, () => {
        withBoth(still(name), (emulated, other) => {
          const [left, right] = [emulated.census(), other.census()];
          assert.equal(left.length, right.length);
          const byPid = new Map([...right].map((facts) => [facts.pid, facts]));
          for (const facts of left) {
            sameFacts(facts, byPid.get(facts.pid) ?? assert.fail(`pid ${facts.pid} is not listed`), (all) => all);
          }
        });
      });

      test(`${name}: query, queryMany and explain of each process`, () => {
        withBoth(still(name), (emulated, other) => {
          const pids = [...emulated.census()].map(({ pid }) => pid).slice(0, SAMPLE);
          const many = other.queryMany(pids);
          assert.equal(many.length, pids.length);
          emulated.queryMany(pids).forEach((facts, index) => {
            sameFacts(facts, many[index] ?? assert.fail('too few'), queried);
          });
          for (const pid of pids) {
            const [left, right] = [emulated.query(pid), other.query(pid)];
            sameFacts(left, right, queried);
            if (comparable(left, right)) {
              assert.deepEqual(saidOf(other.explain(pid, 5)), saidOf(emulated.explain(pid, 5)));
            }
          }
        });
      });

      test(`${name}: posture`, () => {
        withBoth(still(name), (emulated, other) => {
          const { backend: _one, simulated: _two, ...left } = emulated.posture();
          const { backend: _three, simulated: _four, ...right } = other.posture();
          assert.deepEqual(right, left);
        });
      });

      test(`${name}: what the guard decides for each process and for its threads`, () => {
        withBoth(still(name), (emulated, other) => {
          const machine = emulatedHost.boot(still(name));
          const sameDecision = (target: Target, operation: GuardOperation): void => {
            const [left, right] = [emulated.guard.check(target, operation), other.guard.check(target, operation)];
            assert.equal(right.decision, left.decision);
            // Of a thread that does not open nobody knows the process, so there is nothing to ask the kernel about.
            if (typeof target === 'number' && !comparable(left, right)) return;
            const { backend: _one, simulated: _two, identity, ...expected } = left;
            const { backend: _three, simulated: _four, identity: told, ...found } = right;
            if (!asksAsKernel || !hasFaults(left.reason, identity?.createTime)) assert.deepEqual(told, identity);
            assert.deepEqual(found, expected, `${JSON.stringify(target)} ${operation}`);
          };
          for (const { label } of still(name).processes) {
            const [pid, tid] = [machine.pidOf(label), machine.tidOf(label)];
            for (const operation of OPERATIONS) sameDecision(pid, operation);
            if (tid === 0) continue;
            for (const operation of ['queue-apc', 'suspend', 'set-windows-hook'] as const) {
              sameDecision({ tid }, operation);
            }
          }
          machine.close();
        });
      });
    }
  });
}
