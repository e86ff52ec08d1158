/** What reading a file may cost, whatever the file says: bytes, reads, memory, and the limits that are said out loud. */
import assert from 'node:assert/strict';
import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { type ByteSource, inspectBytes, inspectFile, inspectSource, PE_LIMITS, readPe } from '../../../lib/pe/index.js';
import { buildPe } from '../../support/pe/build.js';
import { withCertificates } from '../../support/pe/certificate-table.js';
import { withFields } from '../../support/pe/corrupt.js';
import {
  contentInfoOf,
  deepDer,
  der,
  derSaying,
  endlessDer,
  piecedDer,
  wideDer,
} from '../../support/pe/hostile-der.js';
import type { BuiltPe } from '../../support/pe/layout.js';
import { checkFile } from '../../support/pe/report-rules.js';
import { ENCLAVE, LSAISO, trustlet } from '../../support/pe/samples.js';
import { pkcs7Of, type SignOptions } from '../../support/pe/sign.js';

const MIB = 2 ** 20;

/** A file of any size of which only the beginning and the end are kept; all between is zeros. */
const sparseSource = (size: number, parts: readonly (readonly [number, Uint8Array])[]): ByteSource => ({
  size,
  read: (offset, target) => {
    assert.ok(offset >= 0 && offset + target.byteLength <= size);
    target.fill(0);
    for (const [at, bytes] of parts) {
      const from = Math.max(at, offset);
      const to = Math.min(at + bytes.byteLength, offset + target.byteLength);
      if (from < to) target.set(bytes.subarray(from - at, to - at), from - offset);
    }
    return target.byteLength;
  },
});

const MEGABYTES_500 = 500_000_000;

/** A signed trustlet whose last section was made to fill 500 MB, its certificates behind it. */
const spread = (): {
  readonly head: Uint8Array;
  readonly table: Uint8Array;
  readonly at: number;
  readonly size: number;
} => {
  const built = trustlet({ sections: [{ name: '.data', content: new Uint8Array(16) }] });
  const { offset, size } = built.layout.field('certificates');
  const at = MEGABYTES_500 - (MEGABYTES_500 % 512);
  const start = built.layout.offset('content/.data');
  const large = withFields(built, {
    'section/.data/sizeOfRawData': at - start,
    'section/.data/virtualSize': at - start,
    'optional/sizeOfImage': 0x2000_0000,
    'directory/certificates/address': at,
  });
  return { head: large.bytes.slice(0, offset), table: large.bytes.slice(offset), at, size: at + size };
};

describe('a file of 500 MB', () => {
  const { head, table, at, size } = spread();

  test('costs a few KB', () => {
    const parts = [
      [0, head],
      [at, table],
    ] as const;
    const report = inspectSource(sparseSource(size, parts));
    assert.equal(report.kind, 'trustlet');
    assert.equal(report.size, size);
    assert.deepEqual(report.diagnoses, []);
    assert.ok(report.cost.bytesRead <= 20_480, `${report.cost.bytesRead} bytes`);
    assert.ok(report.cost.reads <= 6, `${report.cost.reads} reads`);
  });

  test('costs as much on a disk', (context) => {
    const folder = mkdtempSync(join(tmpdir(), 'trustlet-pe-'));
    context.after(() => rmSync(folder, { recursive: true }));
    const path = join(folder, 'large.exe');
    const file = openSync(path, 'w');
    writeSync(file, head, 0, head.length, 0);
    writeSync(file, table, 0, table.length, at);
    ftruncateSync(file, size);
    closeSync(file);
    const report = inspectFile(path);
    assert.deepEqual([report.kind, report.size], ['trustlet', size]);
    assert.ok(report.cost.bytesRead <= 20_480, `${report.cost.bytesRead} bytes`);
  });
});

