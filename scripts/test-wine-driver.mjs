// node scripts/test-wine-driver.mjs [--long]: both builds of the driver in Wine, asked by C clients through real IOCTLs. Ends with
// `N passed, N failed`. Wine proves loading, dispatch and unloading; its NT answers are scripted or honestly missing.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { buildDriver, mingw } from './build-driver.mjs';
import { filesBelow, inBuild, inRoot } from './lib/paths.mjs';
import { run } from './lib/run.mjs';
import { countLastLine } from './lib/tap.mjs';
import { toWindowsPath } from './lib/wine.mjs';
import { withDriver } from './lib/wine-driver.mjs';

const long = process.argv.includes('--long');
/** Seconds of stress, killed clients, start/stop cycles. */
const LOAD = long ? ['30', '50', '100'] : ['5', '5', '10'];

let passed = 0;
let failed = 0;
const count = (good, title) => {
  if (good) passed++;
  else failed++;
  console.log(`${good ? 'ok' : 'not ok'} - ${title}`);
};

async function compile(name, sources) {
  const folder = inBuild('wine-driver');
  mkdirSync(folder, { recursive: true });
  const output = join(folder, `${name}.exe`);
  const flags = ['-std=gnu11', '-O1', '-static', '-Wall', '-Wextra', '-Werror', '-Wconversion', '-Wsign-conversion'];
  const result = await run(mingw(), [...flags, '-I', inRoot('driver', 'include'), '-o', output, ...sources]);
  if (result.exitCode !== 0) throw new Error(`${name}.exe does not compile:\n${result.stdout}${result.stderr}`);
  return output;
}

const cFilesOf = (folder) =>
  filesBelow(folder, (path) => path.endsWith('.c')).filter((path) => !path.includes('/seam/'));
const client = await compile('client', cFilesOf(inRoot('test', 'wine', 'driver')));
const example = await compile('example', [inRoot('driver', 'example', 'example.c')]);
const { driver, sim } = await buildDriver();

/** The client against one build. */
async function ask(service, sys) {
  try {
    const result = await withDriver({
      sys,
      service,
      use: (prefix) => prefix.wine([client, service, ...LOAD], { timeout: long ? 600 : 240 }),
    });
    const counts = countLastLine(result.stdout) ?? { passed: 0, failed: 1 };
    if (result.exitCode !== 0 && counts.failed === 0) counts.failed = 1;
    passed += counts.passed;
    failed += counts.failed;
    for (const line of result.stdout.split(/\r?\n/))
      if (line.startsWith('# ')) console.log(`${service}: ${line.slice(2)}`);
    console.log(`${service}: ${counts.passed} passed, ${counts.failed} failed (Wine)`);
    if (counts.failed > 0) console.log(result.stdout + result.stderr);
    count(true, `${service}: installed, started, used, stopped, removed`);
  } catch (error) {
    count(false, `${service}: installed, started, used, stopped, removed\n${error.message}`);
  }
}

/** The program that the documentation shows: the client starts it on a scripted trustlet, an ordinary process, and itself. */
async function askByExample() {
  const result = await withDriver({
    sys: sim,
    service: 'trustlet-sim',
    use: (prefix) => prefix.wine([client, 'example', toWindowsPath(example)], { timeout: 120 }),
  });
  const counts = countLastLine(result.stdout) ?? { passed: 0, failed: 1 };
  passed += counts.passed;
  failed += counts.failed;
  console.log(`driver/example: ${counts.passed} passed, ${counts.failed} failed (Wine)`);
  if (counts.failed > 0 || result.exitCode !== 0) console.log(result.stdout + result.stderr);
}

await ask('trustlet', driver);
await ask('trustlet-sim', sim);
await askByExample();
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
