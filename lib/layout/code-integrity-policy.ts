/** SYSTEM_CODEINTEGRITYPOLICY_INFORMATION, class 164 (facts/nt.md 3.3): what policy asks for, not what runs. */
import { viewOf } from './bytes.js';
import { readGuid, writeGuid } from './guid.js';
import { type NamedBits, namedBits } from './named-bits.js';

/** Masks of Options that the facts name; the others pass through in `options`. */
export const CodeIntegrityPolicyOption = {
  Enabled: 0x1,
  Audit: 0x2,
  RequireWHQL: 0x4,
  EnabledUMCI: 0x10,
} as const;

/** Masks of HVCIOptions. */
export const CodeIntegrityPolicyHvciOption = {
  HVCIEnabled: 0x1,
  HVCIStrict: 0x2,
  HVCIDebug: 0x4,
} as const;

/** The words of the structure. */
export interface CodeIntegrityPolicyWords {
  readonly options: number;
  readonly hvciOptions: number;
  readonly version: bigint;
  /** Lower case, with hyphens. */
  readonly policyGuid: string;
}

/** The words, and the bits by name. */
export type CodeIntegrityPolicy = CodeIntegrityPolicyWords &
  NamedBits<typeof CodeIntegrityPolicyOption> &
  NamedBits<typeof CodeIntegrityPolicyHvciOption>;

const SIZE = 32;

/** @throws TrustletError ERR_TRUSTLET_FORMAT for fewer than 32 bytes */
export const decodeCodeIntegrityPolicy = (bytes: Uint8Array): CodeIntegrityPolicy => {
  const view = viewOf(bytes, SIZE, 'SYSTEM_CODEINTEGRITYPOLICY_INFORMATION');
  const options = view.getUint32(0, true);
  const hvciOptions = view.getUint32(4, true);
  return {
    options,
    hvciOptions,
    version: view.getBigUint64(8, true),
    policyGuid: readGuid(view, 16),
    ...namedBits(options, CodeIntegrityPolicyOption),
    ...namedBits(hvciOptions, CodeIntegrityPolicyHvciOption),
  };
};

/**
 * @returns 32 bytes
 * @throws TrustletError ERR_TRUSTLET_ARGUMENT for a `policyGuid` that is no GUID
 */
export const encodeCodeIntegrityPolicy = (policy: CodeIntegrityPolicyWords): Uint8Array => {
  const bytes = new Uint8Array(SIZE);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, policy.options, true);
  view.setUint32(4, policy.hvciOptions, true);
  view.setBigUint64(8, policy.version, true);
  writeGuid(view, 16, policy.policyGuid);
  return bytes;
};
