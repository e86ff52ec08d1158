/**
 * The behaviour table: the single source of what the emulator answers where the answer is a statement about Windows. The emulator
 * reads a row's outcome to act, docs/behaviours.md is written from it, and `scripts/flip-behaviours.mjs` demands of every row that
 * its test fails once the outcome is another.
 */
import { accessRows } from './behaviours/access-rows.js';
import { identityRows } from './behaviours/identity-rows.js';
import { injectionRows } from './behaviours/injection-rows.js';
import { lsaRows } from './behaviours/lsa-rows.js';
import type { Behaviour } from './behaviours/row.js';
import { secureKernelRows } from './behaviours/secure-kernel-rows.js';
import { vsmRows } from './behaviours/vsm-rows.js';

export { consequences } from './behaviours/consequences.js';
export type { Behaviour, BehaviourId, Consequence, ConsequenceId, Outcome } from './behaviours/row.js';

/** B-rows (the seed article's statements) in order, then N-rows (further outcomes of facts/nt.md). */
export const behaviours: readonly Behaviour[] = [
  ...vsmRows,
  ...lsaRows,
  ...secureKernelRows,
  ...identityRows,
  ...injectionRows,
  ...accessRows,
].sort((a, b) => (a.id < b.id ? -1 : 1));
