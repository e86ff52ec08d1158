/** What a page may be used for: the map flags of facts/vsm.md 1.5, their rules and the execute table of 1.10. */

/** Bits of a protection mask (facts/vsm.md 1.5 MapFlags). */
export const PageRight = { READ: 0x1, WRITE: 0x2, KERNEL_EXECUTE: 0x4, USER_EXECUTE: 0x8 } as const;
/** Read, write and both kinds of execute. */
export const ALL_RIGHTS = 0xf;

export type PageAccess = 'read' | 'write' | 'execute';

/** What decides which execute bit an instruction fetch needs. */
export interface ExecutionMode {
  /** Current privilege level, 0 … 3; 3 is user mode. */
  readonly cpl: number;
  /** MBEC is on for the accessing VTL on this VP: `MbecEnabled` of its VsmVpSecureConfigVtl*n* (facts/vsm.md 1.7, 1.10). */
  readonly mbec: boolean;
  /** CR4.SMEP of the accessing VTL. True for a processor that has no SMEP at all (facts/vsm.md 1.10). */
  readonly smep: boolean;
}

/** Kernel mode without MBEC: what every VP starts in. */
export const KERNEL_MODE: ExecutionMode = { cpl: 0, mbec: false, smep: true };

/** The execute bit that governs (facts/vsm.md 1.10): KX for both modes unless MBEC is on and SMEP in force. */
export const executeRight = (mode: ExecutionMode): number =>
  mode.mbec && mode.smep && mode.cpl === 3 ? PageRight.USER_EXECUTE : PageRight.KERNEL_EXECUTE;

/** The one bit of a mask that an access needs. */
export const neededRight = (access: PageAccess, mode: ExecutionMode): number => {
  if (access === 'read') return PageRight.READ;
  return access === 'write' ? PageRight.WRITE : executeRight(mode);
};

/**
 * Whether the hypervisor accepts map flags for a page (facts/vsm.md 1.10, OpenHCL): nothing but the four rights, nothing
 * without R, KX and UX apart only with MBEC, KX never without UX. A refusal is INVALID_REGISTER_VALUE.
 * @param mbec the partition has MBEC enabled for the restricted VTL
 */
export const isValidMask = (mask: number, mbec: boolean): boolean => {
  if ((mask & ~ALL_RIGHTS) !== 0) return false;
  if (mask !== 0 && (mask & PageRight.READ) === 0) return false;
  const kernel = (mask & PageRight.KERNEL_EXECUTE) !== 0;
  const user = (mask & PageRight.USER_EXECUTE) !== 0;
  return kernel === user || (user && mbec);
};

/** Whether a default mask is accepted: as for a page, and with R and W (facts/vsm.md 1.10, OpenHCL). */
export const isValidDefaultMask = (mask: number, mbec: boolean): boolean =>
  isValidMask(mask, mbec) && (mask & PageRight.WRITE) !== 0;
