/**
 * Check-then-act on one handle (DESIGN.md rule 2).
 *
 * `run` opens the target with the operation's rights and the query right, has *that handle* examined, and only then enters the
 * callback with it. While the handle is held the object lives, so its pid or tid cannot be given to another.
 * A backend that decides too (the driver) is told what the handle is for, and has to come to the same decision.
 */
import { requireFunction } from '../arguments.js';
import type { Backend, Examination, Intention, ObjectKind, Opinion } from '../backend.js';
import { TrustletError } from '../errors.js';
import { factsFrom, identityOf } from '../facts.js';
import type { OpenResult } from '../nt-api.js';
import { isSuccess, ntstatusName, Status } from '../ntstatus.js';
import type { Decision, GuardOperation, Held, ProcessFacts, ProcessIdentity, Target } from '../types.js';
import { type Acquisition, decide } from './decide.js';
import { type HandleSlot, HeldHandle } from './held-handle.js';
import { ProcessAccess, ThreadAccess } from './operations.js';
import { reconcile } from './reconcile.js';
import {
  type ExpectedIdentity,
  type GuardOptions,
  type ReadOperations,
  type ReadTarget,
  readAccepted,
  readOperations,
  readTarget,
} from './target.js';
import { type Judgement, judge, judgeFailedOpen } from './verdict.js';
import { whenSettled } from './when-settled.js';

/** How the guard tells its vsm that a handle is held, so that a closing vsm lets go of its backend only afterwards. */
export interface Lifetime {
  /** @throws TrustletError ERR_TRUSTLET_CLOSED */
  requireOpen(): void;
  enter(): void;
  leave(): void;
}

/** What a caller asks for, read and checked. */
interface Request {
  readonly target: ReadTarget;
  readonly operations: ReadOperations;
  readonly accepted: ReadonlySet<GuardOperation>;
}

const readRequest = (target: unknown, operation: unknown, options: unknown): Request => ({
  operations: readOperations(operation),
  target: readTarget(target),
  accepted: readAccepted(options),
});

/** What was got hold of. `held` is null when there is nothing to close. */
interface Acquired {
  readonly decision: Decision;
  readonly held: Examined | null;
}

/** A handle the guard has opened and had examined. */
interface Examined {
  readonly handle: bigint;
  readonly rights: number;
  readonly facts: ProcessFacts;
}

/** What is known of the target when the guard decides. */
interface Finding {
  readonly acquisition: Acquisition;
  readonly judgement: Judgement;
  /** null when the target never resolved to a process. */
  readonly identity: ProcessIdentity | null;
  readonly thread: Examination['thread'];
  readonly opinion: Opinion | null;
  /** PS_PROTECTION byte; null where it is not known. */
  readonly protection: number | null;
}

/** A field that was asked for must be known and equal: absence never matches (DESIGN.md rule 2). */
const compareIdentity = (
  expected: ExpectedIdentity,
  { identity, judgement }: Finding,
): 'same' | 'other' | 'unchecked' => {
  if (identity === null) return 'unchecked';
  // An object that would not say who it is: the unknown verdict refuses with the better reason.
  const silent = identity.pid === 0 || (identity.createTime === null && identity.startKey === null);
  if (silent && judgement.verdict === 'unknown') return 'unchecked';
  const same =
    identity.pid !== 0 &&
    (expected.pid === null || expected.pid === identity.pid) &&
    (expected.createTime === null || expected.createTime === identity.createTime) &&
    (expected.startKey === null || expected.startKey === identity.startKey);
  return same ? 'same' : 'other';
};

/** NtOpenProcess ignores the low two bits of a pid: 813 opens 812, and no process has pid 813. */
const opensAnotherPid = (target: ReadTarget, found: number): boolean =>
  target.kind === 'process' &&
  found !== 0 &&
  found !== target.expected.pid &&
  target.expected.pid - (target.expected.pid % 4) === found;

