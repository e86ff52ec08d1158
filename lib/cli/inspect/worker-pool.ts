/** Worker threads that read files. A worker that dies takes one file with it, not the run. */
import { Worker } from 'node:worker_threads';
import { type Inspected, inspectPath, unreadable } from './inspected.js';

/** A file cannot make a worker take more memory than this, in MB. */
const MOST_MEMORY = 512;

/** As much of a Worker as the pool needs; a test brings its own. */
export interface PoolWorker {
  postMessage(paths: readonly string[]): void;
  on(event: 'message', listener: (files: readonly Inspected[]) => void): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
  on(event: 'exit', listener: (code: number) => void): unknown;
  terminate(): Promise<unknown>;
}

export const startWorker = (): PoolWorker =>
  new Worker(new URL('./worker.js', import.meta.url), { resourceLimits: { maxOldGenerationSizeMb: MOST_MEMORY } });

interface Job {
  readonly paths: readonly string[];
  readonly resolve: (files: readonly Inspected[]) => void;
  readonly reject: (reason: Error) => void;
}

export class WorkerPool {
  readonly #start: () => PoolWorker;
  readonly #size: number;
  readonly #waiting: Job[] = [];
  readonly #idle: PoolWorker[] = [];
  readonly #busy: Map<PoolWorker, Job> = new Map();
  #isClosed = false;

  /** @param size the most workers at a time; they are started as they are needed */
  constructor(size: number, start: () => PoolWorker = startWorker) {
    this.#size = size;
    this.#start = start;
  }

  get size(): number {
    return this.#size;
  }

  /**
   * Reads files, in this order, in one worker.
   *
   * @returns as many as there are paths; where the worker died, they are read again one by one, and the one it dies of is unreadable
   */
  async run(paths: readonly string[]): Promise<readonly Inspected[]> {
    try {
      return await this.#submit(paths);
    } catch (error) {
      const [path] = paths;
      if (path === undefined) return [];
      if (paths.length === 1) {
        const reason = error instanceof Error ? error.message : String(error);
        return [unreadable(path, `${path} could not be read: it ended the worker that read it (${reason}).`)];
      }
      const files: Inspected[] = [];
      for (const each of paths) files.push(...(await this.run([each])));
      return files;
    }
  }

  /** Ends the workers; what they had in hand is not answered any more. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#idle, ...this.#busy.keys()].map((worker) => worker.terminate()));
  }

  #submit(paths: readonly string[]): Promise<readonly Inspected[]> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ paths, resolve, reject });
      this.#assign();
    });
  }

  #assign(): void {
    while (!this.#isClosed) {
      const [job] = this.#waiting;
      if (job === undefined) return;
      const worker = this.#idle.pop() ?? this.#hire();
      if (worker === undefined && this.#busy.size > 0) return;
      this.#waiting.shift();
      if (worker === undefined) {
        // No worker can be had at all: it goes without.
        job.resolve(job.paths.map((path) => inspectPath(path)));
      } else {
        this.#busy.set(worker, job);
        worker.postMessage(job.paths);
      }
    }
  }

  /** One more; undefined where there are enough, or the system has no thread for it, or node's --permission forbids it. */
  #hire(): PoolWorker | undefined {
    if (this.#busy.size >= this.#size) return undefined;
    let worker: PoolWorker;
    try {
      worker = this.#start();
    } catch {
      return undefined;
    }
    let death = new Error('the worker ended');
    worker.on('message', (files) => {
      const job = this.#busy.get(worker);
      this.#busy.delete(worker);
      this.#idle.push(worker);
      job?.resolve(files);
      this.#assign();
    });
    worker.on('error', (error) => {
      death = error;
    });
    worker.on('exit', () => {
      const job = this.#busy.get(worker);
      this.#busy.delete(worker);
      if (this.#idle.includes(worker)) this.#idle.splice(this.#idle.indexOf(worker), 1);
      if (this.#isClosed) return;
      job?.reject(death);
      this.#assign();
    });
    return worker;
  }
}
