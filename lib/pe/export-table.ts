/** The export directory: names, ordinals and what they point to. */
import { Damage, type Diagnoses, hex } from './damage.js';
import type { FileBytes } from './file-bytes.js';
import type { ImageMemory } from './image-memory.js';
import { PE_LIMITS } from './limits.js';
import type { PeDirectory } from './report.js';

const EXPORT_INDEX = 0;
const DIRECTORY_BYTES = 40;

export interface PeExport {
  /** null: exported by ordinal alone. */
  readonly name: string | null;
  readonly ordinal: number;
  readonly rva: number;
  /** `module.name` where another module has it. */
  readonly forwarder: string | null;
}

interface Table {
  /** In the file. */
  readonly offset: number;
  readonly count: number;
}

export class ExportTable {
  readonly name: string | null;
  readonly ordinalBase: number;
  /** Of the directory, in the file. */
  readonly offset: number;
  readonly #file: FileBytes;
  readonly #memory: ImageMemory;
  readonly #directory: PeDirectory;
  readonly #functions: Table;
  readonly #names: Table;
  readonly #ordinals: Table;

  /** @throws Damage where the directory or one of its tables does not lie in the file */
  constructor(file: FileBytes, memory: ImageMemory, notes: Diagnoses, directory: PeDirectory) {
    this.#file = file;
    this.#memory = memory;
    this.#directory = directory;
    const entry = memory.directoryEntry(EXPORT_INDEX);
    const { offset } = memory.locate(directory.address, DIRECTORY_BYTES, entry, 'The export directory');
    this.offset = offset;
    const view = file.view(offset, DIRECTORY_BYTES, 'the export directory');
    const u32 = (at: number): number => view.getUint32(at, true);
    this.ordinalBase = u32(16);
    const table = (at: number, countAt: number, bytes: number, what: string): Table => {
      const count = u32(countAt);
      const capped = Math.min(count, PE_LIMITS.exports);
      if (count > capped) {
        notes.note(
          'exports',
          'too-many',
          offset + countAt,
          `${what} is said to have ${count} entries; ${capped} of them are read.`,
        );
      }
      if (capped === 0) return { offset: 0, count: 0 };
      return { offset: memory.locate(u32(at), capped * bytes, offset + at, what).offset, count: capped };
    };
    this.#functions = table(28, 20, 4, 'The table of exported addresses');
    this.#names = table(32, 24, 4, 'The table of exported names');
    this.#ordinals = table(36, 24, 2, 'The table of name ordinals');
    this.name = notes.part('exports', () => this.#text(u32(12), offset + 12, 'The name of the module'));
  }

  /** How many names and how many addresses it has. */
  get counts(): { readonly names: number; readonly functions: number } {
    return { names: this.#names.count, functions: this.#functions.count };
  }

  /**
   * Looks a name up as the loader does: by halves, in a table that is sorted.
   *
   * @throws Damage where a name that is passed on the way lies outside the file
   */
  find(wanted: string): PeExport | null {
    let low = 0;
    let high = this.#names.count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const name = this.#nameAt(middle);
      if (name === wanted) return this.#named(middle, name);
      if (name < wanted) low = middle + 1;
      else high = middle;
    }
    return null;
  }

  /**
   * Every export, named ones first in the table's order, then those by ordinal alone.
   *
   * @throws Damage, when it is reached, where an entry points outside the file
   */
  *all(): Generator<PeExport> {
    const named = new Set<number>();
    for (let index = 0; index < this.#names.count; index += 1) {
      const each = this.#named(index, this.#nameAt(index));
      named.add(each.ordinal);
      yield each;
    }
    for (let index = 0; index < this.#functions.count; index += 1) {
      const ordinal = this.ordinalBase + index;
      if (named.has(ordinal)) continue;
      const each = this.#function(index, null, this.#functions.offset + 4 * index);
      if (each.rva !== 0) yield each;
    }
  }

  #nameAt(index: number): string {
    const at = this.#names.offset + 4 * index;
    return this.#text(this.#file.u32(at, 'the table of exported names'), at, 'An exported name');
  }

  #named(index: number, name: string): PeExport {
    const at = this.#ordinals.offset + 2 * index;
    return this.#function(this.#file.view(at, 2, 'the table of name ordinals').getUint16(0, true), name, at);
  }

  #function(index: number, name: string | null, at: number): PeExport {
    if (index >= this.#functions.count) {
      throw new Damage('out-of-range', at, `An export names address ${index} of ${this.#functions.count}.`);
    }
    const rva = this.#file.u32(this.#functions.offset + 4 * index, 'the table of exported addresses');
    const { address, size } = this.#directory;
    const isForwarded = rva >= address && rva < address + size;
    const forwarder = isForwarded ? this.#text(rva, this.#functions.offset + 4 * index, 'A forwarder') : null;
    return { name, ordinal: this.ordinalBase + index, rva, forwarder };
  }

  #text(rva: number, at: number, what: string): string {
    const { offset, end } = this.#memory.locate(rva, 1, at, what);
    return this.#file.text(offset, end, 'latin1', `${what} at ${hex(offset)}`);
  }
}

/** @returns null where the image exports nothing */
export const readExports = (file: FileBytes, memory: ImageMemory, notes: Diagnoses): ExportTable | null => {
  const directory = memory.directory('export');
  return directory === null ? null : notes.part('exports', () => new ExportTable(file, memory, notes, directory));
};
