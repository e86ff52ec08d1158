// node scripts/test-wine-contract.mjs [--node=20|22] [--log]: the compiled tests of test/wine-driver in the real node.exe in Wine,
// through the addon, beside both builds of the driver: node.exe 22 and 20. Ends with `N passed, N failed`.
// The plumbing is real, the kernel's answers are the scenario's: nothing here shows what Windows does.

import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { buildDriver } from './build-driver.mjs';
import { buildWin32Addon } from './lib/addon-build.mjs';
import { runInWine, testFiles } from './lib/node-tests.mjs';
import { inRoot } from './lib/paths.mjs';
import { runNodeIn, toWindowsPath } from './lib/wine.mjs';
import { buildDriverTool, buildStandIns } from './lib/wine-client.mjs';
import { DRIVER_FAILED, DriverError, withDriver } from './lib/wine-driver.mjs';

const { values } = parseArgs({ options: { node: { type: 'string' }, log: { type: 'boolean', default: false } } });
const NODES = values.node === undefined ? ['22', '20'] : [values.node];

const { driver, sim } = await buildDriver();
await buildWin32Addon();
const env = {
  TRUSTLET_DRIVER_TOOL: toWindowsPath(await buildDriverTool()),
  TRUSTLET_STAND_INS: toWindowsPath(await buildStandIns()),
};
const BUILDS = [
  {
    service: 'trustlet-sim',
    sys: sim,
    files: testFiles(['wine-driver']).filter((file) => !file.includes('production')),
  },
  { service: 'trustlet', sys: driver, files: testFiles(['wine-driver']).filter((file) => file.includes('production')) },
].filter(({ files }) => files.length > 0);

let passed = 0;
let failed = 0;
let broken = 0;
for (const node of NODES) {
  for (const { service, sys, files } of BUILDS) {
    const title = `node.exe ${node} beside ${service}.sys (Wine)`;
    const start = (options) =>
      withDriver({ sys, service, use: (prefix) => runNodeIn(prefix, options), report: options.report });
    const started = performance.now();
    const outcome = await runInWine({ name: `wine-${service}-${node}`, node, files, env, timeout: 300, start }).catch(
      (error) => {
        if (error instanceof DriverError) broken++;
        return { passed: 0, failed: 1, log: `${error.stack}\n${error.used?.stdout ?? ''}${error.used?.stderr ?? ''}` };
      },
    );
    passed += outcome.passed;
    failed += outcome.failed;
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    console.log(`${title}: ${outcome.passed} passed, ${outcome.failed} failed, ${seconds} s`);
    if (outcome.failed > 0 || values.log) console.log(outcome.log);
  }
}
if (!existsSync(inRoot('dist', 'test', 'wine-driver'))) console.log('nothing compiled: npm run build');
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = broken > 0 ? DRIVER_FAILED : failed === 0 && passed > 0 ? 0 : 1;
