/** SYSTEM_CODEINTEGRITY_INFORMATION, class 103: Length and the option word (facts/nt.md 3.2). */
import { viewOf } from './bytes.js';
import { type NamedBits, namedBits } from './named-bits.js';

/** Masks of CodeIntegrityOptions, by the SDK's names without their prefix. */
export const CodeIntegrityOption = {
  ENABLED: 0x1,
  TESTSIGN: 0x2,
  UMCI_ENABLED: 0x4,
  UMCI_AUDITMODE: 0x8,
  UMCI_EXCLUSIONPATHS: 0x10,
  TEST_BUILD: 0x20,
  PREPRODUCTION_BUILD: 0x40,
  DEBUGMODE_ENABLED: 0x80,
  FLIGHT_BUILD: 0x100,
  FLIGHTING_ENABLED: 0x200,
  HVCI_KMCI_ENABLED: 0x400,
  HVCI_KMCI_AUDITMODE: 0x800,
  HVCI_KMCI_STRICTMODE: 0x1000,
  HVCI_IUM_ENABLED: 0x2000,
  WHQL_ENFORCEMENT: 0x4000,
  WHQL_AUDITMODE: 0x8000,
} as const;

/** The options by name, and their word. */
export type CodeIntegrity = { readonly options: number } & NamedBits<typeof CodeIntegrityOption>;

const SIZE = 8;

/** A buffer to query with: Length set, as the kernel demands on input. */
export const newCodeIntegrity = (): Uint8Array => encodeCodeIntegrity(0);

/**
 * Length is an input of this query; what it holds afterwards is documented nowhere, so it is not judged.
 * @throws TrustletError ERR_TRUSTLET_FORMAT for fewer than 8 bytes
 */
export const decodeCodeIntegrity = (bytes: Uint8Array): CodeIntegrity => {
  const options = viewOf(bytes, SIZE, 'SYSTEM_CODEINTEGRITY_INFORMATION').getUint32(4, true);
  return { options, ...namedBits(options, CodeIntegrityOption) };
};

/** @returns 8 bytes, Length set */
export const encodeCodeIntegrity = (options: number): Uint8Array => {
  const bytes = new Uint8Array(SIZE);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, SIZE, true);
  view.setUint32(4, options, true);
  return bytes;
};
