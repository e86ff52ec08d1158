/**
 * Handle tables: one for each process, as in NT, with values that are unique in the machine and that no NT handle table holds
 * (above 2^32, never a pseudo-handle), so that a value of another machine, or a closed one, names nothing.
 */
import { ProcessAccess, ThreadAccess } from '../../guard/operations.js';
import { CURRENT_PROCESS, CURRENT_THREAD, type OpenResult } from '../../nt-api.js';
import { Status } from '../../ntstatus.js';
import { grantAccess, maximumAccess, withImpliedGrants } from './access.js';
import { deleteIfUnreferenced } from './life-cycle.js';
import { type HandleEntry, type ProcessObject, processOf, type SectionObject, type ThreadObject } from './objects.js';
import { type Caller, callerEnded, type NtSystem } from './system.js';

/** NtCurrentProcess() and NtCurrentThread(), signed and as unsigned 64-bit values. */
const OWN_PROCESS: ReadonlySet<bigint> = new Set([CURRENT_PROCESS, BigInt.asUintN(64, CURRENT_PROCESS)]);
const OWN_THREAD: ReadonlySet<bigint> = new Set([CURRENT_THREAD, BigInt.asUintN(64, CURRENT_THREAD)]);

const MACHINE_SHIFT = 40n;
/** Machines come round after four million; handles of a machine after two to the 38th. */
const MACHINE_MASK = 0x3f_ffff;

export type KernelObject = HandleEntry['object'];

const addReference = (object: KernelObject, change: 1 | -1): void => {
  const process = processOf(object);
  if (process !== null) process.references += change;
  if (object.kind === 'thread') object.references += change;
};

/**
 * Puts an object into a process's table.
 * @throws TrustletError ERR_TRUSTLET_CLOSED when that process has ended
 */
export const insertHandle = (system: NtSystem, owner: ProcessObject, object: KernelObject, access: number): bigint => {
  // A race may have ended the caller while its call was under way.
  if (owner.life === 'exited') throw callerEnded(owner);
  const { parameters, serial } = system;
  system.handlesGiven += 1;
  const serialPart = BigInt((serial & MACHINE_MASK) + 1) << MACHINE_SHIFT;
  // The seed moves where the values start, so that no test learns them by heart.
  const handle = serialPart + BigInt((parameters.seed % 0xffff) * 0x40 + system.handlesGiven) * 4n;
  owner.handles ??= new Map();
  owner.handles.set(handle, { handle, object, access: access >>> 0 });
  addReference(object, 1);
  return handle;
};

const lookUp = (system: NtSystem, owner: ProcessObject, handle: bigint): HandleEntry | undefined => {
  const entry = owner.handles?.get(handle);
  if (entry !== undefined) return entry;
  if (OWN_PROCESS.has(handle)) return { handle, object: owner, access: ProcessAccess.ALL };
  if (!OWN_THREAD.has(handle)) return undefined;
  const [tid] = owner.tids;
  const thread = tid === undefined ? undefined : system.thread(tid);
  return thread === undefined ? undefined : { handle, object: thread, access: ThreadAccess.ALL };
};

/** The object behind a handle whatever its rights; undefined where there is none. For scripts and records, not for access. */
export const peekHandle = (system: NtSystem, owner: ProcessObject, handle: bigint): KernelObject | undefined =>
  lookUp(system, owner, handle)?.object;

interface ObjectKinds {
  readonly process: ProcessObject;
  readonly thread: ThreadObject;
  readonly section: SectionObject;
}

/** What a reference ended in. */
export type Reference<K extends keyof ObjectKinds> =
  | { readonly status: 0; readonly object: ObjectKinds[K]; readonly access: number }
  | { readonly status: number; readonly object: null };

const isOfKind = <K extends keyof ObjectKinds>(
  object: KernelObject,
  kind: K,
): object is ObjectKinds[K] & KernelObject => object.kind === kind;

/**
 * ObReferenceObjectByHandle: the table first, then the type, then the rights. Kernel mode passes any rights.
 * @param access every bit must have been granted
 */
export const referenceHandle = <K extends keyof ObjectKinds>(
  system: NtSystem,
  caller: Caller,
  handle: bigint,
  kind: K,
  access: number,
): Reference<K> => {
  const entry = lookUp(system, caller.process, handle);
  if (entry === undefined) return { status: Status.INVALID_HANDLE, object: null };
  const { object } = entry;
  if (!isOfKind(object, kind)) return { status: Status.OBJECT_TYPE_MISMATCH, object: null };
  if (caller.mode === 'user' && (access & ~entry.access) !== 0) return { status: Status.ACCESS_DENIED, object: null };
  return { status: 0, object, access: entry.access };
};

