/** HvCallModifyVtlProtectionMask: the only way to change what lower VTLs may do with a page (facts/vsm.md 1.5, 1.10, 1.14). */
import { isRam } from '../../memory/guest-memory.js';
import { MAX_PAGES } from '../../memory/page-numbers.js';
import { isValidMask } from '../../memory/rights.js';
import { protectPages } from '../../memory/slat.js';
import { refuse } from '../failure-matrix.js';
import { HvStatus } from '../hv-status.js';
import { configOf } from '../partition.js';
import { log } from '../state.js';
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

const MAP_FLAGS = 8;
const TARGET_VTL = 12;

/** C2: the named VTL imposes the protection, or is the one restricted by its caller. */
const imposingVtl = (caller: Caller, named: number): number =>
  caller.state.profile.protectionTarget === 'owner' ? named : caller.vtl;

const isAbove = ({ state, vtl }: Caller, named: number): boolean =>
  named > vtl || (state.profile.protectionTarget === 'restricted' && named === vtl);

/** Whether the VTL that would impose protection has enabled its own; never so for VTL0, which has nothing below it. */
const isProtecting = ({ state, vtl }: Caller, imposing: number): boolean =>
  // One above the caller's, which the guest may not even have, is refused before.
  imposing === 0 || imposing > vtl || configOf(state.partition, imposing).enableVtlProtection === 1;

/** A page number as the guest wrote it. */
export const pageNumber = (gpn: bigint): number => (gpn < BigInt(MAX_PAGES) ? Number(gpn) : MAX_PAGES);

export const modifyVtlProtectionMask: RepCall = {
  kind: 'rep',
  privilege: 'accessVsm',
  fast: true,
  headerSize: 16,
  repInputSize: 8,
  repOutputSize: 0,
  check(caller, input): CallStatus {
    const mask = input.getUint32(MAP_FLAGS, true);
    const byte = input.getUint8(TARGET_VTL);
    const named = vtlNamed(caller, byte);
    const imposing = imposingVtl(caller, named);
    return firstRefusal(caller, [
      ['modify-not-self', isOtherPartition(input)],
      ['input-reserved-bits', isReservedVtl(byte) || hasBytes(input, TARGET_VTL + 1, 16)],
      ['modify-higher-vtl', isAbove(caller, named)],
      ['modify-lowest-vtl', named === 0],
      ['modify-not-protecting', !isProtecting(caller, imposing)],
      ['modify-bad-flags', !isValidMask(mask, (caller.state.partition.mbecVtls & 1) !== 0)],
    ]);
  },
  rep(caller, input, { index, elements }): number {
    const { state } = caller;
    const page = pageNumber(input.getBigUint64(elements + index * 8, true));
    const status = refuse(state.profile, 'modify-not-ram', !isRam(state.slat.memory, page));
    if (status !== null) return status;
    const mask = input.getUint32(MAP_FLAGS, true);
    const vtl = imposingVtl(caller, vtlNamed(caller, input.getUint8(TARGET_VTL)));
    protectPages(state.slat, vtl, page, 1, mask);
    return HvStatus.SUCCESS;
  },
  /** One event for each run of pages. */
  logReps({ state, vp, vtl }, input, { index, elements }, end): void {
    const mask = input.getUint32(MAP_FLAGS, true);
    let first = pageNumber(input.getBigUint64(elements + index * 8, true));
    let pageCount = 1;
    const event = { kind: 'protection', vp: vp.index, vtl, mask } as const;
    for (let next = index + 1; next < end; next++) {
      const page = pageNumber(input.getBigUint64(elements + next * 8, true));
      if (page === first + pageCount) pageCount += 1;
      else {
        log(state, { ...event, page: first, pageCount });
        first = page;
        pageCount = 1;
      }
    }
    log(state, { ...event, page: first, pageCount });
  },
};
