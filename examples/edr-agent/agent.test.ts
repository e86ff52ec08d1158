import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Held, open, TrustletError } from 'trustlet';
import type { Machine } from 'trustlet/emulator';
import { assertNoTrustletTouched, buildMachine, exitsBetweenCheckAndAct, reuseAtEveryOpen } from 'trustlet/testing';
import { Agent } from './agent.js';
import { emulatedInjector } from './emulated-injector.js';
import type { LogEntry } from './log.js';

// README test
const boot = () =>
  buildMachine().process('browser').process('editor').trustlet('lsaiso', { access: 'everyone' }).boot();

const lookOnce = (machine: Machine): void => {
  using vsm = open({ backend: machine });
  const agent = new Agent({ inject: emulatedInjector(machine.win32) });
  agent.look(vsm);
  agent.reach(vsm);
};

test('ordinary processes are reached, trustlets are left alone', () => {
  const machine = boot();
  lookOnce(machine);
  assert.deepEqual(reached(machine), ['browser', 'editor']);
  assertNoTrustletTouched(machine);
});

test('not even when the pid changes hands, whatever the moment', () => {
  reuseAtEveryOpen(boot, 'browser', lookOnce);
});
// README end

/** Labels of the processes that something was allocated in, one for each time. */
const reached = (machine: Machine): string[] =>
  machine.touches
    .filter((touch) => touch.operation === 'allocate' && touch.outcome === 'effect')
    .map(({ label }) => label);

/** An injector that waits to be let go, one `Held` after the other. */
const waitingInjector = () => {
  const entered: { readonly held: Held; readonly finish: () => void }[] = [];
  const inject = (held: Held): Promise<void> =>
    new Promise((resolve) => {
      entered.push({ held, finish: resolve });
    });
  return { entered, inject };
};

test('a second look reaches nothing twice, and finds a newcomer under an old pid', () => {
  const machine = boot();
  const vsm = open({ backend: machine });
  const agent = new Agent({ inject: emulatedInjector(machine.win32) });
  for (let looks = 0; looks < 3; looks += 1) {
    agent.look(vsm);
    agent.reach(vsm);
  }
  assert.deepEqual(reached(machine), ['browser', 'editor']);
  machine.reuse('browser', 'newcomer');
  agent.look(vsm);
  agent.reach(vsm);
  assert.deepEqual(reached(machine), ['browser', 'editor', 'newcomer']);
});

test('a process that ends under the injector is a failure of that process alone', () => {
  const machine = boot();
  const vsm = open({ backend: machine });
  const log: LogEntry[] = [];
  const agent = new Agent({ inject: emulatedInjector(machine.win32), log: (entry) => log.push(entry) });
  exitsBetweenCheckAndAct(machine, 'browser');
  agent.look(vsm);
  agent.reach(vsm);
  assert.deepEqual(reached(machine), ['editor']);
  assert.deepEqual(agent.statistics, { reached: 1, failed: 1, missed: 0, refused: { secure: 1 } });
  assert.match(
    JSON.stringify(log.find(({ event }) => event === 'failed')),
    /"browser.exe","error":"Error: pid \d+ was not/,
  );
  assert.equal(machine.openHandles(), 0);
});

test('who ends before its turn is missed; whose pid has another owner by then is refused', () => {
  const machine = boot();
  const vsm = open({ backend: machine });
  const agent = new Agent({ inject: emulatedInjector(machine.win32) });
  agent.look(vsm);
  machine.exit('editor');
  machine.reuse('browser', { label: 'trustlet-in-its-place', trustlet: { id: 1 }, access: 'everyone' });
  agent.reach(vsm);
  assert.deepEqual(agent.statistics.refused, { 'identity-mismatch': 1, gone: 1, secure: 1 });
  assert.deepEqual(machine.touches, []);

  machine.spawn('short-lived');
  agent.look(vsm);
  machine.exit('short-lived');
  agent.look(vsm);
  assert.deepEqual([agent.waiting, agent.statistics.missed], [1, 1]);
  agent.reach(vsm);
  assert.deepEqual(agent.statistics, {
    reached: 0,
    failed: 0,
    missed: 1,
    refused: { 'identity-mismatch': 1, gone: 1, secure: 2 },
  });
});

