/** Many files, read here while they are few and by workers once they are many; the answers come in the order of the walk. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Inspected, inspectPath, unreadable } from './inspected.js';
import type { FoundFile } from './walk.js';
import type { WorkerPool } from './worker-pool.js';

/**
 * Starting the workers takes as long as they save on this many files: 133 ms against 0.1 ms a file, with two workers on two cores and a
 * signature in every seventh file (bench/inspect.ts gives 1290; whole batches).
 */
export const FILES_WORTH_WORKERS = 1280;
/** A message costs more than a file. */
const BATCH_FILES = 32;
/** Batches that each worker has in hand or waiting. */
const BATCHES_AHEAD = 2;

export interface Answer {
  readonly found: FoundFile;
  readonly file: Inspected;
}

const readHere = (found: FoundFile): Answer => ({
  found,
  file: found.error === null ? inspectPath(found.path) : unreadable(found.path, found.error),
});

const readBatch = async (pool: WorkerPool, batch: readonly FoundFile[]): Promise<Answer[]> => {
  const readable = batch.filter(({ error }) => error === null);
  const files = await pool.run(readable.map(({ path }) => path));
  const byPath = new Map(files.map((file) => [file.path, file]));
  return batch.map((found) => ({ found, file: byPath.get(found.path) ?? readHere(found).file }));
};

function* batchesOf(files: Iterator<FoundFile>): Generator<readonly FoundFile[]> {
  let batch: FoundFile[] = [];
  for (let next = files.next(); next.done !== true; next = files.next()) {
    batch.push(next.value);
    if (batch.length < BATCH_FILES) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

async function* readWithWorkers(files: Iterator<FoundFile>, pool: WorkerPool): AsyncGenerator<Answer> {
  const ahead: Promise<Answer[]>[] = [];
  for (const batch of batchesOf(files)) {
    ahead.push(readBatch(pool, batch));
    if (ahead.length >= pool.size * BATCHES_AHEAD) yield* (await ahead.shift()) ?? [];
  }
  for (const batch of ahead) yield* await batch;
}

/**
 * @param pool called once there are more files than are read as fast without
 * @param isStopped asked between files; a true answer ends the reading
 * @param filesHere how many are read without workers first
 */
export async function* inspectAll(
  files: Iterator<FoundFile>,
  pool: () => WorkerPool,
  isStopped: () => boolean,
  filesHere: number = FILES_WORTH_WORKERS,
): AsyncGenerator<Answer> {
  let count = 0;
  for (; count < filesHere; count += 1) {
    const next = files.next();
    if (next.done === true || isStopped()) return;
    yield readHere(next.value);
    // A signal, and what is written, get their turn.
    if (count % BATCH_FILES === BATCH_FILES - 1) await nextTurn();
  }
  for await (const answer of readWithWorkers(files, pool())) {
    if (isStopped()) return;
    yield answer;
  }
}
