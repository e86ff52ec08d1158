/**
 * Watches processes and brings the injector to each ordinary one, once.
 *
 * It polls the census: `vsm.watch` comes with a later version of trustlet. New means a new identity (pid, create time, start key);
 * a pid alone says nothing, since the next process may get it.
 */
import { setImmediate } from 'node:timers/promises';
import { type Decision, type DecisionReason, type ProcessIdentity, TrustletError, type Vsm } from 'trustlet';
import { type Injector, OPERATIONS } from './injector.js';
import type { Log } from './log.js';

export interface AgentOptions {
  readonly inject: Injector;
  readonly log?: Log;
  /** How many asynchronous injections may be under way at a time. Default 4. */
  readonly concurrency?: number;
  /** Milliseconds between two looks at the processes. Default 1000. */
  readonly interval?: number;
}

/** Counts since the agent was made. Each process counts once, refusals that are asked again when they are final. */
export interface Statistics {
  readonly reached: number;
  /** The injector was entered and failed. Never tried again: it may have got half way. */
  readonly failed: number;
  /** Ended before their turn came. */
  readonly missed: number;
  readonly refused: Readonly<Partial<Record<DecisionReason, number>>>;
}

interface Known {
  readonly identity: ProcessIdentity;
  readonly name: string | null;
  attempts: number;
  askAgain: boolean;
}

/** A failed query may succeed at the next look; every other refusal is final for the process it was about. */
const PASSING: readonly DecisionReason[] = ['query-failed'];
const MOST_ATTEMPTS = 3;
/** After so many injections in one go the event loop gets its turn. */
const BATCH = 64;

const isSame = (a: ProcessIdentity, b: ProcessIdentity): boolean =>
  a.startKey !== null && b.startKey !== null ? a.startKey === b.startKey : a.createTime === b.createTime;

const isThenable = (value: unknown): value is PromiseLike<void> =>
  typeof value === 'object' && value !== null && 'then' in value;

export class Agent {
  readonly #inject: Injector;
  readonly #log: Log;
  readonly #concurrency: number;
  readonly #interval: number;
  /** Every process of the last look, by pid. It outlives a lost backend: what was reached is not reached again. */
  readonly #known = new Map<number, Known>();
  readonly #waiting = new Set<Known>();
  readonly #inFlight = new Set<Promise<void>>();
  readonly #counts = { reached: 0, failed: 0, missed: 0, refused: {} as Partial<Record<DecisionReason, number>> };
  #wake: () => void = () => {};

  constructor({ inject, log = () => {}, concurrency = 4, interval = 1000 }: AgentOptions) {
    this.#inject = inject;
    this.#log = log;
    this.#concurrency = concurrency;
    this.#interval = interval;
  }

