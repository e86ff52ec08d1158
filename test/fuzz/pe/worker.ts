/** One process of the PE fuzzer: `worker.js <seed> <files>`. Writes one line a round, and a failing file shrunk. */
import { mkdirSync, writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { type FilePlan, fileOf, filePlan } from '../../support/pe/arbitrary.js';
import { checkFile } from '../../support/pe/report-rules.js';

const [seed = 1, files = 1000] = process.argv.slice(2).map(Number);
const ROUND = 5000;
/** Live heap may not grow with the files that were read. */
const GROWTH_LIMIT = 16 * 2 ** 20;

const tally: Record<string, number> = {};
const count = (key: string): void => {
  tally[key] = (tally[key] ?? 0) + 1;
};
let bytes = 0;
let index = 0;

const inspect = (plan: FilePlan): void => {
  const file = fileOf(plan);
  const report = checkFile(file, index % 8 === 0);
  index += 1;
  bytes += file.length;
  count(`kind ${report.kind}`);
  for (const code of new Set(report.diagnoses.map(({ part, code: what }) => `${part} ${what}`))) count(code);
};

const liveHeap = (): number => {
  globalThis.gc?.();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
};

const report = (value: unknown): string =>
  JSON.stringify(value, (_, each) => {
    if (typeof each === 'bigint') return `${each}n`;
    return each instanceof Uint8Array ? `hex:${Buffer.from(each).toString('hex').slice(0, 400)}` : each;
  });

const keep = (plan: FilePlan): string => {
  const folder = new URL('../../../../build/fuzz/pe/', import.meta.url);
  mkdirSync(folder, { recursive: true });
  const file = new URL(`failing-${seed}.bin`, folder);
  writeFileSync(file, fileOf(plan));
  return file.pathname;
};

let first = 0;
for (let done = 0; done < files; done += ROUND) {
  const numRuns = Math.min(ROUND, files - done);
  const outcome = fc.check(fc.property(filePlan, inspect), { seed: seed + done, numRuns, endOnFailure: false });
  if (outcome.failed) {
    const plan = outcome.counterexample?.[0];
    console.log(
      `FAILED seed ${seed + done}: ${outcome.errorInstance instanceof Error ? outcome.errorInstance.stack : ''}`,
    );
    if (plan !== undefined) console.log(`${report(plan)}\nkept as ${keep(plan)}`);
    process.exit(1);
  }
  const live = liveHeap();
  if (done === 0) first = live;
  if (live - first > GROWTH_LIMIT) {
    console.log(`FAILED: ${live - first} bytes more live after ${done + numRuns} files than after the first ${ROUND}`);
    process.exit(1);
  }
}
console.log(JSON.stringify({ files, bytes, tally }));
