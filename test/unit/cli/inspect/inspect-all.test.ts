/** Many files: their order, with workers and without, and an end when nobody listens any more. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type InspectOptions, inspectCommand } from '../../../../lib/cli/commands/inspect.js';
import { type Answer, FILES_WORTH_WORKERS, inspectAll } from '../../../../lib/cli/inspect/inspect-all.js';
import { inspectPath } from '../../../../lib/cli/inspect/inspected.js';
import type { FoundFile } from '../../../../lib/cli/inspect/walk.js';
import { walk } from '../../../../lib/cli/inspect/walk.js';
import { WorkerPool } from '../../../../lib/cli/inspect/worker-pool.js';
import type { CliIo } from '../../../../lib/cli/io.js';
import { buildPe } from '../../../support/pe/build.js';
import { answering, answerTo, dyingOf, type FakeWorker, startFake } from './fake-workers.js';
import { crowd, folderOf } from './files.js';

const folder = folderOf();
const many = crowd(folder, FILES_WORTH_WORKERS + 100, buildPe().bytes);
const never = (): boolean => false;
const noPool = (): WorkerPool => {
  throw new Error('no workers were wanted');
};

const foundFiles = (count: number, errorAt?: number): FoundFile[] =>
  Array.from({ length: count }, (_, index) => ({
    path: `file ${index}`,
    isNamed: false,
    fraction: index / count,
    error: index === errorAt ? `file ${index} is a folder that cannot be listed` : null,
  }));

const collect = async (answers: AsyncIterable<Answer>): Promise<Answer[]> => {
  const all: Answer[] = [];
  for await (const answer of answers) all.push(answer);
  return all;
};

/** Answers the faster, the later a job came: whoever does not wait for the first gets the order wrong. */
const backwards = (): ((worker: FakeWorker, paths: readonly string[]) => void) => {
  let delay = 40;
  return (worker, paths) => {
    setTimeout(() => worker.answer(paths.map(answerTo)), delay);
    delay = Math.max(0, delay - 4);
  };
};

describe('inspectAll', () => {
  test('few files are read here', async () => {
    const answers = await collect(inspectAll(walk([folder.at('crowd/00000'), folder.at('missing')]), noPool, never));
    assert.deepEqual(
      answers.map(({ file }) => file.kind),
      ['neither', 'unreadable'],
    );
    assert.equal((await collect(inspectAll(walk(many.slice(0, 100)), noPool, never))).length, 100);
    const { start, started } = startFake(answering);
    const answered = await collect(
      inspectAll(walk(many.slice(0, FILES_WORTH_WORKERS)), () => new WorkerPool(1, start), never),
    );
    assert.equal(answered.length, FILES_WORTH_WORKERS);
    assert.equal(started.length, 0);
  });

  test('many are read by workers, in the order of the walk', async () => {
    const { start, started } = startFake(backwards());
    const pool = new WorkerPool(3, start);
    const found = foundFiles(1000);
    const answers = await collect(inspectAll(found.values(), () => pool, never, 10));
    assert.deepEqual(
      answers.map(({ found: { path } }) => path),
      found.map(({ path }) => path),
    );
    assert.ok(answers.every(({ found: { path }, file }) => file.path === path));
    assert.equal(started.length, 3);
    assert.equal(
      started.reduce((sum, { jobs }) => sum + jobs.flat().length, 0),
      990,
    );
    assert.ok(started.every(({ jobs }) => jobs.every((job) => job.length <= 32)));
    await pool.close();
  });

  test('what is unreadable already goes to no worker and keeps its place', async () => {
    const { start, started } = startFake(answering);
    const pool = new WorkerPool(1, start);
    const answers = await collect(inspectAll(foundFiles(40, 5).values(), () => pool, never, 0));
    assert.deepEqual(answers[5]?.file, {
      path: 'file 5',
      kind: 'unreadable',
      error: 'file 5 is a folder that cannot be listed',
    });
    assert.equal(answers[6]?.file.path, 'file 6');
    assert.ok(!started.flatMap(({ jobs }) => jobs.flat()).includes('file 5'));
    await pool.close();
  });

  test('a worker that dies of a file makes that one unreadable and no other', async () => {
    const pool = new WorkerPool(2, startFake(dyingOf((path) => path === 'file 77', new Error('died'))).start);
    const answers = await collect(inspectAll(foundFiles(200).values(), () => pool, never, 0));
    assert.equal(answers.length, 200);
    const dead = answers.filter(({ file }) => file.kind === 'unreadable' && file.error.includes('ended the worker'));
    assert.deepEqual(
      dead.map(({ file }) => file.path),
      ['file 77'],
    );
    await pool.close();
  });

  test('only so many files are taken ahead of the one that is awaited', async () => {
    let taken = 0;
    function* counted(): Generator<FoundFile> {
      for (const found of foundFiles(2000)) {
        taken += 1;
        yield found;
      }
    }
    const pool = new WorkerPool(2, startFake(answering).start);
    const answers = inspectAll(counted(), () => pool, never, 0);
    await answers.next();
    // Two workers, two batches of 32 each.
    assert.equal(taken, 128);
    await answers.return(undefined);
    await pool.close();
  });

  test('it ends when it is told to, here and with workers', async () => {
    let asked = 0;
    const after = (count: number) => (): boolean => {
      asked += 1;
      return asked > count;
    };
    assert.equal((await collect(inspectAll(walk(many), noPool, after(3)))).length, 3);
    asked = 0;
    const { start, started } = startFake(answering);
    const pool = new WorkerPool(1, start);
    assert.equal((await collect(inspectAll(foundFiles(5000).values(), () => pool, after(10), 5))).length, 10);
    assert.ok(started.flatMap(({ jobs }) => jobs).length <= 3);
    await pool.close();
  });

  test('timers get their turn while files are read here', async () => {
    let isDue = false;
    const timer = setTimeout(() => {
      isDue = true;
    }, 1);
    let wasDue = false;
    for await (const _ of inspectAll(walk(many), () => new WorkerPool(1, startFake(answering).start), never)) {
      wasDue ||= isDue;
      if (wasDue) break;
    }
    clearTimeout(timer);
    assert.ok(wasDue);
  });

  test('an error that is the reader’s own is not taken for the file’s', () => {
    assert.throws(
      () =>
        inspectPath('x', () => {
          throw new TypeError('a fault of the reader');
        }),
      TypeError,
    );
  });
});