describe('a file’s limits', () => {
  test('are the documented ones', () => {
    assert.deepEqual(PE_LIMITS, {
      bytesRead: 8_388_608,
      sections: 96,
      exports: 65_536,
      policyEntries: 256,
      enclaveImports: 256,
      stringBytes: 4096,
      certificates: 16,
      signatureBytes: 1_048_576,
      asn1Nodes: 16_384,
      asn1Depth: 64,
      identifierBytes: 65_536,
      nestedSignatures: 8,
      debugEntries: 64,
    });
  });

  test('stop at the bytes that are read of one file, and the report stands', () => {
    const content = new Uint8Array(MIB - 64);
    const file = withCertificates(
      buildPe(LSAISO),
      Array.from({ length: 12 }, () => ({ content })),
    );
    const report = checkFile(file.bytes, true);
    assert.ok(report.diagnoses.some(({ part, code }) => part === 'certificates' && code === 'limit'));
    assert.equal(report.policy?.applicationId, 1n);
    assert.ok(report.cost.bytesRead <= 8 * MIB);
  });

  test('stop at the bytes of one signature', () => {
    const file = withCertificates(buildPe(), [{ content: new Uint8Array(MIB + 1) }]);
    const report = checkFile(file.bytes, true);
    assert.deepEqual(
      report.diagnoses.map(({ part, code, offset }) => [part, code, offset]),
      [['certificates', 'limit', file.layout.offset('certificates/0')]],
    );
    assert.ok(report.cost.bytesRead < 65_536);
  });

  test('stop at the bytes of a string', () => {
    const entries = [4095, 4096, 5000].map((length) => ({ type: 10, id: 6 + length, value: 'x'.repeat(length) }));
    const { policy, diagnoses } = inspectBytes(buildPe({ policy: { entries } }).bytes);
    assert.deepEqual(
      policy?.entries.map(({ value }) => (typeof value === 'string' ? value.length : value)),
      [4095, null, null],
    );
    assert.deepEqual(
      diagnoses.map(({ part, code }) => [part, code]),
      [
        ['policy', 'malformed'],
        ['policy', 'malformed'],
      ],
    );
  });

  test('stop at the debug directory’s entries', () => {
    const debug = Array.from({ length: 70 }, () => ({ type: 2, data: Uint8Array.of(0) }));
    const file = buildPe({ debug: [...debug, { type: 20, data: Uint8Array.of(1, 0, 0, 0) }] });
    const { mitigations, diagnoses } = checkFile(file.bytes, true);
    assert.equal(mitigations?.extendedRaw, null);
    assert.deepEqual(
      diagnoses.map(({ part, code }) => [part, code]),
      [['debug-directory', 'too-many']],
    );
  });

  test('stop at an enclave’s imports', () => {
    const imports = Array.from({ length: 300 }, (_, index) => ({ name: `m${index}.dll` }));
    const file = buildPe({ ...ENCLAVE, enclave: { ...ENCLAVE.enclave, imports } });
    const { enclaveConfiguration, diagnoses } = checkFile(file.bytes, true);
    assert.equal(enclaveConfiguration?.imports.length, 256);
    assert.deepEqual(
      diagnoses.map(({ part, code, offset }) => [part, code, offset]),
      [['enclave', 'too-many', file.layout.offset('enclave/numberOfImports')]],
    );
  });

  test('stop at the exports, which may all have one and the same long name', () => {
    const count = 0xffff;
    const content = Buffer.alloc(8 * count + 8192);
    for (let index = 0; index < count; index += 1) content.writeUInt32LE(0x3000 + 8 * count, 4 * index);
    content.fill('n', 8 * count, 8 * count + 4000);
    const file = buildPe({ exports: { functions: [{ name: 'a' }] }, sections: [{ name: '.long', content }] });
    const section = 0x4000;
    const lying = withFields(file, {
      'exports/numberOfNames': 0xffff_ffff,
      'exports/numberOfFunctions': count,
      'exports/addressOfNames': section,
      'exports/addressOfFunctions': section,
      'exports/addressOfNameOrdinals': section,
    });
    const report = checkFile(lying.bytes, true);
    assert.ok(report.diagnoses.some(({ part, code }) => part === 'exports' && code === 'too-many'));
  });
});

