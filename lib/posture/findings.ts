/** Findings from the tables of rules. Pure; never throws. */
import type { PostureFinding } from '../types.js';
import { contradictionRules, turnedOffRules } from './contrary-rules.js';
import { FEATURE_TITLES, type FindingRule, type Situation } from './finding-rules.js';
import { askedBy, type StallableFeature, stalledRules } from './stalled-rules.js';
import { gapRules, weaknessRules } from './weakness-rules.js';

/** A table of rules, with what comes before each clause of its findings. */
export interface RuleGroup {
  readonly title: string;
  readonly rules: readonly FindingRule[];
  readonly opening: (situation: Situation, rule: FindingRule) => string;
}

const nothing = (): string => '';

/** Every rule, in the order findings come in. */
export const RULE_GROUPS: readonly RuleGroup[] = [
  {
    title: 'Configured, not running',
    rules: stalledRules,
    opening: (situation, { feature }) =>
      `${FEATURE_TITLES[feature]} is ${askedBy(situation, feature as StallableFeature)}, not running: `,
  },
  {
    title: 'Turned off, and running',
    rules: turnedOffRules,
    opening: (_situation, { feature }) => `${FEATURE_TITLES[feature]} is turned off, and running: `,
  },
  { title: 'Sources that contradict one another', rules: contradictionRules, opening: nothing },
  { title: 'Weaknesses', rules: weaknessRules, opening: nothing },
  { title: 'What cannot be known', rules: gapRules, opening: nothing },
];

/** What was seen comes before what is only possible, within a group. */
const seenFirst = (left: PostureFinding, right: PostureFinding): number => Number(right.seen) - Number(left.seen);

/** @returns every rule that applies, as a finding */
export const findingsOf = (situation: Situation): readonly PostureFinding[] =>
  RULE_GROUPS.flatMap(({ rules, opening }) =>
    rules
      .flatMap((rule): PostureFinding[] => {
        const sighting = rule.look(situation);
        if (sighting === null) return [];
        const { seen, evidence } = sighting;
        const clause = seen ? (sighting.because ?? rule.because) : rule.perhaps;
        const text = rule.whole === true ? `${clause}` : `${opening(situation, rule)}${clause}.`;
        const { feature, kind, cause, nextStep } = rule;
        return [{ feature, kind, text, cause, seen, nextStep, evidence }];
      })
      .sort(seenFirst),
  );
