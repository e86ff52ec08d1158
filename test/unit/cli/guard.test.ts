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

describe('trustlet explain', () => {
  test('a trustlet is isolated, and the exit code is that of check', async () => {
    const run = await on(guarded, `explain ${lsaiso} --error 998`);
    assert.equal(run.code, 10);
    assert.match(run.out, /^pid \d+ {2}LsaIso\.exe: secure \(secure-bit-set\)$/m);
    assert.match(run.out, /^met: Win32 error 998$/m);
    assert.match(run.out, /^1\. isolated$/m);
    assert.match(run.out, /^ {3}→ No right or privilege changes that\./m);
  });

  test('an NTSTATUS can be hexadecimal or a signed number', async () => {
    for (const code of ['0xc0000022', '-1073741790', '3221225506']) {
      const run = await on(guarded, `explain ${lsass} --error ${code}`);
      assert.equal(run.code, 0);
      assert.match(run.out, /^met: STATUS_ACCESS_DENIED \(0xC0000022\), Win32 error 5$/m);
      assert.match(run.out, /^1\. protected$/m);
    }
    assert.match((await on(guarded, `explain ${lsass} --error 0xdeadbeef`)).out, /^met: 0xDEADBEEF$/m);
  });

  test('without an error', async () => {
    const run = await on(guarded, `explain ${notepad}`);
    assert.equal(run.code, 0);
    assert.doesNotMatch(run.out, /^met:/m);
    assert.match(run.out, /^1\. none$/m);
    assert.equal((await on(guarded, 'explain 123456')).code, 11);
  });

  test('--json', async () => {
    const explained = document(await on(guarded, `explain ${lsaiso} --error 5 --json`));
    assert.deepEqual(Object.keys(explained), [
      'schema',
      'backend',
      'simulated',
      'pid',
      'name',
      'verdict',
      'reason',
      'status',
      'error',
      'summary',
      'causes',
    ]);
    assert.deepEqual(explained['error'], { ntstatus: null, win32: 5, name: 'Win32 error 5' });
    assert.equal(explained['name'], 'LsaIso.exe');
    assert.equal((explained['causes'] as { cause: string }[])[0]?.cause, 'isolated');
    assert.equal(document(await on(guarded, `explain ${lsaiso} --json`))['error'], null);
  });

  test('an explanation without facts is one of an unknown process', async () => {
    const vsm = open({ backend: guarded });
    const silent = {
      backend: vsm.backend,
      query: (pid: number) => vsm.query(pid),
      explain: (pid: number) => ({ ...vsm.explain(pid), facts: null }),
      close: () => {},
    } as unknown as typeof vsm;
    assert.equal((await trustlet('explain 123456', { open: () => silent })).code, 11);
  });
});
