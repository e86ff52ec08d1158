/** Named policies: the outcomes documentation leaves open, each with its listed values and a default. */
import { show } from '../arguments.js';
import { TrustletError } from '../errors.js';
import { outcomeOf } from './behaviours/current.js';
import { type Behaviour, type BehaviourId, behaviours, type Outcome } from './behaviours.js';

/** One policy: the values a scenario or `boot({ policies })` may give it. */
export interface Policy {
  readonly name: string;
  readonly default: string;
  readonly values: readonly string[];
  /** The behaviour row it belongs to. */
  readonly behaviour: BehaviourId;
}

type PolicyRow = Behaviour & { readonly policy: string };

const isPolicyRow = (row: Behaviour): row is PolicyRow => row.policy !== null;

/** All policies, by the order of their rows. */
export const policies: readonly Policy[] = behaviours.filter(isPolicyRow).map((row) => ({
  name: row.policy,
  default: String(row.outcome),
  values: [row.outcome, ...row.alternatives].map(String),
  behaviour: row.id,
}));

const argumentError = (message: string): TrustletError => new TrustletError('ERR_TRUSTLET_ARGUMENT', message);

/** The outcome in force for every row. */
export type Outcomes = Readonly<Record<BehaviourId, Outcome>>;

/**
 * What a machine answers by: every row's outcome, with the policies that were chosen in their rows' place.
 *
 * @param choices policies by name; later ones win
 * @throws TrustletError ERR_TRUSTLET_ARGUMENT for an unknown policy or value, naming the known ones
 */
export const outcomesWith = (...choices: readonly (Readonly<Record<string, string>> | undefined)[]): Outcomes => {
  const outcomes = Object.fromEntries(behaviours.map((row) => [row.id, outcomeOf(row.id)])) as Record<
    BehaviourId,
    Outcome
  >;
  for (const [name, value] of choices.flatMap((choice) => Object.entries(choice ?? {}))) {
    const policy = policies.find((candidate) => candidate.name === name);
    if (policy === undefined) {
      throw argumentError(
        `There is no policy ${show(name)}; there are ${policies.map((known) => known.name).join(', ')}.`,
      );
    }
    if (!policy.values.includes(value)) {
      throw argumentError(`The policy ${name} takes ${policy.values.join(', ')}; got ${show(value)}.`);
    }
    outcomes[policy.behaviour] = value;
  }
  return outcomes;
};
