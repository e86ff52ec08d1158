/**
 * Two other readers of PE files, llvm-readobj and GNU objdump: what they say of headers, sections, exports and load configuration.
 * Their output is read strictly: a line of an unknown shape is an error, so that nothing is passed over in silence.
 */
import { spawnSync } from 'node:child_process';

/** One line of llvm-readobj, with the lines in its braces. */
interface Block {
  readonly key: string;
  readonly value: string;
  readonly children: Block[];
}

export interface ListedExport {
  readonly ordinal: number;
  readonly name: string | null;
  readonly rva: number;
}

export interface ListedSection {
  /** The name's 8 bytes, as the file has them. */
  readonly nameBytes: string;
  readonly virtualSize: number;
  readonly virtualAddress: number;
  readonly rawDataSize: number;
  readonly pointerToRawData: number;
  readonly characteristics: number;
}

/** What llvm-readobj says of one file. */
export interface LlvmListing {
  /** Members of ImageFileHeader, ImageOptionalHeader and DataDirectory by their names; sets of bits as their word. */
  readonly headers: ReadonlyMap<string, bigint>;
  readonly sections: readonly ListedSection[];
  /** null: it cannot read the table. LLVM 14 fails on one that is empty though the image has a directory for it. */
  readonly exports: readonly ListedExport[] | null;
  /** Members by their names; null where it lists none. */
  readonly loadConfig: ReadonlyMap<string, bigint> | null;
}

/** What objdump says of one file. */
export interface ObjdumpListing {
  readonly checksum: number;
  readonly dllCharacteristics: number;
  /** By ordinal. */
  readonly exports: ReadonlyMap<number, { readonly rva: number; readonly forwarder: string | null }>;
  /** Names in the order of the name table. */
  readonly names: readonly string[];
}

const OUTPUT_LIMIT = 512 * 2 ** 20;
/** Files that objdump is asked about at once: it lists every unwind entry and relocation as well. */
const BATCH = 50;

const output = (program: string, args: readonly string[]): { stdout: string; status: number | null } => {
  const { stdout, status, error } = spawnSync(program, args, { encoding: 'latin1', maxBuffer: OUTPUT_LIMIT });
  if (error !== undefined) throw error;
  return { stdout, status };
};

