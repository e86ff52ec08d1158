import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { TrustletError } from '../../lib/errors.js';
import * as layout from '../../lib/layout/index.js';
import { ProcessList, type ProcessListEntry, type ProcessListOptions, type WordSize } from '../../lib/layout/index.js';

const runs = Number(process.env['TRUSTLET_RUNS'] ?? 1000);
const parameters = { numRuns: runs };

/** Records with the prototype every decoder's answer has. */
const record = <T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> =>
  fc.record(model, { noNullPrototype: true });
const wordSizes = fc.constantFrom<WordSize>(8, 4);
const u8 = fc.nat({ max: 0xff });
const u32 = fc.nat({ max: 0xffffffff });
const u64 = fc.bigInt({ min: 0n, max: 0xffffffffffffffffn });
const pointer = (wordSize: WordSize): fc.Arbitrary<bigint> =>
  wordSize === 8 ? u64 : fc.bigInt({ min: 0n, max: 0xffffffffn });

/** The same bytes at two places of two buffers that differ everywhere else. */
const places = (bytes: Uint8Array): readonly Uint8Array[] =>
  [
    { poison: 0x00, before: 8 },
    { poison: 0xff, before: 24 },
    { poison: 0x5a, before: 3 },
  ].map(({ poison, before }) => {
    const whole = new Uint8Array(before + bytes.length + 4096).fill(poison);
    whole.set(bytes, before);
    return whole.subarray(before, before + bytes.length);
  });

/** A decoder's answer; a refusal is an answer, anything else it throws is not. */
const outcome = (decode: () => unknown): unknown => {
  try {
    return { value: decode() };
  } catch (error) {
    if (!(error instanceof TrustletError) || error.code !== 'ERR_TRUSTLET_FORMAT') throw error;
    return { refused: error.message };
  }
};

/** Every accessor of every entry. */
const readWhole = (bytes: Uint8Array, options: ProcessListOptions): unknown => {
  const list = ProcessList.index(bytes, options);
  return Array.from({ length: list.length }, (_, i) => [
    list.pid(i),
    list.createTime(i),
    list.parentPid(i),
    list.sessionId(i),
    list.threadCount(i),
    list.name(i),
    outcome(() => list.tids(i)),
    list.classification(i),
    list.sequenceNumber(i),
  ]);
};

const BASE = 0x7ffe0000n;
const listOptions = record({ base: fc.constant(BASE), wordSize: wordSizes, extension: fc.boolean() });

const decoders: Readonly<Record<string, (bytes: Uint8Array, wordSize: WordSize) => unknown>> = {
  decodeBasicInformation: layout.decodeBasicInformation,
  decodeExtendedBasicInformation: layout.decodeExtendedBasicInformation,
  decodeProcessTimes: layout.decodeProcessTimes,
  decodeTelemetryId: layout.decodeTelemetryId,
  decodeThreadBasicInformation: layout.decodeThreadBasicInformation,
  decodeIsolatedUserMode: layout.decodeIsolatedUserMode,
  decodeCodeIntegrity: layout.decodeCodeIntegrity,
  decodeCodeIntegrityPolicy: layout.decodeCodeIntegrityPolicy,
  decodeSecureBoot: layout.decodeSecureBoot,
  decodeVsmProtection: layout.decodeVsmProtection,
  decodeHypervisor: layout.decodeHypervisor,
  decodeHypervisorDetail: layout.decodeHypervisorDetail,
  decodeKernelDebugger: layout.decodeKernelDebugger,
  decodeKernelDebuggerEx: layout.decodeKernelDebuggerEx,
  decodeSecureCore: layout.decodeSecureCore,
};

/** Class 159's, the longest structure of a fixed size. */
const LONGEST_STRUCTURE = 112;
/** Longer than that, and biased to bytes that look like lengths and high halves of 0. */
const anyBytes = fc.uint8Array({ maxLength: 160 });
const sparseBytes = fc
  .array(fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: u8 }), { maxLength: 160 })
  .map((bytes) => Uint8Array.from(bytes));

