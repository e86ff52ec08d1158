// node scripts/test-wine-driver.mjs [--long]: both builds of the driver in Wine, asked by C clients through real IOCTLs. Ends with
// `N passed, N failed`. Wine proves loading, dispatch and unloading; its NT answers are scripted or honestly missing.

import { buildDriver } from './build-driver.mjs';
import { filesBelow, inRoot } from './lib/paths.mjs';
import { countLastLine } from './lib/tap.mjs';
import { HungStart, toWindowsPath } from './lib/wine.mjs';
import { buildClient, buildCrashingDriver, buildDriverTool } from './lib/wine-client.mjs';
import { DRIVER_FAILED, DriverError, withDriver } from './lib/wine-driver.mjs';

const long = process.argv.includes('--long');
/** Seconds of stress, killed clients, start/stop cycles. */
const LOAD = long ? ['30', '50', '100'] : ['5', '5', '10'];

let passed = 0;
let failed = 0;
/** Drivers that failed: their tests say nothing. */
let broken = 0;
const count = (good, title) => {
  if (good) passed++;
  else failed++;
  console.log(`${good ? 'ok' : 'not ok'} - ${title}`);
};

const cFilesOf = (folder) =>
  filesBelow(folder, (path) => path.endsWith('.c')).filter((path) => !path.includes('/seam/'));
const client = await buildClient('client', cFilesOf(inRoot('test', 'wine', 'driver')));
const example = await buildClient('example', [inRoot('driver', 'example', 'example.c')]);
const { driver, sim } = await buildDriver();

/** Adds a client's counts; its output is shown where something failed. */
function addCounts(title, result, show = false) {
  const counts = countLastLine(result.stdout) ?? { passed: 0, failed: 1 };
  if (result.exitCode !== 0 && counts.failed === 0) counts.failed = 1;
  passed += counts.passed;
  failed += counts.failed;
  for (const line of result.stdout.split(/\r?\n/)) if (line.startsWith('# ')) console.log(`${title}: ${line.slice(2)}`);
  console.log(`${title}: ${counts.passed} passed, ${counts.failed} failed (Wine)`);
  if (show || counts.failed > 0) console.log(result.stdout + result.stderr);
}

/** A client that never said a word did not start (facts/wine.md 12). */
async function runClient(prefix, args, timeout) {
  const result = await prefix.wine([client, ...args], { timeout });
  if (result.timedOut && result.stdout === '')
    throw new HungStart(`client.exe ${args[0]} said nothing in ${timeout} s`);
  return result;
}

/** A client against one build, from installing to removing. What it said is counted and shown even if the driver died of it. */
async function ask(title, { service, sys, args, timeout }) {
  const started = `${title}: installed, started, used, stopped, removed`;
  try {
    addCounts(title, await withDriver({ sys, service, use: (prefix) => runClient(prefix, args, timeout) }));
    count(true, started);
  } catch (error) {
    if (error instanceof DriverError) {
      broken++;
      if (error.used !== undefined) addCounts(title, error.used, true);
    }
    count(false, `${started}\n${error instanceof DriverError ? 'THE DRIVER FAILED: ' : ''}${error.stack}`);
  }
}

/** Starts a driver and stops it again. @returns {Promise<unknown>} what the use returned, or the error that came of it */
const attempt = ({ service, sys, values = [], device, use = async () => undefined }) =>
  withDriver({ sys, service, ...(device === undefined ? {} : { device }), values, use }).catch((error) => error);

const HEX = {
  serviceSid: '010600000000000550000000112233440102030405060708090A0B0C0D0E0F10',
  users: '01020000000000052000000021020000',
};
const ENTRY_OF_SERVICE_SID =
  /00002800(89001200|89011200)010600000000000550000000112233440102030405060708090a0b0c0d0e0f10/i;

