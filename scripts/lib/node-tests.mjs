// Runs compiled node:test files, natively or in Wine, and counts them from a TAP file.

import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { relative } from 'node:path';
import { filesBelow, inBuild, inRoot, root } from './paths.mjs';
import { cleanEnvironment, run } from './run.mjs';
import { countTap, failuresOf, measuredIn } from './tap.mjs';
import { runNode } from './wine.mjs';

/** Where every native run leaves its coverage, for one merged report. */
export const rawCoverage = inBuild('coverage', 'raw');

/**
 * The compiled test files of some folders under test/, as paths relative to the repository.
 * @param {string[]} folders
 */
export function testFiles(folders) {
  return folders
    .flatMap((folder) => filesBelow(inRoot('dist', 'test', folder), (path) => path.endsWith('.test.js')))
    .map((path) => relative(root, path));
}

/** A TAP file for the counts and a spec file to show when something fails. */
function reporters(name) {
  const folder = inBuild('test');
  mkdirSync(folder, { recursive: true });
  const files = { tap: `${folder}/${name}.tap`, spec: `${folder}/${name}.spec` };
  for (const file of Object.values(files)) rmSync(file, { force: true });
  const args = Object.entries(files).flatMap(([reporter, file]) => [
    `--test-reporter=${reporter}`,
    `--test-reporter-destination=${relative(root, file)}`,
  ]);
  return { args, read: (kind) => (existsSync(files[kind]) ? readFileSync(files[kind], 'utf8') : '') };
}

/** What the runner needs to know, from the program's exit code and its TAP file; the two must agree. */
function verdict(result, reports) {
  const tap = reports.read('tap');
  const counts = countTap(tap);
  const log = [];
  if (result.timedOut) log.push(`ended after ${Math.round(result.seconds)} s: the time limit`);
  if (!counts.complete) log.push(`the run ended without a summary (exit code ${result.exitCode})`);
  if (counts.complete && counts.failed === 0 && result.exitCode !== 0) {
    counts.failed = 1;
    log.push(`every test passed, yet the exit code is ${result.exitCode}`);
  }
  if (counts.complete && counts.passed + counts.failed === 0) {
    counts.failed = 1;
    log.push('the files hold no test');
  }
  if (counts.failed > 0) log.push(failuresOf(reports.read('spec')), result.stdout, result.stderr);
  return { ...counts, measured: measuredIn(tap), log: log.filter((part) => part.trim() !== '').join('\n') };
}

/**
 * Runs test files with this node, one process a file, coverage collected.
 * @param {{ name: string, files: string[], env?: Record<string, string>, timeout?: number }} options timeout in seconds
 */
export async function runNative({ name, files, env = {}, timeout = 600 }) {
  const reports = reporters(name);
  const args = ['--test', '--enable-source-maps', '--test-concurrency=2', ...reports.args, ...files];
  const result = await run(process.execPath, args, {
    env: { ...cleanEnvironment(), NODE_V8_COVERAGE: rawCoverage, ...env },
    timeout,
  });
  return verdict(result, reports);
}

/**
 * Runs test files with the real node.exe in Wine, all in one start.
 * @param {object} options
 * @param {string} options.name
 * @param {'20' | '22'} options.node
 * @param {string[]} options.files
 * @param {Record<string, string>} [options.env]
 * @param {number} [options.timeout]
 * @param {typeof runNode} [options.start] how node.exe is started; default: in a prefix of its own, with nothing beside it
 */
export async function runInWine({ name, node, files, env = {}, timeout = 600, start = runNode }) {
  const reports = reporters(name);
  const args = ['--enable-source-maps', ...reports.args, 'scripts/wine/run-files.mjs', ...files];
  const retries = [];
  const report = (message) => {
    console.log(message);
    retries.push(message);
  };
  const result = await start({ node, args, env, timeout, report });
  return { ...verdict(result, reports), note: retries.length > 0 ? retries.join('\n') : undefined };
}
