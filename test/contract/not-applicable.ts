/** What each host cannot be held to, pinned: a new gap, or one that has closed, fails. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ContractHost, NotApplicable } from '../../lib/testing/index.js';

/**
 * @param host the host the suite ran on
 * @param found what `contractSuite` returned
 * @param expected how many promises are n/a here, by reason
 */
export const pinNotApplicable = (
  host: ContractHost,
  found: readonly NotApplicable[],
  expected: Readonly<Record<string, number>>,
): void => {
  test(`what does not apply on ${host.name} is what is known not to`, (t) => {
    const counts: Record<string, number> = {};
    for (const { title, reason } of found) {
      counts[reason] = (counts[reason] ?? 0) + 1;
      t.diagnostic(`n/a: ${title}: ${reason}`);
    }
    assert.deepEqual(counts, expected);
  });
};