const threadState = (target: ReadTarget, finding: Finding): 'paired' | 'unpaired' | 'exited' | null => {
  const { thread } = finding;
  if (thread === null) {
    const examined = finding.acquisition.outcome === 'examined';
    return examined && (target.kind === 'thread' || (target.kind === 'handle' && target.object === 'thread'))
      ? 'unpaired'
      : null;
  }
  if (!isSuccess(thread.status) || (target.kind === 'thread' && thread.tid !== target.tid)) return 'unpaired';
  return thread.exited ? 'exited' : 'paired';
};

/** An open that succeeded and gave fewer rights than were asked for is one that refused them. */
const acquisitionOf = ({ grantedAccess }: Examination, rights: number): Acquisition =>
  grantedAccess !== null && (rights & ~grantedAccess) !== 0
    ? { outcome: 'not-opened', status: Status.ACCESS_DENIED }
    : { outcome: 'examined' };

/** The driver is not told which thread was asked for, so its opinion of another one is about something else. */
const isAnotherThread = (target: ReadTarget, thread: Examination['thread']): boolean =>
  target.kind === 'thread' && thread !== null && thread.tid !== target.tid;

export class Guard {
  readonly #backend: Backend;
  readonly #lifetime: Lifetime;

  constructor(backend: Backend, lifetime: Lifetime) {
    this.#backend = backend;
    this.#lifetime = lifetime;
  }

