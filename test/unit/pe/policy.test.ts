import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { inspectBytes, type PolicyEntry, type TrustletPolicy } from '../../../lib/pe/index.js';
import { buildPe } from '../../support/pe/build.js';
import { withBytes } from '../../support/pe/corrupt.js';
import type { PolicyDescription, PolicyEntryDescription } from '../../support/pe/describe.js';

const reportOf = (policy: PolicyDescription) => inspectBytes(buildPe({ isDll: false, policy }).bytes);
const policyOf = (policy: PolicyDescription): TrustletPolicy => {
  const found = reportOf(policy).policy;
  assert.ok(found !== null);
  return found;
};
const entriesOf = (...entries: PolicyEntryDescription[]): readonly PolicyEntry[] => policyOf({ entries }).entries;
const effectiveOf = (...entries: PolicyEntryDescription[]): TrustletPolicy['effective'] =>
  policyOf({ entries }).effective;

const ALL_ONES = 0xffff_ffff_ffff_ffffn;

describe('a trustlet’s policy', () => {
  test('is found by either symbol, wherever it lies in its section', () => {
    for (const symbol of ['s_IumPolicyMetadata', '__ImagePolicyMetadata']) {
      const built = buildPe({ isDll: false, policy: { symbol, lead: 24, applicationId: 4n } });
      const { policy, diagnoses } = inspectBytes(built.bytes);
      assert.equal(policy?.symbol, symbol);
      assert.equal(policy?.offset, built.layout.offset('policy'));
      assert.equal(policy?.applicationId, 4n);
      assert.equal(policy?.version, 1);
      assert.deepEqual(diagnoses, []);
    }
  });

  test('has the trustlet ID that the image declares, and whose it is where that is public', () => {
    const known = [0n, 1n, 2n, 3n, 4n, 5n, 6n, ALL_ONES].map((applicationId) => {
      const policy = policyOf({ applicationId });
      assert.equal(policy.applicationId, applicationId);
      return policy.knownAs?.split(/[ :,]/)[0] ?? null;
    });
    assert.deepEqual(known.slice(1, 3), ['LsaIso.exe', 'vmsp.exe']);
    assert.deepEqual(known.slice(4), ['BioIso.exe', 'FsIso.exe', null, null]);
  });

  test('decodes each type of value at its own width and sign', () => {
    const found = [1, 2, 3, 4, 5, 6, 7, 8, 9].map((type) => {
      const [entry] = entriesOf({ type, id: 8, value: 0xffff_fffe_ffff_fe80n });
      return [entry?.typeName, entry?.value];
    });
    assert.deepEqual(found, [
      ['bool', true],
      ['i8', -128n],
      ['u8', 0x80n],
      ['i16', -384n],
      ['u16', 0xfe80n],
      ['i32', -384n],
      ['u32', 0xffff_fe80n],
      ['i64', -0x1_0000_0180n],
      ['u64', 0xffff_fffe_ffff_fe80n],
    ]);
    assert.equal(entriesOf({ type: 1, id: 1, value: 0n })[0]?.value, false);
  });

  test('follows the addresses of strings', () => {
    const entries = entriesOf(
      { type: 10, id: 6, value: 'S-1-5-83-0' },
      { type: 11, id: 11, value: 'Größe \u{1f512}' },
      { type: 10, id: 4, value: '' },
    );
    assert.deepEqual(
      entries.map(({ typeName, value }) => [typeName, value]),
      [
        ['ansi-string', 'S-1-5-83-0'],
        ['utf16-string', 'Größe \u{1f512}'],
        ['ansi-string', ''],
      ],
    );
  });

  test('keeps an entry whose string lies nowhere, without its value, and says where the address stands', () => {
    const built = buildPe({
      policy: {
        entries: [
          { type: 10, id: 6, value: 0x123n },
          { type: 1, id: 1, value: 1n },
        ],
      },
    });
    const { policy, diagnoses } = inspectBytes(built.bytes);
    assert.deepEqual(
      policy?.entries.map(({ value }) => value),
      [null, true],
    );
    assert.deepEqual(
      diagnoses.map(({ part, code, offset }) => [part, code, offset]),
      [['policy', 'out-of-range', built.layout.offset('policy/entries/0/value')]],
    );
  });

  test('names every policy that is known, and leaves unknown types and policies their numbers', () => {
    const entries = entriesOf(
      ...Array.from({ length: 15 }, (_, id) => ({ type: 9, id: id + 1, value: 1n })),
      { type: 13, id: 1, value: 1n },
      { type: 0x7fff_ffff, id: 0xffff_ffff, value: 7n },
    );
    assert.deepEqual(
      entries.map(({ policyName }) => policyName),
      [
        'Etw',
        'Debug',
        'CrashDump',
        'CrashDumpKey',
        'CrashDumpKeyGuid',
        'ParentSd',
        'ParentSdRev',
        'Svn',
        'DeviceId',
        'Capability',
        'ScenarioId',
        'CapabilityOverridable',
        'TrustletIdOverridable',
        'unknown(14)',
        'unknown(15)',
        'Etw',
        'unknown(4294967295)',
      ],
    );
    assert.deepEqual(
      entries.slice(-2).map(({ typeName, value }) => [typeName, value]),
      [
        ['unknown(13)', null],
        ['unknown(2147483647)', null],
      ],
    );
    assert.ok(entries.every(({ meaning }) => meaning.length > 3));
  });

  test('says in a clause what a value means', () => {
    const meaning = (type: number, id: number, value: bigint): string =>
      entriesOf({ type, id, value })[0]?.meaning ?? '';
    assert.match(meaning(1, 1, 1n), /^trace events may/);
    assert.match(meaning(1, 1, 0n), /^no trace events/);
    assert.match(meaning(1, 3, 1n), /crash dumps, encrypted$/);
    assert.match(meaning(1, 3, 0n), /no crash dump$/);
    assert.match(meaning(7, 2, 0n), /^no debugger may attach$/);
    assert.match(meaning(7, 2, 1n), /^a debugger may attach$/);
    assert.match(meaning(7, 2, 2n), /Secure Boot/);
    assert.match(meaning(7, 2, 3n), /challenge/);
    assert.match(meaning(7, 2, 4n), /^no debugger may attach: 4 is/);
    assert.match(meaning(9, 2, 1n), /^no debugger may attach/);
    assert.match(meaning(99, 1, 1n), /type 99 is unknown/);
    assert.match(meaning(1, 99, 1n), /not known/);
  });

  test('says where each entry stands', () => {
    const built = buildPe({ policy: { entries: [1, 2, 3].map((id) => ({ type: 1, id, value: 0n })) } });
    const offsets = inspectBytes(built.bytes).policy?.entries.map(({ offset }) => offset);
    assert.deepEqual(
      offsets,
      [0, 1, 2].map((index) => built.layout.offset(`policy/entries/${index}`)),
    );
  });

  test('ends with an entry of type 0; one that does not says so', () => {
    assert.equal(policyOf({ entries: [{ type: 1, id: 1, value: 1n }] }).isTerminated, true);
    // 16 bytes and 31 entries of 16 fill the section's 512 bytes, so nothing after them can be taken for an end.
    const endless = {
      entries: Array.from({ length: 31 }, (_, index) => ({ type: 1, id: 20 + index, value: 1n })),
      isTerminated: false,
    };
    const { policy, diagnoses } = reportOf(endless);
    assert.equal(policy?.isTerminated, false);
    assert.equal(policy?.entries.length, 31);
    assert.deepEqual(
      diagnoses.map(({ part, code }) => [part, code]),
      [['policy', 'malformed']],
    );
  });

  test('is found where the names of the exports are not sorted, so that the loader’s search misses it', () => {
    const functions = ['z', 'y', 'x', 'w'].map((name) => ({ name }));
    const built = buildPe({ policy: { applicationId: 5n }, exports: { functions, order: 'as-given' } });
    const { policy } = inspectBytes(built.bytes);
    assert.deepEqual([policy?.symbol, policy?.applicationId], ['s_IumPolicyMetadata', 5n]);
  });

  test('with an entry that names no policy says where', () => {
    const built = buildPe({ policy: { entries: [{ type: 1, id: 0, value: 1n }] } });
    const { policy, diagnoses } = inspectBytes(built.bytes);
    assert.deepEqual([policy?.entries.length, policy?.entries[0]?.policyId], [1, 0]);
    assert.deepEqual(
      diagnoses.map(({ part, code, offset }) => [part, code, offset]),
      [['policy', 'malformed', built.layout.offset('policy/entries/0/id')]],
    );
  });

  test('is not what another module has, even where that is written into the section', () => {
    const functions = [{ name: 's_IumPolicyMetadata', forwarder: 'other.policy' }];
    const built = buildPe({ exports: { functions } });
    const { policy, trustlet } = inspectBytes(withBytes(built, 'section/.edata/name', Buffer.from('.tPolicy')).bytes);
    assert.equal(policy, null);
    assert.deepEqual(
      trustlet.requirements.filter(({ name }) => name.startsWith('policy')).map(({ name, isMet }) => [name, isMet]),
      [
        ['policy section', true],
        ['policy symbol', false],
        ['policy metadata', false],
      ],
    );
  });

  test('is not found without its symbol, nor by a symbol that lies elsewhere', () => {
    assert.equal(reportOf({ symbol: null }).policy, null);
    const functions = [{ name: 's_IumPolicyMetadata', target: 'code' as const }];
    const { policy } = inspectBytes(buildPe({ policy: { symbol: null }, exports: { functions } }).bytes);
    assert.equal(policy, null);
  });
});

