/** VTL0 in the hands of a test: what it answers the secure kernel, and what it changes after the secure kernel has read it. */
import { readProperties, requireObject, show } from '../../arguments.js';
import { TrustletError } from '../../errors.js';
import { requireBuffer } from '../call-arguments.js';
import type { HookScript } from '../hooks.js';

/** A request that the secure kernel hands to NT. */
export interface NormalCallRequest {
  /** A system call's name, or `ALLOCATE_VM`: a page for data to travel in. */
  readonly service: string;
  /** Of the trustlet it is for. */
  readonly pid: number;
  /** What NT sees of the arguments. */
  readonly input: Uint8Array;
  /** Bytes that the trustlet has room for. */
  readonly outputLength: number;
  /** Guest-physical addresses of the pages that the request lies in and its reply belongs in; none for ALLOCATE_VM. */
  readonly pages: readonly bigint[];
}

/** What VTL0 answers in NT's place; what is left out is as an honest NT has it. */
export interface NormalCallLie {
  readonly status?: number;
  /** The length the reply claims, whatever it holds. */
  readonly length?: number;
  readonly output?: Uint8Array;
  /** To ALLOCATE_VM: the number of the page. */
  readonly page?: number;
}

/** @returns nothing: NT answers honestly; the call throws ERR_TRUSTLET_ARGUMENT for an answer that is not made of numbers and bytes */
export type NormalCallHook = (request: NormalCallRequest) => NormalCallLie | undefined;

/** What of VTL0's memory the secure kernel has just copied. */
export type ReadByVtl1 = 'secure-call' | 'reply' | 'image';

export type ReadHook = (what: ReadByVtl1) => void;

/** What a hook returned, before VTL1 is handed any of it: it may lie in every number, but not in its kinds. */
const requireLie = (told: unknown): NormalCallLie => {
  requireObject('the answer of a normal call', told);
  const { status, length, output, page } = readProperties('the answer of a normal call', told, [
    'status',
    'length',
    'output',
    'page',
  ]);
  for (const [name, value] of Object.entries({ status, length, page })) {
    if (value !== undefined && typeof value !== 'number') {
      throw new TrustletError(
        'ERR_TRUSTLET_ARGUMENT',
        `The ${name} of a normal call must be a number; got ${show(value)}.`,
      );
    }
  }
  if (output !== undefined) requireBuffer('the output of a normal call', output);
  return told as NormalCallLie;
};

/** Hooks are part of the test, not of the machine's state: `restore` leaves them alone. */
export class Vtl0Hooks {
  readonly #script: HookScript;
  #onNormalCall: readonly NormalCallHook[] = [];
  #onRead: readonly ReadHook[] = [];

  constructor(script: HookScript) {
    this.#script = script;
  }

  addNormalCall(hook: NormalCallHook): () => void {
    this.#onNormalCall = [...this.#onNormalCall, hook];
    return () => {
      this.#onNormalCall = this.#onNormalCall.filter((other) => other !== hook);
    };
  }

  addRead(hook: ReadHook): () => void {
    this.#onRead = [...this.#onRead, hook];
    return () => {
      this.#onRead = this.#onRead.filter((other) => other !== hook);
    };
  }

  /** The last hook that lies wins. What a hook calls itself meets none. */
  lie(request: NormalCallRequest): NormalCallLie {
    if (this.#script.isRunning) return {};
    return this.#onNormalCall.reduce<NormalCallLie>((lie, hook) => {
      const told = this.#script.during(() => hook(request));
      return told === undefined ? lie : requireLie(told);
    }, {});
  }

  afterRead(what: ReadByVtl1): void {
    if (this.#script.isRunning) return;
    for (const hook of this.#onRead) this.#script.during(() => hook(what));
  }
}
