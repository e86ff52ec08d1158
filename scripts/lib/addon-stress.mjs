// The host build's devices under the thread sanitizer, without node (test/native/stress/device_stress.cc).

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { buildStress } from './addon-build.mjs';
import { inBuild, inRoot } from './paths.mjs';
import { run } from './run.mjs';

const SEED = 20_261_123;

const lib = (...path) => import(pathToFileURL(inRoot('dist', 'lib', ...path)).href);

/**
 * @param {{ long?: boolean }} [options]
 * @returns {Promise<string>} what it measured
 * @throws {Error} with what the sanitizer found, or that a request did not settle exactly once
 */
export async function stressDevices({ long = false } = {}) {
  const program = await buildStress();
  const { resolveScenario } = await lib('emulator', 'resolve-scenario.js');
  const { encodeScenarioTable } = await lib('testing', 'scenario-table.js');
  const { Codec } = await lib('protocol', 'index.js');
  const scenario = resolveScenario({
    schema: 1,
    name: 'stress',
    title: 'a machine for the stress test of the addon',
    system: { build: 26100, vsm: true },
    agent: 'agent',
    processes: [
      { label: 'system', image: 'System', kind: 'system', pid: 4 },
      { label: 'agent', image: 'agent.exe', parent: 'system', user: 'administrator', elevated: true },
    ],
    crowds: [{ label: 'crowd', count: 200, image: 'x.exe', parent: 'system' }],
  });
  const folder = inBuild('addon', 'stress');
  mkdirSync(folder, { recursive: true });
  const files = Object.entries({
    table: encodeScenarioTable(scenario),
    census: new Codec().encodeCensus(null),
    hello: new Codec().encodeHello(),
  }).map(([name, bytes]) => {
    const path = join(folder, `${name}.bin`);
    writeFileSync(path, bytes);
    return path;
  });
  const result = await run(program, [...files, long ? '2000' : '40', String(SEED)], { timeout: long ? 1800 : 120 });
  if (result.exitCode !== 0)
    throw new Error(
      `exit code ${result.exitCode}${result.timedOut ? ', out of time' : ''}\n${result.stdout}${result.stderr}`,
    );
  return result.stdout.trim();
}
