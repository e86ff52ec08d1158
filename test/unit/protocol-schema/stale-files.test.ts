/** What is generated from the schema is in the repository as generated, and a file that is not is reported. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { appendFileSync, cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { generate } from '../../../protocol/generate.js';
import { protocolOf } from '../../../protocol/schema.js';

const root = fileURLToPath(new URL('../../../../', import.meta.url));
const paths = [...generate(protocolOf('0.1.0')).keys()];

interface Outcome {
  readonly status: number | null;
  readonly lines: readonly string[];
}

const protocolIn = (folder: string, ...args: string[]): Outcome => {
  const { status, stdout } = spawnSync(process.execPath, [join(folder, 'dist/protocol/main.js'), ...args], {
    encoding: 'utf8',
    timeout: 60_000,
  });
  return { status, lines: stdout.trim().split('\n') };
};

describe('the generated files', () => {
  let copy = '';

  before(() => {
    copy = mkdtempSync(join(tmpdir(), 'trustlet-protocol-'));
    for (const path of ['dist/protocol', 'dist/lib', 'package.json', 'biome.json', '.gitignore', ...paths])
      cpSync(join(root, path), join(copy, path), { recursive: true });
    symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  });
  after(() => rmSync(copy, { recursive: true, force: true }));

  test('are up to date: run `npm run protocol` if not', () => {
    assert.deepEqual(protocolIn(root, '--check'), { status: 0, lines: ['1 passed, 0 failed'] });
  });

  test('are at least the header, the codec’s numbers, the page and the dictionary', () => {
    for (const path of [
      'driver/include/trustlet_protocol.h',
      'lib/protocol/wire.ts',
      'docs/protocol.md',
      'test/fuzz/trustlet.dict',
    ])
      assert.ok(paths.includes(path), path);
  });

  test('are each reported when stale or missing, left alone by --check, and written without it', () => {
    const [missing = '', ...changed] = paths;
    rmSync(join(copy, missing));
    for (const path of changed) appendFileSync(join(copy, path), '\n');
    const { status, lines } = protocolIn(copy, '--check');
    assert.equal(status, 1);
    assert.deepEqual(lines, [...paths.map((path) => `stale: ${path}; run \`npm run protocol\``), '0 passed, 1 failed']);
    assert.equal(protocolIn(copy, '--check').status, 1);

    assert.deepEqual(protocolIn(copy), { status: 0, lines: paths.map((path) => `wrote ${path}`) });
    for (const path of paths)
      assert.equal(readFileSync(join(copy, path), 'utf8'), readFileSync(join(root, path), 'utf8'), path);
    assert.equal(protocolIn(copy, '--check').status, 0);
  });
});