describe('decoders', () => {
  test('every decoder of a byte structure is in this file', () => {
    const words = ['decodeClassification', 'decodeProcessFlags', 'decodeProtection'];
    const exported = Object.keys(layout).filter((name) => name.startsWith('decode') && !words.includes(name));
    assert.deepEqual(exported.sort(), Object.keys(decoders).sort());
  });

  for (const [name, decode] of Object.entries(decoders)) {
    test(`${name} answers or refuses, and what lies around the bytes does not matter`, () => {
      fc.assert(
        fc.property(fc.oneof(anyBytes, sparseBytes), wordSizes, (bytes, wordSize) => {
          const [first, ...others] = places(bytes).map((place) => outcome(() => decode(place, wordSize)));
          for (const other of others) assert.deepEqual(other, first);
        }),
        parameters,
      );
    });

    test(`${name} reads no byte behind the structure it knows`, () => {
      fc.assert(
        fc.property(sparseBytes, anyBytes, wordSizes, (bytes, tail, wordSize) => {
          const known = new Uint8Array(LONGEST_STRUCTURE);
          known.set(bytes.subarray(0, LONGEST_STRUCTURE));
          const longer = new Uint8Array(LONGEST_STRUCTURE + tail.length);
          longer.set(known);
          longer.set(tail, LONGEST_STRUCTURE);
          const answer = outcome(() => decode(known, wordSize));
          assert.deepEqual(
            outcome(() => decode(longer, wordSize)),
            answer,
          );
        }),
        parameters,
      );
    });
  }

  test('words of any value decode without a throw', () => {
    fc.assert(
      fc.property(fc.integer(), (word) => {
        assert.equal(layout.decodeProcessFlags(word).raw, word >>> 0);
        assert.equal(layout.decodeProcessFlags(word).IsSecureProcess, (word & 0x80) === 0x80);
        assert.equal(layout.decodeProtection(word).raw, word & 0xff);
        assert.equal(typeof layout.decodeClassification(word), 'string');
      }),
      parameters,
    );
  });
});

