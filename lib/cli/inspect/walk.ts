/** The files below the paths that were named, in sorted order, one at a time. */
import { type Dirent, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

export interface FoundFile {
  readonly path: string;
  /** It was named itself, not found in a folder. */
  readonly isNamed: boolean;
  /** How much of the whole lies before it: 0 … 1, by folders, since nothing is counted beforehand. */
  readonly fraction: number;
  /** Why there is nothing to read: a folder that cannot be listed, a path that does not exist. */
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

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

const entriesOf = (folder: string): Dirent[] =>
  readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));

function* walkFolder(folder: string, share: Share): Generator<FoundFile> {
  let entries: Dirent[];
  try {
    entries = entriesOf(folder);
  } catch (error) {
    yield {
      path: folder,
      isNamed: false,
      fraction: share.from,
      error: `The folder cannot be read: ${reasonOf(error)}.`,
    };
    return;
  }
  for (const [index, entry] of entries.entries()) {
    const path = join(folder, entry.name);
    const own = shareOf(share, index, entries.length);
    // Links are not followed: they lead out of the folder, or in circles.
    if (entry.isDirectory()) yield* walkFolder(path, own);
    else if (entry.isFile()) yield { path, isNamed: false, fraction: own.from, error: null };
  }
}

/**
 * @param paths files and folders; a link among them is followed, one below a folder is not
 * @returns never throws: what cannot be listed is found with its error
 */
export function* walk(paths: readonly string[]): Generator<FoundFile> {
  for (const [index, path] of paths.entries()) {
    const share = shareOf({ from: 0, size: 1 }, index, paths.length);
    let isFolder: boolean;
    try {
      isFolder = statSync(path).isDirectory();
    } catch (error) {
      yield { path, isNamed: true, fraction: share.from, error: `${path} cannot be read: ${reasonOf(error)}.` };
      continue;
    }
    if (isFolder) yield* walkFolder(path, share);
    else yield { path, isNamed: true, fraction: share.from, error: null };
  }
}
