/** The reader of `trustlet inspect` as the command runs it, with nothing written: what it found is counted and forgotten. */
import { availableParallelism } from 'node:os';
import { inspectAll } from '../lib/cli/inspect/inspect-all.js';
import { INSPECTED_KINDS, type InspectedKind } from '../lib/cli/inspect/inspected.js';
import { type FoundFile, walk } from '../lib/cli/inspect/walk.js';
import { WorkerPool } from '../lib/cli/inspect/worker-pool.js';

export type Counts = Readonly<Record<InspectedKind, number>>;

/** As lib/cli/commands/inspect.ts has it. */
const MOST_WORKERS = 4;
export const WORKERS: number = Math.min(availableParallelism(), MOST_WORKERS);

function* first(files: Iterable<FoundFile>, most: number): Generator<FoundFile> {
  let left = most;
  for (const file of files) {
    if (left === 0) return;
    left -= 1;
    yield file;
  }
}

export const noCounts = (): Record<InspectedKind, number> =>
  Object.fromEntries(INSPECTED_KINDS.map((kind) => [kind, 0])) as Record<InspectedKind, number>;

/** One line for all of them, to be compared. */
export const countsText = (counts: Counts): string =>
  INSPECTED_KINDS.filter((kind) => counts[kind] > 0)
    .map((kind) => `${counts[kind]} ${kind}`)
    .join(', ');

export interface RunOptions {
  /** How many files are read before workers start; undefined: as the command does. */
  readonly filesHere: number | undefined;
  /** How many files are read at all. Default: every one. */
  readonly most?: number;
  /** Called after each file. */
  readonly each?: (read: number) => void;
}

/** Starts the workers anew, and ends them, as each run of the command does. */
export const runReader = async (folder: string, { filesHere, most, each }: RunOptions): Promise<Counts> => {
  const counts = noCounts();
  let pool: WorkerPool | undefined;
  const openPool = (): WorkerPool => {
    pool = new WorkerPool(WORKERS);
    return pool;
  };
  let read = 0;
  const files = first(walk([folder]), most ?? Number.POSITIVE_INFINITY);
  for await (const { file } of inspectAll(files, openPool, () => false, filesHere)) {
    counts[file.kind] += 1;
    read += 1;
    each?.(read);
  }
  await pool?.close();
  return counts;
};
