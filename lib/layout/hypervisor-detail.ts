/**
 * SYSTEM_HYPERVISOR_DETAIL_INFORMATION, class 159: seven leaves of the hypervisor's CPUID, four 32-bit words each (facts/nt.md 3.3).
 * A leaf's words are EAX, EBX, ECX, EDX of CPUID 0x40000000 and up.
 */
import { viewOf } from './bytes.js';

/** The leaves by the structure's names, in its order. */
export const HYPERVISOR_LEAVES = [
  'HvVendorAndMaxFunction',
  'HypervisorInterface',
  'HypervisorVersion',
  'HvFeatures',
  'HwFeatures',
  'EnlightenmentInfo',
  'ImplementationLimits',
] as const;

/** Four words of one leaf. */
export type HypervisorLeaf = readonly [eax: number, ebx: number, ecx: number, edx: number];

/** The seven leaves. */
export type HypervisorLeaves = Readonly<Record<(typeof HYPERVISOR_LEAVES)[number], HypervisorLeaf>>;

/** The leaves, and the two texts in them. */
export interface HypervisorDetail {
  readonly leaves: HypervisorLeaves;
  /** Twelve characters of EBX, ECX and EDX, without the zeros that end them; `Microsoft Hv` is Microsoft's. */
  readonly vendor: string;
  /** Four characters of EAX; `Hv#1` is Microsoft's interface. */
  readonly interface: string;
}

const LEAF_SIZE = 16;
const SIZE = LEAF_SIZE * HYPERVISOR_LEAVES.length;

/** Letters a register holds; what is no printable ASCII is shown as `?`, for it is somebody else's text. */
const textOf = (words: readonly number[]): string =>
  words
    .flatMap((word) => [word & 0xff, (word >>> 8) & 0xff, (word >>> 16) & 0xff, word >>> 24])
    .map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : byte === 0 ? '\0' : '?'))
    .join('')
    .replace(/\0+$/, '')
    .replaceAll('\0', '?');

/** @throws TrustletError ERR_TRUSTLET_FORMAT for fewer than 112 bytes */
export const decodeHypervisorDetail = (bytes: Uint8Array): HypervisorDetail => {
  const view = viewOf(bytes, SIZE, 'SYSTEM_HYPERVISOR_DETAIL_INFORMATION');
  const leafAt = (index: number): HypervisorLeaf => {
    const word = (at: number): number => view.getUint32(index * LEAF_SIZE + at * 4, true);
    return [word(0), word(1), word(2), word(3)];
  };
  const leaves = Object.fromEntries(HYPERVISOR_LEAVES.map((name, index) => [name, leafAt(index)])) as HypervisorLeaves;
  const [, ...vendor] = leaves.HvVendorAndMaxFunction;
  return { leaves, vendor: textOf(vendor), interface: textOf([leaves.HypervisorInterface[0]]) };
};

/** @returns 112 bytes */
export const encodeHypervisorDetail = (leaves: HypervisorLeaves): Uint8Array => {
  const bytes = new Uint8Array(SIZE);
  const view = new DataView(bytes.buffer);
  for (const [index, name] of HYPERVISOR_LEAVES.entries()) {
    for (const [at, word] of leaves[name].entries()) view.setUint32(index * LEAF_SIZE + at * 4, word, true);
  }
  return bytes;
};
