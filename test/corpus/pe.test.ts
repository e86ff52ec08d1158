/**
 * Real PE files: what the reader says of headers, sections, exports and load configuration is what two other readers say, llvm-readobj
 * and GNU objdump, field by field. Agreement shows that the format was read as others read it; it shows nothing of what Windows does.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { basename, join } from 'node:path';
import { before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { inspectFile } from '../../lib/pe/index.js';
import { Comparison } from '../support/pe/comparison.js';
import { filesOfRepository, filesOfWine } from '../support/pe/real-files.js';
import { type LlvmListing, llvmListings, type ObjdumpListing, objdumpListings } from '../support/pe/second-opinion.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));

const which = (program: string): string =>
  spawnSync('sh', ['-c', 'command -v "$1"', 'sh', program], { encoding: 'utf8' }).stdout.trim();

describe('real PE files', () => {
  const { fromNpm, built } = filesOfRepository(root);
  const wine = filesOfWine(root, which('wineserver'));
  const all = [...fromNpm, ...built, ...wine];
  let listings: Map<string, LlvmListing> = new Map();
  let others: Map<string, ObjdumpListing> = new Map();
  before(() => {
    listings = llvmListings(all);
    others = objdumpListings(all);
  });

  test('are there: what npm brings for four machines, and Wine’s modules', () => {
    const names = fromNpm.map((path) => path.slice(join(root, 'scripts/wine/node_modules').length + 1));
    for (const name of [
      'node20/bin/node.exe',
      'node22/bin/node.exe',
      '@koromix/koffi-win32-x64/win32_x64/koffi.node',
      '@koromix/koffi-win32-ia32/win32_ia32/koffi.node',
      '@koromix/koffi-win32-arm64/win32_arm64/koffi.node',
      'ps-list/vendor/fastlist-0.3.0-x64.exe',
      'ps-list/vendor/fastlist-0.3.0-x86.exe',
    ])
      assert.ok(names.includes(name), `${name} is missing`);
    assert.ok(wine.length > 600, `Wine has ${wine.length}`);
  });

  test('are each read by a second reader too', () => {
    assert.deepEqual(
      all.filter((path) => !listings.has(path)),
      [],
    );
    // GNU objdump for x86 does not read ARM64.
    assert.deepEqual(
      [...new Set(all.filter((path) => !others.has(path)).map((path) => basename(path)))],
      ['koffi.node'],
    );
    const unreadable = all.filter((path) => listings.get(path)?.exports === null);
    assert.ok(unreadable.length < 20, unreadable.join(' '));
  });

  test('have the headers, sections, exports and load configuration that the other readers list', (context) => {
    const comparison = new Comparison();
    for (const path of all) {
      const listing = listings.get(path);
      assert.ok(listing !== undefined);
      const { diagnoses } = comparison.compare(path, listing, others.get(path));
      assert.deepEqual(diagnoses, [], path);
    }
    context.diagnostic(comparison.summary(all.length, 'real files'));
    const { counts } = comparison;
    assert.ok(all.length > 620);
    assert.ok(counts.headers > 9000 && counts.sections > 30_000);
    assert.ok(counts.exports > 300_000 && counts['load config'] >= 24);
  });
});

describe('signatures of real files', () => {
  test('name the signer that openssl names', () => {
    const { signatures, kind, diagnoses } = inspectFile(join(root, 'scripts/wine/node_modules/node20/bin/node.exe'));
    assert.deepEqual([kind, diagnoses, signatures.length], ['neither', [], 1]);
    const [signature] = signatures;
    assert.deepEqual(
      [signature?.place, signature?.digestAlgorithm, signature?.pageHashes, signature?.isTimestamped],
      ['embedded', 'sha256', null, true],
    );
    assert.match(
      signature?.signer?.subject ?? '',
      /^CN=OpenJS Foundation, OU=Nodejs, O=OpenJS Foundation, L=San Francisco,/,
    );
    assert.equal(
      signature?.signer?.issuer,
      'CN=DigiCert Trusted G4 Code Signing RSA4096 SHA384 2021 CA1, O=DigiCert\\, Inc., C=US',
    );
    assert.equal(signature?.signer?.serialNumber, '024b03048f7651acd798e7f0a12097c0');
    assert.equal(signature?.signer?.notBefore, '2023-11-16T00:00:00.000Z');
    assert.equal(signature?.signer?.notAfter, '2026-11-15T23:59:59.000Z');
    assert.deepEqual(
      signature?.signer?.ekus?.map(({ oid }) => oid),
      ['1.3.6.1.5.5.7.3.3'],
    );
  });

  test('of Trusted Signing name its subscriber, and make no enclave’s author of node.exe', () => {
    const { signatures, kind } = inspectFile(join(root, 'scripts/wine/node_modules/node22/bin/node.exe'));
    assert.equal(kind, 'neither');
    assert.match(signatures[0]?.signer?.subject ?? '', /^CN=OpenJS Foundation,/);
    const ekus = signatures[0]?.signer?.ekus ?? [];
    assert.ok(ekus.some(({ oid }) => oid === '1.3.6.1.4.1.311.97.1.0'));
    assert.ok(
      ekus.some(
        ({ oid, name }) =>
          /^1\.3\.6\.1\.4\.1\.311\.97\.\d{4,}\./.test(oid) && /^Subscriber of Trusted Signing/.test(name ?? ''),
      ),
    );
  });
});
