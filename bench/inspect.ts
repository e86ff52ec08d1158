/**
 * What reading files costs, beside opening them and reading the same bytes with nothing done about them:
 * `node --expose-gc dist/bench/inspect.js --folder … --out … [--quick]`; bench/run.mjs starts it.
 */
import { closeSync, fstatSync, openSync, readSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { FILES_WORTH_WORKERS } from '../lib/cli/inspect/inspect-all.js';
import { inspectFile, inspectSource, type PeReport } from '../lib/pe/index.js';
import { timesTold } from './checks.js';
import { expect } from './expect.js';
import { type ChildRun, runChild } from './inspect-child.js';
import { type MadeFile, makeFiles, makeLargeFile } from './inspect-files.js';
import { countsText, noCounts, runReader, WORKERS } from './inspect-reader.js';
import type { Check, Findings, Measurement, Remark } from './results.js';
import { type Contender, type Effort, FULL, measure, QUICK } from './rounds.js';
import { summarize } from './summary.js';

const { values } = parseArgs({
  options: {
    folder: { type: 'string' },
    out: { type: 'string' },
    quick: { type: 'boolean', default: false },
  },
});
const { folder: base, out } = values;
if (base === undefined || out === undefined) throw new Error('--folder or --out is missing: run npm run bench');

const COUNT = values.quick ? 200 : 10_000;
/** Runs of so many files show what starting workers costs and what they save. */
const FEW = values.quick ? [50, 100] : [128, 1024, 4096];
/** A turn is a whole run, and the first one is what warms up. */
const EFFORT: Effort = { ...(values.quick ? QUICK : FULL), batchMs: 0, warmUpMs: 0 };
const HERE = 'this machine';
const MS = 1e6;
const MB = 2 ** 20;
/** That a second half of the files may leave on the heap: the heap's own unrest, less than 1 KB a file. */
const MOST_GROWTH = 4 * MB;
const MOST_LARGE_BYTES = 65_536;
const FEW_KB = 32_768;

/** What was asked of a file, read by read, and what it was found to be. */
interface Requests {
  readonly path: string;
  readonly report: PeReport;
  readonly reads: readonly { readonly offset: number; readonly length: number }[];
}

const requestsOf = (path: string): Requests => {
  const reads: { offset: number; length: number }[] = [];
  const descriptor = openSync(path, 'r');
  const report = inspectSource({
    size: fstatSync(descriptor).size,
    read: (offset, target) => {
      reads.push({ offset, length: target.byteLength });
      return readSync(descriptor, target, 0, target.byteLength, offset);
    },
  });
  closeSync(descriptor);
  return { path, report, reads };
};

const bytesOf = (requests: readonly Requests[]): number =>
  requests.reduce((sum, { reads }) => sum + reads.reduce((all, { length }) => all + length, 0), 0);

/** A run over all files, timed; each turn verifies its answer. */
const run = <T>(name: string, once: () => T | Promise<T>, verify: (answer: T) => void): Contender => ({
  name,
  where: HERE,
  time: async (calls) => {
    const start = process.hrtime.bigint();
    let answer = await once();
    for (let left = calls; left > 1; left -= 1) answer = await once();
    const elapsed = Number(process.hrtime.bigint() - start);
    verify(answer);
    return elapsed;
  },
});

const bare = (name: string, requests: readonly Requests[]): Contender => {
  const buffer = new Uint8Array(MB);
  const readAll = (): number => {
    let bytes = 0;
    for (const { path, reads } of requests) {
      const descriptor = openSync(path, 'r');
      for (const { offset, length } of reads) bytes += readSync(descriptor, buffer, 0, length, offset);
      closeSync(descriptor);
    }
    return bytes;
  };
  const wanted = bytesOf(requests);
  return run(name, readAll, (bytes) => expect('bytes read', bytes, wanted));
};

const madeCounts = (files: readonly MadeFile[]): string => {
  const counts = noCounts();
  for (const { kind } of files) counts[kind] += 1;
  return countsText(counts);
};

const oneByOne = (name: string, files: readonly MadeFile[]): Contender => {
  const readAll = (): string => {
    const counts = noCounts();
    for (const { path } of files) counts[inspectFile(path).kind] += 1;
    return countsText(counts);
  };
  const wanted = madeCounts(files);
  return run(name, readAll, (counts) => expect('the files by kind', counts, wanted));
};

const BARE = 'bare: open, read the same bytes, close';
const ONE_BY_ONE = '`inspectFile`, one after another';
const EARLY = `the command’s reader, ${WORKERS} workers from the start`;
const USUAL = `the command’s reader, ${WORKERS} workers after ${FILES_WORTH_WORKERS} files`;
const ALONE = 'no workers: the command’s reader';
const UNSIGNED = 'files without a signature';

const command = (name: string, folder: string, filesHere: number | undefined, wanted: string): Contender =>
  run(
    name,
    () => runReader(folder, { filesHere }),
    (counts) => expect('the files by kind', countsText(counts), wanted),
  );

/** In processes of their own: a worker is always new to everything, and so must be who reads without. */
const fresh = (name: string, folder: string, files: readonly MadeFile[], here: number | 'all'): Contender => ({
  name,
  where: HERE,
  time: (calls) => {
    let nanoseconds = 0;
    for (let left = calls; left > 0; left -= 1) {
      const answer = runChild({ folder, files: files.length, here, withMemory: false });
      expect('the files by kind', countsText(answer.counts), madeCounts(files));
      nanoseconds += answer.nanoseconds;
    }
    return nanoseconds;
  },
});

const median = (measurements: readonly Measurement[], name: string, size?: number): number => {
  const found = measurements.find((each) => each.name === name && (size === undefined || each.size === size));
  if (found === undefined) throw new Error(`nothing was measured of ${name}`);
  return found.median;
};

/** What a run takes before the first file, and then a file, by its fewest and its most files; nanoseconds. */
const lineOf = (few: readonly Measurement[], name: string): { readonly start: number; readonly each: number } => {
  const [least = 0, most = 0] = [FEW[0], FEW.at(-1)];
  const each = (median(few, name, most) - median(few, name, least)) / (most - least);
  return { start: median(few, name, least) - each * least, each };
};

const worthOf = (few: readonly Measurement[]): Remark[] => {
  const [here, workers] = [lineOf(few, ALONE), lineOf(few, EARLY)];
  const [start, saved] = [workers.start - here.start, here.each - workers.each];
  const times = `Starting ${WORKERS} workers takes ${(start / MS).toFixed(0)} ms more than starting here (what they load and compile included); from then on a file takes ${(here.each / MS).toFixed(2)} ms here and ${(workers.each / MS).toFixed(2)} ms with them`;
  const worth =
    saved > 0 ? `: worth it from ${Math.round(start / saved)} files on` : ': they save nothing on this machine';
  return [{ group: 'inspect-few', text: `${times}${worth}. \`FILES_WORTH_WORKERS\` is ${FILES_WORTH_WORKERS}.` }];
};

const thousands = (value: number): string => Math.round(value).toLocaleString('en');
const megabytes = (bytes: number): string => (bytes / MB).toFixed(1);

const costRemark = (files: readonly MadeFile[], reports: readonly PeReport[]): Remark => {
  const [bytes, reads] = (['bytesRead', 'reads'] as const).map((key) => reports.map(({ cost }) => cost[key]));
  const of = (samples: readonly number[] = []): string =>
    `median ${thousands(summarize(samples).median)}, most ${thousands(samples.reduce((a, b) => Math.max(a, b), 0))}`;
  const sizes = files.map(({ size }) => size);
  return {
    group: 'inspect',
    text: `Sizes of the files in bytes: ${of(sizes)}, ${megabytes(sizes.reduce((a, b) => a + b, 0))} MB together. Bytes read of a file: ${of(bytes)}; reads: ${of(reads)}. By kind: ${madeCounts(files)}; ${files.filter(({ isSigned }) => isSigned).length} carry a signature.`,
  };
};

const memoryRemark = (how: string, { kept: [before, half, end], peakHeap, resident }: ChildRun): Remark => ({
  group: 'inspect',
  text: `Memory, in a process of its own, ${how}: heap after a full collection ${megabytes(before)} MB before, ${megabytes(half)} MB half-way, ${megabytes(end)} MB at the end; peak with garbage ${megabytes(peakHeap)} MB; resident at most ${megabytes(resident[1])} MB, ${megabytes(resident[1] - resident[0])} MB more than before the first file.`,
});

const speedRemark = (measurements: readonly Measurement[]): Remark => ({
  group: 'inspect',
  text: `Files a second: ${measurements.map(({ name, size, median: ns }) => `${thousands((size * 1e9) / ns)} (${name})`).join('; ')}.`,
});

const check = (name: string, passed: boolean, detail: string): Check => ({ name: `inspect, ${name}`, passed, detail });

const memoryCheck = (how: string, { kept: [, half, end] }: ChildRun): Check =>
  check(
    `${how}: memory does not grow with the number of files`,
    end - half < MOST_GROWTH,
    `the second half of the files left ${megabytes(end - half)} MB on the heap`,
  );

const folder = join(base, 'many');
const files = makeFiles(folder, COUNT);
const large = makeLargeFile(join(base, 'large.dll'));
const requests = files.map(({ path }) => requestsOf(path));
const reports = requests.map(({ report }) => report);
const largeReport = inspectFile(large.path);

const wanted = madeCounts(files);
const unsigned = new Set(files.filter(({ isSigned }) => !isSigned).map(({ path }) => path));
const many = [
  ...(await measure(
    'inspect',
    files.length,
    [
      bare(BARE, requests),
      oneByOne(ONE_BY_ONE, files),
      command(EARLY, folder, 0, wanted),
      command(USUAL, folder, undefined, wanted),
    ],
    EFFORT,
  )),
  ...(await measure(
    'inspect',
    unsigned.size,
    [
      bare(
        `${BARE}; ${UNSIGNED}`,
        requests.filter(({ path }) => unsigned.has(path)),
      ),
      oneByOne(
        `${ONE_BY_ONE}; ${UNSIGNED}`,
        files.filter(({ path }) => unsigned.has(path)),
      ),
    ],
    EFFORT,
  )),
];
const few: Measurement[] = [];
for (const size of FEW) {
  const some = files.slice(0, size);
  const contenders = [fresh(ALONE, folder, some, 'all'), fresh(EARLY, folder, some, 0)];
  few.push(...(await measure('inspect-few', size, contenders, EFFORT)));
}
const memory = (['all', 'default'] as const).map((here) => ({
  how: here === 'all' ? 'without workers' : `with workers after ${FILES_WORTH_WORKERS} files`,
  child: runChild({ folder, files: COUNT, here, withMemory: true }),
}));

const { bytesRead, reads } = largeReport.cost;
const wrong = files.filter(({ kind }, index) => reports[index]?.kind !== kind);
const measurements = [...many, ...few];
const findings: Findings = {
  measurements,
  notMeasured: [],
  growth: [],
  remarks: [
    speedRemark(many),
    costRemark(files, reports),
    ...memory.map(({ how, child }) => memoryRemark(how, child)),
    ...worthOf(few),
  ],
  aims: [
    {
      aim: 'reading a file of 500 MB costs a few KB',
      measured: `${(bytesRead / 1024).toFixed(1)} KB in ${reads} reads`,
      met: bytesRead <= FEW_KB,
      note: `A signed library of ${thousands(large.size)} bytes, its certificate table behind a hole; a few KB are ${FEW_KB / 1024} at most.`,
    },
  ],
  checks: [
    ...timesTold(measurements),
    check(
      'every file is of the kind that it was built as',
      wrong.length === 0,
      `${wrong.length} are not: ${wrong[0]?.path}`,
    ),
    check(
      'the bare reads are those of the reader',
      bytesOf(requests) === reports.reduce((sum, { cost }) => sum + cost.bytesRead, 0),
      `${bytesOf(requests)} bytes`,
    ),
    check(
      'of 500 MB it reads less than 64 KB, the signature at the end included',
      bytesRead < MOST_LARGE_BYTES && largeReport.signatures.length === 1 && largeReport.diagnoses.length === 0,
      `${bytesRead} bytes, ${largeReport.signatures.length} signatures, ${largeReport.diagnoses.length} diagnoses`,
    ),
    ...memory.flatMap(({ how, child }) => [
      check(`${how}: the files by kind`, countsText(child.counts) === wanted, countsText(child.counts)),
      memoryCheck(how, child),
    ]),
  ],
};
rmSync(base, { recursive: true, force: true });
writeFileSync(out, JSON.stringify(findings));