const parseBlocks = (lines: readonly string[]): Block => {
  const top: Block = { key: '', value: '', children: [] };
  const open: Block[] = [top];
  for (const line of lines) {
    const text = line.trimStart();
    const [, key = '', value = '', opening = ''] =
      /^([A-Za-z0-9]+):? ?(.*?)([{[](?: \(0x[0-9A-F]+\))?)?$/.exec(text) ?? [];
    const block: Block = { key, value: opening.length > 1 ? opening : value, children: [] };
    if (text === '}' || text === ']') {
      open.pop();
      if (open.length === 0) throw new Error(`more is closed than was opened at: ${line}`);
    } else if (key !== '') {
      open.at(-1)?.children.push(block);
      if (opening !== '') open.push(block);
    } else if (!/^0x[0-9A-F]+$/.test(text)) {
      throw new Error(`llvm-readobj wrote what is not understood here: ${line}`);
    }
  }
  if (open.length !== 1) throw new Error(`${open.at(-1)?.key} is not closed`);
  return top;
};

/** `0x1F`, `31`, `NAME (0x1F)`, `[ (0x1F)`, or a time with its number in parentheses. */
const numberOf = (value: string): bigint | null => {
  const [, text] = /^(\d+|0x[0-9A-F]+)$/i.exec(value) ?? /\((0x[0-9A-F]+)\)$/i.exec(value) ?? [];
  return text === undefined ? null : BigInt(text);
};

const required = (block: Block, key: string): string => {
  const found = block.children.find((child) => child.key === key);
  if (found === undefined) throw new Error(`llvm-readobj lists no ${key} in ${block.key}`);
  return found.value;
};

const requiredNumber = (block: Block, key: string): number => {
  const number = numberOf(required(block, key));
  if (number === null) throw new Error(`llvm-readobj lists ${key} in ${block.key} as ${required(block, key)}`);
  return Number(number);
};

const membersOf = (block: Block): [string, bigint][] =>
  block.children.flatMap((child): [string, bigint][] => {
    if (child.children.length > 0 && numberOf(child.value) === null) return membersOf(child);
    const number = numberOf(child.value);
    return number === null ? [] : [[`${block.key}.${child.key}`, number]];
  });

const listingOf = (lines: readonly string[], withExports: boolean): LlvmListing => {
  const top = parseBlocks(lines);
  const inside = (key: string): Block[] => top.children.filter((child) => child.key === key);
  const sections = inside('Sections').flatMap(({ children }) => children);
  const loadConfig = inside('LoadConfig')[0];
  return {
    headers: new Map([...inside('ImageFileHeader'), ...inside('ImageOptionalHeader')].flatMap(membersOf)),
    sections: sections.map((section) => ({
      nameBytes: /\(((?:[0-9A-F]{2} ?){8})\)$/.exec(required(section, 'Name'))?.[1]?.replaceAll(' ', '') ?? '?',
      virtualSize: requiredNumber(section, 'VirtualSize'),
      virtualAddress: requiredNumber(section, 'VirtualAddress'),
      rawDataSize: requiredNumber(section, 'RawDataSize'),
      pointerToRawData: requiredNumber(section, 'PointerToRawData'),
      characteristics: requiredNumber(section, 'Characteristics'),
    })),
    exports: !withExports
      ? null
      : inside('Export').map((each) => ({
          ordinal: requiredNumber(each, 'Ordinal'),
          name: required(each, 'Name') || null,
          rva: requiredNumber(each, 'RVA'),
        })),
    loadConfig: loadConfig === undefined ? null : new Map(membersOf(loadConfig)),
  };
};

const FLAGS = ['--file-headers', '--sections', '--coff-load-config'];

/** What llvm-readobj says of many files. It ends at the first that it fails on: that one is asked without its exports, then the rest. */
export const llvmListings = (paths: readonly string[], program = 'llvm-readobj'): Map<string, LlvmListing> => {
  const listings = new Map<string, LlvmListing>();
  const ask = (files: readonly string[], withExports: boolean): readonly string[] => {
    const { stdout, status } = output(program, [...FLAGS, ...(withExports ? ['--coff-exports'] : []), ...files]);
    const parts = stdout.split(/^File: /m).slice(1);
    const complete = status === 0 ? parts : parts.slice(0, -1);
    if (status !== 0 && (parts.length === 0 || !withExports)) throw new Error(`${program} failed on ${files[0]}`);
    for (const part of complete) {
      const [path = '', ...lines] = part.split('\n');
      const whole = lines.filter((line) => line !== '');
      listings.set(path, listingOf(whole, withExports));
    }
    return files.slice(complete.length);
  };
  let rest = paths;
  while (rest.length > 0) {
    rest = ask(rest, true);
    if (rest.length > 0) ask(rest.slice(0, 1), false);
    rest = rest.slice(1);
  }
  return listings;
};

const matchIn = (text: string, pattern: RegExp): string => {
  const found = pattern.exec(text)?.[1];
  if (found === undefined) throw new Error(`objdump did not write ${pattern}`);
  return found;
};

/** Lines between a heading and the next empty one. */
const under = (text: string, heading: RegExp): string[] => {
  const start = heading.exec(text);
  if (start === null) return [];
  const from = start.index + start[0].length;
  return text
    .slice(from, text.indexOf('\n\n', from))
    .split('\n')
    .filter((line) => line.trim() !== '');
};

const objdumpOf = (text: string): ObjdumpListing => {
  const exports = new Map<number, { rva: number; forwarder: string | null }>();
  for (const line of under(text, /^Export Address Table -- Ordinal Base.*$/m)) {
    if (line.startsWith('\tInvalid Export Address Table rva (0x0) or entry count (0x0)')) continue;
    const [, ordinal, rva = '', forwarder] =
      /^\t\[ *\d+\] \+base\[ *(\d+)\] ([0-9a-f]+) (?:Export RVA|Forwarder RVA -- (.*))$/.exec(line) ?? [];
    if (ordinal === undefined) throw new Error(`objdump wrote what is not understood here: ${line}`);
    exports.set(Number(ordinal), { rva: Number.parseInt(rva, 16), forwarder: forwarder ?? null });
  }
  const names = under(text, /^\[Ordinal\/Name Pointer\] Table$/m).flatMap((line) => {
    if (line.startsWith('\tInvalid Name Pointer Table rva (0x0) or entry count (0x0)')) return [];
    const name = /^\t\[ *\d+\] (.*)$/.exec(line)?.[1];
    if (name === undefined) throw new Error(`objdump wrote what is not understood here: ${line}`);
    return [name];
  });
  return {
    checksum: Number.parseInt(matchIn(text, /^CheckSum\t+([0-9a-f]{8})$/m), 16),
    dllCharacteristics: Number.parseInt(matchIn(text, /^DllCharacteristics\t+([0-9a-f]{8})$/m), 16),
    exports,
    names,
  };
};

/** What GNU objdump says of many files; those of machines that it does not know are left out. */
export const objdumpListings = (
  paths: readonly string[],
  program = 'x86_64-w64-mingw32-objdump',
): Map<string, ObjdumpListing> => {
  const listings = new Map<string, ObjdumpListing>();
  for (let from = 0; from < paths.length; from += BATCH) {
    const { stdout } = output(program, ['-p', ...paths.slice(from, from + BATCH)]);
    const [, ...parts] = stdout.split(/^(.+): {5}file format pei-(?:x86-64|i386)$/m);
    for (let index = 0; index < parts.length; index += 2)
      listings.set(parts[index] ?? '', objdumpOf(parts[index + 1] ?? ''));
  }
  return listings;
};
