// node scripts/check-driver.mjs: checks the built drivers' PE images, and checks the check: each rule must object to an image
// with one thing changed. The last line is `N passed, N failed`.

import { existsSync, readFileSync } from 'node:fs';
import { basename, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildDriver, buildWithClang } from './build-driver.mjs';
import { driverSources } from './lib/driver-sources.mjs';
import { inRoot, root } from './lib/paths.mjs';
import { checksumOf, DIRECTORY, layoutOf, readImage } from './lib/pe.mjs';
import { run, which } from './lib/run.mjs';

/** DllCharacteristics a driver of today has (facts/nt.md 7.4, facts/wine.md 11). */
const FLAGS = {
  HIGH_ENTROPY_VA: 0x20,
  DYNAMIC_BASE: 0x40,
  FORCE_INTEGRITY: 0x80,
  NX_COMPAT: 0x100,
  WDM_DRIVER: 0x2000,
};
const [RELOCATIONS_STRIPPED, DLL] = [0x1, 0x2000];
const [AMD64, NATIVE] = [0x8664, 1];

/**
 * What is wrong with an image, as sentences; none if nothing is.
 * @param {Buffer} bytes the file
 * @param {{ imports: string[], names?: string[], checksum?: boolean }} expected the exact imports, the exact strings (any if left
 * out), and whether the checksum must be right
 */
export function faults(bytes, { imports, names, checksum = true }) {
  const image = readImage(bytes);
  const wrong = [];
  const must = (holds, sentence) => holds || wrong.push(sentence);
  must(image.machine === AMD64 && image.subsystem === NATIVE, 'it is not a native x64 image');
  for (const [name, flag] of Object.entries(FLAGS))
    must((image.flags & flag) !== 0, `DllCharacteristics lacks ${name}`);
  must((image.characteristics & RELOCATIONS_STRIPPED) === 0, 'its relocations are stripped');
  must((image.characteristics & DLL) === 0, 'it calls itself a DLL');
  must(image.directory(DIRECTORY.relocation).size > 0, 'it has no relocations');
  must(image.directory(DIRECTORY.exception).size > 0, 'it has no unwind tables');
  must(image.directory(DIRECTORY.export).size === 0, 'it exports something');
  must(image.directory(DIRECTORY.tls).size === 0, 'it has thread-local storage');
  must(image.directory(DIRECTORY.debug).size === 0, 'it has debug data');
  must(
    image.sectionAlignment % 0x1000 === 0 && image.sections.every(({ address }) => address % 0x1000 === 0),
    'a section does not start on a page (HVCI)',
  );
  for (const { name, executable, writable } of image.sections)
    must(!(executable && writable), `${name} is writable and executable`);
  must(image.sectionOf(image.entry)?.executable, 'its entry point is not code');
  must(!image.sectionOf(image.directory(DIRECTORY.import).address)?.executable, 'its imports are in executable memory');
  if (checksum) must(image.checksum === checksumOf(bytes), 'its checksum is wrong');
  must(!bytes.includes(root) && !bytes.includes(Buffer.from(root, 'utf16le')), 'it names the folder it was built in');
  for (const name of image.imports) must(imports.includes(name), `it imports ${name}, which is not on the list`);
  for (const name of imports) must(image.imports.includes(name), `it does not import ${name}, which is on the list`);
  if (names !== undefined) {
    const found = stringsOf(bytes, image);
    for (const name of found) must(names.includes(name), `it names ${name}, which is not on the list`);
    for (const name of names) must(found.includes(name), `it does not name ${name}, which is on the list`);
  }
  return wrong;
}

/** The UTF-16 strings of an image's code and data; what it calls at run time by name is among them. Resources are not. */
function stringsOf(bytes, { sections }) {
  const text = sections
    .filter(({ name }) => name !== '.rsrc')
    .map(({ file, size }) => bytes.toString('latin1', file, file + size))
    .join('\0\0');
  return [...text.matchAll(/(?:[\x20-\x7e]\0){4,}/g)].map(([found]) => found.replaceAll('\0', ''));
}

