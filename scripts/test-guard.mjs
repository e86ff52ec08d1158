// node scripts/test-guard.mjs [--long]: builds and runs the C tests of driver/guard and driver/sample over the simulated
// kernel, and holds their coverage. The last line is `N passed, N failed`.

import { librarySources, sampleSources } from './build-guard.mjs';
import { buildHost, hostCoverage } from './build-host.mjs';
import { cleanEnvironment, run } from './lib/run.mjs';
import { countLastLine } from './lib/tap.mjs';

const timeout = process.argv.includes('--long') ? 3600 : 300;
/** The very files that the library and the sample are made of, and the tests. */
const PROGRAM = { name: 'guard-test', sources: [...librarySources(), ...sampleSources(), 'test/driver/guard'] };

let passed = 0;
let failed = 0;

/** Runs the tests; what they say is shown only when something failed. */
async function execute(variant) {
  const program = await buildHost({ ...PROGRAM, variant });
  const result = await run(program, [], { env: cleanEnvironment(), timeout });
  const counts = countLastLine(result.stdout) ?? { passed: 0, failed: 1 };
  if (result.exitCode !== 0 && counts.failed === 0) counts.failed = 1;
  passed += counts.passed;
  failed += counts.failed;
  console.log(`guard-test (${variant}): ${counts.passed} passed, ${counts.failed} failed`);
  if (counts.failed > 0) console.log(result.stdout + result.stderr);
}

/** Every branch of a folder. */
async function holdCoverage(program, below, least) {
  const { files, exitCode } = await hostCoverage({ program, below });
  const missed = files.flatMap(({ file, missed: places }) => places.map((place) => `${file}:${place}`));
  const branches = files.reduce((sum, file) => sum + file.branches.count, 0);
  const complete = exitCode === 0 && missed.length === 0 && branches >= least;
  for (const place of missed) console.log(`not covered: ${place}`);
  console.log(`branches of ${below}: ${branches}, ${complete ? 'all' : 'not all'} covered`);
  if (complete) passed += 1;
  else failed += 1;
}

for (const variant of ['asan', 'asan-clang', 'tsan']) await execute(variant);
const program = await buildHost({ ...PROGRAM, variant: 'coverage' });
await holdCoverage(program, 'driver/guard', 70);
await holdCoverage(program, 'driver/sample', 20);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
