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

describe('trustlet explain', () => {
  test('a trustlet is isolated, and the exit code is that of check', async () => {
    const run = await on(guarded, `explain ${lsaiso} --error 998`);
    assert.equal(run.code, 10);
    assert.match(run.out, /^pid \d+ {2}LsaIso\.exe: secure \(secure-bit-set\)$/m);
    assert.match(run.out, /^met: Win32 error 998, ERROR_NOACCESS$/m);
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
      'api',
      'summary',
      'causes',
    ]);
    assert.deepEqual(explained['error'], { ntstatus: null, win32: 5, name: 'Win32 error 5, ERROR_ACCESS_DENIED' });
    assert.equal(explained['name'], 'LsaIso.exe');
    assert.equal((explained['causes'] as { cause: string }[])[0]?.cause, 'isolated');
    assert.equal(document(await on(guarded, `explain ${lsaiso} --json`))['error'], null);
  });

  test('--api: what the call does, and which right is missing', async () => {
    const run = await on(guarded, `explain ${lsass} --error 5 --api ReadProcessMemory`);
    assert.match(run.out, /^from: ReadProcessMemory \(read\)$/m);
    assert.match(run.out.replace(/\s+/g, ' '), /it lacks PROCESS_VM_READ \(ReadProcessMemory\)/);
    const unnamed = await on(guarded, `explain ${lsass} --api read`);
    assert.match(unnamed.out, /^from: read$/m);
    assert.match((await on(guarded, `explain ${lsass} --api GetModuleFileNameEx`)).out, /^from: GetModuleFileNameEx$/m);
  });

  test('a possible cause is marked in words', async () => {
    assert.match((await on(guarded, `explain ${notepad} --error 5`)).out, /^1\. access-control \(possible\)$/m);
  });

  test('what is about no process: no pid, exit code 0, and the whole posture is asked', async () => {
    const run = await on(guarded, 'explain --error 1275');
    assert.equal(run.code, 0);
    assert.match(run.out, /^about no process$/m);
    assert.match(run.out, /^1\. code-integrity-policy$/m);
    const stalled = await on(boot('vbs-not-running'), 'explain --api CreateEnclave --error 50 --json');
    const { causes, pid, verdict } = document(stalled);
    assert.deepEqual([pid, verdict], [null, null]);
    // Only the registry tells this one: the posture was the asynchronous one.
    assert.ok((causes as { evidence: string }[]).some(({ evidence }) => evidence.startsWith('registry Policy')));
  });

  test('an error by its name; a misspelt API is wrong use even where no backend answers', async () => {
    assert.match(
      (await on(guarded, `explain ${lsaiso} --error ERROR_NOACCESS`)).out,
      /^met: Win32 error 998, ERROR_NOACCESS$/m,
    );
    const run = await trustlet(`explain ${lsaiso} --api ReadProcesMemory`);
    assert.equal(run.code, 2);
  });

  test('wrong use: nothing at all, no number, no such API: exit code 2', async () => {
    for (const [argv, what] of [
      ['explain', /Name a pid, or what is about no process/],
      [`explain ${lsaiso} --error five`, /an HRESULT .*got 'five'/],
      [`explain ${lsaiso} --api ReadProcesMemory`, /Did you mean 'ReadProcessMemory'/],
      ['explain --api nonsense-of-mine', /is no API that is known here/],
    ] as const) {
      const run = await on(guarded, argv);
      assert.equal(run.code, 2, argv);
      assert.match(run.err, what);
    }
  });

  test('an explanation without facts is one of an unknown process', async () => {
    const vsm = open({ backend: guarded });
    const silent = {
      backend: vsm.backend,
      query: (pid: number) => vsm.query(pid),
      postureAsync: () => vsm.postureAsync(),
      explain: (pid: number) => ({ ...vsm.explain(pid), facts: null }),
      close: () => {},
    } as unknown as typeof vsm;
    assert.equal((await trustlet('explain 123456', { open: () => silent })).code, 11);
  });
});
