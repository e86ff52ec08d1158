// node scripts/build-guard.mjs: builds build/driver/libtrustlet_guard.a, the library for other kernel drivers, and the sample
// driver that uses it, trustlet-sample.sys; where the test seam exists also trustlet-sample-sim.sys (facts/wine.md 8).
// node scripts/build-guard.mjs --check: also pins what the library needs of the kernel, and asks clang and lld for a second
// opinion; the last line is `N passed, N failed`.
// Test artefacts, as with the driver: a vendor builds the library with the WDK (docs/guard-for-drivers.md).

import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { firstOf, LINK_FLAGS, mingw, resource } from './build-driver.mjs';
import { faults } from './check-driver.mjs';
import { CLANG_FLAGS, compileAll, DDK, driverInputs, GCC_FLAGS, must, seamSources } from './lib/driver-sources.mjs';
import { filesBelow, inBuild, inRoot } from './lib/paths.mjs';

const cFiles = (folder) => filesBelow(inRoot('driver', folder), (path) => path.endsWith('.c'));
const INCLUDES = ['-I', inRoot('driver', 'guard')];

/** What of core the library is made of: no I/O, no protocol, and no memory of its own. */
const CORE = ['decide', 'process', 'secure', 'system', 'target', 'thread', 'verdict'];
export const librarySources = () => [...cFiles('guard'), ...CORE.map((name) => inRoot('driver', 'core', `${name}.c`))];
/** The sample secures its device as the driver does. */
const SHARED = ['wdm/security.c', 'core/acl.c'].map((path) => inRoot('driver', path));
export const sampleSources = () => [...cFiles('sample'), ...SHARED];

/** What the sample's test build links beside the driver's seam. */
const SAMPLE_SEAM = inRoot('test', 'wine', 'guard', 'seam.c');

const LIBRARY = 'libtrustlet_guard.a';

async function library(folder, objects) {
  const path = join(folder, LIBRARY);
  // D: no times, no owners, the same bytes every time.
  await must(firstOf('x86_64-w64-mingw32-ar'), ['rcsD', path, ...objects], `${LIBRARY} does not build`);
  return path;
}

/** Compiles into a folder of its own; two files of one name would overwrite one another. */
async function compileInto(folder, compiler, flags, sources) {
  mkdirSync(folder, { recursive: true });
  return compileAll({ compiler, flags: [...flags, ...INCLUDES], sources, folder });
}

/** @returns {Promise<string[]>} the library, the sample, and, with a seam, its test build */
async function buildInto(folder) {
  const compiler = mingw();
  const archive = await library(
    folder,
    await compileInto(join(folder, 'library'), compiler, GCC_FLAGS, librarySources()),
  );
  const objects = await compileInto(join(folder, 'sample'), compiler, GCC_FLAGS, sampleSources());
  const version = await resource(inRoot('driver', 'sample', 'trustlet-sample.rc'), join(folder, 'version.res.o'));
  const link = async (name, seam = []) => {
    const output = join(folder, name);
    // What the seam defines wins over the import library, in the library's objects as in the sample's.
    const inputs = [...objects, ...seam, version, archive];
    await must(compiler, [...LINK_FLAGS, '-o', output, ...inputs, '-lntoskrnl'], `${name} does not link`);
    return output;
  };
  const built = [archive, await link('trustlet-sample.sys')];
  if (seamSources().length > 0) {
    const seam = await compileInto(join(folder, 'seam'), compiler, GCC_FLAGS, seamSources());
    const own = await compileInto(join(folder, 'own-seam'), compiler, GCC_FLAGS, [SAMPLE_SEAM]);
    built.push(await link('trustlet-sample-sim.sys', [...seam, ...own]));
  }
  return built;
}

const modified = (path) => statSync(path).mtimeMs;

const inputs = () => [
  fileURLToPath(import.meta.url),
  SAMPLE_SEAM,
  ...['build-driver.mjs', 'lib/driver-sources.mjs'].map((name) => inRoot('scripts', name)),
  ...driverInputs().filter((path) => existsSync(path)),
  ...['guard', 'sample'].flatMap((name) => [inRoot('driver', name), ...filesBelow(inRoot('driver', name))]),
];

