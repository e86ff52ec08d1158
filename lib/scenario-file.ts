/** Scenarios by name or from a user's JSON file: the one place where the emulator's input is read from disk. */
import { closeSync, openSync, readSync } from 'node:fs';
import type { Scenario } from './emulator/scenario.js';
import { parseScenario } from './emulator/scenario-schema.js';
import { builtInScenario, scenarioNames } from './emulator/scenarios/index.js';
import { TrustletError } from './errors.js';

/** Editors on Windows often begin a file with it, and JSON.parse refuses it. */
const BYTE_ORDER_MARK = /^\uFEFF/;

/** Far beyond the largest machine; a pipe or a device may have no end. */
const MOST_BYTES = 64 * 2 ** 20;
const CHUNK_BYTES = 2 ** 16;

/** @returns the file's text, null where it is longer than a scenario can be */
const readText = (file: string): string | null => {
  const descriptor = openSync(file, 'r');
  try {
    const chunks: Uint8Array[] = [];
    for (let total = 0; total <= MOST_BYTES; ) {
      const chunk = new Uint8Array(CHUNK_BYTES);
      const length = readSync(descriptor, chunk);
      if (length === 0) return Buffer.concat(chunks).toString('utf8');
      chunks.push(chunk.subarray(0, length));
      total += length;
    }
    return null;
  } finally {
    closeSync(descriptor);
  }
};

/**
 * @param scenario a built-in scenario's name, the path of a JSON file, or a scenario itself
 * @throws TrustletError ERR_TRUSTLET_ARGUMENT when a text is neither name nor file; ERR_TRUSTLET_FORMAT, naming the file, when it is not a
 * scenario or longer than 64 MiB
 */
export const loadScenario = (scenario: string | Scenario): Scenario =>
  typeof scenario === 'string' ? loadNamed(scenario) : parseScenario(scenario);

const loadNamed = (nameOrFile: string): Scenario => {
  const known = builtInScenario(nameOrFile);
  if (known !== undefined) return known;
  let text: string | null;
  try {
    text = readText(nameOrFile);
  } catch (cause) {
    throw new TrustletError(
      'ERR_TRUSTLET_ARGUMENT',
      `'${nameOrFile}' is neither a built-in scenario (${scenarioNames.join(', ')}) nor a file that can be read.`,
      { cause },
    );
  }
  if (text === null) {
    throw new TrustletError(
      'ERR_TRUSTLET_FORMAT',
      `${nameOrFile} is longer than ${MOST_BYTES / 2 ** 20} MiB, which no scenario is.`,
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
