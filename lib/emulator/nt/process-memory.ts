/** What a process's address space holds before anybody touches it, made when first looked at. */
import { type AddressSpace, addRegion, copyMemory, createAddressSpace, PageProtection, type Region } from './memory.js';
import type { ModuleObject, ProcessObject } from './objects.js';
import type { PhysicalMemory } from './physical-memory.js';

/** System DLLs have one base for all processes of a boot. */
export const NTDLL_BASE = 0x7ffa_1000_0000;
export const KERNEL32_BASE = 0x7ffa_0f00_0000;
const DLL_SIZE = 0x1f_0000;
export const LOAD_LIBRARY_W: number = KERNEL32_BASE + 0x1_f000;
const IMAGE_SIZE = 0x1_0000;
const HEAP_BASE = 0x1_8000_0000;
const HEAP_SIZE = 0x1_0000;

export const imageBaseOf = (process: ProcessObject): number => 0x7ff6_0000_0000 + process.pid * 0x1_0000;

/** Where a process keeps its data: a trustlet's secrets lie here. */
export const HEAP_ADDRESS: number = HEAP_BASE;

export const pebAddressOf = (process: ProcessObject): number => 0xa0_0000_0000 + process.pid * 0x1000;

/** Minimal processes (System, Registry, …) have no user memory, ended ones none any more. */
const hasUserMemory = ({ processKind, life }: ProcessObject): boolean =>
  life !== 'exited' && (processKind === 'normal' || processKind === 'pico');

interface InitialRegion {
  readonly base: number;
  readonly size: number;
  readonly kind: Region['kind'];
  readonly protection: number;
}

const initialRegions = (process: ProcessObject): readonly InitialRegion[] => [
  { base: 0x1_0000_0000, size: 0x1_0000, kind: 'private', protection: PageProtection.READWRITE },
  { base: HEAP_BASE, size: HEAP_SIZE, kind: 'private', protection: PageProtection.READWRITE },
  { base: pebAddressOf(process), size: 0x1000, kind: 'private', protection: PageProtection.READWRITE },
  { base: imageBaseOf(process), size: IMAGE_SIZE, kind: 'image', protection: PageProtection.EXECUTE_READ },
  { base: KERNEL32_BASE, size: DLL_SIZE, kind: 'image', protection: PageProtection.EXECUTE_READ },
  { base: NTDLL_BASE, size: DLL_SIZE, kind: 'image', protection: PageProtection.EXECUTE_READ },
];

const textOf = (process: ProcessObject): Uint8Array =>
  new TextEncoder().encode(process.secure ? `VTL1 secret of ${process.label}` : `memory of ${process.label}`);

/** Writes whatever the protection says, as the loader and the process itself do. @param vtl as `copyMemory` */
export const plant = (
  memory: PhysicalMemory,
  vtl: 0 | 1,
  space: AddressSpace,
  address: number,
  bytes: Uint8Array,
): number => {
  const touched = space.regions.filter(
    (region) => address < region.base + region.size && region.base < address + bytes.length,
  );
  const protections = touched.map((region) => region.protection);
  for (const region of touched) region.protection = PageProtection.EXECUTE_READWRITE;
  const done = copyMemory(memory, vtl, space, address, bytes, 'write');
  touched.forEach((region, index) => {
    region.protection = protections[index] ?? region.protection;
  });
  return done;
};

/** The VTL that a process's own code runs in. */
export const ownVtl = ({ secure }: ProcessObject): 0 | 1 => (secure ? 1 : 0);

/** The address space, made when first asked for. */
export const ensureAddressSpace = (memory: PhysicalMemory, process: ProcessObject): AddressSpace => {
  if (process.space !== null) return process.space;
  const space = createAddressSpace();
  process.space = space;
  if (!hasUserMemory(process)) return space;
  const owner = ownVtl(process);
  for (const region of initialRegions(process)) addRegion(space, { ...region, owner, committed: true });
  plant(memory, owner, space, imageBaseOf(process), Uint8Array.of(0x4d, 0x5a));
  plant(memory, owner, space, HEAP_BASE, textOf(process));
  return space;
};

/** The modules a process starts with. A trustlet's loader data lies in VTL1 and is not seen from VTL0 (facts/vsm.md 3.9). */
export const initialModules = (process: ProcessObject): readonly ModuleObject[] => {
  if (!hasUserMemory(process)) return [];
  const side = { vtl0: !process.secure, vtl1: process.secure };
  return [
    { name: process.image, base: imageBaseOf(process), ...side },
    { name: 'ntdll.dll', base: NTDLL_BASE, ...side },
    { name: 'KERNEL32.DLL', base: KERNEL32_BASE, ...side },
  ];
};