/** A pinned list, one a line, `#` starts a comment; a list that is missing allows nothing. */
const listed = (name) =>
  (existsSync(inRoot('driver', name)) ? readFileSync(inRoot('driver', name), 'utf8') : '')
    .split('\n')
    .map((line) => line.replace(/#.*/, '').trim())
    .filter((line) => line !== '');
const listedImports = (name) => listed(name).map((line) => `ntoskrnl.exe!${line}`);

/** A name that is looked up must be written where it is looked up, so that the list of strings is the list of names. */
function unnamedLookups(sources) {
  return sources.flatMap(({ path, text }) => {
    const all = text.match(/\bMmGetSystemRoutineAddress\(/g)?.length ?? 0;
    const named =
      text.match(/RtlInitUnicodeString\(&(\w+), L"\w+"\);[^;]*MmGetSystemRoutineAddress\(&\1\);/g)?.length ?? 0;
    return all === named ? [] : [`${path} looks up a routine whose name it does not write out just before`];
  });
}

/** Changes one thing in a copy of an image. @type {(bytes: Buffer, change: (copy: Buffer, at: ReturnType<typeof layoutOf>) => void) => Buffer} */
function changed(bytes, change) {
  const copy = Buffer.from(bytes);
  change(copy, layoutOf(copy));
  return copy;
}
const edit = (copy, offset, change) => copy.writeUInt32LE(change(copy.readUInt32LE(offset)) >>> 0, offset);
const clear = (offset, mask) => (copy) => copy.writeUInt16LE(copy.readUInt16LE(offset) & ~mask, offset);

/** Images that must not pass, each with what must be said of it. */
function mutants(bytes, imports, names) {
  const at = layoutOf(bytes);
  const mutant = (complaint, change, expected = imports, strings = names) => ({
    complaint,
    bytes: changed(bytes, change ?? (() => {})),
    imports: expected,
    names: strings,
  });
  const directory = (number, size) => (copy) => copy.writeUInt32LE(size, at.directory(number) + 4);
  const section = (offset, change) => (copy) => edit(copy, at.section(0) + offset, change);
  return [
    ...Object.entries(FLAGS).map(([name, flag]) => mutant(`lacks ${name}`, clear(at.flags, flag))),
    mutant('not a native', (copy) => copy.writeUInt16LE(2, at.subsystem)),
    mutant('stripped', (copy) => copy.writeUInt16LE(copy.readUInt16LE(at.characteristics) | 1, at.characteristics)),
    mutant('a DLL', (copy) => copy.writeUInt16LE(copy.readUInt16LE(at.characteristics) | DLL, at.characteristics)),
    mutant('no relocations', directory(DIRECTORY.relocation, 0)),
    mutant('no unwind', directory(DIRECTORY.exception, 0)),
    mutant('exports', directory(DIRECTORY.export, 40)),
    mutant('thread-local', directory(DIRECTORY.tls, 40)),
    mutant('debug data', directory(DIRECTORY.debug, 28)),
    mutant('page (HVCI)', (copy) => copy.writeUInt32LE(0x200, at.sectionAlignment)),
    mutant(
      'page (HVCI)',
      section(12, (address) => address + 0x200),
    ),
    mutant(
      'writable and executable',
      section(36, (flags) => flags | 0x80000000),
    ),
    mutant('entry point', (copy) => copy.writeUInt32LE(0, at.entry)),
    mutant('executable memory', (copy) => {
      const { sections, sectionOf, directory: find } = readImage(copy);
      const index = sections.indexOf(sectionOf(find(DIRECTORY.import).address));
      edit(copy, at.section(index) + 36, (flags) => flags | 0x20000000);
    }),
    mutant('checksum', (copy) => copy.writeUInt32LE(0, at.checksum)),
    mutant('checksum', (copy) => copy.writeUInt8(copy[copy.length - 1] ^ 1, copy.length - 1)),
    mutant('the folder it was built in', (copy) => copy.write(root, copy.length - root.length, 'utf8')),
    mutant('not on the list', undefined, imports.slice(1)),
    mutant('which is on the list', undefined, [...imports, 'ntoskrnl.exe!KeInsertQueueApc']),
    mutant('it names', (copy) => {
      const name = Buffer.from('ExAllocatePool2', 'utf16le');
      copy.write('KeInsertQueueAp', copy.indexOf(name), 'utf16le');
    }),
    mutant('it does not name', undefined, imports, [...names, 'KeInsertQueueApc']),
  ];
}

/** A reader of our own is checked against binutils'. */
async function sameImportsAsObjdump(path) {
  if (which('x86_64-w64-mingw32-objdump') === undefined) return ['x86_64-w64-mingw32-objdump is missing'];
  const { stdout } = await run('x86_64-w64-mingw32-objdump', ['-p', path], { timeout: 30 });
  const names = [...stdout.matchAll(/^\t[0-9a-f]+\t\s*\d+ {2}(\w+)$/gm)].map(([, name]) => `ntoskrnl.exe!${name}`);
  const own = readImage(readFileSync(path)).imports;
  return names.sort().join() === own.join() ? [] : ['objdump reads other imports than scripts/lib/pe.mjs'];
}

/** @returns {Promise<Record<string, string[]>>} for each check what is wrong */
async function checks() {
  const { driver, sim } = await buildDriver();
  const production = listedImports('imports.txt');
  const names = listed('names.txt');
  const sources = driverSources().map((path) => ({ path: relative(root, path), text: readFileSync(path, 'utf8') }));
  const bytes = readFileSync(driver);
  const results = {
    [basename(driver)]: faults(bytes, { imports: production, names }),
    'routines found at run time are named in the source': unnamedLookups(sources),
    'the check objects: a routine without a name':
      unnamedLookups([{ path: 'x.c', text: 'Found = MmGetSystemRoutineAddress(&Given);' }]).length === 1
        ? []
        : ['it said nothing'],
    'imports as objdump reads them': await sameImportsAsObjdump(driver),
    // Without it the driver could have been linked with the test's seam (facts/wine.md 8).
    'the driver asks the real kernel': [
      ...['ZwQueryInformationProcess', 'ZwQuerySystemInformation', 'ObReferenceObjectByHandle'],
    ].filter((name) => !readImage(bytes).imports.includes(`ntoskrnl.exe!${name}`)),
    // lld writes no checksum (facts/wine.md 11).
    'the same driver by clang and lld': faults(readFileSync(await buildWithClang()), {
      imports: production,
      names,
      checksum: false,
    }),
  };
  if (sim !== undefined)
    results[basename(sim)] = faults(readFileSync(sim), { imports: listedImports('imports-sim.txt') });
  for (const [index, mutant] of mutants(bytes, production, names).entries()) {
    const found = faults(mutant.bytes, { imports: mutant.imports, names: mutant.names });
    results[`the check objects: ${mutant.complaint} (${index})`] = found.some((fault) =>
      fault.includes(mutant.complaint),
    )
      ? []
      : [`it said: ${found.join('; ') || 'nothing'}`];
  }
  return results;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const results = Object.entries(await checks());
  const failed = results.filter(([, wrong]) => wrong.length > 0);
  for (const [name, wrong] of failed) console.log(`FAIL  ${name}\n      ${wrong.join('\n      ')}`);
  console.log(`${results.length - failed.length} passed, ${failed.length} failed`);
  process.exitCode = failed.length > 0 ? 1 : 0;
}
