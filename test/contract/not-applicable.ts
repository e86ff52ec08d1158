/** What each host cannot be held to, pinned by title in not-applicable.json: a new gap, or one that has closed, fails. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { ContractHost, NotApplicable } from '../../lib/testing/index.js';

type Pinned = Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;

/** Host → reason → titles. The compiled tests read the source's file. */
const pinned = JSON.parse(
  readFileSync(new URL('../../../test/contract/not-applicable.json', import.meta.url), 'utf8'),
) as Pinned;

/**
 * @param host the host the suite ran on
 * @param found what `contractSuite` returned
 */
export const pinNotApplicable = (host: ContractHost, found: readonly NotApplicable[]): void => {
  test(`what does not apply on ${host.name} (${host.seenOn}) is what is known not to`, (t) => {
    const titles: Record<string, string[]> = {};
    for (const { title, reason } of found) {
      titles[reason] = [...(titles[reason] ?? []), title];
      t.diagnostic(`n/a: ${title}: ${reason}`);
    }
    assert.deepEqual(titles, pinned[`${host.name} (${host.seenOn})`]);
  });
};
