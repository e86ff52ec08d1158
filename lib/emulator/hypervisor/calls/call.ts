/** What a hypercall is: its sizes, who may make it, and what it does. The interface does everything that calls have in common. */
import { decodeFields, InputVtl } from '../bit-layouts.js';
import { HV_PARTITION_ID_SELF, HV_VP_INDEX_SELF } from '../constants.js';
import { type FailureId, refuse } from '../failure-matrix.js';
import { HvStatus } from '../hv-status.js';
import type { Features, HypervisorState } from '../state.js';
import type { VirtualProcessor } from '../virtual-processor.js';

/** The partition's privileges that calls need (facts/vsm.md 1.1). */
export type Privilege = keyof Pick<Features, 'accessVsm' | 'accessVpRegisters' | 'startVirtualProcessor'>;

/** One execution of a call. Its caller is `vp` in `vtl`. */
export interface Caller {
  readonly state: HypervisorState;
  readonly vp: VirtualProcessor;
  readonly vtl: number;
}

/** A status of HvStatus, or that nothing was done and the instruction is to be executed again. */
export type CallStatus = number | 'waiting';

interface CallCommon {
  readonly privilege?: Privilege;
  /** The input may come in registers. */
  readonly fast: boolean;
  /** The header is followed by as many qwords as the control word says. */
  readonly variableHeader?: boolean;
  /** Bytes of the header, without a variable part. */
  readonly headerSize: number;
}

export interface SimpleCall extends CallCommon {
  readonly kind: 'simple';
  readonly outputSize: number;
  /** `input` holds the header, its variable part at the end. */
  run(caller: Caller, input: DataView, output: DataView): CallStatus;
}

/** A call of many elements. `check` looks at the header, then `rep` does each element. */
export interface RepCall extends CallCommon {
  readonly kind: 'rep';
  /** A call without reps goes on: conflict C4. */
  readonly mayBeEmpty?: boolean;
  readonly repInputSize: number;
  readonly repOutputSize: number;
  /** Before the first rep of every execution. */
  check(caller: Caller, input: DataView): CallStatus;
  /** @param elements where the reps' inputs begin @param reps how many there are in all */
  rep(caller: Caller, input: DataView, rep: RepPlace, output: DataView): number;
  /** After the reps that one execution has done: from `rep.index` up to `end`. */
  logReps?(caller: Caller, input: DataView, rep: RepPlace, end: number): void;
}

/** Where a rep finds its input and puts its output. */
export interface RepPlace {
  readonly index: number;
  readonly count: number;
  /** Offset of the first element in the input. */
  readonly elements: number;
}

export type Call = SimpleCall | RepCall;

/** Looks at conditions in turn: the status of the first that holds and that the profile does not accept. */
export const firstRefusal = (
  { state: { profile } }: Caller,
  checks: readonly (readonly [FailureId, boolean])[],
): number => {
  for (const [id, condition] of checks) {
    const status = refuse(profile, id, condition);
    if (status !== null) return status;
  }
  return HvStatus.SUCCESS;
};

/** The first field of every call's input: the partition. */
export const isOtherPartition = (input: DataView): boolean => input.getBigUint64(0, true) !== HV_PARTITION_ID_SELF;

/** The VP an index names; undefined for none. */
export const vpNamed = ({ state, vp }: Caller, index: number): VirtualProcessor | undefined =>
  index === HV_VP_INDEX_SELF ? vp : state.vps[index];

/** The VTL that an HV_INPUT_VTL names: the caller's own unless it says otherwise (facts/vsm.md 1.5). */
export const vtlNamed = ({ vtl }: Caller, byte: number): number => {
  const { targetVtl, useTargetVtl } = decodeFields(InputVtl, BigInt(byte));
  return useTargetVtl === 1 ? targetVtl : vtl;
};

/** Bits 7:5 of an HV_INPUT_VTL are reserved. */
export const isReservedVtl = (byte: number): boolean => byte >> 5 !== 0;

/** Whether any byte of a run is set. */
export const hasBytes = (input: DataView, first: number, end: number): boolean => {
  for (let offset = first; offset < end; offset++) {
    if (input.getUint8(offset) !== 0) return true;
  }
  return false;
};
