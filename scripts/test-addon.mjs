// node scripts/test-addon.mjs [--host] [--win32] [--long] [--log]: the tests of the addon; both parts without an option. Ends with a
// line `N passed, N failed`.
//   --host    test/native on the host build, plain and under the sanitizers (simulated kernel); format and analysis of its
//             sources
//   --win32   the prebuilt file: what it is made of, that it is built the same twice, and what it does in node.exe (Wine)
//   --long    a million random requests, a million queries and 100,000 devices instead of some thousand
// A line that begins `# ` is what a test measured.

import { rmSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { buildDriver } from './build-driver.mjs';
import { ANALYSERS, analyseAddon } from './lib/addon-analysis.mjs';
import { buildWin32Addon, buildWithCmakeJs, buildWithGyp } from './lib/addon-build.mjs';
import { checkAddonFile } from './lib/addon-file.mjs';
import { stressDevices } from './lib/addon-stress.mjs';
import { testHostAddon } from './lib/addon-tests.mjs';
import { pendingInWine, smokeInWine } from './lib/addon-wine.mjs';
import { filesBelow, inBuild, inRoot } from './lib/paths.mjs';
import { run } from './lib/run.mjs';
import { countLastLine } from './lib/tap.mjs';

const { values } = parseArgs({
  options: {
    host: { type: 'boolean', default: false },
    win32: { type: 'boolean', default: false },
    long: { type: 'boolean', default: false },
    log: { type: 'boolean', default: false },
  },
});
const all = !values.host && !values.win32;
const total = { passed: 0, failed: 0 };

function add(what, { passed, failed, log }) {
  total.passed += passed;
  total.failed += failed;
  console.log(`${what}: ${passed} passed, ${failed} failed`);
  if (failed > 0 || values.log) console.log(log);
}

/** A check that throws what is wrong. */
async function check(what, run) {
  try {
    await run();
    add(what, { passed: 1, failed: 0, log: '' });
  } catch (error) {
    add(what, { passed: 0, failed: 1, log: error.message });
  }
}

async function inWine(what, run) {
  try {
    const { stdout, stderr, exitCode } = await run();
    for (const line of stdout.split('\n')) if (/^# \d/.test(line)) console.log(line);
    const counts = countLastLine(stdout) ?? { passed: 0, failed: 1 };
    if (exitCode !== 0 && counts.failed === 0) counts.failed = 1;
    add(what, { ...counts, log: stdout + stderr });
  } catch (error) {
    add(what, { passed: 0, failed: 1, log: error.message });
  }
}

/** The root's .clang-format. */
async function formatted() {
  const files = [inRoot('native'), inRoot('test', 'native')].flatMap((folder) =>
    filesBelow(folder, (path) => /\.(cc|c|h)$/.test(path)),
  );
  const { exitCode, stdout, stderr } = await run('clang-format', ['--dry-run', '--Werror', ...files], { timeout: 60 });
  if (exitCode !== 0) throw new Error(stdout + stderr);
}

if (all || values.host) {
  await check('native/ is formatted', formatted);
  for (const name of Object.keys(ANALYSERS)) await check(`native/ by ${name}`, () => analyseAddon(name));
  for (const variant of /** @type {const} */ (['plain', 'asan'])) {
    const result = await testHostAddon({ variant, long: values.long });
    add(`host build, ${variant} (simulated kernel)`, result);
    for (const sentence of result.measured) console.log(`# ${sentence}`);
  }
}

if (all || values.host)
  await check('devices of four environments under the thread sanitizer (simulated kernel)', async () => {
    console.log(await stressDevices({ long: values.long }));
  });

if (all || values.win32) {
  const { path, sha256 } = await buildWin32Addon();
  await check('the prebuilt file is what it should be', () => checkAddonFile(path));
  await check('it is built the same twice', async () => {
    const [folder, out] = [inBuild('addon', 'win32-x64-again'), inBuild('addon', 'again')];
    rmSync(folder, { recursive: true, force: true });
    const again = await buildWin32Addon({ folder, out });
    if (again.sha256 !== sha256) throw new Error(`${again.path} has ${again.sha256}, ${path} has ${sha256}`);
  });
  const { driver, sim } = await buildDriver();
  const rebuilt = await buildWithGyp();
  await check('the file that node-gyp builds is what it should be', () => checkAddonFile(rebuilt));
  await inWine('node.exe 22 with the file that node-gyp builds (Wine)', () =>
    smokeInWine({ node: '22', sys: driver, binding: rebuilt }),
  );
  await check('the file that cmake-js builds is what it should be', async () =>
    checkAddonFile(await buildWithCmakeJs()),
  );
  for (const node of /** @type {const} */ (['20', '22'])) {
    await inWine(`node.exe ${node} beside trustlet.sys (Wine)`, () => smokeInWine({ node, sys: driver }));
    await inWine(`node.exe ${node} beside trustlet-sim.sys (Wine)`, () => smokeInWine({ node, sys: sim, sim: true }));
    await inWine(`node.exe ${node} beside a driver whose requests pend (Wine)`, () => pendingInWine({ node }));
  }
}
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed === 0 ? 0 : 1;
