/** HV_VP_SET, the set of VPs of the …Ex calls (facts/vsm.md source O): a format, a mask of banks, and 64 VPs for each bank named. */
import type { HypervisorState } from '../state.js';
import type { VirtualProcessor } from '../virtual-processor.js';

const Format = { SPARSE: 0n, ALL: 1n } as const;
const BANK_VPS = 64;

/** @returns the VPs there are of the set; null for a format that is none, or banks that are missing */
export const vpSet = ({ vps }: HypervisorState, input: DataView, start: number): readonly VirtualProcessor[] | null => {
  const format = input.getBigUint64(start, true);
  if (format === Format.ALL) return vps;
  if (format !== Format.SPARSE) return null;
  const banks = input.getBigUint64(start + 8, true);
  const named: VirtualProcessor[] = [];
  let offset = start + 16;
  for (let bank = 0; bank < BANK_VPS; bank++) {
    if ((banks & (1n << BigInt(bank))) === 0n) continue;
    if (offset + 8 > input.byteLength) return null;
    const mask = input.getBigUint64(offset, true);
    offset += 8;
    named.push(...vps.filter(({ index }) => index >> 6 === bank && (mask & (1n << BigInt(index & 63))) !== 0n));
  }
  return named;
};
