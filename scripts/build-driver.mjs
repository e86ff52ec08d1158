// npm run build:driver: builds build/driver/trustlet.sys with mingw-w64 and, where the test seam exists, trustlet-sim.sys.
// node scripts/build-driver.mjs --check: also builds it again elsewhere and compares the bytes, and asks clang and lld for a
// second opinion; the last line is `N passed, N failed`.
// These are test artefacts. The driver to ship is built with the WDK (docs/driver.md), signed, and has not been run here.

import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  CLANG_FLAGS,
  compileAll,
  driverInputs,
  driverSources,
  GCC_FLAGS,
  must,
  seamSources,
} from './lib/driver-sources.mjs';
import { inBuild, inRoot } from './lib/paths.mjs';
import { which } from './lib/run.mjs';

/** The link line of facts/wine.md 11, which says what each word is for. */
export const LINK_FLAGS = [
  '-nostdlib',
  ...['--subsystem,native', '--entry,DriverEntry', '--dynamicbase', '--high-entropy-va', '--nxcompat', '--wdmdriver'],
  ...['--forceinteg', '--enable-reloc-section', '--exclude-all-symbols', '--no-insert-timestamp'],
  ...['--major-os-version=10', '--minor-os-version=0', '--major-subsystem-version=10', '--minor-subsystem-version=0'],
  '--fatal-warnings',
].map((flag, index) => (index === 0 ? flag : `-Wl,${flag}`));

export const firstOf = (...programs) => {
  const found = programs.find((program) => which(program) !== undefined);
  if (found === undefined) throw new Error(`the driver needs ${programs.join(' or ')}; run node scripts/setup.mjs`);
  return found;
};
export const mingw = () => firstOf('x86_64-w64-mingw32-gcc-posix', 'x86_64-w64-mingw32-gcc');

/** Compiles a version resource. */
export async function resource(script, object) {
  await must(
    firstOf('x86_64-w64-mingw32-windres'),
    ['-O', 'coff', '--include-dir', inRoot('driver'), '-i', script, '-o', object],
    'the version resource does not compile',
  );
  return object;
}

/** Compiles and links with mingw into a folder of its own. */
async function buildInto(folder) {
  mkdirSync(folder, { recursive: true });
  const compiler = mingw();
  const link = (output, objects) =>
    must(
      compiler,
      [...LINK_FLAGS, '-o', join(folder, output), ...objects, '-lntoskrnl'],
      `${output} does not link`,
    ).then(() => join(folder, output));
  const objects = await compileAll({ compiler, flags: GCC_FLAGS, sources: driverSources(), folder });
  const built = [
    await link('trustlet.sys', [
      ...objects,
      await resource(inRoot('driver', 'trustlet.rc'), join(folder, 'version.res.o')),
    ]),
  ];
  if (seamSources().length > 0) {
    const seamFolder = join(folder, 'seam');
    mkdirSync(seamFolder, { recursive: true });
    const seam = await compileAll({ compiler, flags: GCC_FLAGS, sources: seamSources(), folder: seamFolder });
    const version = await resource(
      inRoot('test', 'wine', 'driver', 'trustlet-sim.rc'),
      join(folder, 'version-sim.res.o'),
    );
    // The very objects of the production build, less its names: what the seam defines wins over the import library.
    const production = objects.filter((object) => basename(object) !== 'names.o');
    built.push(await link('trustlet-sim.sys', [...production, ...seam, version]));
  }
  return built;
}

const modified = (path) => statSync(path).mtimeMs;

/** This script and what it is made of: a change of flags builds again. */
const recipe = () => [fileURLToPath(import.meta.url), inRoot('scripts', 'lib', 'driver-sources.mjs')];

const isFresh = (outputs) => {
  const newest = Math.max(...[...recipe(), ...driverInputs()].map(modified));
  return outputs.every((path) => existsSync(path) && modified(path) > newest);
};

/**
 * Builds the driver with mingw unless the files are newer than everything they are made of.
 * @returns {Promise<{ driver: string, sim: string | undefined }>} absolute paths; `sim` is the test build, which exists only
 * where its seam does
 * @throws {Error} for a missing compiler, or a compiler's complaint
 */
export async function buildDriver() {
  const wanted = seamSources().length > 0 ? ['trustlet.sys', 'trustlet-sim.sys'] : ['trustlet.sys'];
  const outputs = wanted.map((name) => inBuild('driver', name));
  if (!isFresh(outputs)) {
    const folder = inBuild('driver', `.building-${process.pid}`);
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
  return { driver: outputs[0], sim: outputs[1] };
}

/**
 * Compiles and links the same sources with clang and lld. The result loads in Wine too, but its checksum is 0
 * (facts/wine.md 11): an opinion, not an artefact.
 * @returns {Promise<string>} the path of the .sys
 * @throws {Error} as buildDriver
 */
export async function buildWithClang() {
  const output = inBuild('driver', 'trustlet-clang.sys');
  if (isFresh([output])) return output;
  const folder = inBuild('driver', `.building-${process.pid}-clang`);
  mkdirSync(folder, { recursive: true });
  try {
    const objects = await compileAll({
      compiler: firstOf('clang'),
      flags: CLANG_FLAGS,
      sources: driverSources(),
      folder,
    });
    const library = await must(mingw(), ['-print-file-name=libntoskrnl.a'], 'mingw does not say where its library is');
    await must(
      firstOf('lld-link', 'lld-link-14'),
      [
        ...['/driver:wdm', '/subsystem:native,10.0', '/entry:DriverEntry', '/nodefaultlib', '/integritycheck'],
        ...[`/out:${output}`, ...objects, library.stdout.trim()],
      ],
      'lld-link does not link the driver',
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return output;
}

/** Builds it twice, in two folders and from two working directories. @returns {Promise<string | undefined>} what differs */
async function irreproducible() {
  const folders = ['one', 'another/place'].map((name) => inBuild('driver', 'twice', name));
  rmSync(inBuild('driver', 'twice'), { recursive: true, force: true });
  const [first, second] = [await buildInto(folders[0]), await buildInto(folders[1])];
  const different = first.filter((path, index) => !readFileSync(path).equals(readFileSync(second[index])));
  rmSync(inBuild('driver', 'twice'), { recursive: true, force: true });
  return different.length === 0 ? undefined : `built twice, these differ: ${different.map((path) => basename(path))}`;
}

async function check() {
  const checks = {
    'mingw builds it, warnings are errors': async () => void (await buildDriver()),
    'the same sources give the same bytes': irreproducible,
    'clang and lld build it, warnings are errors': async () => void (await buildWithClang()),
  };
  let failed = 0;
  for (const [name, what] of Object.entries(checks)) {
    const complaint = await what().catch((error) => error.message);
    if (complaint !== undefined) failed++;
    console.log(complaint === undefined ? `ok    ${name}` : `FAIL  ${name}\n${complaint}`);
  }
  console.log(`${Object.keys(checks).length - failed} passed, ${failed} failed`);
  return failed === 0;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (process.argv.includes('--check')) process.exitCode = (await check()) ? 0 : 1;
  else
    for (const path of Object.values(await buildDriver())) {
      if (path !== undefined) console.log(path);
    }
}