  /**
   * Would `run` be allowed now? Opens the target with the operation's rights, examines it, closes it again; acts on nothing.
   * The answer can be out of date a moment later, which is why acting belongs inside `run`.
   *
   * A pid with an operation that acts on a thread is answered for the process alone.
   *
   * @throws TrustletError ERR_TRUSTLET_ARGUMENT for a malformed target or operation, ERR_TRUSTLET_CLOSED, ERR_TRUSTLET_BACKEND or
   * ERR_TRUSTLET_PROTOCOL when the backend is lost or lies
   */
  check(target: Target, operation: GuardOperation | readonly GuardOperation[], options?: GuardOptions): Decision {
    const request = readRequest(target, operation, options);
    return this.#alive(() => {
      const { decision, held } = this.#acquire(request, 'check');
      if (held !== null) this.#close(held.handle, held.facts.pid);
      return decision;
    });
  }

  /**
   * Runs `callback` with a verified handle, or refuses before it is entered.
   *
   * Opens and examines synchronously, then calls back synchronously. If the callback returns a thenable, `run` returns a promise
   * and holds the handle until it settles. The handle is closed on every path. Costs one open, three to four queries and one
   * close (ntdll), or one open, one round trip, in which the driver decides too, and one close (driver).
   *
   * @param target a pid, an identity, a thread, or a handle of the caller's own (a private duplicate is used)
   * @param operation one name or several that act on the same kind of handle; rights are united
   * @param callback gets `held`; act only here, and only through `held.handle`
   * @returns what the callback returned (a promise of it for a thenable)
   * @throws TrustletError ERR_TRUSTLET_REFUSED (with `decision`) before the callback; ERR_TRUSTLET_ARGUMENT; ERR_TRUSTLET_CLOSED;
   * ERR_TRUSTLET_BACKEND or ERR_TRUSTLET_PROTOCOL, before the callback too, when the backend is lost or lies; and whatever the callback
   * throws
   */
  run<T>(
    target: Target,
    operation: GuardOperation | readonly GuardOperation[],
    callback: (held: Held) => T,
    options?: GuardOptions,
  ): T {
    const request = readRequest(target, operation, options);
    requireFunction('callback', callback);
    return this.#alive(() => {
      const { decision, held } = this.#acquire(request, 'run');
      if (held === null || decision.decision === 'refuse') {
        if (held !== null) this.#close(held.handle, held.facts.pid);
        throw refusal(decision, request.target);
      }
      return this.#hold(held, decision.tid, callback);
    });
  }

  /** Keeps the backend alive while `act` runs, and until a promise it returns settles. */
  #alive<T>(act: () => T): T {
    this.#lifetime.requireOpen();
    this.#lifetime.enter();
    return whenSettled(act, () => this.#lifetime.leave());
  }

  #hold<T>({ handle, rights, facts }: Examined, tid: number | null, callback: (held: Held) => T): T {
    const slot: HandleSlot = { handle };
    const release = (): void => {
      slot.handle = null;
      this.#close(handle, facts.pid);
    };
    return whenSettled(() => {
      // Asking may have run code of the caller's (a race scripted in the emulator) that closed the vsm.
      this.#lifetime.requireOpen();
      return callback(new HeldHandle(slot, rights, facts, tid));
    }, release);
  }

  #close(handle: bigint, pid: number | null): void {
    const why = this.#closeFailure(handle);
    if (why === null) return;
    process.emitWarning(
      `The guarded handle of ${pid === null ? 'a target' : `pid ${pid}`} could not be closed (${why}). Did the callback close held.handle itself? It must not.`,
      { type: 'TrustletWarning', code: 'TRUSTLET_HANDLE_NOT_CLOSED' },
    );
  }

  /** Why a handle could not be closed, null when it was. A backend that throws must not hide what the callback did. */
  #closeFailure(handle: bigint): string | null {
    try {
      const status = this.#backend.close(handle);
      return isSuccess(status) ? null : ntstatusName(status);
    } catch (error) {
      return String(error);
    }
  }

  #acquire(request: Request, purpose: 'check' | 'run'): Acquired {
    const kind = handleKind(request, purpose);
    const rights = kind === request.operations.acts ? request.operations.rights : 0;
    const queryRight =
      kind === 'process' ? ProcessAccess.QUERY_LIMITED_INFORMATION : ThreadAccess.QUERY_LIMITED_INFORMATION;
    const opened = this.#open(request.target, (rights | queryRight) >>> 0);
    if (isSuccess(opened.status)) {
      return this.#examined(opened.handle, (rights | queryRight) >>> 0, kind, request);
    }
    // Only a second look can tell "the rights are refused" from "only the query right is": an operation may need that one itself.
    const narrower = (rights & queryRight) === 0 ? rights : 0;
    if (opened.status >>> 0 === Status.ACCESS_DENIED && narrower !== 0) {
      const bare = this.#open(request.target, narrower);
      if (isSuccess(bare.status)) {
        if (this.#backend.examinesAnyHandle) return this.#examined(bare.handle, narrower, kind, request);
        this.#close(bare.handle, request.target.expected.pid);
        return this.#unopened(request, { outcome: 'not-queryable', status: opened.status });
      }
    }
    return this.#unopened(request, { outcome: 'not-opened', status: opened.status });
  }

  #open(target: ReadTarget, access: number): OpenResult {
    switch (target.kind) {
      case 'handle':
        return this.#backend.duplicate(target.handle, access);
      case 'thread':
        return this.#backend.openThread(target.tid, access);
      case 'process':
        return this.#backend.openProcess(target.expected.pid, access);
    }
  }

  #examined(handle: bigint, rights: number, kind: ObjectKind, request: Request): Acquired {
    try {
      const examination = this.#backend.examine(handle, kind, intentionOf(request, kind, rights));
      const { record, thread, opinion } = examination;
      const acquisition = acquisitionOf(examination, rights);
      const system = this.#backend.system();
      const decision = this.#decide(
        request,
        opensAnotherPid(request.target, record.pid)
          ? {
              acquisition,
              judgement: judgeFailedOpen(Status.INVALID_CID),
              identity: null,
              thread,
              opinion,
              protection: null,
            }
          : {
              acquisition,
              judgement: judge(record, system),
              identity: identityOf(record),
              thread,
              opinion: isAnotherThread(request.target, thread) ? null : opinion,
              protection: record.protection,
            },
      );
      return { decision, held: { handle, rights, facts: factsFrom(record, system, this.#backend) } };
    } catch (error) {
      this.#close(handle, request.target.expected.pid);
      throw error;
    }
  }

  #unopened(request: Request, acquisition: Acquisition & { readonly status: number }): Acquired {
    const { pid } = request.target.expected;
    // The refusal is certain; asking once more only finds the better reason (a trustlet, gone, not askable at all).
    const record = pid === null ? null : this.#backend.query(pid);
    const decision = this.#decide(request, {
      acquisition,
      judgement: record === null ? judgeFailedOpen(acquisition.status) : judge(record, this.#backend.system()),
      identity: record === null ? null : identityOf(record),
      thread: null,
      opinion: null,
      protection: record?.protection ?? null,
    });
    return { decision, held: null };
  }

  #decide({ target, operations, accepted }: Request, finding: Finding): Decision {
    const own = decide({
      operations: operations.entries,
      accepted,
      acquisition: finding.acquisition,
      judgement: finding.judgement,
      identity: compareIdentity(target.expected, finding),
      thread: threadState(target, finding),
    });
    const { core, advice } = reconcile(own, finding.opinion, finding.protection);
    // Member by member: spreading it took as long as all the rest of a run (docs/bench.md).
    const decision: Decision = {
      decision: core.decision,
      verdict: core.verdict,
      reason: core.reason,
      status: core.status,
      evidence: core.evidence,
      operations: operations.entries.map((entry) => entry.operation),
      // An examined object that would not say its pid is reported under the one asked for.
      pid: finding.identity?.pid || target.expected.pid,
      tid: finding.thread?.tid ?? (target.kind === 'thread' ? target.tid : null),
      identity: finding.identity,
      statusName: ntstatusName(core.status),
      advice,
      backend: this.#backend.name,
      simulated: this.#backend.simulated,
    };
    this.#backend.decided?.(decision);
    return decision;
  }
}

