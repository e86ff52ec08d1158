/** One file named: the full account. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { accountOf } from '../../../../lib/cli/inspect/account.js';
import { inspectBytes } from '../../../../lib/pe/index.js';
import { buildPe } from '../../../support/pe/build.js';
import { enclave, LSAISO, trustlet as trustletFile } from '../../../support/pe/samples.js';
import { signPe } from '../../../support/pe/sign.js';
import { trustlet } from '../capture.js';
import { folderOf } from './files.js';

const isolated = trustletFile().bytes;
const folder = folderOf({
  'isolated.exe': isolated,
  'enclave.dll': enclave().bytes,
  'plain.dll': buildPe().bytes,
  'catalogued.exe': buildPe(LSAISO).bytes,
  'headless.exe': isolated.subarray(0, 0x90),
  'truncated.dll': buildPe().bytes.subarray(0, 700),
  'note.txt': 'hello',
});

/** The account as lines, `…` where the temporary folder stood. */
const account = async (name: string): Promise<{ code: number; lines: readonly string[] }> => {
  const { code, out, err } = await trustlet(['inspect', folder.at(name)]);
  assert.equal(err, '');
  assert.ok(out.endsWith('\n'));
  return { code, lines: out.replaceAll(folder.prefix, '…/').trimEnd().split('\n') };
};

/** The lines below a heading, up to the empty one. */
const section = (lines: readonly string[], heading: string): readonly string[] => {
  const start = lines.indexOf(heading);
  assert.notEqual(start, -1, `no '${heading}' in\n${lines.join('\n')}`);
  const rest = lines.slice(start + 1);
  return rest.slice(0, rest.indexOf(''));
};

/** Of bytes, without a file. */
const accountOfBytes = (bytes: Uint8Array, columns?: number): string[] =>
  accountOf({ path: 'file', ...inspectBytes(bytes) }, { paint: (_style, text) => text, columns });