test('a query that fails is asked again, three times at most, and counted once', () => {
  const machine = boot();
  const vsm = open({ backend: machine });
  const log: LogEntry[] = [];
  const agent = new Agent({ inject: emulatedInjector(machine.win32), log: (entry) => log.push(entry) });
  machine.fail('NtQueryInformationProcess', {
    status: 'STATUS_INSUFFICIENT_RESOURCES',
    infoClass: 0,
    label: 'browser',
  });
  machine.fail('NtQueryInformationProcess', {
    status: 'STATUS_INSUFFICIENT_RESOURCES',
    infoClass: 0,
    label: 'editor',
    nth: 2, // the first is the census's
  });
  for (let looks = 0; looks < 5; looks += 1) {
    agent.look(vsm);
    agent.reach(vsm);
  }
  assert.deepEqual(reached(machine), ['editor']);
  assert.deepEqual(agent.statistics, { reached: 1, failed: 0, missed: 0, refused: { 'query-failed': 1, secure: 1 } });
  const browser = machine.pidOf('browser');
  const asked = log.flatMap((entry) => (entry.event === 'refused' && entry.pid === browser ? [entry.askAgain] : []));
  assert.deepEqual(asked, [true, true, false]);
});

test('slow injectors: no more than four at a time, each holding its process until it is done', async () => {
  const machine = buildMachine();
  for (let index = 0; index < 10; index += 1) machine.process(`p${index}`);
  const running = machine.boot();
  const vsm = open({ backend: running });
  const { entered, inject } = waitingInjector();
  const agent = new Agent({ inject, interval: 60_000 });
  const stop = new AbortController();
  const done = agent.run(vsm, stop.signal);
  for (let finished = 0; finished < 10; finished += 1) {
    await sleep(2);
    assert.equal(agent.inFlight, Math.min(4, 10 - finished));
    assert.equal(running.openHandles(), agent.inFlight);
    const next = entered[finished];
    assert.ok(next !== undefined && next.held.handle > 0n);
    assert.throws(() => running.reuse(`p${finished}`, 'thief'), /a handle still holds the old process/);
    next.finish();
  }
  await sleep(2);
  assert.deepEqual([entered.length, agent.inFlight, running.openHandles()], [10, 0, 0]);
  stop.abort();
  await done;
  assert.equal(agent.statistics.reached, 10);
});

test('told to stop with work under way: nothing new is begun, and what was begun is finished', async () => {
  const machine = boot();
  const vsm = open({ backend: machine });
  const { entered, inject } = waitingInjector();
  const agent = new Agent({ inject, concurrency: 1, interval: 60_000 });
  const stop = new AbortController();
  let ended = false;
  const done = agent.run(vsm, stop.signal).then(() => {
    ended = true;
  });
  await sleep(2);
  stop.abort();
  await sleep(2);
  assert.deepEqual([entered.length, ended], [1, false]);
  const [first] = entered;
  assert.ok(first !== undefined);
  assert.equal(machine.openHandles(), 1);
  first.finish();
  await done;
  assert.deepEqual([entered.length, machine.openHandles(), agent.statistics.reached], [1, 0, 1]);
  assert.throws(() => first.held.handle, { code: 'ERR_TRUSTLET_RELEASED' });
});

test('told to stop by the injector itself: the rest of the queue is left', { timeout: 5000 }, async () => {
  const stop = new AbortController();
  const agent = new Agent({ inject: () => stop.abort(), interval: 60_000 });
  await agent.run(open({ backend: boot() }), stop.signal);
  assert.deepEqual([agent.statistics.reached, agent.waiting], [1, 2]);
});

test('told to stop as the queue runs empty: it does not sleep first', { timeout: 5000 }, async () => {
  const stop = new AbortController();
  const agent = new Agent({ inject: () => stop.abort(), interval: 60_000 });
  await agent.run(open({ backend: buildMachine().process('browser').boot() }), stop.signal);
  assert.deepEqual([agent.statistics.reached, agent.waiting], [1, 0]);
});

test('a vsm closed under the agent stops it; the handles it holds live until their work is done', async () => {
  const machine = boot();
  const vsm = open({ backend: machine });
  const { entered, inject } = waitingInjector();
  const agent = new Agent({ inject, concurrency: 1, interval: 1 });
  const done = agent.run(vsm, new AbortController().signal);
  await sleep(2);
  vsm.close();
  await sleep(5);
  assert.equal(machine.openHandles(), 1);
  entered[0]?.finish();
  await done;
  assert.deepEqual([entered.length, machine.openHandles(), agent.waiting], [1, 0, 2]);
});

test('what the injector throws is the injector’s, even if it looks like a refusal or a loss', async () => {
  for (const code of ['ERR_TRUSTLET_REFUSED', 'ERR_TRUSTLET_BACKEND'] as const) {
    for (const asynchronous of [false, true]) {
      const vsm = open({ backend: boot() });
      const inject = (): void | Promise<void> => {
        const error = new TrustletError(code, 'from inside');
        if (asynchronous) return Promise.reject(error);
        throw error;
      };
      const agent = new Agent({ inject });
      agent.look(vsm);
      agent.reach(vsm);
      await agent.idle();
      agent.look(vsm);
      assert.deepEqual(agent.statistics, { reached: 0, failed: 2, missed: 0, refused: { secure: 1 } });
      assert.equal(agent.waiting, 0);
    }
  }
});
