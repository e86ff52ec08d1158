import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import type { TrustletError } from '../../../lib/errors.js';
import { refusalText, withFile } from '../../../lib/pe/file-source.js';
import {
  type ByteSource,
  bytesSource,
  inspectBytes,
  inspectFile,
  inspectSource,
  readPe,
} from '../../../lib/pe/index.js';
import { buildPe } from '../../support/pe/build.js';
import { LSAISO, trustlet } from '../../support/pe/samples.js';

const folder = mkdtempSync(join(tmpdir(), 'trustlet-pe-file-'));
after(() => rmSync(folder, { recursive: true }));
const at = (name: string): string => join(folder, name);

const signed = trustlet();
writeFileSync(at('signed.exe'), signed.bytes);

/** A policy, its strings and its exports in blocks of their own. */
const long = buildPe({
  ...LSAISO,
  policy: {
    ...LSAISO.policy,
    entries: ['a', 'b', 'c'].map((letter, index) => ({ type: 10, id: 6 + index, value: letter.repeat(4000) })),
  },
  debug: [{ type: 20, data: new Uint8Array(4) }],
});

const refusal = (path: unknown): TrustletError => {
  try {
    inspectFile(path as string);
  } catch (error) {
    return error as TrustletError;
  }
  throw new Error(`${path} was read`);
};

describe('a file on disk', () => {
  test('gives the report that its bytes give', () => {
    assert.deepEqual(inspectFile(at('signed.exe')), inspectBytes(signed.bytes));
    symlinkSync(at('signed.exe'), at('link.exe'));
    assert.equal(inspectFile(at('link.exe')).kind, 'trustlet');
  });

  test('may be empty', () => {
    writeFileSync(at('empty'), '');
    assert.equal(inspectFile(at('empty')).kind, 'not-a-pe');
  });

  test('that is not there, a folder or a pipe is refused in words, with the system’s error', () => {
    const missing = refusal(at('missing.exe'));
    assert.equal(missing.code, 'ERR_TRUSTLET_ARGUMENT');
    assert.match(missing.message, /missing\.exe cannot be read: there is no such file\.$/);
    assert.equal((missing.cause as NodeJS.ErrnoException).code, 'ENOENT');

    mkdirSync(at('folder'));
    assert.match(refusal(at('folder')).message, /it is a folder/);

    assert.equal(spawnSync('mkfifo', [at('pipe')]).status, 0);
    assert.match(refusal(at('pipe')).message, /it is no regular file/);

    assert.match(refusal(at('x'.repeat(300))).message, /its name is too long for this system\.$/);
  });

  test('that the system refuses is refused in words, without the system’s own text', () => {
    const refused = (code: string): string =>
      refusalText(Object.assign(new Error(`${code}: denied, scandir 'x'`), { code, syscall: 'scandir' }));
    assert.equal(refused('EACCES'), 'this user may not read it; ask as one who may');
    assert.equal(refused('EPERM'), 'this user may not read it; ask as one who may');
    assert.equal(refused('ELOOP'), 'its links lead in a circle; name the file itself');
    assert.equal(refused('EIO'), 'the system refuses it (EIO)');
    assert.equal(refusalText(new RangeError('no number')), 'no number');
    assert.equal(refusalText('no reason'), 'no reason');
  });

  test('that cannot be read on is refused with its name', () => {
    assert.throws(
      () => withFile(at('signed.exe'), (source) => source.read(2 ** 60, new Uint8Array(8))),
      (error: TrustletError) =>
        error.code === 'ERR_TRUSTLET_ARGUMENT' && /signed\.exe cannot be read/.test(error.message),
    );
  });

  test('is read short where it ends', () => {
    const filled = withFile(at('signed.exe'), (source) => source.read(source.size - 4, new Uint8Array(100)));
    assert.equal(filled, 4);
  });
});

describe('arguments that are none', () => {
  test('are refused: no path', () => {
    for (const path of [undefined, null, 7, '', 'a\0b', Buffer.from('a'), {}]) {
      const { code, message } = refusal(path);
      assert.equal(code, 'ERR_TRUSTLET_ARGUMENT');
      assert.match(message, /path/);
    }
  });

  test('are refused: no bytes', () => {
    for (const bytes of [undefined, null, 'MZ', [0x4d, 0x5a], new ArrayBuffer(4), new DataView(new ArrayBuffer(4))]) {
      assert.throws(() => inspectBytes(bytes as unknown as Uint8Array), { code: 'ERR_TRUSTLET_ARGUMENT' });
    }
  });
});

describe('a source of bytes', () => {
  test('may be a part of a larger buffer', () => {
    const around = new Uint8Array(signed.bytes.length + 300).fill(0xee);
    around.set(signed.bytes, 100);
    const part = around.subarray(100, 100 + signed.bytes.length);
    assert.deepEqual(inspectBytes(part), inspectBytes(signed.bytes));
    assert.deepEqual(readPe(bytesSource(part))?.diagnoses, []);
  });

  test('whose reading fails ends the inspection with that error, wherever it fails', () => {
    const { reads } = inspectBytes(long.bytes).cost;
    assert.ok(reads >= 4);
    for (let allowed = 0; allowed < reads; allowed += 1) {
      let count = 0;
      const read: ByteSource['read'] = (offset, target) => {
        if (count === allowed) throw new RangeError('the disk is gone');
        count += 1;
        return bytesSource(long.bytes).read(offset, target);
      };
      assert.throws(() => inspectSource({ size: long.bytes.length, read }), /^RangeError: the disk is gone$/);
    }
  });

  test('that ends before its size says so where it ended', () => {
    const source: ByteSource = {
      size: signed.bytes.length + 4096,
      read: bytesSource(signed.bytes).read,
    };
    const { diagnoses, kind } = inspectSource(source);
    assert.ok(diagnoses.every(({ code }) => code === 'truncated'));
    assert.ok(diagnoses.some(({ offset }) => offset === signed.bytes.length));
    assert.notEqual(kind, 'trustlet');
  });

  test('that is no PE image has no structure', () => {
    assert.equal(readPe(bytesSource(new Uint8Array(100))), null);
  });
});
