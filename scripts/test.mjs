// npm test [-- <part of a suite's name>…]   and   npm run test:long [-- <part of a suite's name>…]
// Runs the suites of scripts/lib/suites.mjs in order. The last line is `N passed, N failed`; the exit code is 0 only when
// nothing failed. With CI=true a suite that could not run is a failure.

import { rmSync } from 'node:fs';
import { evidenceAge, writeEvidence } from './lib/evidence.mjs';
import { rawCoverage } from './lib/node-tests.mjs';
import { filesOf, obstacle, SUITES } from './lib/suites.mjs';
import { setUp } from './setup.mjs';

const long = process.argv.includes('--long');
const wanted = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
const strict = process.env.CI === 'true';
const context = { long, env: { TRUSTLET_RUNS: long ? '100000' : '10000' } };

const chosen = SUITES.filter(
  ({ name }) =>
    wanted.length === 0 || name === 'build' || wanted.some((part) => name.toLowerCase().includes(part.toLowerCase())),
);
const rows = [];
const now = () => performance.now();

/** Runs one suite; a suite that throws has failed. */
async function runSuite(suite) {
  const reason = obstacle(suite, tools);
  if (reason !== undefined) return { passed: 0, failed: strict ? 1 : 0, skipped: 0, notRun: reason };
  try {
    return await suite.run({ ...context, files: filesOf(suite) });
  } catch (error) {
    return { passed: 0, failed: 1, skipped: 0, log: error.stack ?? String(error) };
  }
}

const counted = ({ passed, failed, skipped = 0 }) =>
  `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;

function report(suite, outcome, started) {
  const seconds = (now() - started) / 1000;
  rows.push({ suite, outcome, seconds });
  const result = outcome.notRun === undefined ? counted(outcome) : `not run: ${outcome.notRun}`;
  if (outcome.failed > 0 && outcome.log) console.log(`${outcome.log.trimEnd()}\n`);
  console.log(
    `${outcome.failed > 0 ? 'FAILED' : 'ok'}  ${suite.name} (${suite.where}): ${result}, ${seconds.toFixed(1)} s`,
  );
}

function table() {
  const lines = [['suite', 'where', 'passed', 'failed', 'skipped', 'minutes']];
  for (const { suite, outcome, seconds } of rows) {
    const { passed, failed, skipped = 0, notRun } = outcome;
    const counts = notRun === undefined ? [passed, failed, skipped] : ['not run', failed, ''];
    lines.push([suite.name, suite.where, ...counts, (seconds / 60).toFixed(2)].map(String));
  }
  const minutes = rows.reduce((sum, row) => sum + row.seconds, 0) / 60;
  lines.push(['in all', '', '', '', '', minutes.toFixed(2)]);
  const widths = lines[0].map((_, column) => Math.max(...lines.map((line) => line[column].length)));
  const cell = (text, column) => (column < 2 ? text.padEnd(widths[column]) : text.padStart(widths[column]));
  return lines.map((line) => line.map(cell).join('  ')).join('\n');
}

let started = now();
const tools = await setUp({ log: (message) => console.log(message) });
rows.push({
  suite: { name: 'set-up', where: 'this machine' },
  outcome: { passed: 0, failed: 0 },
  seconds: (now() - started) / 1000,
});
rmSync(rawCoverage, { recursive: true, force: true });

let buildFailed = false;
for (const suite of chosen) {
  started = now();
  const pointless = buildFailed && suite.needsBuild !== false;
  const outcome = pointless ? { passed: 0, failed: strict ? 1 : 0, notRun: 'the build failed' } : await runSuite(suite);
  report(suite, outcome, started);
  if (suite.name === 'build') buildFailed = outcome.failed > 0;
}

console.log(`\n${table()}\n`);
for (const { suite, outcome } of rows) {
  if (outcome.note) console.log(`${suite.name}:\n  ${outcome.note.replaceAll('\n', '\n  ')}`);
  if (outcome.notRun) console.log(`not run: ${suite.name}: ${outcome.notRun}`);
}
console.log(
  'Nothing here ran on Windows: emulated, simulated kernel and Wine show consistency with the facts, not what Windows does.\n',
);
const names = SUITES.map(({ name }) => name);
if (long) console.log(await writeEvidence(rows, { runs: context.env.TRUSTLET_RUNS, suites: names }));
console.log(await evidenceAge(names));
const total = (key) => rows.reduce((sum, { outcome }) => sum + outcome[key], 0);
process.exitCode = total('failed') > 0 ? 1 : 0;
console.log(`${total('passed')} passed, ${total('failed')} failed`);
