/** A worker thread of `inspect`: paths come in, what was read goes out. */
import { parentPort } from 'node:worker_threads';
import { inspectPath } from './inspected.js';

parentPort?.on('message', (paths: readonly string[]) => {
  parentPort?.postMessage(paths.map((path) => inspectPath(path)));
});
