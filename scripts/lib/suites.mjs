// The suites of `npm test`, in order. Each says where it runs: what passes on the emulated machine, over the simulated
// kernel or in Wine is evidence of consistency with the facts, not of what Windows does.

import { existsSync } from 'node:fs';
import { measureCoverage } from './coverage.mjs';
import { build, pruneStale } from './dist.mjs';
import { runInWine, runNative, testFiles } from './node-tests.mjs';
import { checkPackage } from './package-checks.mjs';
import { inRoot } from './paths.mjs';
import { cleanEnvironment, run } from './run.mjs';
import { countLastLine } from './tap.mjs';

/**
 * @typedef {object} Outcome
 * @property {number} passed
 * @property {number} failed
 * @property {number} [skipped]
 * @property {string} [note] shown below the table
 * @property {string[]} [measured] sentences for the evidence
 * @property {string} [log] shown when something failed
 *
 * @typedef {object} Context
 * @property {boolean} long
 * @property {Record<string, string>} env for the tests themselves
 *
 * @typedef {object} Suite
 * @property {string} name
 * @property {string} where
 * @property {string[]} [tools] names from scripts/setup.mjs
 * @property {string[]} [files] files of the repository it cannot run without
 * @property {boolean} [needsBuild] false for what makes sense after a failed build
 * @property {string[]} [tests] folders under test/, at least one of which must hold a test file
 * @property {(file: string) => boolean} [choose] which of those files
 * @property {(context: Context & { files: string[] }) => Promise<Outcome>} run
 */

const NTSIM = 'scripts/build-ntsim.mjs';
const HOST = 'scripts/build-host.mjs';

