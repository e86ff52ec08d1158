/** One opening of the driver's device: HELLO, then requests in the version that both speak. Nothing is judged here. */
import type { NativeBinding, NativeDevice } from '../native/binding.js';
import { Status } from '../ntstatus.js';
import {
  Codec,
  chooseVersion,
  type HelloReply,
  type MessageName,
  type VersionRange,
  type Wire,
} from '../protocol/index.js';
import { malformedReply } from '../protocol/malformed.js';
import { deviceNotOpened, driverLacks, noCommonVersion, requestFailed } from './driver-errors.js';

/** What this package asks a driver for. */
const NEEDED = ['query', 'census', 'examine', 'guard'] as const;

const openDevice = (binding: NativeBinding, path: string): NativeDevice => {
  const opened = binding.openDevice(path);
  if (typeof opened === 'number') throw deviceNotOpened(path, opened);
  return opened;
};

export class DriverConnection {
  /** e.g. `\\.\Trustlet`. */
  readonly path: string;
  /** Of the version that both speak. */
  readonly codec: Codec;
  /** What the driver said first. */
  readonly hello: HelloReply;
  readonly #device: NativeDevice;
  readonly #ours: VersionRange;
  readonly #helloCodec: Codec;

  /**
   * @param wire the protocol as this side knows it
   * @throws TrustletError ERR_TRUSTLET_BACKEND when the device does not open, or the driver is too old or too new;
   * ERR_TRUSTLET_PROTOCOL when it lies. Nothing stays open then
   */
  constructor(binding: NativeBinding, path: string, wire: Wire) {
    this.path = path;
    this.#ours = { minVersion: wire.versionMin, maxVersion: wire.versionMax };
    this.#helloCodec = new Codec(wire);
    this.#device = openDevice(binding, path);
    try {
      this.hello = this.sayHello();
      this.codec = new Codec(wire, this.hello.version);
    } catch (error) {
      this.#device.close();
      throw error;
    }
  }

  /**
   * HELLO, at any time: the system as it is now.
   * @throws TrustletError as the constructor
   */
  sayHello(): HelloReply {
    const codec = this.#helloCodec;
    const output = new Uint8Array(codec.replyLength('HELLO', 0));
    const hello = codec.decodeHello(this.#exchange(codec, 'HELLO', codec.encodeHello(), output));
    const version = chooseVersion(this.#ours, hello);
    if (hello.version !== version) {
      throw malformedReply('HELLO', `chose version ${hello.version}, where ${version} is the newest that both speak`);
    }
    if (version === 0) throw noCommonVersion(this.path, this.#ours, hello);
    const missing = NEEDED.find((name) => !hello.capabilities[name]);
    if (missing !== undefined) {
      throw driverLacks(this.path, hello.driverVersion, `the request ${missing.toUpperCase()}`);
    }
    if (hello.maxPids === 0) throw malformedReply('HELLO', 'says that a QUERY takes no pids at all');
    return hello;
  }

  /**
   * Sends a request and waits for its reply.
   * @returns the bytes the driver wrote, at the start of `output`
   * @throws TrustletError ERR_TRUSTLET_BACKEND when the request fails, saying what to do; ERR_TRUSTLET_PROTOCOL for a length that cannot be
   */
  exchange(message: MessageName, request: Uint8Array, output: Uint8Array): Uint8Array {
    return this.#exchange(this.codec, message, request, output);
  }

  /** As `exchange`; null where the driver says that not even one record fits. */
  exchangeIfRoom(message: MessageName, request: Uint8Array, output: Uint8Array): Uint8Array | null {
    const result = this.#device.ioctl(this.codec.code(message), request, output);
    return result === -Status.BUFFER_TOO_SMALL ? null : this.#written(message, result, output);
  }

  /** Closes the device. */
  close(): void {
    this.#device.close();
  }

  #exchange(codec: Codec, message: MessageName, request: Uint8Array, output: Uint8Array): Uint8Array {
    return this.#written(message, this.#device.ioctl(codec.code(message), request, output), output);
  }

  #written(message: MessageName, result: number, output: Uint8Array): Uint8Array {
    if (result < 0) throw requestFailed(this.path, message, -result);
    if (result > output.byteLength) {
      throw malformedReply(message, `is said to have ${result} bytes; there was room for ${output.byteLength}`);
    }
    return result === output.byteLength ? output : output.subarray(0, result);
  }
}
