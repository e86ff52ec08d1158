/** Every row of the failure matrix (facts/vsm.md 1.14), provoked under every profile. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type FailureId, failureMatrix } from '../../../../lib/emulator/hypervisor/failure-matrix.js';
import { callRows } from './failures/calls.js';
import { memoryRows } from './failures/memory.js';
import { registerRows } from './failures/registers.js';
import type { ProvokedRow } from './failures/row.js';
import { PROFILES } from './guest.js';

const rows: Readonly<Record<FailureId, ProvokedRow>> = { ...callRows, ...memoryRows, ...registerRows };

describe('the failure matrix', () => {
  for (const [id, { provoke, statuses }] of Object.entries(rows)) {
    PROFILES.forEach((profile, column) => {
      test(`${id} (${profile}) answers 0x${statuses[column]?.toString(16)}`, () => {
        assert.equal(provoke(profile), statuses[column]);
      });
    });
  }

  test('has no row that is not provoked here, and no row without its source', () => {
    assert.deepEqual(Object.keys(rows).sort(), Object.keys(failureMatrix).sort());
    for (const [id, { call, condition, source, assumed }] of Object.entries(failureMatrix)) {
      assert.ok(call.length > 0 && condition.length > 0, id);
      assert.match(source, /^facts\/vsm\.md /, id);
      assert.ok(
        assumed.every((profile) => PROFILES.includes(profile)),
        id,
      );
    }
  });
});
