/** Real PE files that a machine of this project has: what npm brought, what was built, and Wine's own modules. */
import { closeSync, openSync, readdirSync, readSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';

const DOS_MAGIC = 'MZ';
const NAMES = /\.(?:exe|dll|node|sys|drv|ocx|cpl|acm|ax|ds|com)$/i;

const startsAsPe = (path: string): boolean => {
  const file = openSync(path, 'r');
  try {
    const start = Buffer.alloc(2);
    return readSync(file, start, 0, 2, 0) === 2 && start.toString('latin1') === DOS_MAGIC;
  } finally {
    closeSync(file);
  }
};

/** Those below a folder; none where the folder is missing. Links are not followed. */
const peFilesBelow = (folder: string): string[] => {
  let entries: ReturnType<typeof listed>;
  try {
    entries = listed(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  return entries
    .filter((entry) => entry.isFile() && NAMES.test(entry.name))
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .filter(startsAsPe)
    .sort();
};

const listed = (folder: string) => readdirSync(folder, { withFileTypes: true, recursive: true });

/** What npm brought (scripts/wine/package.json) and what was built here. */
export const filesOfRepository = (root: string): { fromNpm: string[]; built: string[] } => ({
  fromNpm: ['scripts/wine/node_modules', 'node_modules', 'build/bench/peers'].flatMap((folder) =>
    peFilesBelow(join(root, folder)),
  ),
  built: ['prebuilds', 'build/driver', 'build/addon/win32-x64'].flatMap((folder) => peFilesBelow(join(root, folder))),
});

/**
 * Wine's modules: where the distribution put them, else the copies in the template prefix of the tests.
 *
 * @param wineserver the program's path
 */
export const filesOfWine = (root: string, wineserver: string): string[] => {
  const program = dirname(realpathSync(wineserver));
  const folders = [
    '/usr/lib/x86_64-linux-gnu/wine',
    '/usr/lib/wine',
    '/usr/lib64/wine',
    join(program, '../lib64/wine'),
    join(program, '../lib/wine'),
    join(root, 'build/wine/template/prefix/drive_c/windows'),
  ];
  for (const folder of folders) {
    const found = peFilesBelow(folder);
    if (found.length > 50) return found;
  }
  return [];
};
