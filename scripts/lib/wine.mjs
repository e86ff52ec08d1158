// The real Windows node.exe in Wine: one template prefix built once, one hard-linked throw-away copy per run.
// The settings and the traps come from facts/wine.md 12.

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { inBuild, inRoot } from './paths.mjs';
import { run, which } from './run.mjs';

const SETTINGS = 1; // raise when the template's contents change
/**
 * Seconds that a prefix's server waits for the next program. By itself it ends the services, and the drivers with them, once no
 * program runs: whatever starts in that moment finds no device, or loses its server (docs/wine-probes.md).
 */
const LINGER = 120;
const START_LIMIT = 120; // seconds until node.exe must have run its first line; measured: 2 s, but a cold disk is far slower

const templateFolder = inBuild('wine', 'template');
const runsFolder = inBuild('wine', 'runs');
const harness = (...parts) => inRoot('scripts', 'wine', ...parts);

let serial = 0;
/** @type {Set<string>} */
const openPrefixes = new Set();

/** A path of this machine as a Windows program in Wine sees it: drive Z: is the root. */
export function toWindowsPath(path) {
  return `Z:${path.replaceAll('/', '\\')}`;
}

/** The Windows node.exe of a major version, from the harness's own packages. */
export function nodeExe(major) {
  return harness('node_modules', `node${major}`, 'bin', 'node.exe');
}

function wineProgram() {
  const found = which('wine') ?? which('wine64');
  if (found === undefined) throw new Error('wine is not installed: run `node scripts/setup.mjs`');
  return found;
}

/** Nothing of the caller's environment but what wine itself needs, so that every run is the same run. */
function wineEnvironment(prefix) {
  const inherited = ['PATH', 'HOME', 'USER', 'LOGNAME', 'CI'].filter((name) => process.env[name] !== undefined);
  return {
    ...Object.fromEntries(inherited.map((name) => [name, process.env[name]])),
    LC_ALL: 'C.UTF-8',
    WINEPREFIX: prefix,
    WINEARCH: 'win64',
    WINEDEBUG: process.env.WINEDEBUG ?? '-all',
    WINEDLLOVERRIDES: 'mscoree,mshtml,winemenubuilder.exe,winedbg.exe=',
  };
}

/** Ends the server of a prefix and with it every process in the prefix; waits until it is gone. */
function stopServer(prefix) {
  const env = wineEnvironment(prefix);
  spawnSync('wineserver', ['-k'], { env, stdio: 'ignore', timeout: 10_000, killSignal: 'SIGKILL' });
  spawnSync('wineserver', ['-w'], { env, stdio: 'ignore', timeout: 20_000, killSignal: 'SIGKILL' });
}

