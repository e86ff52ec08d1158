/**
 * The secure kernel at work on a machine, between NT's calls and its trustlets (facts/vsm.md 3). Nothing here throws for what a guest
 * gets wrong: it gets an NTSTATUS.
 */
import { Status } from '../../ntstatus.js';
import { NT_SECURE_CALL_BLOCK } from '../boot/physical-layout.js';
import { dueFault } from '../faults.js';
import type { EventAbove } from '../hypervisor/event-log.js';
import { RegisterName } from '../hypervisor/register-names.js';
import type { AddressSpace, PagedOutPage } from '../nt/memory.js';
import type { ProcessObject } from '../nt/objects.js';
import type { NtSystem } from '../nt/system.js';
import { answer, rundown, type ServiceAnswer } from './creation.js';
import { pageAddress } from './exchange.js';
import { VP } from './normal-call.js';
import { pageIn, pageOut } from './paging.js';
import {
  encodeSecureCall,
  parseSecureCall,
  SECURE_CALL_BLOCK_BYTES,
  type SecureCallBlock,
  SecureOperation,
} from './secure-call-block.js';
import type { SecureProcess } from './secure-kernel-state.js';
import { answerSecureCall } from './secure-services.js';
import { type SecureServiceName, serviceCode, serviceNamed } from './service-codes.js';
import { readSharedRegisters, writeSharedRegisters } from './shared-registers.js';
import type { ImageReader } from './trustlet-image.js';
import type { SystemCallResult, TrustletSystemCalls } from './trustlet-system-calls.js';
import { TrustletThread } from './trustlet-thread.js';
import { Vtl0Hooks } from './vtl0-hooks.js';
import { readVtl0, writeVtl0 } from './vtl0-memory.js';

/** What a trustlet's thread is to do once NT has resumed it. */
interface Work {
  readonly cookie: number;
  readonly process: SecureProcess;
  readonly act: (calls: TrustletSystemCalls) => void;
}

const BLOCK_ADDRESS = pageAddress(NT_SECURE_CALL_BLOCK);
const OPERATIONS = ['resume-thread', 'service'] as const;
/** What a fault of the secure kernel's own stops the machine with: SECURE_KERNEL_ERROR. */
const SECURE_KERNEL_ERROR = 0x18b;

export class SecureKernelServices {
  readonly #system: NtSystem;
  /** Calls under way: VTL0 may make one while it serves another's request. */
  #calls = 0;
  readonly hooks: Vtl0Hooks;
  readonly readImage: ImageReader;
  #work: Work | null = null;
  #running: { readonly process: SecureProcess; readonly calls: TrustletSystemCalls } | null = null;

  constructor(system: NtSystem, readImage: ImageReader) {
    this.#system = system;
    this.readImage = readImage;
    this.hooks = new Vtl0Hooks(system.hooks);
  }

  /** VTL1 is in the middle of a call: what goes on then is in no snapshot. */
  get isBusy(): boolean {
    return this.#calls > 0;
  }

  /** VTL1 runs. */
  get isThere(): boolean {
    const { platform } = this.#system;
    return platform.hasVtl1 && !platform.isDown;
  }

  log(event: EventAbove): void {
    this.#system.platform.hypervisor.record(event);
  }

  /** What VTL1 knows of a process; undefined where it is no trustlet of this boot. */
  secureProcess({ pid, sequenceNumber }: ProcessObject): SecureProcess | undefined {
    const found = this.#system.state.secureKernel.processes.get(pid);
    return found?.sequenceNumber === sequenceNumber ? found : undefined;
  }

  threadWith(cookie: number): SecureProcess | null {
    for (const process of this.#system.state.secureKernel.processes.values()) {
      if (process.threads.some((each) => each.cookie === cookie)) return process;
    }
    return null;
  }

