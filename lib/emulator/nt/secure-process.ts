/** NT's part in a trustlet's start: the secure calls that make one of a process (facts/vsm.md 3.6). */
import { isSuccess, Status } from '../../ntstatus.js';
import { NT_SECURE_CALL_BUFFER } from '../boot/physical-layout.js';
import { acceptImage } from '../secure-kernel/creation.js';
import { type CreationAttributes, encodeAttributes } from '../secure-kernel/creation-attributes.js';
import { factsOfScenario } from '../secure-kernel/trustlet-image.js';
import { PAGE_SIZE } from './memory.js';
import type { ProcessObject } from './objects.js';
import type { NtSystem } from './system.js';

/** How a trustlet is started, beside what its process is. */
export interface SecureStart {
  /** From CREATE_SECURE_IMAGE; null: the scenario's, an image of Windows that needs no showing. */
  readonly image: bigint | null;
  readonly attributes: CreationAttributes;
}

const defaultStart = ({ trustlet }: ProcessObject): SecureStart => ({
  image: null,
  attributes: { trustletId: BigInt(trustlet?.id ?? 0), instance: null, collaborationId: null, mailboxKey: null },
});

const ask = (
  system: NtSystem,
  process: ProcessObject,
  { image, attributes }: SecureStart,
): { readonly status: number } => {
  const { secureKernel, memory } = system;
  const { label } = process;
  const handle = image ?? acceptImage(system, factsOfScenario(process.trustlet)).handle;
  const created = secureKernel.ask('CREATE_PROCESS', [handle, BigInt(process.pid)], label);
  const [secureHandle = 0n] = created.results;
  if (!isSuccess(created.status)) return created;
  const bytes = encodeAttributes(attributes);
  memory.copy(0, NT_SECURE_CALL_BUFFER, 0, bytes, 'write');
  const address = BigInt(NT_SECURE_CALL_BUFFER * PAGE_SIZE);
  const initialised = secureKernel.ask('INITIALIZE_PROCESS', [secureHandle, address, BigInt(bytes.length)], label);
  if (!isSuccess(initialised.status)) return initialised;
  for (const tid of process.tids) {
    const thread = secureKernel.ask('CREATE_THREAD', [secureHandle, BigInt(tid)], label);
    if (!isSuccess(thread.status)) return thread;
  }
  return initialised;
};

/**
 * Has VTL1 make a trustlet of a process. Without VTL1 there is none to ask, and a trustlet's process is one like any other.
 * @returns NTSTATUS
 */
export const startInVtl1 = (system: NtSystem, process: ProcessObject, start: SecureStart | null = null): number => {
  const { secureKernel } = system;
  if (!process.secure || !secureKernel.isThere) return Status.SUCCESS;
  const { status } = ask(system, process, start ?? defaultStart(process));
  const step = isSuccess(status) ? 'started' : 'refused';
  secureKernel.log({ kind: 'trustlet', pid: process.pid, step, status });
  return status;
};

/** The trustlets that a machine has booted with. A scenario's scripted failures are for what comes after. */
export const startAllInVtl1 = (system: NtSystem): void => {
  const { state } = system;
  const faults = state.faults.splice(0);
  for (const process of state.processes.values()) startInVtl1(system, process);
  state.faults.push(...faults);
};
