/**
 * The contract suite: one set of promises that every backend keeps. It runs on whatever a host adapter offers; what a host cannot
 * do is returned as `n/a`, with the reason, so that the caller can pin the list and a new gap fails.
 */
import { askingCases } from './asking-cases.js';
import { censusCases } from './census-cases.js';
import { guardCases } from './guard-cases.js';
import type { ContractCase, ContractHost, TestRunner } from './host.js';
import { contractScenario } from './machine.js';
import { misuseCases } from './misuse-cases.js';
import { postureCases } from './posture-cases.js';
import { unanswerableCases, verdictCases } from './verdict-cases.js';

const GROUPS: ReadonlyMap<string, readonly ContractCase[]> = new Map([
  ['verdicts', [...verdictCases, ...unanswerableCases]],
  ['census, explanations', censusCases],
  ['posture', postureCases],
  ['who asks', askingCases],
  ['guard', guardCases],
  ['misuse', misuseCases],
]);

/** A promise that a host cannot be held to. */
export interface NotApplicable {
  readonly title: string;
  readonly reason: string;
}

const obstacle = (host: ContractHost, { needs }: ContractCase): string | null => {
  for (const need of needs) {
    const answer = host.capabilities[need];
    if (answer !== true) return answer;
  }
  return null;
};

/**
 * Registers the suite with a test runner.
 *
 * @param host where it runs
 * @param runner `{ describe, test }` of node:test, vitest or jest
 * @returns what could not be run here and why, in the order of the suite
 */
export const contractSuite = (host: ContractHost, { describe, test }: TestRunner): readonly NotApplicable[] => {
  const notApplicable: NotApplicable[] = [];
  for (const [group, cases] of GROUPS) {
    const due = cases.filter((each) => {
      const reason = obstacle(host, each);
      if (reason !== null) notApplicable.push({ title: each.title, reason });
      return reason === null;
    });
    describe(`contract on ${host.name} (${host.seenOn}): ${group}`, () => {
      for (const { title, scenario, run } of due) {
        test(title, async () => {
          const machine = host.boot(scenario ?? contractScenario);
          try {
            await run(machine);
          } finally {
            machine.close();
          }
        });
      }
    });
  }
  return notApplicable;
};
