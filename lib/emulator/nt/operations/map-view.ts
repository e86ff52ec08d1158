/** Sections and views of them: NtCreateSection, NtMapViewOfSection. */
import { ProcessAccess } from '../../../guard/operations.js';
import { Status } from '../../../ntstatus.js';
import { insertHandle, referenceHandle } from '../handles.js';
import { isLive, TERMINATING } from '../life-cycle.js';
import { addRegion, PAGE_SIZE, PageProtection, roundToPages } from '../memory.js';
import type { ProcessObject, SectionObject } from '../objects.js';
import { type Acted, effect, noEffect, type OperationCall, operateOnHandle, refuse, vtl0Only } from '../operate.js';
import { ensureAddressSpace } from '../process-memory.js';
import { type Caller, type NtSystem, statusOutcome } from '../system.js';

const MAP: OperationCall = {
  operation: 'map-section',
  api: 'MapViewOfFile2',
  call: 'NtMapViewOfSection',
  injects: true,
};
const LARGEST = 2 ** 40;
const SECTION_ALL_ACCESS = 0xf001f;
/** SECTION_MAP_READ. */
const SECTION_MAP_READ = 0x4;
const IMAGE_SIZE = 0x1_0000;

/** @returns a handle of the caller's, 0n for a size that is none */
export const ntCreateSection = (
  system: NtSystem,
  caller: Caller,
  size: number,
  imageName: string | null,
): { readonly status: number; readonly handle: bigint } => {
  system.requireRunning();
  const length = imageName === null ? size : IMAGE_SIZE;
  if (!(length > 0) || length > LARGEST) return { status: Status.INVALID_PARAMETER, handle: 0n };
  const section: SectionObject = {
    kind: 'section',
    pageCount: roundToPages(length) / PAGE_SIZE,
    imageName,
    pages: new Map(),
  };
  return { status: Status.SUCCESS, handle: insertHandle(system, caller.process, section, SECTION_ALL_ACCESS) };
};

/** Where a module mapped from outside is listed: row B38 for a trustlet, VTL0 for everybody else. */
const listModule = (system: NtSystem, target: ProcessObject, name: string, base: number): void => {
  const sides = target.secure ? system.outcome('B38') : 'vtl0-only';
  const vtl0 = sides !== 'neither';
  target.loadedModules = [...target.loadedModules, { name, base, vtl0, vtl1: sides === 'both' }];
};

const mapInto = (
  system: NtSystem,
  target: ProcessObject,
  section: SectionObject,
  address: number,
  protection: number,
): number | null => {
  const region = addRegion(ensureAddressSpace(system.memory, target), {
    base: address,
    size: section.pageCount * PAGE_SIZE,
    kind: section.imageName === null ? 'mapped' : 'image',
    owner: 0,
    protection: section.imageName === null ? protection : PageProtection.EXECUTE_READ,
    committed: true,
    section,
  });
  if (region === null) return null;
  if (section.imageName !== null) listModule(system, target, section.imageName, region.base);
  return region.base;
};

/** @returns the NTSTATUS, and where the view begins (0 on failure) */
export const ntMapViewOfSection = (
  system: NtSystem,
  caller: Caller,
  sectionHandle: bigint,
  processHandle: bigint,
  address: number,
  protection: number,
): { readonly status: number; readonly base: number } => {
  const reference = referenceHandle(system, caller, sectionHandle, 'section', SECTION_MAP_READ);
  if (reference.object === null) return { status: reference.status, base: 0 };
  const section = reference.object;
  let base = 0;
  const act = (target: ProcessObject): Acted => {
    if (!isLive(target)) return refuse(TERMINATING);
    const refusal = target.secure ? statusOutcome(system.onTrustlet('N01')) : null;
    if (refusal !== null) return refuse(refusal);
    const mapped = mapInto(system, target, section, address, protection);
    if (mapped === null) return refuse(Status.CONFLICTING_ADDRESSES);
    base = mapped;
    if (!target.secure) return effect();
    return section.imageName !== null && system.outcome('B38') === 'neither' ? noEffect() : vtl0Only();
  };
  const status = operateOnHandle(system, caller, MAP, processHandle, 'process', ProcessAccess.VM_OPERATION, act);
  return { status, base };
};
