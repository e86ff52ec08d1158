/** The answers that measured calls must give. A wrong one ends the run: its time means nothing. */
import type { Census } from '../lib/census.js';
import type { ProcessFacts } from '../lib/types.js';
import { SECURE } from './crowd.js';

export const expect = (what: string, found: unknown, wanted: unknown): void => {
  if (!Object.is(found, wanted)) throw new Error(`${what}: ${String(found)}, where ${String(wanted)} is right`);
};

export const expectVerdict =
  (wanted: ProcessFacts['verdict']) =>
  ({ verdict }: ProcessFacts): void =>
    expect('the verdict', verdict, wanted);

/** Trustlets among facts. */
export const secureAmong = (facts: Iterable<ProcessFacts>): number => {
  let secure = 0;
  for (const { verdict } of facts) if (verdict === 'secure') secure += 1;
  return secure;
};

export const expectSecure = (found: number): void => expect('trustlets', found, SECURE);

export const expectLength =
  (wanted: number) =>
  ({ length }: Pick<Census, 'length'>): void =>
    expect('processes', length, wanted);
