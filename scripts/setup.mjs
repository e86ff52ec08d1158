// node scripts/setup.mjs: finds what the tests need and, as root on a Debian with apt-get, installs what is missing.

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inRoot } from './lib/paths.mjs';
import { cleanEnvironment, run, which } from './lib/run.mjs';

const firstOf = (...programs) => programs.map(which).find((path) => path !== undefined);

/** What a compiler prints when asked for a path, if there is something at it. */
function printed(compiler, args, suffix = '') {
  if (which(compiler) === undefined) return undefined;
  const path = spawnSync(compiler, args, { encoding: 'utf8', timeout: 10_000 }).stdout.trim() + suffix;
  return isAbsolute(path) && existsSync(path) ? path : undefined;
}

function sanitizers() {
  const libraries = ['libasan.so', 'libubsan.so'].map((name) => printed('gcc', [`-print-file-name=${name}`]));
  return libraries.every((path) => path !== undefined) ? libraries[0] : undefined;
}

/** What an install of ours leaves behind: the hash of the lock file it installed. */
const stampOf = (folder) => inRoot(folder, 'node_modules', '.trustlet-lock');
const lockHash = (folder) =>
  createHash('sha256')
    .update(readFileSync(inRoot(folder, 'package-lock.json')))
    .digest('hex');

/** @returns finds the packages of a folder with a package.json of its own, installed from its present lock file */
const packagesOf = (folder) => () => {
  const stamp = stampOf(folder);
  if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== lockHash(folder)) return undefined;
  return inRoot(folder, 'node_modules');
};

/**
 * What the suites need. `suites` says what cannot run without it; `packages` are Debian's; `npm` is a folder of packages of its own.
 * @type {{ name: string, find: () => string | undefined, packages: string[], npm?: string, optional?: boolean, suites: string }[]}
 */
const TOOLS = [
  {
    name: 'gcc',
    find: () => firstOf('gcc'),
    packages: ['gcc', 'g++', 'libc6-dev'],
    suites: 'simulated kernel as a Linux library',
  },
  {
    name: 'sanitizers',
    find: sanitizers,
    packages: ['gcc', 'g++', 'libc6-dev'],
    suites: 'C tests of the simulated kernel',
  },
  {
    name: 'mingw',
    find: () => firstOf('x86_64-w64-mingw32-gcc-posix', 'x86_64-w64-mingw32-gcc'),
    packages: ['gcc-mingw-w64-x86-64-posix'],
    suites: 'the driver for Windows and everything in Wine',
  },
  {
    name: 'mingw C++',
    find: () => firstOf('x86_64-w64-mingw32-g++-posix', 'x86_64-w64-mingw32-g++'),
    packages: ['g++-mingw-w64-x86-64-posix'],
    suites: 'the addon for Windows',
  },
  {
    name: 'cmake, make and python',
    find: () =>
      [firstOf('cmake'), firstOf('make'), firstOf('python3'), firstOf('g++')].reduce((all, one) => all && one),
    packages: ['cmake', 'make', 'python3', 'g++'],
    suites: 'the addon, by cmake-js and by node-gyp',
  },
  {
    name: 'wine',
    find: () => (which('wineserver') === undefined ? undefined : firstOf('wine', 'wine64')),
    packages: ['wine', 'wine64'],
    suites: 'everything in Wine',
  },
  {
    name: 'node.exe',
    find: packagesOf('scripts/wine'),
    packages: [],
    npm: 'scripts/wine',
    suites: 'everything in Wine',
  },
  {
    name: 'vitest and jest',
    find: packagesOf('test/runners'),
    packages: [],
    npm: 'test/runners',
    suites: 'the testing kit under other test runners',
  },
  {
    name: 'publint and attw',
    find: packagesOf('test/package'),
    packages: [],
    npm: 'test/package',
    suites: 'what others say of the package, and older compilers',
  },
  {
    name: 'clang',
    find: () => printed('clang', ['-print-resource-dir'], '/lib/linux/libclang_rt.fuzzer-x86_64.a'),
    packages: ['clang', 'libclang-rt-14-dev'],
    suites: "the driver's second compiler, its fuzzers, its thread sanitizer and its coverage",
  },
  {
    name: 'lld',
    find: () => firstOf('lld-link', 'lld-link-14'),
    packages: ['lld'],
    suites: "the driver's second linker",
  },
  {
    name: 'llvm',
    find: () => (which('llvm-readobj') === undefined ? undefined : firstOf('llvm-profdata', 'llvm-profdata-14')),
    packages: ['llvm'],
    suites: "coverage of the driver's C, and the second reader of PE files",
  },
  {
    name: 'chromium',
    find: () => firstOf('chromium', 'chromium-browser', 'google-chrome'),
    packages: ['chromium'],
    suites: 'the page of pictures in a browser',
  },
  {
    name: 'clang-tidy and clang-format',
    find: () => (which('clang-format') === undefined ? undefined : firstOf('clang-tidy')),
    packages: ['clang-tidy', 'clang-format'],
    suites: "static analysis and format of the driver's C",
  },
  {
    name: 'cppcheck',
    find: () => firstOf('cppcheck'),
    packages: ['cppcheck'],
    suites: "static analysis of the driver's C",
  },
  {
    name: '32-bit C',
    find: () => printed('gcc', ['-m32', '-print-file-name=crt1.o']),
    packages: ['gcc-multilib'],
    suites: 'wire vectors of the protocol in 32-bit C',
  },
];

