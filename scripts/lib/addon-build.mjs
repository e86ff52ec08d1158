// How the addon is built (CMakeLists.txt, native/binding.gyp): the host build for tests on this Linux, and the prebuilt file for Windows.

import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inBuild, inRoot } from './paths.mjs';
import { cleanEnvironment, run, which } from './run.mjs';

/** @typedef {'plain' | 'asan'} AddonVariant `asan`: address and undefined-behaviour sanitizers; node needs libasan preloaded */

/** @type {Record<AddonVariant, string[]>} */
const VARIANTS = {
  plain: ['-DCMAKE_BUILD_TYPE=RelWithDebInfo', '-DTRUSTLET_SANITIZE=OFF'],
  asan: ['-DCMAKE_BUILD_TYPE=RelWithDebInfo', '-DTRUSTLET_SANITIZE=ON'],
};

async function must(command, args, { what, ...options }) {
  const result = await run(command, args, { timeout: 600, ...options });
  if (result.exitCode !== 0) throw new Error(`${what} failed:\n${result.stdout}${result.stderr}`);
  return result.stdout;
}

function need(programs) {
  const missing = programs.filter((program) => which(program) === undefined);
  if (missing.length > 0) throw new Error(`the addon's build needs ${missing.join(', ')}; run node scripts/setup.mjs`);
}

/** Ninja where there is one: it does nothing in a tenth of a second. */
const generator = () => (which('ninja') === undefined ? [] : ['-G', 'Ninja']);

