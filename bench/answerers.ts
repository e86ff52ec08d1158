/** Whoever answers for a crowd: the driver through the addon, ntdll through koffi, the emulator, and plain C. Linux. */
import { createRequire } from 'node:module';
import { createDriverBackend } from '../lib/backends/driver.js';
import { createNtdllBackend } from '../lib/backends/ntdll.js';
import { boot } from '../lib/emulator-entry.js';
import type { HostBinding, NativeDevice } from '../lib/native/binding.js';
import { open } from '../lib/open.js';
import { Vsm } from '../lib/vsm.js';
import type { Crowd } from './crowd.js';

type Koffi = typeof import('koffi');
type Cell = number | Uint8Array | Uint32Array;
type Call = (...args: readonly Cell[]) => number | bigint;

const DEVICE = '\\\\.\\Trustlet';

const declare = (path: string, functions: Readonly<Record<string, readonly [string, ...string[]]>>) => {
  const koffi = createRequire(import.meta.url)('koffi') as Koffi;
  const library = koffi.load(path);
  const calls = new Map(
    Object.entries(functions).map(([name, [result, ...parameters]]) => [
      name,
      library.func(name, result, parameters) as Call,
    ]),
  );
  return (name: string, ...args: readonly Cell[]): number => {
    const call = calls.get(name);
    if (call === undefined) throw new Error(`${name} is not declared`);
    return Number(call(...args));
  };
};

const REQUEST = ['uint32_t', 'void *', 'uint32_t', 'void *', 'uint32_t'] as const;

/** bench/native/plain_calls.c. Times are nanoseconds for all calls. */
export class PlainC {
  readonly #call: (name: string, ...args: readonly Cell[]) => number;

  constructor(library: string) {
    this.#call = declare(library, {
      plain_boot: ['uint32_t', 'void *', 'uint32_t'],
      plain_shutdown: ['uint32_t'],
      plain_ioctl: ['uint64_t', ...REQUEST, 'uint32_t'],
      plain_seam: ['uint64_t', ...REQUEST, 'uint32_t'],
      plain_call: ['uint32_t', ...REQUEST],
      plain_query: ['uint64_t', 'void *', 'uint32_t', 'uint32_t', 'uint32_t'],
      plain_census: ['uint64_t', 'void *', 'uint32_t', 'uint32_t', 'uint32_t', 'uint32_t'],
      plain_read: ['uint64_t', 'void *', 'uint32_t', 'uint32_t'],
      plain_guard: ['uint64_t', 'uint32_t', 'uint32_t', 'uint32_t', 'uint32_t'],
    });
  }

  boot({ table }: Crowd): void {
    const failed = this.#call('plain_boot', table, table.byteLength);
    if (failed !== 0) throw new Error(`the machine in plain C does not boot (step ${failed})`);
  }

  shutdown(): void {
    if (this.#call('plain_shutdown') !== 0) throw new Error('the machine in plain C left something behind');
  }

  /** @param name a timed function @throws Error when an answer was wrong */
  time(name: `plain_${string}`, ...args: readonly Cell[]): number {
    const elapsed = this.#call(name, ...args);
    if (elapsed === 0) throw new Error(`${name}: an answer was wrong`);
    return elapsed;
  }

  /** One request, crossed to by koffi. @returns bytes written */
  request(code: number, input: Uint8Array, output: Uint8Array): number {
    return this.#call('plain_call', code, input, input.byteLength, output, output.byteLength);
  }
}

/** What is measured of a backend, and how it ends. */
export interface Answerer {
  readonly vsm: Vsm;
  end(): void;
}

/** The driver, and its device for raw requests. */
export interface DriverAnswerer extends Answerer {
  readonly device: NativeDevice;
  /** A device that has been closed again. */
  closedDevice(): NativeDevice;
}

export const driverAnswers = (binding: HostBinding, { table }: Crowd): DriverAnswerer => {
  binding.host.boot(table);
  const openDevice = (): NativeDevice => {
    const opened = binding.openDevice(DEVICE);
    if (typeof opened === 'number') throw new Error(`the device does not open: ${opened}`);
    return opened;
  };
  const device = openDevice();
  const vsm = new Vsm(createDriverBackend({ binding }), undefined);
  return {
    vsm,
    device,
    closedDevice: () => {
      const closed = openDevice();
      closed.close();
      return closed;
    },
    end: () => {
      vsm.close();
      device.close();
      const complaints = binding.host.shutdown();
      if (complaints !== '') throw new Error(`something was left behind in the simulated kernel:\n${complaints}`);
    },
  };
};

/** @param library libntsim.so */
export const ntdllAnswers = (library: string, { table }: Crowd): Answerer => {
  const call = declare(library, { ntsim_load: ['uint32_t', 'void *', 'uint32_t'], ntsim_unload: ['void'] });
  if (call('ntsim_load', table, table.byteLength) !== 0) throw new Error('libntsim.so refuses the table');
  const vsm = new Vsm(createNtdllBackend({ library, simulated: true }), undefined);
  return {
    vsm,
    end: () => {
      vsm.close();
      call('ntsim_unload');
    },
  };
};

export const emulatorAnswers = ({ scenario }: Crowd): Answerer => {
  const vsm = open({ backend: boot(scenario) });
  return { vsm, end: () => vsm.close() };
};
