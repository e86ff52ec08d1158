// npm run bench [-- --quick]: measures what our layers cost, beside plain C, koffi and what else there is, and holds it against the
// aims of DESIGN.md. Prints the tables and writes bench/results.json, from which `npm run docs` makes docs/bench.md; ends with
// `N passed, N failed`, which counts checks of the measuring itself, not aims.
//   --quick   half a minute, nothing in Wine, few rounds; writes build/bench/quick.json instead: its numbers are not for publishing

import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { buildDriver } from '../scripts/build-driver.mjs';
import { buildNtsim } from '../scripts/build-ntsim.mjs';
import { buildWin32Addon } from '../scripts/lib/addon-build.mjs';
import { build } from '../scripts/lib/dist.mjs';
import { inBuild, inRoot } from '../scripts/lib/paths.mjs';
import { run } from '../scripts/lib/run.mjs';
import { runNodeIn, toWindowsPath } from '../scripts/lib/wine.mjs';
import { buildStandIns } from '../scripts/lib/wine-client.mjs';
import { withDriver } from '../scripts/lib/wine-driver.mjs';
import { setUp } from '../scripts/setup.mjs';
import { buildPlainCalls, FLAGS } from './native/build.mjs';

const NODE_EXE = '22';
/** A one-minute load average that one core of two hardly feels. */
const IDLE = 0.5;

const { values } = parseArgs({ options: { quick: { type: 'boolean', default: false } } });
const { quick } = values;

/** @typedef {import('../dist/bench/results.js').Findings} Findings */

async function must(command, args, options) {
  const result = await run(command, args, options);
  if (result.exitCode !== 0)
    throw new Error(`${command} ${args.join(' ')}: exit code ${result.exitCode}\n${result.stdout}${result.stderr}`);
  return result.stdout.trim();
}

const readFindings = (path) => /** @type {Findings} */ (JSON.parse(readFileSync(path, 'utf8')));

async function onLinux() {
  const { addon, library } = await buildPlainCalls();
  const ntsim = await buildNtsim({ target: 'linux' });
  const out = inBuild('bench', 'linux.json');
  const program = inRoot('dist', 'bench', 'linux.js');
  const given = ['--addon', addon, '--plain', library, '--ntsim', ntsim, '--out', out, ...(quick ? ['--quick'] : [])];
  await must(process.execPath, ['--expose-gc', program, ...given], { timeout: 900 });
  return readFindings(out);
}

/** Reading files, which is the same on every system; they are made for it, and gone afterwards. */
async function onFiles() {
  const out = inBuild('bench', 'inspect.json');
  const program = inRoot('dist', 'bench', 'inspect.js');
  const given = ['--folder', inBuild('bench', 'files'), '--out', out, ...(quick ? ['--quick'] : [])];
  await must(process.execPath, ['--expose-gc', program, ...given], { timeout: 900 });
  return readFindings(out);
}

/** The peers, below build/: they are no dependency of anything. */
async function installPeers() {
  const folder = inBuild('bench', 'peers');
  mkdirSync(folder, { recursive: true });
  for (const name of ['package.json', 'package-lock.json']) cpSync(inRoot('bench', 'peers', name), join(folder, name));
  // --force: they are for Windows alone, which this is not. Their install scripts would build on this system; the one that has a
  // native half ships it built.
  await must('npm', ['ci', '--ignore-scripts', '--force', '--no-audit', '--no-fund'], { cwd: folder, timeout: 300 });
  return folder;
}

async function inWine() {
  const tools = await setUp({ want: ['wine', 'node.exe', 'mingw', 'mingw C++', 'cmake, make and python'] });
  const missing = tools.explain(['wine', 'node.exe', 'mingw', 'mingw C++', 'cmake, make and python']);
  if (missing.length > 0) return { missing: missing.join('; ') };
  const { driver } = await buildDriver();
  await buildWin32Addon();
  const out = inBuild('bench', 'wine.json');
  rmSync(out, { force: true });
  const args = [
    '--expose-gc',
    inRoot('dist', 'bench', 'wine.js'),
    ...['--peers', toWindowsPath(await installPeers())],
    ...['--stand-ins', toWindowsPath(await buildStandIns())],
    ...['--out', toWindowsPath(out)],
  ];
  const result = await withDriver({
    sys: driver,
    service: 'trustlet',
    use: (prefix) => runNodeIn(prefix, { node: NODE_EXE, args, timeout: 400 }),
  });
  if (result.exitCode !== 0) throw new Error(`the bench in Wine failed:\n${result.stdout}${result.stderr}`);
  return { findings: readFindings(out) };
}

const machine = async (loadBefore) => ({
  cpu: cpus()[0]?.model.trim() ?? 'unknown',
  cores: availableParallelism(),
  memoryGiB: Math.round(totalmem() / 2 ** 30),
  system: await must('uname', ['-sr'], {}),
  node: process.versions.node,
  compiler: (await must('gcc', ['--version'], {})).split('\n', 1)[0],
  /** One-minute averages: what else the machine had to do. */
  load: { before: loadBefore, after: loadavg()[0] },
});

const built = await build();
if (built.exitCode !== 0) throw new Error(`the repository does not build:\n${built.stdout}${built.stderr}`);
const loadBefore = loadavg()[0];
const started = performance.now();
const linux = await onLinux();
const files = await onFiles();
const wine = quick ? {} : await inWine();
const parts = [linux, files, ...(wine.findings === undefined ? [] : [wine.findings])];

/** @param {keyof Findings} key */
const all = (key) => parts.flatMap((part) => part[key]);
const results = {
  schema: 1,
  command: quick ? 'npm run bench -- --quick' : 'npm run bench',
  date: new Date().toISOString().slice(0, 10),
  commit: await must('git', ['rev-parse', 'HEAD'], {}),
  changedBeside: (await must('git', ['status', '--porcelain', '--', 'lib', 'driver', 'native', 'bench'], {})) !== '',
  machine: await machine(loadBefore),
  flags: FLAGS.filter((flag) => /^-[OD]/.test(flag)).join(' '),
  wine: wine.findings === undefined ? null : `${await must('wine', ['--version'], {})}, node.exe ${NODE_EXE}`,
  seconds: Math.round((performance.now() - started) / 1000),
  measurements: all('measurements'),
  notMeasured: [
    ...all('notMeasured'),
    ...(wine.missing === undefined
      ? []
      : [{ group: 'wine-census', name: 'everything in Wine', where: 'Wine', reason: wine.missing }]),
  ],
  growth: all('growth'),
  remarks: all('remarks'),
  aims: all('aims'),
};
const file = quick ? inBuild('bench', 'quick.json') : inRoot('bench', 'results.json');
writeFileSync(file, `${JSON.stringify(results, null, 2)}\n`);

const { benchPage } = await import('../dist/scripts/bench-page.js');
console.log(benchPage(readFileSync(file, 'utf8')));
if (loadBefore > IDLE)
  console.log(
    `This machine was not idle (load average ${loadBefore.toFixed(2)}): numbers for publishing need an idle one.`,
  );
const checks = all('checks');
for (const { name, passed, detail } of checks) if (!passed) console.log(`FAILED ${name} (${detail})`);
const failed = checks.filter(({ passed }) => !passed).length;
console.log(`${checks.length - failed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
