/** An addon that is none, around a fake driver: opens, closes and system queries go to the backend and api that know the processes. */
import type { Backend } from '../../lib/backend.js';
import type { NativeBinding, NativeDevice, OpenedDevice } from '../../lib/native/binding.js';
import type { NtApi } from '../../lib/nt-api.js';
import { FakeDriver } from './fake-driver.js';

export class FakeBinding implements NativeBinding {
  readonly abi = 1;
  kind: NativeBinding['kind'] = 'win32';
  readonly driver: FakeDriver;
  /** Win32 error with which the device does not open; 0: it does. */
  openError = 0;
  readonly opened: string[] = [];
  closed = 0;
  readonly #source: Backend;
  readonly #api: Pick<NtApi, 'querySystemInformation'>;

  constructor(
    source: Backend,
    api: Pick<NtApi, 'querySystemInformation'>,
    driver: FakeDriver = new FakeDriver(source),
  ) {
    this.#source = source;
    this.#api = api;
    this.driver = driver;
  }

  openDevice(path: string): OpenedDevice {
    this.opened.push(path);
    if (this.openError !== 0) return this.openError;
    const device: NativeDevice = {
      ioctl: (code, input, output) => this.driver.ioctl(code, input, output),
      ioctlAsync: () => {
        throw new Error('nothing waits in these tests');
      },
      close: () => {
        this.closed += 1;
      },
    };
    return device;
  }

  currentProcessId(): number {
    return this.#source.callerPid();
  }

  openProcess(pid: number, access: number, handle: BigUint64Array): number {
    const opened = this.#source.openProcess(pid, access);
    handle[0] = opened.handle;
    return opened.status;
  }

  openThread(tid: number, access: number, handle: BigUint64Array): number {
    const opened = this.#source.openThread(tid, access);
    handle[0] = opened.handle;
    return opened.status;
  }

  duplicateHandle(source: bigint, access: number, handle: BigUint64Array): number {
    const opened = this.#source.duplicate(source, access);
    handle[0] = opened.handle;
    return opened.status;
  }

  closeHandle(handle: bigint): number {
    return this.#source.close(handle);
  }

  querySystemInformation(infoClass: number, buffer: Uint8Array, returned: Uint32Array): number {
    const { status, returnLength } = this.#api.querySystemInformation(infoClass, buffer);
    returned[0] = returnLength;
    return status;
  }

  win32Error(status: number): number {
    return this.#source.win32Error(status) ?? 317;
  }
}
