// The tarball that npm would publish, with the prebuilt addon in it.

import { existsSync, mkdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { buildWin32Addon } from './addon-build.mjs';
import { filesBelow, inRoot } from './paths.mjs';
import { run } from './run.mjs';

/** The addon's file in the package. */
export const PREBUILT = 'prebuilds/win32-x64/trustlet.node';

/** @returns {Record<string, any>} package.json */
export const manifest = () => JSON.parse(readFileSync(inRoot('package.json'), 'utf8'));

/**
 * @typedef {object} Tarball
 * @property {string} path
 * @property {{ path: string, size: number }[]} files what is in it
 * @property {number} size bytes, packed
 * @property {number} unpackedSize bytes
 */

/**
 * Builds the addon and packs; the repository must be compiled.
 * @param {string} folder where the tarball goes; emptied
 * @returns {Promise<Tarball>}
 */
export async function packTarball(folder) {
  await buildWin32Addon();
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  // Without scripts: what they would do was done by the `build` suite and above, and other suites are reading dist/.
  const args = ['pack', '--json', '--ignore-scripts', '--loglevel=error', '--pack-destination', folder];
  const packed = await run('npm', args, { timeout: 120 });
  if (packed.exitCode !== 0) throw new Error(`npm pack: ${packed.stdout}${packed.stderr}`);
  const [{ filename, files, size, unpackedSize }] = JSON.parse(packed.stdout);
  return { path: join(folder, filename), files, size, unpackedSize };
}

/**
 * Unpacks a tarball of npm's.
 * @param {string} tarball
 * @param {string} folder made where it is missing
 */
export async function unpack(tarball, folder) {
  mkdirSync(folder, { recursive: true });
  const done = await run('tar', ['-xzf', tarball, '-C', folder, '--strip-components=1']);
  if (done.exitCode !== 0) throw new Error(`${tarball} does not unpack: ${done.stderr}`);
}

/** What the addon for Windows is made of. */
const ADDON_SOURCE =
  /^(?:CMakeLists\.txt|cmake\/.*|scripts\/gen-napi-imports\.mjs|native\/(?:win32\/)?[^/]+\.(?:cc|c|h))$/;

const modified = (path) => statSync(path).mtimeMs;

/**
 * Why the package must not be packed, or published, as it lies there.
 * @param {string} [root] another folder than the repository's
 * @returns {string[]} none when all is well
 */
export function obstaclesToPacking(root = inRoot()) {
  const below = (folder) => filesBelow(join(root, folder)).map((path) => relative(root, path).replaceAll('\\', '/'));
  const strangers = below('prebuilds')
    .filter((path) => path !== PREBUILT)
    .map((path) => `${path} is no addon that this package ships: remove it`);
  const problem = (what) => [`${PREBUILT} ${what}: build it with \`npm run build:addon\``, ...strangers];

  const path = join(root, PREBUILT);
  if (!existsSync(path)) return problem('is missing');
  if (readFileSync(path).toString('latin1', 0, 2) !== 'MZ') return problem('is no file for Windows');
  const newer = ['CMakeLists.txt', ...['cmake', 'native', 'scripts'].flatMap(below)].filter(
    (source) =>
      ADDON_SOURCE.test(source) && existsSync(join(root, source)) && modified(join(root, source)) > modified(path),
  );
  if (newer.length > 0) return problem(`is older than ${newer.join(', ')}`);
  return strangers;
}
