// node scripts/wine-guard.mjs: the sample driver in Wine, as it is and in its test build: installed, started, asked by
// test/wine/guard/sample_client.c, stopped and removed. The last line is `N passed, N failed`.
// Wine proves that the driver loads, answers and unloads, and which of its own paths it takes; not what Windows does.

import { mkdirSync } from 'node:fs';
import { mingw } from './build-driver.mjs';
import { buildGuard } from './build-guard.mjs';
import { must } from './lib/driver-sources.mjs';
import { inBuild, inRoot } from './lib/paths.mjs';
import { countLastLine } from './lib/tap.mjs';
import { withDriver } from './lib/wine-driver.mjs';

const SERVICE = 'trustlet-sample';

async function buildClient() {
  const output = inBuild('driver', 'sample_client.exe');
  mkdirSync(inBuild('driver'), { recursive: true });
  const flags = ['-std=c11', '-O1', '-Wall', '-Wextra', '-Werror', '-static', '-D__USE_MINGW_ANSI_STDIO=1'];
  const source = inRoot('test', 'wine', 'guard', 'sample_client.c');
  await must(
    mingw(),
    [...flags, '-I', inRoot('driver', 'include'), '-o', output, source],
    'the sample’s client does not build',
  );
  return output;
}

/**
 * One build of the sample in a prefix of its own, from install to removal.
 * @returns {Promise<{ passed: number, failed: number, log: string }>}
 */
async function tryOut(sys, client, mode) {
  const runs = await withDriver({
    sys,
    service: SERVICE,
    use: async ({ wine }) => {
      const ask = () => wine([client, mode], { timeout: 120 });
      const first = await ask();
      // A driver that died would still be called running (facts/wine.md 0): it must stop, start and answer again.
      const restarts = [await wine(['sc', 'stop', SERVICE]), await wine(['sc', 'start', SERVICE])];
      return [first, ...restarts.filter(({ exitCode }) => exitCode !== 0), await ask()];
    },
  });
  const sum = { passed: 0, failed: 0, log: '' };
  for (const { stdout, stderr } of runs) {
    const { passed, failed } = countLastLine(stdout) ?? { passed: 0, failed: 1 };
    sum.passed += passed;
    sum.failed += failed;
    sum.log += stdout + stderr;
  }
  return sum;
}

const client = await buildClient();
const { sample, sim } = await buildGuard();
let passed = 0;
let failed = 0;
for (const [driver, mode] of [
  [sample, 'plain'],
  [sim, 'sim'],
]) {
  const result =
    driver === undefined
      ? { passed: 0, failed: 1, log: 'there is no test build: test/wine/driver/seam is missing' }
      : await tryOut(driver, client, mode).catch((error) => ({ passed: 0, failed: 1, log: error.message }));
  passed += result.passed;
  failed += result.failed;
  console.log(`${mode}: ${result.passed} passed, ${result.failed} failed`);
  if (result.failed > 0 || process.argv.includes('--log')) console.log(result.log);
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
