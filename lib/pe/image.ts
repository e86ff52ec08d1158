/** A PE image, opened: headers and sections read, the rest at hand. */
import type { ByteSource } from './byte-source.js';
import { Diagnoses } from './damage.js';
import { type ExportTable, readExports } from './export-table.js';
import { FileBytes } from './file-bytes.js';
import { checkSections, findNtHeaders, type NtHeaders, readNtHeaders, readSections } from './headers.js';
import { ImageMemory } from './image-memory.js';
import { type PeLoadConfig, readLoadConfig } from './load-config.js';
import type { PeDiagnosis, PeHeaders, PeSection } from './report.js';

/** What every reader of a part works with. */
export interface OpenedImage {
  readonly file: FileBytes;
  readonly notes: Diagnoses;
  readonly memory: ImageMemory;
  readonly nt: NtHeaders;
  readonly sections: readonly PeSection[];
}

/** @returns null where there are no headers to go by; `notes` says why */
export const openImage = (file: FileBytes, notes: Diagnoses): OpenedImage | null => {
  const at = notes.part('dos-header', () => findNtHeaders(file, notes));
  const nt = at === null ? null : notes.part('nt-headers', () => readNtHeaders(file, notes, at));
  if (nt === null) return null;
  const sections = notes.part('sections', () => readSections(file, notes, nt));
  if (sections === null) return null;
  checkSections(file, notes, nt, sections);
  return { file, notes, nt, sections, memory: new ImageMemory(nt, sections, file.size) };
};

/** Headers, sections, exports and load configuration of an image, for who wants them apart from the report. */
export interface PeImage {
  readonly headers: PeHeaders;
  readonly sections: readonly PeSection[];
  /** null: it exports nothing, or the table is damaged. */
  readonly exports: ExportTable | null;
  /** null: it has none, or it is damaged. */
  readonly loadConfig: PeLoadConfig | null;
  /** What was found wrong with these four. */
  readonly diagnoses: readonly PeDiagnosis[];
}

/**
 * Reads the structure of an image, without judging it.
 *
 * @returns null where it is no PE image
 */
export const readPe = (source: ByteSource): PeImage | null => {
  const notes = new Diagnoses();
  const image = openImage(new FileBytes(source), notes);
  if (image === null) return null;
  const { file, memory, nt, sections } = image;
  return {
    headers: nt.headers,
    sections,
    exports: readExports(file, memory, notes),
    loadConfig: readLoadConfig(file, memory, notes, nt.headers.bits),
    diagnoses: notes.found,
  };
};
