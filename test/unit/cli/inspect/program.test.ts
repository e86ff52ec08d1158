/** The built program over a folder that is worth workers: order, exit code, a reader that goes away, a full disk, an interrupt. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { FILES_WORTH_WORKERS } from '../../../../lib/cli/inspect/inspect-all.js';
import { buildPe } from '../../../support/pe/build.js';
import { trustlet as trustletFile } from '../../../support/pe/samples.js';
import { folderOf } from './files.js';

const program = fileURLToPath(new URL('../../../../lib/cli/main.js', import.meta.url));
const env = { PATH: process.env['PATH'] ?? '' };
const isWindows = process.platform === 'win32';

const folder = folderOf();
const contents = [buildPe().bytes, trustletFile().bytes, 'text'];
const KINDS = ['neither', 'trustlet', 'not-a-pe'];
const COUNT = FILES_WORTH_WORKERS + 88;
const names = Array.from({ length: COUNT }, (_, index) => `${index % 7}/${String(index).padStart(4, '0')}`);
for (const [index, name] of names.entries()) folder.add(name, contents[index % 3] ?? '');

/** On a machine that has other things to do it takes longer than a second. */
const withoutProgress = (stderr: string): string => stderr.replaceAll(/^trustlet: \d+ %, .*\n/gm, '');

const inspect = (...argv: readonly string[]) =>
  spawnSync(process.execPath, [program, 'inspect', folder.path, ...argv], {
    encoding: 'utf8',
    timeout: 60_000,
    maxBuffer: 2 ** 27,
    env,
  });

describe('the built program, many files', () => {
  test('reads them all with workers, in sorted order', () => {
    const { status, stdout, stderr } = inspect('--csv', '--all', '--jobs', '2');
    assert.equal(withoutProgress(stderr), '');
    assert.equal(status, 0);
    const rows = stdout.trimEnd().split('\r\n').slice(1);
    const sorted = names.toSorted();
    assert.deepEqual(
      rows.map((row) => row.split(',').slice(0, 2)),
      sorted.map((name) => [folder.at(name), KINDS[names.indexOf(name) % 3]]),
    );
  });

  test('a named path that cannot be read is its exit code, whatever else was read', () => {
    const { status, stdout } = inspect(folder.at('missing'), '--json', '--only', 'unreadable');
    assert.equal(status, 1);
    const { files, counts } = JSON.parse(stdout) as { files: object[]; counts: Record<string, number> };
    assert.equal(files.length, 1);
    assert.deepEqual(counts, {
      trustlet: COUNT / 3,
      enclave: 0,
      undetermined: 0,
      neither: COUNT / 3,
      'not-a-pe': COUNT / 3,
      unreadable: 1,
    });
  });

  test('a reader that stops early ends it without a word', { skip: isWindows }, () => {
    const began = performance.now();
    const shell = spawnSync(
      '/bin/sh',
      [
        '-c',
        '{ "$0" "$@"; echo "exit $?" >&2; } | head -n 1',
        process.execPath,
        program,
        'inspect',
        folder.path,
        '--details',
      ],
      { encoding: 'utf8', timeout: 60_000, env },
    );
    assert.match(shell.stdout, /^\S+\/0\/0000: neither\n$/);
    assert.equal(withoutProgress(shell.stderr), 'exit 0\n');
    assert.ok(performance.now() - began < 10_000);
  });

  test('a full disk is one line and exit code 1', { skip: isWindows || !existsSync('/dev/full') }, () => {
    for (const format of ['--json', '--csv']) {
      const shell = spawnSync(
        '/bin/sh',
        ['-c', '"$0" "$@" > /dev/full', process.execPath, program, 'inspect', folder.path, format],
        { encoding: 'utf8', timeout: 60_000, env },
      );
      assert.match(
        withoutProgress(shell.stderr),
        /^trustlet: the output could not be written: ENOSPC: .* \[ENOSPC\]\n$/,
      );
      assert.equal(shell.status, 1);
    }
  });

  test('an interrupt ends it at once, workers or not', { skip: isWindows }, async () => {
    // Nobody reads on, so that it is not at its end when the signal comes.
    const child = spawn(process.execPath, [program, 'inspect', folder.path, '--json', '--all'], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env,
    });
    await once(child.stdout, 'readable');
    const ended = once(child, 'exit');
    const began = performance.now();
    assert.ok(child.kill('SIGINT'));
    const [code, signal] = (await ended) as [number | null, NodeJS.Signals | null];
    assert.deepEqual([code, signal], [null, 'SIGINT']);
    assert.ok(performance.now() - began < 5000);
    child.stdout.destroy();
  });
});
