// node scripts/validators.mjs [--long]: asks the C validator (driver/core/validate.c) and the TypeScript one
// (lib/protocol/validate.ts) about the same requests: the kept corpus, an enumeration around every limit, and generated ones.
// Any disagreement fails. Ends with `N passed, N failed`.

import { mkdirSync, readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { buildHost } from './build-host.mjs';
import { corpusFiles, VALIDATOR_DUMP } from './lib/fuzzers.mjs';
import { inBuild, inRoot } from './lib/paths.mjs';
import { run } from './lib/run.mjs';

const long = process.argv.includes('--long');
const GENERATED = long ? 2_000_000 : 100_000;
/** One file holds this many, so that none outgrows memory. */
const BATCH = 250_000;
const SHOWN = 10;
const HEAD = 16;

const { validateRequest } = await import(pathToFileURL(inRoot('dist', 'lib', 'protocol', 'validate.js')).href);
const program = await buildHost({ name: 'validate-dump', variant: 'plain', sources: VALIDATOR_DUMP });
mkdirSync(inBuild('fuzz'), { recursive: true });
const dump = inBuild('fuzz', 'validators.bin');

const hex = (status) => `0x${status.toString(16).padStart(8, '0').toUpperCase()}`;
const answers = new Map();
let asked = 0;
let disagreements = 0;

/** Every answer of the C validator in a file, asked again. */
function compare(path) {
  const bytes = readFileSync(path);
  for (let at = 0; at < bytes.length; ) {
    const [code, inputLength, outputLength, status] = [0, 4, 8, 12].map((offset) => bytes.readUInt32LE(at + offset));
    const input = bytes.subarray(at + HEAD, at + HEAD + inputLength);
    const typescript = validateRequest(code, input, outputLength) >>> 0;
    answers.set(status, (answers.get(status) ?? 0) + 1);
    asked++;
    if (typescript !== status && disagreements++ < SHOWN)
      console.log(
        `not ok - code ${hex(code)}, input ${inputLength}, output ${outputLength}: C ${hex(status)}, TypeScript ${hex(typescript)}: ` +
          input.subarray(0, 96).toString('hex'),
      );
    at += HEAD + inputLength;
  }
}

for (let done = 0, seed = 1; done < GENERATED; done += BATCH, seed++) {
  const count = Math.min(BATCH, GENERATED - done);
  const corpus = seed === 1 ? corpusFiles('validate_fuzz') : [];
  const result = await run(program, [dump, String(count), String(seed), ...corpus], { timeout: 300 });
  if (result.exitCode !== 0) throw new Error(`validate-dump ended with ${result.exitCode}: ${result.stderr}`);
  compare(dump);
}
const told = [...answers].sort(([left], [right]) => left - right).map(([status, count]) => `${hex(status)} ${count}`);
console.log(`# ${asked} requests: ${told.join(', ')}`);
// Seven statuses: a comparison that never meets one of them compares less than it says.
const complete = answers.size === 7;
if (!complete) console.log(`not ok - ${answers.size} different answers, not 7`);
console.log(disagreements === 0 ? 'ok - the two validators agree' : `not ok - ${disagreements} disagreements`);
const failed = (disagreements === 0 ? 0 : 1) + (complete ? 0 : 1);
console.log(`${2 - failed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
