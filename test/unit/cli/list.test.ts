import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { boot } from '../../../lib/emulator/index.js';
import { open } from '../../../lib/open.js';
import { document, trustlet } from './capture.js';

interface Listed {
  readonly pid: number;
  readonly name: string | null;
  readonly verdict: string;
  readonly status: number;
}

const listed = async (argv: string): Promise<Listed[]> => document(await trustlet(argv))['processes'] as Listed[];
const verdictOf = (processes: readonly Listed[], name: string): string | undefined =>
  processes.find((each) => each.name === name)?.verdict;

describe('trustlet list', () => {
  test('on a machine with Credential Guard LsaIso and Secure System are secure, everything else ordinary, exit code 0', async () => {
    const run = await trustlet('list --scenario credential-guard');
    assert.equal(run.code, 0);
    assert.equal(run.err, '');
    assert.match(run.out, /^\* +\d+ {2}secure +0 {2}- +LsaIso\.exe +trustlet$/m);
    assert.match(run.out, /^\* +\d+ {2}secure +0 {2}PP-WinSystem +Secure System +pseudo-process$/m);
    assert.match(run.out, /^ +\d+ {2}ordinary +0 {2}PPL-Lsa +lsass\.exe$/m);
    assert.match(run.out, /^\? +0 {2}unknown .* idle-process$/m);
    assert.match(run.out, /^\d+ processes: 2 secure, \d+ ordinary, 1 unknown \(pseudo: 1\)$/m);
  });

  test('on a machine without VSM nothing is secure', async () => {
    const run = await trustlet('list --scenario plain');
    assert.equal(run.code, 0);
    assert.match(run.out, /processes: 0 secure, /);
    assert.doesNotMatch(run.out, /^\*/m);
  });

  test('where the bit is not promised everything is unknown, exit code 11, and the advice is to leave it alone', async () => {
    const run = await trustlet('list --scenario downlevel');
    assert.equal(run.code, 11);
    assert.match(run.out, /LsaIso\.exe +downlevel-bit$/m);
    assert.match(run.out, /processes: 0 secure, 0 ordinary, /);
    assert.match(run.out, /Unknown \(\?\) means: leave it alone\./);
  });

  test('on a hostile machine names decide nothing, and what cannot be known is shown and counted', async () => {
    const run = await trustlet('list --scenario hostile');
    assert.equal(run.code, 11);
    assert.match(run.out, /^\* +\d+ {2}secure +0 {2}- +notepad\.exe +trustlet$/m);
    assert.match(run.out, /^\s+\d+ {2}ordinary +1 {2}- +LsaIso\.exe$/m);
    assert.match(run.out, /^\? +\d+ {2}unknown +0 {2}\? +closed\.exe +access-denied$/m);
  });

  test('--trustlets leaves the ordinary processes out and the unknown ones in, with the same exit code', async () => {
    const all = await trustlet('list --scenario hostile');
    const run = await trustlet('list --trustlets --scenario hostile');
    assert.equal(run.code, 11);
    assert.doesNotMatch(run.out, / ordinary {2}/);
    assert.match(run.out, /notepad\.exe/);
    assert.match(run.out, /closed\.exe/);
    const verdicts = new Set(
      (await listed('list --trustlets --json --scenario hostile')).map(({ verdict }) => verdict),
    );
    assert.deepEqual([...verdicts].sort(), ['secure', 'unknown']);
    assert.equal(
      all.lines.find((line) => line.includes('processes:')),
      run.lines.find((line) => line.includes('processes:')),
    );
  });

  test('--json is one document of the contract, 64-bit values as decimal strings', async () => {
    const run = await trustlet('list --json --scenario credential-guard');
    assert.equal(run.code, 0);
    const list = document(run);
    assert.deepEqual(Object.keys(list), ['schema', 'backend', 'simulated', 'processes']);
    assert.equal(list['schema'], 1);
    assert.equal(list['backend'], 'emulated');
    assert.equal(list['simulated'], true);
    const processes = list['processes'] as Record<string, unknown>[];
    const lsaiso = processes.find((each) => each['name'] === 'LsaIso.exe') ?? {};
    assert.deepEqual(Object.keys(lsaiso), [
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
    assert.equal(lsaiso['verdict'], 'secure');
    assert.equal(lsaiso['classification'], 'Normal');
    assert.equal(lsaiso['status'], 0);
    assert.match(String(lsaiso['createTime']), /^\d{18}$/);
    assert.equal(typeof lsaiso['startKey'], 'string');
    assert.deepEqual(lsaiso['protection'], { type: 'None', signer: 'None', audit: false, raw: 0 });
    assert.deepEqual(lsaiso['flags'], {
      raw: 0x80,
      IsProtectedProcess: false,
      IsWow64Process: false,
      IsProcessDeleting: false,
      IsCrossSessionCreate: false,
      IsFrozen: false,
      IsBackground: false,
      IsStronglyNamed: false,
      IsSecureProcess: true,
      IsSubsystemProcess: false,
      IsTrustedApp: false,
    });
    const idle = processes.find((each) => each['pid'] === 0) ?? {};
    assert.equal(idle['verdict'], 'unknown');
    assert.equal(idle['flags'], null);
    assert.equal(idle['protection'], null);
    assert.equal(idle['createTime'], null);
    assert.equal(idle['status'], 0xc000000b);
    const lsass = processes.find((each) => each['name'] === 'lsass.exe') ?? {};
    assert.deepEqual(lsass['protection'], { type: 'ProtectedLight', signer: 'Lsa', audit: false, raw: 0x41 });
  });

  test('an exiting or frozen process says so, and so do its other marks', async () => {
    const hostile = (await trustlet('list --scenario hostile')).out;
    assert.match(hostile, /FsIso\.exe +trustlet, exiting$/m);
    assert.match(hostile, /leaving\.exe +exiting$/m);
    assert.match(hostile, /bash +subsystem$/m);
    assert.match((await trustlet('list --scenario credential-guard')).out, /legacy\.exe +wow64$/m);
  });

  test('at 80 columns every line fits, whatever the names are', async () => {
    const longName = `${'a'.repeat(120)}.exe`;
    const machine = boot('credential-guard');
    machine.spawn({ label: 'long', image: longName });
    const wide = await trustlet('list', { columns: undefined, open: () => open({ backend: machine }) });
    assert.ok(wide.out.includes(longName), 'nothing is cut where there is no terminal');
    for (const scenario of [machine, boot('hostile'), boot('plain')]) {
      const { lines } = await trustlet('list', { columns: 80, open: () => open({ backend: scenario }) });
      for (const line of lines) assert.ok(line.length <= 80, line);
    }
  });

  test('a name that would command a terminal is shown, not obeyed', async () => {
    const machine = boot('credential-guard');
    machine.spawn({ label: 'evil', image: 'a\u001b[2Jb\u202egpj.exe\n' });
    const run = await trustlet('list', { open: () => open({ backend: machine }) });
    assert.match(run.out, /a\\u\{1b\}\[2Jb\\u\{202e\}gpj\.exe\\u\{a\}/);
    assert.ok(!run.out.includes('\u001b'));
    assert.ok(!run.out.includes('\u202e'));
  });

  test('the footer says where it was seen, and that it is simulated', async () => {
    const last = (await trustlet('list --scenario plain')).lines.at(-1) ?? '';
    assert.match(last, /^seen on: emulated machine, plain: .* \(simulated\)$/);
  });

  test('what takes longer than a second says so on stderr, at most once a second; without a terminal ten times as rarely', async () => {
    let time = 0;
    const slow = await trustlet('list --scenario plain', { now: () => (time += 400), stderrColumns: 80 });
    assert.match(slow.err, /^trustlet: 3 of \d+ processes read …$/m);
    assert.match(slow.err, /^trustlet: 6 of \d+ processes read …$/m);
    assert.doesNotMatch(slow.err, /trustlet: 4 of/);
    assert.equal((await trustlet('list --scenario plain', { now: () => (time += 4000) })).err, slow.err);
    assert.equal((await trustlet('list --scenario plain', { now: () => (time += 400) })).err, '');
    assert.equal((await trustlet('list --scenario plain', { now: () => 0 })).err, '');
  });

  test('10,000 processes', async () => {
    const processes = await listed('list --json --scenario large');
    assert.equal(processes.length, 10_000);
    assert.equal(verdictOf(processes, 'LsaIso.exe'), 'secure');
  });
});
