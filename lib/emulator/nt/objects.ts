/**
 * The objects of the emulated NT kernel as plain data: no class, no closure, so that a machine's whole state can be copied as
 * one value (`snapshot`, `restore`).
 */
import type { ScenarioProcess, ScenarioTrustlet } from '../scenario.js';
import type { AddressSpace } from './memory.js';

/**
 * `exiting`: being torn down, still listed and queryable, Deleting bit set. `exited`: ended, kept alive as an object by a handle;
 * its pid can be opened and answers (facts/nt.md 4.3) but is no longer listed. Once the last handle closes the object is deleted.
 */
export type LifeCycle = 'running' | 'exiting' | 'exited';

export type ProcessKind = NonNullable<ScenarioProcess['kind']>;

/** A module as the two worlds see it: listed by VTL0, loaded in VTL1. An ordinary process has only a VTL0 side. */
export interface ModuleObject {
  readonly name: string;
  readonly base: number;
  readonly vtl0: boolean;
  readonly vtl1: boolean;
}

/** A routine that ran (or faulted) inside a process. */
export interface Execution {
  readonly via: 'apc' | 'thread' | 'hook' | 'instrumentation' | 'context';
  readonly tid: number;
  readonly routine: number;
  readonly parameter: number;
  /** The routine's page was not executable there: the thread faulted instead. */
  readonly faulted: boolean;
}

/** Lists are replaced, never changed in place: thousands of processes share the empty one. */
export interface ProcessObject {
  readonly kind: 'process';
  readonly label: string;
  readonly image: string;
  readonly pid: number;
  readonly parentPid: number;
  readonly sessionId: number;
  readonly processKind: ProcessKind;
  readonly user: NonNullable<ScenarioProcess['user']>;
  readonly elevated: boolean;
  readonly privileges: readonly string[];
  readonly access: NonNullable<ScenarioProcess['access']>;
  /** PS_PROTECTION byte. */
  readonly protection: number;
  /** SYSTEM_PROCESS_CLASSIFICATION as the list reports it. */
  readonly classification: number;
  readonly trustlet: ScenarioTrustlet | null;
  /** Runs in IUM (or is the VTL0 shell of the secure kernel): whatever a query reports, its pages belong to VTL1. */
  readonly secure: boolean;
  readonly wow64: boolean;
  readonly volatile: boolean;
  /** The Flags word without the Secure and Deleting bits, which depend on the moment and the build. */
  readonly fixedFlags: number;
  /** FILETIME, 100 ns. */
  readonly createTime: bigint;
  readonly sequenceNumber: bigint;
  readonly startKey: bigint;
  life: LifeCycle;
  /** The object itself is no more: its pid is free. */
  deleted: boolean;
  /** FILETIME; 0n while it runs. */
  exitTime: bigint;
  /** STATUS_PENDING while it runs. */
  exitStatus: number;
  /** Handles of any process that keep this object (or a thread of it) alive. */
  references: number;
  tids: readonly number[];
  /** null until something looks at its memory. */
  space: AddressSpace | null;
  handles: Map<bigint, HandleEntry> | null;
  debugger: ProcessObject | null;
  instrumentationCallback: number | null;
  hooks: readonly HookObject[];
  /** Loaded after the start, in order. */
  loadedModules: readonly ModuleObject[];
  executions: readonly Execution[];
  /** True once `machine.run()` has let it run. */
  hasRun: boolean;
}

/** A user APC or a driver's, waiting for its thread. */
export interface PendingApc {
  readonly routine: number;
  readonly parameter: number;
  readonly origin: 'user' | 'driver';
}

/** The general registers the emulator models; a trustlet's VTL0 shell has its own set. */
export interface ThreadContext {
  rip: bigint;
  rsp: bigint;
  rcx: bigint;
  rdx: bigint;
}

export interface ThreadObject {
  readonly kind: 'thread';
  readonly tid: number;
  readonly process: ProcessObject;
  terminated: boolean;
  exitStatus: number;
  references: number;
  suspendCount: number;
  apcs: PendingApc[];
  /** What VTL0 sees and sets. */
  context: ThreadContext;
  /** Set by SetThreadContext and not yet resumed from. */
  redirected: boolean;
  /** Made by CreateRemoteThread: where it starts, until it has. */
  start: { readonly routine: number; readonly parameter: number } | null;
}

/** A section: shared pages, of an image (then views of it load that module) or of the pagefile. */
export interface SectionObject {
  readonly kind: 'section';
  readonly pageCount: number;
  readonly imageName: string | null;
  /** Guest-physical pages of NT's, by page of the section. */
  readonly pages: Map<number, number>;
}

export interface HookObject {
  readonly module: string;
  readonly routine: number;
}

export interface HandleEntry {
  readonly handle: bigint;
  readonly object: ProcessObject | ThreadObject | SectionObject;
  /** Granted access mask. */
  readonly access: number;
}

/** The process an object belongs to; null for a section. */
export const processOf = (object: HandleEntry['object']): ProcessObject | null => {
  switch (object.kind) {
    case 'process':
      return object;
    case 'thread':
      return object.process;
    case 'section':
      return null;
  }
};
