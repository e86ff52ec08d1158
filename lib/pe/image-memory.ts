/** From addresses in the image to offsets in the file. */
import { Damage, hex } from './damage.js';
import type { DirectoryName } from './header-values.js';
import type { NtHeaders } from './headers.js';
import type { PeDirectory, PeSection } from './report.js';

/** The loader rounds a section's place in the file down to a sector, in images of page-aligned sections. */
const SECTOR = 0x200;
const PAGE = 0x1000;

/** A range of the file. */
export interface FileRange {
  readonly offset: number;
  /** Where the bytes end that lie together with it: the end of its section, or of the headers. */
  readonly end: number;
  /** null: the headers. */
  readonly section: PeSection | null;
}

export class ImageMemory {
  readonly #nt: NtHeaders;
  readonly #sections: readonly PeSection[];
  readonly #fileSize: number;

  constructor(nt: NtHeaders, sections: readonly PeSection[], fileSize: number) {
    this.#nt = nt;
    this.#sections = sections;
    this.#fileSize = fileSize;
  }

  /** null where the image has none: absent, or of address 0. */
  directory(name: DirectoryName): PeDirectory | null {
    return this.#nt.headers.directories.find((each) => each.name === name && each.address !== 0) ?? null;
  }

  /** Where the table's entry for a directory lies, for diagnoses. */
  directoryEntry(index: number): number {
    return this.#nt.directoryTable + 8 * index;
  }

  /**
   * @param rva address relative to the image's base
   * @param length bytes that must lie there
   * @param at where the address was read, for the diagnosis
   * @throws Damage `out-of-range` where the file has no such bytes
   */
  locate(rva: number, length: number, at: number, what: string): FileRange {
    const range = this.#rangeOf(rva);
    if (range === null) {
      throw new Damage(
        'out-of-range',
        at,
        `${what} is said to be at RVA ${hex(rva)}, where the image has no bytes of the file.`,
      );
    }
    if (range.offset + length > range.end) {
      const text = `${what} takes ${length} bytes from RVA ${hex(rva)} on, and its section has ${range.end - range.offset} there.`;
      throw new Damage('out-of-range', at, text);
    }
    return range;
  }

  /** @throws Damage `out-of-range` for an address outside the image */
  rvaOf(address: bigint, at: number, what: string): number {
    const { imageBase, sizeOfImage } = this.#nt.headers;
    const rva = address - imageBase;
    if (rva < 0n || rva >= BigInt(sizeOfImage)) {
      throw new Damage('out-of-range', at, `${what} is said to be at ${hex(address)}, outside the image.`);
    }
    return Number(rva);
  }

  #rangeOf(rva: number): FileRange | null {
    for (const section of this.#sections) {
      const { virtualAddress, virtualSize, fileSize } = section;
      const inMemory = this.#mapped(virtualSize === 0 ? fileSize : virtualSize);
      if (rva < virtualAddress || rva >= virtualAddress + inMemory) continue;
      const begin = this.#fileOffsetOf(section);
      const offset = begin + rva - virtualAddress;
      const end = Math.min(begin + Math.min(fileSize, inMemory), this.#fileSize);
      return offset < end ? { offset, end, section } : null;
    }
    const end = Math.min(this.#nt.headers.sizeOfHeaders, this.#fileSize);
    return rva < end ? { offset: rva, end, section: null } : null;
  }

  /** What is mapped of a section: whole pages of it. */
  #mapped(bytes: number): number {
    return this.#nt.sectionAlignment >= PAGE ? Math.ceil(bytes / PAGE) * PAGE : bytes;
  }

  #fileOffsetOf({ fileOffset }: PeSection): number {
    return this.#nt.sectionAlignment >= PAGE ? fileOffset - (fileOffset % SECTOR) : fileOffset;
  }
}
