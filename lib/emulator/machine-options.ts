/** What `boot` takes. */
import { MAX_UINT32, readProperties, requireObject, show } from '../arguments.js';
import { TrustletError } from '../errors.js';
import type { Scenario } from './scenario.js';
import { parseScenario } from './scenario-schema.js';
import { builtInScenario, scenarioNames } from './scenarios/index.js';

export interface BootOptions {
  /** A built-in scenario's name or a scenario. Default `credential-guard`. */
  readonly scenario?: string | Scenario | undefined;
  /** Policies by name; they win over the scenario's. See `policies`. */
  readonly policies?: Readonly<Record<string, string>> | undefined;
  /** Seed of everything that varies. Default: the scenario's. */
  readonly seed?: number | undefined;
}

const DEFAULT_SCENARIO = 'credential-guard';

const argumentError = (message: string): TrustletError => new TrustletError('ERR_TRUSTLET_ARGUMENT', message);

const readScenario = (scenario: unknown): Scenario => {
  if (typeof scenario !== 'string') return parseScenario(scenario);
  const known = builtInScenario(scenario);
  if (known === undefined) {
    throw argumentError(`There is no built-in scenario ${show(scenario)}; there are ${scenarioNames.join(', ')}.`);
  }
  return known;
};

const withSeed = (scenario: Scenario, seed: unknown): Scenario => {
  if (seed === undefined) return scenario;
  if (typeof seed !== 'number' || !Number.isInteger(seed) || seed < 0 || seed > MAX_UINT32) {
    throw argumentError(`options.seed must be a whole number from 0 to ${MAX_UINT32}; got ${show(seed)}.`);
  }
  return { ...scenario, system: { ...scenario.system, seed } };
};

/**
 * @returns the scenario with its seed, and the policies given beside it
 * @throws TrustletError ERR_TRUSTLET_ARGUMENT for options or names that do not exist, ERR_TRUSTLET_FORMAT for a malformed scenario
 */
export const readBootOptions = (
  given: unknown,
): { readonly scenario: Scenario; readonly policies: Readonly<Record<string, string>> | undefined } => {
  if (given === undefined) return { scenario: readScenario(DEFAULT_SCENARIO), policies: undefined };
  if (typeof given === 'string') return { scenario: readScenario(given), policies: undefined };
  requireObject('the argument of boot', given);
  if ('schema' in given || 'processes' in given) return { scenario: readScenario(given), policies: undefined };
  const read = readProperties('the options of boot', given, ['scenario', 'policies', 'seed']);
  const { scenario = DEFAULT_SCENARIO, policies, seed } = read;
  if (policies !== undefined) requireObject('options.policies', policies);
  return {
    scenario: withSeed(readScenario(scenario), seed),
    policies: policies as Readonly<Record<string, string>> | undefined,
  };
};