const failed = (status: number): OpenResult => ({ status: status >>> 0, handle: 0n });

const openObject = (
  system: NtSystem,
  caller: Caller,
  object: ProcessObject | ThreadObject | undefined,
  access: number,
): OpenResult => {
  if (object === undefined) return failed(Status.INVALID_CID);
  const process = object.kind === 'process' ? object : object.process;
  const all = object.kind === 'process' ? ProcessAccess.ALL : ThreadAccess.ALL;
  const maximum = caller.mode === 'kernel' ? all : maximumAccess(caller.process, process, object.kind);
  const granted = grantAccess(access, maximum, object.kind);
  if (granted === null) return failed(Status.ACCESS_DENIED);
  return { status: Status.SUCCESS, handle: insertHandle(system, caller.process, object, granted) };
};

/** The low two bits of an id are not looked at, as in NT's id table: 813 opens 812. */
const idOf = (id: number): number => (id - (id % 4)) >>> 0;

/** NtOpenProcess. pid 0 (Idle) is in no id table: STATUS_INVALID_CID. */
export const ntOpenProcess = (system: NtSystem, caller: Caller, pid: number, access: number): OpenResult => {
  const id = idOf(pid);
  const fault = system.enter({ call: 'NtOpenProcess', target: system.process(id) ?? null });
  if (fault !== null) return failed(fault);
  return openObject(system, caller, id === 0 ? undefined : system.process(id), access);
};

/** NtOpenThread. */
export const ntOpenThread = (system: NtSystem, caller: Caller, tid: number, access: number): OpenResult => {
  const id = idOf(tid);
  const fault = system.enter({ call: 'NtOpenThread', target: system.thread(id)?.process ?? null });
  if (fault !== null) return failed(fault);
  return openObject(system, caller, system.thread(id), access);
};

const release = (system: NtSystem, object: KernelObject): void => {
  addReference(object, -1);
  deleteIfUnreferenced(system, object);
};

/** Takes a handle out of a process's table. @returns STATUS_INVALID_HANDLE where it is not in there */
export const removeHandle = (system: NtSystem, owner: ProcessObject, handle: bigint): number => {
  const entry = owner.handles?.get(handle);
  if (entry === undefined) return Status.INVALID_HANDLE;
  owner.handles?.delete(handle);
  release(system, entry.object);
  return Status.SUCCESS;
};

/** NtClose. */
export const ntClose = (system: NtSystem, caller: Caller, handle: bigint): number => {
  const object = peekHandle(system, caller.process, handle);
  const fault = system.enter({ call: 'NtClose', target: object === undefined ? null : processOf(object) });
  return fault ?? removeHandle(system, caller.process, handle);
};

/** Closes every handle of a process that ends. */
export const closeAllHandles = (system: NtSystem, owner: ProcessObject): void => {
  const entries = [...(owner.handles?.values() ?? [])];
  owner.handles = null;
  for (const entry of entries) release(system, entry.object);
};

/**
 * The rights a duplicate gets: a subset of the source's as it is; more only if the caller could open the object with them.
 * @returns null for STATUS_ACCESS_DENIED
 */
const duplicateAccess = (caller: Caller, entry: HandleEntry, access: number): number | null => {
  const { object } = entry;
  if (object.kind === 'section') return access & entry.access;
  if ((access & ~entry.access) === 0) return withImpliedGrants(access, object.kind);
  const process = object.kind === 'process' ? object : object.process;
  return grantAccess(access, maximumAccess(caller.process, process, object.kind), object.kind);
};

/**
 * The copying half of NtDuplicateObject.
 * @param access null = the same access as the source's
 */
export const duplicateInto = (
  system: NtSystem,
  caller: Caller,
  from: ProcessObject,
  handle: bigint,
  to: ProcessObject,
  access: number | null,
): OpenResult => {
  const entry = lookUp(system, from, handle);
  if (entry === undefined) return failed(Status.INVALID_HANDLE);
  const granted = access === null ? entry.access : duplicateAccess(caller, entry, access);
  if (granted === null || granted === 0) return failed(Status.ACCESS_DENIED);
  return { status: Status.SUCCESS, handle: insertHandle(system, to, entry.object, granted) };
};

/** NtDuplicateObject inside the caller's own process. */
export const ntDuplicateOwn = (system: NtSystem, caller: Caller, handle: bigint, access: number | null): OpenResult => {
  const object = peekHandle(system, caller.process, handle);
  const fault = system.enter({ call: 'NtDuplicateObject', target: object === undefined ? null : processOf(object) });
  if (fault !== null) return failed(fault);
  return duplicateInto(system, caller, caller.process, handle, caller.process, access);
};