/** The one account that may be named beside SYSTEM and Administrators: named well, or the driver does not load. */
async function askServiceSid(service, sys) {
  const value = (type, data) => [{ name: 'ClientServiceSid', type, data }];
  const refused = async (title, values) => {
    const error = await attempt({ service, sys, values });
    // ERROR_INVALID_SID, from STATUS_INVALID_SID of DriverEntry.
    count(
      error instanceof DriverError && /error 1337\b/.test(error.message),
      `${service}: ${title}${error instanceof DriverError ? '' : `: ${error?.stack}`}`,
    );
  };
  const security = await attempt({
    service,
    sys,
    values: value('REG_BINARY', HEX.serviceSid),
    use: ({ wine }) =>
      wine(['reg', 'query', `HKLM\\System\\CurrentControlSet\\Services\\${service}\\Parameters`], { timeout: 60 }),
  });
  count(
    !(security instanceof Error),
    `${service}: it loads with a service’s SID in the registry${security instanceof Error ? `: ${security.stack}` : ''}`,
  );
  // The seam leaves the device's list there; the production build has no seam.
  if (service === 'trustlet-sim')
    count(
      ENTRY_OF_SERVICE_SID.test(/DeviceSecurity\s+REG_BINARY\s+([0-9a-f]+)/i.exec(security.stdout)?.[1] ?? ''),
      `${service}: that account’s entry is in the device’s list, and grants reading alone`,
    );
  await refused(
    'it refuses to load with the SID of an account that is no service’s (error 1337)',
    value('REG_BINARY', HEX.users),
  );
  await refused('it refuses to load with a SID that is text (error 1337)', value('REG_SZ', 'S-1-5-80-1-2-3-4-5'));
  await refused(
    'it refuses to load with bytes that are longer than any SID (error 1337)',
    value('REG_BINARY', '01'.repeat(80)),
  );
  await refused(
    'it refuses to load with bytes that are shorter than they say (error 1337)',
    value('REG_BINARY', HEX.serviceSid.slice(0, -8)),
  );
}

/** The harness itself: a driver that crashes is blamed, and what the client had said is not lost. */
async function askHarness() {
  const device = '\\\\.\\TrustletCrashing';
  const [sys, tool] = [await buildCrashingDriver(), await buildDriverTool()];
  const use = ({ wine }) => wine([tool, 'ask', device, '80006000'], { timeout: 60 });
  const error = await attempt({ service: 'trustlet-crashing', sys, device, use });
  const title = 'a driver that crashes in use is reported as the driver’s failure';
  count(
    error instanceof DriverError && /failed in use/.test(error.message),
    `the harness: ${title}${error instanceof DriverError ? '' : `: ${error?.stack}`}`,
  );
  count(
    /^asking .*\r?\nnot answered: error \d+/m.test(error?.used?.stdout ?? ''),
    'the harness: what the client said before and after the crash is kept',
  );
  const harmless = await attempt({
    service: 'trustlet-crashing',
    sys,
    device,
    use: async ({ wine }) => (await wine([tool, 'ask', device, '80006004'], { timeout: 60 })).stdout,
  });
  count(/error 1\b/.test(String(harmless)), 'the harness: the same driver, not made to crash, stops and is removed');
  const thrown = await attempt({
    service: 'trustlet-crashing',
    sys,
    device,
    use: () => Promise.reject(new Error('a test’s own')),
  });
  count(
    thrown.message === 'a test’s own' && !(thrown instanceof DriverError),
    'the harness: what a test throws stays a failure of the test',
  );
  const reports = [];
  let hung = 0;
  const once = await withDriver({
    service: 'trustlet-crashing',
    sys,
    device,
    use: async () => {
      if (++hung === 1) throw new HungStart('a client did not start');
      return hung;
    },
    report: (message) => reports.push(message),
  });
  count(
    once === 2 && reports.length === 1 && reports[0].startsWith('RETRY: a client did not start'),
    'the harness: a start that hung is tried once more, aloud',
  );
}

await askHarness();
await ask('trustlet', { service: 'trustlet', sys: driver, args: ['trustlet', ...LOAD], timeout: long ? 600 : 240 });
await ask('trustlet-sim', {
  service: 'trustlet-sim',
  sys: sim,
  args: ['trustlet-sim', ...LOAD],
  timeout: long ? 600 : 240,
});
await ask('driver/example', {
  service: 'trustlet-sim',
  sys: sim,
  args: ['example', toWindowsPath(example)],
  timeout: 120,
});
await askServiceSid('trustlet', driver);
await askServiceSid('trustlet-sim', sim);
if (broken > 0) console.log(`${broken} of the runs above ended with a driver that failed: their tests say nothing`);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = broken > 0 ? DRIVER_FAILED : failed === 0 ? 0 : 1;
