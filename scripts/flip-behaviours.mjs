// Shows that every row of the behaviour table is tested (DESIGN.md rule 10): runs the test a row names as it is, where it must
// pass, and then with the row's outcome flipped to each alternative, where it must fail. A row without a test, or whose test
// does not exist, fails. A consequence is judged by the rows it follows from. Needs a build. `node scripts/flip-behaviours.mjs [id…]`
import { existsSync } from 'node:fs';
import { behaviours, consequences } from '../dist/lib/emulator/behaviours.js';
import { inRoot } from './lib/paths.mjs';
import { run } from './lib/run.mjs';

const TEST_FOLDER = inRoot('dist', 'test', 'unit', 'emulator', 'behaviours');
const PRELOAD = inRoot('scripts', 'flip-preload.mjs');
/** The machine has two cores. */
const AT_ONCE = 2;

/** @param {string} text */
const escaped = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** @typedef {import('../dist/lib/emulator/behaviours.js').Behaviour} Behaviour */
/** @typedef {import('../dist/lib/emulator/behaviours.js').Consequence} Consequence */

/**
 * Runs one test in a child process.
 * @param {Behaviour | Consequence} row whose test
 * @param {{ id: string, outcome: string | number } | undefined} flip undefined: everything as it is
 * @returns {Promise<'passed' | 'failed' | 'missing' | 'crashed'>}
 */
async function runTest(row, flip) {
  const file = `${TEST_FOLDER}/${row.test.file}`;
  if (!existsSync(file)) return 'missing';
  const { TRUSTLET_FLIP: _, NODE_TEST_CONTEXT: __, ...environment } = process.env;
  const env = flip === undefined ? environment : { ...environment, TRUSTLET_FLIP: JSON.stringify(flip) };
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

/**
 * The flips a row's test must notice, in groups: of a group one is enough.
 * @param {Behaviour | Consequence} row
 */
function flipsOf(row) {
  const ofRow = ({ id, alternatives }) => alternatives.map((outcome) => ({ id, outcome }));
  if (!('follows' in row)) return ofRow(row).map((flip) => [flip]);
  return row.follows.map((id) => behaviours.filter((behaviour) => behaviour.id === id).flatMap(ofRow));
}

/** @param {Behaviour | Consequence} row */
async function judge(row) {
  const where = `${row.test.file}: ${row.test.title}`;
  const plain = await runTest(row, undefined);
  if (plain !== 'passed')
    return { row, ok: false, text: `its test ${plain === 'missing' ? 'does not exist' : plain} unflipped (${where})` };
  const groups = flipsOf(row);
  if (groups.length === 0) return { row, ok: false, text: 'has nothing to flip' };
  const survived = [];
  for (const group of groups) {
    const outcomes = [];
    for (const flip of group) {
      const outcome = await runTest(row, flip);
      if (outcome === 'failed') break;
      outcomes.push(`${flip.id} ${flip.outcome} (${outcome})`);
    }
    if (outcomes.length === group.length) survived.push(...outcomes);
  }
  const flips = `${groups.length} flip${groups.length === 1 ? '' : 's'}`;
  if (survived.length > 0)
    return { row, ok: false, text: `its test does not notice ${survived.join(', ')} (${where})` };
  return { row, ok: true, text: `${flips} noticed by "${row.test.title}"` };
}

const wanted = process.argv.slice(2);
const all = [...behaviours, ...consequences];
const rows = wanted.length === 0 ? all : all.filter((row) => wanted.includes(row.id));
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
