/** A trustlet's thread at work in VTL1: its system calls, and what interrupts it (facts/vsm.md 3.3, 3.4, 3.9). */
import { Status } from '../../ntstatus.js';
import { VINA_VECTOR } from '../boot/secure-kernel.js';
import { addRegion, PageProtection } from '../nt/memory.js';
import { ensureAddressSpace } from '../nt/process-memory.js';
import type { NtSystem } from '../nt/system.js';
import { captureArguments, wipeCaptured } from './argument-capture.js';
import { cryptographicService } from './cryptographic-service.js';
import { EXCHANGE_CAPACITY } from './exchange.js';
import { postMailbox } from './mailbox.js';
import { normalCall, VP } from './normal-call.js';
import type { SecureProcess } from './secure-kernel-state.js';
import { getSecureStorage, putSecureStorage } from './secure-storage.js';
import { writeSharedRegisters } from './shared-registers.js';
import { type EnabledCall, systemCallNamed } from './system-calls.js';
import type { SystemCallResult, TrustletSystemCalls } from './trustlet-system-calls.js';

const NOTHING: Uint8Array = new Uint8Array(0);
const failed = (status: number): SystemCallResult => ({ status, output: NOTHING });

/** The class of NtQueryInformationProcess that a trustlet may ask; the others are not passed on. */
const ALLOWED_CLASS = 0;

type SecureCall = (system: NtSystem, process: SecureProcess, input: Uint8Array, room: number) => SystemCallResult;

const secureCalls: Readonly<Record<string, SecureCall>> = {
  IumCrypto: cryptographicService,
  IumPostMailbox: postMailbox,
  IumSecureStorageGet: getSecureStorage,
  IumSecureStoragePut: putSecureStorage,
};

/** A region of VTL1's own: NT is not asked for the memory of a trustlet. */
const allocate = (system: NtSystem, { pid }: SecureProcess, input: Uint8Array): SystemCallResult => {
  const process = system.process(pid);
  const size = new DataView(input.buffer, input.byteOffset).getBigUint64(0, true);
  if (process === undefined || size === 0n || size > 0x1000_0000n) return failed(Status.INVALID_PARAMETER);
  const region = addRegion(ensureAddressSpace(system.memory, process), {
    base: 0,
    size: Number(size),
    kind: 'private',
    owner: 1,
    protection: PageProtection.READWRITE,
    committed: true,
  });
  if (region === null) return failed(Status.NO_MEMORY);
  const output = new Uint8Array(8);
  new DataView(output.buffer).setBigUint64(0, BigInt(region.base), true);
  return { status: Status.SUCCESS, output };
};

/** Lets VTL0 take an interrupt that waits for it, and goes on. Emulated: looked at when the trustlet makes a system call. */
const takeVina = (system: NtSystem, process: SecureProcess): boolean => {
  const { platform, secureKernel } = system;
  const { hypervisor } = platform;
  const event = hypervisor.nextEvent(VP);
  if (event?.kind !== 'interrupt' || event.vector !== VINA_VECTOR) return true;
  writeSharedRegisters(hypervisor, VP);
  platform.leaveVtl1(VP);
  const taken: number[] = [];
  for (let next = hypervisor.nextEvent(VP); next !== null; next = hypervisor.nextEvent(VP)) {
    if (next.kind !== 'interrupt') continue;
    taken.push(next.vector);
    hypervisor.endOfInterrupt(VP);
  }
  secureKernel.log({ kind: 'vina', vp: VP, pid: process.pid, taken });
  return platform.enterVtl1(VP);
};

export class TrustletThread implements TrustletSystemCalls {
  readonly #system: NtSystem;
  readonly #process: SecureProcess;

  constructor(system: NtSystem, process: SecureProcess) {
    this.#system = system;
    this.#process = process;
  }