function discard(prefix) {
  openPrefixes.delete(prefix);
  stopServer(prefix);
  rmSync(join(prefix, '..'), { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
}

process.on('exit', () => {
  for (const prefix of openPrefixes) discard(prefix);
});

/** So that an interrupted run leaves no wineserver and no prefix behind. */
function cleanUpOnSignals() {
  const codes = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 };
  for (const [signal, code] of Object.entries(codes)) {
    if (process.listenerCount(signal) === 0) process.once(signal, () => process.exit(code));
  }
}

/** Removes what runs left behind whose process no longer lives. */
function sweepAbandoned() {
  if (!existsSync(runsFolder)) return;
  for (const name of readdirSync(runsFolder)) {
    const owner = Number.parseInt(name, 10);
    if (owner !== process.pid && !existsSync(`/proc/${owner}`)) discard(join(runsFolder, name, 'prefix'));
  }
}

function newRunFolder() {
  const folder = join(runsFolder, `${process.pid}-${++serial}`);
  mkdirSync(folder, { recursive: true });
  return folder;
}

/** Builds the template prefix unless one of this wine version and these settings is there. */
export async function ensureTemplate() {
  const wine = wineProgram();
  const version = spawnSync(wine, ['--version'], { encoding: 'utf8', timeout: 20_000 }).stdout.trim();
  const stamp = `${version} settings ${SETTINGS}\n`;
  const stampFile = join(templateFolder, 'stamp');
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp) return;

  const folder = newRunFolder();
  const prefix = join(folder, 'prefix');
  openPrefixes.add(prefix);
  cleanUpOnSignals();
  const env = wineEnvironment(prefix);
  // The prefix must exist before any server is started by hand, so `wineboot -i` comes first (facts/wine.md 12).
  const steps = [
    ['wineboot', '-i'],
    ['reg', 'add', 'HKCU\\Software\\Wine', '/v', 'Version', '/d', 'win10', '/f'],
  ];
  for (const step of steps) {
    const result = await run(wine, step, { env, timeout: 400 }); // measured: 7 s, and 110 s on a cold disk
    if (result.exitCode !== 0) {
      discard(prefix);
      throw new Error(`wine ${step.join(' ')} failed with ${result.exitCode}\n${result.stdout}${result.stderr}`);
    }
  }
  stopServer(prefix); // writes the registry files
  openPrefixes.delete(prefix);
  writeFileSync(join(folder, 'stamp'), stamp);
  rmSync(templateFolder, { recursive: true, force: true });
  try {
    renameSync(folder, templateFolder);
  } catch (error) {
    // Another process put its template there between the two calls: one is as good as the other.
    if (!existsSync(stampFile)) throw error;
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * A fresh prefix, cloned from the template by hard links. The registry files are real copies: through a hard link the
 * clone would write into the template (facts/wine.md 12).
 */
async function clonePrefix() {
  await ensureTemplate();
  sweepAbandoned();
  const prefix = join(newRunFolder(), 'prefix');
  const template = join(templateFolder, 'prefix');
  const registry = readdirSync(template).filter((name) => name.endsWith('.reg'));
  for (const args of [
    ['-al', template, prefix],
    ['--remove-destination', ...registry.map((name) => join(template, name)), prefix],
  ]) {
    const copied = spawnSync('cp', args, { encoding: 'utf8', timeout: 60_000 });
    if (copied.status !== 0) throw new Error(`cp ${args.join(' ')}: ${copied.stderr}`);
  }
  openPrefixes.add(prefix);
  cleanUpOnSignals();
  return prefix;
}

/**
 * @typedef {object} WinePrefix
 * @property {string} path
 * @property {(args: string[], options?: { env?: NodeJS.ProcessEnv, timeout?: number, live?: boolean, giveUp?: (seconds: number) => boolean }) => Promise<import('./run.mjs').RunResult>} wine
 *   runs one Windows program in the prefix
 * @property {() => void} close ends every process in the prefix and removes it
 */

/**
 * Opens a throw-away prefix.
 * @returns {Promise<WinePrefix>}
 */
export async function openPrefix() {
  const path = await clonePrefix();
  const program = wineProgram();
  const server = spawnSync('wineserver', [`-p${LINGER}`], {
    env: wineEnvironment(path),
    stdio: 'ignore',
    timeout: 20_000,
  });
  if (server.status !== 0) throw new Error(`wineserver -p${LINGER} in a new prefix ended with ${server.status}`);
  return {
    path,
    wine: (args, { env = {}, ...options } = {}) =>
      run(program, args, { ...options, env: { ...wineEnvironment(path), ...env } }),
    close: () => discard(path),
  };
}

/** A program that did not come to its first line within its time: seen once, cause unknown (facts/wine.md 12). */
export class HungStart extends Error {
  name = 'HungStart';
}

/**
 * Runs a job that opens a prefix of its own. One that hung at a start is run once more, and the retry is reported; nothing else
 * is ever retried.
 * @template T
 * @param {(attempt: number) => Promise<T>} job
 * @param {(message: string) => void} [report] default: stderr
 * @returns {Promise<T>}
 */
export async function retryHungStart(job, report = console.error) {
  try {
    return await job(1);
  } catch (error) {
    if (!(error instanceof HungStart)) throw error;
    report(`RETRY: ${error.message}; trying once more in a new prefix`);
    return job(2);
  }
}

/**
 * @typedef {object} NodeOptions
 * @property {'20' | '22'} node major version
 * @property {string[]} args node's arguments; paths of this machine may be given as they are
 * @property {Record<string, string>} [env] added to a clean environment
 * @property {number} [timeout] seconds for the whole run; default 300
 * @property {boolean} [live] show the output as it comes
 */

/**
 * Runs the real node.exe in a prefix.
 *
 * koffi: the compiled library requires `koffi` from the repository's own node_modules, whose JavaScript is the same for
 * every system; it then requires `@koromix/koffi-win32-x64`, which npm does not install on Linux. NODE_PATH, which
 * `require` honours (and so does createRequire), points at the harness's node_modules that holds that half. No staging
 * copy of the package is needed.
 *
 * @param {WinePrefix} prefix
 * @param {NodeOptions} options
 * @returns {Promise<import('./run.mjs').RunResult>}
 * @throws {HungStart} for a node.exe that does not come to its first line within START_LIMIT
 */
export async function runNodeIn(prefix, { node, args, env = {}, timeout = 300, live = false }) {
  const exe = nodeExe(node);
  if (!existsSync(exe)) throw new Error(`node.exe ${node} is not installed: run \`node scripts/setup.mjs\``);
  const alive = join(prefix.path, '..', 'alive');
  rmSync(alive, { force: true });
  let hung = false;
  const result = await prefix.wine([exe, '--require', toWindowsPath(harness('alive.cjs')), ...args], {
    env: { NODE_PATH: toWindowsPath(harness('node_modules')), TRUSTLET_WINE_ALIVE: toWindowsPath(alive), ...env },
    timeout,
    live,
    giveUp: (elapsed) => {
      hung ||= elapsed > START_LIMIT && !existsSync(alive);
      return hung;
    },
  });
  if (hung) throw new HungStart(`${basename(exe)} ${node} did not start within ${START_LIMIT} s in Wine`);
  return result;
}

/**
 * Runs the real node.exe in a throw-away prefix; twice if it hung at its start.
 * @param {NodeOptions & { report?: (message: string) => void }} options `report` is told about a retry; default: stderr
 * @returns {Promise<import('./run.mjs').RunResult & { retried: boolean }>}
 */
export function runNode({ report, ...options }) {
  return retryHungStart(async (attempt) => {
    const prefix = await openPrefix();
    try {
      return { ...(await runNodeIn(prefix, options)), retried: attempt === 2 };
    } finally {
      prefix.close();
    }
  }, report);
}