describe('what a policy comes to', () => {
  const NOTHING = { etw: false, debug: 'never', crashDump: 'none', overridable: [] } as const;

  test('is the most restrictive where nothing is said', () => {
    assert.deepEqual(effectiveOf(), NOTHING);
  });

  test('allows tracing and encrypted dumps where the policy says so', () => {
    assert.deepEqual(effectiveOf({ type: 1, id: 1, value: 1n }, { type: 1, id: 3, value: 1n }), {
      ...NOTHING,
      etw: true,
      crashDump: 'encrypted',
    });
    assert.deepEqual(effectiveOf({ type: 1, id: 1, value: 0n }, { type: 1, id: 3, value: 0n }), NOTHING);
  });

  test('has four ways to debug, and refuses every other value', () => {
    const values = [0n, 1n, 2n, 3n, 4n, 0xffff_ffffn];
    assert.deepEqual(
      values.map((value) => effectiveOf({ type: 7, id: 2, value }).debug),
      ['never', 'always', 'secure-boot-off', 'challenge-response', 'never', 'never'],
    );
  });

  test('takes no debug policy of another type than u32', () => {
    for (const type of [1, 3, 9, 10]) {
      assert.equal(effectiveOf({ type, id: 2, value: 1n }).debug, 'never', `type ${type}`);
    }
  });

  test('given twice comes to the stricter one, and the second one is said to be wrong', () => {
    const twice = (id: number, type: number, first: bigint, second: bigint) => {
      const built = buildPe({
        policy: {
          entries: [
            { type, id, value: first },
            { type, id, value: second },
          ],
        },
      });
      const { policy, diagnoses } = inspectBytes(built.bytes);
      assert.deepEqual(
        diagnoses.map(({ part, code, offset }) => [part, code, offset]),
        [['policy', 'malformed', built.layout.offset('policy/entries/1')]],
      );
      return policy?.effective;
    };
    assert.deepEqual(
      [twice(1, 1, 1n, 0n)?.etw, twice(1, 1, 0n, 1n)?.etw, twice(1, 1, 1n, 1n)?.etw],
      [false, false, true],
    );
    assert.deepEqual([twice(3, 1, 1n, 0n)?.crashDump, twice(3, 1, 0n, 1n)?.crashDump], ['none', 'none']);
    const debug = ([first, second]: readonly [bigint, bigint]) => twice(2, 7, first, second)?.debug;
    assert.deepEqual(
      (
        [
          [1n, 0n],
          [0n, 3n],
          [1n, 2n],
          [3n, 1n],
          [1n, 9n],
          [1n, 1n],
        ] as const
      ).map(debug),
      ['never', 'never', 'secure-boot-off', 'challenge-response', 'never', 'always'],
    );
  });

  test('says what another may override', () => {
    assert.deepEqual(effectiveOf({ type: 1, id: 12, value: 1n }, { type: 1, id: 13, value: 1n }).overridable.length, 2);
    assert.deepEqual(effectiveOf({ type: 12, id: 10, value: 0n }).overridable, ['Capability']);
    assert.deepEqual(effectiveOf({ type: 1, id: 12, value: 0n }, { type: 1, id: 13, value: 0n }).overridable, []);
  });
});
