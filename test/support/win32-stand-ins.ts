/** The few calls of Win32 that the Wine host needs of its own: ending stand-ins, and the registry. */
import { createRequire } from 'node:module';

/** A real process that stands for a label. */
export interface StandIn {
  readonly pid: number;
  readonly tids: readonly number[];
  ended: boolean;
}

type Koffi = typeof import('koffi');
type Call = (...args: readonly unknown[]) => unknown;

const TERMINATE_AND_WAIT = 0x100001;
/** Until an ended process is no longer found: a few milliseconds. */
const MOST_LOOKS = 500;
/** As a handle of 64 bits, sign-extended. */
const HKEY_LOCAL_MACHINE = -0x7ffffffen;
const TYPES = { binary: 3, number: 4 } as const;

export class Win32 {
  readonly #calls: Readonly<Record<string, Call>>;

  constructor() {
    const koffi = createRequire(import.meta.url)('koffi') as Koffi;
    const kernel32 = koffi.load('kernel32.dll');
    const advapi32 = koffi.load('advapi32.dll');
    this.#calls = {
      openProcess: kernel32.func('void *__stdcall OpenProcess(uint32_t access, int inherit, uint32_t pid)') as Call,
      terminate: kernel32.func('int __stdcall TerminateProcess(void *process, uint32_t code)') as Call,
      wait: kernel32.func('uint32_t __stdcall WaitForSingleObject(void *object, uint32_t ms)') as Call,
      sleep: kernel32.func('void __stdcall Sleep(uint32_t ms)') as Call,
      close: kernel32.func('int __stdcall CloseHandle(void *object)') as Call,
      threadId: kernel32.func('uint32_t __stdcall GetCurrentThreadId()') as Call,
      setValue: advapi32.func(
        'int32_t __stdcall RegSetKeyValueW(intptr_t key, str16 path, str16 name, uint32_t type, void *data, uint32_t length)',
      ) as Call,
    };
  }

  #call(name: string, ...args: readonly unknown[]): unknown {
    const call = this.#calls[name];
    if (call === undefined) throw new Error(`${name} is not declared`);
    return call(...args);
  }

  #must(what: string, answer: unknown): void {
    if (answer === 0 || answer === null) throw new Error(`${what} failed`);
  }

  currentThreadId(): number {
    return Number(this.#call('threadId'));
  }

  /** Ends it and waits until no pid finds it any more; one that somebody holds stays findable (docs/wine-probes.md). */
  end(standIn: StandIn, isHeld = false): void {
    const process = this.#call('openProcess', TERMINATE_AND_WAIT, 0, standIn.pid);
    this.#must(`opening the stand-in ${standIn.pid}`, process);
    this.#must(`ending the stand-in ${standIn.pid}`, this.#call('terminate', process, 0));
    this.#call('wait', process, 10_000);
    this.#call('close', process);
    standIn.ended = true;
    for (let look = 0; look < MOST_LOOKS && !isHeld; look += 1) {
      const found = this.#call('openProcess', TERMINATE_AND_WAIT, 0, standIn.pid);
      if (found === null) return;
      this.#call('close', found);
      this.#call('sleep', 2);
    }
  }

  setValue(key: string, name: string, type: keyof typeof TYPES, data: Uint8Array): void {
    const error = this.#call('setValue', HKEY_LOCAL_MACHINE, key, name, TYPES[type], data, data.length);
    if (error !== 0) throw new Error(`the value ${name} cannot be written: error ${String(error)}`);
  }
}
