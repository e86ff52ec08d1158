/** Every call by its name. VtlCall and VtlReturn are no calls in this sense: see `vtl-instructions.ts`. */
import type { CallName } from '../call-codes.js';
import type { Call } from './call.js';
import { checkSparseGpaPageVtlAccess } from './check-page-access.js';
import { enablePartitionVtl, enableVpVtl, startVirtualProcessor } from './enable-vtl.js';
import {
  flushVirtualAddressList,
  flushVirtualAddressListEx,
  flushVirtualAddressSpace,
  flushVirtualAddressSpaceEx,
} from './flush.js';
import {
  assertVirtualInterrupt,
  getVpIndexFromApicId,
  installIntercept,
  registerInterceptResult,
} from './intercept-calls.js';
import { modifyVtlProtectionMask } from './modify-vtl-protection-mask.js';
import { sendSyntheticClusterIpi, sendSyntheticClusterIpiEx } from './send-cluster-ipi.js';
import { translateVirtualAddress, translateVirtualAddressEx } from './translate-virtual-address.js';
import { getVpRegisters, setVpRegisters } from './vp-registers.js';

export const calls: Readonly<Record<Exclude<CallName, 'VtlCall' | 'VtlReturn'>, Call>> = {
  FlushVirtualAddressSpace: flushVirtualAddressSpace,
  FlushVirtualAddressList: flushVirtualAddressList,
  SendSyntheticClusterIpi: sendSyntheticClusterIpi,
  ModifyVtlProtectionMask: modifyVtlProtectionMask,
  EnablePartitionVtl: enablePartitionVtl,
  EnableVpVtl: enableVpVtl,
  FlushVirtualAddressSpaceEx: flushVirtualAddressSpaceEx,
  FlushVirtualAddressListEx: flushVirtualAddressListEx,
  SendSyntheticClusterIpiEx: sendSyntheticClusterIpiEx,
  InstallIntercept: installIntercept,
  GetVpRegisters: getVpRegisters,
  SetVpRegisters: setVpRegisters,
  TranslateVirtualAddress: translateVirtualAddress,
  RegisterInterceptResult: registerInterceptResult,
  AssertVirtualInterrupt: assertVirtualInterrupt,
  StartVirtualProcessor: startVirtualProcessor,
  GetVpIndexFromApicId: getVpIndexFromApicId,
  TranslateVirtualAddressEx: translateVirtualAddressEx,
  CheckSparseGpaPageVtlAccess: checkSparseGpaPageVtlAccess,
};
