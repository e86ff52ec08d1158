// node scripts/mutants.mjs [--long] [PART...]: the planted bugs of test/mutants/*.patch. Each is applied to a copy, must apply
// cleanly, and must make the C tests of the driver fail. With --long the fuzzer that a patch names must find it within a
// minute, starting from its kept corpus. Ends with `N passed, N failed`.

import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildHost } from './build-host.mjs';
import { CORE_TESTS } from './lib/driver-tests.mjs';
import { complaint, corpusOf, DRIVER, FUZZERS, runFuzzer } from './lib/fuzzers.mjs';
import { filesBelow, inBuild, inRoot, root } from './lib/paths.mjs';
import { cleanEnvironment, run } from './lib/run.mjs';

const FUZZ_SECONDS = 60;
const SEED = 20_240_607;

/**
 * @typedef {object} Planted
 * @property {string} name
 * @property {string} path of the patch
 * @property {string} what one sentence
 * @property {string} fuzzer that sees it, or `none: why`
 */

/** @returns {Planted[]} */
export function plantedBugs() {
  const folder = inRoot('test', 'mutants');
  return readdirSync(folder)
    .filter((file) => file.endsWith('.patch'))
    .sort()
    .map((file) => {
      const path = join(folder, file);
      const [what, named] = readFileSync(path, 'utf8').split('\n');
      const fuzzer = /^Fuzzer: (.+)$/.exec(named)?.[1];
      if (fuzzer === undefined) throw new Error(`${file}: the second line must say \`Fuzzer: \``);
      return { name: file.slice(0, -'.patch'.length), path, what, fuzzer };
    });
}

/**
 * Applies a patch to a copy of the driver.
 * @param {Planted} planted
 * @returns {Promise<{ folder: string, changed: string[], problem?: string }>} changed: sources, from the root of the copy
 */
export async function plant({ name, path }) {
  const folder = inBuild('mutants', name);
  rmSync(folder, { recursive: true, force: true });
  for (const part of DRIVER) {
    mkdirSync(join(folder, part), { recursive: true });
    cpSync(inRoot(part), join(folder, part), { recursive: true });
  }
  const result = await run('patch', ['-p1', '-F0', '--no-backup-if-mismatch', '-d', folder, '-i', path], {
    timeout: 30,
  });
  const said = result.stdout + result.stderr;
  // An offset is no misfit: lines above may come and go.
  if (result.exitCode !== 0 || /fuzz|FAILED/.test(said)) return { folder, changed: [], problem: said };
  const changed = DRIVER.flatMap((part) => filesBelow(join(folder, part)))
    .map((file) => relative(folder, file))
    .filter((file) => readFileSync(join(folder, file), 'utf8') !== readFileSync(inRoot(file), 'utf8'));
  const problem =
    changed.length === 0 || changed.some((file) => !file.endsWith('.c')) ? 'must change .c files only' : undefined;
  return { folder, changed, problem };
}

/** The driver's sources with the changed ones from the copy, so that nothing else is built again. */
function sourcesOf({ folder, changed }, parts) {
  return parts
    .flatMap((part) => filesBelow(inRoot(part), (path) => path.endsWith('.c')).map((path) => relative(root, path)))
    .map((file) => (changed.includes(file) ? join(folder, file) : file));
}

/**
 * Runs the C tests of core and of the whole driver.
 * @returns names of the tests that fail
 */
async function failingTests(name, sourcesFor) {
  const programs = [
    { ...CORE_TESTS, sources: [...sourcesFor(['driver/core']), ...CORE_TESTS.sources.slice(1)] },
    { name: 'wdm-test', sources: [...sourcesFor(DRIVER), 'test/driver/wdm'] },
  ];
  const failing = [];
  for (const program of programs) {
    const path = await buildHost({ ...program, name: `${name}-${program.name}`, variant: 'asan' });
    const result = await run(path, [], { env: cleanEnvironment(), timeout: 60 });
    if (result.exitCode === 0) continue;
    const said = result.stdout + result.stderr;
    const named = [...said.matchAll(/^not ok \d+ - (.*)$/gm)].map(([, test]) => test);
    const sudden = result.timedOut
      ? `${program.name} does not end`
      : complaint(result.stderr) || `${program.name} failed`;
    failing.push(...(named.length > 0 ? named : [sudden]));
  }
  return failing;
}

async function caughtByFuzzer(planted, copy) {
  const fuzzer = FUZZERS.find(({ name }) => name === planted.fuzzer);
  if (fuzzer === undefined) throw new Error(`${planted.path}: there is no fuzzer ${planted.fuzzer}`);
  const driver = fuzzer.core
    ? fuzzer.core
        .map((name) => `driver/core/${name}.c`)
        .map((file) => (copy.changed.includes(file) ? join(copy.folder, file) : file))
    : sourcesOf(copy, DRIVER);
  const program = await buildHost({
    name: `${planted.name}-${fuzzer.name}`,
    variant: 'fuzz',
    sources: [...driver, ...fuzzer.own],
    linkFlags: fuzzer.linkFlags ?? [],
  });
  const found = inBuild('mutants', planted.name, 'corpus');
  mkdirSync(found, { recursive: true });
  return runFuzzer({
    program,
    fuzzer,
    corpus: [found, corpusOf(fuzzer.name)],
    seed: SEED,
    seconds: FUZZ_SECONDS,
    timeout: FUZZ_SECONDS + 60,
  });
}

async function main(args) {
  const long = args.includes('--long');
  const parts = args.filter((argument) => !argument.startsWith('--'));
  const chosen = plantedBugs().filter(({ name }) => parts.length === 0 || parts.some((part) => name.includes(part)));
  let passed = 0;
  let failed = 0;
  const report = (good, line) => {
    if (good) passed++;
    else failed++;
    console.log(`${good ? 'ok' : 'not ok'} - ${line}`);
  };
  const before = await failingTests('no-bug', (folders) => folders);
  report(before.length === 0, `the C tests pass without any bug${before.map((name) => `; not: ${name}`).join('')}`);
  // Two at a time; a fuzzer that is timed has a processor to itself.
  const left = [...chosen];
  const worker = async () => {
    for (let planted = left.shift(); planted !== undefined; planted = left.shift()) await prove(planted);
  };
  const prove = async (planted) => {
    const copy = await plant(planted);
    report(copy.problem === undefined, `${planted.name} applies cleanly${copy.problem ? `: ${copy.problem}` : ''}`);
    if (copy.problem !== undefined) return;
    const failing = await failingTests(planted.name, (folders) => sourcesOf(copy, folders));
    const test = failing.find((name) => !before.includes(name));
    report(
      test !== undefined,
      `${planted.name}: ${test === undefined ? 'no C test fails' : `caught by the C test: ${test}`}`,
    );
    if (!long) return;
    if (planted.fuzzer.startsWith('none')) {
      console.log(`# ${planted.name}: no fuzzer sees it, ${planted.fuzzer.slice('none: '.length)}`);
      return;
    }
    const result = await caughtByFuzzer(planted, copy);
    const good = result.exitCode !== 0 && result.artifact !== undefined && result.seconds <= FUZZ_SECONDS + 5;
    const told = complaint(result.output).split('\n')[0];
    report(
      good,
      `${planted.name}: ${planted.fuzzer} ${good ? `finds it in ${result.seconds.toFixed(1)} s: ${told}` : 'does not find it'}`,
    );
  };
  await Promise.all([worker(), worker()]);
  console.log(`${passed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exitCode = await main(process.argv.slice(2));
