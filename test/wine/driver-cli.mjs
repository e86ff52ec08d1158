// node test/wine/driver-cli.mjs: `trustlet driver …` and `trustlet status` under the real node.exe in Wine, with Wine's own sc.exe
// and reg.exe, on the real trustlet.sys: installed, started, asked, stopped, removed. Needs a built repository.
// Ends with `N passed, N failed`. Wine checks no signature and asks for no elevation: those paths are the unit tests'.

import assert from 'node:assert/strict';
import { appendFileSync, copyFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildDriver } from '../../scripts/build-driver.mjs';
import { buildWin32Addon } from '../../scripts/lib/addon-build.mjs';
import { inRoot } from '../../scripts/lib/paths.mjs';
import { openPrefix, retryHungStart, runNodeIn, toWindowsPath } from '../../scripts/lib/wine.mjs';
import { buildDriverTool } from '../../scripts/lib/wine-client.mjs';

const SID = 'S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464';
const SID_BYTES = '010600000000000550000000B589FB381984C2CB5C6C236D5700776EC0026487';
const SERVICE_KEY = 'HKLM\\SYSTEM\\CurrentControlSet\\Services\\trustlet';
const INSTALLED = 'C:\\windows\\System32\\drivers\\trustlet.sys';

const built = await buildDriver();
await buildWin32Addon();
const tool = await buildDriverTool();
const program = toWindowsPath(inRoot('dist', 'lib', 'cli', 'main.js'));

let passed = 0;
let failed = 0;

/** The steps build on one another: after the first that fails the rest says nothing. */
async function step(title, job) {
  if (failed > 0) return;
  try {
    await job();
    passed++;
    console.log(`ok: ${title}`);
  } catch (error) {
    failed++;
    console.log(`FAILED: ${title}\n${error.stack}`);
  }
}

