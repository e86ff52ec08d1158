// node scripts/build-host.mjs NAME VARIANT SOURCE...: builds driver C for this host, over the simulated kernel
// (driver/ntsim/kernel), into build/host/VARIANT/NAME. A source is a .c file or a folder of them.

import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { filesBelow, inBuild, inRoot, root } from './lib/paths.mjs';
import { cleanEnvironment, run, which } from './lib/run.mjs';

/** @typedef {'asan' | 'asan-clang' | 'tsan' | 'coverage' | 'fuzz' | 'plain'} HostVariant */

const WARNINGS = ['-Wall', '-Wextra', '-Wconversion', '-Wsign-conversion', '-Wshadow', '-Wvla', '-Wmissing-prototypes'];
const INCLUDES = ['ntsim/ddk', 'ntsim/kernel', 'include', 'core', 'wdm', 'guard'].map((name) => inRoot('driver', name));
const COMMON = ['-std=c11', '-g', '-pthread', '-fshort-wchar', '-D_POSIX_C_SOURCE=200809L', '-Werror', ...WARNINGS];
/** Return addresses are call sites (driver/ntsim/kernel/script.c): each call keeps one of its own. */
const OWN_FRAMES = ['-fno-omit-frame-pointer', '-fno-optimize-sibling-calls', '-fno-ipa-icf'];
const ADDRESS = ['-fsanitize=address,undefined', '-fno-sanitize-recover=all'];

/**
 * `driverOnly`: flags for everything but the simulated kernel, whose branches and edges nobody counts.
 * @type {Record<HostVariant, { compiler: string, flags: string[], driverOnly?: string[], link?: string[] }>}
 */
const VARIANTS = {
  asan: { compiler: 'gcc', flags: ['-O1', ...ADDRESS] },
  'asan-clang': { compiler: 'clang', flags: ['-O1', ...ADDRESS] },
  tsan: { compiler: 'clang', flags: ['-O1', '-fsanitize=thread'] },
  coverage: {
    compiler: 'clang',
    flags: ['-O0'],
    // Atomic: tests with threads would lose counts, and a lost count shows as a branch never taken.
    driverOnly: ['-fprofile-instr-generate', '-fcoverage-mapping', '-fprofile-update=atomic'],
    link: ['-fprofile-instr-generate'],
  },
  fuzz: {
    compiler: 'clang',
    flags: ['-O2', ...ADDRESS],
    driverOnly: ['-fsanitize=fuzzer-no-link'],
    link: ['-fsanitize=fuzzer'],
  },
  plain: { compiler: 'gcc', flags: ['-O2'] },
};

const modified = (path) => statSync(path).mtimeMs;
const isSource = (path) => path.endsWith('.c');
const simulation = inRoot('driver', 'ntsim');

/** The simulated machine and the kernel over it; the library's entry points have the names of the kernel's services. */
export function simulationSources() {
  const own = new Set(['exports.c', 'dos_error.c']);
  return filesBelow(simulation, isSource).filter(
    (path) =>
      (dirname(path) === simulation && !own.has(basename(path))) || dirname(path) === join(simulation, 'kernel'),
  );
}

/** @param {string[]} sources files and folders, absolute or from the root */
function expand(sources) {
  const files = sources.flatMap((source) => {
    const path = resolve(root, source);
    if (!existsSync(path)) throw new Error(`there is no ${source} to build`);
    return statSync(path).isDirectory() ? filesBelow(path, isSource).filter((file) => dirname(file) === path) : [path];
  });
  return [...new Set([...simulationSources(), ...files])];
}

/** Runs jobs, as many at a time as there are processors. */
async function inParallel(jobs) {
  const left = [...jobs];
  const worker = async () => {
    for (let job = left.shift(); job !== undefined; job = left.shift()) await job();
  };
  await Promise.all(Array.from({ length: Math.max(1, availableParallelism()) }, worker));
}

async function mustSucceed(compiler, args, what) {
  const result = await run(compiler, args, { timeout: 180 });
  if (result.exitCode !== 0) throw new Error(`${compiler} could not build ${what}:\n${result.stdout}${result.stderr}`);
}

/**
 * Builds a host program from driver C, the simulated kernel and a test folder. Objects are kept by variant, so that
 * programs share them; what is newer than its sources and headers is not built again.
 * @param {object} options
 * @param {string} options.name file name of the program
 * @param {string[]} options.sources .c files, and folders whose .c files are meant (not those of their subfolders)
 * @param {HostVariant} options.variant `asan`: address and undefined-behaviour sanitizers, gcc; `asan-clang`: the same with
 * clang; `tsan`: threads; `coverage`: for {@link hostCoverage}; `fuzz`: libFuzzer with both; `plain`: none of them
 * @param {string[]} [options.includes] further include folders
 * @param {string[]} [options.flags] further compiler flags, -D for instance
 * @param {string[]} [options.linkFlags] further linker flags, --wrap for instance
 * @returns {Promise<string>} the program's absolute path
 * @throws {Error} for an unknown variant, a missing compiler or source, or a compiler's complaint
 */
