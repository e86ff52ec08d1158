/** The controls of the simulated kernel's library (driver/ntsim/ntsim.h), on Linux as on Windows. */
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { FaultCall } from '../../lib/emulator/scenario.js';
import { simulatedCallNumber } from '../../lib/testing/scenario-table.js';

type Koffi = typeof import('koffi');
type Control = (...args: readonly (number | Uint8Array | null)[]) => number;

const root = (path: string): string => fileURLToPath(new URL(`../../../${path}`, import.meta.url));

/** Where the library lies once it is built: `build/ntsim/libntsim.so`, on Windows `ntsim.dll`. */
export const ntsimLibrary: string = root(`build/ntsim/${process.platform === 'win32' ? 'ntsim.dll' : 'libntsim.so'}`);

/** Builds the library where there is a compiler; on Windows (in Wine) it must be there already. */
export const buildNtsim = async (): Promise<string> => {
  if (process.platform === 'win32') return ntsimLibrary;
  const script = new URL('../../../scripts/build-ntsim.mjs', import.meta.url).href;
  const { buildNtsim: build } = (await import(script)) as {
    buildNtsim: (options: { target: 'linux' }) => Promise<string>;
  };
  return build({ target: 'linux' });
};

const RESULTS = [
  'ok',
  'truncated',
  'magic',
  'version',
  'bounds',
  'count',
  'value',
  'duplicate',
  'memory',
  'no-machine',
  'not-found',
  'referenced',
  'in-use',
] as const;

/** What a control answers (enum ntsim_result). */
export type NtsimResult = (typeof RESULTS)[number];

/** A call that is made to fail. */
export interface NtsimFault {
  readonly call: FaultCall;
  readonly status: number;
  readonly infoClass?: number;
  readonly pid?: number;
  readonly nth?: number;
}

const numberOf = (call: FaultCall): number => {
  const number = simulatedCallNumber(call);
  if (number === undefined) throw new Error(`the simulated kernel has no ${call}`);
  return number;
};

/** One library is one machine: whoever loads a table replaces the machine of everybody else in this process. */
export class Ntsim {
  readonly #control: (name: string, ...args: readonly (number | Uint8Array | null)[]) => number;

  constructor(library: string = ntsimLibrary) {
    const koffi = createRequire(import.meta.url)('koffi') as Koffi;
    const loaded = koffi.load(library);
    const bound = new Map<string, Control>();
    const types: Readonly<Record<string, readonly [result: string, parameters: readonly string[]]>> = {
      ntsim_load: ['uint32_t', ['void *', 'uint32_t']],
      ntsim_unload: ['void', []],
      ntsim_exit: ['uint32_t', ['uint32_t']],
      ntsim_exit_thread: ['uint32_t', ['uint32_t']],
      ntsim_mark_exiting: ['uint32_t', ['uint32_t']],
      ntsim_spawn: ['uint32_t', ['void *', 'uint32_t', 'void *']],
      ntsim_reuse: ['uint32_t', ['uint32_t', 'uint32_t']],
      ntsim_reuse_with: ['uint32_t', ['uint32_t', 'void *', 'uint32_t']],
      ntsim_fail: ['uint32_t', ['uint32_t', 'int32_t', 'uint32_t', 'uint32_t', 'uint32_t']],
      ntsim_clear_faults: ['uint32_t', []],
      ntsim_set_churn: ['uint32_t', ['uint32_t']],
      ntsim_open_handles: ['uint32_t', []],
      ntsim_inheritable_handles: ['uint32_t', []],
      ntsim_calls: ['uint64_t', ['uint32_t']],
      ntsim_table_layout: ['uint32_t', ['void *', 'uint32_t']],
    };
    for (const [name, [result, parameters]] of Object.entries(types)) {
      bound.set(name, loaded.func(name, result, [...parameters]) as Control);
    }
    this.#control = (name, ...args) => {
      const control = bound.get(name);
      if (control === undefined) throw new Error(`no control ${name}`);
      return control(...args);
    };
  }

  #result(name: string, ...args: readonly (number | Uint8Array | null)[]): NtsimResult {
    const number = this.#control(name, ...args);
    return RESULTS[number] ?? 'value';
  }

  #done(name: string, ...args: readonly (number | Uint8Array | null)[]): void {
    const result = this.#result(name, ...args);
    if (result !== 'ok')
      throw new Error(`${name}(${args.filter((arg) => typeof arg === 'number').join(', ')}): ${result}`);
  }

  /** @returns `ok`, or why the table is refused */
  tryLoad(table: Uint8Array): NtsimResult {
    return this.#result('ntsim_load', table, table.byteLength);
  }

  load(table: Uint8Array): void {
    this.#done('ntsim_load', table, table.byteLength);
  }

  unload(): void {
    this.#control('ntsim_unload');
  }

  exit(pid: number): void {
    this.#done('ntsim_exit', pid);
  }

  exitThread(tid: number): void {
    this.#done('ntsim_exit_thread', tid);
  }

  markExiting(pid: number): void {
    this.#done('ntsim_mark_exiting', pid);
  }

  /** @returns the pid of the table's first process */
  spawn(table: Uint8Array): number {
    const pid = new Uint8Array(4);
    this.#done('ntsim_spawn', table, table.byteLength, pid);
    return new DataView(pid.buffer).getUint32(0, true);
  }

  /** @returns `referenced` when the process has ended but handles keep its pid taken */
  reuse(pid: number, recordIndex: number): NtsimResult {
    return this.#result('ntsim_reuse', pid, recordIndex);
  }

  /** `reuse` with the first process of another table. */
  reuseWith(pid: number, table: Uint8Array): NtsimResult {
    return this.#result('ntsim_reuse_with', pid, table, table.byteLength);
  }

  fail({ call, status, infoClass = -1, pid = 0, nth = 0 }: NtsimFault): void {
    this.#done('ntsim_fail', numberOf(call), infoClass, pid, nth, status);
  }

  clearFaults(): void {
    this.#done('ntsim_clear_faults');
  }

  setChurn(churn: 'none' | 'reuse-at-every-call'): void {
    this.#done('ntsim_set_churn', churn === 'none' ? 0 : 1);
  }

  get openHandles(): number {
    return this.#control('ntsim_open_handles');
  }

  get inheritableHandles(): number {
    return this.#control('ntsim_inheritable_handles');
  }

  calls(call: FaultCall): number {
    return Number(this.#control('ntsim_calls', numberOf(call)));
  }

  /** `name` → what the library says of it: `offset,size` of a member, the value of a constant. */
  layout(): ReadonlyMap<string, string> {
    const needed = this.#control('ntsim_table_layout', null, 0);
    const text = new Uint8Array(needed + 1);
    this.#control('ntsim_table_layout', text, text.byteLength);
    const lines = new TextDecoder().decode(text.subarray(0, needed)).trimEnd().split('\n');
    return new Map(lines.map((line): [string, string] => [line.split('=')[0] ?? '', line.split('=')[1] ?? '']));
  }
}
