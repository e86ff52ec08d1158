/** What an image must have to become a trustlet, and what its policy metadata says (facts/vsm.md 3.6, 3.7). */
import { IUM_EKU, SYSTEM_COMPONENT_EKU } from '../../pe/ekus.js';
import { DEBUG_VALUES, type DebugPolicy } from '../../pe/policy-values.js';
import type { PeReport, PeSignature, TrustletPolicy } from '../../pe/report.js';
import type { ScenarioTrustlet } from '../scenario.js';
import type { SecureImage } from './secure-kernel-state.js';

/** Reads an image's bytes as `trustlet/pe` does: the emulator has one reader, and it is handed in. */
export type ImageReader = (bytes: Uint8Array) => PeReport;

/** What of an image the secure kernel goes by. */
export type ImageFacts = Omit<SecureImage, 'handle'>;

/** Signature levels; a trustlet's is Windows (facts/vsm.md 3.6). */
const SignatureLevel = { UNSIGNED: 1, AUTHENTICODE: 4, WINDOWS: 12 } as const;

/** Vmsp.exe, the one trustlet of public knowledge that keeps things in secure storage (facts/vsm.md 3.7). */
const VMSP = 2;

const usagesOf = ({ signer }: PeSignature): readonly string[] => signer?.ekus?.map(({ oid }) => oid) ?? [];

/** Emulated: the chain of a certificate is not verified, its usages stand for what it would come to. */
const levelOf = (usages: readonly string[]): number =>
  usages.includes(SYSTEM_COMPONENT_EKU) ? SignatureLevel.WINDOWS : SignatureLevel.AUTHENTICODE;

const isTrustletSignature = (signature: PeSignature): boolean => {
  const usages = usagesOf(signature);
  return usages.includes(IUM_EKU) && levelOf(usages) >= SignatureLevel.WINDOWS;
};

const numberOf = ({ entries }: TrustletPolicy, name: string): bigint => {
  const value = entries.find(({ policyName }) => policyName === name)?.value;
  return typeof value === 'bigint' ? value : 0n;
};

/** @returns null for an image that is no trustlet's */
export const factsOf = ({ policy, signatures }: PeReport): ImageFacts | null => {
  if (policy === null || !policy.isTerminated || !signatures.some(isTrustletSignature)) return null;
  const { debug, crashDump, overridable } = policy.effective;
  return {
    applicationId: policy.applicationId,
    isIdOverridable: overridable.includes('TrustletId'),
    // Which bit of Capability means secure storage is not public: here any does.
    policies: { debug, crashDump, secureStorage: numberOf(policy, 'Capability') !== 0n },
    securityVersion: numberOf(policy, 'Svn'),
  };
};

const debugPolicyOf = (value: number): DebugPolicy =>
  DEBUG_VALUES.find((each) => each.value === BigInt(value))?.policy ?? 'never';

/** A scenario's trustlet stands for an image of Windows that has passed the checks; what a scenario leaves out is most restrictive. */
export const factsOfScenario = (trustlet: ScenarioTrustlet | null): ImageFacts => ({
  applicationId: BigInt(trustlet?.id ?? 0),
  isIdOverridable: false,
  policies: {
    debug: debugPolicyOf(trustlet?.debugPolicy ?? 0),
    crashDump: trustlet?.crashDump ?? 'none',
    secureStorage: trustlet?.id === VMSP,
  },
  securityVersion: 0n,
});
