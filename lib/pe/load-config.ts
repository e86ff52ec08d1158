/** IMAGE_LOAD_CONFIG_DIRECTORY: as many members as the image has. Offsets: facts/nt.md 5.5 and Microsoft's "PE Format" page. */
import { Damage, type Diagnoses } from './damage.js';
import type { FileBytes } from './file-bytes.js';
import type { ImageMemory } from './image-memory.js';

const LOAD_CONFIG_INDEX = 10;
/** More than any version of the structure has. */
const MOST_BYTES = 512;
const LEAST_BYTES = 4;

const MEMBERS = {
  32: {
    securityCookie: 0x3c,
    guardCfFunctionTable: 0x50,
    guardCfFunctionCount: 0x54,
    guardFlags: 0x58,
    enclaveConfiguration: 0x9c,
  },
  64: {
    securityCookie: 0x58,
    guardCfFunctionTable: 0x80,
    guardCfFunctionCount: 0x88,
    guardFlags: 0x90,
    enclaveConfiguration: 0xf8,
  },
} as const;

/** Members that the structure is too short for are null. Addresses are virtual addresses, not RVAs. */
export interface PeLoadConfig {
  /** In the file. */
  readonly offset: number;
  /** Bytes, as the structure says of itself. */
  readonly size: number;
  readonly securityCookie: bigint | null;
  readonly guardCfFunctionTable: bigint | null;
  readonly guardCfFunctionCount: bigint | null;
  readonly guardFlags: number | null;
  /** Address of the enclave's configuration; 0n or null: no enclave. */
  readonly enclaveConfiguration: bigint | null;
  /** Where `enclaveConfiguration` stands in the file. */
  readonly enclaveConfigurationAt: number;
}

/** @returns null where the image has none, or where it is damaged */
export const readLoadConfig = (
  file: FileBytes,
  memory: ImageMemory,
  notes: Diagnoses,
  bits: 32 | 64,
): PeLoadConfig | null => {
  const directory = memory.directory('load-config');
  if (directory === null) return null;
  return notes.part('load-config', () => {
    const entry = memory.directoryEntry(LOAD_CONFIG_INDEX);
    const { offset } = memory.locate(directory.address, LEAST_BYTES, entry, 'The load configuration');
    const size = file.u32(offset, 'the load configuration');
    if (size < LEAST_BYTES)
      throw new Damage('malformed', offset, `The load configuration says that it has ${size} bytes.`);
    const length = Math.min(size, MOST_BYTES);
    memory.locate(directory.address, length, offset, 'The load configuration');
    const view = file.view(offset, length, 'the load configuration');
    const members = MEMBERS[bits];
    const pointer = (at: number): bigint | null => {
      if (at + bits / 8 > length) return null;
      return bits === 64 ? view.getBigUint64(at, true) : BigInt(view.getUint32(at, true));
    };
    return {
      offset,
      size,
      securityCookie: pointer(members.securityCookie),
      guardCfFunctionTable: pointer(members.guardCfFunctionTable),
      guardCfFunctionCount: pointer(members.guardCfFunctionCount),
      guardFlags: members.guardFlags + 4 > length ? null : view.getUint32(members.guardFlags, true),
      enclaveConfiguration: pointer(members.enclaveConfiguration),
      enclaveConfigurationAt: offset + members.enclaveConfiguration,
    };
  });
};
