/** HvCallCheckSparseGpaPageVtlAccess: what a lower VTL would meet at a page (facts/vsm.md 1.5; the input from source O). */
import { executeRight, PageRight } from '../../memory/rights.js';
import { checkPage } from '../../memory/slat.js';
import { encodeFields, SparseAccessWord } from '../bit-layouts.js';
import { HvStatus } from '../hv-status.js';
import { modeOf } from '../state.js';
import { privilegeLevel } from '../virtual-processor.js';
import {
  type Caller,
  type CallStatus,
  firstRefusal,
  hasBytes,
  isOtherPartition,
  isReservedVtl,
  type RepCall,
  vtlNamed,
} from './call.js';
import { pageNumber } from './modify-vtl-protection-mask.js';

const TARGET_VTL = 8;
const DESIRED_ACCESS = 9;
const MEMORY_INTERCEPT = 1;
const EXECUTE = PageRight.KERNEL_EXECUTE | PageRight.USER_EXECUTE;

/** The first right of those asked for that a VTL refuses, and that VTL; null where none does. */
const deniedBy = (caller: Caller, vtl: number, page: number, desired: number): { right: number; by: number } | null => {
  const { state, vp } = caller;
  const execute = executeRight(modeOf(state, vp, vtl, privilegeLevel(vp, vtl)));
  const asked = [PageRight.READ, PageRight.WRITE].filter((right) => (desired & right) !== 0);
  const rights: readonly number[] = (desired & EXECUTE) === 0 ? asked : [...asked, execute];
  for (const right of rights) {
    const outcome = checkPage(state.slat, vtl, page, right);
    if (outcome.kind === 'intercept') return { right, by: outcome.vtl };
  }
  return null;
};

export const checkSparseGpaPageVtlAccess: RepCall = {
  kind: 'rep',
  fast: true,
  headerSize: 16,
  repInputSize: 8,
  repOutputSize: 8,
  check(caller, input): CallStatus {
    const byte = input.getUint8(TARGET_VTL);
    const desired = input.getUint8(DESIRED_ACCESS);
    return firstRefusal(caller, [
      ['check-not-self', isOtherPartition(input)],
      ['input-reserved-bits', isReservedVtl(byte) || hasBytes(input, 10, 16)],
      ['check-bad-vtl', vtlNamed(caller, byte) >= caller.vtl],
      ['check-bad-access', desired === 0 || desired > 0xf],
    ]);
  },
  rep(caller, input, { index, elements }, output): number {
    const vtl = vtlNamed(caller, input.getUint8(TARGET_VTL));
    const page = pageNumber(input.getBigUint64(elements + index * 8, true));
    const denied = deniedBy(caller, vtl, page, input.getUint8(DESIRED_ACCESS));
    const word =
      denied === null
        ? 0n
        : encodeFields(SparseAccessWord, {
            resultCode: MEMORY_INTERCEPT,
            deniedAccess: denied.right,
            interceptingVtl: denied.by,
          });
    output.setBigUint64(index * 8, word, true);
    return HvStatus.SUCCESS;
  },
};
