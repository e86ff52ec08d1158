import assert from 'node:assert/strict';
import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('../../../lib/cli/main.js', import.meta.url));

const trustlet = (argv: readonly string[], env: Record<string, string> = {}): SpawnSyncReturns<string> =>
  spawnSync(process.execPath, [program, ...argv], {
    encoding: 'utf8',
    timeout: 60_000,
    env: { PATH: process.env['PATH'] ?? '', ...env },
  });

describe('the built program', () => {
  test('begins with the line that makes it executable', () => {
    assert.equal(readFileSync(program, 'utf8').split('\n')[0], '#!/usr/bin/env node');
  });

  test('runs as a process of its own, with the exit code of the contract', () => {
    const list = trustlet(['list', '--scenario', 'credential-guard']);
    assert.equal(list.status, 0, list.stderr);
    assert.match(list.stdout, /LsaIso\.exe +trustlet/);
    assert.equal(trustlet(['list', '--scenario', 'hostile']).status, 11);
    assert.equal(trustlet(['check', '-1']).status, 2);
    const lsaiso = /^\* +(\d+) .*LsaIso\.exe/m.exec(list.stdout)?.[1] ?? '';
    assert.equal(trustlet(['guard', 'read', lsaiso, '--scenario', 'credential-guard']).status, 10);
  });

  test('writes no colours into a pipe, and takes the width from COLUMNS', () => {
    const demo = trustlet(['demo'], { COLUMNS: '80' });
    assert.equal(demo.status, 0, demo.stderr);
    assert.ok(!demo.stdout.includes('\u001b'));
    for (const line of demo.stdout.split('\n')) assert.ok(line.length <= 80, line);
    assert.equal(trustlet(['status', '--scenario', 'plain'], { COLUMNS: 'wide' }).status, 0);
  });

  test('a reader that stops early is no failure', { skip: process.platform === 'win32' }, () => {
    const shell = spawnSync(
      '/bin/sh',
      ['-c', '{ "$0" "$1" list --json --scenario large; echo "exit $?" >&2; } | head -n 1', process.execPath, program],
      { encoding: 'utf8', timeout: 60_000 },
    );
    assert.equal(shell.stdout, '{\n');
    assert.equal(shell.stderr, 'exit 0\n');
  });

  test('a full disk is one line and exit code 1', {
    skip: process.platform === 'win32' || !existsSync('/dev/full'),
  }, () => {
    for (const argv of [['list', '--scenario', 'plain'], ['list', '--json', '--scenario', 'large'], ['--help']]) {
      const shell = spawnSync('/bin/sh', ['-c', '"$0" "$@" > /dev/full', process.execPath, program, ...argv], {
        encoding: 'utf8',
        timeout: 60_000,
      });
      assert.match(shell.stderr, /^trustlet: the output could not be written: ENOSPC: .* \[ENOSPC\]\n$/);
      assert.equal(shell.status, 1);
    }
  });

  test('nobody reading the errors changes no exit code', { skip: process.platform === 'win32' }, () => {
    const shell = spawnSync(
      '/bin/sh',
      [
        '-c',
        '{ { "$0" "$1" check -1 2>&1 >/dev/null; echo "exit $?" >&3; } | true; } 3>&1; "$0" "$1" check -1 2>/dev/full; echo "exit $?"',
        process.execPath,
        program,
      ],
      { encoding: 'utf8', timeout: 60_000 },
    );
    assert.equal(shell.stdout, 'exit 2\nexit 2\n');
  });
});
