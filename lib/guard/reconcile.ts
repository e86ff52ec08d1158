/** Two deciders of one table must say the same: where they do not, one of them is wrong, and nobody can say which (DESIGN.md rule 5). */
import type { Opinion } from '../backend.js';
import { adviceFor, type DecisionCore } from './decide.js';

const said = ({ decision, verdict, reason }: Opinion | DecisionCore): string => `${decision} (${verdict}, ${reason})`;

/**
 * @param own what decide.ts says
 * @param opinion what a second decider says of the same handle; null where there is none
 * @param protection PS_PROTECTION byte of the target, for the advice; null where it is not known
 * @returns `own`, or a refusal where the two differ in the decision or the verdict; reasons may differ. `advice` is what to do about it
 */
export const reconcile = (
  own: DecisionCore,
  opinion: Opinion | null,
  protection: number | null = null,
): { readonly core: DecisionCore; readonly advice: string } => {
  if (opinion === null || (opinion.decision === own.decision && opinion.verdict === own.verdict)) {
    return { core: own, advice: adviceFor(own.reason, protection) };
  }
  return {
    core: {
      decision: 'refuse',
      verdict: 'unknown',
      reason: 'deciders-disagree',
      status: own.status === 0 ? opinion.status : own.status,
      evidence: 'assumed',
    },
    advice: `The driver says ${said(opinion)}, this package says ${said(own)}. ${adviceFor('deciders-disagree')}`,
  };
};
