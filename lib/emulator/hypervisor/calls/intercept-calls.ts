/** HvCallInstallIntercept, HvCallRegisterInterceptResult, HvCallAssertVirtualInterrupt and HvCallGetVpIndexFromApicId. */
import { decodeFields, hasReservedBits, InterruptControl } from '../bit-layouts.js';
import { Vector } from '../constants.js';
import { HvStatus } from '../hv-status.js';
import { FIRST_INTERRUPT_VECTOR, requestInterrupt } from '../interrupts.js';
import { partitionVtl } from '../partition.js';
import {
  type CallStatus,
  firstRefusal,
  hasBytes,
  isOtherPartition,
  isReservedVtl,
  type RepCall,
  type SimpleCall,
  vtlNamed,
} from './call.js';

const IO_PORT = 0;
const READ_WRITE = 0x3;
const LAST_PORT = 0xffffn;

/** An access of 0 takes the intercept away. */
export const installIntercept: SimpleCall = {
  kind: 'simple',
  fast: true,
  headerSize: 24,
  outputSize: 0,
  run(caller, input): CallStatus {
    const access = input.getUint32(8, true);
    const port = input.getBigUint64(16, true);
    const status = firstRefusal(caller, [
      ['intercept-not-self', isOtherPartition(input)],
      ['intercept-vtl0', caller.vtl === 0],
      ['intercept-bad-type', input.getUint32(12, true) !== IO_PORT || access > READ_WRITE || port > LAST_PORT],
    ]);
    if (status !== HvStatus.SUCCESS) return status;
    const { ioIntercepts } = partitionVtl(caller.state.partition, caller.vtl);
    if (access === 0) ioIntercepts.delete(Number(port));
    else ioIntercepts.set(Number(port), access);
    return status;
  },
};

/** Results are for CPUID, which no VTL can intercept here. */
export const registerInterceptResult: SimpleCall = {
  kind: 'simple',
  fast: true,
  headerSize: 16,
  outputSize: 0,
  run: (caller) =>
    firstRefusal(caller, [
      ['intercept-result-vtl0', caller.vtl === 0],
      ['intercept-result', true],
    ]),
};

const InterruptType = { FIXED: 0, NMI: 4 } as const;

/** A higher VTL gives a lower one an interrupt. Layout: facts/vsm.md source O. */
export const assertVirtualInterrupt: SimpleCall = {
  kind: 'simple',
  fast: false,
  headerSize: 32,
  outputSize: 0,
  run(caller, input): CallStatus {
    const { state } = caller;
    const control = input.getBigUint64(8, true);
    const { type, levelTriggered, logicalDestination } = decodeFields(InterruptControl, control);
    const destination = input.getBigUint64(16, true);
    const vector = input.getUint32(24, true);
    const byte = input.getUint8(28);
    const target = vtlNamed(caller, byte);
    const vp = state.vps.find(({ apicId }) => BigInt(apicId) === destination);
    const nmi = type === InterruptType.NMI;
    const reserved = isReservedVtl(byte) || hasBytes(input, 29, 32) || hasReservedBits(InterruptControl, control);
    const badVector = !nmi && (vector < FIRST_INTERRUPT_VECTOR || vector > 0xff);
    const status = firstRefusal(caller, [
      ['assert-not-self', isOtherPartition(input)],
      ['assert-bad-vtl', target >= caller.vtl],
      ['input-reserved-bits', reserved],
      ['assert-bad-type', type !== InterruptType.FIXED && !nmi],
      // Level-triggered and logical ones are not emulated.
      ['assert-bad-vector', badVector || vp === undefined || logicalDestination === 1 || levelTriggered === 1],
    ]);
    if (status !== HvStatus.SUCCESS || vp === undefined) return status;
    requestInterrupt(state, vp, target, nmi ? Vector.NMI : vector, nmi ? 'nmi' : 'hypercall');
    return status;
  },
};

export const getVpIndexFromApicId: RepCall = {
  kind: 'rep',
  fast: true,
  headerSize: 16,
  repInputSize: 4,
  repOutputSize: 4,
  check(caller, input): CallStatus {
    const byte = input.getUint8(8);
    return firstRefusal(caller, [
      ['apic-id-not-self', isOtherPartition(input)],
      ['input-reserved-bits', isReservedVtl(byte) || hasBytes(input, 9, 16)],
      ['apic-id-higher-vtl', vtlNamed(caller, byte) > caller.vtl],
    ]);
  },
  rep(caller, input, { index, elements }, output): number {
    const id = input.getUint32(elements + index * 4, true);
    const vp = caller.state.vps.find(({ apicId }) => apicId === id);
    if (vp !== undefined) output.setUint32(index * 4, vp.index, true);
    return firstRefusal(caller, [['apic-id-unknown', vp === undefined]]);
  },
};
