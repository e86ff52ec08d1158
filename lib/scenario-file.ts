/** Scenarios by name or from a user's JSON file: the one place where the emulator's input is read from disk. */
import { readFileSync } from 'node:fs';
import type { Scenario } from './emulator/scenario.js';
import { parseScenario } from './emulator/scenario-schema.js';
import { builtInScenario, scenarioNames } from './emulator/scenarios/index.js';
import { TrustletError } from './errors.js';

/**
 * @param nameOrFile a built-in scenario's name, or the path of a JSON file
 * @throws TrustletError ERR_TRUSTLET_ARGUMENT when it is neither; ERR_TRUSTLET_FORMAT when the file is not a scenario
 */
export const loadScenario = (nameOrFile: string): Scenario => {
  const known = builtInScenario(nameOrFile);
  if (known !== undefined) return known;
  let text: string;
  try {
    text = readFileSync(nameOrFile, 'utf8');
  } catch (cause) {
    throw new TrustletError(
      'ERR_TRUSTLET_ARGUMENT',
      `'${nameOrFile}' is neither a built-in scenario (${scenarioNames.join(', ')}) nor a file that can be read.`,
      { cause },
    );
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new TrustletError('ERR_TRUSTLET_FORMAT', `${nameOrFile} is not JSON: ${String(cause)}.`, { cause });
  }
  return parseScenario(value);
};