class Tools {
  #found = new Map();
  constructor() {
    this.look();
  }
  look() {
    this.#found = new Map(TOOLS.map((tool) => [tool.name, tool.find()]));
  }
  /** @param {string} name */
  has(name) {
    return this.#found.get(name) !== undefined;
  }
  /** @param {string} name */
  path(name) {
    return this.#found.get(name);
  }
  /** One line for each of the named tools that is missing: what it is, what installs it, what cannot run. */
  explain(names = TOOLS.filter((tool) => !tool.optional).map((tool) => tool.name)) {
    return TOOLS.filter((tool) => names.includes(tool.name) && !this.has(tool.name)).map((tool) => {
      const how = tool.npm
        ? `run \`npm install\` in ${tool.npm}`
        : `Debian: apt-get install ${tool.packages.join(' ')}`;
      return `missing: ${tool.name} (${how}); cannot run: ${tool.suites}`;
    });
  }
}

async function aptInstall(packages, log) {
  const env = { ...cleanEnvironment(), DEBIAN_FRONTEND: 'noninteractive' };
  log(`installing with apt-get: ${packages.join(' ')}`);
  for (const [args, timeout] of [
    [['update', '-q'], 300],
    [['install', '-q', '-y', '--no-install-recommends', ...packages], 900],
  ]) {
    const result = await run('apt-get', args, { env, timeout });
    if (result.exitCode === 0) continue;
    log(
      `apt-get ${args[0]} ended with ${result.exitCode}:\n${(result.stdout + result.stderr).split('\n').slice(-15).join('\n')}`,
    );
    if (args[0] === 'install') return;
  }
}

async function npmInstall(folder, log) {
  log(`installing packages of the test harness: npm install in ${folder}`);
  // Not `npm ci`: it refuses a lock file that leaves out optional packages for systems the registry at hand does not have.
  const result = await run('npm', ['install', '--no-save'], { cwd: inRoot(folder), timeout: 600 });
  if (result.exitCode === 0) writeFileSync(stampOf(folder), lockHash(folder));
  else log(`npm install in ${folder} ended with ${result.exitCode}:\n${result.stdout}${result.stderr}`);
}

/**
 * Looks for the tools, installs what is missing where that is allowed, and looks again.
 * @param {object} [options]
 * @param {string[]} [options.want] names of tools; default: all that are not optional
 * @param {(message: string) => void} [options.log]
 * @returns {Promise<Tools>}
 */
export async function setUp({
  want = TOOLS.filter((tool) => !tool.optional).map((tool) => tool.name),
  log = console.log,
} = {}) {
  const tools = new Tools();
  const missing = () => TOOLS.filter((tool) => want.includes(tool.name) && !tools.has(tool.name));

  const packages = [...new Set(missing().flatMap((tool) => tool.packages))];
  if (packages.length > 0 && process.getuid?.() === 0 && which('apt-get') !== undefined) {
    await aptInstall(packages, log);
    tools.look();
  }
  for (const { name, npm } of missing()) {
    if (npm !== undefined && (name !== 'node.exe' || tools.has('wine'))) await npmInstall(npm, log);
  }
  tools.look();
  return tools;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const tools = await setUp();
  for (const { name } of TOOLS) if (tools.has(name)) console.log(`found: ${name} (${tools.path(name)})`);
  const missing = tools.explain();
  for (const line of missing) console.log(line);
  process.exitCode = missing.length === 0 ? 0 : 1;
}
