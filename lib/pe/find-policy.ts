/** Where an image keeps its trustlet policy: the `.tPolicy` section and the symbol in it (facts/nt.md 5.3). */
import { type Diagnoses, hex } from './damage.js';
import type { ExportTable, PeExport } from './export-table.js';
import type { FileBytes } from './file-bytes.js';
import { SectionCharacteristic } from './header-values.js';
import type { ImageMemory } from './image-memory.js';
import { POLICY_BYTES, parsePolicy } from './policy.js';
import type { PeSection, TrustletPolicy } from './report.js';

export const POLICY_SECTION = '.tPolicy';
/** The shipping name, and that of older SDKs. */
export const POLICY_SYMBOLS = ['s_IumPolicyMetadata', '__ImagePolicyMetadata'] as const;
/** What the section's characteristics must be, exactly. */
export const POLICY_SECTION_CHARACTERISTICS: number =
  SectionCharacteristic.INITIALIZED_DATA | SectionCharacteristic.MEM_READ;

/** An export with the name that it was found by. */
interface PolicySymbol extends PeExport {
  readonly name: string;
}

/** What was found of a policy; the requirements judge it. */
export interface PolicyFinding {
  readonly section: PeSection | null;
  readonly symbol: PolicySymbol | null;
  /** Whether the symbol lies in the section. */
  readonly isInSection: boolean;
  readonly policy: TrustletPolicy | null;
}

const findSymbol = (exports: ExportTable): PolicySymbol | null => {
  for (const name of POLICY_SYMBOLS) {
    const found = exports.find(name);
    if (found !== null) return { ...found, name };
  }
  // An unsorted table hides a name from the search that the loader makes. Somebody meant this image to have a policy: look closer.
  for (const each of exports.all()) {
    const name = POLICY_SYMBOLS.find((wanted) => wanted === each.name);
    if (name !== undefined) return { ...each, name };
  }
  return null;
};

const liesIn = (section: PeSection, { rva, forwarder }: PeExport): boolean =>
  forwarder === null &&
  rva >= section.virtualAddress &&
  rva < section.virtualAddress + Math.max(section.virtualSize, section.fileSize);

export const findPolicy = (
  file: FileBytes,
  memory: ImageMemory,
  notes: Diagnoses,
  sections: readonly PeSection[],
  exports: ExportTable | null,
): PolicyFinding => {
  const section = sections.find(({ name }) => name === POLICY_SECTION) ?? null;
  // Without the section the symbol has nowhere to lie, and reading the names of a large image costs more than all the rest.
  if (section === null || exports === null) return { section, symbol: null, isInSection: false, policy: null };
  const symbol = notes.part('exports', () => findSymbol(exports));
  if (symbol === null || !liesIn(section, symbol)) return { section, symbol, isInSection: false, policy: null };
  const policy = notes.part('policy', () => {
    const { offset, end } = memory.locate(symbol.rva, 1, exports.offset, 'The policy');
    return parsePolicy({
      bytes: file.bytes(offset, Math.min(end - offset, POLICY_BYTES), 'the policy'),
      offset,
      symbol: symbol.name,
      note: (code, at, text) => notes.note('policy', code, at, text),
      text: (address, encoding, at) => {
        const place = memory.locate(memory.rvaOf(address, at, 'A text of the policy'), 1, at, 'A text of the policy');
        return file.text(place.offset, place.end, encoding, `The text at ${hex(place.offset)}`);
      },
    });
  });
  return { section, symbol, isInSection: true, policy };
};
