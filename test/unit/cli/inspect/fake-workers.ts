/** Workers that do as a test tells them, in this process. */
import { type Inspected, unreadable } from '../../../../lib/cli/inspect/inspected.js';
import type { PoolWorker } from '../../../../lib/cli/inspect/worker-pool.js';

type Listener = (value: never) => void;

/** What a worker reads of a path: an answer that names it. */
export const answerTo = (path: string): Inspected => unreadable(path, `read by a worker: ${path}`);

export class FakeWorker implements PoolWorker {
  /** What it was given, job by job. */
  readonly jobs: string[][] = [];
  isTerminated = false;
  readonly #listeners = new Map<string, Listener[]>();
  readonly #do: (worker: FakeWorker, paths: readonly string[]) => void;

  constructor(act: (worker: FakeWorker, paths: readonly string[]) => void) {
    this.#do = act;
  }

  on(event: string, listener: Listener): this {
    this.#listeners.set(event, [...(this.#listeners.get(event) ?? []), listener]);
    return this;
  }

  #emit(event: string, value: unknown): void {
    for (const listener of this.#listeners.get(event) ?? []) listener(value as never);
  }

  postMessage(paths: readonly string[]): void {
    this.jobs.push([...paths]);
    this.#do(this, paths);
  }

  answer(files: readonly Inspected[]): void {
    this.#emit('message', files);
  }

  /** @param error undefined: it ends without one, as after process.exit */
  die(error?: Error): void {
    if (error !== undefined) this.#emit('error', error);
    this.#emit('exit', 1);
  }

  terminate(): Promise<number> {
    this.isTerminated = true;
    this.#emit('exit', 1);
    return Promise.resolve(1);
  }
}

/** Answers a moment later, as a thread does. */
export const answering = (worker: FakeWorker, paths: readonly string[]): void => {
  setImmediate(() => worker.answer(paths.map(answerTo)));
};

/** Answers, but dies of a path. */
export const dyingOf =
  (deadly: (path: string) => boolean, error?: Error) =>
  (worker: FakeWorker, paths: readonly string[]): void => {
    if (paths.some(deadly)) setImmediate(() => worker.die(error));
    else answering(worker, paths);
  };

/** Starts fake workers and keeps them. */
export const startFake = (
  act: (worker: FakeWorker, paths: readonly string[]) => void,
): { start: () => FakeWorker; started: FakeWorker[] } => {
  const started: FakeWorker[] = [];
  const start = (): FakeWorker => {
    const worker = new FakeWorker(act);
    started.push(worker);
    return worker;
  };
  return { start, started };
};