describe('trustlet inspect <one file>', () => {
  test('a trustlet: everything that was found, requirement by requirement; exit code 0', async () => {
    const { code, lines } = await account('isolated.exe');
    assert.equal(code, 0);
    assert.deepEqual(lines, [
      '…/isolated.exe: trustlet',
      'It has all that a file can show of trustlet 1 (LsaIso.exe: Credential Guard and Key Guard).',
      '',
      'Image',
      `image        AMD64, 64-bit program, subsystem WINDOWS_CUI, large-address-aware; ${isolated.length} bytes`,
      '',
      'Trustlet policy',
      'trustlet ID  1 (LsaIso.exe: Credential Guard and Key Guard)',
      'symbol       s_IumPolicyMetadata, version 1, at 0x800',
      '  Etw        true (bool): trace events may leave it',
      '  Debug      0 (u32): no debugger may attach',
      '  CrashDump  true (bool): its pages go into crash dumps, encrypted',
      '  ParentSd   S-1-5-18 (utf16-string): who may create it, as a security descriptor',
      'in effect    trace events allowed, debugging never, crash dumps encrypted',
      '',
      'Signatures',
      'embedded     sha256, 3 certificates',
      '  signer     CN=Throw-away Windows publisher',
      '  issuer     CN=Throw-away issuing authority',
      '  valid      2026-01-02T03:04:05.000Z to 2046-07-08T09:10:11.000Z',
      '  usages     Isolated User Mode (IUM) (1.3.6.1.4.1.311.10.3.37); Windows System Component',
      '             Verification (1.3.6.1.4.1.311.10.3.6)',
      '  pages      no page hashes',
      '',
      'Mitigations',
      'asks for     HIGH_ENTROPY_VA, DYNAMIC_BASE, NX_COMPAT, GUARD_CF',
      'not for      FORCE_INTEGRITY, NO_SEH, APPCONTAINER, CET_COMPAT, CET_COMPAT_STRICT_MODE,',
      '             CET_SET_CONTEXT_IP_VALIDATION_RELAXED_MODE, CET_DYNAMIC_APIS_ALLOW_IN_PROC,',
      '             FORWARD_CFI_COMPAT, HOTPATCH_COMPATIBLE',
      '',
      'Could it be a trustlet? yes',
      '  ✓ machine of VTL1: It is a 64-bit image for AMD64.',
      '  ✓ whole file: Its sections and signatures lie in the file.',
      '  ✓ program: It is a program.',
      '  ✓ large addresses: It is large-address-aware.',
      "  ✓ policy section: Section '.tPolicy' is there, initialised data and read only.",
      '  ✓ policy symbol: It exports s_IumPolicyMetadata from that section.',
      '  ✓ policy metadata: Version 1, trustlet ID 1, 4 policies.',
      '  ✓ trustlet certificate: The certificate of CN=Throw-away Windows publisher has it.',
      '',
      'Could it be a VBS enclave? no',
      '  ✓ machine of VTL1: It is a 64-bit image for AMD64.',
      '  ✓ whole file: Its sections and signatures lie in the file.',
      '  ✗ DLL: It is no DLL; an enclave is one, loaded by its host.',
      '  ✗ enclave configuration: Its load configuration names no enclave configuration.',
      '  ✗ integrity check: FORCE_INTEGRITY (/INTEGRITYCHECK) is not set.',
      '  ✓ control flow guard: It is instrumented for it (GUARD_CF).',
      '  ✗ enclave certificate: The certificate of CN=Throw-away Windows publisher has only',
      '    1.3.6.1.4.1.311.10.3.37, 1.3.6.1.4.1.311.10.3.6; an enclave needs 1.3.6.1.5.5.7.3.3',
      "    (code signing), 1.3.6.1.4.1.311.76.57.1.15 (enclave) and its author's",
      '    1.3.6.1.4.1.311.97.X with X above 999, or the older 1.3.6.1.4.1.311.10.3.42.',
      '  ✗ page hashes: No signature of it has page hashes.',
      '',
      'trust: not verified. This is what the file says of itself. Whether its signature is valid and not',
      'revoked, whom Windows trusts, which signature level it gets (a trustlet needs 12) and what policy',
      'allows, only Windows can say.',
      `read: ${isolated.length} of ${isolated.length} bytes (reads: 2)`,
    ]);
  });

  test('an enclave: its configuration, its imports and the usages of its certificate; exit code 0', async () => {
    const { code, lines } = await account('enclave.dll');
    assert.equal(code, 0);
    assert.deepEqual(lines.slice(0, 3), [
      '…/enclave.dll: enclave',
      'It has all that a file can show of a VBS enclave.',
      '',
    ]);
    assert.deepEqual(section(lines, 'Enclave configuration'), [
      'family       101112131415161718191a1b1c1d1e1f',
      'image        202122232425262728292a2b2c2d2e2f, version 3, security version 7',
      'memory       536870912 bytes, 16 threads',
      'debugging    allowed: not for production',
      'imports      ucrtbase_enclave.dll, matched by image, security version 0 or above',
      'imports      vertdll.dll, matched by author, security version 5 or above',
    ]);
    assert.equal(section(lines, 'Signatures').at(-1), '  pages      4 page hashes (sha256)');
    assert.deepEqual(
      section(lines, 'Could it be a VBS enclave? yes').map((line) => line.slice(2, 4)),
      Array.from({ length: 8 }, () => '✓ '),
    );
    assert.ok(lines.includes('Could it be a trustlet? no'));
    assert.ok(!lines.includes('Trustlet policy'));
  });

  test('a program without policy, configuration and signature: which condition fails, and what the file cannot show', async () => {
    const { code, lines } = await account('plain.dll');
    assert.equal(code, 0);
    assert.equal(lines[0], '…/plain.dll: neither');
    assert.deepEqual(lines.slice(1, 3), [
      "No trustlet: it has no section '.tPolicy'. No enclave: its load configuration names no enclave",
      'configuration.',
    ]);
    assert.ok(
      section(lines, 'Could it be a trustlet? no').includes("  ✗ policy section: It has no section '.tPolicy'."),
    );
    assert.deepEqual(section(lines, 'Could it be a VBS enclave? no').slice(-3), [
      '  ? enclave certificate: It carries no signature; a catalogue of the system may hold one,',
      '    which the file does not show.',
      '  ? page hashes: It carries no signature that could have them.',
    ]);
    for (const absent of ['Trustlet policy', 'Enclave configuration', 'Signatures', 'What is wrong with it'])
      assert.ok(!lines.includes(absent), absent);
  });

  test('one made as a trustlet whose signature may be in a catalogue is undetermined', async () => {
    const { code, lines } = await account('catalogued.exe');
    assert.equal(code, 0);
    assert.equal(lines[0], '…/catalogued.exe: undetermined');
    assert.ok(lines.includes('Could it be a trustlet? undetermined'));
  });

  test('a truncated file: what is wrong and where; exit code 11', async () => {
    const headless = await account('headless.exe');
    assert.equal(headless.code, 11);
    assert.deepEqual(headless.lines, [
      '…/headless.exe: not-a-pe',
      'The NT headers are said to be at 0x80; the file ends at 0x90. It may be a DOS program.',
      '',
      'What is wrong with it',
      '0x3c         dos-header, out-of-range: The NT headers are said to be at 0x80; the file ends at 0x90.',
      '             It may be a DOS program.',
      '',
      'trust: not verified. This is what the file says of itself. Whether its signature is valid and not',
      'revoked, whom Windows trusts, which signature level it gets (a trustlet needs 12) and what policy',
      'allows, only Windows can say.',
      'read: 144 of 144 bytes (reads: 1)',
    ]);
    const truncated = await account('truncated.dll');
    assert.equal(truncated.code, 11);
    assert.deepEqual(section(truncated.lines, 'What is wrong with it'), [
      "0x188        sections, truncated: Section '.text' takes 512 bytes from 0x200 on, and the file ends",
      '             at 0x2bc.',
      "0x1b0        sections, truncated: Section '.rdata' takes 512 bytes from 0x400 on, and the file ends",
      '             at 0x2bc.',
    ]);
  });

  test('a text is no program, and no failure', async () => {
    const { code, lines } = await account('note.txt');
    assert.equal(code, 0);
    assert.equal(lines[0], '…/note.txt: not-a-pe');
  });

  test('a path that is not there: its reason; exit code 1', async () => {
    const { code, lines } = await account('missing.exe');
    assert.equal(code, 1);
    assert.deepEqual(lines, ['…/missing.exe: unreadable', '…/missing.exe cannot be read: there is no such file.']);
    assert.equal((await trustlet(['inspect', ''])).code, 1);
  });

  test('it is wrapped to the terminal and coloured there', async () => {
    const { out } = await trustlet(['inspect', folder.at('isolated.exe')], { columns: 60, isTTY: true });
    assert.ok(out.includes('\u001b[1m\u001b[35mtrustlet\u001b[39m\u001b[22m'), JSON.stringify(out.slice(0, 200)));
    assert.ok(out.includes('\u001b[32m✓\u001b[39m') && out.includes('\u001b[31m✗\u001b[39m'));
    const colour = new RegExp(`${String.fromCharCode(27)}\\[\\d+m`, 'g');
    const widths = out
      .split('\n')
      .slice(1)
      .map((line) => line.replaceAll(colour, '').length);
    // A word that is longer than the line stands alone.
    assert.ok(Math.max(...widths) <= 60, String(Math.max(...widths)));
  });
});

