// node test/package/run.mjs: the packed package in fresh projects, installed by npm from the tarball: on this machine, and with the real
// node.exe in Wine beside the driver. Needs a compiled repository; ends with `N passed, N failed`.

import assert from 'node:assert/strict';
import { packTarball } from '../../scripts/lib/package-tarball.mjs';
import { inBuild } from '../../scripts/lib/paths.mjs';
import { linuxChecks } from './linux.mjs';
import { emptyHome, project } from './project.mjs';
import { wineChecks } from './wine.mjs';

let [passed, failed] = [0, 0];

/** @param {string} title @param {() => unknown} job */
async function check(title, job) {
  try {
    await job();
    passed += 1;
    console.log(`ok - ${title}`);
  } catch (error) {
    failed += 1;
    console.log(`not ok - ${title}\n  ${String(error.stack ?? error).replaceAll('\n', '\n  ')}`);
  }
}

const tarball = await packTarball(inBuild('package-fresh-tarball'));
emptyHome();

/** npm, and nothing of the package's own may have run. */
async function install({ npm, scripts }, ...args) {
  const result = await npm(...args);
  assert.equal(result.exitCode, 0, result.stdout + result.stderr);
  return scripts().filter((line) => line.startsWith('trustlet '));
}

const here = project('here');
await check('a script that npm runs is written down', async () => {
  await here.npm('run', 'canary');
  assert.deepEqual(here.scripts(), ['here canary: -c true']);
});
await check('npm install of the tarball runs no script of the package', async () => {
  assert.deepEqual(await install(here, 'install', tarball.path), []);
});
await check('nor does npm ci, or npm install by the lock file that this made', async () => {
  assert.deepEqual(await install(here, 'ci'), []);
  assert.deepEqual(await install(here, 'install'), []);
});
await check('npm rebuild builds nothing, and changes no file', async () => {
  const before = here.installed();
  assert.deepEqual(await install(here, 'rebuild', '--build-from-source'), []);
  assert.deepEqual(here.installed(), before);
});
await check('with --ignore-scripts the same files are there', async () => {
  const ignoring = project('ignoring');
  assert.deepEqual(await install(ignoring, 'install', '--ignore-scripts', tarball.path), []);
  assert.deepEqual(ignoring.installed(), here.installed());
  assert.equal(Object.keys(here.installed()).length, tarball.files.length);
});
await linuxChecks({ check, here });

const windows = project('windows');
await check('npm installs it for Windows', async () => {
  const args = ['install', '--os=win32', '--cpu=x64', '--ignore-scripts', tarball.path];
  assert.deepEqual(await install(windows, ...args), []);
});
await wineChecks({ check, windows });

console.log('On this machine and, with the real node.exe, in Wine. Nothing here ran on Windows.');
process.exitCode = failed > 0 ? 1 : 0;
console.log(`${passed} passed, ${failed} failed`);
