/** `machine.secureKernel`: the secure kernel of an emulated machine, its trustlets, and VTL0's hand on what passes between them. */
import { isList, requireFunction, show } from '../../arguments.js';
import { TrustletError } from '../../errors.js';
import { isSuccess, Status } from '../../ntstatus.js';
import { NT_SECURE_CALL_BLOCK, NT_SECURE_CALL_BUFFER } from '../boot/physical-layout.js';
import { requireAddress, requireBuffer } from '../call-arguments.js';
import { processLabelled, runningProcess } from '../nt/labelled.js';
import { endProcess } from '../nt/life-cycle.js';
import type { ProcessObject } from '../nt/objects.js';
import { passResponse, requestChallenge } from '../nt/operations/debug-on-demand.js';
import { ensureAddressSpace } from '../nt/process-memory.js';
import type { NtSystem } from '../nt/system.js';
import { parseStatus } from '../status-names.js';
import { pageAddress } from './exchange.js';
import { pageStatesOf, type TrustletPage } from './page-states.js';
import { SECURE_CALL_BLOCK_BYTES } from './secure-call-block.js';
import type { SecureProcess, TrustletIdentity, TrustletPolicies } from './secure-kernel-state.js';
import { type SecureServiceName, serviceCode } from './service-codes.js';
import { type CreatedTrustlet, createTrustlet, type TrustletCreation } from './trustlet-creation.js';
import { CHALLENGE_BYTES, responseTo } from './trustlet-debugging.js';
import { DUMPED_BYTES } from './trustlet-dump.js';
import type { TrustletSystemCalls } from './trustlet-system-calls.js';
import type { NormalCallHook, ReadHook } from './vtl0-hooks.js';

/** @throws TrustletError ERR_TRUSTLET_ARGUMENT for anything but a bigint or a whole number */
const wordOf = (name: string, value: unknown): bigint => {
  if (typeof value === 'bigint') return value;
  if (Number.isSafeInteger(value)) return BigInt(value as number);
  throw new TrustletError('ERR_TRUSTLET_ARGUMENT', `${name} must be a bigint or a whole number; got ${show(value)}.`);
};

/** A trustlet as the secure kernel knows it. */
export interface TrustletDescription {
  readonly pid: number;
  /** What NT names it by in secure calls: SecurePid. */
  readonly handle: bigint;
  /** null before INITIALIZE_PROCESS. */
  readonly identity: TrustletIdentity | null;
  readonly policies: TrustletPolicies;
  /** NT resumes its threads with these. */
  readonly cookies: readonly number[];
  readonly isDebugged: boolean;
}

/** A secure call, as VTL0 finds it answered. */
export interface SecureCallAnswer {
  /** NTSTATUS, as in RAX. */
  readonly status: number;
  /** The 104 bytes of the block afterwards: the status over its first argument, results over the next. */
  readonly block: Uint8Array;
}

/** A page of a trustlet in a live dump, encrypted. */
export interface DumpedPage {
  /** In the trustlet. */
  readonly address: bigint;
  readonly tag: Uint8Array;
  readonly ciphertext: Uint8Array;
}

const describe = ({ pid, handle, identity, image, threads, isDebugged }: SecureProcess): TrustletDescription => ({
  pid,
  handle,
  identity: identity === null ? null : { ...identity },
  policies: image.policies,
  cookies: threads.map(({ cookie }) => cookie),
  isDebugged,
});

const BUFFER = pageAddress(NT_SECURE_CALL_BUFFER);
const KEY_BYTES = 16;

/**
 * What VTL0 asks here it asks as a driver would: by a secure call, with a VTL switch each way. What is told of trustlets is the truth
 * from inside, for tests and pictures. Emulated: what a scenario calls a trustlet stands for an image that has passed the checks.
 */
export class SecureKernelView {
  readonly #system: NtSystem;

  /** Use `machine.secureKernel`. */
  constructor(system: NtSystem) {
    this.#system = system;
  }

  /** Whether VTL1 runs on this machine. */
  get isRunning(): boolean {
    return this.#system.secureKernel.isThere;
  }

