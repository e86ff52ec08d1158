/** The scenarios that come with the package. */
import type { Scenario } from '../scenario.js';
import { credentialGuard } from './credential-guard.js';
import { downlevel } from './downlevel.js';
import { hostile } from './hostile.js';
import { large } from './large.js';
import { plain } from './plain.js';
import { server2022 } from './server-2022.js';
import { vbs } from './vbs.js';
import { vbsNotRunning } from './vbs-not-running.js';

const scenarios: ReadonlyMap<string, Scenario> = new Map(
  [plain, vbs, vbsNotRunning, credentialGuard, server2022, downlevel, hostile, large].map((scenario) => [
    scenario.name,
    scenario,
  ]),
);

/** Names of the built-in scenarios. */
export const scenarioNames: readonly string[] = [...scenarios.keys()];

/** @returns the built-in scenario of that name, undefined where there is none */
export const builtInScenario = (name: string): Scenario | undefined => scenarios.get(name);
