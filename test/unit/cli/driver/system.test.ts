import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { findSystemRoot, problemOf, windowsSystem } from '../../../../lib/cli/driver/system.js';
import { TrustletError } from '../../../../lib/errors.js';
import { reachable } from '../../../../lib/system-folder.js';

describe('where Windows is', () => {
  const source = (env: Record<string, string>, arch = 'x64') => ({ platform: 'win32' as const, arch, env });

  test('in %SystemRoot%, if that is a folder on a drive', () => {
    assert.equal(findSystemRoot(source({ SystemRoot: 'C:\\Windows' })), 'C:\\Windows');
    assert.equal(findSystemRoot(source({ SYSTEMROOT: 'D:\\W\\' })), 'D:\\W');
    for (const wrong of ['', 'Windows', '\\\\server\\share', 'C:', 'C:/Windows', 'C:\\a"b', 'C:\\%X%', 'C:\\a:b']) {
      assert.throws(
        () => findSystemRoot(source({ SystemRoot: wrong })),
        (error: unknown) => TrustletError.is(error) && error.code === 'ERR_TRUSTLET_UNSUPPORTED',
        wrong,
      );
    }
  });

  test('a 32-bit program reaches System32 as Sysnative', () => {
    const path = 'C:\\Windows\\system32\\drivers\\x.sys';
    const on64 = { PROCESSOR_ARCHITEW6432: 'AMD64' };
    assert.equal(reachable(path, 'C:\\Windows', source(on64, 'ia32')), 'C:\\Windows\\Sysnative\\drivers\\x.sys');
    assert.equal(reachable(path, 'C:\\Windows', source({}, 'ia32')), path);
    assert.equal(reachable(path, 'C:\\Windows', source(on64)), path);
    assert.equal(reachable('D:\\x.sys', 'C:\\Windows', source(on64, 'ia32')), 'D:\\x.sys');
  });
});

describe('files and programs', () => {
  let folder = '';
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'trustlet-driver-'));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const system = windowsSystem({ platform: 'win32', arch: 'x64', env: { SystemRoot: 'Q:\\NoWindows' } });

  test('a file is there as a whole or not at all, and nothing stays beside it', () => {
    const path = join(folder, 'a.sys');
    assert.equal(system.readFile(path), null);
    system.replaceFile(path, Buffer.from('one'));
    system.replaceFile(path, Buffer.from('two'));
    assert.equal(readFileSync(path, 'utf8'), 'two');
    assert.equal(Buffer.from(system.readFile(path) ?? []).toString(), 'two');
    assert.throws(() => system.replaceFile(folder, Buffer.from('x')));
    assert.deepEqual(readdirSync(folder), ['a.sys']);
    system.removeFile(path);
    assert.equal(system.readFile(path), null);
    assert.throws(() => system.removeFile(path), { code: 'ENOENT' });
    assert.equal(system.readFile(join(folder, 'no', 'such', 'folder')), null);
  });

  test('what is no file, or too large for a driver, is an error', () => {
    assert.throws(() => system.readFile(folder));
    assert.throws(() => system.readFile(join(folder, 'x'.repeat(300))), { code: 'ENAMETOOLONG' });
    const path = join(folder, 'large.sys');
    writeFileSync(path, '');
    truncateSync(path, 64 * 1024 * 1024 + 1);
    assert.throws(() => system.readFile(path), /it has 67108865 bytes, which no driver has/);
  });

  test('a program that is not there is no exit code', () => {
    assert.deepEqual(system.run('sc', ['query', 'trustlet']), {
      exitCode: null,
      stdout: '',
      problem: 'it is not there',
    });
  });

  test('why a program did not come to its end', () => {
    const error = (code: string): Error => Object.assign(new Error(`spawn ${code}`), { code });
    assert.equal(problemOf({ error: error('ETIMEDOUT'), signal: 'SIGTERM' }), 'it did not come to its end in time');
    assert.equal(problemOf({ error: error('EACCES'), signal: null }), 'spawn EACCES');
    assert.equal(problemOf({ signal: 'SIGKILL' }), 'it was ended by SIGKILL');
    assert.equal(problemOf({ signal: null }), null);
  });

  test('waiting takes its time', () => {
    const start = performance.now();
    system.sleep(20);
    assert.ok(performance.now() - start >= 15);
  });
});
