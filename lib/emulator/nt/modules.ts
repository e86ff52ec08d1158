/** The modules of a process, as VTL0 lists them and as VTL1's own loader knows them. */
import { addRegion, copyMemory, PageProtection } from './memory.js';
import type { ModuleObject, ProcessObject } from './objects.js';
import type { PhysicalMemory } from './physical-memory.js';
import { ensureAddressSpace, initialModules, ownVtl } from './process-memory.js';

const MODULE_SIZE = 0x1_0000;
const LONGEST_PATH = 32767;

/** Every module: those the process started with, then those loaded since. */
export const modulesOf = (process: ProcessObject): readonly ModuleObject[] => [
  ...initialModules(process),
  ...process.loadedModules,
];

/** Maps an image and lists it on the sides given. */
export const addModule = (
  memory: PhysicalMemory,
  process: ProcessObject,
  name: string,
  sides: { readonly vtl0: boolean; readonly vtl1: boolean },
): number => {
  const space = ensureAddressSpace(memory, process);
  const region = addRegion(space, {
    base: 0,
    size: MODULE_SIZE,
    kind: 'image',
    owner: sides.vtl0 ? 0 : 1,
    protection: PageProtection.EXECUTE_READ,
    committed: true,
  });
  const base = region?.base ?? 0;
  process.loadedModules = [...process.loadedModules, { name, base, ...sides }];
  return base;
};

/** A zero-terminated UTF-16 string in the process's memory, as its own code reads it. */
const readWideString = (memory: PhysicalMemory, process: ProcessObject, address: number): string => {
  const space = ensureAddressSpace(memory, process);
  const unit = new Uint8Array(2);
  let text = '';
  while (text.length < LONGEST_PATH) {
    if (copyMemory(memory, ownVtl(process), space, address + 2 * text.length, unit, 'read') < 2) break;
    const code = (unit[0] ?? 0) | ((unit[1] ?? 0) << 8);
    if (code === 0) break;
    text += String.fromCharCode(code);
  }
  return text;
};

/** LoadLibraryW inside a process: by the name itself, or by the address of its path there. */
export const loadLibrary = (memory: PhysicalMemory, process: ProcessObject, nameOrAddress: string | number): number => {
  const path = typeof nameOrAddress === 'string' ? nameOrAddress : readWideString(memory, process, nameOrAddress);
  if (path === '') return 0;
  const name = path.slice(Math.max(path.lastIndexOf('\\'), path.lastIndexOf('/')) + 1);
  const loaded = modulesOf(process).find((module) => module.name.toLowerCase() === name.toLowerCase());
  if (loaded !== undefined) return loaded.base;
  return addModule(memory, process, name, process.secure ? { vtl0: false, vtl1: true } : { vtl0: true, vtl1: false });
};
