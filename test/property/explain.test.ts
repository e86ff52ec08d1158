/** What holds for every explanation, whatever was seen. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { KNOWN_APIS } from '../../lib/explain/apis.js';
import { KNOWN_FAILURES } from '../../lib/explain/failures.js';
import { OPERATIONS } from '../../lib/guard/operations.js';
import { decodeProtection } from '../../lib/layout/protection.js';
import { dominates } from '../../lib/layout/protection-rules.js';
import { explained } from '../support/explain.js';

const parameters = { numRuns: Number(process.env['TRUSTLET_RUNS'] ?? 1000) };

const errors = fc.option(
  fc.oneof(
    fc.constantFrom(
      5,
      6,
      31,
      50,
      87,
      299,
      487,
      577,
      998,
      1167,
      1275,
      1314,
      0xc0000022,
      0xc0000712,
      0xc000010a,
      0xc0000005,
    ),
    fc.integer({ min: 0, max: 0xffff_ffff }),
  ),
  { nil: undefined },
);
const apis = fc.option(
  fc.constantFrom(...KNOWN_APIS.map(({ name }) => name), ...OPERATIONS.map(({ operation }) => operation)),
  { nil: undefined },
);
const targets = fc.option(
  fc.record({
    flags: fc.option(fc.integer({ min: 0, max: 0x1ff })),
    protection: fc.option(fc.constantFrom(0, 0x31, 0x41, 0x61, 0x62, 0x72, 0x81, 0x07, 0xff)),
    classification: fc.option(fc.integer({ min: 0, max: 5 })),
    openStatus: fc.constantFrom(0, 0, 0, 0xc000000b, 0xc0000022, 0xc000010a),
    extendedStatus: fc.constantFrom(0, 0, 0, 0xc0000004, 0xc000009d),
    name: fc.option(fc.constantFrom('LsaIso.exe', 'vmwp.exe', '', 'Secure System', '__proto__')),
    reused: fc.boolean(),
  }),
);
const callers = fc.record({
  pid: fc.constant(77),
  protection: fc.option(fc.constantFrom(0, 0x31, 0x41, 0x61).map(decodeProtection)),
  bits: fc.constantFrom(32 as const, 64 as const, null),
});

describe('every explanation', () => {
  test('has a cause, in whole sentences, each with its evidence, its advice and a row of the table', () => {
    const ids = new Set([...KNOWN_FAILURES.map(({ id }) => id), 'nothing-known']);
    fc.assert(
      fc.property(
        targets,
        errors,
        apis,
        callers,
        fc.constantFrom(17763, 22631, 26100),
        (target, error, api, caller, build) => {
          const { causes, summary } = explained(target, {
            caller,
            build,
            ...(error === undefined ? {} : { error }),
            ...(api === undefined ? {} : { api }),
          });
          assert.ok(causes.length > 0);
          assert.doesNotMatch(summary, /[\r\n]|undefined|null|NaN/);
          assert.ok(summary.endsWith(causes[0]?.text ?? '-'));
          for (const cause of causes) {
            assert.ok(ids.has(cause.failure));
            for (const text of [cause.text, cause.advice]) assert.match(text, /[.)]$/);
            for (const text of [cause.evidence, cause.source]) assert.notEqual(text, '');
            assert.doesNotMatch(`${cause.text}${cause.advice}${cause.evidence}`, /undefined|NaN|\[object/);
          }
          assert.equal(new Set(causes.map(({ failure }) => failure)).size, causes.length);
        },
      ),
      parameters,
    );
  });

  test('says isolated of a trustlet and of Secure System alone, and protected of nobody that the caller dominates', () => {
    fc.assert(
      fc.property(targets, errors, apis, callers, (target, error, api, caller) => {
        const { causes, facts } = explained(target, {
          caller,
          ...(error === undefined ? {} : { error }),
          ...(api === undefined ? {} : { api }),
        });
        for (const { cause, failure } of causes) {
          if (cause === 'isolated') assert.ok(facts?.verdict === 'secure' || facts?.classification === 'SecureSystem');
          if (failure === 'protected' && facts?.protection) {
            assert.ok(!dominates(caller.protection?.raw ?? 0, facts.protection.raw));
          }
        }
        // What is unknown is never called ordinary, and never harmless.
        if (facts?.verdict === 'unknown') assert.ok(causes.every(({ cause }) => cause !== 'none'));
      }),
      parameters,
    );
  });

  test('claims access control as seen only where the very question was refused', () => {
    fc.assert(
      fc.property(targets, errors, apis, callers, (target, error, api, caller) => {
        const { causes } = explained(target, {
          caller,
          ...(error === undefined ? {} : { error }),
          ...(api === undefined ? {} : { api }),
        });
        for (const { cause, failure, seen } of causes) {
          if (cause === 'access-control' && seen) assert.equal(failure, 'query-refused');
        }
      }),
      parameters,
    );
  });
});
