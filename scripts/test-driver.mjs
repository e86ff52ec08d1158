// node scripts/test-driver.mjs [--long]: builds and runs the C tests of driver/ over the simulated kernel, holds the coverage of
// driver/core, and ends with `N passed, N failed`.

import { buildHost, hostCoverage } from './build-host.mjs';

import { cleanEnvironment, run } from './lib/run.mjs';
import { countLastLine } from './lib/tap.mjs';

const long = process.argv.includes('--long');
const tests = (...names) => names.map((name) => `test/driver/${name}.c`);

/** Put between the driver and the simulated kernel, which itself is honest (test/driver/lying_test.c). */
const LIES = ['-Wl,--wrap=ZwQuerySystemInformation,--wrap=ZwQueryInformationProcess'];
const CHECK = ['driver/ntsim/test'];
const CORE_TESTS = tests(
  'main',
  'bench',
  'validate_test',
  'hello_stats_test',
  'query_test',
  'census_test',
  'examine_test',
  'secure_test',
  'fault_test',
  'lying_test',
  'decide_test',
);

const PROGRAMS = [
  { name: 'core-test', variant: 'asan', sources: ['driver/core', ...CORE_TESTS], includes: CHECK, linkFlags: LIES },
  {
    name: 'threads-test',
    variant: 'tsan',
    sources: ['driver/core', ...tests('threads_test', 'bench')],
    includes: CHECK,
    args: [long ? '5000' : '300'],
  },
];

let passed = 0;
let failed = 0;

/** Runs a program; what it says is shown only when something failed. */
async function execute(path, args, title) {
  const result = await run(path, args, { env: cleanEnvironment(), timeout: long ? 3600 : 300 });
  const counts = countLastLine(result.stdout) ?? { passed: 0, failed: 1 };
  if (result.exitCode !== 0 && counts.failed === 0) counts.failed = 1;
  passed += counts.passed;
  failed += counts.failed;
  console.log(`${title}: ${counts.passed} passed, ${counts.failed} failed`);
  if (counts.failed > 0) console.log(result.stdout + result.stderr);
}

for (const { args = [], ...program } of PROGRAMS) {
  await execute(await buildHost(program), args, `${program.name} (${program.variant})`);
}

/** Every branch of driver/core: a place counts as missed only where no program reaches it. */
async function holdCoverage() {
  const programs = PROGRAMS.filter(({ variant }) => variant === 'asan');
  const missed = new Map();
  for (const [index, { args = [], ...program }] of programs.entries()) {
    const path = await buildHost({ ...program, variant: 'coverage' });
    const coverage = await hostCoverage({ program: path, runs: [args] });
    for (const { file, missed: places } of coverage.files) {
      const before = missed.get(file);
      missed.set(file, index === 0 || before === undefined ? places : before.filter((place) => places.includes(place)));
    }
  }
  const left = [...missed].flatMap(([file, places]) => places.map((place) => `${file}:${place}`));
  for (const place of left) console.log(`not covered: ${place}`);
  console.log(`branches of driver/core: ${left.length === 0 ? 'all covered' : `${left.length} not covered`}`);
  if (left.length === 0) passed += 1;
  else failed += 1;
}

await holdCoverage();
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
