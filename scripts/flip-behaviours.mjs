// Shows that every row of the behaviour table is tested (DESIGN.md rule 10): runs the test a row names as it is, where it must
// pass, and then with the row's outcome flipped to each alternative, where it must fail. A row without a test, or whose test
// does not exist, fails. Needs a build. `node scripts/flip-behaviours.mjs [id…]`
import { existsSync } from 'node:fs';
import { behaviours } from '../dist/lib/emulator/behaviours.js';
import { inRoot } from './lib/paths.mjs';
import { run } from './lib/run.mjs';

const TEST_FOLDER = inRoot('dist', 'test', 'unit', 'emulator', 'behaviours');
const PRELOAD = inRoot('scripts', 'flip-preload.mjs');
/** The machine has two cores. */
const AT_ONCE = 2;

/** @param {string} text */
const escaped = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/**
 * Runs one test in a child process.
 * @param {import('../dist/lib/emulator/behaviours.js').Behaviour} row
 * @param {string | number | undefined} outcome what the row is flipped to, undefined for as it is
 * @returns {Promise<'passed' | 'failed' | 'missing' | 'crashed'>}
 */
async function runTest(row, outcome) {
  const file = `${TEST_FOLDER}/${row.test.file}`;
  if (!existsSync(file)) return 'missing';
  const { TRUSTLET_FLIP: _, NODE_TEST_CONTEXT: __, ...environment } = process.env;
  const env =
    outcome === undefined ? environment : { ...environment, TRUSTLET_FLIP: JSON.stringify({ id: row.id, outcome }) };
  const args = ['--import', PRELOAD, '--test-reporter=tap', `--test-name-pattern=/^${escaped(row.test.title)}$/`, file];
  const result = await run(process.execPath, args, { timeout: 60, env });
  // Node 20 lists tests that the pattern skips; newer ones leave them out.
  const line = result.stdout
    .split('\n')
    .map((text) => /^\s*(ok|not ok) \d+ - (.*?)( # .*)?$/.exec(text))
    .find((match) => match !== null && match[2] === row.test.title.replace(/#/g, '\\#'));
  if (line === undefined || line === null) return result.exitCode === 0 ? 'missing' : 'crashed';
  if (line[3] !== undefined) return 'missing';
  return line[1] === 'ok' ? 'passed' : 'failed';
}

/** @param {import('../dist/lib/emulator/behaviours.js').Behaviour} row */
async function judge(row) {
  const where = `${row.test.file}: ${row.test.title}`;
  const plain = await runTest(row, undefined);
  if (plain !== 'passed')
    return { row, ok: false, text: `its test ${plain === 'missing' ? 'does not exist' : plain} unflipped (${where})` };
  if (row.alternatives.length === 0) return { row, ok: false, text: 'has no alternative to flip to' };
  const survived = [];
  for (const alternative of row.alternatives) {
    const flipped = await runTest(row, alternative);
    if (flipped !== 'failed') survived.push(`${alternative} (${flipped})`);
  }
  const flips = `${row.alternatives.length} flip${row.alternatives.length === 1 ? '' : 's'}`;
  if (survived.length > 0)
    return { row, ok: false, text: `its test does not notice ${survived.join(', ')} (${where})` };
  return { row, ok: true, text: `${flips} noticed by "${row.test.title}"` };
}

const wanted = process.argv.slice(2);
const rows = wanted.length === 0 ? [...behaviours] : behaviours.filter((row) => wanted.includes(row.id));
const results = [];
const queue = [...rows];
await Promise.all(
  Array.from({ length: AT_ONCE }, async () => {
    for (let row = queue.shift(); row !== undefined; row = queue.shift()) results.push(await judge(row));
  }),
);
results.sort((a, b) => (a.row.id < b.row.id ? -1 : 1));
for (const { row, ok, text } of results) console.log(`${ok ? 'ok  ' : 'FAIL'} ${row.id} ${text}`);
const failed = results.filter((result) => !result.ok).length;
console.log(
  `behaviour rows whose test fails when the row is flipped: ${results.length - failed} passed, ${failed} failed`,
);
process.exitCode = failed === 0 && results.length > 0 ? 0 : 1;
