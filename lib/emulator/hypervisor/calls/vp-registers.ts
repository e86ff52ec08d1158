/** HvCallGetVpRegisters and HvCallSetVpRegisters (facts/vsm.md 1.5, 1.14). */
import type { FailureId } from '../failure-matrix.js';
import { HvStatus } from '../hv-status.js';
import { RegisterName } from '../register-names.js';
import { canHold, registerRow } from '../registers.js';
import { getRegister, log, setRegister } from '../state.js';
import type { VirtualProcessor } from '../virtual-processor.js';
import { isVsmName, type RegisterPlace, vsmRegister } from '../vsm-registers.js';
import { getValue128, setValue128 } from '../wide-values.js';
import {
  type Caller,
  type CallStatus,
  firstRefusal,
  hasBytes,
  isOtherPartition,
  isReservedVtl,
  type RepCall,
  type RepPlace,
  vpNamed,
  vtlNamed,
} from './call.js';

const VP_INDEX = 8;
const TARGET_VTL = 12;
const NAME_SIZE = 4;
const VALUE_SIZE = 16;

interface VpRows {
  readonly missing: FailureId;
  readonly other: FailureId;
}

const checkHeader = (caller: Caller, input: DataView, rows: VpRows): CallStatus => {
  const byte = input.getUint8(TARGET_VTL);
  const vp = vpNamed(caller, input.getUint32(VP_INDEX, true));
  return firstRefusal(caller, [
    ['registers-not-self', isOtherPartition(input)],
    [rows.missing, vp === undefined],
    [rows.other, vp !== undefined && vp !== caller.vp],
    ['input-reserved-bits', isReservedVtl(byte) || hasBytes(input, TARGET_VTL + 1, 16)],
    ['registers-higher-vtl', vtlNamed(caller, byte) > caller.vtl],
  ]);
};

/** What the header names; `checkHeader` has seen that the VP exists. */
const placeOf = (caller: Caller, input: DataView): RegisterPlace => ({
  state: caller.state,
  vp: vpNamed(caller, input.getUint32(VP_INDEX, true)) as VirtualProcessor,
  vtl: vtlNamed(caller, input.getUint8(TARGET_VTL)),
  caller: caller.vtl,
});

const checkName = (caller: Caller, place: RegisterPlace, name: number): number => {
  const own = vsmRegister(name);
  const { accessVsm } = caller.state.features;
  return firstRefusal(caller, [
    ['registers-unknown', own === undefined && registerRow(name) === undefined],
    ['registers-no-vsm-privilege', isVsmName(name) && caller.vtl === 0 && !accessVsm],
    ['registers-own-vtl', own === undefined && place.vtl === caller.vtl],
    ...(own?.checks(place) ?? []),
  ]);
};

const checkValue = (caller: Caller, place: RegisterPlace, name: number, value: bigint): number => {
  const own = vsmRegister(name);
  if (own !== undefined) {
    return firstRefusal(caller, [
      ['registers-read-only', own.write === undefined],
      ...(own.valueChecks?.(place, value) ?? []),
    ]);
  }
  const apicBase = name === RegisterName.ApicBase && value !== getRegister(place.state, place.vp, place.vtl, name);
  return firstRefusal(caller, [
    ['apic-base-changed', apicBase],
    ['registers-bad-value', !canHold(name, value)],
  ]);
};

export const getVpRegisters: RepCall = {
  kind: 'rep',
  privilege: 'accessVpRegisters',
  mayBeEmpty: true,
  fast: true,
  headerSize: 16,
  repInputSize: NAME_SIZE,
  repOutputSize: VALUE_SIZE,
  check: (caller, input) =>
    checkHeader(caller, input, { missing: 'get-registers-missing-vp', other: 'get-registers-other-vp' }),
  rep(caller, input, { index, elements }, output): number {
    const name = input.getUint32(elements + index * NAME_SIZE, true);
    const place = placeOf(caller, input);
    const status = checkName(caller, place, name);
    if (status !== HvStatus.SUCCESS) return status;
    const value = vsmRegister(name)?.read(place) ?? getRegister(place.state, place.vp, place.vtl, name);
    setValue128(output, index * VALUE_SIZE, value);
    return status;
  },
};

/** C5: name and value side by side, or all names and then the values, aligned to 16 bytes. */
const elementOf = (
  { state }: Caller,
  input: DataView,
  { index, count, elements }: RepPlace,
): { readonly name: number; readonly value: bigint; readonly reserved: boolean } => {
  if (state.profile.registerElements === 'interleaved') {
    const at = elements + index * (VALUE_SIZE * 2);
    const reserved = hasBytes(input, at + NAME_SIZE, at + VALUE_SIZE);
    return { name: input.getUint32(at, true), value: getValue128(input, at + VALUE_SIZE), reserved };
  }
  const values = Math.ceil((elements + count * NAME_SIZE) / VALUE_SIZE) * VALUE_SIZE;
  return {
    name: input.getUint32(elements + index * NAME_SIZE, true),
    value: getValue128(input, values + index * VALUE_SIZE),
    reserved: false,
  };
};

export const setVpRegisters: RepCall = {
  kind: 'rep',
  privilege: 'accessVpRegisters',
  mayBeEmpty: true,
  fast: true,
  headerSize: 16,
  // Interleaved elements; names first takes no more room, so the buffer is sized for these.
  repInputSize: VALUE_SIZE * 2,
  repOutputSize: 0,
  check: (caller, input) =>
    checkHeader(caller, input, { missing: 'set-registers-missing-vp', other: 'set-registers-other-vp' }),
  rep(caller, input, rep): number {
    const { name, value, reserved } = elementOf(caller, input, rep);
    const place = placeOf(caller, input);
    const named = reserved ? firstRefusal(caller, [['input-reserved-bits', true]]) : checkName(caller, place, name);
    if (named !== HvStatus.SUCCESS) return named;
    const status = checkValue(caller, place, name, value);
    if (status !== HvStatus.SUCCESS) return status;
    const own = vsmRegister(name);
    if (own?.write === undefined) setRegister(place.state, place.vp, place.vtl, name, value);
    else own.write(place, value);
    const event = { kind: 'configuration', vp: place.vp.index, vtl: caller.vtl, register: name } as const;
    log(caller.state, { ...event, target: place.vtl, value });
    return status;
  },
};
