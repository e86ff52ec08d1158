/** Several files and folders: a line each, counts, what is listed, and the exit code. */
import assert from 'node:assert/strict';
import { rmSync, symlinkSync } from 'node:fs';
import { describe, test } from 'node:test';
import { buildPe } from '../../../support/pe/build.js';
import { enclave, LSAISO, trustlet as trustletFile } from '../../../support/pe/samples.js';
import { signPe } from '../../../support/pe/sign.js';
import { type Captured, trustlet } from '../capture.js';
import { folderOf } from './files.js';

const plain = buildPe().bytes;
const folder = folderOf({
  'all/b/isolated.exe': trustletFile().bytes,
  'all/a/enclave.dll': enclave().bytes,
  'all/c.dll': plain,
  'all/d/catalogued.exe': buildPe(LSAISO).bytes,
  'all/e-signed.dll': signPe(buildPe(), { subject: 'A publisher whose name is longer than its column' }).bytes,
  'all/f-unnamed.dll': signPe(buildPe(), { subject: [['2.5.4.10', 'No common name']] }).bytes,
  'all/g-unsigned-signer.dll': signPe(buildPe(), { withCertificates: false }).bytes,
  'all/note.txt': 'text',
  'damaged/cut.exe': plain.subarray(0, 700),
  'damaged/headless.exe': plain.subarray(0, 0x90),
  'short/signature.exe': trustletFile().bytes.subarray(0, -1),
  'one/only.dll': plain,
});
const inspect = (argv: readonly string[]): Promise<Captured> => trustlet(['inspect', ...argv]);
const relative = ({ lines }: Captured): string[] => lines.map((line) => line.replaceAll(folder.prefix, '…/'));

describe('trustlet inspect <folder>', () => {
  test('a line for every program, in sorted order, and counts; what is no program is counted alone', async () => {
    const run = await inspect([folder.at('all')]);
    assert.equal(run.code, 0);
    assert.equal(run.err, '');
    assert.deepEqual(relative(run), [
      'KIND          CPU     DETAIL                          PATH',
      'enclave       AMD64   enclave, version 7              …/all/a/enclave.dll',
      'trustlet      AMD64   trustlet ID 1                   …/all/b/isolated.exe',
      'neither       AMD64   not signed                      …/all/c.dll',
      'undetermined  AMD64   trustlet ID 1                   …/all/d/catalogued.exe',
      'neither       AMD64   signed: A publisher whose nam…  …/all/e-signed.dll',
      'neither       AMD64   signed: O=No common name        …/all/f-unnamed.dll',
      'neither       AMD64   signed:                         …/all/g-unsigned-signer.dll',
      '',
      '8 files: 1 trustlet, 1 enclave, 1 undetermined, 4 neither, 1 not-a-pe. Trust was not verified.',
      'Not listed: 1 not-a-pe (--all). Why: --details.',
    ]);
  });

  test('--all lists what is no program too', async () => {
    const run = await inspect([folder.at('all'), '--all']);
    assert.equal(run.code, 0);
    assert.ok(relative(run).includes('not-a-pe                                              …/all/note.txt'));
  });

  test('--only lists these kinds alone and counts all', async () => {
    const run = await inspect([folder.at('all'), '--only', 'trustlet, enclave']);
    assert.deepEqual(
      relative(run).map((line) => line.split(' ')[0]),
      ['KIND', 'enclave', 'trustlet', '', '8', 'Why:'],
    );
    const texts = await inspect([folder.at('all'), '--only', 'not-a-pe']);
    assert.match(texts.out, /^not-a-pe .*note\.txt$/m);
    const none = await inspect([folder.at('one'), '--only', 'trustlet']);
    assert.equal(none.out, '1 file: 1 neither. Trust was not verified.\n');
  });

  test('--details gives the full account of each, with an empty line between', async () => {
    const run = await inspect([folder.at('all'), '--details', '--only', 'trustlet,enclave']);
    assert.deepEqual(
      relative(run).filter((line) => line.startsWith('…/')),
      ['…/all/a/enclave.dll: enclave', '…/all/b/isolated.exe: trustlet'],
    );
    assert.match(run.out, /reads: \d+\)\n\n.*isolated\.exe: trustlet\n/);
    assert.match(run.out, /\n\n8 files: 1 trustlet, /);
  });

  test('several files named: a line each, what is no program too, in the order they were named', async () => {
    const run = await inspect([folder.at('all/note.txt'), folder.at('all/c.dll'), folder.at('all/a/enclave.dll')]);
    assert.deepEqual(
      run.lines.map((line) => line.split(' ')[0]),
      ['KIND', 'not-a-pe', 'neither', 'enclave', '', '3', 'Why:'],
    );
    assert.equal(run.code, 0);
  });

  test('a folder with nothing in it', async () => {
    folder.add('empty/x/y', '');
    const { out } = await inspect([folder.at('empty/x')]);
    assert.equal(out, '1 file: 1 not-a-pe. Trust was not verified.\nNot listed: 1 not-a-pe (--all).\n');
  });

  test('a named path that is not there is listed with its reason, and the others are read: exit code 1', async () => {
    const run = await inspect([folder.at('missing'), folder.at('one')]);
    assert.equal(run.code, 1);
    assert.match(run.out, /^unreadable .* \S*missing cannot be read: there is no such file\.$/m);
    assert.match(run.out, /^neither .*only\.dll$/m);
    assert.equal(run.lines.at(-2), '2 files: 1 neither, 1 unreadable. Trust was not verified.');
  });

  test('a program below a folder that is too damaged to tell: listed as damaged, exit code 11', async () => {
    const run = await inspect([folder.at('damaged')]);
    assert.equal(run.code, 11);
    assert.deepEqual(relative(run).slice(1, 3), [
      'neither       AMD64   damaged                         …/damaged/cut.exe',
      'not-a-pe              damaged                         …/damaged/headless.exe',
    ]);
    assert.equal((await inspect([folder.at('damaged'), folder.at('missing')])).code, 1);
  });

  test('so is one whose signatures are cut', async () => {
    const run = await inspect([folder.at('short')]);
    assert.equal(run.code, 11);
    assert.equal(relative(run)[1], 'neither       AMD64   damaged                         …/short/signature.exe');
  });
});