/**
 * Builds library and sample with mingw unless the files are newer than everything they are made of.
 * @returns {Promise<{ library: string, sample: string, sim: string | undefined }>} absolute paths; `sim` is the test build,
 * which exists only where its seam does
 * @throws {Error} for a missing compiler, or a compiler's complaint
 */
export async function buildGuard() {
  const names = [LIBRARY, 'trustlet-sample.sys', ...(seamSources().length > 0 ? ['trustlet-sample-sim.sys'] : [])];
  const outputs = names.map((name) => inBuild('driver', name));
  const newest = Math.max(...inputs().map(modified));
  if (outputs.some((path) => !existsSync(path) || modified(path) <= newest)) {
    const folder = inBuild('driver', `.guard-${process.pid}`);
    const started = new Date();
    try {
      for (const path of await buildInto(folder)) {
        // As old as the moment its sources were first read: one that changed meanwhile makes it stale.
        utimesSync(path, started, started);
        renameSync(path, inBuild('driver', basename(path)));
      }
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
  const [archive, sample, sim] = outputs;
  return { library: archive, sample, sim };
}

// ---- checks ----

const listed = (...path) =>
  readFileSync(inRoot(...path), 'utf8')
    .split('\n')
    .map((line) => line.replace(/#.*/, '').trim())
    .filter((line) => line !== '');

/** A symbol as the kernel's headers call it: without the import's prefix. */
const plain = (symbol) => symbol.replace(/^__imp_/, '');

/** What an archive defines, and what it needs from elsewhere. */
async function symbolsOf(archive) {
  const { stdout } = await must(firstOf('x86_64-w64-mingw32-nm'), ['--extern-only', archive], 'nm does not read it');
  const of = (pattern) => new Set([...stdout.matchAll(pattern)].map(([, name]) => name));
  const defined = of(/^[0-9a-f]+ [A-TV-Z] (\w+)$/gm);
  const needed = [...of(/^\s+U (\w+)$/gm)].filter((name) => !defined.has(name)).map(plain);
  return { defined, needed: [...new Set(needed)].sort() };
}

/** What is wrong with a library, as sentences. */
function libraryFaults({ defined, needed }, { imports, functions }) {
  return [
    ...needed.filter((name) => !imports.includes(name)).map((name) => `it needs ${name}, which is not on the list`),
    ...imports.filter((name) => !needed.includes(name)).map((name) => `it does not need ${name}, which is on the list`),
    ...functions.filter((name) => !defined.has(name)).map((name) => `it lacks ${name}, which its header declares`),
    // An object with the article's two-valued prototype must not link (driver/include/trustlet_secure.h).
    ...(defined.has('IsSecureProcess') ? ['it defines IsSecureProcess, which has two values elsewhere'] : []),
  ];
}

/** Every function that the library's headers declare. */
const declaredFunctions = () =>
  ['trustlet_guard.h', 'trustlet_secure.h'].flatMap((header) =>
    [
      ...readFileSync(inRoot('driver', 'include', header), 'utf8')
        .replaceAll(/\/\*[\s\S]*?\*\//g, '')
        .matchAll(/^(?!typedef|NTSTATUS TL_).*\b(?:VOID|NTSTATUS) (Tl\w+)\(/gm),
    ].map(([, name]) => name),
  );

/** Holds the check to cases that it must object to. */
function checkObjects(symbols, expected) {
  const cases = {
    'it needs KeInsertQueueApc': [{ ...symbols, needed: [...symbols.needed, 'KeInsertQueueApc'] }, expected],
    'it does not need MmCopyVirtualMemory': [
      symbols,
      { ...expected, imports: [...expected.imports, 'MmCopyVirtualMemory'] },
    ],
    'it lacks TlGuardedCall': [{ ...symbols, defined: new Set() }, expected],
    'it defines IsSecureProcess': [{ ...symbols, defined: new Set([...symbols.defined, 'IsSecureProcess']) }, expected],
  };
  return Object.entries(cases)
    .filter(([sentence, [found, wanted]]) => !libraryFaults(found, wanted).join('\n').includes(sentence))
    .map(([sentence]) => `nobody says: ${sentence}`);
}

async function pinned(archive) {
  const expected = { imports: listed('driver', 'guard', 'imports.txt'), functions: declaredFunctions() };
  const symbols = await symbolsOf(archive);
  if (expected.functions.length < 8) return ['the header declares too few functions to be read right'];
  return [...libraryFaults(symbols, expected), ...checkObjects(symbols, expected)];
}

/** The header compiles with nothing but the kit and itself, in C and in C++. */
async function headerAlone() {
  const own = ['-Wall', '-Wextra', '-Werror', '-fsyntax-only', '-isystem', DDK, '-I', inRoot('driver', 'include')];
  const source = inRoot('test', 'driver', 'guard', 'header_alone.c');
  await must(mingw(), [...own, '-std=c11', source], 'the header is no C');
  // mingw's kit defines these two twice, which C++ does not allow.
  const once = ['Set', 'Reset'].map((name) => `-D__INTRINSIC_DEFINED_InterlockedBitTestAnd${name}`);
  const cxx = ['--target=x86_64-w64-windows-gnu', '-std=c++17', '-x', 'c++'];
  await must(firstOf('clang'), [...own, ...once, ...cxx, source], 'the header is no C++');
  return [];
}

/** clang and lld for a second opinion. @returns {Promise<string>} the sample's path */
async function withClang(folder) {
  const clang = firstOf('clang');
  const objects = await compileInto(join(folder, 'library'), clang, CLANG_FLAGS, librarySources());
  objects.push(...(await compileInto(join(folder, 'sample'), clang, CLANG_FLAGS, sampleSources())));
  const kernel = await must(mingw(), ['-print-file-name=libntoskrnl.a'], 'mingw does not say where its library is');
  const output = join(folder, 'trustlet-sample.sys');
  await must(
    firstOf('lld-link', 'lld-link-14'),
    [
      ...['/driver:wdm', '/subsystem:native,10.0', '/entry:DriverEntry', '/nodefaultlib', '/integritycheck'],
      ...[`/out:${output}`, ...objects, kernel.stdout.trim()],
    ],
    'lld-link does not link the sample',
  );
  return output;
}

async function check() {
  const folder = inBuild('driver', `.guard-check-${process.pid}`);
  const imports = listed('driver', 'sample', 'imports.txt').map((name) => `ntoskrnl.exe!${name}`);
  const again = async () => {
    const { library: archive, sample } = await buildGuard();
    const [archive2, sample2] = await buildInto(join(folder, 'again'));
    const differ = [
      [archive, archive2],
      [sample, sample2],
    ].filter(([left, right]) => !readFileSync(left).equals(readFileSync(right)));
    return differ.map(([left]) => `built twice, it differs: ${basename(left)}`);
  };
  const checks = {
    'mingw builds library and sample, warnings are errors': () => buildGuard().then(() => []),
    'the same sources give the same bytes': again,
    'the library needs exactly driver/guard/imports.txt': async () => pinned((await buildGuard()).library),
    'the header stands alone, in C and C++': headerAlone,
    'the sample’s PE image': async () => faults(readFileSync((await buildGuard()).sample), { imports }),
    'clang and lld build them, warnings are errors': async () =>
      // clang copies by a call where gcc copies by moves.
      faults(readFileSync(await withClang(join(folder, 'clang'))), {
        imports: [...imports, 'ntoskrnl.exe!memcpy'],
        checksum: false,
      }),
  };
  let failed = 0;
  try {
    for (const [name, what] of Object.entries(checks)) {
      const wrong = await what().catch((error) => [error.message]);
      if (wrong.length > 0) failed++;
      console.log(wrong.length === 0 ? `ok    ${name}` : `FAIL  ${name}\n      ${wrong.join('\n      ')}`);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  console.log(`${Object.keys(checks).length - failed} passed, ${failed} failed`);
  return failed === 0;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (process.argv.includes('--check')) process.exitCode = (await check()) ? 0 : 1;
  else
    for (const path of Object.values(await buildGuard())) {
      if (path !== undefined) console.log(path);
    }
}
