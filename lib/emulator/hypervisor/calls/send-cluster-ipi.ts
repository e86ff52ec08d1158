/** HvCallSendSyntheticClusterIpi and …Ex: one vector to many VPs (facts/vsm.md 1.5, 1.14). */
import { HvStatus } from '../hv-status.js';
import { FIRST_INTERRUPT_VECTOR, requestInterrupt } from '../interrupts.js';
import type { VirtualProcessor } from '../virtual-processor.js';
import {
  type Caller,
  type CallStatus,
  firstRefusal,
  hasBytes,
  isReservedVtl,
  type SimpleCall,
  vtlNamed,
} from './call.js';
import { vpSet } from './vp-set.js';

const send = (caller: Caller, input: DataView, named: readonly VirtualProcessor[] | null): CallStatus => {
  const vector = input.getUint32(0, true);
  const byte = input.getUint8(4);
  const target = vtlNamed(caller, byte);
  const status = firstRefusal(caller, [
    ['input-reserved-bits', isReservedVtl(byte) || hasBytes(input, 5, 8)],
    ['ipi-higher-vtl', target > caller.vtl],
    ['ipi-bad-vector', vector < FIRST_INTERRUPT_VECTOR || vector > 0xff],
    ['ipi-bad-set', named === null],
  ]);
  if (status !== HvStatus.SUCCESS || named === null) return status;
  for (const vp of named) requestInterrupt(caller.state, vp, target, vector, 'apic');
  return status;
};

const common = { kind: 'simple', fast: true, outputSize: 0 } as const;

export const sendSyntheticClusterIpi: SimpleCall = {
  ...common,
  headerSize: 16,
  run(caller, input): CallStatus {
    const mask = input.getBigUint64(8, true);
    return send(
      caller,
      input,
      caller.state.vps.filter(({ index }) => (mask & (1n << BigInt(index))) !== 0n),
    );
  },
};

export const sendSyntheticClusterIpiEx: SimpleCall = {
  ...common,
  headerSize: 24,
  variableHeader: true,
  run: (caller, input) => send(caller, input, vpSet(caller.state, input, 8)),
};
