// Runs the kit's tests under vitest and under jest; ends with `N passed, N failed`.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
const reports = mkdtempSync(join(tmpdir(), 'trustlet-runners-'));
const program = (...path) => join(here, 'node_modules', ...path);

const RUNNERS = [
  { name: 'vitest', args: [program('vitest', 'vitest.mjs'), 'run', '--reporter=json'] },
  { name: 'jest', args: ['--experimental-vm-modules', program('jest', 'bin', 'jest.js'), '--json'] },
];

// The package under test, as an agent's project has it. A dependency in package.json would tie the lock file to the root's.
if (!existsSync(program('trustlet')))
  symlinkSync(fileURLToPath(new URL('../..', import.meta.url)), program('trustlet'), 'dir');

let [passed, failed] = [0, 0];
try {
  for (const { name, args } of RUNNERS) {
    const report = join(reports, `${name}.json`);
    const result = spawnSync(process.execPath, [...args, `--outputFile=${report}`], {
      cwd: here,
      encoding: 'utf8',
      timeout: 120_000,
    });
    try {
      const { numPassedTests, numFailedTests } = JSON.parse(readFileSync(report, 'utf8'));
      const silent = numPassedTests + numFailedTests === 0 || (numFailedTests === 0 && result.status !== 0);
      passed += numPassedTests;
      failed += numFailedTests + (silent ? 1 : 0);
      console.log(`${name}: ${numPassedTests} passed, ${numFailedTests} failed, exit code ${result.status}`);
      if (result.status !== 0) console.log(result.stdout, result.stderr);
    } catch (error) {
      failed += 1;
      console.log(`${name} left no report: ${error.message}\n${result.stdout}\n${result.stderr}`);
    }
  }
} finally {
  rmSync(reports, { recursive: true, force: true });
}
process.exitCode = failed === 0 ? 0 : 1;
console.log(`${passed} passed, ${failed} failed`);