async function inPrefix(prefix) {
  const file = join(prefix.path, 'drive_c', 'windows', 'system32', 'drivers', 'trustlet.sys');
  const folder = join(prefix.path, 'drive_c');
  const trustlet = async (...args) => {
    const ran = await runNodeIn(prefix, { node: '22', args: [program, ...args], timeout: 90 });
    assert.equal(ran.timedOut, false, args.join(' '));
    return ran;
  };
  /** @returns the JSON document of a command that must end with a code */
  const document = async (code, ...args) => {
    const ran = await trustlet(...args, '--json');
    assert.equal(ran.exitCode, code, ran.stdout + ran.stderr);
    return JSON.parse(ran.stdout);
  };
  const install = (...more) => [
    'driver',
    'install',
    '--file',
    toWindowsPath(built.driver),
    '--allow-test-build',
    ...more,
  ];
  const refused = async (expected, ...args) => {
    const { error } = await document(1, ...args);
    assert.match(error.message, expected);
    return error;
  };

  await step('nothing is there', async () => {
    const { driver } = await document(0, 'driver', 'status');
    assert.deepEqual([driver.installed, driver.state, driver.file], [false, null, null]);
    assert.equal((await refused(/it is not installed/, 'driver', 'start')).win32, 1060);
  });

  await step('files that are not to be installed are refused, and nothing is changed', async () => {
    const given = toWindowsPath(built.driver);
    await refused(/test artefact for Wine, never signed/, 'driver', 'install', '--file', given);
    await refused(
      /does not have the device/,
      'driver',
      'install',
      '--file',
      toWindowsPath(built.sim),
      '--allow-test-build',
    );
    await refused(/no complete 64-bit PE image/, 'driver', 'install', '--file', toWindowsPath(inRoot('package.json')));
    assert.equal(existsSync(file), false);
  });

  await step('installed: the file, the service, the client’s SID in the registry', async () => {
    const { changed, driver } = await document(0, ...install('--service-account', 'NT SERVICE\\TrustedInstaller'));
    assert.equal(changed.length, 3);
    assert.deepEqual([driver.state, driver.start, driver.path], ['stopped', 'demand', INSTALLED]);
    assert.equal(driver.clientServiceSid, SID);
    assert.equal(driver.signature.state, 'unsigned');
    assert.deepEqual(readFileSync(file), readFileSync(built.driver));
    const asked = await prefix.wine(['reg', 'query', `${SERVICE_KEY}\\Parameters`], { timeout: 60 });
    assert.match(asked.stdout, new RegExp(`ClientServiceSid +REG_BINARY +${SID_BYTES}`));
  });

  await step('installed again: nothing to do', async () => {
    assert.deepEqual((await document(0, ...install())).changed, []);
  });

  await step('started with that SID, it runs and answers', async () => {
    const ran = await trustlet('driver', 'start');
    assert.equal(ran.exitCode, 0, ran.stderr);
    assert.match(ran.stdout, /^- started the driver\r?\ndriver {6}running\r?$/m);
    const pinged = await prefix.wine([tool, 'restart', 'trustlet', '\\\\.\\Trustlet'], { timeout: 90 });
    assert.equal(pinged.exitCode, 0, pinged.stdout);
    assert.deepEqual((await document(0, 'driver', 'start')).changed, []);
  });

  await step('trustlet status shows it, and who answers', async () => {
    const { backend, answering, driver, driverProblem, fallback } = await document(0, 'status');
    assert.equal(driverProblem, null);
    assert.deepEqual([driver.state, driver.file.version, driver.signature.state], ['running', '0.1.0.0', 'unsigned']);
    assert.deepEqual([backend, fallback], ['driver', null]);
    assert.deepEqual([answering.version, answering.protocol], ['0.1.0', 1]);
    assert.ok(answering.capabilities.includes('guard'));
  });

  await step('a running driver keeps its file; a stopped one gets the new one', async () => {
    const other = join(folder, 'other.sys');
    copyFileSync(built.driver, other);
    appendFileSync(other, 'x');
    const update = ['driver', 'install', '--file', 'C:\\other.sys', '--allow-test-build'];
    await refused(/a different trustlet\.sys is in use \(the driver is running\)/, ...update);
    assert.deepEqual(readFileSync(file), readFileSync(built.driver));
    assert.deepEqual((await document(0, 'driver', 'stop')).changed, ['stopped the driver']);
    const { backend, fallback } = await document(0, 'status');
    assert.equal(backend, 'ntdll');
    assert.match(fallback, /driver/);
    assert.deepEqual((await document(0, ...update)).changed, [`copied the file to ${INSTALLED}`]);
    assert.deepEqual(readFileSync(file), readFileSync(other));
    assert.equal((await document(0, 'driver', 'start')).driver.state, 'running');
  });

  await step('the client’s SID can be taken away again', async () => {
    const { changed, driver } = await document(
      0,
      'driver',
      'install',
      '--file',
      'C:\\other.sys',
      '--allow-test-build',
      '--no-service-account',
    );
    assert.deepEqual([changed, driver.clientServiceSid], [['let in no service any more'], null]);
  });

  await step('a driver that does not start is reported', async () => {
    await document(0, 'driver', 'stop');
    const value = ['/v', 'ClientServiceSid', '/t', 'REG_SZ', '/d', 'S-1-1-0', '/f'];
    const written = await prefix.wine(['reg', 'add', `${SERVICE_KEY}\\Parameters`, ...value], { timeout: 60 });
    assert.equal(written.exitCode, 0);
    assert.equal((await document(0, 'driver', 'status')).driver.clientServiceSid, 'invalid');
    await refused(/could not be started: sc\.exe failed and gave no reason/, 'driver', 'start');
    await document(
      0,
      ...['driver', 'install', '--file', 'C:\\other.sys', '--allow-test-build', '--no-service-account'],
    );
    assert.equal((await document(0, 'driver', 'start')).driver.state, 'running');
  });

  await step('uninstalled from where it ran: stopped, service and file gone', async () => {
    const { changed, driver } = await document(0, 'driver', 'uninstall');
    assert.deepEqual(changed, ['stopped the driver', 'deleted the service trustlet', `removed ${INSTALLED}`]);
    assert.equal(driver.installed, false);
    assert.equal(existsSync(file), false);
    const asked = await prefix.wine(['reg', 'query', SERVICE_KEY], { timeout: 60 });
    assert.notEqual(asked.exitCode, 0);
    assert.deepEqual((await document(0, 'driver', 'uninstall')).changed, []);
  });
}

await retryHungStart(async () => {
  passed = 0;
  failed = 0;
  const prefix = await openPrefix();
  try {
    await inPrefix(prefix);
  } finally {
    prefix.close();
  }
});
process.exitCode = failed === 0 ? 0 : 1;
console.log(`${passed} passed, ${failed} failed`);
