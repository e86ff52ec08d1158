import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { boot, type Machine } from '../../../lib/emulator/index.js';
import { open } from '../../../lib/open.js';
import { type Captured, document, trustlet } from './capture.js';

const on = (machine: Machine, argv: string): Promise<Captured> =>
  trustlet(argv, { open: () => open({ backend: machine }) });
const guarded = boot('credential-guard');
const lsaiso = guarded.pidOf('lsaiso');
const lsass = guarded.pidOf('lsass');
const notepad = guarded.pidOf('notepad');

describe('trustlet guard', () => {
  test('an isolation operation on a trustlet is refused: exit code 10', async () => {
    const run = await on(guarded, `guard write ${lsaiso}`);
    assert.equal(run.code, 10);
    assert.match(run.out, /^refuse: write on pid \d+$/m);
    assert.match(run.out, /^reason +secure$/m);
    assert.match(run.out, /^on a trustlet STATUS_ACCESS_VIOLATION, ERROR_NOACCESS 998/m);
  });

  test('an availability operation on a trustlet is refused: exit code 10', async () => {
    const run = await on(guarded, `guard terminate ${lsaiso}`);
    assert.equal(run.code, 10);
    assert.match(run.out, /^reason +availability$/m);
  });

  test('an ordinary process is allowed: exit code 0', async () => {
    const run = await on(guarded, `guard read ${notepad}`);
    assert.equal(run.code, 0);
    assert.match(run.out, /^allow: read on pid \d+$/m);
    assert.doesNotMatch(run.out, /on a trustlet/);
  });

  test('any other refusal: exit code 11', async () => {
    assert.equal((await on(guarded, `guard read ${lsass}`)).code, 11);
    assert.match((await on(guarded, `guard read ${lsass}`)).out, /^reason +rights-denied$/m);
    assert.equal((await on(guarded, 'guard read 123456')).code, 11);
    assert.match((await on(guarded, 'guard read 123456')).out, /^reason +gone$/m);
    const downlevel = boot('downlevel');
    assert.equal((await on(downlevel, `guard read ${downlevel.pidOf('lsaiso')}`)).code, 11);
  });

  test('nothing is done to the process, and no handle is left', async () => {
    const machine = boot('credential-guard');
    await on(machine, `guard terminate ${machine.pidOf('notepad')}`);
    assert.deepEqual(machine.touches, []);
    assert.equal(machine.openHandles(), 0);
    assert.equal(machine.process('notepad').life, 'running');
  });

  test('--json', async () => {
    const run = await on(guarded, `guard write ${lsaiso} --json`);
    assert.equal(run.code, 10);
    assert.deepEqual(document(run), {
      schema: 1,
      backend: 'emulated',
      simulated: true,
      pid: lsaiso,
      operation: 'write',
      decision: 'refuse',
      verdict: 'secure',
      reason: 'secure',
      status: 0,
      statusName: 'STATUS_SUCCESS',
      advice: 'Leave this process alone: it is a trustlet, and the operation cannot work on it.',
    });
    const denied = document(await on(guarded, `--json guard read ${lsass}`));
    assert.equal(denied['decision'], 'refuse');
    assert.equal(denied['verdict'], 'ordinary');
    assert.equal(denied['reason'], 'rights-denied');
    assert.equal(denied['status'], 0xc0000022);
    assert.equal(document(await on(guarded, `guard read ${notepad} --json`))['decision'], 'allow');
  });

  test('long sentences wrap at the terminal’s edge', async () => {
    const { lines } = await trustlet(`guard terminate ${lsaiso}`, {
      columns: 60,
      open: () => open({ backend: guarded }),
    });
    for (const line of lines) assert.ok(line.length <= 60, line);
  });
});
