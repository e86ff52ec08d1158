/** What a finding rule is, and what it looks at. Pure. */
import type { PostureAnswer, PostureCause, PostureFeature, PostureFeatureName, PostureFinding } from '../types.js';
import type { PostureInput } from './features.js';

/** All that the rules look at. */
export interface Situation extends PostureInput {
  readonly build: number;
  readonly features: Readonly<Record<PostureFeatureName, PostureFeature>>;
  readonly testSigning: PostureAnswer;
}

/** A rule that applies: whether its cause was seen, and in what. */
export interface Sighting {
  readonly seen: boolean;
  readonly evidence: string;
  /** Instead of the rule's own words for what was seen. */
  readonly because?: string | undefined;
}

/** One row of the table behind findings and docs/posture.md. */
export interface FindingRule {
  readonly feature: PostureFeatureName;
  readonly kind: PostureFinding['kind'];
  readonly cause: PostureCause;
  /** When it applies, for the docs. */
  readonly when: string;
  /** What is so, as a clause after the feature's state, or (where `whole`) as a sentence of its own. null: never seen, only possible. */
  readonly because: string | null;
  /** The same as a possibility; null: only said where it was seen. */
  readonly perhaps: string | null;
  /** `because` is a sentence of its own. */
  readonly whole?: true | undefined;
  readonly nextStep: string;
  /** Where the cause is known from. */
  readonly source: string;
  readonly look: (situation: Situation) => Sighting | null;
}

/** What features are called in sentences. */
export const FEATURE_TITLES: Readonly<Record<PostureFeatureName, string>> = {
  vbs: 'VBS',
  hvci: 'Memory integrity',
  credentialGuard: 'Credential Guard',
  secureBoot: 'Secure Boot',
  dmaProtection: 'DMA protection',
  kernelDebugger: 'Kernel debugging',
  secureCore: 'Secured-core',
  hypervisor: 'Hypervisor',
};

/** The cause was seen. */
export const seenIn = (evidence: string, because?: string): Sighting => ({ seen: true, evidence, because });

/** The cause was not seen and may be it all the same. */
export const possible = (evidence: string): Sighting => ({ seen: false, evidence });

/** Asked for and not in force. */
export const isStalled = ({ features }: Situation, feature: PostureFeatureName): boolean =>
  features[feature].configured.value === true && features[feature].running.value === false;

/** Both answers of a feature, as evidence. */
export const bothSides = ({ features }: Situation, feature: PostureFeatureName): string =>
  `configured: ${features[feature].configured.evidence}; running: ${features[feature].running.evidence}`;
