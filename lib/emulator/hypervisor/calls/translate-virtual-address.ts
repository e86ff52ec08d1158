/** HvCallTranslateVirtualAddress and …Ex: a lower VTL's address as its processor would translate it (facts/vsm.md 1.5, 1.14). */
import { TranslationCode, translateAddress, translationOptions } from '../../memory/address-translation.js';
import { encodeFields, TranslationWord, VsmVpSecureConfig } from '../bit-layouts.js';
import { HvStatus } from '../hv-status.js';
import { pagingRegisters } from '../paging.js';
import { secureConfigOf, vtlOf } from '../virtual-processor.js';
import {
  type Caller,
  type CallStatus,
  firstRefusal,
  isOtherPartition,
  isReservedVtl,
  type SimpleCall,
  vpNamed,
  vtlNamed,
} from './call.js';

const FLAGS = 16;
const GVA_PAGE = 24;
/** Flags up to SMAP override; shadow stacks (0x400) are not emulated. */
const KNOWN_FLAGS = 0x3ffn;
const TLB_FLUSH_INHIBIT = 0x20n;

const targetByte = (input: DataView): number => input.getUint8(FLAGS + 7);

/** Holds lower VTLs' flushes back as TlbLocked does (facts/vsm.md 1.5, 1.10). */
const inhibitFlush = ({ vp, vtl }: Caller, target: number): void => {
  const own = vtlOf(vp, vtl);
  own.secureConfig[target] = encodeFields(VsmVpSecureConfig, { ...secureConfigOf(own, target), tlbLocked: 1 });
};

const translate = (caller: Caller, input: DataView): { readonly word: bigint; readonly page: bigint } => {
  const { state, vp } = caller;
  const target = vtlNamed(caller, targetByte(input));
  const flags = input.getBigUint64(FLAGS, true) & KNOWN_FLAGS;
  const address = BigInt.asUintN(64, input.getBigUint64(GVA_PAGE, true) << 12n);
  const options = translationOptions(Number(flags));
  const { code, page, cacheType, overlay } = translateAddress(
    state.slat,
    target,
    pagingRegisters(state, vp, target),
    address,
    options,
  );
  if (code === TranslationCode.SUCCESS && (flags & TLB_FLUSH_INHIBIT) !== 0n && target < caller.vtl) {
    inhibitFlush(caller, target);
  }
  const word = encodeFields(TranslationWord, { resultCode: code, cacheType, overlayPage: overlay ? 1 : 0 });
  return { word, page: BigInt(page) };
};

const refusal = (caller: Caller, input: DataView): number => {
  const byte = targetByte(input);
  const target = vtlNamed(caller, byte);
  const reserved = (input.getBigUint64(FLAGS, true) & ((1n << 56n) - 1n) & ~KNOWN_FLAGS) !== 0n;
  return firstRefusal(caller, [
    ['translate-not-self', isOtherPartition(input)],
    ['translate-other-vp', vpNamed(caller, input.getUint32(8, true)) !== caller.vp],
    ['translate-higher-vtl', target > caller.vtl],
    ['translate-own-vtl', target === caller.vtl],
    ['input-reserved-bits', isReservedVtl(byte) || reserved || input.getUint32(12, true) !== 0],
  ]);
};

/** @param pageOffset of the page's number in the output */
const call = (outputSize: number, pageOffset: number): SimpleCall => ({
  kind: 'simple',
  privilege: 'accessVpRegisters',
  fast: true,
  headerSize: 32,
  outputSize,
  run(caller, input, output): CallStatus {
    const status = refusal(caller, input);
    if (status !== HvStatus.SUCCESS) return status;
    const { word, page } = translate(caller, input);
    output.setBigUint64(0, word, true);
    output.setBigUint64(pageOffset, page, true);
    return status;
  },
});

export const translateVirtualAddress: SimpleCall = call(16, 8);
/** Its output has room for an exception's description, which stays 0 (facts/vsm.md source O). */
export const translateVirtualAddressEx: SimpleCall = call(64, 48);
