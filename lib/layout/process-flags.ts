/** The Flags word of PROCESS_EXTENDED_BASIC_INFORMATION (facts/nt.md 1.2). */
import type { ProcessFlags } from '../types.js';

/** Masks by the structure's own names. Bits 10 to 31 are spare and must be ignored. */
export const ProcessFlag = {
  IsProtectedProcess: 0x1,
  IsWow64Process: 0x2,
  IsProcessDeleting: 0x4,
  IsCrossSessionCreate: 0x8,
  IsFrozen: 0x10,
  IsBackground: 0x20,
  IsStronglyNamed: 0x40,
  IsSecureProcess: 0x80,
  IsSubsystemProcess: 0x100,
  IsTrustedApp: 0x200,
} as const;

/** @param raw the word, signed or unsigned; kept unsigned in the result. */
export const decodeProcessFlags = (raw: number): ProcessFlags => ({
  raw: raw >>> 0,
  IsProtectedProcess: (raw & ProcessFlag.IsProtectedProcess) !== 0,
  IsWow64Process: (raw & ProcessFlag.IsWow64Process) !== 0,
  IsProcessDeleting: (raw & ProcessFlag.IsProcessDeleting) !== 0,
  IsCrossSessionCreate: (raw & ProcessFlag.IsCrossSessionCreate) !== 0,
  IsFrozen: (raw & ProcessFlag.IsFrozen) !== 0,
  IsBackground: (raw & ProcessFlag.IsBackground) !== 0,
  IsStronglyNamed: (raw & ProcessFlag.IsStronglyNamed) !== 0,
  IsSecureProcess: (raw & ProcessFlag.IsSecureProcess) !== 0,
  IsSubsystemProcess: (raw & ProcessFlag.IsSubsystemProcess) !== 0,
  IsTrustedApp: (raw & ProcessFlag.IsTrustedApp) !== 0,
});
