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

describe('trustlet check', () => {
  test('a trustlet: exit code 10', async () => {
    const run = await on(guarded, `check ${lsaiso}`);
    assert.equal(run.code, 10);
    assert.match(run.out, /^pid \d+ {2}LsaIso\.exe$/m);
    assert.match(run.out, /^verdict +secure \(secure-bit-set\): a trustlet, leave it alone$/m);
    assert.match(run.out, /^flags +0x00000080 IsSecureProcess$/m);
    assert.match(run.out, /^status +STATUS_SUCCESS \(0x00000000\)$/m);
    assert.match(run.out, /^classification +Normal$/m);
    assert.match(run.out, /^created +20\d\d-\d\d-\d\dT[\d:.]+Z \(\d{18}\)$/m);
    assert.match(run.lines.at(-1) ?? '', /^seen on: emulated machine, credential-guard: .* \(simulated\)$/);
  });

  test('an ordinary process: exit code 0, protected or not', async () => {
    const run = await on(guarded, `check ${lsass}`);
    assert.equal(run.code, 0);
    assert.match(run.out, /^verdict +ordinary \(secure-bit-clear\): no trustlet$/m);
    assert.match(run.out, /^protection +PPL-Lsa$/m);
    assert.equal((await trustlet(`check ${boot('plain').pidOf('lsass')} --scenario plain`)).code, 0);
  });

  test('one that is gone: exit code 11', async () => {
    const run = await on(guarded, 'check 123456');
    assert.equal(run.code, 11);
    assert.match(run.out, /^verdict +unknown \(gone\): leave it alone$/m);
    assert.match(run.out, /^flags +\?$/m);
    assert.match(run.out, /^created +\?$/m);
    assert.match(run.out, /^status +STATUS_INVALID_CID \(0xC000000B\)$/m);
  });

  test('one that cannot be known: exit code 11, with the label the list has for it', async () => {
    const machine = boot('hostile');
    const closed = await on(machine, `check ${machine.pidOf('closed')}`);
    assert.equal(closed.code, 11);
    assert.match(closed.out, /^pid \d+ {2}closed\.exe$/m);
    assert.match(closed.out, /unknown \(access-denied\)/);
    const downlevel = boot('downlevel');
    assert.equal((await on(downlevel, `check ${downlevel.pidOf('lsaiso')}`)).code, 11);
  });

  test('a hexadecimal pid is the same pid', async () => {
    assert.match((await on(guarded, `check 0x${lsaiso.toString(16)}`)).out, /LsaIso\.exe/);
  });

  test('--json is one record of the list, with schema, backend and simulated before it', async () => {
    const run = await on(guarded, `check ${lsaiso} --json`);
    assert.equal(run.code, 10);
    const record = document(run);
    assert.deepEqual(Object.keys(record), [
      'schema',
      'backend',
      'simulated',
      'pid',
      'parentPid',
      'name',
      'verdict',
      'reason',
      'evidence',
      'flags',
      'protection',
      'classification',
      'createTime',
      'startKey',
      'sessionId',
      'status',
      'statusName',
    ]);
    assert.equal(record['name'], 'LsaIso.exe');
    assert.equal(record['classification'], 'Normal');
    const list = document(await on(guarded, 'list --json'))['processes'] as Record<string, unknown>[];
    const { schema: _schema, backend: _backend, simulated: _simulated, ...alone } = record;
    assert.deepEqual(
      list.find((each) => each['pid'] === lsaiso),
      alone,
    );
  });

  test('--json for one that is gone has null where nothing is known', async () => {
    const record = document(await on(guarded, 'check 123456 --json'));
    assert.equal(record['verdict'], 'unknown');
    assert.equal(record['status'], 0xc000000b);
    for (const member of [
      'parentPid',
      'name',
      'flags',
      'protection',
      'classification',
      'createTime',
      'startKey',
      'sessionId',
    ]) {
      assert.equal(record[member], null, member);
    }
  });

  test('a process that took the pid between the query and the list lends no name', async () => {
    const machine = boot('credential-guard');
    const pid = machine.spawn('first');
    machine.before('NtQuerySystemInformation', ({ infoClass }) => {
      if (infoClass === 5) machine.reuse('first', 'second');
    });
    const run = await on(machine, `check ${pid}`);
    assert.equal(machine.pidOf('second'), pid);
    assert.match(run.out, /^pid \d+ {2}\?$/m);
    assert.equal(run.code, 0);
  });

  test('a verdict does not depend on the process list; without it there is no name', async () => {
    const machine = boot('credential-guard');
    machine.fail('NtQuerySystemInformation', { status: 'STATUS_INSUFFICIENT_RESOURCES', infoClass: 5 });
    const run = await on(machine, `check ${lsaiso}`);
    assert.equal(run.code, 10);
    assert.match(run.out, /^pid \d+ {2}\?$/m);
    const vsm = open({ backend: boot('credential-guard') });
    const broken = {
      backend: vsm.backend,
      query: (pid: number) => vsm.query(pid),
      census: () => {
        throw new RangeError('a fault of ours');
      },
      close: () => {},
    } as unknown as typeof vsm;
    assert.equal((await trustlet(`check ${lsaiso}`, { open: () => broken })).code, 1);
  });
});
