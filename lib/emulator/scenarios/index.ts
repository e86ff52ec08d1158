/** Built-in scenarios by name. */
import type { Scenario } from '../scenario.js';
import { credentialGuard, downlevel, hostile, large, plain, server2022, vbs } from './built-in.js';

const scenarios: ReadonlyMap<string, Scenario> = new Map(
  [plain, vbs, credentialGuard, server2022, downlevel, hostile, large].map((scenario) => [scenario.name, scenario]),
);

/** Names of the built-in scenarios. */
export const scenarioNames: readonly string[] = [...scenarios.keys()];

/** @returns the scenario of that name, undefined where there is none */
export const builtInScenario = (name: string): Scenario | undefined => scenarios.get(name);