describe('ProcessList', () => {
  /** Bytes shaped like a list often enough to get past the first check: headers with small offsets and thread counts. */
  const entryLike = fc
    .record({
      next: fc.oneof(fc.nat({ max: 1400 }), fc.constantFrom(0, 184, 256, 264, 336, 704, 0xffffff00), u32),
      threads: fc.oneof(fc.nat({ max: 4 }), u32),
      nameLength: fc.nat({ max: 0xffff }),
      name: fc.oneof(
        fc.nat({ max: 3000 }).map((at) => BASE + BigInt(at)),
        u64,
      ),
      length: fc.nat({ max: 900 }),
      fill: u8,
      clean: fc.boolean(),
    })
    .map(({ next, threads, nameLength, name, length, fill, clean }) => {
      const bytes = new Uint8Array(256 + length).fill(clean ? 0 : fill);
      const view = new DataView(bytes.buffer);
      view.setUint32(0, next, true);
      view.setUint32(4, threads, true);
      view.setUint16(56, nameLength, true);
      view.setBigUint64(64, name, true);
      view.setBigUint64(80, 4n, true);
      view.setBigUint64(88, 0n, true);
      return bytes;
    });
  const listLike = fc
    .array(entryLike, { minLength: 1, maxLength: 4 })
    .map((entries) => new Uint8Array(Buffer.concat(entries)));

  test('over arbitrary bytes it ends, answers or refuses, whatever lies around them', () => {
    let answered = 0;
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 2000 }), listLike, listLike), listOptions, (bytes, options) => {
        const [first, ...others] = places(bytes).map((place) => outcome(() => readWhole(place, options)));
        for (const other of others) assert.deepEqual(other, first);
        if (first !== null && typeof first === 'object' && 'value' in first) answered += 1;
      }),
      parameters,
    );
    assert.ok(answered > runs / 50, `only ${answered} of ${runs} lists were good enough to be read`);
  });

  const entries = fc.array(
    record<ProcessListEntry>({
      pid: u32,
      parentPid: u32,
      name: fc.oneof(
        fc.constant(null),
        fc.constant('n'.repeat(400)),
        fc.string({ unit: 'binary', minLength: 1, maxLength: 40 }),
        fc.array(fc.nat({ max: 0xffff }), { minLength: 1, maxLength: 8 }).map((units) => String.fromCharCode(...units)),
      ),
      sessionId: u32,
      createTime: u64,
      tids: fc.array(u32, { maxLength: 4 }),
      classification: fc.nat({ max: 15 }),
      sequenceNumber: u64,
    }),
    { minLength: 1, maxLength: 6 },
  );
  const encoding = wordSizes.chain((wordSize) =>
    record({
      wordSize: fc.constant(wordSize),
      extension: fc.boolean(),
      base: wordSize === 8 ? fc.bigInt({ min: 0n, max: 1n << 63n }) : fc.bigInt({ min: 0n, max: 1n << 31n }),
    }),
  );
  const read = (list: ProcessList): unknown[] =>
    Array.from({ length: list.length }, (_, i) => ({
      pid: list.pid(i),
      parentPid: list.parentPid(i),
      name: list.name(i),
      sessionId: list.sessionId(i),
      createTime: list.createTime(i),
      tids: list.tids(i),
      classification: list.classification(i),
      sequenceNumber: list.sequenceNumber(i),
    }));

  test('what was written is read back; the extension only where there is one', () => {
    fc.assert(
      fc.property(entries, encoding, (written, options) => {
        const { bytes, needed } = layout.encodeProcessList(written, options);
        assert.ok(bytes);
        assert.equal(bytes.length, needed);
        const expected = options.extension
          ? written
          : written.map((entry) => ({ ...entry, classification: null, sequenceNumber: null }));
        for (const place of places(bytes)) assert.deepEqual(read(ProcessList.index(place, options)), expected);
      }),
      parameters,
    );
  });

  test('a list without extension, read as if it had one, gives none: neither where it does not fit nor where a long name lies', () => {
    fc.assert(
      fc.property(entries, encoding, (written, options) => {
        const { bytes } = layout.encodeProcessList(written, { ...options, extension: false });
        assert.ok(bytes);
        const list = ProcessList.index(bytes, { ...options, extension: true });
        for (let i = 0; i < list.length; i += 1) assert.equal(list.sequenceNumber(i), null);
      }),
      parameters,
    );
  });

  test("a truncated list is refused or shorter in nothing but the last entry's name and extension", () => {
    fc.assert(
      fc.property(entries, encoding, fc.double({ min: 0, max: 1, noNaN: true }), (written, options, part) => {
        const { bytes } = layout.encodeProcessList(written, options);
        assert.ok(bytes);
        const cut = bytes.subarray(0, Math.floor(part * bytes.length));
        const answer = outcome(() => ProcessList.index(cut, options).length);
        if (answer !== null && typeof answer === 'object' && 'value' in answer)
          assert.equal(answer.value, written.length);
      }),
      parameters,
    );
  });
});