/** A program counts by its last line `N passed, N failed`, or as one test by its exit code. */
async function program(command, args, { env, timeout }) {
  const result = await run(command, args, { env: { ...cleanEnvironment(), ...env }, timeout });
  const counts = countLastLine(result.stdout) ?? {
    passed: result.exitCode === 0 ? 1 : 0,
    failed: result.exitCode === 0 ? 0 : 1,
  };
  if (result.exitCode !== 0 && counts.failed === 0) counts.failed = 1;
  // `# 10,000,000 executions in all`: what it measured, for the evidence.
  const measured = result.stdout.split('\n').filter((line) => /^# [\d,]+ /.test(line));
  return { ...counts, measured: measured.map((line) => line.slice(2)), log: result.stdout + result.stderr };
}

const script = (path, args, options) => program(process.execPath, [inRoot(path), ...args], options);

/** Builds the simulated kernel for a target, see scripts/build-ntsim.mjs. */
async function ntsim(target) {
  const { buildNtsim } = await import('../build-ntsim.mjs');
  return buildNtsim({ target });
}

/** @type {(name: string, tests: string[], where: string) => Suite} */
const native = (name, tests, where) => ({
  name,
  where,
  tests,
  tools: ['gcc'],
  files: [NTSIM],
  run: async ({ files, env, long }) => {
    await ntsim('linux');
    return runNative({ name: name.replaceAll(/\W+/g, '-'), files, env, timeout: long ? 7200 : 600 });
  },
});

/**
 * Driver C over the simulated kernel, built and run once for each variant of scripts/build-host.mjs.
 * @type {(name: string, options: { name: string, sources: string[], variants: import('../build-host.mjs').HostVariant[] }) => Suite}
 */
const hostTests = (name, { name: output, sources, variants }) => ({
  name,
  where: 'simulated kernel',
  needsBuild: false,
  tools: ['gcc', 'sanitizers', 'clang'],
  files: [HOST, ...sources],
  run: async ({ long }) => {
    const { buildHost } = await import('../build-host.mjs');
    const sum = { passed: 0, failed: 0, log: '' };
    for (const variant of variants) {
      const built = await buildHost({ name: output, sources, variant });
      const { passed, failed, log } = await program(built, [], { env: {}, timeout: long ? 3600 : 300 });
      sum.passed += passed;
      sum.failed += failed;
      sum.log += `${variant}:\n${log}`;
    }
    return sum;
  },
});

/** @type {(node: '20' | '22', choose: (file: string) => boolean, what: string) => Suite} */
const inWine = (node, choose, what) => ({
  name: `${what}, node.exe ${node}`,
  where: 'Wine',
  tests: ['wine'],
  choose,
  tools: ['wine', 'node.exe', 'mingw'],
  files: [NTSIM],
  run: async ({ files, env, long }) => {
    await ntsim('win32');
    return runInWine({ name: `wine-${node}`, node, files, env, timeout: long ? 3600 : 600 });
  },
});

/** @type {Suite[]} */
export const SUITES = [
  {
    name: 'build',
    where: 'this machine',
    run: async () => {
      const removed = pruneStale();
      const result = await build();
      const passed = result.exitCode === 0 ? 1 : 0;
      const note = removed.length > 0 ? `removed ${removed.length} compiled files whose source is gone` : undefined;
      return { passed, failed: 1 - passed, note, log: result.stdout + result.stderr };
    },
  },
  {
    name: 'lint',
    where: 'this machine',
    needsBuild: false,
    run: () => script('node_modules/@biomejs/biome/bin/biome', ['ci', '--colors=off', '.'], { env: {}, timeout: 120 }),
  },
  {
    name: 'C tests of ntsim',
    where: 'simulated kernel',
    needsBuild: false,
    tools: ['gcc', 'sanitizers'],
    files: [NTSIM],
    run: async ({ env, long }) => program(await ntsim('test'), [], { env, timeout: long ? 3600 : 300 }),
  },
  hostTests('C tests of the kernel over ntsim', {
    name: 'ntsim-kernel-test',
    sources: ['driver/ntsim/test/kernel'],
    variants: ['asan', 'tsan'],
  }),
  {
    name: 'driver builds (mingw, clang)',
    where: 'this machine',
    needsBuild: false,
    tools: ['mingw', 'clang', 'lld'],
    files: ['scripts/build-driver.mjs'],
    run: () => script('scripts/build-driver.mjs', ['--check'], { env: {}, timeout: 300 }),
  },
  {
    name: 'driver PE check',
    where: 'this machine',
    needsBuild: false,
    tools: ['mingw', 'clang', 'lld'],
    files: ['scripts/check-driver.mjs'],
    run: () => script('scripts/check-driver.mjs', [], { env: {}, timeout: 300 }),
  },
  {
    name: 'static analysis',
    where: 'this machine',
    needsBuild: false,
    tools: ['mingw', 'clang', 'clang-tidy and clang-format', 'cppcheck'],
    files: ['scripts/analyze-driver.mjs'],
    run: () => script('scripts/analyze-driver.mjs', [], { env: {}, timeout: 600 }),
  },
  {
    name: "C tests of the driver's core, vectors, old and new clients",
    where: 'simulated kernel',
    tools: ['gcc', 'sanitizers', 'clang', 'llvm', '32-bit C'],
    files: ['scripts/test-driver.mjs'],
    run: ({ long }) =>
      script('scripts/test-driver.mjs', long ? ['--long'] : [], { env: {}, timeout: long ? 7200 : 600 }),
  },
  hostTests('C tests of the driver from DriverEntry to unload', {
    name: 'wdm-test',
    sources: ['driver/core', 'driver/wdm', 'test/driver/wdm'],
    variants: ['asan', 'tsan'],
  }),
  {
    name: 'fuzzers: kept corpora, and more',
    where: 'simulated kernel',
    needsBuild: false,
    tools: ['clang', 'llvm'],
    files: ['scripts/fuzz.mjs'],
    run: ({ long }) => script('scripts/fuzz.mjs', long ? ['--long'] : [], { env: {}, timeout: long ? 4 * 3600 : 600 }),
  },
  {
    name: 'validators, C against TypeScript',
    where: 'this machine',
    tools: ['gcc'],
    files: ['scripts/validators.mjs'],
    run: ({ long }) =>
      script('scripts/validators.mjs', long ? ['--long'] : [], { env: {}, timeout: long ? 1800 : 300 }),
  },
  {
    name: 'planted bugs',
    where: 'simulated kernel',
    needsBuild: false,
    tools: ['gcc', 'sanitizers', 'clang'],
    files: ['scripts/mutants.mjs'],
    run: ({ long }) => script('scripts/mutants.mjs', long ? ['--long'] : [], { env: {}, timeout: long ? 7200 : 600 }),
  },
  {
    name: 'mechanical mutation of driver/core (npm test: the list only)',
    where: 'simulated kernel',
    needsBuild: false,
    tools: ['clang'],
    files: ['scripts/mutate.mjs'],
    run: ({ long }) =>
      script('scripts/mutate.mjs', long ? [] : ['--check'], { env: {}, timeout: long ? 4 * 3600 : 120 }),
  },
  native('unit, property, model', ['unit', 'property', 'model'], 'emulated'),
  native('contract', ['contract'], 'emulated + simulated kernel'),
  {
    name: 'PE corpus: real files, read twice',
    where: 'this machine',
    tests: ['corpus'],
    tools: ['llvm', 'mingw', 'wine', 'node.exe'],
    run: async ({ files, env }) => {
      const outcome = await runNative({ name: 'pe-corpus', files, env, timeout: 300 });
      return { ...outcome, note: outcome.measured.join('\n') };
    },
  },
  {
    name: 'fuzzing of the PE reader',
    where: 'this machine',
    files: ['test/fuzz/pe/main.ts'],
    run: ({ long }) =>
      script('dist/test/fuzz/pe/main.js', [long ? '1000000' : '10000'], { env: {}, timeout: long ? 2 * 3600 : 300 }),
  },
  {
    name: 'pictures in headless Chromium',
    where: 'this machine',
    tests: ['browser'],
    tools: ['chromium'],
    run: ({ files, env }) => runNative({ name: 'browser', files, env, timeout: 300 }),
  },
  {
    name: 'testing kit under vitest and jest',
    where: 'emulated',
    tools: ['vitest and jest'],
    files: ['test/runners/run.mjs'],
    run: () => script('test/runners/run.mjs', [], { env: {}, timeout: 300 }),
  },
  { name: 'coverage gates', where: 'this machine', run: measureCoverage },
  inWine('22', () => true, 'all'),
  inWine('20', (file) => file.includes('contract'), 'contract'),
  {
    name: 'the driver, both builds',
    where: 'Wine',
    needsBuild: false,
    tools: ['wine', 'mingw'],
    files: ['scripts/test-wine-driver.mjs'],
    run: ({ long }) =>
      script('scripts/test-wine-driver.mjs', long ? ['--long'] : [], { env: {}, timeout: long ? 1800 : 600 }),
  },
  {
    name: 'behaviour rows flipped',
    where: 'emulated',
    files: ['scripts/flip-behaviours.mjs'],
    run: ({ env, long }) => script('scripts/flip-behaviours.mjs', [], { env, timeout: long ? 7200 : 600 }),
  },
  {
    name: 'generated docs are fresh',
    where: 'this machine',
    files: ['scripts/docs.ts'],
    run: () => script('dist/scripts/docs.js', ['--check'], { env: {}, timeout: 120 }),
  },
  {
    name: 'generated protocol files are fresh',
    where: 'this machine',
    files: ['protocol/schema.ts'],
    run: () => script('dist/protocol/main.js', ['--check'], { env: {}, timeout: 120 }),
  },
  {
    name: 'package',
    where: 'this machine',
    tools: ['publint and attw', 'mingw C++', 'cmake, make and python'],
    run: checkPackage,
  },
  {
    name: 'packed tarball in a fresh project',
    where: 'emulated + Wine',
    tools: ['publint and attw', 'wine', 'node.exe', 'mingw', 'mingw C++', 'cmake, make and python'],
    files: ['test/package/run.mjs'],
    run: () => script('test/package/run.mjs', [], { env: {}, timeout: 600 }),
  },
  {
    name: 'guard library and sample build (mingw, clang)',
    where: 'this machine',
    needsBuild: false,
    tools: ['mingw', 'clang', 'lld'],
    files: ['scripts/build-guard.mjs'],
    run: () => script('scripts/build-guard.mjs', ['--check'], { env: {}, timeout: 300 }),
  },
  {
    name: 'C tests of guard library and sample',
    where: 'simulated kernel',
    needsBuild: false,
    tools: ['gcc', 'sanitizers', 'clang', 'llvm'],
    files: ['scripts/test-guard.mjs'],
    run: ({ long }) =>
      script('scripts/test-guard.mjs', long ? ['--long'] : [], { env: {}, timeout: long ? 3600 : 600 }),
  },
  {
    name: 'addon: host build',
    where: 'simulated kernel',
    tools: [
      'gcc',
      'sanitizers',
      'clang',
      'clang-tidy and clang-format',
      'cppcheck',
      'mingw C++',
      'cmake, make and python',
    ],
    files: ['scripts/test-addon.mjs'],
    run: ({ long }) =>
      script('scripts/test-addon.mjs', ['--host', ...(long ? ['--long'] : [])], {
        env: {},
        timeout: long ? 3600 : 600,
      }),
  },
  {
    name: 'bench, quick',
    where: 'simulated kernel',
    tools: ['gcc', 'cmake, make and python'],
    files: ['bench/run.mjs'],
    run: () => script('bench/run.mjs', ['--quick'], { env: {}, timeout: 300 }),
  },
  {
    name: 'addon: prebuilt file',
    where: 'Wine',
    tools: ['wine', 'node.exe', 'mingw', 'mingw C++', 'cmake, make and python'],
    files: ['scripts/test-addon.mjs'],
    run: ({ long }) =>
      script('scripts/test-addon.mjs', ['--win32', ...(long ? ['--long'] : [])], {
        env: {},
        timeout: long ? 3600 : 600,
      }),
  },
  {
    name: 'driver through the addon, node.exe 22 and 20',
    where: 'Wine',
    tools: ['wine', 'node.exe', 'mingw', 'mingw C++', 'cmake, make and python'],
    files: ['scripts/test-wine-contract.mjs'],
    run: ({ long }) => script('scripts/test-wine-contract.mjs', [], { env: {}, timeout: long ? 1800 : 600 }),
  },
  {
    name: 'trustlet driver … and status',
    where: 'Wine',
    tools: ['wine', 'node.exe', 'mingw', 'mingw C++', 'cmake, make and python'],
    files: ['test/wine/driver-cli.mjs'],
    run: () => script('test/wine/driver-cli.mjs', [], { env: {}, timeout: 600 }),
  },
  {
    name: 'examples',
    where: 'emulated + simulated kernel + Wine',
    tools: ['gcc', 'wine', 'node.exe', 'mingw', 'mingw C++', 'cmake, make and python'],
    files: ['test/examples/run.mjs'],
    run: () => script('test/examples/run.mjs', [], { env: {}, timeout: 600 }),
  },
  {
    name: 'sample driver',
    where: 'Wine',
    needsBuild: false,
    tools: ['wine', 'mingw'],
    files: ['scripts/wine-guard.mjs', 'test/wine/driver/seam/seam.c'],
    run: () => script('scripts/wine-guard.mjs', [], { env: {}, timeout: 600 }),
  },
];

/**
 * What keeps a suite from running, or undefined.
 * @param {Suite} suite
 * @param {{ explain: (names: string[]) => string[] }} tools
 */
export function obstacle(suite, tools) {
  const reasons = tools.explain(suite.tools ?? []);
  reasons.push(...(suite.files ?? []).filter((path) => !existsSync(inRoot(path))).map((path) => `missing: ${path}`));
  if (suite.tests && filesOf(suite).length === 0)
    reasons.push(`missing: test files in test/${suite.tests.join(', test/')}`);
  return reasons.length > 0 ? reasons.join('; ') : undefined;
}

/** The test files of a suite. @param {Suite} suite */
export const filesOf = (suite) => testFiles(suite.tests ?? []).filter(suite.choose ?? (() => true));
