/** The object `open()` returns: one face over whichever backend answers. */
import { isList, requireId, show } from './arguments.js';
import type { Backend, ProcessRecord } from './backend.js';
import { Census } from './census.js';
import { TrustletError } from './errors.js';
import type { Caller } from './explain/case.js';
import { explainCase } from './explain/explain.js';
import { readContext, readError } from './explain/read-context.js';
import { factsFrom } from './facts.js';
import { Guard, type Lifetime } from './guard/guard.js';
import { readTarget } from './guard/target.js';
import { readPostureOptions } from './posture-options.js';
import type {
  BackendName,
  DriverInfo,
  ExplainContext,
  Explanation,
  Posture,
  PostureOptions,
  ProcessFacts,
  ProcessTarget,
} from './types.js';

/** Which backend answers, and whether it is a real system. */
export interface BackendInfo {
  readonly name: BackendName;
  readonly simulated: boolean;
  /** One line for people. */
  readonly description: string;
  /** Pid of the process in whose name it asks: this one, or the emulated machine's agent. An agent skips itself by it. */
  readonly callerPid: number;
  /** The driver that answers; null on every other backend. */
  readonly driver: DriverInfo | null;
  /** Why it is not the driver, one sentence, where the driver was tried first and another backend had to do; null elsewhere. */
  readonly fallback: string | null;
}

/**
 * The machine, seen through one backend. All calls are synchronous. After `close()` every call throws ERR_TRUSTLET_CLOSED;
 * handles held by a running `guard.run` live until their callbacks settle.
 *
 * @typeParam M type of `machine`: the emulated machine, or undefined on any other backend
 */
export class Vsm<M = unknown> implements Disposable, AsyncDisposable {
  readonly backend: BackendInfo;
  /** Check-then-act: `guard.check`, `guard.run`. */
  readonly guard: Guard;
  /** The emulated machine behind this vsm; undefined elsewhere. */
  readonly machine: M;
  readonly #backend: Backend;
  #closed = false;
  #held = 0;

  /** For `open()`; use that. */
  constructor(backend: Backend, machine: M, fallback: string | null = null) {
    this.#backend = backend;
    this.machine = machine;
    const { name, simulated, description, driver } = backend;
    this.backend = { name, simulated, description, callerPid: backend.callerPid(), driver, fallback };
    const lifetime: Lifetime = {
      requireOpen: () => this.#requireOpen(),
      enter: () => this.#enter(),
      leave: () => this.#leave(),
    };
    this.guard = new Guard(backend, lifetime);
  }

  /**
   * Is this process a trustlet?
   *
   * @param pid process id
   * @returns true for a trustlet, false for an ordinary process
   * @throws TrustletError ERR_TRUSTLET_UNKNOWN when it cannot be known (exited, access denied, failed query …): treat that as true;
   * ERR_TRUSTLET_ARGUMENT, ERR_TRUSTLET_CLOSED
   */
  isSecureProcess(pid: number): boolean {
    const facts = this.query(requireId('pid', pid));
    if (facts.verdict !== 'unknown') return facts.verdict === 'secure';
    throw new TrustletError(
      'ERR_TRUSTLET_UNKNOWN',
      `Whether pid ${pid} is a trustlet cannot be known: ${facts.reason} (${facts.statusName}), asked through the ` +
        `${facts.backend} backend. Leave it alone; query(${pid}) and explain(${pid}) say more.`,
      { pid, ntstatus: facts.status },
    );
  }

  /**
   * Everything known of one process. Costs one open, a handful of queries and one close. The state of the target is data, never an exception.
   *
   * @param target a pid, or an identity: another process under that pid is `unknown`, reason `identity-mismatch`
   * @throws TrustletError ERR_TRUSTLET_ARGUMENT, ERR_TRUSTLET_CLOSED, ERR_TRUSTLET_BACKEND
   */
  query(target: number | ProcessTarget): ProcessFacts {
    const read = readTarget(target);
    if (read.kind !== 'process') {
      throw new TrustletError(
        'ERR_TRUSTLET_ARGUMENT',
        `query takes a pid or { pid, createTime?, startKey? }; got a ${read.kind} target.`,
      );
    }
    const { pid, createTime, startKey } = read.expected;
    const facts = this.#alive(() => this.#facts(this.#backend.query(pid)));
    const silent = facts.createTime === null && facts.startKey === null && facts.verdict === 'unknown';
    const same =
      (createTime === null || createTime === facts.createTime) && (startKey === null || startKey === facts.startKey);
    return same || silent
      ? facts
      : { ...facts, verdict: 'unknown', reason: 'identity-mismatch', status: 0, statusName: 'STATUS_SUCCESS' };
  }

  /**
   * As `query`, for many pids; the result is aligned with the input, duplicates included.
   *
   * @throws TrustletError ERR_TRUSTLET_ARGUMENT (naming the index), ERR_TRUSTLET_CLOSED, ERR_TRUSTLET_BACKEND
   */
  queryMany(pids: readonly number[]): ProcessFacts[] {
    if (!isList(pids))
      throw new TrustletError('ERR_TRUSTLET_ARGUMENT', `pids must be a list of pids; got ${show(pids)}.`);
    const checked = Array.from(pids, (pid: unknown, index) => requireId(`pids[${index}]`, pid));
    return this.#alive(() => this.#backend.queryMany(checked).map((record) => this.#facts(record)));
  }

