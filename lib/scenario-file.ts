/** Scenarios by name or from a user's JSON file: the one place where the emulator's input is read from disk. */
import { readFileSync } from 'node:fs';
import type { Scenario } from './emulator/scenario.js';
import { parseScenario } from './emulator/scenario-schema.js';
import { builtInScenario, scenarioNames } from './emulator/scenarios/index.js';
import { TrustletError } from './errors.js';

/** Editors on Windows often begin a file with it, and JSON.parse refuses it. */
const BYTE_ORDER_MARK = /^\uFEFF/;

/**
 * @param scenario a built-in scenario's name, the path of a JSON file, or a scenario itself
 * @throws TrustletError ERR_TRUSTLET_ARGUMENT when a text is neither name nor file; ERR_TRUSTLET_FORMAT, naming the file, when it is not a
 * scenario
 */
export const loadScenario = (scenario: string | Scenario): Scenario =>
  typeof scenario === 'string' ? loadNamed(scenario) : parseScenario(scenario);

const loadNamed = (nameOrFile: string): Scenario => {
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
    value = JSON.parse(text.replace(BYTE_ORDER_MARK, ''));
  } catch (cause) {
    throw new TrustletError('ERR_TRUSTLET_FORMAT', `${nameOrFile} is not JSON: ${String(cause)}.`, { cause });
  }
  try {
    return parseScenario(value);
  } catch (cause) {
    throw new TrustletError(
      'ERR_TRUSTLET_FORMAT',
      `${nameOrFile}: ${cause instanceof Error ? cause.message : String(cause)}`,
      { cause },
    );
  }
};