export async function buildHost({ name, sources, variant, includes = [], flags = [], linkFlags = [] }) {
  const recipe = Object.hasOwn(VARIANTS, variant) ? VARIANTS[variant] : undefined;
  if (recipe === undefined)
    throw new Error(`no host variant '${variant}'; there are ${Object.keys(VARIANTS).join(', ')}`);
  if (which(recipe.compiler) === undefined)
    throw new Error(`host variant ${variant} needs ${recipe.compiler}; run node scripts/setup.mjs`);
  const files = expand(sources);
  const folders = [...INCLUDES, ...includes.map((path) => resolve(root, path))];
  const headers = [...new Set([simulation, ...folders, ...files.map(dirname)])].flatMap((folder) =>
    filesBelow(folder, (path) => path.endsWith('.h')),
  );
  const newestHeader = Math.max(modified(fileURLToPath(import.meta.url)), ...headers.map(modified));
  const folder = inBuild('host', variant);
  const output = join(folder, name);
  const own = `${process.pid}-${Math.random().toString(36).slice(2)}`;
  const distinction = flags.length === 0 ? '' : `.${Buffer.from(flags.join(' ')).toString('base64url')}`;

  const objects = files.map((source) => ({
    source,
    object: join(folder, 'objects', `${relative(root, source).replaceAll('/', '+')}${distinction}.o`),
  }));
  mkdirSync(join(folder, 'objects'), { recursive: true });
  const stale = ({ source, object }) =>
    !existsSync(object) || modified(object) <= Math.max(newestHeader, modified(source));
  const compile =
    ({ source, object }) =>
    async () => {
      const instrumented = source.startsWith(simulation) ? [] : (recipe.driverOnly ?? []);
      const partial = `${object}.${own}`;
      const paths = folders.flatMap((path) => ['-I', path]);
      await mustSucceed(
        recipe.compiler,
        [
          ...COMMON,
          ...ownFrames(recipe),
          ...recipe.flags,
          ...instrumented,
          ...paths,
          ...flags,
          '-c',
          '-o',
          partial,
          source,
        ],
        `${name} (${variant})`,
      );
      renameSync(partial, object);
    };
  await inParallel(objects.filter(stale).map(compile));

  const newest = Math.max(...objects.map(({ object }) => modified(object)));
  if (existsSync(output) && modified(output) > newest) return output;
  const partial = `${output}.${own}`;
  const list = objects.map(({ object }) => object);
  await mustSucceed(
    recipe.compiler,
    ['-pthread', ...recipe.flags, ...(recipe.link ?? []), ...linkFlags, '-o', partial, ...list, '-ldl'],
    `${name} (${variant})`,
  );
  renameSync(partial, output);
  return output;
}

/** gcc alone folds identical functions. */
const ownFrames = ({ compiler }) => OWN_FRAMES.filter((flag) => compiler === 'gcc' || !flag.startsWith('-fno-ipa'));

/**
 * @typedef {object} FileCoverage
 * @property {string} file from the root
 * @property {{ covered: number, count: number }} lines
 * @property {{ covered: number, count: number }} branches every condition counts twice: true and false
 * @property {string[]} missed `line:column never true` and `never false`
 */

/**
 * Runs a program of the coverage variant and tells what of the driver it reached.
 * @param {object} options
 * @param {string} options.program from {@link buildHost} with variant `coverage`
 * @param {string[][]} [options.runs] the arguments of each run; default: one run without any
 * @param {string} [options.below] only files below this folder, from the root; default driver/core
 * @returns {Promise<{ files: FileCoverage[], exitCode: number, output: string }>} the last run's that failed, or the last's
 */
export async function hostCoverage({ program, runs = [[]], below = 'driver/core' }) {
  const profiles = [];
  let last = { exitCode: 0, output: '' };
  for (const [index, args] of runs.entries()) {
    const profile = `${program}.${process.pid}.${index}.profraw`;
    profiles.push(profile);
    const env = { ...cleanEnvironment(), LLVM_PROFILE_FILE: profile };
    const result = await run(program, args, { env, timeout: 300 });
    if (last.exitCode === 0) last = { exitCode: result.exitCode, output: result.stdout + result.stderr };
  }
  const merged = `${program}.${process.pid}.profdata`;
  const table = `${program}.${process.pid}.json`;
  try {
    await mustSucceed(tool('llvm-profdata'), ['merge', '-sparse', '-o', merged, ...profiles], 'the profile');
    await mustSucceed(
      'sh',
      [
        '-c',
        '"$1" export -format=text -instr-profile="$2" "$3" > "$4"',
        'sh',
        tool('llvm-cov'),
        merged,
        program,
        table,
      ],
      'the coverage table',
    );
    const { data } = JSON.parse(readFileSync(table, 'utf8'));
    const folder = `${inRoot(below)}/`;
    const files = data[0].files.filter(({ filename }) => filename.startsWith(folder)).map(describe);
    return { files, ...last };
  } finally {
    for (const path of [...profiles, merged, table]) rmSync(path, { force: true });
  }
}

/** @returns {FileCoverage} */
function describe({ filename, summary, branches }) {
  const totals = ({ covered, count }) => ({ covered, count });
  const missed = branches.flatMap(([line, column, , , taken, notTaken]) => [
    ...(taken === 0 ? [`${line}:${column} never true`] : []),
    ...(notTaken === 0 ? [`${line}:${column} never false`] : []),
  ]);
  return {
    file: filename.slice(root.length + 1),
    lines: totals(summary.lines),
    branches: totals(summary.branches),
    missed,
  };
}

function tool(program) {
  const found = [program, `${program}-14`].find((name) => which(name) !== undefined);
  if (found === undefined) throw new Error(`coverage needs ${program}; run node scripts/setup.mjs`);
  return found;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [name, variant, ...sources] = process.argv.slice(2);
  console.log(await buildHost({ name, variant: /** @type {HostVariant} */ (variant), sources }));
}
