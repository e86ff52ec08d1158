import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { DemoStep } from '../../../lib/cli/demo/step.js';
import { boot, type Scenario } from '../../../lib/emulator/index.js';
import { open } from '../../../lib/open.js';
import { document, trustlet } from './capture.js';

const steps = async (argv: string): Promise<DemoStep[]> =>
  document(await trustlet(`demo ${argv} --json`))['steps'] as DemoStep[];
const outcomes = (all: readonly DemoStep[], section: string, isTrustlet: boolean): Record<string, string> =>
  Object.fromEntries(
    all
      .filter((step) => step.section === section && step.trustlet === isTrustlet)
      .map((step) => [step.call, step.outcome]),
  );

/** A machine of an agent and whatever else is asked for. */
const small = (over: Partial<Scenario>): Scenario => ({
  schema: 1,
  name: 'small',
  title: 'a small machine',
  system: { build: 26100, vsm: true },
  agent: 'agent',
  processes: [{ label: 'agent', image: 'agent.exe', user: 'user' }],
  ...over,
});
const demoOn = (scenario: Scenario): ReturnType<typeof trustlet> =>
  trustlet('demo', { open: () => open({ backend: boot(scenario) }) });

/** What follows the pictures. */
const tableOf = (lines: readonly string[]): readonly string[] =>
  lines.slice(lines.findIndex((line) => line.startsWith('WHERE')));