describe('a hostile signature', () => {
  const ofContent = (content: Uint8Array): BuiltPe => withCertificates(buildPe(LSAISO), [{ content }]);
  const room = MIB - 64;
  const longIdentifier = der(0x06, new Uint8Array(90).fill(1));
  const hostile: readonly [string, Uint8Array][] = [
    ['deeper than any stack', deepDer(200_000)],
    ['deep within PKCS#7', contentInfoOf(deepDer(100_000))],
    ['just deeper than the limit', contentInfoOf(deepDer(64))],
    ['without lengths and without end', endlessDer(500_000, false)],
    ['without lengths, and deep', endlessDer(200_000, true)],
    ['of half a million elements', contentInfoOf(wideDer(500_000))],
    ['of pieces of pieces', contentInfoOf(piecedDer(5000))],
    ['with an object identifier of a million arcs', der(0x30, der(0x06, new Uint8Array(room - 64).fill(1)))],
    ['with an arc of a million bits', der(0x30, der(0x06, Uint8Array.of(0x2a), new Uint8Array(150_000).fill(0x81)))],
    ['with ten thousand long object identifiers', der(0x30, ...Array.from({ length: 10_000 }, () => longIdentifier))],
    ['of zeros', new Uint8Array(room)],
    ['of SEQUENCE tags', new Uint8Array(room).fill(0x30)],
    ['of tags that never end', new Uint8Array(room).fill(0xbf)],
    ['of lengths that never end', new Uint8Array(room).fill(0xff)],
  ];
  for (const [what, content] of hostile) {
    test(`${what} is diagnosed, and nothing else is lost`, () => {
      assert.ok(content.length <= MIB - 8, `${content.length} bytes`);
      const file = ofContent(content);
      const report = checkFile(file.bytes, true);
      assert.deepEqual(report.signatures, []);
      assert.equal(report.policy?.applicationId, 1n);
      assert.deepEqual(
        report.diagnoses.map(({ part, code, offset }) => [part, code, offset]),
        [['signature', 'malformed', file.layout.offset('certificates/0/content')]],
      );
      assert.ok(report.diagnoses.every(({ text }) => text.length < 300));
    });
  }

  test('has object identifiers up to a limit, however many they are', () => {
    const identifiers = (count: number): Uint8Array =>
      der(0x30, ...Array.from({ length: count }, () => longIdentifier));
    const textOf = (content: Uint8Array): string => inspectBytes(ofContent(content).bytes).diagnoses[0]?.text ?? '';
    // 728 of 90 bytes are 65,520; one more is beyond the limit.
    assert.doesNotMatch(textOf(identifiers(728)), /object identifiers/);
    assert.match(textOf(identifiers(729)), /65610 bytes of object identifiers/);
    // In a tag of more bytes than one, and in a value without a length.
    assert.match(textOf(Buffer.concat([Uint8Array.of(0xbf, 0x81, 0x01, 0x80), identifiers(729)])), /65610 bytes/);
    // One that says it is longer than the file counts for what is there of it.
    assert.match(textOf(derSaying(0x06, 0xffff_ffff, new Uint8Array(70_000))), /70000 bytes of object identifiers/);
  });

  test('whose certificate has a name or number of any length gives as much of it as of any text', () => {
    const { signatures } = checkFile(ofContent(pkcs7Of(buildPe(), { subject: 'x'.repeat(200_000) })).bytes, true);
    assert.equal(signatures[0]?.signer?.subject.length, 4096);
    assert.match(signatures[0]?.signer?.subject ?? '', /^CN=x+…$/);
  });

  test('whose certificate has more usages than anybody needs, or none that can be read, is not taken for one without', () => {
    const ekus = Array.from({ length: 10_500 }, (_, index) => `1.2.3.${index % 100}`);
    const many = checkFile(ofContent(pkcs7Of(buildPe(), { ekus })).bytes, false);
    assert.equal(many.signatures[0]?.signer?.ekus?.length, 10_500);
    assert.match(many.trustlet.requirements.at(-1)?.text ?? '', /has only 1\.2\.3\.0, .*1\.2\.3\.7 and 10492 more;/);

    const bent = Buffer.from(pkcs7Of(buildPe(), {}));
    // The extension's OCTET STRING holds a SEQUENCE of usages: now a SET.
    const at = bent.indexOf(Buffer.from('0603551d25040c30', 'hex'));
    bent[at + 7] = 0x31;
    const unread = checkFile(ofContent(bent).bytes, true);
    assert.ok(at > 0);
    assert.deepEqual(unread.signatures, []);
    assert.deepEqual(
      unread.diagnoses.map(({ part, code }) => [part, code]),
      [['signature', 'malformed']],
    );
  });

  test('with signatures in one another, or beside one another, is read up to the limit', () => {
    let chain: SignOptions = {};
    for (let depth = 0; depth < 5; depth += 1) chain = { nested: [chain] };
    const built = buildPe(LSAISO);
    const read = checkFile(ofContent(pkcs7Of(built, chain)).bytes, true);
    assert.equal(read.signatures.length, 6);
    assert.deepEqual(read.diagnoses, []);
    const wide = checkFile(ofContent(pkcs7Of(built, { nested: Array.from({ length: 12 }, () => ({})) })).bytes, true);
    assert.equal(wide.signatures.length, 9);
    assert.deepEqual(
      wide.diagnoses.map(({ part, code }) => [part, code]),
      [['signature', 'too-many']],
    );
  });
});

describe('an image whose parts are its own parts', () => {
  const built = buildPe({
    ...LSAISO,
    ...ENCLAVE,
    policy: LSAISO.policy ?? {},
    debug: [{ type: 20, data: new Uint8Array(4) }],
  });
  const names = ['export', 'debug', 'loadConfig', 'certificates'];
  const targets = ['exports', 'debug', 'loadConfig', 'enclave', 'policy'];

  test('is read to an end, whichever part is said to be where another one is', () => {
    const rva = (name: string): number => built.layout.offset(name) - built.layout.offset('content/.rdata') + 0x2000;
    for (const name of names) {
      for (const target of targets) {
        for (const size of [0, 1, 0x140, 0xffff_ffff]) {
          const lying = withFields(built, {
            [`directory/${name}/address`]: name === 'certificates' ? built.layout.offset(target) : rva(target),
            [`directory/${name}/size`]: size,
          });
          checkFile(lying.bytes, true);
        }
      }
    }
  });

  test('is read to an end, with every table of the exports on every other and on itself', () => {
    const tables = ['name', 'addressOfFunctions', 'addressOfNames', 'addressOfNameOrdinals'].map(
      (name) => `exports/${name}`,
    );
    const sectionStart = built.layout.offset('exports');
    const base = 0x5000;
    for (const table of tables) {
      for (const other of [...tables, 'exports/numberOfNames', 'exports/names/0', 'exports/functions/0']) {
        if (!built.layout.has(other)) continue;
        const lying = withFields(built, { [table]: base + built.layout.offset(other) - sectionStart });
        checkFile(lying.bytes, true);
        assert.ok(
          readPe({
            size: lying.bytes.length,
            read: (offset, target) => {
              target.set(lying.bytes.subarray(offset, offset + target.byteLength));
              return target.byteLength;
            },
          }) !== null,
        );
      }
    }
  });
});
