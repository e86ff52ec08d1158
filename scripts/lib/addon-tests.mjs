// The tests of test/native, and the contract of every backend, on the host build, each file in a process of its own; under the
// sanitizers, node needs their runtime loaded before itself.

import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { basename } from 'node:path';
import { buildHostAddon } from './addon-build.mjs';
import { testFiles } from './node-tests.mjs';
import { inBuild } from './paths.mjs';
import { cleanEnvironment, run } from './run.mjs';
import { countTap, failuresOf, measuredIn } from './tap.mjs';

/**
 * @typedef {object} Sum
 * @property {number} passed
 * @property {number} failed
 * @property {string} log
 * @property {string[]} measured sentences that begin with a number
 */

const runtimeOf = (library) =>
  spawnSync('gcc', [`-print-file-name=${library}`], { encoding: 'utf8', timeout: 10_000 }).stdout.trim();

/**
 * What the sanitizers find ends the process, and so the test. Leaks are not theirs to judge: node itself leaves memory at its end,
 * and what is the addon's is counted by the tests (handles, devices, the simulated kernel's own check).
 */
const sanitized = () => ({
  LD_PRELOAD: [runtimeOf('libasan.so'), runtimeOf('libubsan.so')].join(' '),
  // A small quarantine: it would pass for a leak where memory is measured.
  ASAN_OPTIONS: 'detect_leaks=0:abort_on_error=1:allocator_may_return_null=1:quarantine_size_mb=16',
  UBSAN_OPTIONS: 'print_stacktrace=1:halt_on_error=1',
});

/**
 * @param {{ variant: import('./addon-build.mjs').AddonVariant, long?: boolean }} options
 * @returns {Promise<Sum>}
 */
export async function testHostAddon({ variant, long = false }) {
  const addon = await buildHostAddon({ variant });
  const folder = inBuild('test', 'native');
  mkdirSync(folder, { recursive: true });
  const sum = { passed: 0, failed: 0, log: '', measured: [] };
  const contract = testFiles(['contract']).filter((file) => file.includes('host-device'));
  for (const file of [...testFiles(['native']), ...contract]) {
    const name = `${basename(file, '.test.js')}-${variant}`;
    const reports = { tap: `${folder}/${name}.tap`, spec: `${folder}/${name}.spec` };
    for (const path of Object.values(reports)) rmSync(path, { force: true });
    const args = Object.entries(reports).flatMap(([reporter, path]) => [
      `--test-reporter=${reporter}`,
      `--test-reporter-destination=${path}`,
    ]);
    const result = await run(process.execPath, ['--expose-gc', '--enable-source-maps', ...args, file], {
      env: {
        ...cleanEnvironment(),
        ...(variant === 'asan' ? sanitized() : {}),
        TRUSTLET_TEST_ADDON: addon,
        ...(long ? { TRUSTLET_RUNS: '100000', TRUSTLET_ROUNDS: '100000', TRUSTLET_BUFFERS: '1000000' } : {}),
      },
      timeout: long ? 3600 : 180,
    });
    const read = (path) => {
      try {
        return readFileSync(path, 'utf8');
      } catch {
        return ''; // the process ended before it wrote any
      }
    };
    const tap = read(reports.tap);
    const { passed, failed, complete } = countTap(tap);
    sum.measured.push(...measuredIn(tap).map((sentence) => `${sentence} (${variant})`));
    const wrong = complete && failed === 0 && result.exitCode !== 0 ? 1 : 0;
    sum.passed += passed;
    sum.failed += failed + wrong;
    if (failed + wrong > 0)
      sum.log += `${name} (exit code ${result.exitCode}):\n${failuresOf(read(reports.spec))}\n${result.stdout}${result.stderr}\n`;
  }
  return sum;
}
