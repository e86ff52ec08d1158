/**
 * One run of the reader in a process of its own, where nothing is compiled yet and nothing else takes memory:
 * `node --expose-gc dist/bench/inspect-child.js --folder … --files N --here N|all|default`; prints JSON. bench/inspect.ts starts it.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { getHeapStatistics } from 'node:v8';
import { type Counts, runReader } from './inspect-reader.js';

export interface ChildRun {
  /** Of the reading and of what it loads and starts; not of node's own start. */
  readonly nanoseconds: number;
  readonly counts: Counts;
  /** Bytes of this thread's JavaScript heap after a full collection: before the first file, after half of them, at the end. */
  readonly kept: readonly [before: number, half: number, end: number];
  /** The most of it that was in use after any file, garbage included, in bytes. */
  readonly peakHeap: number;
  /** Bytes of the whole process, its workers included: at the beginning, and the most. */
  readonly resident: readonly [before: number, most: number];
}

export interface ChildOptions {
  readonly folder: string;
  readonly files: number;
  readonly here: number | 'all' | 'default';
  /** Collects garbage at the beginning, half-way and at the end: not for runs that are timed. */
  readonly withMemory: boolean;
}

const PROGRAM = fileURLToPath(import.meta.url);

/** @throws Error when the child failed */
export const runChild = ({ folder, files, here, withMemory }: ChildOptions): ChildRun => {
  const given = ['--folder', folder, '--files', String(files), '--here', String(here)];
  const args = ['--expose-gc', PROGRAM, ...given, ...(withMemory ? ['--memory'] : [])];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`reading ${files} files in a process of its own: exit code ${status}\n${stderr}`);
  return JSON.parse(stdout) as ChildRun;
};

const heapNow = (): number => getHeapStatistics().used_heap_size;
const keptNow = (): number => {
  globalThis.gc?.();
  return heapNow();
};

const HERE: Readonly<Record<string, number | undefined>> = { all: Number.POSITIVE_INFINITY, default: undefined };

const main = async (): Promise<void> => {
  const { values } = parseArgs({
    options: {
      folder: { type: 'string', default: '' },
      files: { type: 'string', default: '' },
      here: { type: 'string', default: '' },
      memory: { type: 'boolean', default: false },
    },
  });
  const { folder, here, memory } = values;
  const most = Number(values.files);
  const filesHere = here in HERE ? HERE[here] : Number(here);
  const kept = memory ? keptNow : heapNow;
  const before = kept();
  const residentBefore = process.memoryUsage.rss();
  let peakHeap = before;
  let half = before;
  const watch = (read: number): void => {
    peakHeap = Math.max(peakHeap, heapNow());
    if (read === Math.floor(most / 2)) half = kept();
  };
  const start = process.hrtime.bigint();
  const counts = await runReader(folder, { filesHere, most, ...(memory ? { each: watch } : {}) });
  const nanoseconds = Number(process.hrtime.bigint() - start);
  const run: ChildRun = {
    nanoseconds,
    counts,
    kept: [before, half, kept()],
    peakHeap,
    resident: [residentBefore, process.resourceUsage().maxRSS * 1024],
  };
  process.stdout.write(JSON.stringify(run));
};

if (process.argv[1] === PROGRAM) await main();