describe('trustlet demo', () => {
  test('fits a screen: each picture and the table at most 40 lines, at 80 and 100 columns', async () => {
    for (const columns of [80, 100]) {
      const run = await trustlet('demo', { columns });
      assert.equal(run.code, 0);
      assert.equal(run.err, '');
      const parts = ['The machine is up', 'LSASS, VTL0', 'WHERE'].map((start) =>
        run.lines.findIndex((line) => line.startsWith(start)),
      );
      const ends = [0, ...parts, run.lines.length];
      assert.ok(parts.every((at) => at > 0));
      ends.slice(1).forEach((end, index) => {
        assert.ok(end - (ends[index] ?? 0) <= 40, `${end - (ends[index] ?? 0)} lines`);
      });
      for (const line of run.lines) assert.ok(line.length <= columns, line);
    }
    const piped = await trustlet('demo');
    for (const line of piped.lines) assert.ok(line.length <= 100, line);
  });

  test('shows the machine, the exchange, the attack and its intercept', async () => {
    const { out } = await trustlet('demo credential-guard');
    assert.match(out, /^┌─ VTL0, user mode ─+┐ {2}┌─ VTL1, user mode: IUM ─+┐$/m);
    assert.match(out, /^│ lsass\.exe \(\d+\) +│ {2}│ LsaIso\.exe \(\d+\), trustlet 1 +│$/m);
    assert.match(out, /^│ ─+ ProtectCredential, 116 bytes ─+▶ │$/m);
    assert.match(out, /^│ ◀─+ Lm20GetNtlm3ChallengeResponse, \d+ bytes ─+ │$/m);
    assert.match(out, /^ {2}read a page of LsaIso\.exe +intercepted$/m);
    assert.match(out, /^The intercept, event \d+:\n.*VTL1 intercepts VTL0’s read of address 0x[0-9a-f]+.*\(B\d\d\)$/m);
    assert.match(out, /^ +\d+ {2}--- +rwx +lsaiso \(pid \d+\), VTL1$/m);
    assert.match(out.replaceAll(/\s+/g, ' '), /The user’s NT hash is not in it\./);
  });

  test('a machine without VTL1 has no picture of it, and the hash is found', async () => {
    const { out } = await trustlet('demo plain');
    assert.doesNotMatch(out, /VTL1, user mode|The intercept/);
    assert.match(out, /look for the NT hash in it all +found/);
  });

  test('leaves the machine as the table needs it, and tells the story in JSON too', async () => {
    const { story, steps: all } = document(await trustlet('demo --json'));
    assert.deepEqual(Object.keys(story as object), ['frames', 'hashWasStolen']);
    assert.ok((all as unknown[]).length > 20);
    const { story: none } = document(await trustlet('demo --json', { open: () => open({ backend: boot(small({})) }) }));
    assert.equal(none, null);
  });

  test('--html writes one page, and says where; where it cannot, it says why', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'trustlet-demo-'));
    try {
      const file = join(folder, 'story.html');
      const run = await trustlet(['demo', '--html', file]);
      assert.equal(run.code, 0);
      assert.ok(run.out.includes(`The page is in ${file}.`));
      assert.match(readFileSync(file, 'utf8'), /^<!doctype html>/);
      const refused = await trustlet(['demo', '--html', folder]);
      assert.equal(refused.code, 2);
      assert.match(refused.err, /--html: .* cannot be written: EISDIR/);
      const without = await trustlet(['demo', '--html', file], { open: () => open({ backend: boot(small({})) }) });
      assert.equal(without.code, 2);
      assert.match(without.err, /has no LSASS/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('says what is where: lsass in VTL0, LsaIso in VTL1', async () => {
    const { out } = await trustlet('demo');
    assert.match(out, /^VTL1 +\d+ {2}LsaIso\.exe +- +secure, secure-bit-set$/m);
    assert.match(out, /^VTL0 +\d+ {2}lsass\.exe +PPL-Lsa +ordinary, secure-bit-clear$/m);
    assert.match(out, /VSM is on: a trustlet’s memory is VTL1’s/);
  });

  test('a privileged agent gets nothing from the trustlet, and everything from an ordinary process', async () => {
    const all = await steps('');
    assert.deepEqual(outcomes(all, 'agent', true), {
      ReadProcessMemory: 'STATUS_ACCESS_VIOLATION (998)',
      WriteProcessMemory: 'STATUS_ACCESS_VIOLATION (998)',
      VirtualAllocEx: 'success, in VTL0 only',
      QueueUserAPC: 'success, never runs in VTL1',
      CreateRemoteThread: 'STATUS_INVALID_PARAMETER (87)',
      DebugActiveProcess: 'STATUS_ACCESS_DENIED (5)',
      MiniDumpWriteDump: 'success, without its memory',
    });
    assert.deepEqual(outcomes(all, 'agent', false), {
      ReadProcessMemory: '16 bytes read',
      WriteProcessMemory: '14 bytes written',
      VirtualAllocEx: 'a page allocated',
      QueueUserAPC: 'it ran',
      CreateRemoteThread: 'it ran',
      DebugActiveProcess: 'attached',
      MiniDumpWriteDump: 'has its memory',
    });
  });

  test('a driver in VTL0 gets no further', async () => {
    const all = await steps('');
    assert.deepEqual(outcomes(all, 'driver', true), {
      MmCopyVirtualMemory: 'STATUS_PARTIAL_COPY',
      KeStackAttachProcess: 'STATUS_ACCESS_VIOLATION',
      KeInsertQueueApc: 'success, never runs in VTL1',
      'map evil.dll': 'success, in VTL0, not in VTL1',
    });
    assert.deepEqual(outcomes(all, 'driver', false), {
      MmCopyVirtualMemory: '16 bytes read',
      KeStackAttachProcess: '16 bytes read',
      KeInsertQueueApc: 'it ran',
      'map evil.dll': 'loaded',
    });
  });

  test('the guard refuses on the trustlet and lets the ordinary process through', async () => {
    const all = await steps('');
    assert.deepEqual(outcomes(all, 'guard', true), {
      'guard.run read': 'refuse: secure',
      'guard.run queue-apc': 'refuse: secure',
      'guard.check terminate': 'refuse: availability',
    });
    assert.deepEqual(outcomes(all, 'guard', false), {
      'guard.run read': 'allow: 16 bytes read',
      'guard.run queue-apc': 'allow: it ran',
      'guard.check terminate': 'allow: ordinary',
    });
    assert.equal(document(await trustlet('demo --json'))['guardedTouches'], 0);
    assert.match((await trustlet('demo')).out, /^Through the guard, 0 operations reached a trustlet\.$/m);
  });

  test('the race: a check by pid ends at a trustlet, guard.run refuses, a held handle keeps the pid', async () => {
    const race = (await steps('')).filter((step) => step.section === 'race');
    assert.deepEqual(
      race.map(({ call, name, outcome, status }) => [call, name, outcome, status]),
      [
        ['check by pid', 'worker.exe', 'is ordinary; it exits and its pid is reused', 0],
        ['write by that pid', 'BioIso.exe', 'is BioIso.exe (trustlet): STATUS_ACCESS_VIOLATION', 0xc0000005],
        ['guard.run, same race', 'BioIso.exe', 'refuse: secure', 0],
        ['guard.run, holding', 'worker.exe', 'allow: it exits; the held handle keeps the pid', 0],
      ],
    );
    assert.equal(race[0]?.pid, race[1]?.pid);
  });

  test('each line is a real call: the machine has a record of it, and no handle is left', async () => {
    const machine = boot('credential-guard');
    await trustlet('demo', { open: () => open({ backend: machine }) });
    const tried = machine.touches
      .filter((touch) => touch.label === 'lsaiso')
      .map(({ api, outcome }) => `${api} ${outcome}`);
    assert.deepEqual(tried, [
      'ReadProcessMemory refused',
      'WriteProcessMemory refused',
      'VirtualAllocEx vtl0-only',
      'QueueUserAPC no-effect',
      'CreateRemoteThread refused',
      'DebugActiveProcess refused',
      'MiniDumpWriteDump vtl0-only',
      'MmCopyVirtualMemory refused',
      'KeStackAttachProcess refused',
      'KeInsertQueueApc no-effect',
      'ZwMapViewOfSection vtl0-only',
    ]);
    assert.equal(machine.openHandles(), 0);
  });

  test('without trustlets it says so', async () => {
    const run = await trustlet('demo plain');
    assert.equal(run.code, 0);
    assert.match(run.out, /VSM is off, and no trustlet runs/);
    assert.doesNotMatch(run.out, /\(trustlet\)/);
    assert.doesNotMatch(run.out, /reached a trustlet/);
    assert.ok(tableOf(run.lines).length <= 40);
    const race = (await steps('plain')).filter((step) => step.section === 'race');
    assert.deepEqual(
      race.map(({ outcome }) => outcome),
      [
        'is ordinary; it exits and its pid is reused',
        'is payroll.exe: STATUS_SUCCESS',
        'refuse: identity-mismatch',
        'allow: it exits; the held handle keeps the pid',
      ],
    );
    assert.equal(document(await trustlet('demo plain --json'))['trustlet'], null);
  });

  test('where the bit is not promised the guard refuses both', async () => {
    const all = (await steps('downlevel')).filter((step) => step.section === 'guard');
    assert.equal(all.length, 6);
    for (const step of all) assert.equal(step.outcome, 'refuse: downlevel-bit');
  });

  test('every built-in scenario plays, its table within 40 lines', async () => {
    for (const scenario of [
      'plain',
      'vbs',
      'vbs-not-running',
      'credential-guard',
      'server-2022',
      'downlevel',
      'hostile',
      'large',
    ]) {
      const run = await trustlet(`demo ${scenario}`, { columns: 80 });
      assert.equal(run.code, 0, scenario);
      assert.ok(tableOf(run.lines).length <= 40, `${scenario}: ${run.lines.length} lines`);
    }
  });

  test('--json names scenario and targets', async () => {
    const demo = document(await trustlet('demo --json'));
    assert.deepEqual(Object.keys(demo), [
      'schema',
      'backend',
      'simulated',
      'scenario',
      'title',
      'trustlet',
      'ordinary',
      'processes',
      'guardedTouches',
      'steps',
      'story',
    ]);
    assert.equal(demo['scenario'], 'credential-guard');
    assert.equal(demo['trustlet'], boot('credential-guard').pidOf('lsaiso'));
    const [first] = demo['steps'] as DemoStep[];
    assert.deepEqual(first, {
      section: 'agent',
      call: 'ReadProcessMemory',
      pid: boot('credential-guard').pidOf('lsaiso'),
      name: 'LsaIso.exe',
      trustlet: true,
      succeeded: false,
      status: 0xc0000005,
      statusName: 'STATUS_ACCESS_VIOLATION',
      win32: 998,
      outcome: 'STATUS_ACCESS_VIOLATION (998)',
    });
  });

  test('a machine that stops at an injection is put back, and the story goes on', async () => {
    const run = await demoOn({ ...boot('credential-guard').scenario, policies: { destabilise: 'bugcheck' } });
    assert.equal(run.code, 0);
    assert.match(run.out, /^ReadProcessMemory +STATUS_ACCESS_VIOLATION \(998\) +16 bytes read$/m);
    assert.match(run.out, /^WriteProcessMemory +THE MACHINE STOPS +14 bytes written$/m);
    assert.match(run.out, /^QueueUserAPC +THE MACHINE STOPS +it ran$/m);
    assert.match(run.out, /^guard\.run read +refuse: secure +allow: 16 bytes read$/m);
    assert.match(run.out, /^write by that pid +pid \d+ is BioIso\.exe \(trustlet\): THE MACHINE STOPS$/m);
  });

  test('an unprivileged agent is stopped earlier, and that is said', async () => {
    const run = await demoOn(
      small({
        processes: [
          { label: 'agent', image: 'agent.exe', user: 'user' },
          { label: 'system', image: 'System', kind: 'system' },
          { label: 'iso', image: 'Iso.exe', trustlet: { id: 9 } },
          { label: 'demo worker 1', image: 'taken.exe', user: 'user' },
        ],
      }),
    );
    assert.equal(run.code, 0);
    assert.match(run.out, /^ReadProcessMemory +no handle: error 5 +16 bytes read$/m);
    assert.match(run.out, /^DebugActiveProcess +no handle: error 5 +attached$/m);
    assert.match(
      run.out,
      /^write by that pid +pid \d+ is BioIso\.exe \(trustlet\): only access control was in the way \(5\)$/m,
    );
  });

  test('a machine without System runs no driver, and one without a second process has nobody to act on', async () => {
    const alone = await demoOn(small({}));
    assert.equal(alone.code, 0);
    assert.match(alone.out, /^There is no process here that the demo could act on\.$/m);
    const noDriver = await demoOn(
      small({
        processes: [
          { label: 'agent', image: 'agent.exe', user: 'user' },
          { label: 'other', image: 'other.exe', user: 'user' },
        ],
      }),
    );
    assert.match(noDriver.out, /^ReadProcessMemory +16 bytes read$/m);
    assert.match(noDriver.out, /^KeInsertQueueApc +(it ran|ERR_TRUSTLET_UNSUPPORTED)$/m);
  });

  test('it runs on the emulated machine only', async () => {
    const refused = await trustlet('demo --backend ntdll');
    assert.equal(refused.code, 2);
    assert.match(refused.err, /runs on the emulated machine only/);
    const vsm = { machine: undefined, close: () => {} } as unknown as ReturnType<typeof open>;
    assert.equal((await trustlet('demo', { open: () => vsm })).code, 2);
    assert.equal((await trustlet('demo --backend emulated')).code, 0);
    assert.equal((await trustlet('demo --backend auto')).code, 0);
  });

  test('a scenario is named once', async () => {
    assert.equal((await trustlet('demo --scenario plain')).code, 0);
    assert.equal(document(await trustlet('demo --json --scenario plain'))['scenario'], 'plain');
    assert.equal(document(await trustlet('demo --json', { env: { TRUSTLET_SCENARIO: 'vbs' } }))['scenario'], 'vbs');
    assert.equal((await trustlet('demo plain --scenario vbs')).code, 2);
    assert.equal((await trustlet(['demo', ''])).code, 2);
    assert.equal((await trustlet('demo nosuch')).code, 2);
  });
});
