/** Scenario documents: read strictly, and described as a JSON Schema from the same spec. */
import type { Scenario } from './scenario.js';
import { check } from './schema/check.js';
import { jsonSchemaOf } from './schema/json-schema.js';
import { checkScenarioRules } from './schema/scenario-rules.js';
import { scenarioSpec } from './schema/scenario-spec.js';

/**
 * Reads a scenario.
 *
 * @param value what `JSON.parse` gave, or an object of the same shape; not changed and not kept
 * @returns a copy with exactly the properties that are set
 * @throws TrustletError ERR_TRUSTLET_FORMAT with the JSON path and what was expected there
 */
export const parseScenario = (value: unknown): Scenario => {
  const scenario = check(scenarioSpec, value, '') as Scenario;
  checkScenarioRules(scenario);
  return scenario;
};

/** The JSON Schema (draft 2020-12) of a scenario document, for editors. Rules between entries are `parseScenario`'s alone. */
export const scenarioJsonSchema = (): object => jsonSchemaOf(scenarioSpec, 'trustlet scenario');
