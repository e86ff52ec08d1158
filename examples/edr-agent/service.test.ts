import assert from 'node:assert/strict';
import { test } from 'node:test';
import { open, TrustletError } from 'trustlet';
import { assertNoTrustletTouched, buildMachine } from 'trustlet/testing';
import { Agent } from './agent.js';
import { emulatedInjector } from './emulated-injector.js';
import type { LogEntry } from './log.js';
import { serve } from './service.js';

const boot = () =>
  buildMachine().process('browser').process('editor').trustlet('lsaiso', { access: 'everyone' }).boot();

test('a lost backend is opened again, and nothing is reached twice', { timeout: 10_000 }, async () => {
  const machine = boot();
  const stop = new AbortController();
  const log: LogEntry[] = [];
  const agent = new Agent({ inject: emulatedInjector(machine.win32), interval: 1 });
  // Four looks at the process list; the second finds that the list cannot be read.
  machine.fail('NtQuerySystemInformation', { status: 'STATUS_INSUFFICIENT_RESOURCES', infoClass: 5, nth: 2 });
  let looks = 0;
  machine.before('NtQuerySystemInformation', ({ infoClass }) => {
    if (infoClass !== 5) return;
    looks += 1;
    if (looks === 4) stop.abort();
  });
  await serve({
    agent,
    openVsm: () => open({ backend: machine }),
    signal: stop.signal,
    patience: 1,
    log: (entry) => log.push(entry),
  });
  assert.deepEqual(
    log.map(({ event }) => event),
    ['opened', 'lost', 'opened', 'stopped'],
  );
  assert.equal(agent.statistics.reached, 2);
  assertNoTrustletTouched(machine);
  assert.equal(machine.openHandles(), 0);
});

test('lost in the middle of the queue: the process whose turn it was stays in the queue', {
  timeout: 10_000,
}, async () => {
  const machine = boot();
  const vsm = open({ backend: machine });
  const lost = new TrustletError('ERR_TRUSTLET_BACKEND', 'the driver was stopped');
  let calls = 0;
  const run = vsm.guard.run.bind(vsm.guard);
  // As the driver backend does when its device goes away: before the callback is entered.
  vsm.guard.run = ((...parameters: Parameters<typeof run>) => {
    calls += 1;
    if (calls === 2) throw lost;
    return run(...parameters);
  }) as typeof run;
  const agent = new Agent({ inject: emulatedInjector(machine.win32) });
  await assert.rejects(agent.run(vsm, new AbortController().signal), lost);
  assert.deepEqual([agent.statistics.reached, agent.waiting], [1, 2]);

  agent.look(vsm);
  agent.reach(vsm);
  assert.deepEqual(agent.statistics, { reached: 2, failed: 0, missed: 0, refused: { secure: 1 } });
});

test('told to stop while it waits for a backend', { timeout: 10_000 }, async () => {
  const stop = new AbortController();
  const agent = new Agent({ inject: () => {} });
  await serve({
    agent,
    openVsm: () => {
      setTimeout(() => stop.abort(), 5);
      throw new TrustletError('ERR_TRUSTLET_BACKEND', 'no driver');
    },
    signal: stop.signal,
    patience: 60_000,
  });
  assert.deepEqual(agent.statistics, { reached: 0, failed: 0, missed: 0, refused: {} });
});

test('a backend that the program does not accept is no loss: the service ends', async () => {
  const options = { agent: new Agent({ inject: () => {} }), signal: new AbortController().signal };
  const openVsm = () => open({ backend: 'emulated', only: ['driver', 'ntdll'] });
  await assert.rejects(serve({ ...options, openVsm }), { code: 'ERR_TRUSTLET_BACKEND_REFUSED' });
});
