/** The files below what was named, in order, and what cannot be listed. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { type Dirent, readdirSync, symlinkSync } from 'node:fs';
import { describe, test } from 'node:test';
import { childPath, type FoundFile, type ListFolder, walk } from '../../../../lib/cli/inspect/walk.js';
import { folderOf } from './files.js';

const folder = folderOf({ 'b/2': '', 'b/10': '', 'a/x/y/z': '', c: '', 'd/1': '' });
const names = (found: Iterable<FoundFile>): string[] => [...found].map(({ path }) => path.slice(folder.prefix.length));

const listing = (folderPath: string): Dirent[] =>
  readdirSync(folderPath, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
const refusing =
  (end: string, error: unknown): ListFolder =>
  (path) => {
    if (path.endsWith(end)) throw error;
    return listing(path);
  };

describe('walk', () => {
  test('goes by name, depth first, and keeps the order in which paths were named', () => {
    assert.deepEqual(names(walk([folder.path])), ['a/x/y/z', 'b/10', 'b/2', 'c', 'd/1']);
    assert.deepEqual(names(walk([folder.at('d'), folder.at('c'), folder.at('a'), folder.at('c')])), [
      'd/1',
      'c',
      'a/x/y/z',
      'c',
    ]);
  });

  test('only what was named itself is named', () => {
    const found = [...walk([folder.at('c'), folder.at('b'), folder.at('missing')])];
    assert.deepEqual(
      found.map(({ isNamed }) => isNamed),
      [true, false, false, true],
    );
    assert.ok(found.every(({ error }) => error === null));
  });

  test('the fraction that lies behind grows from 0 and stays below 1', () => {
    const fractions = [...walk([folder.path, folder.at('b')])].map(({ fraction }) => fraction);
    assert.deepEqual(fractions, [0, 0.125, 0.1875, 0.25, 0.375, 0.5, 0.75]);
  });

  test('a folder that cannot be listed is found with its error, and the rest is walked', () => {
    const error = new Error("EACCES: permission denied, scandir 'b'");
    const found = [...walk([folder.path], refusing('/b', error))];
    assert.deepEqual(names(found), ['a/x/y/z', 'b', 'c', 'd/1']);
    assert.deepEqual(found[1], {
      path: folder.at('b'),
      isNamed: false,
      fraction: 0.25,
      error: `${folder.at('b')} cannot be read: EACCES: permission denied, scandir 'b'.`,
    });
  });

  test('a folder that was named and cannot be listed is a named path that cannot be read', () => {
    const [found, more] = walk([folder.at('b')], refusing('/b', 'no reason'));
    assert.equal(found?.isNamed, true);
    assert.equal(found?.error, `${folder.at('b')} cannot be read: no reason.`);
    assert.equal(more, undefined);
  });

  test('it lists a folder when it comes to it, not before', () => {
    const listed: string[] = [];
    const files = walk([folder.path], (path) => {
      listed.push(path.slice(folder.prefix.length));
      return listing(path);
    });
    files.next();
    assert.deepEqual(listed, ['', 'a', 'a/x', 'a/x/y']);
  });

  test('links and pipes below a folder are skipped, and each is told', { skip: process.platform === 'win32' }, () => {
    const other = folderOf({ file: '', 'deep/file': '' });
    assert.equal(spawnSync('mkfifo', [other.at('pipe')]).status, 0);
    symlinkSync('../file', other.at('deep/link'));
    let skipped = 0;
    const found = walk([other.path, other.at('deep/link')], undefined, () => {
      skipped += 1;
    });
    assert.deepEqual(
      [...found].map(({ path }) => path),
      [other.at('deep/file'), other.at('file'), other.at('deep/link')],
    );
    assert.equal(skipped, 2);
    assert.equal([...walk([other.path])].length, 2);
  });

  test('a folder keeps its spelling: nothing is resolved, no separator doubled, none put after a drive', () => {
    assert.equal(childPath('a/link/..', 'x', '/'), 'a/link/../x');
    assert.equal(childPath('/', 'x', '/'), '/x');
    assert.equal(childPath('odd:', 'x', '/'), 'odd:/x');
    assert.equal(childPath('odd\\', 'x', '/'), 'odd\\/x');
    assert.equal(childPath('C:\\a\\..', 'x', '\\'), 'C:\\a\\..\\x');
    assert.equal(childPath('C:/a/', 'x', '\\'), 'C:/a/x');
    assert.equal(childPath('C:\\', 'x', '\\'), 'C:\\x');
    assert.equal(childPath('C:', 'x', '\\'), 'C:x');
  });
});
