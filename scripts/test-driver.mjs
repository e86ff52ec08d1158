// node scripts/test-driver.mjs [--long]: builds and runs the C tests of driver/core over the simulated kernel, holds its
// coverage, and ends with `N passed, N failed`. Needs the compiled tests in dist/.

import { buildHost, hostCoverage } from './build-host.mjs';
import { CORE_TESTS, THREADS_TEST, VECTORS_TEST } from './lib/driver-tests.mjs';
import { futureTest } from './lib/future-driver.mjs';
import { inBuild, inRoot } from './lib/paths.mjs';
import { cleanEnvironment, run } from './lib/run.mjs';
import { countLastLine } from './lib/tap.mjs';

const long = process.argv.includes('--long');

/** The vectors come from the TypeScript side's oracles. @returns {Promise<string[]>} the files' paths */
async function writeVectors() {
  const folder = inBuild('driver');
  const result = await run(process.execPath, [inRoot('dist', 'test', 'support', 'write-vectors.js'), folder]);
  if (result.exitCode !== 0) throw new Error(`the vectors cannot be written:\n${result.stdout}${result.stderr}`);
  return ['decisions.txt', 'judgements.txt'].map((name) => inBuild('driver', name));
}

const PROGRAMS = [
  { ...CORE_TESTS, variant: 'asan', args: [] },
  { ...VECTORS_TEST, variant: 'asan', args: await writeVectors() },
  { ...(await futureTest('today')), variant: 'asan' },
  { ...(await futureTest('future')), variant: 'asan' },
  { ...THREADS_TEST, variant: 'tsan', args: [long ? '5000' : '300'] },
];

let passed = 0;
let failed = 0;

/** Runs a program; what it says is shown only when something failed. */
async function count(path, args, title) {
  const result = await run(path, args, { env: cleanEnvironment(), timeout: long ? 3600 : 300 });
  const counts = countLastLine(result.stdout) ?? { passed: 0, failed: 1 };
  if (result.exitCode !== 0 && counts.failed === 0) counts.failed = 1;
  passed += counts.passed;
  failed += counts.failed;
  console.log(`${title}: ${counts.passed} passed, ${counts.failed} failed`);
  if (counts.failed > 0) console.log(result.stdout + result.stderr);
}

for (const { args, ...program } of PROGRAMS) {
  await count(await buildHost(program), args, `${program.name} (${program.variant})`);
}

/** The wire's bytes by hand, for the three languages and widths that share the header. */
const GOLDEN = [
  ['C', 'gcc', ['-std=c11']],
  ['32-bit C', 'gcc', ['-std=c11', '-m32']],
  ['C++', 'g++', ['-x', 'c++', '-std=c++17']],
];
for (const [language, compiler, flags] of GOLDEN) {
  const output = inBuild('driver', `golden-test-${language.replaceAll(/\W/g, '-')}`);
  const source = inRoot('test', 'driver', 'golden_test.c');
  const args = [...flags, '-Wall', '-Wextra', '-Werror', '-I', inRoot('driver', 'include'), '-o', output, source];
  const compiled = await run(compiler, args);
  if (compiled.exitCode !== 0) throw new Error(`golden_test.c does not compile as ${language}:\n${compiled.stderr}`);
  await count(output, [inRoot('test', 'fixtures', 'golden')], `golden bytes (${language})`);
}

/** Every branch of driver/core: a place is missed only where none of the programs that are measured reaches it. */
async function holdCoverage() {
  const missed = new Map();
  for (const { args, ...program } of PROGRAMS.filter(({ variant }) => variant === 'asan')) {
    const path = await buildHost({ ...program, variant: 'coverage' });
    const { files } = await hostCoverage({ program: path, runs: [args] });
    for (const { file, missed: places } of files) {
      const before = missed.get(file);
      missed.set(file, before === undefined ? places : before.filter((place) => places.includes(place)));
    }
  }
  const left = [...missed].flatMap(([file, places]) => places.map((place) => `${file}:${place}`));
  for (const place of left) console.log(`not covered: ${place}`);
  console.log(`driver/core: ${left.length === 0 ? 'every branch covered' : `${left.length} branches not covered`}`);
  if (left.length === 0) passed += 1;
  else failed += 1;
}

await holdCoverage();
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
