/** What the families of the surface share: the caller and its last error. */
import { isSuccess, win32FromStatus } from '../../ntstatus.js';
import type { Caller, NtSystem, ProcessReference } from '../nt/system.js';

/** ERROR_MR_MID_NOT_FOUND: what RtlNtStatusToDosError answers for a status it does not know. */
const NO_MAPPING = 317;

export class SurfaceContext {
  readonly system: NtSystem;
  readonly #reference: ProcessReference;
  lastError = 0;

  constructor(system: NtSystem, reference: ProcessReference) {
    this.system = system;
    this.#reference = reference;
  }

  get pid(): number {
    return this.#reference.pid;
  }

  /** @throws TrustletError ERR_TRUSTLET_CLOSED once the calling process has ended */
  caller(): Caller {
    return { process: this.system.resolve(this.#reference), mode: 'user' };
  }

  /** Success leaves the last error alone, failure sets it, as BaseSetLastNTError does. */
  succeeded(status: number): boolean {
    if (isSuccess(status)) return true;
    this.lastError = win32FromStatus(status) ?? NO_MAPPING;
    return false;
  }
}
