/** What an image asks of the system for its own protection: DllCharacteristics and their extension in the debug directory. */
import { namedBits } from '../layout/named-bits.js';
import type { Diagnoses } from './damage.js';
import type { FileBytes } from './file-bytes.js';
import { DLL_CHARACTERISTICS, EXTENDED_DLL_CHARACTERISTICS } from './header-values.js';
import type { ImageMemory } from './image-memory.js';
import { PE_LIMITS } from './limits.js';
import type { PeMitigations } from './report.js';

const DEBUG_INDEX = 6;
const DEBUG_ENTRY_BYTES = 28;
const EX_DLLCHARACTERISTICS = 20;

/** The extended word, wherever the debug directory has it. @returns null where it has none */
const readExtendedWord = (file: FileBytes, memory: ImageMemory, notes: Diagnoses): number | null => {
  const directory = memory.directory('debug');
  if (directory === null) return null;
  return notes.part('debug-directory', () => {
    const announced = Math.floor(directory.size / DEBUG_ENTRY_BYTES);
    const count = Math.min(announced, PE_LIMITS.debugEntries);
    const entry = memory.directoryEntry(DEBUG_INDEX);
    if (count < announced) {
      notes.note('debug-directory', 'too-many', entry, `It announces ${announced} debug entries; ${count} were read.`);
    }
    if (count === 0) return null;
    const { offset } = memory.locate(directory.address, count * DEBUG_ENTRY_BYTES, entry, 'The debug directory');
    const view = file.view(offset, count * DEBUG_ENTRY_BYTES, 'the debug directory');
    for (let at = 0; at < view.byteLength; at += DEBUG_ENTRY_BYTES) {
      if (view.getUint32(at + 12, true) !== EX_DLLCHARACTERISTICS || view.getUint32(at + 16, true) < 4) continue;
      return file.u32(view.getUint32(at + 24, true), 'the extended DllCharacteristics');
    }
    return null;
  });
};

export const readMitigations = (
  file: FileBytes,
  memory: ImageMemory,
  notes: Diagnoses,
  dllCharacteristics: number,
): PeMitigations => {
  const extendedRaw = readExtendedWord(file, memory, notes);
  // A directory that could not be read in full may have the word all the same: of its bits neither is said.
  const isUnread = extendedRaw === null && notes.found.some(({ part }) => part === 'debug-directory');
  const bits = Object.entries({
    ...namedBits(dllCharacteristics, DLL_CHARACTERISTICS),
    ...(isUnread ? {} : namedBits(extendedRaw ?? 0, EXTENDED_DLL_CHARACTERISTICS)),
  });
  const named = (wanted: boolean): string[] => bits.filter(([, isSet]) => isSet === wanted).map(([name]) => name);
  return { raw: dllCharacteristics, extendedRaw, present: named(true), absent: named(false) };
};
