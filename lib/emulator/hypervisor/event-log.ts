/**
 * What happened, in order, as values a test can assert on; `event-text.ts` renders them for a person. The log is bounded: the
 * oldest events fall out and are counted.
 */

import type { Decision } from '../../types.js';
import type { PageAccess } from '../memory/rights.js';
import type { Touch } from '../touches.js';

/** Why a VTL switch took place. */
export type SwitchReason = 'call' | 'interrupt' | 'return' | 'fast-return';

/** `page-refused`: what NT gave back for a page is not what it was given. */
export type TrustletStep =
  | 'refused'
  | 'started'
  | 'ended'
  | 'crashed'
  | 'paged-out'
  | 'paged-in'
  | 'page-refused'
  | 'debug-allowed'
  | 'debug-refused';

export type HypervisorEvent =
  /** A hypercall that ended with a status. `vtl` is its caller's. */
  | {
      readonly kind: 'hypercall';
      readonly vp: number;
      readonly vtl: number;
      readonly code: number;
      readonly status: number;
      readonly repsCompleted: number;
    }
  /** A hypercall that will be executed again: its budget of reps is used up, or it waits for a TLB lock. */
  | {
      readonly kind: 'hypercall-suspended';
      readonly vp: number;
      readonly vtl: number;
      readonly code: number;
      readonly reason: 'rep-budget' | 'tlb-lock';
      readonly repsCompleted: number;
    }
  | { readonly kind: 'vtl-enabled'; readonly scope: 'partition' | 'vp'; readonly vp: number; readonly vtl: number }
  | { readonly kind: 'vp-started'; readonly vp: number; readonly vtl: number; readonly by: number }
  | {
      readonly kind: 'vtl-switch';
      readonly vp: number;
      readonly from: number;
      readonly to: number;
      readonly reason: SwitchReason;
    }
  /** A lower VTL was stopped; `posted` says whether its message found a free slot. */
  | {
      readonly kind: 'intercept';
      readonly vp: number;
      readonly from: number;
      readonly to: number;
      readonly cause: 'memory' | 'register' | 'msr' | 'io-port';
      readonly access: PageAccess;
      /** Guest-physical address, register name, MSR or port. */
      readonly subject: bigint;
      readonly posted: boolean;
      readonly reason: 'synic-off' | 'source-masked' | 'slot-in-use' | null;
    }
  | {
      readonly kind: 'interrupt';
      readonly vp: number;
      readonly vtl: number;
      readonly vector: number;
      readonly step: 'requested' | 'taken' | 'ended' | 'ignored';
      readonly source: 'apic' | 'vina' | 'sint' | 'device' | 'hypercall' | 'nmi' | 'init' | 'startup';
    }
  | { readonly kind: 'fault'; readonly vp: number; readonly vtl: number; readonly vector: number; readonly why: string }
  /** A VTL changed the rights of a run of pages for the VTLs below it. */
  | {
      readonly kind: 'protection';
      readonly vp: number;
      readonly vtl: number;
      readonly page: number;
      readonly pageCount: number;
      readonly mask: number;
    }
  /** HvCallSetVpRegisters gave a register of VTL `target` a new value. */
  | {
      readonly kind: 'configuration';
      readonly vp: number;
      readonly vtl: number;
      readonly target: number;
      readonly register: number;
      readonly value: bigint;
    }
  /** An overlay was placed at `page`, or taken away. */
  | {
      readonly kind: 'overlay';
      readonly vp: number;
      readonly vtl: number;
      readonly name: string;
      readonly page: number | null;
    }
  | { readonly kind: 'device-access'; readonly page: number; readonly write: boolean; readonly outcome: string }
  | { readonly kind: 'reset'; readonly pagesZeroed: number }
  /** VTL0 called the secure kernel; `service` is null for a code that the build does not have, or for no service at all. */
  | {
      readonly kind: 'secure-call';
      readonly vp: number;
      readonly operation: 'service' | 'resume-thread' | 'unknown';
      readonly code: number;
      readonly service: string | null;
      /** Of the trustlet it was about, as far as the secure kernel found one. */
      readonly pid: number | null;
      readonly status: number;
    }
  /** A trustlet's system call that NT served, or a request of the secure kernel's own. `status` is what came of NT's reply. */
  | {
      readonly kind: 'normal-call';
      readonly vp: number;
      readonly pid: number;
      readonly service: string;
      readonly inputBytes: number;
      readonly outputBytes: number;
      readonly status: number;
    }
  /** A trustlet's system call that never left VTL1: the secure kernel served or refused it. */
  | {
      readonly kind: 'trustlet-call';
      readonly vp: number;
      readonly pid: number;
      readonly service: string;
      readonly served: boolean;
      readonly status: number;
    }
  /** What became of a trustlet. */
  | {
      readonly kind: 'trustlet';
      readonly pid: number;
      readonly step: TrustletStep;
      readonly status: number;
    }
  /** A virtual interrupt notification: VTL1 lets VTL0 take the interrupt that waits for it. */
  | { readonly kind: 'vina'; readonly vp: number; readonly pid: number; readonly taken: readonly number[] }
  | { readonly kind: 'bugcheck'; readonly code: number; readonly why: string }
  /** The operating system above: an operation on a process, and what it came to. */
  | ({ readonly kind: 'operation' } & Touch)
  /** A message between LSASS and LsaIso, as it lay in NT's page. Nothing of its contents. */
  | {
      readonly kind: 'rpc';
      readonly endpoint: string;
      readonly operation: string;
      readonly direction: 'request' | 'reply';
      readonly bytes: number;
    }
  /** The guard above: what it decided before an operation. */
  | ({ readonly kind: 'guard-decision' } & Pick<Decision, 'decision' | 'verdict' | 'reason' | 'operations' | 'pid'>);

/** The kinds that what runs above the hypervisor puts into its log. */
export type EventAbove = Extract<
  HypervisorEvent,
  {
    kind:
      | 'operation'
      | 'guard-decision'
      | 'rpc'
      | 'secure-call'
      | 'normal-call'
      | 'trustlet-call'
      | 'trustlet'
      | 'vina'
      | 'bugcheck';
  }
>;

/** An event and its place in the run, counted from 0 and never reused, also across what fell out. */
export type LoggedEvent = HypervisorEvent & { readonly sequence: number };

export interface EventLog {
  readonly capacity: number;
  /** A ring: the oldest event is at `next` once it is full. */
  readonly ring: LoggedEvent[];
  next: number;
  /** Events logged in all. */
  count: number;
}

export const createEventLog = (capacity: number): EventLog => ({ capacity, ring: [], next: 0, count: 0 });

export const logEvent = (log: EventLog, event: HypervisorEvent): void => {
  if (log.capacity > 0) log.ring[log.next] = { ...event, sequence: log.count };
  log.count += 1;
  log.next = log.next + 1 < log.capacity ? log.next + 1 : 0;
};

/** The events still held, oldest first. */
export const loggedEvents = (log: EventLog): readonly LoggedEvent[] =>
  log.ring.length < log.capacity ? log.ring.slice() : [...log.ring.slice(log.next), ...log.ring.slice(0, log.next)];

/** How many fell out. */
export const eventsLost = (log: EventLog): number => log.count - log.ring.length;