  /**
   * Every process there is, at one moment.
   *
   * @throws TrustletError ERR_TRUSTLET_CLOSED, ERR_TRUSTLET_BACKEND when the process list cannot be read
   */
  census(): Census {
    return this.#alive(() => new Census(this.#backend.census(), this.#backend.system(), this.#backend));
  }

  /**
   * What of VSM, VBS, HVCI and Credential Guard is configured and running, with the evidence for each answer, from what the kernel says.
   * What was configured, and which trustlet runs, it does not say: `postureAsync` asks further.
   */
  posture(): Posture {
    return this.#alive(() => this.#backend.posture());
  }

  /**
   * As `posture`, and asks WMI's Win32_DeviceGuard and the registry too: on Windows through one helper process, the system's own
   * PowerShell, which is ended at the time limit (a second or two; nothing runs in this process meanwhile). What they do not answer is
   * told in `sources`, in the evidence, and as a finding; it is no error.
   *
   * @param options `timeoutMs` in milliseconds, default 10,000; `signal`
   * @throws TrustletError ERR_TRUSTLET_ARGUMENT, ERR_TRUSTLET_CLOSED; the signal's reason once it is aborted
   */
  async postureAsync(options: PostureOptions = {}): Promise<Posture> {
    const limits = readPostureOptions(options);
    this.#requireOpen();
    limits.signal?.throwIfAborted();
    this.#enter();
    try {
      const configuration = await this.#backend.configuration(limits);
      limits.signal?.throwIfAborted();
      return this.#backend.posture(configuration);
    } finally {
      this.#leave();
    }
  }

  /**
   * Why touching a process fails, or loading a driver, or starting an enclave: every cause that what was seen does not refute, the
   * likeliest first, each with its evidence, how it is known, and what to do. docs/explain.md has all of them.
   *
   * Asks about the target and the caller, reads the process list once (for name and classification), and asks the posture where the
   * target is null and none is given.
   *
   * @param target a pid or an identity (a census row is one); null for an error that is about no process, such as a driver that does not load
   * @param error the error met: a Win32 code, an NTSTATUS, an HRESULT 0x8007…, or an error object that carries `ntstatus`, `win32` or the
   * guard's `operation`; left out where nothing failed and nothing happened either
   * @throws TrustletError ERR_TRUSTLET_ARGUMENT, also for an `api` that is not known; ERR_TRUSTLET_CLOSED, ERR_TRUSTLET_BACKEND
   */
  explain(target: number | ProcessTarget | null, error?: unknown, context?: ExplainContext): Explanation {
    const met = readError(error);
    const { api, posture } = readContext(context, error);
    const facts = target === null ? null : this.#listedFacts(this.query(target));
    const expected = target === null ? null : readTarget(target).expected;
    return this.#alive(() =>
      explainCase(
        {
          facts,
          expected,
          error: met,
          api,
          caller: this.#caller(),
          posture: posture ?? (facts === null || api?.acts === 'driver' ? this.#backend.posture() : null),
          build: this.#backend.system().build,
        },
        this.#backend,
      ),
    );
  }

  /**
   * New calls throw ERR_TRUSTLET_CLOSED from now on; the backend is let go of once no call is under way and the last held handle is
   * released. Idempotent.
   */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#disposeWhenIdle();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.close();
    return Promise.resolve();
  }

  /** With what the process list alone tells, where it tells it of the same process. */
  #listedFacts(facts: ProcessFacts): ProcessFacts {
    const listed = this.census().find(facts.pid);
    const isSame = listed !== undefined && listed.createTime === facts.createTime;
    const silent = facts.createTime === null && facts.reason !== 'gone';
    return listed !== undefined && (isSame || silent)
      ? { ...facts, name: listed.name, classification: listed.classification, pseudo: listed.pseudo }
      : facts;
  }

  #caller(): Caller {
    const pid = this.#backend.callerPid();
    const { protection, flags } = this.query(pid);
    // A backend that is not simulated asks in this process's own name.
    const here = ['ia32', 'arm'].includes(process.arch) ? 32 : 64;
    const told = flags === null ? null : flags.IsWow64Process ? 32 : 64;
    return { pid, protection, bits: this.#backend.simulated ? told : here };
  }

  #facts(record: ProcessRecord): ProcessFacts {
    return factsFrom(record, this.#backend.system(), this.#backend);
  }

  /** Keeps the backend while `ask` runs: a race scripted in the emulator may close the vsm under it. */
  #alive<T>(ask: () => T): T {
    this.#requireOpen();
    this.#enter();
    try {
      return ask();
    } finally {
      this.#leave();
    }
  }

  #enter(): void {
    this.#held += 1;
  }

  #leave(): void {
    this.#held -= 1;
    this.#disposeWhenIdle();
  }

  #requireOpen(): void {
    if (this.#closed) {
      throw new TrustletError(
        'ERR_TRUSTLET_CLOSED',
        `This vsm (${this.backend.description}) was closed; call open() for a new one.`,
      );
    }
  }

  #disposeWhenIdle(): void {
    if (this.#closed && this.#held === 0) this.#backend.dispose();
  }
}