const OPTIONS: InspectOptions = {
  paths: [folder.at('crowd')],
  format: 'csv',
  all: true,
  details: false,
  only: [],
  jobs: undefined,
};

interface Run {
  readonly io: CliIo;
  /** What was written, piece by piece. */
  readonly written: string[];
}

const runOf = (over: Partial<CliIo> = {}): Run => {
  const written: string[] = [];
  const io: CliIo = {
    stdout: { write: (text) => written.push(text) },
    stderr: { write: () => true },
    env: {},
    isTTY: false,
    columns: undefined,
    ...over,
  };
  return { io, written };
};

const COUNT = FILES_WORTH_WORKERS + 100;

describe('trustlet inspect, many files', () => {
  test('they are written in order, whoever read them, and the pool is closed at the end', async () => {
    const { start, started } = startFake(backwards());
    const sizes: number[] = [];
    const { io, written } = runOf();
    const code = await inspectCommand({ ...OPTIONS, jobs: 3 }, io, (size) => {
      sizes.push(size);
      return new WorkerPool(size, start);
    });
    assert.deepEqual(sizes, [3]);
    assert.deepEqual(
      written.slice(1).map((row) => row.split(',')[0]),
      many,
    );
    assert.equal(written[FILES_WORTH_WORKERS]?.split(',')[1], 'not-a-pe');
    assert.match(written[FILES_WORTH_WORKERS + 1] ?? '', /,unreadable,.*,read by a worker: /);
    assert.ok(started.length > 0 && started.every(({ isTerminated }) => isTerminated));
    // The workers of this test read nothing.
    assert.equal(code, 11);
  });

  test('with real workers every file is read: exit code 0, and the counts of all', async () => {
    const { io, written } = runOf();
    const code = await inspectCommand({ ...OPTIONS, format: 'json', jobs: 2 }, io);
    assert.equal(code, 0);
    const found = JSON.parse(written.join('')) as { files: { path: string; kind: string }[]; counts: object };
    assert.deepEqual(
      found.files.map(({ path }) => path),
      many,
    );
    assert.ok(found.files.every(({ kind }, index) => kind === (index % 5 === 0 ? 'neither' : 'not-a-pe')));
    assert.deepEqual(found.counts, {
      trustlet: 0,
      enclave: 0,
      undetermined: 0,
      neither: Math.ceil(COUNT / 5),
      'not-a-pe': COUNT - Math.ceil(COUNT / 5),
      unreadable: 0,
    });
  });

  test('by the machine, there are one to four workers', async () => {
    let wanted = 0;
    const { io } = runOf();
    await inspectCommand(OPTIONS, io, (size) => {
      wanted = size;
      return new WorkerPool(size, startFake(answering).start);
    });
    assert.ok(wanted >= 1 && wanted <= 4, String(wanted));
  });

  test('it waits while the reader of stdout is behind', async () => {
    let release = (): void => {};
    const { io, written } = runOf({
      drained: () =>
        new Promise((resolve) => {
          release = resolve;
        }),
    });
    const running = inspectCommand({ ...OPTIONS, paths: many.slice(0, 3) }, io);
    const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));
    for (let pieces = 1; pieces <= 4; pieces += 1) {
      await settle();
      assert.equal(written.length, pieces);
      release();
    }
    assert.equal(await running, 0);
  });

  for (const [where, wanted] of [
    ['while files are read here', 5],
    ['while workers read', FILES_WORTH_WORKERS + 3],
  ] as const) {
    test(`a reader of stdout that goes away ends the work: ${where}`, async () => {
      const { start, started } = startFake(answering);
      const run = runOf({ isClosed: () => run.written.length > wanted });
      const code = await inspectCommand({ ...OPTIONS, jobs: 1 }, run.io, (size) => new WorkerPool(size, start));
      assert.equal(run.written.length, wanted + 1);
      assert.equal(code, where === 'while workers read' ? 11 : 0);
      assert.ok(started.flatMap(({ jobs }) => jobs).length <= 3);
      assert.ok(started.every(({ isTerminated }) => isTerminated));
    });
  }

  test('workers are ended when writing fails', async () => {
    const { start, started } = startFake(answering);
    const run = runOf({
      stdout: {
        write: (text) => {
          if (run.written.push(text) > FILES_WORTH_WORKERS + 10) throw new Error('the disk is gone');
        },
      },
    });
    await assert.rejects(
      inspectCommand({ ...OPTIONS, jobs: 2 }, run.io, (size) => new WorkerPool(size, start)),
      /the disk is gone/,
    );
    assert.ok(started.length > 0 && started.every(({ isTerminated }) => isTerminated));
  });
});
