/** The outcomes in force. They are the table's, unless the flip script's preload has put another in for a test run. */
import { behaviours } from '../behaviours.js';
import type { BehaviourId, Outcome } from './row.js';

const inForce = new Map<string, Outcome>(behaviours.map((row) => [row.id, row.outcome]));

/** The outcome of a row; a missing row is a mistake in this package. */
export const outcomeOf = (id: BehaviourId): Outcome => {
  const outcome = inForce.get(id);
  if (outcome === undefined) throw new RangeError(`There is no behaviour row ${id}.`);
  return outcome;
};

/** For scripts/flip-behaviours.mjs alone: makes every machine booted from now on act on another outcome. */
export const flipOutcome = (id: BehaviourId, outcome: Outcome): void => {
  inForce.set(id, outcome);
};
