/**
 * The flush calls. The emulator has no translation buffers, so a flush has no effect of its own; what a guest can see is that one
 * waits while a higher VTL has locked the buffers of a VP it is for (facts/vsm.md 1.10, 6 R30).
 */
import { decodeFields, FlushFlags, hasReservedBits } from '../bit-layouts.js';
import { HvStatus } from '../hv-status.js';
import type { VirtualProcessor } from '../virtual-processor.js';
import { isTlbLocked } from '../vtl-switch.js';
import { type Caller, type CallStatus, firstRefusal, type RepCall, type SimpleCall } from './call.js';
import { vpSet } from './vp-set.js';

const FLAGS = 8;
const PROCESSORS = 16;

/** The VTL whose buffers are flushed: the caller's, or the lower one that the flags name. -1 for two at once or one with no bit. */
const flushedVtl = ({ vtl }: Caller, flags: bigint): number => {
  const { useTargetVtl, targetVtl0, targetVtl1 } = decodeFields(FlushFlags, flags);
  if (useTargetVtl === 0) return vtl;
  if (targetVtl0 === targetVtl1) return -1;
  return targetVtl1;
};

const flush = (caller: Caller, input: DataView, named: readonly VirtualProcessor[] | null): CallStatus => {
  const flags = input.getBigUint64(FLAGS, true);
  const vtl = flushedVtl(caller, flags);
  const { allProcessors } = decodeFields(FlushFlags, flags);
  const targets = allProcessors === 1 ? caller.state.vps : (named ?? []);
  const status = firstRefusal(caller, [
    ['flush-bad-flags', hasReservedBits(FlushFlags, flags) || vtl < 0 || vtl > caller.vtl],
    ['ipi-bad-set', named === null && allProcessors === 0],
    ['flush-no-vp', targets.length === 0],
  ]);
  if (status !== HvStatus.SUCCESS) return status;
  // A lock binds the VTLs below the one that holds it, and a VTL's own flush of a lower one goes on.
  return vtl === caller.vtl && targets.some((vp) => isTlbLocked(vp, vtl)) ? 'waiting' : status;
};

const byMask = (caller: Caller, input: DataView): CallStatus => {
  const mask = input.getBigUint64(PROCESSORS, true);
  const named = caller.state.vps.filter(({ index }) => (mask & (1n << BigInt(index))) !== 0n);
  return flush(caller, input, named);
};

const bySet = (caller: Caller, input: DataView): CallStatus =>
  flush(caller, input, vpSet(caller.state, input, PROCESSORS));

const simple = { kind: 'simple', fast: true, outputSize: 0 } as const;
/** The whole flush is checked first; after that every range of the list is done. */
const list = {
  kind: 'rep',
  fast: true,
  repInputSize: 8,
  repOutputSize: 0,
  rep: (): number => HvStatus.SUCCESS,
} as const;

export const flushVirtualAddressSpace: SimpleCall = { ...simple, headerSize: 24, run: byMask };
export const flushVirtualAddressSpaceEx: SimpleCall = { ...simple, headerSize: 32, variableHeader: true, run: bySet };
export const flushVirtualAddressList: RepCall = { ...list, headerSize: 24, check: byMask };
export const flushVirtualAddressListEx: RepCall = { ...list, headerSize: 32, variableHeader: true, check: bySet };
