/**
 * Who may open what: the access a caller gets to a process or its threads. Pure, over plain data, so that the simulated kernel's
 * table can be made from it too.
 *
 * Order of the checks (both refusals are STATUS_ACCESS_DENIED, so only their union shows): access control by owner, lifted by
 * SeDebugPrivilege; then process protection, which no privilege lifts (facts/nt.md 2). IUM itself takes no right away
 * (facts/nt.md 0.8): a trustlet can be opened for everything its DACL allows.
 */
import { ProcessAccess, ThreadAccess } from '../../guard/operations.js';
import { refusedByProtection } from '../../layout/protection-rules.js';
import type { ResolvedProcess, ScenarioProcess } from '../scenario.js';

/** What access control looks at. `ProcessObject` fits; see `subjectOf` for a resolved scenario's processes. */
export interface AccessSubject {
  readonly pid: number;
  readonly parentPid: number;
  readonly user: NonNullable<ScenarioProcess['user']>;
  readonly elevated: boolean;
  readonly privileges: readonly string[];
  readonly access: NonNullable<ScenarioProcess['access']>;
  /** PS_PROTECTION byte. */
  readonly protection: number;
}

export const subjectOf = (process: ResolvedProcess): AccessSubject => ({
  pid: process.pid,
  parentPid: process.parentPid,
  user: process.entry.user ?? 'SYSTEM',
  elevated: process.entry.elevated ?? false,
  privileges: process.entry.privileges ?? [],
  access: process.entry.access ?? 'default',
  protection: process.protection,
});

export const SE_DEBUG_PRIVILEGE = 'SeDebugPrivilege';

/** What the DACL grants. The DACLs of inbox trustlets are not known (facts/nt.md 12): owner and SYSTEM are assumed. */
const grantedByOwner = (caller: AccessSubject, target: AccessSubject, kind: 'process' | 'thread'): number => {
  const all = kind === 'process' ? ProcessAccess.ALL : ThreadAccess.ALL;
  const limited =
    kind === 'process'
      ? ProcessAccess.QUERY_LIMITED_INFORMATION | ProcessAccess.SYNCHRONIZE
      : ThreadAccess.QUERY_LIMITED_INFORMATION | ThreadAccess.SYNCHRONIZE;
  if (target.access === 'everyone') return all;
  if (target.access === 'nobody') return 0;
  if (caller.user === 'SYSTEM') return all;
  if (caller.user !== target.user) return 0;
  // An elevated process is out of reach for the same person's unelevated one but for the limited query (integrity levels) [known].
  return target.elevated && !caller.elevated ? limited : all;
};

/**
 * Every right this caller can get to this process, or to its threads, in one open.
 * @returns an access mask; 0 = nothing, not even the query right
 */
export const maximumAccess = (caller: AccessSubject, target: AccessSubject, kind: 'process' | 'thread'): number => {
  const all = kind === 'process' ? ProcessAccess.ALL : ThreadAccess.ALL;
  const byDacl = caller.privileges.includes(SE_DEBUG_PRIVILEGE) ? all : grantedByOwner(caller, target, kind);
  const isParent = target.parentPid === caller.pid;
  return (byDacl & ~refusedByProtection(caller.protection, target.protection, kind, isParent)) >>> 0;
};

/** Grants the kernel adds to an open (facts/nt.md 6.1, PspProcessOpen and PspThreadOpen). */
export const withImpliedGrants = (access: number, kind: 'process' | 'thread'): number => {
  let granted = access;
  if (kind === 'process') {
    if ((access & ProcessAccess.QUERY_INFORMATION) !== 0) granted |= ProcessAccess.QUERY_LIMITED_INFORMATION;
    const vmWrite = ProcessAccess.VM_OPERATION | ProcessAccess.VM_WRITE;
    if ((access & vmWrite) === vmWrite) granted |= ProcessAccess.QUERY_LIMITED_INFORMATION;
    if ((access & ProcessAccess.SET_INFORMATION) !== 0) granted |= ProcessAccess.SET_LIMITED_INFORMATION;
    return granted >>> 0;
  }
  if ((access & ThreadAccess.QUERY_INFORMATION) !== 0) granted |= ThreadAccess.QUERY_LIMITED_INFORMATION;
  if ((access & ThreadAccess.SET_INFORMATION) !== 0) granted |= 0x400; // SET_LIMITED_INFORMATION
  if ((access & ThreadAccess.SUSPEND_RESUME) !== 0) granted |= 0x1000; // RESUME
  return granted >>> 0;
};

const MAXIMUM_ALLOWED = 0x0200_0000;
const GENERIC_ALL = 0x1000_0000;
const GENERIC_READ = 0x8000_0000;
const GENERIC_WRITE = 0x4000_0000;
const GENERIC_EXECUTE = 0x2000_0000;

/** Generic mapping of the process and thread types [known]. */
const genericMapping = {
  process: { read: 0x20410, write: 0x20beb, execute: 0x121001 },
  thread: { read: 0x20048, write: 0x20437, execute: 0x120800 },
} as const;

/**
 * What an open with `desired` ends in.
 * @param maximum what `maximumAccess` says
 * @returns the granted mask, or null for STATUS_ACCESS_DENIED
 */
export const grantAccess = (desired: number, maximum: number, kind: 'process' | 'thread'): number | null => {
  const mapping = genericMapping[kind];
  let wanted = desired & 0x01ff_ffff;
  if ((desired & GENERIC_ALL) !== 0) wanted |= ProcessAccess.ALL;
  if ((desired & GENERIC_READ) !== 0) wanted |= mapping.read;
  if ((desired & GENERIC_WRITE) !== 0) wanted |= mapping.write;
  if ((desired & GENERIC_EXECUTE) !== 0) wanted |= mapping.execute;
  if ((wanted & ~maximum) !== 0) return null;
  if ((desired & MAXIMUM_ALLOWED) !== 0) wanted |= maximum;
  // SeAccessCheck refuses a request for nothing.
  return wanted === 0 ? null : withImpliedGrants(wanted >>> 0, kind);
};
