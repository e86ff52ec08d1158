/** The code a guest finds in its hypercall page: OpenVMM's build of it (facts/vsm.md 1.11), assembled here. */

/** Where the 64-bit and the 32-bit VTL stubs begin. */
export const STUBS_64: { readonly vtlCallOffset: number; readonly vtlReturnOffset: number } = {
  vtlCallOffset: 0x0f,
  vtlReturnOffset: 0x26,
};
export const STUBS_32: { readonly vtlCallOffset: number; readonly vtlReturnOffset: number } = {
  vtlCallOffset: 0x04,
  vtlReturnOffset: 0x1b,
};

const RET = 0xc3;
const MOV_RAX_RCX = [0x48, 0x89, 0xc8];
const MOV_ECX_EAX = [0x89, 0xc1];
const MOV_ECX = 0xb9;
const MOV_EAX = 0xb8;

/** @param amd `vmmcall` instead of `vmcall` @returns 50 bytes, from the page's start */
export const hypercallPageCode = (amd: boolean): Uint8Array => {
  const call = [0x0f, 0x01, amd ? 0xd9 : 0xc1];
  const stub32 = (code: number): readonly number[] => [...MOV_ECX_EAX, MOV_EAX, code, 0, 0, 0, ...call, RET];
  const stub64 = (code: number): readonly number[] => [...MOV_RAX_RCX, MOV_ECX, code, 0, 0, 0, ...call, RET];
  return Uint8Array.from([...call, RET, ...stub32(0x11), ...stub64(0x11), ...stub32(0x12), ...stub64(0x12)]);
};