  /** Every trustlet that runs, the Secure System process (trustlet 0) too. */
  get trustlets(): readonly TrustletDescription[] {
    return [...this.#system.state.secureKernel.processes.values()].map(describe);
  }

  /** @throws TrustletError ERR_TRUSTLET_ARGUMENT for a label that names no trustlet of VTL1 */
  trustlet(label: string): TrustletDescription {
    return describe(this.#secure(label));
  }

  /** The code of a secure service on this machine's build; null where the build does not have it. */
  serviceCode(name: SecureServiceName): number | null {
    return serviceCode(name, this.#system.parameters.build);
  }

  /**
   * Makes a secure call from VTL0, with any block at all.
   * @param block up to 104 bytes; the rest is zero
   * @param address where in guest-physical memory the block is to lie, below 2^53; by default in a page of NT's. At an address given
   * the bytes are not written, only named: write them yourself
   */
  secureCall(block: Uint8Array, address?: number | bigint): SecureCallAnswer {
    const bytes = new Uint8Array(SECURE_CALL_BLOCK_BYTES);
    bytes.set(requireBuffer('block', block).subarray(0, bytes.length));
    this.#system.requireRunning();
    const { memory, secureKernel } = this.#system;
    const at =
      address === undefined
        ? pageAddress(NT_SECURE_CALL_BLOCK)
        : BigInt(requireAddress('address', wordOf('address', address)));
    if (address === undefined) memory.copy(0, NT_SECURE_CALL_BLOCK, 0, bytes, 'write');
    const status = secureKernel.call(at);
    if (address === undefined) memory.copy(0, NT_SECURE_CALL_BLOCK, 0, bytes, 'read');
    return { status, block: bytes };
  }

  /**
   * Asks for a secure service by name.
   * @param args at most 12, as 64-bit words: what does not fit is cut off
   * @returns NTSTATUS and the results
   * @throws TrustletError ERR_TRUSTLET_ARGUMENT for arguments that are no bigints
   */
  invoke(
    name: SecureServiceName,
    args: readonly bigint[] = [],
  ): { readonly status: number; readonly results: readonly bigint[] } {
    if (!isList(args) || args.some((each) => typeof each !== 'bigint')) {
      throw new TrustletError(
        'ERR_TRUSTLET_ARGUMENT',
        `args must be a list of bigints; got ${show(isList(args) ? args.find((each) => typeof each !== 'bigint') : args)}.`,
      );
    }
    this.#system.requireRunning();
    return this.#system.secureKernel.ask(name, args, null);
  }

  /** IS_TRUSTLET_RUNNING. */
  isTrustletRunning(trustletId: number | bigint): boolean {
    return this.invoke('IS_TRUSTLET_RUNNING', [wordOf('trustletId', trustletId)]).results[0] === 1n;
  }

  /**
   * Starts a trustlet from the bytes of its image, which the secure kernel takes out of NT's pages and judges.
   * @returns NTSTATUS, and the pid where it is a success
   */
  createTrustlet(creation: TrustletCreation): CreatedTrustlet {
    return createTrustlet(this.#system, creation);
  }

  /**
   * Code of a trustlet in VTL1: what `act` does stands for it. NT resumes the trustlet's first thread, and each of its system calls is
   * one that the event log shows.
   * @returns NTSTATUS of resuming it; with a failure the code did not run
   */
  run(label: string, act: (calls: TrustletSystemCalls) => void): number {
    requireFunction('act', act);
    this.#system.requireRunning();
    return this.#system.secureKernel.run(processLabelled(this.#system, label), act);
  }

  /** A trustlet's system calls, each in a turn of its own. */
  callsOf(label: string): TrustletSystemCalls {
    this.#secure(label);
    return {
      call: (service, input, outputLength) =>
        this.#system.secureKernel
          .callsOf(processLabelled(this.#system, label))
          .call(service, requireBuffer('input', input), outputLength),
    };
  }

  /**
   * VTL0 in the hands of an attacker answers the secure kernel's requests: with another status, length or output, or a page of its
   * choice. Runs in VTL0, before NT's reply is there.
   * @returns takes the hook away
   */
  onNormalCall(hook: NormalCallHook): () => void {
    requireFunction('hook', hook);
    return this.#system.secureKernel.hooks.addNormalCall(hook);
  }

  /**
   * Runs just after the secure kernel has copied something of VTL0's: the moment in which another processor may change it. VP 0 is in
   * VTL1 then; VTL0 acts on VP 1: `machine.compromisedKernel(1)`.
   * @returns takes the hook away
   */
  onRead(hook: ReadHook): () => void {
    requireFunction('hook', hook);
    return this.#system.secureKernel.hooks.addRead(hook);
  }

  /**
   * NT pages a trustlet's page out: VTL1 encrypts it into a page of NT's. It comes back when the trustlet needs it.
   * @param address in the trustlet
   * @returns NTSTATUS
   */
  pageOut(label: string, address: number | bigint): number {
    this.#system.requireRunning();
    const process = processLabelled(this.#system, label);
    return this.#system.secureKernel.pageOut(process, requireAddress('address', wordOf('address', address)));
  }

  /** The pages in use of a trustlet, and what each of them is. */
  pages(label: string): readonly TrustletPage[] {
    return pageStatesOf(ensureAddressSpace(this.#system.memory, processLabelled(this.#system, label)));
  }

  /** GET_ON_DEMAND_DEBUG_CHALLENGE. @returns NTSTATUS, and 32 bytes where it is a success */
  debugChallenge(label: string): { readonly status: number; readonly challenge: Uint8Array } {
    this.#system.requireRunning();
    const challenge = new Uint8Array(CHALLENGE_BYTES);
    const status = requestChallenge(this.#system, processLabelled(this.#system, label), challenge);
    return { status, challenge: isSuccess(status) ? challenge : new Uint8Array(0) };
  }

  /** The response to a challenge, from who may allow debugging. Emulated: Windows verifies a signature. */
  responseTo(challenge: Uint8Array): Uint8Array {
    return responseTo(this.#system, requireBuffer('challenge', challenge));
  }

  /** ENABLE_ON_DEMAND_DEBUG_WITH_RESPONSE: a debugger may attach from now on. @returns NTSTATUS */
  enableDebugging(label: string, response: Uint8Array): number {
    this.#system.requireRunning();
    return passResponse(this.#system, processLabelled(this.#system, label), requireBuffer('response', response));
  }

  /** RETRIEVE_MAILBOX. @param key 16 bytes @returns NTSTATUS, and the message where it is a success */
  retrieveMailbox(
    label: string,
    slot: number,
    key: Uint8Array,
  ): { readonly status: number; readonly message: Uint8Array } {
    const wanted = new Uint8Array(KEY_BYTES);
    wanted.set(requireBuffer('key', key).subarray(0, KEY_BYTES));
    this.#toBuffer(wanted);
    const into = pageAddress(NT_SECURE_CALL_BUFFER + 1);
    const args = [this.#secure(label).handle, BigInt(slot), BUFFER, into, 4096n];
    const { status, results } = this.invoke('RETRIEVE_MAILBOX', args);
    const message = new Uint8Array(isSuccess(status) ? Number(results[0]) : 0);
    this.#system.memory.copy(0, NT_SECURE_CALL_BUFFER + 1, 0, message, 'read');
    return { status, message };
  }

  /**
   * A live dump of a trustlet, by LIVEDUMP_CAPTURE_PROCESS for each page: none of them or, where the image's CrashDump policy allows
   * it, all of them encrypted.
   */
  liveDump(label: string): { readonly status: number; readonly pages: readonly DumpedPage[] } {
    const { handle } = this.#secure(label);
    const pages: DumpedPage[] = [];
    for (let index = 0n; ; index += 1n) {
      const { status, results } = this.invoke('LIVEDUMP_CAPTURE_PROCESS', [handle, index, BUFFER]);
      if (status === Status.NO_MORE_ENTRIES) return { status: Status.SUCCESS, pages };
      if (!isSuccess(status)) return { status, pages };
      const record = this.#fromBuffer(DUMPED_BYTES);
      pages.push({ address: results[0] ?? 0n, tag: record.slice(0, 16), ciphertext: record.slice(16) });
    }
  }

  /** An exception that the trustlet does not handle: it ends, and nothing else does. @param status what it ends with */
  crashTrustlet(label: string, status: number | string = Status.ACCESS_VIOLATION): void {
    const process = runningProcess(this.#system, label);
    const { pid } = this.#secure(label);
    const exitStatus = parseStatus(status);
    this.#system.secureKernel.log({ kind: 'trustlet', pid, step: 'crashed', status: exitStatus });
    endProcess(this.#system, process, exitStatus);
  }

  /**
   * A fault in the secure kernel itself: the machine stops, and every later call of an operating system throws ERR_TRUSTLET_BACKEND.
   * @throws TrustletError ERR_TRUSTLET_UNSUPPORTED on a machine without VTL1
   */
  crash(): void {
    this.#system.requireRunning();
    if (!this.isRunning) {
      throw new TrustletError(
        'ERR_TRUSTLET_UNSUPPORTED',
        'This machine has no VTL1, so no secure kernel that could crash.',
      );
    }
    this.#system.secureKernel.stop();
  }

  /** NT's buffer for what a secure call points to: two pages, one after the other. */
  #toBuffer(bytes: Uint8Array): void {
    this.#system.memory.copy(0, NT_SECURE_CALL_BUFFER, 0, bytes, 'write');
  }

  #fromBuffer(length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    this.#system.memory.copy(0, NT_SECURE_CALL_BUFFER, 0, bytes, 'read');
    return bytes;
  }

  #secure(label: string): SecureProcess {
    const process: ProcessObject = processLabelled(this.#system, label);
    const secure = this.#system.secureKernel.secureProcess(process);
    if (secure !== undefined) return secure;
    throw new TrustletError('ERR_TRUSTLET_ARGUMENT', `The process ${show(label)} is no trustlet that runs in VTL1.`);
  }
}
