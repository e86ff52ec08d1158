/** Explanations of records that need no machine. */
import type { ProcessRecord } from '../../lib/backend.js';
import { apiNamed } from '../../lib/explain/apis.js';
import type { Case } from '../../lib/explain/case.js';
import { readErrorCode } from '../../lib/explain/error-code.js';
import { explainCase } from '../../lib/explain/explain.js';
import { factsFrom } from '../../lib/facts.js';
import { decodeProtection } from '../../lib/layout/protection.js';
import type { Explanation } from '../../lib/types.js';
import { record, system } from './records.js';

const source = { name: 'ntdll', simulated: false } as const;

export interface Seen extends Partial<Omit<Case, 'facts' | 'error' | 'api'>> {
  readonly error?: number;
  readonly api?: string;
}

/**
 * @param target what the record of the process says beside an ordinary one; null for no process
 * @param seen a 64-bit caller without protection, no posture and build 26100, unless it says otherwise
 */
export const explained = (target: Partial<ProcessRecord> | null, { error, api, ...seen }: Seen = {}): Explanation =>
  explainCase(
    {
      facts: target === null ? null : factsFrom(record(target), system(), source),
      expected: null,
      error: error === undefined ? null : readErrorCode(error),
      api: api === undefined ? null : apiNamed(api),
      caller: {
        pid: 77,
        protection: decodeProtection(0),
        bits: 64,
      },
      posture: null,
      build: 26100,
      ...seen,
    },
    source,
  );

/** Its causes in their order. */
export const causesOf = (target: Partial<ProcessRecord> | null, seen: Seen = {}): readonly string[] =>
  explained(target, seen).causes.map(({ failure }) => failure);
