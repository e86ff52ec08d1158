// What the prebuilt addon must be as a file: loadable without anything beside it, hardened, and without a way to act on a process.

import { readFileSync } from 'node:fs';
import { inRoot } from './paths.mjs';
import { DIRECTORY, layoutOf, readImage } from './pe.mjs';

/** IMAGE_DLLCHARACTERISTICS_… and IMAGE_FILE_DLL, by Microsoft's "PE Format". */
const FLAGS = { 'HIGH_ENTROPY_VA (0x20)': 0x20, 'DYNAMIC_BASE (0x40)': 0x40, 'NX_COMPAT (0x100)': 0x100 };
const IS_DLL = 0x2000;
const AMD64 = 0x8664;

/** A library beside these would have to be shipped, and one of the host's name would tie the file to node.exe (facts/node-native.md 1). */
const LIBRARIES = ['KERNEL32.dll', 'msvcrt.dll', 'ntdll.dll'];

/** What acts on a process, a thread or their memory, or opens them behind the guard's back. */
const ACTING =
  /^(Nt|Zw)?(ReadProcessMemory|WriteProcessMemory|ReadVirtualMemory|WriteVirtualMemory|VirtualAllocEx|VirtualProtectEx|AllocateVirtualMemory|ProtectVirtualMemory|CreateRemoteThread(Ex)?|CreateThreadEx|Queue(User)?ApcThread(Ex)?|QueueUserAPC|SetThreadContext|SetContextThread|GetThreadContext|GetContextThread|SuspendThread|MapViewOfSection|SuspendProcess|TerminateProcess|OpenProcess|OpenThread|DebugActiveProcess|SetWindowsHookEx[AW])$/; // GetProcAddress minds the case, too
/** Names of ntdll.dll's: whatever has such a string can look it up at run time. */
const NATIVE = /^(Nt|Zw|Rtl|Ldr|Dbg|Csr)[A-Z]\w+$/;
/** @returns {string[]} every name in the file that a call could be looked up by, imports included */
const namesIn = (image) => [
  ...new Set([...image.toString('latin1').matchAll(/(?<!\w)([A-Za-z_]\w{3,})\0/g)].map(([, name]) => name)),
];

/** Which imports and run-time look-ups there may be: exactly these. @returns {string[]} sorted */
const pinned = () =>
  readFileSync(inRoot('native', 'win32', 'imports.txt'), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .sort();

/** The only names that Node.js looks up. */
const EXPORTS = ['napi_register_module_v1', 'node_api_module_get_api_version_v1'];

/** @returns {string[]} the names a DLL exports */
function exportsOf(image, { directory, sectionOf }) {
  const { address, size } = directory(DIRECTORY.export);
  if (size === 0) return [];
  const fileOffset = (rva) => {
    const section = sectionOf(rva);
    return rva - section.address + section.file;
  };
  const table = fileOffset(address);
  const names = fileOffset(image.readUInt32LE(table + 32));
  return Array.from({ length: image.readUInt32LE(table + 24) }, (_, index) => {
    const start = fileOffset(image.readUInt32LE(names + index * 4));
    return image.toString('latin1', start, image.indexOf(0, start));
  });
}

/**
 * @param {Buffer} image
 * @returns {string[]} what is wrong with it; none when all is well
 */
export function complaintsOf(image) {
  const read = readImage(image);
  const wrong = [];
  if (read.machine !== AMD64) wrong.push(`it is for machine 0x${read.machine.toString(16)}`);
  if ((read.characteristics & IS_DLL) === 0) wrong.push('it is no DLL');
  if (read.timestamp !== 0) wrong.push('it has a time stamp: no two builds are the same');
  for (const [name, bit] of Object.entries(FLAGS)) if ((read.flags & bit) === 0) wrong.push(`it lacks ${name}`);
  for (const { name, executable, writable } of read.sections)
    if (executable && writable) wrong.push(`section ${name} is writable and executable`);
  if (read.directory(DIRECTORY.relocation).size === 0) wrong.push('it has no relocations: it would load at one place');
  const imports = read.imports.map((entry) => entry.split('!'));
  for (const library of new Set(imports.map(([name]) => name)))
    if (!LIBRARIES.includes(library)) wrong.push(`it imports ${library}`);
  for (const [, name] of imports) if (ACTING.test(name)) wrong.push(`it imports ${name}, which acts on processes`);
  const imported = new Set(imports.map(([, name]) => name));
  const lookedUp = namesIn(image).filter((name) => !imported.has(name) && (NATIVE.test(name) || ACTING.test(name)));
  const reaches = [...read.imports, ...lookedUp.map((name) => `GetProcAddress!${name}`)].sort();
  const allowed = pinned();
  for (const name of reaches) if (!allowed.includes(name)) wrong.push(`native/win32/imports.txt lacks ${name}`);
  for (const name of allowed) if (!reaches.includes(name)) wrong.push(`it lacks ${name} of native/win32/imports.txt`);
  const names = exportsOf(image, read);
  if (names.join() !== EXPORTS.join()) wrong.push(`it exports ${names.join(', ') || 'nothing'}`);
  return wrong;
}

/** Images with one thing wrong each, and what must be said of them. */
function* spoilt(image) {
  const at = layoutOf(image);
  for (const [name, bit] of Object.entries(FLAGS)) {
    const copy = Buffer.from(image);
    copy.writeUInt16LE(copy.readUInt16LE(at.flags) & ~bit, at.flags);
    yield { copy, complaint: `it lacks ${name}` };
  }
  const dated = Buffer.from(image);
  dated.writeUInt32LE(1, at.timestamp);
  yield { copy: dated, complaint: 'it has a time stamp: no two builds are the same' };
  for (const [found, other, complaint] of [
    ['KERNEL32.dll', 'KERNEL33.dll', 'it imports KERNEL33.dll'],
    ['napi_register_module_v1', 'napi_register_module_v2', `it exports napi_register_module_v2, ${EXPORTS[1]}`],
    [
      'PostQueuedCompletionStatus',
      'WriteProcessMemory\0\0\0\0\0\0\0\0',
      'it imports WriteProcessMemory, which acts on processes',
    ],
    ['CancelIoEx', 'CancelIoXX', 'native/win32/imports.txt lacks KERNEL32.dll!CancelIoXX'],
    ['ResetEvent', 'CancelIoEx', 'it lacks KERNEL32.dll!ResetEvent of native/win32/imports.txt'],
    ['NtDuplicateObject', 'NtSuspendProcess\0', 'native/win32/imports.txt lacks GetProcAddress!NtSuspendProcess'],
  ]) {
    const copy = Buffer.from(image);
    copy.write(other, copy.lastIndexOf(`${found}\0`), 'latin1');
    yield { copy, complaint };
  }
}

/**
 * @param {string} path of trustlet.node
 * @throws {Error} saying what is wrong with the file, or that this check does not notice it when it is
 */
export function checkAddonFile(path) {
  const image = readFileSync(path);
  const wrong = complaintsOf(image);
  if (wrong.length > 0) throw new Error(`${path}:\n  ${wrong.join('\n  ')}`);
  for (const { copy, complaint } of spoilt(image)) {
    const found = complaintsOf(copy);
    // A changed import is missed where it was, too.
    if (!found.includes(complaint) || (found.length > 1 && !/import/.test(complaint)))
      throw new Error(`an image of which one should say '${complaint}' gives: ${found.join('; ') || 'nothing'}`);
  }
}
