/** Hypercall codes (facts/vsm.md 1.4). */

export const CallCode = {
  FlushVirtualAddressSpace: 0x0002,
  FlushVirtualAddressList: 0x0003,
  SendSyntheticClusterIpi: 0x000b,
  ModifyVtlProtectionMask: 0x000c,
  EnablePartitionVtl: 0x000d,
  EnableVpVtl: 0x000f,
  VtlCall: 0x0011,
  VtlReturn: 0x0012,
  FlushVirtualAddressSpaceEx: 0x0013,
  FlushVirtualAddressListEx: 0x0014,
  SendSyntheticClusterIpiEx: 0x0015,
  InstallIntercept: 0x004d,
  GetVpRegisters: 0x0050,
  SetVpRegisters: 0x0051,
  TranslateVirtualAddress: 0x0052,
  RegisterInterceptResult: 0x0091,
  AssertVirtualInterrupt: 0x0094,
  StartVirtualProcessor: 0x0099,
  GetVpIndexFromApicId: 0x009a,
  TranslateVirtualAddressEx: 0x00ac,
  CheckSparseGpaPageVtlAccess: 0x00d4,
} as const;

export type CallName = keyof typeof CallCode;

const names: ReadonlyMap<number, CallName> = new Map(
  Object.entries(CallCode).map(([name, code]) => [code, name as CallName]),
);

/** Conflict C9: codes that some third-party files print (facts/vsm.md 0.1). 0x9A then no longer finds a VP by its APIC. */
const thirdParty: ReadonlyMap<number, CallName | undefined> = new Map([
  [0x00b1, 'ModifyVtlProtectionMask'],
  [0x009a, 'StartVirtualProcessor'],
  [0x000c, undefined],
  [0x0099, undefined],
]);

/** Which numbering of calls a partition answers to. */
export type CallNumbering = 'tlfs' | 'third-party';

/** The call a code names, undefined for one that is not implemented. */
export const callNamed = (code: number, numbering: CallNumbering): CallName | undefined =>
  numbering === 'third-party' && thirdParty.has(code) ? thirdParty.get(code) : names.get(code);