describe('links', { skip: process.platform === 'win32' }, () => {
  const links = folderOf({ 'tree/a.dll': plain, 'outside/b.dll': plain });
  symlinkSync('..', links.at('tree/up'));
  symlinkSync('loop', links.at('tree/loop'));
  symlinkSync('../outside', links.at('tree/outside'));
  symlinkSync('../outside/b.dll', links.at('tree/b.dll'));
  symlinkSync('tree', links.at('link'));
  symlinkSync('circle', links.at('circle'));

  test('those below a folder are not followed, so a loop ends', async () => {
    const run = await inspect([links.at('tree')]);
    assert.equal(run.code, 0);
    assert.equal(run.lines.at(-2), '1 file: 1 neither. Trust was not verified.');
    assert.equal(run.lines.at(-1), 'Skipped: 4 (links, pipes or devices, no regular files). Why: --details.');
  });

  test('a folder of nothing else says that it was not empty; JSON counts them, CSV has rows for files alone', async () => {
    links.add('only/folder/x', '');
    symlinkSync('x', links.at('only/folder/link'));
    rmSync(links.at('only/folder/x'));
    const text = await inspect([links.at('only')]);
    assert.equal(text.code, 0);
    assert.equal(
      text.out,
      '0 files. Trust was not verified.\nSkipped: 1 (links, pipes or devices, no regular files).\n',
    );
    const json = await inspect([links.at('only'), '--json']);
    assert.equal((JSON.parse(json.out) as { skipped: number }).skipped, 1);
    assert.equal((await inspect([links.at('only'), '--csv'])).lines.length, 1);
  });

  test('a path that leads back over a link is read where the system finds it, not where its text would lead', async () => {
    links.add('over/A/x.dll', trustletFile().bytes);
    links.add('over/A/deep/y.dll', plain);
    links.add('over/B/x.dll', plain);
    symlinkSync('../A/deep', links.at('over/B/link'));
    const run = await inspect([`${links.at('over/B/link')}/..`]);
    assert.match(run.out, /^trustlet .*over\/B\/link\/\.\.\/x\.dll$/m);
    assert.doesNotMatch(run.out, /unreadable/);
  });

  test('one that was named is followed; where it leads in a circle, it is a path that cannot be read', async () => {
    assert.match((await inspect([links.at('link')])).out, /link\/a\.dll$/m);
    const circle = await inspect([links.at('circle')]);
    assert.equal(circle.code, 1);
    assert.match(circle.out, /circle cannot be read: its links lead in a circle; name the file\sitself\./);
  });
});
