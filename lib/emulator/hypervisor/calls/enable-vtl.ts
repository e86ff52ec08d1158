/** HvCallEnablePartitionVtl, HvCallEnableVpVtl and HvCallStartVirtualProcessor: the steps to a higher VTL (facts/vsm.md 1.8). */
import { HvStatus } from '../hv-status.js';
import { evaluateInterrupts } from '../interrupts.js';
import { isStartupDenied } from '../partition.js';
import { log, maximumVtl } from '../state.js';
import { isEnabled, type VirtualProcessor } from '../virtual-processor.js';
import {
  type Caller,
  type CallStatus,
  firstRefusal,
  hasBytes,
  isOtherPartition,
  type SimpleCall,
  vpNamed,
} from './call.js';
import {
  CONTEXT_SIZE,
  type InitialContext,
  isPossible,
  isProtectedMode,
  loadContext,
  readContext,
} from './initial-context.js';

const VTL1 = 1;
const ENABLE_MBEC = 1;
const CONTEXT = 16;

export const enablePartitionVtl: SimpleCall = {
  kind: 'simple',
  privilege: 'accessVsm',
  fast: true,
  headerSize: 16,
  outputSize: 0,
  run(caller, input): CallStatus {
    const { state, vp } = caller;
    const { partition, features } = state;
    const target = input.getUint8(8);
    const flags = input.getUint8(9);
    const status = firstRefusal(caller, [
      ['enable-partition-not-self', isOtherPartition(input)],
      ['enable-partition-no-vsm', !features.vsm],
      ['enable-partition-bad-vtl', target === 0 || target > maximumVtl(state)],
      ['input-reserved-bits', hasBytes(input, 10, 16)],
      ['enable-partition-bad-flags', (flags & ~ENABLE_MBEC) !== 0 || (flags !== 0 && !features.mbec)],
      ['enable-partition-again', (partition.enabledVtls & (1 << target)) !== 0],
    ]);
    if (status !== HvStatus.SUCCESS) return status;
    partition.enabledVtls |= 1 << target;
    if (flags !== 0) partition.mbecVtls |= (1 << target) - 1;
    log(state, { kind: 'vtl-enabled', scope: 'partition', vp: vp.index, vtl: target });
    return status;
  },
};

/** VTL0 may enable a VTL for the first VP only, its own; the VTL itself does the rest (facts/vsm.md 1.8 rule 4). */
const isNotFirst = ({ state, vp, vtl }: Caller, named: VirtualProcessor | undefined, target: number): boolean =>
  vtl < target && (named !== vp || state.vps.some((each) => isEnabled(each, target)));

export const enableVpVtl: SimpleCall = {
  kind: 'simple',
  privilege: 'accessVsm',
  fast: false,
  headerSize: CONTEXT + CONTEXT_SIZE,
  outputSize: 0,
  run(caller, input): CallStatus {
    const { state } = caller;
    const named = vpNamed(caller, input.getUint32(8, true));
    const target = input.getUint8(12);
    const context = readContext(input, CONTEXT);
    const status = firstRefusal(caller, [
      ['enable-vp-not-self', isOtherPartition(input)],
      ['enable-vp-missing-vp', named === undefined],
      ['enable-vp-bad-vtl', target !== VTL1],
      ['input-reserved-bits', hasBytes(input, 13, 16)],
      ['enable-vp-partition-off', (state.partition.enabledVtls & (1 << target)) === 0],
      ['enable-vp-again', caller.vtl >= target && named !== undefined && isEnabled(named, target)],
      ['enable-vp-not-first', isNotFirst(caller, named, target)],
      ['enable-vp-real-mode', !isProtectedMode(context)],
      ['registers-bad-value', !isPossible(context)],
    ]);
    if (status !== HvStatus.SUCCESS || named === undefined) return status;
    named.enabledVtls |= 1 << target;
    if (named.startedVtls !== 0) named.startedVtls |= 1 << target;
    loadContext(state, named, target, context);
    log(state, { kind: 'vtl-enabled', scope: 'vp', vp: named.index, vtl: target });
    return status;
  },
};

/** A VP that does not run yet begins in this VTL; on one that runs the VTL waits for its turn. */
const start = ({ state, vp }: Caller, target: VirtualProcessor, vtl: number, context: InitialContext): void => {
  loadContext(state, target, vtl, context);
  if (target.startedVtls === 0) target.activeVtl = vtl;
  target.startedVtls |= 1 << vtl;
  log(state, { kind: 'vp-started', vp: target.index, vtl, by: vp.index });
  evaluateInterrupts(state, target);
};

export const startVirtualProcessor: SimpleCall = {
  kind: 'simple',
  privilege: 'startVirtualProcessor',
  fast: false,
  headerSize: CONTEXT + CONTEXT_SIZE,
  outputSize: 0,
  run(caller, input): CallStatus {
    const { state, vp, vtl } = caller;
    const named = vpNamed(caller, input.getUint32(8, true));
    const target = input.getUint8(12);
    const context = readContext(input, CONTEXT);
    const status = firstRefusal(caller, [
      ['start-vp-not-self', isOtherPartition(input)],
      ['start-vp-bad-vp', named === undefined || named === vp],
      ['input-reserved-bits', target > 15 || hasBytes(input, 13, 16)],
      ['start-vp-partition-off', (state.partition.enabledVtls & (1 << target)) === 0],
      ['start-vp-higher-vtl', target > vtl],
      ['start-vp-denied', vtl === 0 && isStartupDenied(state.partition)],
      ['start-vp-vtl-off', named !== undefined && !isEnabled(named, target)],
      ['start-vp-started', named !== undefined && (named.startedVtls & (1 << target)) !== 0],
      ['registers-bad-value', !isPossible(context)],
    ]);
    if (status === HvStatus.SUCCESS && named !== undefined) start(caller, named, target, context);
    return status;
  },
};
