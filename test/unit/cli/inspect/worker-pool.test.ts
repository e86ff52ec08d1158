/** Worker threads: what they answer, what happens when one dies, and that they end. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import type { Inspected } from '../../../../lib/cli/inspect/inspected.js';
import { type PoolWorker, startWorker, WorkerPool } from '../../../../lib/cli/inspect/worker-pool.js';
import { buildPe } from '../../../support/pe/build.js';
import { trustlet as trustletFile } from '../../../support/pe/samples.js';
import { answering, dyingOf, type FakeWorker, startFake } from './fake-workers.js';
import { folderOf } from './files.js';

const errorsOf = (files: readonly Inspected[]): string[] =>
  files.map((file) => (file.kind === 'unreadable' ? file.error : file.kind));
const pathsOf = (files: readonly Inspected[]): string[] => files.map(({ path }) => path);
const jobsOf = (workers: readonly FakeWorker[]): string[] =>
  workers.flatMap(({ jobs }) => jobs.map((job) => job.join()));

describe('a pool of workers', () => {
  test('starts a worker when it is needed, and not more than its size', async () => {
    const { start, started } = startFake(answering);
    const pool = new WorkerPool(2, start);
    assert.equal(pool.size, 2);
    assert.equal(started.length, 0);
    await pool.run(['a']);
    await pool.run(['b']);
    assert.equal(started.length, 1);
    await Promise.all(['c', 'd', 'e', 'f'].map((path) => pool.run([path])));
    assert.equal(started.length, 2);
    assert.deepEqual(jobsOf(started).sort(), ['a', 'b', 'c', 'd', 'e', 'f']);
    await pool.close();
  });

  test('answers in the order of the paths', async () => {
    const pool = new WorkerPool(1, startFake(answering).start);
    assert.deepEqual(pathsOf(await pool.run(['z', 'a', 'm'])), ['z', 'a', 'm']);
    assert.deepEqual(await pool.run([]), []);
    await pool.close();
  });

  test('a file that its worker dies of is unreadable, and the others of its batch are read', async () => {
    const { start, started } = startFake(dyingOf((path) => path === 'deadly', new Error('out of memory')));
    const pool = new WorkerPool(1, start);
    const files = await pool.run(['a', 'deadly', 'b']);
    assert.deepEqual(errorsOf(files), [
      'read by a worker: a',
      'deadly could not be read: it ended the worker that read it (out of memory).',
      'read by a worker: b',
    ]);
    // One for the batch, one for `a` and the deadly one, one for `b`.
    assert.deepEqual(jobsOf(started), ['a,deadly,b', 'a', 'deadly', 'b']);
    assert.equal(started.length, 3);
    await pool.close();
    assert.equal(started.filter(({ isTerminated }) => isTerminated).length, 1);
  });

  test('a worker that ends without an error has ended all the same', async () => {
    const pool = new WorkerPool(2, startFake(dyingOf((path) => path === 'deadly')).start);
    const [batch, other] = await Promise.all([pool.run(['deadly']), pool.run(['b'])]);
    assert.deepEqual(errorsOf(batch), [
      'deadly could not be read: it ended the worker that read it (the worker ended).',
    ]);
    assert.deepEqual(errorsOf(other), ['read by a worker: b']);
    await pool.close();
  });

  test('one that dies while it has nothing to do is replaced', async () => {
    const { start, started } = startFake(answering);
    const pool = new WorkerPool(1, start);
    await pool.run(['a']);
    started[0]?.die(new Error('lost'));
    assert.deepEqual(pathsOf(await pool.run(['b'])), ['b']);
    assert.equal(started.length, 2);
    await pool.close();
  });

  test('an empty batch that a worker dies of has no file to name', async () => {
    const pool = new WorkerPool(1, startFake((worker) => setImmediate(() => worker.die())).start);
    assert.deepEqual(await pool.run([]), []);
    await pool.close();
  });

  test('a worker that throws something that is no error is told of as it is', async () => {
    const pool = new WorkerPool(
      1,
      startFake((worker) => setImmediate(() => worker.die('a text' as unknown as Error))).start,
    );
    assert.deepEqual(errorsOf(await pool.run(['a'])), [
      'a could not be read: it ended the worker that read it (a text).',
    ]);
    await pool.close();
  });

  test('where no worker can be started, the files are read without', async () => {
    const folder = folderOf({ 'isolated.exe': trustletFile().bytes });
    const pool = new WorkerPool(2, () => {
      throw new Error('ERR_ACCESS_DENIED');
    });
    const files = await pool.run([folder.at('isolated.exe'), folder.at('missing')]);
    assert.deepEqual(errorsOf(files), ['trustlet', `${folder.at('missing')} cannot be read: there is no such file.`]);
    await pool.close();
  });

  test('where one more cannot be started, those that there are read the rest', async () => {
    const { start, started } = startFake(answering);
    const pool = new WorkerPool(4, () => {
      if (started.length > 0) throw new Error('no thread left');
      return start();
    });
    const batches = await Promise.all(['a', 'b', 'c'].map((path) => pool.run([path])));
    assert.deepEqual(
      batches.flatMap(errorsOf),
      ['a', 'b', 'c'].map((path) => `read by a worker: ${path}`),
    );
    await pool.close();
  });

  test('closing ends every worker, idle or busy, and starts none again', async () => {
    const { start, started } = startFake((worker, paths) => {
      if (!paths.includes('slow')) answering(worker, paths);
    });
    const pool = new WorkerPool(2, start);
    await pool.run(['a']);
    const unanswered = [pool.run(['slow']), pool.run(['slow']), pool.run(['waiting'])];
    await pool.close();
    assert.deepEqual(
      started.map(({ isTerminated }) => isTerminated),
      [true, true],
    );
    unanswered.push(pool.run(['late']));
    const first = await Promise.race([...unanswered, new Promise((resolve) => setImmediate(() => resolve('nothing')))]);
    assert.equal(first, 'nothing');
    assert.equal(started.length, 2);
  });
});

describe('real worker threads', () => {
  const folder = folderOf({ 'a.dll': buildPe().bytes, 'isolated.exe': trustletFile().bytes, 'note.txt': 'text' });
  const paths = ['isolated.exe', 'missing', 'a.dll', 'note.txt'].map(folder.at);

  test('read as this thread does', async () => {
    const pool = new WorkerPool(2);
    const files = await pool.run(paths);
    assert.deepEqual(errorsOf(files), [
      'trustlet',
      `${folder.at('missing')} cannot be read: there is no such file.`,
      'neither',
      'not-a-pe',
    ]);
    const [isolated] = files;
    assert.equal(isolated?.kind === 'trustlet' && isolated.policy?.applicationId, 1n);
    await pool.close();
  });

  test('one that is ended from outside takes nothing with it: its batch is read again', async () => {
    const workers: PoolWorker[] = [];
    const pool = new WorkerPool(1, () => {
      const worker = startWorker();
      workers.push(worker);
      return worker;
    });
    const running = pool.run(paths);
    await workers[0]?.terminate();
    assert.deepEqual(errorsOf(await running).slice(2), ['neither', 'not-a-pe']);
    assert.equal(workers.length, 2);
    await pool.close();
  });

  const dying: readonly (readonly [how: string, code: string, reason: RegExp])[] = [
    ['ends itself', 'process.exit(7)', /the worker ended/],
    ['throws', "throw new TypeError('not foreseen')", /not foreseen/],
    ['takes more memory than it may have', "const all = []; for (;;) all.push(new Array(1000).fill('x'))", /memory/],
  ];
  for (const [how, code, reason] of dying) {
    test(`one that ${how} makes its file unreadable, and nothing else`, async () => {
      const source = `const { parentPort } = require('node:worker_threads');
        parentPort.on('message', (paths) => {
          if (paths.includes('deadly')) { ${code} }
          parentPort.postMessage(paths.map((path) => ({ path, kind: 'unreadable', error: 'alive' })));
        });`;
      const limits = { maxOldGenerationSizeMb: 16 };
      const pool = new WorkerPool(1, () => new Worker(source, { eval: true, resourceLimits: limits, stderr: true }));
      const [before, deadly, behind] = errorsOf(await pool.run(['before', 'deadly', 'behind']));
      assert.deepEqual([before, behind], ['alive', 'alive']);
      assert.match(deadly ?? '', /^deadly could not be read: it ended the worker that read it \(/);
      assert.match(deadly ?? '', reason);
      await pool.close();
    });
  }
});
