// node scripts/build-ntsim.mjs [linux|win32|test ...]: builds the simulated NT kernel (driver/ntsim) into build/ntsim/.

import { existsSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { filesBelow, inBuild, inRoot } from './lib/paths.mjs';
import { run, which } from './lib/run.mjs';

/** @typedef {'linux' | 'win32' | 'test'} NtsimTarget */

const WARNINGS = ['-Wall', '-Wextra', '-Wconversion', '-Wsign-conversion', '-Wshadow', '-Wvla', '-Wmissing-prototypes'];
const COMMON = ['-std=c11', '-g', '-Werror', ...WARNINGS];
const SANITIZERS = ['-fsanitize=address,undefined', '-fno-sanitize-recover=all', '-fno-omit-frame-pointer'];

/** @type {Record<NtsimTarget, { output: string, compilers: string[], flags: string[], withTests: boolean }>} */
const TARGETS = {
  linux: {
    output: 'libntsim.so',
    compilers: ['gcc'],
    flags: ['-O2', '-fPIC', '-shared', '-fvisibility=hidden', '-pthread', '-Wl,--no-undefined'],
    withTests: false,
  },
  win32: {
    output: 'ntsim.dll',
    compilers: ['x86_64-w64-mingw32-gcc-posix', 'x86_64-w64-mingw32-gcc'],
    flags: ['-O2', '-shared', '-static', '-Wl,--no-insert-timestamp'],
    withTests: false,
  },
  test: {
    output: 'ntsim-test',
    compilers: ['gcc'],
    flags: ['-O1', '-pthread', ...SANITIZERS, '-I', inRoot('driver', 'ntsim')],
    withTests: true,
  },
};

const modified = (path) => statSync(path).mtimeMs;

/**
 * Builds one target unless its output is newer than every source.
 * @param {{ target: NtsimTarget }} options `linux`: the library for this system; `win32`: the same as a DLL; `test`: the C
 * tests as a program, with address and undefined-behaviour sanitizers
 * @returns {Promise<string>} the absolute path of the library or program
 * @throws {Error} for an unknown target, a missing compiler, or a compiler's complaint
 */
export async function buildNtsim({ target }) {
  const recipe = Object.hasOwn(TARGETS, target) ? TARGETS[target] : undefined;
  if (recipe === undefined)
    throw new Error(`ntsim has no target '${target}'; there are ${Object.keys(TARGETS).join(', ')}`);
  const folder = inRoot('driver', 'ntsim');
  // The kernel for the driver (ddk/, kernel/, test/kernel/) is built by build-host.mjs: its services have the same names.
  const folders = recipe.withTests ? [folder, join(folder, 'test')] : [folder];
  const wanted = (path) => /\.[ch]$/.test(path) && folders.includes(dirname(path));
  const files = filesBelow(folder, wanted);
  const output = inBuild('ntsim', recipe.output);
  const newest = Math.max(modified(fileURLToPath(import.meta.url)), ...files.map(modified));
  if (existsSync(output) && modified(output) > newest) return output;

  const compiler = recipe.compilers.find((name) => which(name) !== undefined);
  if (compiler === undefined)
    throw new Error(`ntsim for ${target} needs ${recipe.compilers.join(' or ')}; run node scripts/setup.mjs`);
  // In a folder of its own first: several test files may build at the same time, and a DLL remembers its file's name.
  const ownFolder = join(dirname(output), `.building-${process.pid}-${target}`);
  const partial = join(ownFolder, recipe.output);
  mkdirSync(ownFolder, { recursive: true });
  const sources = files.filter((path) => path.endsWith('.c'));
  try {
    const result = await run(compiler, [...COMMON, ...recipe.flags, '-o', partial, ...sources], { timeout: 180 });
    if (result.exitCode !== 0)
      throw new Error(`${compiler} could not build ntsim for ${target}:\n${result.stdout}${result.stderr}`);
    renameSync(partial, output);
  } finally {
    rmSync(ownFolder, { recursive: true, force: true });
  }
  return output;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const targets = process.argv.length > 2 ? process.argv.slice(2) : ['linux'];
  for (const target of targets) console.log(await buildNtsim({ target: /** @type {NtsimTarget} */ (target) }));
}
