// What the driver is made of, and how its C is compiled for Windows. One list for the builds, the checks and the analysers.

import { availableParallelism } from 'node:os';
import { basename } from 'node:path';
import { filesBelow, inRoot } from './paths.mjs';
import { run } from './run.mjs';

const cFiles = (...folder) => filesBelow(inRoot(...folder), (path) => path.endsWith('.c'));

/** The .c files of the shippable driver, absolute. */
export const driverSources = () => [...cFiles('driver', 'core'), ...cFiles('driver', 'wdm')];

/** What the test build links in place of driver/wdm/names.c and of imports (facts/wine.md 8); none until it exists. */
export const seamSources = () => cFiles('test', 'wine', 'driver', 'seam');

const FOLDERS = ['core', 'wdm', 'include'].map((folder) => inRoot('driver', folder));

/** Every file a build reads, and the folders they are in, which are younger once a file was taken out. */
export const driverInputs = () => [
  ...FOLDERS,
  ...FOLDERS.flatMap((folder) => filesBelow(folder)),
  ...filesBelow(inRoot('test', 'wine', 'driver', 'seam')),
  inRoot('driver', 'trustlet.rc'),
  inRoot('test', 'wine', 'driver', 'trustlet-sim.rc'),
];

/** The driver kit's headers of mingw-w64: as system headers, because they warn (facts/wine.md 11). */
export const DDK = '/usr/share/mingw-w64/include/ddk';

export const INCLUDES = FOLDERS.flatMap((folder) => ['-I', folder]);

const WARNINGS = [
  '-Wall',
  '-Wextra',
  '-Werror',
  '-Wconversion',
  '-Wsign-conversion',
  '-Wshadow',
  '-Wvla',
  '-Wmissing-prototypes',
  '-Wstrict-prototypes',
  '-Wundef',
  '-Wcast-qual',
  '-Wwrite-strings',
  '-Wformat=2',
  // A kernel stack is some 20 KB, and there is no stack probe below it (facts/wine.md 11).
  '-Wframe-larger-than=1024',
];

/** For x86_64-w64-mingw32-gcc: the artefact. */
export const GCC_FLAGS = [
  '-std=c11',
  '-O2',
  ...WARNINGS,
  '-Wlogical-op',
  '-Wduplicated-cond',
  '-Wduplicated-branches',
  '-fcf-protection=full',
  '-fno-ident',
  '-mno-stack-arg-probe',
  '-isystem',
  DDK,
  ...INCLUDES,
];

/** For clang with mingw's headers: the second opinion. */
export const CLANG_FLAGS = [
  '--target=x86_64-w64-windows-gnu',
  '-std=c11',
  '-ffreestanding',
  '-fasynchronous-unwind-tables',
  '-O2',
  ...WARNINGS,
  '-Wimplicit-fallthrough',
  '-Wcomma',
  '-Wunreachable-code',
  '-Wassign-enum',
  // mingw's headers declare these two twice, which clang makes into a definition in every object.
  '-D__INTRINSIC_DEFINED_InterlockedBitTestAndSet',
  '-D__INTRINSIC_DEFINED_InterlockedBitTestAndReset',
  '-isystem',
  DDK,
  ...INCLUDES,
];

/**
 * Runs jobs, as many at a time as there are processors, and keeps their order.
 * @template T
 * @param {(() => Promise<T>)[]} jobs
 * @returns {Promise<T[]>}
 */
export async function inParallel(jobs) {
  const results = new Array(jobs.length);
  let next = 0;
  const worker = async () => {
    while (next < jobs.length) {
      const index = next++;
      results[index] = await jobs[index]();
    }
  };
  await Promise.all(Array.from({ length: Math.min(jobs.length, availableParallelism()) }, worker));
  return results;
}

/** Runs a tool and throws its complaint. */
export async function must(command, args, what, timeout = 180) {
  const result = await run(command, args, { timeout });
  if (result.exitCode !== 0) throw new Error(`${what}:\n${result.stdout}${result.stderr}`);
  return result;
}

/**
 * Compiles sources into a folder, and throws everything that any of them was blamed for.
 * @param {{ compiler: string, flags: string[], sources: string[], folder: string }} job
 * @returns {Promise<string[]>} the object files, in the order of the sources
 */
export async function compileAll({ compiler, flags, sources, folder }) {
  const outcomes = await inParallel(
    sources.map((source) => async () => {
      const object = `${folder}/${basename(source, '.c')}.o`;
      const result = await run(compiler, [...flags, '-c', source, '-o', object], { timeout: 120 });
      return { object, complaint: result.exitCode === 0 ? '' : `${result.stdout}${result.stderr}` };
    }),
  );
  const complaints = outcomes.map(({ complaint }) => complaint).join('');
  if (complaints !== '') throw new Error(`${basename(compiler)} does not accept the driver:\n${complaints}`);
  return outcomes.map(({ object }) => object);
}