  /**
   * NT asks for a service, with a block of its own.
   * @param label of the process it is about, for scripted failures of SecureCall
   */
  ask(name: SecureServiceName, args: readonly bigint[], label: string | null): ServiceAnswer {
    const { state, parameters, memory } = this.#system;
    const fault = dueFault(state.faults, 'SecureCall', label, null);
    if (fault !== null) return answer(fault);
    const code = serviceCode(name, parameters.build);
    if (code === null) return answer(Status.INVALID_SYSTEM_SERVICE);
    const block = { operation: SecureOperation.INVOKE_SERVICE, serviceCode: code, threadCookie: 0, args };
    memory.copy(0, NT_SECURE_CALL_BLOCK, 0, encodeSecureCall(block), 'write');
    const status = this.call(BLOCK_ADDRESS);
    const after = new Uint8Array(SECURE_CALL_BLOCK_BYTES);
    memory.copy(0, NT_SECURE_CALL_BLOCK, 0, after, 'read');
    return { status, results: parseSecureCall(after).args.slice(1) };
  }

  /**
   * A secure call: VTL0 passes the address of a block in RBX, VTL1 copies the block once, acts, writes status and results over its
   * arguments and returns with the status in RAX. Where VTL0 cannot make a VTL call it is refused.
   * @returns NTSTATUS
   */
  call(blockAddress: bigint): number {
    const { platform } = this.#system;
    const { hypervisor } = platform;
    if (!this.isThere) return Status.NOT_SUPPORTED;
    if (hypervisor.activeVtl(VP) !== 0) return Status.UNSUCCESSFUL;
    hypervisor.writeRegister(VP, RegisterName.Rbx, blockAddress);
    const saved = readSharedRegisters(hypervisor, VP);
    if (!platform.enterVtl1(VP)) return Status.UNSUCCESSFUL;
    let status: number = Status.ACCESS_VIOLATION;
    this.#calls += 1;
    try {
      const address = hypervisor.readRegister(VP, RegisterName.Rbx);
      const bytes = readVtl0(this.#system, address, SECURE_CALL_BLOCK_BYTES);
      if (bytes !== null) status = this.#dispatch(address, bytes);
    } finally {
      // A test's own exception passes through as well, and leaves no processor in VTL1.
      this.#calls -= 1;
      writeSharedRegisters(hypervisor, VP, saved);
      platform.leaveVtl1(VP, BigInt(status));
    }
    return status;
  }

  #dispatch(address: bigint, bytes: Uint8Array): number {
    this.hooks.afterRead('secure-call');
    const block = parseSecureCall(bytes);
    const { status, results } = answerSecureCall(this.#system, block);
    const written = [BigInt(status), ...results];
    const args = block.args.map((value, index) => written[index] ?? value);
    if (this.isThere) writeVtl0(this.#system, address, encodeSecureCall({ ...block, args }));
    this.#logCall(block, status);
    return status;
  }

  #logCall({ operation, serviceCode: code, threadCookie, args }: SecureCallBlock, status: number): void {
    const isService = operation === SecureOperation.INVOKE_SERVICE;
    const aboutHandle = [...this.#system.state.secureKernel.processes.values()].find(
      ({ handle }) => handle === args[0],
    );
    this.log({
      kind: 'secure-call',
      vp: VP,
      operation: OPERATIONS[operation - 1] ?? 'unknown',
      code,
      service: isService ? serviceNamed(code, this.#system.parameters.build) : null,
      pid: (isService ? aboutHandle : this.threadWith(threadCookie))?.pid ?? null,
      status,
    });
  }

  /** NT resumes a secure thread, in VTL1. One that waits for nothing goes on waiting. */
  resume(cookie: number): number {
    const process = this.threadWith(cookie);
    if (process === null) return Status.INVALID_PARAMETER;
    const work = this.#work;
    if (work === null || work.cookie !== cookie || work.process !== process) return Status.SUCCESS;
    this.#work = null;
    const calls = new TrustletThread(this.#system, process);
    const outer = this.#running;
    this.#running = { process, calls };
    try {
      work.act(calls);
    } finally {
      this.#running = outer;
    }
    return Status.SUCCESS;
  }

  /**
   * Lets code of a trustlet run in VTL1, on the thread NT schedules for it: one secure call, and the code's own switches within.
   * @returns NTSTATUS of resuming the thread; where it is a failure the code did not run
   */
  run(process: ProcessObject, act: (calls: TrustletSystemCalls) => void): number {
    const secure = this.secureProcess(process);
    const thread = secure?.threads[0];
    if (secure === undefined || thread === undefined) return Status.INVALID_CID;
    let hasRun = false;
    const outer = this.#work;
    this.#work = {
      cookie: thread.cookie,
      process: secure,
      act: (calls) => {
        hasRun = true;
        act(calls);
      },
    };
    const { cookie } = thread;
    const block = { operation: SecureOperation.RESUME_THREAD, serviceCode: 0, threadCookie: cookie, args: [] };
    this.#system.memory.copy(0, NT_SECURE_CALL_BLOCK, 0, encodeSecureCall(block), 'write');
    try {
      const status = this.call(BLOCK_ADDRESS);
      return hasRun || status !== Status.SUCCESS ? status : Status.UNSUCCESSFUL;
    } finally {
      this.#work = outer;
    }
  }

  /** System calls of a trustlet: in its turn where it runs, else each in a turn of its own. */
  callsOf(process: ProcessObject): TrustletSystemCalls {
    return {
      call: (service, input, outputLength) => {
        const running = this.#running;
        if (running !== null && running.process === this.secureProcess(process)) {
          return running.calls.call(service, input, outputLength);
        }
        let result: SystemCallResult | null = null;
        const status = this.run(process, (calls) => {
          result = calls.call(service, input, outputLength);
        });
        return result ?? { status, output: new Uint8Array(0) };
      },
    };
  }

  /** What VTL1 kept for a process that has ended: NT says so, and if it cannot the secure kernel finds out. */
  ended(process: ProcessObject): void {
    const secure = this.secureProcess(process);
    if (secure === undefined) return;
    rundown(this.#system, secure);
    this.log({ kind: 'trustlet', pid: process.pid, step: 'ended', status: process.exitStatus });
  }

  /** NT wants a page of a trustlet back. Cost: encrypting a page. @param address in the trustlet @returns NTSTATUS */
  pageOut(process: ProcessObject, address: number): number {
    const secure = this.secureProcess(process);
    if (secure === undefined) return Status.NOT_SUPPORTED;
    return this.#inVtl1(() => pageOut(this.#system, secure, process, address)) ?? Status.UNSUCCESSFUL;
  }

  /** @returns the page, back in VTL1; null where it cannot come back */
  pageIn(space: AddressSpace, page: number, paged: PagedOutPage): number | null {
    for (const process of this.#system.state.processes.values()) {
      const secure = process.space === space ? this.secureProcess(process) : undefined;
      if (secure !== undefined) return this.#inVtl1(() => pageIn(this.#system, secure, process, space, page, paged));
    }
    return null;
  }

  /** Work of the secure kernel's, in VTL1: there already, or by a VTL call of NT's. @returns null where VTL0 cannot make one */
  #inVtl1<T>(act: () => T): T | null {
    const { platform } = this.#system;
    if (this.#running !== null && platform.hypervisor.activeVtl(VP) === 1) return act();
    if (!platform.enterVtl1(VP)) return null;
    try {
      return act();
    } finally {
      platform.leaveVtl1(VP);
    }
  }

  /** The secure kernel stops the machine (facts/vsm.md 3.10). */
  stop(code: number = SECURE_KERNEL_ERROR, why = 'a fault in the secure kernel'): void {
    this.#system.state.secureKernel.bugcheck ??= code;
    this.log({ kind: 'bugcheck', code, why });
  }
}