/** One build at a time in a folder: test files that run in parallel ask for the same one. */
async function withLock(folder, use) {
  const lock = `${folder}.lock`;
  mkdirSync(join(folder, '..'), { recursive: true });
  for (let waited = 0; ; waited += 1) {
    try {
      mkdirSync(lock);
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
      if (waited === 3000) throw new Error(`another build holds ${lock}; remove it if none runs`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
  const unlock = () => rmSync(lock, { recursive: true, force: true });
  process.once('exit', unlock);
  try {
    return await use();
  } finally {
    process.removeListener('exit', unlock);
    unlock();
  }
}

/**
 * Builds the addon for this Linux over the simulated kernel; what is up to date is not built again.
 * @param {{ variant?: AddonVariant }} [options]
 * @returns {Promise<string>} absolute path of trustlet_host.node
 * @throws {Error} for an unknown variant, a missing tool, or a compiler's complaint
 */
export async function buildHostAddon({ variant = 'plain' } = {}) {
  const flags = Object.hasOwn(VARIANTS, variant) ? VARIANTS[variant] : undefined;
  if (flags === undefined)
    throw new Error(`the addon has no variant '${variant}'; there are ${Object.keys(VARIANTS).join(', ')}`);
  need(['cmake', 'g++']);
  const folder = inBuild('addon', variant);
  return withLock(folder, async () => {
    if (!existsSync(join(folder, 'CMakeCache.txt')))
      await must('cmake', ['-S', inRoot(), '-B', folder, ...generator(), ...flags], { what: 'cmake' });
    await must('cmake', ['--build', folder], { what: `the host build (${variant})` });
    return join(folder, 'trustlet_host.node');
  });
}

/**
 * Builds the program that stresses the host build's devices under the thread sanitizer.
 * @returns {Promise<string>} its path
 */
export async function buildStress() {
  need(['cmake', 'g++']);
  const folder = inBuild('addon', 'tsan');
  return withLock(folder, async () => {
    const flags = ['-DCMAKE_BUILD_TYPE=RelWithDebInfo', '-DTRUSTLET_STRESS=ON'];
    if (!existsSync(join(folder, 'CMakeCache.txt')))
      await must('cmake', ['-S', inRoot(), '-B', folder, ...generator(), ...flags], { what: 'cmake' });
    await must('cmake', ['--build', folder, '--target', 'device_stress'], { what: 'the stress test' });
    return join(folder, 'device_stress');
  });
}

/**
 * Builds the addon for 64-bit Windows with mingw.
 * @param {{ folder?: string }} [options] the build folder; another one than the default is for a second, independent build
 * @returns {Promise<string>} absolute path of trustlet.node
 */
async function crossBuild({ folder = inBuild('addon', 'win32-x64') } = {}) {
  need(['cmake', 'x86_64-w64-mingw32-g++']);
  const toolchain = `-DCMAKE_TOOLCHAIN_FILE=${inRoot('cmake', 'mingw-w64-x86_64.cmake')}`;
  if (!existsSync(join(folder, 'CMakeCache.txt')))
    await must('cmake', ['-S', inRoot(), '-B', folder, ...generator(), '-DCMAKE_BUILD_TYPE=Release', toolchain], {
      what: 'cmake',
    });
  await must('cmake', ['--build', folder], { what: 'the build for Windows' });
  return join(folder, 'trustlet.node');
}

/**
 * Builds prebuilds/win32-x64/trustlet.node. prebuildify names it and puts it there; its build step is ours, in a folder of its
 * own: a Windows file in build/Release would be what node-gyp-build takes first on this system, too (facts/node-native.md 1).
 * @param {{ folder?: string, out?: string }} [options] another build folder, another place than the root for prebuilds/
 * @returns {Promise<{ path: string, sha256: string }>}
 */
export async function buildWin32Addon({ folder = inBuild('addon', 'win32-x64'), out = inRoot() } = {}) {
  return withLock(folder, async () => {
    const built = await crossBuild({ folder });
    const staging = `${folder}-staging`;
    rmSync(staging, { recursive: true, force: true });
    mkdirSync(staging, { recursive: true });
    cpSync(inRoot('package.json'), join(staging, 'package.json'));
    const step = join(staging, 'build-step.sh');
    writeFileSync(step, '#!/bin/sh\nmkdir -p build/Release && cp "$TRUSTLET_BUILT" build/Release/trustlet.node\n', {
      mode: 0o755,
    });
    const prebuildify = inRoot('node_modules', 'prebuildify', 'bin.js');
    await must(
      process.execPath,
      [prebuildify, '--napi', '--platform', 'win32', '--arch', 'x64', '--cwd', staging, '--out', out],
      {
        what: 'prebuildify',
        cwd: staging,
        env: { ...cleanEnvironment(), PREBUILD_NODE_GYP: step, TRUSTLET_BUILT: built },
      },
    );
    rmSync(staging, { recursive: true, force: true });
    const path = join(out, 'prebuilds', 'win32-x64', 'trustlet.node');
    return { path, sha256: createHash('sha256').update(readFileSync(path)).digest('hex') };
  });
}

/** A folder of headers for node-gyp without a download: node-api-headers and a small common.gypi (facts/node-native.md 2). */
function makeNodeDir(folder) {
  const include = join(folder, 'include', 'node');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(include, { recursive: true });
  cpSync(inRoot('node_modules', 'node-api-headers', 'include'), include, { recursive: true });
  const settings = {
    variables: {
      'target_arch%': 'x64',
      'host_arch%': 'x64',
      'library%': 'shared_library',
      'visibility%': 'hidden',
      'node_engine%': 'v8',
      'python%': 'python3',
    },
    target_defaults: {
      default_configuration: 'Release',
      configurations: { Debug: { cflags: ['-g', '-O0'] }, Release: { cflags: ['-O2'] } },
    },
  };
  writeFileSync(join(include, 'common.gypi'), JSON.stringify(settings));
}

/**
 * Builds with native/binding.gyp as a user's rebuild does, with mingw: what that compiles, compiles, and lands where the loader looks. In a
 * copy, because it leaves a file for Windows in build/Release.
 * @returns {Promise<string>} absolute path of trustlet.node
 */
export async function buildWithGyp() {
  need(['make', 'python3', 'x86_64-w64-mingw32-g++']);
  const folder = inBuild('addon', 'gyp');
  return withLock(folder, async () => {
    rmSync(folder, { recursive: true, force: true });
    for (const part of ['native', 'package.json', 'scripts/gen-napi-imports.mjs'])
      cpSync(inRoot(part), join(folder, part), { recursive: true });
    const nodeDir = inBuild('addon', 'nodedir');
    makeNodeDir(nodeDir);
    const gyp = inRoot('node_modules', 'node-gyp', 'bin', 'node-gyp.js');
    const compilers = { CC: 'gcc', CXX: 'g++', AR: 'ar' };
    const env = Object.fromEntries(
      Object.entries(compilers).map(([name, program]) => [name, `x86_64-w64-mingw32-${program}`]),
    );
    await must(process.execPath, [gyp, 'rebuild', '--directory=native', `--nodedir=${nodeDir}`, '--', '-Dmingw=1'], {
      what: 'node-gyp rebuild',
      cwd: folder,
      env: { ...cleanEnvironment(), ...env },
    });
    return join(folder, 'build', 'Release', 'trustlet.node');
  });
}

/**
 * Builds with CMakeLists.txt through cmake-js, with mingw. By `binary.napi_versions` of package.json it takes the headers from
 * node-api-headers and downloads nothing (facts/node-native.md 2).
 * @returns {Promise<string>} absolute path of trustlet.node
 */
export async function buildWithCmakeJs() {
  need(['cmake', 'x86_64-w64-mingw32-g++']);
  const folder = inBuild('addon', 'cmake-js');
  return withLock(folder, async () => {
    const toolchain = `--CDCMAKE_TOOLCHAIN_FILE=${inRoot('cmake', 'mingw-w64-x86_64.cmake')}`;
    const program = inRoot('node_modules', 'cmake-js', 'bin', 'cmake-js');
    await must(process.execPath, [program, 'compile', '-O', folder, toolchain], { what: 'cmake-js' });
    return join(folder, 'Release', 'trustlet.node');
  });
}
