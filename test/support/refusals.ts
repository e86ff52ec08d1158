/** Refusals as tests look at them. */
import assert from 'node:assert/strict';
import { TrustletError } from '../../lib/errors.js';
import type { Decision } from '../../lib/types.js';

/** The decision of a guarded run that must be refused. */
export const decisionOf = (act: () => unknown): Decision => {
  try {
    act();
  } catch (error) {
    assert.ok(error instanceof TrustletError, String(error));
    assert.equal(error.code, 'ERR_TRUSTLET_REFUSED');
    assert.ok(error.decision);
    return error.decision;
  }
  assert.fail('not refused');
};

/** A callback that must not be entered. */
export const never = (): never => assert.fail('the callback was entered');
