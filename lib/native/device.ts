/** An open device with friendly edges: arguments are checked, a closed device throws, and a signal cancels. */
import { TrustletError } from '../errors.js';
import type { IoctlResult, NativeBinding, NativeDevice } from './binding.js';

/** -STATUS_CANCELLED */
const CANCELLED = -0xc0000120;

const MAX_UINT32 = 0xffffffff;

/** How an asynchronous request may end early. */
export interface RequestOptions {
  /** Aborting it asks the driver to give up; the promise then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

const wrongArgument = (message: string): TrustletError => new TrustletError('ERR_TRUSTLET_ARGUMENT', message);

const checkArguments = (code: number, input: Uint8Array, output: Uint8Array): void => {
  if (!Number.isInteger(code) || code < 0 || code > MAX_UINT32) {
    throw wrongArgument(`An IOCTL code is a whole number of 32 bits; got ${String(code)}.`);
  }
  if (!(input instanceof Uint8Array)) throw wrongArgument('The input of an ioctl is a Uint8Array.');
  if (!(output instanceof Uint8Array)) throw wrongArgument('The output of an ioctl is a Uint8Array.');
};

/**
 * One opening of a device. It belongs to the thread that opened it. Close it when done: until it is collected it holds a handle, and
 * a driver with an open handle does not stop.
 */
export class Device {
  /** As it was opened. */
  readonly path: string;
  readonly #native: NativeDevice;
  #closed = false;

  constructor(native: NativeDevice, path: string) {
    this.#native = native;
    this.path = path;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /**
   * Sends a request and waits for the answer: microseconds for a driver that does.
   * @param code IOCTL code, unsigned 32 bits
   * @param input bytes the driver gets
   * @param output room for the answer; may share memory with the input
   * @returns bytes written, or the negated NTSTATUS: what the driver refuses is a number, not an exception
   * @throws TrustletError ERR_TRUSTLET_ARGUMENT, or ERR_TRUSTLET_CLOSED after `close`
   */
  ioctl(code: number, input: Uint8Array, output: Uint8Array): IoctlResult {
    checkArguments(code, input, output);
    if (this.#closed) throw this.#closedError();
    return this.#native.ioctl(code, input, output);
  }

  /**
   * Sends a request without waiting; any number may be in flight. The input is copied at once; the output is written when the
   * promise settles, and must not be detached before.
   * @param code IOCTL code, unsigned 32 bits
   * @returns bytes written, or the negated NTSTATUS
   * @throws TrustletError (as a rejection) ERR_TRUSTLET_ARGUMENT; ERR_TRUSTLET_CLOSED when the device is or gets closed; the reason of
   * an aborted signal, unless the answer came first
   */
  async ioctlAsync(
    code: number,
    input: Uint8Array,
    output: Uint8Array,
    { signal }: RequestOptions = {},
  ): Promise<IoctlResult> {
    checkArguments(code, input, output);
    if (this.#closed) throw this.#closedError();
    signal?.throwIfAborted();
    const request = this.#native.ioctlAsync(code, input, output);
    const cancel = (): void => request.cancel();
    signal?.addEventListener('abort', cancel, { once: true });
    try {
      const result = await request.result;
      if (result !== CANCELLED) return result;
      signal?.throwIfAborted();
      if (this.#closed) throw this.#closedError();
      return result;
    } finally {
      signal?.removeEventListener('abort', cancel);
    }
  }

  /** Cancels what is in flight, and closes the handle. Any number of times. */
  close(): void {
    this.#closed = true;
    this.#native.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #closedError(): TrustletError {
    return new TrustletError('ERR_TRUSTLET_CLOSED', `The device ${this.path} is closed; open it again.`);
  }
}

/**
 * Opens a device for reading.
 * @param path `\\.\Trustlet`
 * @returns the device, or the Win32 error: 2 where there is none, 5 where access is denied
 */
export const openDevice = (binding: NativeBinding, path: string): Device | number => {
  const opened = binding.openDevice(path);
  return typeof opened === 'number' ? opened : new Device(opened, path);
};