/** What a handle of this kind is for; null where the operations act on another kind (`check` of a pid for an APC). */
const intentionOf = ({ target, operations, accepted }: Request, kind: ObjectKind, access: number): Intention | null =>
  kind === operations.acts
    ? {
        operations: operations.entries.map((entry) => entry.operation),
        accepted: [...accepted],
        access,
        expected: target.expected,
      }
    : null;

/** Which kind of handle to hold. @throws TrustletError ERR_TRUSTLET_ARGUMENT where target and operation do not go together */
const handleKind = ({ target, operations }: Request, purpose: 'check' | 'run'): ObjectKind => {
  const kind: ObjectKind = target.kind === 'handle' ? target.object : target.kind;
  if (kind === operations.acts) return kind;
  const names = operations.entries.map((entry) => entry.operation).join('+');
  if (kind === 'thread') {
    throw new TrustletError(
      'ERR_TRUSTLET_ARGUMENT',
      `${names} acts on a process: pass its pid or { pid, … }, not a thread.`,
    );
  }
  if (purpose === 'run') {
    throw new TrustletError(
      'ERR_TRUSTLET_ARGUMENT',
      `${names} acts on a thread: pass { tid } of the thread it is meant for, so that the guard can hold that thread.`,
    );
  }
  return kind;
};

/** What a refusal calls its target. */
const nameOf = (target: ReadTarget, pid: number | null): string => {
  const name = `pid ${pid}`;
  switch (target.kind) {
    case 'process':
      return name;
    case 'thread':
      return pid === null ? `tid ${target.tid}` : `${name}, tid ${target.tid}`;
    case 'handle':
      return pid === null ? `handle 0x${target.handle.toString(16)}` : name;
  }
};

const refusal = (decision: Decision, target: ReadTarget): TrustletError => {
  const operation = decision.operations.join('+');
  const status = decision.status === 0 ? '' : ` (${decision.statusName})`;
  return new TrustletError(
    'ERR_TRUSTLET_REFUSED',
    `Refused ${operation} on ${nameOf(target, decision.pid)}: ${decision.reason}${status}, asked through the ${decision.backend} backend. ${decision.advice}`,
    {
      operation,
      decision,
      ...(decision.pid === null ? {} : { pid: decision.pid }),
      ...(decision.status === 0 ? {} : { ntstatus: decision.status }),
    },
  );
};