describe('round trips', () => {
  test('extended and plain basic information', () => {
    const info = (wordSize: WordSize) =>
      record({
        size: fc.constant(wordSize === 8 ? 64 : 32),
        exitStatus: u32,
        pebBaseAddress: pointer(wordSize),
        affinityMask: pointer(wordSize),
        basePriority: fc.integer(),
        uniqueProcessId: u32,
        inheritedFromUniqueProcessId: u32,
        flags: u32,
      });
    const cases = wordSizes.chain((wordSize) => fc.tuple(fc.constant(wordSize), info(wordSize)));
    fc.assert(
      fc.property(cases, ([wordSize, extended]) => {
        const bytes = layout.encodeExtendedBasicInformation(extended, wordSize);
        assert.deepEqual(layout.decodeExtendedBasicInformation(bytes, wordSize), extended);
        const { size: _size, flags: _flags, ...plain } = extended;
        assert.deepEqual(
          layout.decodeBasicInformation(layout.encodeBasicInformation(plain, wordSize), wordSize),
          plain,
        );
      }),
      parameters,
    );
  });

  test('process times, telemetry id and thread information', () => {
    const times = record({ createTime: u64, exitTime: u64, kernelTime: u64, userTime: u64 });
    const telemetry = record({
      processId: u32,
      startKey: u64,
      createTime: u64,
      sequenceNumber: u64,
      sessionId: u32,
      bootId: u32,
    });
    const thread = record({ exitStatus: u32, uniqueProcess: u32, uniqueThread: u32 });
    fc.assert(
      fc.property(times, telemetry, thread, wordSizes, (time, id, basic, wordSize) => {
        assert.deepEqual(layout.decodeProcessTimes(layout.encodeProcessTimes(time)), time);
        assert.deepEqual(layout.decodeTelemetryId(layout.encodeTelemetryId(id, wordSize), wordSize), id);
        const bytes = layout.encodeThreadBasicInformation(basic, wordSize);
        assert.deepEqual(layout.decodeThreadBasicInformation(bytes, wordSize), basic);
      }),
      parameters,
    );
  });

  test('what a posture asks beside', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 112, maxLength: 112 }), (bytes) => {
        const detail = layout.decodeHypervisorDetail(bytes);
        assert.deepEqual(layout.encodeHypervisorDetail(detail.leaves), bytes);
        assert.match(`${detail.vendor}${detail.interface}`, /^[\x20-\x7e]{0,16}$/);
        const kernelDebugger = layout.decodeKernelDebugger(bytes);
        assert.deepEqual(layout.decodeKernelDebugger(layout.encodeKernelDebugger(kernelDebugger)), kernelDebugger);
        const longer = layout.decodeKernelDebuggerEx(bytes);
        assert.deepEqual(layout.decodeKernelDebuggerEx(layout.encodeKernelDebuggerEx(longer)), longer);
        const core = layout.decodeSecureCore(bytes);
        assert.deepEqual(layout.decodeSecureCore(layout.encodeSecureCore(core)), core);
      }),
      parameters,
    );
  });

  test('system information', () => {
    const guid = fc.uuid();
    const policy = record({ options: u32, hvciOptions: u32, version: u64, policyGuid: guid });
    fc.assert(
      fc.property(u32, u32, policy, fc.uint8Array({ minLength: 16, maxLength: 16 }), (flags, options, words, bytes) => {
        const isolated = layout.decodeIsolatedUserMode(layout.encodeIsolatedUserMode({ raw: flags }));
        assert.equal(isolated.raw, flags);
        assert.deepEqual(layout.decodeIsolatedUserMode(layout.encodeIsolatedUserMode(isolated)), isolated);
        assert.equal(layout.decodeCodeIntegrity(layout.encodeCodeIntegrity(options)).options, options);
        const decoded = layout.decodeCodeIntegrityPolicy(layout.encodeCodeIntegrityPolicy(words));
        assert.deepEqual({ ...decoded, ...words }, decoded);
        const hypervisor = layout.decodeHypervisor(bytes);
        assert.deepEqual(layout.decodeHypervisor(layout.encodeHypervisor(hypervisor)), hypervisor);
        const secureBoot = layout.decodeSecureBoot(bytes);
        assert.deepEqual(layout.decodeSecureBoot(layout.encodeSecureBoot(secureBoot)), secureBoot);
        const protections = layout.decodeVsmProtection(bytes.subarray(0, 2 + (flags % 3)));
        assert.deepEqual(layout.decodeVsmProtection(layout.encodeVsmProtection(protections)), protections);
      }),
      parameters,
    );
  });
});
