/** What a guarded callback gets: the handle, and what is known of the object behind it, until the callback settles. */
import { TrustletError } from '../errors.js';
import type { Held, ProcessFacts, ProcessIdentity } from '../types.js';

/** Where a held handle lies until it is released; the callback never sees it. */
export interface HandleSlot {
  handle: bigint | null;
}

export class HeldHandle implements Held {
  readonly pid: number;
  readonly tid: number | null;
  readonly identity: ProcessIdentity;
  readonly rights: number;
  readonly facts: ProcessFacts;
  readonly #slot: HandleSlot;

  constructor(slot: HandleSlot, rights: number, facts: ProcessFacts, tid: number | null) {
    this.#slot = slot;
    this.pid = facts.pid;
    this.tid = tid;
    this.identity = { pid: facts.pid, createTime: facts.createTime, startKey: facts.startKey };
    this.rights = rights;
    this.facts = facts;
  }

  get handle(): bigint {
    const { handle } = this.#slot;
    if (handle === null) {
      throw new TrustletError(
        'ERR_TRUSTLET_RELEASED',
        `The guarded handle of pid ${this.pid} was released when its callback settled; do the work inside the callback, or return a promise for it.`,
        { pid: this.pid },
      );
    }
    return handle;
  }
}
