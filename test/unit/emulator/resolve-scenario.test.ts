import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { resolveScenario } from '../../../lib/emulator/resolve-scenario.js';
import type { ResolvedProcess, Scenario, ScenarioProcess } from '../../../lib/emulator/scenario.js';
import { builtInScenario } from '../../../lib/emulator/scenarios/index.js';
import { TrustletError } from '../../../lib/errors.js';

const scenario = (processes: readonly ScenarioProcess[], more: Partial<Scenario> = {}): Scenario => ({
  schema: 1,
  name: 'test',
  title: 'test',
  system: { build: 26100, vsm: true, bootId: 3 },
  agent: processes[0]?.label ?? '',
  processes,
  ...more,
});

const resolveOne = (entry: Omit<ScenarioProcess, 'label' | 'image'>, system?: Scenario['system']): ResolvedProcess =>
  resolveScenario(scenario([{ label: 'x', image: 'x.exe', ...entry }], system === undefined ? {} : { system })).agent;

describe('resolveScenario', () => {
  test('gives every process and thread an id of its own, multiples of 4, whatever pids were asked for', () => {
    const { processes } = resolveScenario(
      scenario(
        [
          { label: 'a', image: 'a', threads: 40 },
          { label: 'b', image: 'b', pid: 16 },
          { label: 'c', image: 'c', pid: 64, threads: 2 },
          { label: 'd', image: 'd' },
        ],
        { crowds: [{ label: 'e', count: 50, image: 'e', threads: 3 }] },
      ),
    );
    const ids = processes.flatMap(({ pid, tids }) => [pid, ...tids]);
    assert.equal(new Set(ids).size, ids.length);
    assert.equal(ids.length, 54 + 40 + 1 + 2 + 1 + 150);
    assert.equal(
      ids.every((id) => id % 4 === 0 && id > 4),
      true,
    );
    assert.equal(processes[1]?.pid, 16);
    assert.equal(processes[2]?.pid, 64);
  });

  test('builds start keys from the boot id and a sequence number that only grows', () => {
    const { processes } = resolveScenario(
      scenario([
        { label: 'a', image: 'a' },
        { label: 'b', image: 'b' },
        { label: 'c', image: 'c' },
      ]),
    );
    let last = 0n;
    for (const { startKey, sequenceNumber } of processes) {
      assert.equal(startKey >> 48n, 3n);
      assert.equal(startKey & 0xffff_ffff_ffffn, sequenceNumber);
      assert.equal(sequenceNumber > last, true);
      last = sequenceNumber;
    }
  });

  test('lets create times grow in the order of the list, within 2025', () => {
    const { processes } = resolveScenario(
      scenario([
        { label: 'a', image: 'a' },
        { label: 'b', image: 'b' },
      ]),
    );
    const [a, b] = processes;
    assert.ok(a !== undefined && b !== undefined);
    assert.equal(a.createTime > 133_801_632_000_000_000n, true);
    assert.equal(a.createTime < b.createTime, true);
    assert.equal(b.createTime < 134_117_000_000_000_000n, true);
  });

  test('is the same for the same seed and another for another', () => {
    const of = (seed: number): Scenario =>
      scenario([{ label: 'a', image: 'a' }], { system: { build: 26100, vsm: true, seed } });
    assert.deepEqual(resolveScenario(of(7)).processes, resolveScenario(of(7)).processes);
    assert.notEqual(resolveScenario(of(7)).agent.createTime, resolveScenario(of(8)).agent.createTime);
  });

  test('gives Idle pid 0 and no time, sequence number or start key, and System pid 4', () => {
    const { processes } = resolveScenario(
      scenario([
        { label: 'idle', image: '', kind: 'idle' },
        { label: 'system', image: 'System', kind: 'system', threads: 2 },
      ]),
    );
    assert.deepEqual(
      processes.map(({ pid, createTime, sequenceNumber, startKey, tids }) => [
        pid,
        createTime === 0n,
        sequenceNumber === 0n,
        startKey === 0n,
        tids.length,
      ]),
      [
        [0, true, true, true, 0],
        [4, false, false, false, 2],
      ],
    );
  });

  test('finds parents by label, later ones and crowd members too; none is 0', () => {
    const { processes } = resolveScenario(
      scenario(
        [
          { label: 'child', image: 'c', parent: 'mother' },
          { label: 'mother', image: 'm', parent: 'kin-2' },
          { label: 'orphan', image: 'o' },
        ],
        { crowds: [{ label: 'kin', count: 2, image: 'k', parent: 'orphan' }] },
      ),
    );
    const pidOf = (label: string): number | undefined => processes.find((process) => process.label === label)?.pid;
    assert.equal(processes[0]?.parentPid, pidOf('mother'));
    assert.equal(processes[1]?.parentPid, pidOf('kin-2'));
    assert.equal(processes[2]?.parentPid, 0);
    assert.equal(processes[3]?.parentPid, pidOf('orphan'));
  });

  test('expands crowds with their details, one entry each', () => {
    const { processes } = resolveScenario(
      scenario([{ label: 'a', image: 'a' }], {
        crowds: [{ label: 'tab', count: 2, image: 'tab.exe', session: 1, user: 'user', threads: 2 }],
      }),
    );
    assert.deepEqual(
      processes.map(({ label, entry, tids }) => [
        label,
        entry.label,
        entry.image,
        entry.session,
        entry.user,
        tids.length,
      ]),
      [
        ['a', 'a', 'a', undefined, undefined, 1],
        ['tab-1', 'tab-1', 'tab.exe', 1, 'user', 2],
        ['tab-2', 'tab-2', 'tab.exe', 1, 'user', 2],
      ],
    );
  });

  test('composes the protection byte', () => {
    assert.equal(resolveOne({}).protection, 0);
    assert.equal(resolveOne({ protection: { type: 'ProtectedLight', signer: 'Lsa' } }).protection, 0x41);
    assert.equal(resolveOne({ protection: { type: 'Protected', signer: 'WinSystem' } }).protection, 0x72);
    assert.equal(resolveOne({ protection: { type: 'ProtectedLight', signer: 'App', audit: true } }).protection, 0x89);
  });

  test('classifies pseudo-processes and no trustlet', () => {
    assert.deepEqual(
      (['idle', 'system', 'secure-system', 'mem-compression', 'registry', 'pico', 'normal'] as const).map(
        (kind) => resolveOne({ kind }).classification,
      ),
      [0, 1, 2, 3, 4, 0, 0],
    );
    assert.equal(resolveOne({ trustlet: { id: 1 } }).classification, 0);
  });

  const words: readonly (readonly [string, Omit<ScenarioProcess, 'label' | 'image'>, number])[] = [
    ['an ordinary process', {}, 0x0],
    ['a PPL', { protection: { type: 'ProtectedLight', signer: 'Lsa' } }, 0x1],
    ['a WOW64 process', { wow64: true }, 0x2],
    ['an exiting process', { state: 'exiting' }, 0x4],
    ['one made across sessions', { crossSessionCreate: true }, 0x8],
    ['a frozen one', { frozen: true }, 0x10],
    ['one in the background', { background: true }, 0x20],
    ['one with package identity', { stronglyNamed: true }, 0x40],
    ['a trustlet', { trustlet: { id: 1 } }, 0x80],
    ['a protected trustlet', { trustlet: { id: 1 }, protection: { type: 'Protected', signer: 'WinTcb' } }, 0x81],
    ['a Pico process', { kind: 'pico' }, 0x100],
    ['Secure System', { kind: 'secure-system' }, 0x80],
  ];
  for (const [what, entry, word] of words) {
    test(`gives ${what} the Flags word 0x${word.toString(16)}`, () => {
      assert.equal(resolveOne(entry).flags, word);
    });
  }

  test('leaves bit 7 clear where the kernel does not report it: by the scenario, or by a build before 15063', () => {
    const trustlet = { trustlet: { id: 1 } };
    assert.equal(resolveOne(trustlet, { build: 26100, vsm: true, secureBit: 'absent' }).flags, 0);
    assert.equal(resolveOne(trustlet, { build: 14393, vsm: true }).flags, 0);
    assert.equal(resolveOne(trustlet, { build: 14393, vsm: true, secureBit: 'reported' }).flags, 0x80);
    assert.equal(resolveOne(trustlet, { build: 15063, vsm: true }).flags, 0x80);
  });

  test('refuses an agent that is nobody', () => {
    assert.throws(
      () => resolveScenario(scenario([{ label: 'a', image: 'a' }], { agent: 'b' })),
      (error: unknown) =>
        error instanceof TrustletError && error.code === 'ERR_TRUSTLET_FORMAT' && error.message.includes("'b'"),
    );
  });

  test('resolves 10,000 processes in well under 20 ms', () => {
    const large = builtInScenario('large');
    assert.ok(large !== undefined);
    let best = Number.POSITIVE_INFINITY;
    for (let round = 0; round < 10; round += 1) {
      const before = performance.now();
      assert.equal(resolveScenario(large).processes.length, 10_000);
      best = Math.min(best, performance.now() - before);
    }
    assert.ok(best < 20, `${best} ms`);
  });
});