describe('parts of an account', () => {
  test('a policy that others may choose, and an ID that nobody knows', () => {
    const bytes = buildPe({
      ...LSAISO,
      policy: {
        applicationId: 999n,
        entries: [
          { type: 1, id: 1, value: 0n },
          { type: 12, id: 2, value: 0n },
        ],
      },
    }).bytes;
    const lines = section(accountOfBytes(bytes), 'Trustlet policy');
    assert.equal(lines[0], 'trustlet ID  999');
    assert.deepEqual(lines.slice(-2), [
      'in effect    trace events not allowed, debugging never, crash dumps none; its creator may choose',
      '             Debug',
    ]);
  });

  test('an enclave for production, with strict memory and an import that has no name', () => {
    const bytes = enclave({ enclave: { policyFlags: 2, numberOfThreads: 1, imports: [{ name: null }] } }).bytes;
    const lines = section(accountOfBytes(bytes), 'Enclave configuration');
    assert.ok(lines.includes('debugging    not allowed'), lines.join('\n'));
    assert.match(lines.join('\n'), /^memory {7}\d+ bytes, 1 threads, strict$/m);
    assert.match(lines.at(-1) ?? '', /^imports {6}\(no name\), matched by /);
  });

  test('a signature without its signer’s certificate, a nested one, a time stamp, unknown usages and none', () => {
    const bytes = signPe(
      buildPe(),
      { withCertificates: false, isTimestamped: true },
      { ekus: null, nested: [{ ekus: ['1.2.3.4'] }] },
    ).bytes;
    const lines = section(accountOfBytes(bytes), 'Signatures');
    assert.deepEqual(
      lines.filter((line) => !/^ {2}(?:issuer|valid|pages)/.test(line)),
      [
        'embedded     sha256, 0 certificates, timestamped',
        '  signer     its certificate is not in the signature',
        'embedded     sha256, 3 certificates',
        '  signer     CN=Throw-away signer',
        '  usages     none',
        'nested       sha256, 3 certificates',
        '  signer     CN=Throw-away signer',
        '  usages     1.2.3.4',
      ],
    );
  });

  test('a signature that nobody signed', () => {
    const report = inspectBytes(signPe(buildPe()).bytes);
    const signatures = report.signatures.map((each) => ({
      ...each,
      digestAlgorithm: null,
      certificates: 0,
      signer: null,
    }));
    const lines = accountOf(
      { path: 'file', ...report, signatures },
      { paint: (_style, text) => text, columns: undefined },
    );
    assert.equal(section(lines, 'Signatures')[0], 'embedded     no signer, 0 certificates');
  });

  test('an image that asks for no mitigation, and one for a small address space', () => {
    const lines = accountOfBytes(buildPe({ bits: 32, dllCharacteristics: 0 }).bytes);
    assert.equal(section(lines, 'Mitigations')[0], 'asks for     nothing');
    assert.match(section(lines, 'Image')[0] ?? '', /^image {8}I386, 32-bit DLL, subsystem WINDOWS_CUI; \d+ bytes$/);
    const all = accountOf(
      {
        path: 'file',
        ...inspectBytes(buildPe().bytes),
        mitigations: { raw: 0, extendedRaw: null, present: ['DYNAMIC_BASE'], absent: [] },
      },
      { paint: (_style, text) => text, columns: undefined },
    );
    assert.ok(all.includes('not for      nothing'));
  });

  test('on a narrow terminal facts still get twenty columns', () => {
    const lines = accountOfBytes(buildPe().bytes, 10);
    assert.deepEqual(section(lines, 'Image').slice(0, 2), [
      'image        AMD64, 64-bit DLL,',
      '             subsystem',
    ]);
  });
});
