// Small Windows programs of the tests and of the harness itself, built with mingw when their sources are newer.

import { existsSync, mkdirSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { LINK_FLAGS, mingw } from '../build-driver.mjs';
import { compileAll, GCC_FLAGS, must } from './driver-sources.mjs';
import { filesBelow, inBuild, inRoot } from './paths.mjs';

const FLAGS = ['-std=gnu11', '-O1', '-static', '-Wall', '-Wextra', '-Werror', '-Wconversion', '-Wsign-conversion'];

const modified = (path) => statSync(path).mtimeMs;

/**
 * Builds one program from its sources and the protocol's header.
 * @param {string} name without `.exe`
 * @param {string[]} sources
 * @returns {Promise<string>} its path
 * @throws {Error} what the compiler does not like
 */
export async function buildClient(name, sources) {
  const folder = inBuild('wine-driver');
  const output = join(folder, `${name}.exe`);
  const inputs = [
    ...sources,
    ...filesBelow(inRoot('driver', 'include')),
    ...filesBelow(inRoot('test', 'wine'), (path) => path.endsWith('.h')),
  ];
  if (existsSync(output) && modified(output) > Math.max(...inputs.map(modified))) return output;
  mkdirSync(folder, { recursive: true });
  const fresh = `${output}.${process.pid}`;
  await must(
    mingw(),
    [...FLAGS, '-I', inRoot('driver', 'include'), '-o', fresh, ...sources],
    `${name}.exe does not compile`,
  );
  renameSync(fresh, output);
  return output;
}

/** The harness's own program. */
export const buildDriverTool = () => buildClient('driver_tool', [inRoot('test', 'wine', 'harness', 'driver_tool.c')]);

/**
 * Builds the driver that crashes when it is asked to (test/wine/harness/crashing_driver.c).
 * @returns {Promise<string>} its path
 */
export async function buildCrashingDriver() {
  const folder = inBuild('wine-driver', 'crashing');
  mkdirSync(folder, { recursive: true });
  const compiler = mingw();
  const sources = [inRoot('test', 'wine', 'harness', 'crashing_driver.c')];
  const objects = await compileAll({ compiler, flags: GCC_FLAGS, sources, folder });
  const output = join(folder, 'trustlet-crashing.sys');
  await must(compiler, [...LINK_FLAGS, '-o', output, ...objects, '-lntoskrnl'], 'the crashing driver does not link');
  return output;
}

/** The program that stands in for a scenario's processes. */
export const buildStandIns = () => buildClient('stand_ins', [inRoot('test', 'wine', 'harness', 'stand_ins.c')]);
