/** What address translation asks of a virtual processor's registers. */
import type { PagingRegisters } from '../memory/address-translation.js';
import { RegisterName } from './register-names.js';
import { getRegister, type HypervisorState, modeOf } from './state.js';
import { privilegeLevel, type VirtualProcessor } from './virtual-processor.js';

/** @param cpl the accessing privilege level; that of the VTL unless given */
export const pagingRegisters = (
  state: HypervisorState,
  vp: VirtualProcessor,
  vtl: number,
  cpl: number = privilegeLevel(vp, vtl),
): PagingRegisters => {
  const read = (name: number): bigint => getRegister(state, vp, vtl, name);
  const { Cr0, Cr3, Cr4, Efer, Pat, Rflags } = RegisterName;
  const { mbec, smep } = modeOf(state, vp, vtl, cpl);
  return {
    cr0: read(Cr0),
    cr3: read(Cr3),
    cr4: read(Cr4),
    efer: read(Efer),
    pat: read(Pat),
    rflags: read(Rflags),
    cpl,
    mbec,
    smep,
  };
};
