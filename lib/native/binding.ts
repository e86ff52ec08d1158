/**
 * The addon as TypeScript sees it: every function that native/addon.cc exports, and nothing else.
 *
 * It is thin on purpose. It opens, asks and closes, and never acts on a process. No function throws for the state of a target or of
 * the system: those are numbers. A TypeError or RangeError means that TypeScript passed what it should have refused first.
 */

/** Raised whenever a function below changes its meaning; a prebuilt file of another number is refused by the loader. */
export const BINDING_ABI = 1;

/**
 * What an ioctl came to: bytes written to the output when it is 0 or more, else the negated NTSTATUS (unsigned), so that one number
 * crosses and no object is built. STATUS_ACCESS_DENIED is -0xC0000022.
 */
export type IoctlResult = number;

/** A request in flight. */
export interface NativeRequest {
  /** Settles exactly once, never rejects: -STATUS_CANCELLED (0xC0000120) after `cancel`, a close or the end of the environment. */
  readonly result: Promise<IoctlResult>;
  /** Asks the driver to give up; what has already finished stays finished. Any number of times, at any time. */
  cancel(): void;
}

/** An open device. Its handle is not inheritable. Collected without `close`, it closes itself. */
export interface NativeDevice {
  /** Waits for the answer. Input and output may be the same bytes or overlap: METHOD_BUFFERED copies the input first. */
  ioctl(code: number, input: Uint8Array, output: Uint8Array): IoctlResult;
  /**
   * Does not wait; any number may be in flight. The input is copied at once. The output is written, and kept from being collected,
   * until the result settles; whoever detaches it meanwhile gets -STATUS_INVALID_USER_BUFFER (0xC00000E8) and no write.
   */
  ioctlAsync(code: number, input: Uint8Array, output: Uint8Array): NativeRequest;
  /**
   * Cancels what is in flight, waits until all of it has settled, and closes. Afterwards `ioctl` is -STATUS_FILE_CLOSED (0xC0000128).
   * Repeatable. It waits a second at most: what a driver does not give up settles when the driver has done with it.
   */
  close(): void;
}

/** One opening of a device: the device, or the Win32 error why not. */
export type OpenedDevice = NativeDevice | number;

export interface NativeBinding {
  readonly abi: number;
  /** `win32`: the system. `host`: the driver's own C over the simulated kernel, in this process, for tests. */
  readonly kind: 'win32' | 'host';
  /**
   * CreateFile for GENERIC_READ, shared for reading and writing.
   * @param path `\\.\Trustlet`
   */
  openDevice(path: string): OpenedDevice;
  /** Pid of the caller: of this process, or of the simulated one it stands for. */
  currentProcessId(): number;
  /** NtOpenProcess, not inheritable. @param handle one element, set to the handle or 0n. @returns NTSTATUS, unsigned */
  openProcess(pid: number, access: number, handle: BigUint64Array): number;
  /** NtOpenThread, likewise. */
  openThread(tid: number, access: number, handle: BigUint64Array): number;
  /** NtDuplicateObject inside the caller's own process, likewise. @param source as 64 bits, sign-extended */
  duplicateHandle(source: bigint, access: number, handle: BigUint64Array): number;
  /** NtClose. @returns NTSTATUS, unsigned */
  closeHandle(handle: bigint): number;
  /**
   * NtQuerySystemInformation.
   * @param returned one element, set to the return length (0 where the system says nothing)
   * @returns NTSTATUS, unsigned
   */
  querySystemInformation(infoClass: number, buffer: Uint8Array, returned: Uint32Array): number;
  /** RtlNtStatusToDosError; 317 (ERROR_MR_MID_NOT_FOUND) where there is no code. */
  win32Error(status: number): number;
}

/** What the host build has beside: the simulated machine that the driver runs on. One per process. */
export interface HostBinding extends NativeBinding {
  readonly kind: 'host';
  readonly host: HostMachineControl;
}

/** Tables are those that lib/testing/scenario-table.ts writes. Every function throws Error when the simulated kernel refuses. */
export interface HostMachineControl {
  /** Boots the machine and loads the driver; the calling environment's threads become the agent's. Ends the machine before. */
  boot(table: Uint8Array): void;
  /** Unloads the driver and looks for what was left behind. @returns its complaints, one a line; empty when all is well */
  shutdown(): string;
  exit(pid: number): void;
  /** @param table one process in a table of its own. @throws Error while something holds the old process */
  reuse(pid: number, table: Uint8Array): void;
  /** @param call as in scenario faults; `nth` 0: every call; `infoClass` -1 and `pid` 0: any */
  fail(call: string, infoClass: number, pid: number, nth: number, status: number): void;
  /** Handles of processes and threads that the agent has open. */
  openHandles(): number;
  /** Devices that the agent has open. */
  openDevices(): number;
  /** Requests that the driver is at work on: those that wait for a thread are not among them. */
  requestsInFlight(): number;
}
