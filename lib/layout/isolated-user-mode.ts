/** SYSTEM_ISOLATED_USER_MODE_INFORMATION, class 165: 16 bytes of flags; it lists no trustlets (facts/nt.md 3.1, 0.10). */
import { viewOf } from './bytes.js';
import { type NamedBits, namedBits, withNamedBits } from './named-bits.js';

/** Masks of the first 32 bits. Bits 0xC0 and 0x8000 are spare; builds that do not know a newer flag leave it clear. */
export const IsolatedUserModeFlag = {
  SecureKernelRunning: 0x1,
  HvciEnabled: 0x2,
  HvciStrictMode: 0x4,
  DebugEnabled: 0x8,
  FirmwarePageProtection: 0x10,
  EncryptionKeyAvailable: 0x20,
  TrustletRunning: 0x100,
  HvciDisableAllowed: 0x200,
  HardwareEnforcedVbs: 0x400,
  NoSecrets: 0x800,
  EncryptionKeyPersistent: 0x1000,
  HardwareEnforcedHvpt: 0x2000,
  HardwareHvptAvailable: 0x4000,
  EncryptionKeyTpmBound: 0x10000,
} as const;

/** The flags by name, and their word. */
export type IsolatedUserMode = { readonly raw: number } & NamedBits<typeof IsolatedUserModeFlag>;

const SIZE = 16;

/** @throws TrustletError ERR_TRUSTLET_FORMAT for fewer than 16 bytes */
export const decodeIsolatedUserMode = (bytes: Uint8Array): IsolatedUserMode => {
  const raw = viewOf(bytes, SIZE, 'SYSTEM_ISOLATED_USER_MODE_INFORMATION').getUint32(0, true);
  return { raw, ...namedBits(raw, IsolatedUserModeFlag) };
};

/**
 * @param flags named flags set or clear their bit of `raw`, which is 0 if left out
 * @returns 16 bytes
 */
export const encodeIsolatedUserMode = (flags: Partial<IsolatedUserMode>): Uint8Array => {
  const bytes = new Uint8Array(SIZE);
  new DataView(bytes.buffer).setUint32(0, withNamedBits(flags.raw ?? 0, flags, IsolatedUserModeFlag), true);
  return bytes;
};