  get statistics(): Statistics {
    return { ...this.#counts, refused: { ...this.#counts.refused } };
  }

  /** Processes whose turn has not come. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Injections under way. */
  get inFlight(): number {
    return this.#inFlight.size;
  }

  /** Notes who has come and who has gone. @throws TrustletError when the backend is lost or closed */
  look(vsm: Vsm): void {
    const present = new Set<number>();
    for (const facts of vsm.census()) {
      const { pid, createTime, startKey, name } = facts;
      if (facts.pseudo || pid === vsm.backend.callerPid) continue;
      present.add(pid);
      const known = this.#known.get(pid);
      if (known !== undefined && isSame(known.identity, facts)) {
        if (known.askAgain) this.#waiting.add(known);
        continue;
      }
      if (known !== undefined) this.#forget(known);
      const found: Known = { identity: { pid, createTime, startKey }, name, attempts: 0, askAgain: false };
      this.#known.set(pid, found);
      this.#waiting.add(found);
    }
    for (const [pid, known] of this.#known) if (!present.has(pid)) this.#forget(known);
  }

  /** Starts what is waiting, as far as there is room. @throws TrustletError when the backend is lost or closed */
  reach(vsm: Vsm, signal?: AbortSignal): void {
    let started = 0;
    for (const known of this.#waiting) {
      if (signal?.aborted || this.#inFlight.size >= this.#concurrency || started === BATCH) return;
      started += 1;
      this.#reachOne(vsm, known);
    }
  }

  /**
   * Looks and reaches until it is told to stop, then waits for what is under way.
   * @param vsm whichever backend; it stays the caller's to close, and closing it stops the agent too
   * @throws TrustletError ERR_TRUSTLET_BACKEND or ERR_TRUSTLET_PROTOCOL when the backend is lost: call again with a new vsm
   */
  async run(vsm: Vsm, signal: AbortSignal): Promise<void> {
    const wake = (): void => this.#wake();
    signal.addEventListener('abort', wake);
    try {
      while (!signal.aborted) {
        this.look(vsm);
        const next = performance.now() + this.#interval;
        do {
          this.reach(vsm, signal);
          await this.#pause(next - performance.now(), signal);
        } while (!signal.aborted && performance.now() < next);
      }
    } catch (error) {
      if (!TrustletError.is(error) || error.code !== 'ERR_TRUSTLET_CLOSED') throw error;
    } finally {
      signal.removeEventListener('abort', wake);
    }
    await this.idle();
  }

  /** Resolves once nothing is under way. */
  async idle(): Promise<void> {
    while (this.#inFlight.size > 0) await Promise.all(this.#inFlight);
  }

  #reachOne(vsm: Vsm, known: Known): void {
    let entered = false;
    let work: ReturnType<Injector>;
    known.askAgain = false;
    try {
      // README run
      // The identity, not the pid: if another process has it by now, the guard refuses.
      work = vsm.guard.run(known.identity, OPERATIONS, (held) => {
        entered = true;
        return this.#inject(held); // act here and only here; a promise keeps the handle held until it settles
      });
      // README end
    } catch (error) {
      // README refused
      // Whatever is thrown once the injector was entered is the injector's own.
      if (entered) this.#failed(known, error);
      else if (TrustletError.is(error) && error.decision !== undefined) this.#refused(known, error.decision);
      else throw error; // lost or closed: nothing was done, so the process stays in the queue
      // README end
      this.#waiting.delete(known);
      return;
    }
    this.#waiting.delete(known);
    if (isThenable(work)) this.#follow(known, work);
    else this.#reached(known);
  }

  #follow(known: Known, work: PromiseLike<void>): void {
    const task = Promise.resolve(work).then(
      () => this.#reached(known),
      (error: unknown) => this.#failed(known, error),
    );
    const settled = task.finally(() => {
      this.#inFlight.delete(settled);
      if (this.#waiting.size > 0) this.#wake();
    });
    this.#inFlight.add(settled);
  }

  #reached({ identity, name }: Known): void {
    this.#counts.reached += 1;
    this.#log({ event: 'reached', pid: identity.pid, name });
  }

  #failed({ identity, name }: Known, error: unknown): void {
    this.#counts.failed += 1;
    this.#log({ event: 'failed', pid: identity.pid, name, error: String(error) });
  }

  #refused(known: Known, decision: Decision): void {
    const { pid, verdict, reason, statusName, advice, evidence, backend } = decision;
    known.attempts += 1;
    known.askAgain = PASSING.includes(reason) && known.attempts < MOST_ATTEMPTS;
    if (!known.askAgain) this.#counts.refused[reason] = (this.#counts.refused[reason] ?? 0) + 1;
    const { name, askAgain } = known;
    this.#log({ event: 'refused', pid, name, verdict, reason, statusName, evidence, backend, askAgain, advice });
  }

  #forget(known: Known): void {
    this.#known.delete(known.identity.pid);
    if (this.#waiting.delete(known) || known.askAgain) this.#counts.missed += 1;
  }

  /** At most `ms`; shorter when the agent is told to stop or there is room for what waits. */
  async #pause(ms: number, signal: AbortSignal): Promise<void> {
    await setImmediate();
    if (signal.aborted || (this.#waiting.size > 0 && this.#inFlight.size < this.#concurrency)) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