  call(service: string, input: Uint8Array, outputLength: number): SystemCallResult {
    const system = this.#system;
    if (!this.#isAlive()) return failed(Status.PROCESS_IS_TERMINATING);
    if (system.platform.hypervisor.activeVtl(VP) !== 1) return failed(Status.UNSUCCESSFUL);
    if (!takeVina(system, this.#process)) return failed(Status.UNSUCCESSFUL);
    if (!Number.isInteger(outputLength) || outputLength < 0) return failed(Status.INVALID_PARAMETER);
    if (input.length > EXCHANGE_CAPACITY || outputLength > EXCHANGE_CAPACITY) return failed(Status.INVALID_PARAMETER);
    const result = this.#dispatch(service, input, outputLength);
    // VTL0 may have ended the process while the call was with it.
    return this.#isAlive() ? result : failed(Status.PROCESS_IS_TERMINATING);
  }

  #isAlive(): boolean {
    return this.#system.state.secureKernel.processes.get(this.#process.pid) === this.#process;
  }

  #dispatch(service: string, input: Uint8Array, room: number): SystemCallResult {
    const call = systemCallNamed(service);
    if (call === null) return this.#inVtl1(service, false, failed(Status.INVALID_SYSTEM_SERVICE));
    if (call.kind === 'secure') {
      const result = secureCalls[service]?.(this.#system, this.#process, input, room) ?? failed(Status.NOT_IMPLEMENTED);
      return this.#inVtl1(service, true, this.#limited(result, room));
    }
    if (call.kind === 'enabled') return this.#toNt(service, call, input, room);
    if (input.length < call.input) return this.#inVtl1(service, true, failed(Status.INVALID_PARAMETER));
    return this.#special(service, call.input, input, room);
  }

  #special(service: string, declared: number, input: Uint8Array, room: number): SystemCallResult {
    if (service === 'NtAllocateVirtualMemory') {
      return this.#inVtl1(service, true, this.#limited(allocate(this.#system, this.#process, input), room));
    }
    const infoClass = new DataView(input.buffer, input.byteOffset).getUint32(0, true);
    if (infoClass !== ALLOWED_CLASS) return this.#inVtl1(service, true, failed(Status.INVALID_INFO_CLASS));
    return this.#toNt(service, { kind: 'enabled', input: declared, output: 'data' }, input, room);
  }

  #toNt(service: string, call: EnabledCall, input: Uint8Array, room: number): SystemCallResult {
    const system = this.#system;
    const declared = call.input === 'all' ? input.length : call.input;
    if (input.length < declared) return this.#inVtl1(service, true, failed(Status.INVALID_PARAMETER));
    if (service === 'NtClose' && !this.#process.ntHandles.delete(handleOf(input))) {
      return this.#inVtl1(service, true, failed(Status.INVALID_HANDLE));
    }
    captureArguments(system, this.#process, input);
    // B18: served where the trustlet is, a call would never be seen to leave VTL1.
    const result =
      system.outcome('B18') === 'marshalled'
        ? normalCall(system, this.#process, service, call, declared, room)
        : this.#inVtl1(service, true, this.#served(service, input.subarray(0, declared), room));
    if (this.#isAlive()) wipeCaptured(system, this.#process);
    return result;
  }

  #served(service: string, input: Uint8Array, room: number): SystemCallResult {
    const reply = this.#system.ntServices.get(service)?.(input, this.#process.pid, room);
    return reply === undefined
      ? failed(Status.NOT_IMPLEMENTED)
      : { status: reply.status, output: reply.output.slice(0, room) };
  }

  #limited(result: SystemCallResult, room: number): SystemCallResult {
    return result.output.length <= room ? result : failed(Status.BUFFER_TOO_SMALL);
  }

  #inVtl1(service: string, served: boolean, result: SystemCallResult): SystemCallResult {
    const { pid } = this.#process;
    this.#system.secureKernel.log({ kind: 'trustlet-call', vp: VP, pid, service, served, status: result.status });
    return result;
  }
}

const handleOf = (input: Uint8Array): bigint => new DataView(input.buffer, input.byteOffset).getBigUint64(0, true);
