// Builds build/bench/libplain.so: bench/native/plain_calls.c, linked with the very objects of the addon's host build.

import { existsSync, mkdirSync, renameSync } from 'node:fs';
import { join, relative } from 'node:path';
import { buildHostAddon } from '../../scripts/build-addon.mjs';
import { filesBelow, inBuild, inRoot } from '../../scripts/lib/paths.mjs';
import { run } from '../../scripts/lib/run.mjs';

/** How the simulated system of CMakeLists.txt is compiled in the variant `plain`, RelWithDebInfo. */
export const FLAGS = ['-std=c11', '-O2', '-g', '-DNDEBUG', '-fPIC', '-fvisibility=hidden', '-fshort-wchar'];
const FRAMES = ['-fno-omit-frame-pointer', '-fno-optimize-sibling-calls', '-fno-ipa-icf'];
const WARNINGS = ['-Wall', '-Wextra', '-Werror', '-Wshadow', '-Wvla', '-Wmissing-prototypes', '-Wconversion'];
const INCLUDES = ['driver/ntsim/ddk', 'driver/ntsim/kernel', 'driver/ntsim', 'driver/include', 'native/host'];

/** Objects whose source is still there: a build folder keeps those of files that are gone. */
const objectsIn = (folder) =>
  filesBelow(folder, (path) => path.endsWith('.c.o') && existsSync(inRoot(relative(folder, path).slice(0, -2))));

/**
 * @returns {Promise<{ addon: string, library: string }>} absolute paths of the addon's host build and of the library beside it
 * @throws {Error} what a compiler does not like
 */
export async function buildPlainCalls() {
  const addon = await buildHostAddon({ variant: 'plain' });
  const objects = objectsIn(inBuild('addon', 'plain', 'CMakeFiles', 'simulated_system.dir'));
  const library = inBuild('bench', 'libplain.so');
  const fresh = `${library}.${process.pid}`;
  mkdirSync(join(library, '..'), { recursive: true });
  const result = await run(
    'gcc',
    [
      ...FLAGS,
      ...FRAMES,
      ...WARNINGS,
      '-D_POSIX_C_SOURCE=200809L',
      ...INCLUDES.flatMap((path) => ['-I', inRoot(path)]),
      '-shared',
      '-pthread',
      '-Wl,-z,nodelete,-Bsymbolic,--no-undefined',
      '-o',
      fresh,
      inRoot('bench', 'native', 'plain_calls.c'),
      ...objects,
      '-ldl',
    ],
    { timeout: 120 },
  );
  if (result.exitCode !== 0) throw new Error(`the calls in plain C do not build:\n${result.stdout}${result.stderr}`);
  renameSync(fresh, library);
  return { addon, library };
}
