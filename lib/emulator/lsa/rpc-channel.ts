/**
 * The way between LSASS and LsaIso: an ALPC port of NT's (facts/vsm.md 4.1). A message lies in a page of NT's from the moment LSASS
 * sends it until the next one, and so does the answer: VTL0 reads, records, alters and replays both. LsaIso receives and replies by
 * system calls that are marshalled to NT, so what it gets is whatever VTL0 left in the page.
 */
import { Status } from '../../ntstatus.js';
import { requireBuffer } from '../call-arguments.js';
import type { NtSystem } from '../nt/system.js';
import type { NtService } from '../secure-kernel/trustlet-system-calls.js';
import type { LsaState } from './lsa-state.js';
import { MAX_MESSAGE_LENGTH, operationName, parseMessage } from './messages.js';

/** The port that LSASS connects to. */
export const LSA_ISO_ENDPOINT = 'LSA_ISO_RPC_SERVER';

/** A message on its way, as VTL0 sees it. */
export interface ChannelMessage {
  readonly endpoint: string;
  readonly direction: 'request' | 'reply';
  /** The operation by name, as the message itself says. */
  readonly operation: string;
  /** A copy of the bytes in NT's page. */
  readonly bytes: Uint8Array;
}

/** VTL0's hand on the channel. Bytes that it returns take the message's place; nothing leaves it as it is. */
export type Interceptor = (message: ChannelMessage) => Uint8Array | undefined;

/** How many messages a compromised VTL0 keeps. */
const RECORDED_MESSAGES = 4096;
const NO_BYTES: Uint8Array = new Uint8Array(0);

/** A request that LSASS waits for the answer to. */
interface Waiting {
  readonly length: number;
  answer: Uint8Array | null;
}

export class RpcChannel {
  readonly #system: NtSystem;
  #interceptors: readonly Interceptor[] = [];
  #recorded: Uint8Array[] | null = null;
  #waiting: Waiting | null = null;

  constructor(system: NtSystem) {
    this.#system = system;
  }

  /** @returns takes the interceptor away */
  intercept(interceptor: Interceptor): () => void {
    this.#interceptors = [...this.#interceptors, interceptor];
    return () => {
      this.#interceptors = this.#interceptors.filter((other) => other !== interceptor);
    };
  }

  /** From now on VTL0 records what passes. @returns the messages so far, the last 4096, oldest first */
  record(): readonly Uint8Array[] {
    this.#recorded ??= [];
    return this.#recorded;
  }

  /**
   * NT's side of NtAlpcSendWaitReceivePort for LsaIso: a call with a message sends that as the answer, one without receives the request
   * as it lies in NT's page at that moment.
   */
  readonly port: NtService = (message) => {
    const waiting = this.#waiting;
    if (waiting === null) return { status: Status.UNSUCCESSFUL, output: NO_BYTES };
    const { requestPage, replyPage } = this.#pages();
    if (message.length === 0) return { status: Status.SUCCESS, output: this.#read(requestPage, waiting.length) };
    waiting.answer = this.#pass('reply', replyPage, message);
    return { status: Status.SUCCESS, output: NO_BYTES };
  };

  /**
   * Takes a message to the server and its answer back.
   * @param serve the server's turn; where none listens it does nothing
   * @returns the answer as it lies in NT's page; null where there was none
   */
  exchange(request: Uint8Array, serve: () => void): Uint8Array | null {
    const { requestPage } = this.#pages();
    const { length } = this.#pass('request', requestPage, request);
    const outer = this.#waiting;
    const waiting: Waiting = { length, answer: null };
    this.#waiting = waiting;
    try {
      serve();
    } finally {
      this.#waiting = outer;
    }
    return waiting.answer;
  }

  /** Zeroes the pages: what a client does whose message held a password. */
  wipe(): void {
    const { requestPage, replyPage } = this.#system.state.lsa;
    const zeros = new Uint8Array(MAX_MESSAGE_LENGTH);
    for (const page of [requestPage, replyPage])
      if (page !== null) this.#system.memory.copy(0, page, 0, zeros, 'write');
  }

  #pages(): { readonly requestPage: number; readonly replyPage: number } {
    const state: LsaState = this.#system.state.lsa;
    state.requestPage ??= this.#system.memory.takePage(0);
    state.replyPage ??= this.#system.memory.takePage(0);
    return { requestPage: state.requestPage, replyPage: state.replyPage };
  }

  /** Puts a message into NT's page, where VTL0 has its way with it. @returns what is there then */
  #pass(direction: ChannelMessage['direction'], page: number, bytes: Uint8Array): Uint8Array {
    const { hooks, memory, platform } = this.#system;
    memory.copy(0, page, 0, bytes, 'write');
    let now: Uint8Array = bytes.slice();
    this.#keep(now);
    for (const interceptor of hooks.isRunning ? [] : this.#interceptors) {
      const altered = hooks.during(() => interceptor({ ...described(direction, now), bytes: now.slice() }));
      this.#system.requireRunning();
      if (altered === undefined) continue;
      now = requireBuffer('what an interceptor returns', altered).slice(0, MAX_MESSAGE_LENGTH);
      memory.copy(0, page, 0, now, 'write');
    }
    const { operation } = described(direction, now);
    platform.hypervisor.record({ kind: 'rpc', endpoint: LSA_ISO_ENDPOINT, operation, direction, bytes: now.length });
    return now;
  }

  #keep(message: Uint8Array): void {
    const recorded = this.#recorded;
    if (recorded === null) return;
    recorded.push(message.slice());
    if (recorded.length > RECORDED_MESSAGES) recorded.shift();
  }

  #read(page: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    this.#system.memory.copy(0, page, 0, bytes, 'read');
    return bytes;
  }
}

const described = (direction: ChannelMessage['direction'], bytes: Uint8Array): Omit<ChannelMessage, 'bytes'> => {
  const message = parseMessage(bytes);
  return {
    endpoint: LSA_ISO_ENDPOINT,
    direction,
    operation: message === null ? 'no message' : operationName(message),
  };
};
