/** What holds of the report on any file, however damaged. The limits are written out here, not read from the reader. */
import assert from 'node:assert/strict';
import { TrustletError } from '../../../lib/errors.js';
import { inspectBytes, inspectSource, type PeReport, readPe } from '../../../lib/pe/index.js';
import { watchedSource } from './watched-source.js';

const MIB = 2 ** 20;
const BYTES_READ = 8 * MIB;
/** A buffer holds at most one signature and the header before it. */
const LONGEST_READ = MIB + 4096;
/** Every block may be read more than once, since only a few are kept. */
const READS = BYTES_READ / 64;
/** Coarse: a whole file takes under a millisecond. On a machine that others use, this is no measure of speed. */
const ALARM_SECONDS = 10;
const DIAGNOSES = 512;
/** Sixteen signatures with as many usages as are read of one. */
const JSON_LENGTH = 8 * MIB;

const KINDS = ['trustlet', 'enclave', 'undetermined', 'neither', 'not-a-pe'];
const PARTS = [
  'file',
  'dos-header',
  'nt-headers',
  'sections',
  'exports',
  'load-config',
  'debug-directory',
  'policy',
  'enclave',
  'certificates',
  'signature',
];
const CODES = ['truncated', 'out-of-range', 'malformed', 'too-many', 'overlap', 'self-reference', 'limit'];

/** Only what JSON can carry, with 64-bit values as text; and no number that is none. */
const plain = (value: unknown, path: string): unknown => {
  if (typeof value === 'bigint') {
    assert.ok(value >= -(2n ** 63n) && value < 2n ** 64n, `${path} is ${value}`);
    return `${value}`;
  }
  if (typeof value === 'number') assert.ok(Number.isSafeInteger(value), `${path} is ${value}`);
  if (typeof value !== 'object' || value === null) {
    assert.ok(value === null || ['string', 'number', 'boolean'].includes(typeof value), `${path} is ${typeof value}`);
    return value;
  }
  if (Array.isArray(value)) return value.map((each, index) => plain(each, `${path}[${index}]`));
  assert.equal(Object.getPrototypeOf(value), Object.prototype, `${path} is no plain object`);
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, plain(member, `${path}.${key}`)]));
};

const checkDiagnoses = ({ diagnoses }: PeReport, size: number): void => {
  assert.ok(diagnoses.length <= DIAGNOSES, `${diagnoses.length} diagnoses`);
  for (const { part, code, offset, text } of diagnoses) {
    assert.ok(PARTS.includes(part) && CODES.includes(code), `${part} ${code}`);
    assert.ok(Number.isSafeInteger(offset) && offset >= 0 && offset <= size, `${part} ${code} at ${offset} of ${size}`);
    // A name of the file may stand in it, and a name has a limit.
    assert.match(text, /^[A-Z][\s\S]{8,4600}\.$/);
  }
};

const checkLimits = (report: PeReport): void => {
  const { sections, policy, enclaveConfiguration, signatures } = report;
  assert.ok(sections.length <= 96);
  assert.ok((policy?.entries.length ?? 0) <= 256);
  assert.ok((enclaveConfiguration?.imports.length ?? 0) <= 256);
  assert.ok(signatures.length <= 16 * 9, `${signatures.length} signatures`);
  for (const { value } of policy?.entries ?? []) if (typeof value === 'string') assert.ok(value.length <= 4096);
  for (const { name } of enclaveConfiguration?.imports ?? []) assert.ok((name?.length ?? 0) <= 4096);
};

const checkKind = ({ kind, headers, trustlet, enclave, diagnoses, signatures, summary }: PeReport): void => {
  assert.ok(KINDS.includes(kind));
  assert.ok(summary.length > 0);
  assert.equal(kind === 'not-a-pe', headers === null);
  assert.equal(kind === 'trustlet', trustlet.answer === 'yes');
  if (kind === 'enclave') assert.equal(enclave.answer, 'yes');
  if (kind === 'neither') assert.deepEqual([trustlet.answer, enclave.answer], ['no', 'no']);
  // An answer needs what the file can show of it, and nobody's word.
  if (trustlet.answer === 'yes' || enclave.answer === 'yes')
    assert.ok(signatures.some(({ signer }) => signer !== null));
  if (headers === null) assert.ok(diagnoses.length > 0);
  for (const { answer, requirements } of headers === null ? [] : [trustlet, enclave]) {
    const worst = requirements.some(({ isMet }) => isMet === false)
      ? 'no'
      : requirements.some(({ isMet }) => isMet === null)
        ? 'undetermined'
        : 'yes';
    assert.equal(answer, worst);
  }
};

/**
 * Inspects a file and asserts all that holds of any file.
 *
 * @param again also through `inspectBytes`, and the exports one by one
 */
export const checkFile = (bytes: Uint8Array, again: boolean): PeReport => {
  const started = performance.now();
  const { source, account } = watchedSource(bytes);
  const report = inspectSource(source);
  const text = JSON.stringify(plain(report, 'report'));
  assert.ok(text.length <= JSON_LENGTH, `${text.length} characters of JSON`);
  assert.equal(report.size, bytes.byteLength);
  assert.equal(report.trust, 'not verified');
  assert.deepEqual(report.cost, { bytesRead: account.bytes, reads: account.reads });
  assert.ok(account.bytes <= BYTES_READ && account.reads <= READS, JSON.stringify(account));
  assert.ok(account.longest <= LONGEST_READ, JSON.stringify(account));
  checkDiagnoses(report, bytes.byteLength);
  checkLimits(report);
  checkKind(report);
  if (again) {
    assert.equal(JSON.stringify(plain(inspectBytes(bytes), 'report')), text);
    checkExports(bytes);
  }
  const seconds = (performance.now() - started) / 1000;
  assert.ok(seconds < ALARM_SECONDS, `one file took ${seconds} s`);
  return report;
};

/** Every export, and each by its name: none beyond the limit, and what is damaged is said. */
const checkExports = (bytes: Uint8Array): void => {
  const { source, account } = watchedSource(bytes);
  const image = readPe(source);
  if (image === null || image.exports === null) return;
  let count = 0;
  try {
    for (const { name, ordinal, rva } of image.exports.all()) {
      count += 1;
      assert.ok((name?.length ?? 0) <= 4096 && Number.isSafeInteger(ordinal) && Number.isSafeInteger(rva));
    }
    image.exports.find('s_IumPolicyMetadata');
  } catch (error) {
    assert.ok(error instanceof TrustletError && error.code === 'ERR_TRUSTLET_FORMAT', String(error));
  }
  assert.ok(count <= 2 * 65_536, `${count} exports`);
  assert.ok(account.bytes <= BYTES_READ, JSON.stringify(account));
};
