// Where the scripts find and put things. Everything written goes under build/, which git ignores.

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/[\\/]$/, '');

/** @param {string[]} parts */
export const inRoot = (...parts) => join(root, ...parts);

/** @param {string[]} parts */
export const inBuild = (...parts) => join(root, 'build', ...parts);

/**
 * Every file below a folder, sorted; none when the folder does not exist.
 * @param {string} folder absolute
 * @param {(path: string) => boolean} [wanted]
 * @returns {string[]} absolute paths
 */
export function filesBelow(folder, wanted = () => true) {
  let entries;
  try {
    entries = readdirSync(folder, { withFileTypes: true, recursive: true });
  } catch (error) {
    if (error.code === 'ENOENT') return [];
    throw error;
  }
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .filter(wanted)
    .sort();
}
