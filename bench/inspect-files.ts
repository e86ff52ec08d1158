/**
 * Files for the bench of the reader: a folder of programs, trustlets, enclaves, damaged and other files, and one very large program.
 * The mix was chosen so that every path through the reader is taken; it is no census of a Windows folder. What fills a file up to its
 * size is zeros, written as holes: they take no disk, and the reader must not read them anyway.
 */
import { closeSync, ftruncateSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { PeKind } from '../lib/pe/index.js';
import { buildPe } from '../test/support/pe/build.js';
import type { PeDescription } from '../test/support/pe/describe.js';
import type { BuiltPe } from '../test/support/pe/layout.js';
import { enclave, LSAISO, trustlet } from '../test/support/pe/samples.js';
import { signPe } from '../test/support/pe/sign.js';

export interface MadeFile {
  readonly path: string;
  readonly kind: PeKind;
  readonly isSigned: boolean;
  readonly size: number;
}

const BLOCK = 4096;
const LARGE_BYTES = 500_000_000;

const FUNCTIONS = Array.from({ length: 40 }, (_, index) => ({ name: `Function${index}` }));
/** Sections begin at whole pages, so that headers, data and exports are read from different ones, as in most of Windows' own files. */
const LIBRARY: PeDescription = {
  fileAlignment: BLOCK,
  exports: { functions: FUNCTIONS },
  loadConfig: { guardFlags: 0x500 },
  debug: [{ type: 2, data: new Uint8Array(60) }],
};
const PROGRAM: PeDescription = { isDll: false, loadConfig: {} };

interface Recipe {
  /** Files of a hundred. */
  readonly share: number;
  readonly kind: PeKind;
  readonly isSigned: boolean;
  /** @param filled the section that makes the file as long as it is to be */
  readonly make: (filled: Pick<PeDescription, 'sections'>) => Uint8Array;
}

const halfOf = (bytes: Uint8Array): Uint8Array => bytes.subarray(0, bytes.byteLength / 2);

const UNSIGNED: readonly Omit<Recipe, 'isSigned'>[] = [
  { share: 42, kind: 'neither', make: (filled) => buildPe({ ...LIBRARY, ...filled }).bytes },
  { share: 14, kind: 'neither', make: (filled) => buildPe({ ...LIBRARY, bits: 32, ...filled }).bytes },
  { share: 10, kind: 'neither', make: (filled) => buildPe({ ...PROGRAM, ...filled }).bytes },
  { share: 6, kind: 'neither', make: (filled) => buildPe({ ...PROGRAM, bits: 32, ...filled }).bytes },
  // Signed by a catalog, perhaps, which the file does not show.
  { share: 2, kind: 'undetermined', make: (filled) => buildPe({ ...LSAISO, ...filled }).bytes },
  { share: 4, kind: 'neither', make: (filled) => halfOf(buildPe({ ...LIBRARY, ...filled }).bytes) },
  { share: 2, kind: 'not-a-pe', make: () => buildPe(PROGRAM).bytes.subarray(0, 0x90) },
  { share: 5, kind: 'not-a-pe', make: () => Buffer.from('Setting = value\r\n'.repeat(300), 'latin1') },
];

const SIGNED: readonly Omit<Recipe, 'isSigned'>[] = [
  {
    share: 8,
    kind: 'neither',
    make: (filled) => signPe(buildPe({ ...LIBRARY, ...filled }), { isTimestamped: true }).bytes,
  },
  { share: 2, kind: 'neither', make: (filled) => signPe(buildPe({ ...PROGRAM, bits: 32, ...filled })).bytes },
  {
    share: 1,
    kind: 'neither',
    make: (filled) => signPe(buildPe({ ...PROGRAM, ...filled }), { pageHashes: 'sha256', nested: [{}] }).bytes,
  },
  { share: 2, kind: 'trustlet', make: (filled) => trustlet(filled).bytes },
  { share: 2, kind: 'enclave', make: (filled) => enclave(filled).bytes },
];

const RECIPES: readonly Recipe[] = [
  ...UNSIGNED.map((each) => ({ ...each, isSigned: false })),
  ...SIGNED.map((each) => ({ ...each, isSigned: true })),
];

/** Each half as long again as the one before: 2 KB to 0.9 MB. */
const FILLS: readonly number[] = Array.from({ length: 16 }, (_, index) => Math.round(2048 * 1.5 ** index));

/** What is not zeros, and where. */
interface Piece {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

const piecesOf = (bytes: Uint8Array): Piece[] => {
  const pieces: Piece[] = [];
  for (let offset = 0; offset < bytes.byteLength; offset += BLOCK) {
    const block = bytes.subarray(offset, offset + BLOCK);
    if (block.some((byte) => byte !== 0)) pieces.push({ offset, bytes: block });
  }
  return pieces;
};

const writeSparse = (path: string, size: number, pieces: readonly Piece[]): void => {
  const descriptor = openSync(path, 'w');
  for (const { offset, bytes } of pieces) writeSync(descriptor, bytes, 0, bytes.byteLength, offset);
  ftruncateSync(descriptor, size);
  closeSync(descriptor);
};

/**
 * So many files below a folder that is emptied first, a hundred in each folder in it. Every kind of file is everywhere in their order.
 *
 * @param folder absolute
 * @param count a multiple of 100
 * @returns in the order in which `walk` finds them
 */
export const makeFiles = (folder: string, count: number): MadeFile[] => {
  rmSync(folder, { recursive: true, force: true });
  const patterns = RECIPES.map(({ make }) =>
    FILLS.map((fill) => {
      const bytes = make({ sections: [{ name: '.rsrc', content: new Uint8Array(fill) }] });
      return { size: bytes.byteLength, pieces: piecesOf(bytes) };
    }),
  );
  const hundred = RECIPES.flatMap(({ share }, recipe) => Array.from({ length: share }, () => recipe));
  return Array.from({ length: count }, (_, index) => {
    const turn = Math.floor(index / hundred.length);
    const below = join(folder, String(turn).padStart(4, '0'));
    if (index % hundred.length === 0) mkdirSync(below, { recursive: true });
    const path = join(below, `${String(index % hundred.length).padStart(2, '0')}.dll`);
    // 37 and 100 share no divisor: a hundred steps meet every recipe as often as its share says.
    const number = hundred[(index * 37) % hundred.length] ?? 0;
    const recipe = RECIPES[number];
    const pattern = patterns[number]?.[(index + turn) % FILLS.length];
    if (recipe === undefined || pattern === undefined) throw new Error(`nothing is planned for file ${index}`);
    writeSparse(path, pattern.size, pattern.pieces);
    return { path, kind: recipe.kind, isSigned: recipe.isSigned, size: pattern.size };
  });
};

/** The file with a hole in its last section, which has to be `.rsrc`, and its certificate table behind that. */
const stretched = (built: BuiltPe, hole: number): readonly Piece[] => {
  const bytes = built.bytes.slice();
  const view = new DataView(bytes.buffer);
  const add = (field: string): number => {
    const at = built.layout.offset(field);
    const before = view.getUint32(at, true);
    view.setUint32(at, before + hole, true);
    return before;
  };
  for (const field of ['section/.rsrc/virtualSize', 'section/.rsrc/sizeOfRawData', 'optional/sizeOfImage']) add(field);
  const table = add('directory/certificates/address');
  return [
    { offset: 0, bytes: bytes.subarray(0, table) },
    { offset: table + hole, bytes: bytes.subarray(table) },
  ];
};

/** A signed library of 500 MB and some, almost all of it resources. */
export const makeLargeFile = (path: string): MadeFile => {
  const small = buildPe({ ...LIBRARY, sections: [{ name: '.rsrc', content: new Uint8Array(BLOCK) }] });
  const signed = signPe(small, { isTimestamped: true });
  const hole = Math.ceil(LARGE_BYTES / BLOCK) * BLOCK;
  const size = signed.bytes.byteLength + hole;
  writeSparse(path, size, stretched(signed, hole));
  return { path, kind: 'neither', isSigned: true, size };
};
