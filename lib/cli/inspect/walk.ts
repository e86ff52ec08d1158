/** The files below the paths that were named, in sorted order, one at a time. */
import { type Dirent, readdirSync, statSync } from 'node:fs';
import { sep } from 'node:path';
import { refusalText } from '../../pe/file-source.js';

export interface FoundFile {
  readonly path: string;
  /** It was named itself, not found in a folder. */
  readonly isNamed: boolean;
  /** How much of the whole lies before it: 0 … 1, by folders, since nothing is counted beforehand. */
  readonly fraction: number;
  /** Why there is nothing to read: a folder that cannot be listed. */
  readonly error: string | null;
}

/** A part of the whole, 0 … 1. */
interface Share {
  readonly from: number;
  readonly size: number;
}

const shareOf = ({ from, size }: Share, index: number, count: number): Share => ({
  from: from + (size * index) / count,
  size: size / count,
});

const entriesOf = (folder: string): Dirent[] =>
  readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));

/**
 * As it was spelt: resolving '..' in the text would lead past a link before it, to another file, and a separator after `C:` to the root of
 * the drive instead of its current folder.
 *
 * @param separator the platform's
 */
export const childPath = (folder: string, name: string, separator: string = sep): string =>
  (separator === '\\' ? /[\\/:]$/ : /\/$/).test(folder) ? folder + name : folder + separator + name;

/** What a folder holds, sorted; throws where it cannot be listed. */
export type ListFolder = (folder: string) => readonly Dirent[];

interface Surroundings {
  readonly list: ListFolder;
  readonly skip: () => void;
}

function* walkFolder(folder: string, isNamed: boolean, share: Share, around: Surroundings): Generator<FoundFile> {
  let entries: readonly Dirent[];
  try {
    entries = around.list(folder);
  } catch (error) {
    yield { path: folder, isNamed, fraction: share.from, error: `${folder} cannot be read: ${refusalText(error)}.` };
    return;
  }
  for (const [index, entry] of entries.entries()) {
    const path = childPath(folder, entry.name);
    const own = shareOf(share, index, entries.length);
    // Links are not followed: they lead out of the folder, or in circles.
    if (entry.isDirectory()) yield* walkFolder(path, false, own, around);
    else if (entry.isFile()) yield { path, isNamed: false, fraction: own.from, error: null };
    else around.skip();
  }
}

/** What is not there is left to the reader of files, which says so. */
const isFolder = (path: string): boolean => {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
};

/**
 * @param paths files and folders; a link among them is followed, one below a folder is not
 * @param list default: as the file system has it
 * @param skip called for every entry below a folder that is neither a folder nor a regular file: a link, a pipe, a device
 * @returns never throws: what cannot be listed is found with its error
 */
export function* walk(
  paths: readonly string[],
  list: ListFolder = entriesOf,
  skip: () => void = () => {},
): Generator<FoundFile> {
  for (const [index, path] of paths.entries()) {
    const share = shareOf({ from: 0, size: 1 }, index, paths.length);
    if (isFolder(path)) yield* walkFolder(path, true, share, { list, skip });
    else yield { path, isNamed: true, fraction: share.from, error: null };
  }
}
