/**
 * The real NT calls: ntdll.dll through koffi, the only module that names it. koffi is loaded when an api is asked for, never by
 * importing this module.
 *
 * Crossing is cheap, building objects in it is not (facts/node-native.md 4): every out parameter is a byte buffer of ours, and
 * TypeScript decodes it. No koffi type is named, because koffi's type names belong to the whole process.
 */
import type { Backend } from '../backend.js';
import { TrustletError } from '../errors.js';
import { basicInformationSize, decodeBasicInformation, ProcessInfoClass, type WordSize } from '../layout/index.js';
import { requirePackage } from '../lazy-module.js';
import { CURRENT_PROCESS, type NtApi, type OpenResult, type QueryResult } from '../nt-api.js';
import { isSuccess, Status } from '../ntstatus.js';
import { readWindowsConfiguration } from '../posture/helper-process.js';
import { handleWord } from './handle-word.js';
import { NtBackend } from './nt-backend.js';

type Koffi = typeof import('koffi');
type Library = ReturnType<Koffi['load']>;
type NativeFunction = (...args: readonly (number | bigint | Uint8Array | null)[]) => number;

/** sizeof(RTL_OSVERSIONINFOW), the same in 32 and 64 bits [known]. */
const VERSION_INFO_BYTES = 276;
/** What RtlNtStatusToDosError says of a status it has no code for: ERROR_MR_MID_NOT_FOUND [known]. */
const NO_WIN32_ERROR = 317;

const backendError = (message: string, cause: unknown): TrustletError =>
  new TrustletError('ERR_TRUSTLET_BACKEND', message, { cause });

const loadKoffi = (): Koffi => {
  try {
    return requirePackage<Koffi>('koffi', import.meta.url);
  } catch (cause) {
    throw backendError(
      'The ntdll backend calls Windows through koffi, which could not be loaded. Run `npm install koffi`.',
      cause,
    );
  }
};

const loadLibrary = (koffi: Koffi, path: string): Library => {
  try {
    return koffi.load(path);
  } catch (cause) {
    throw backendError(
      `The library ${path} could not be loaded. The ntdll backend needs Windows; elsewhere choose the emulated one.`,
      cause,
    );
  }
};

/** Parameter types of the entry points: handles as words, buffers as plain pointers, everything else 32 bits wide. */
const PARAMETERS = {
  NtOpenProcess: ['void *', 'uint32_t', 'void *', 'void *'],
  NtOpenThread: ['void *', 'uint32_t', 'void *', 'void *'],
  NtDuplicateObject: ['intptr_t', 'intptr_t', 'intptr_t', 'void *', 'uint32_t', 'uint32_t', 'uint32_t'],
  NtClose: ['intptr_t'],
  NtQueryInformationProcess: ['intptr_t', 'uint32_t', 'void *', 'uint32_t', 'void *'],
  NtQueryInformationThread: ['intptr_t', 'uint32_t', 'void *', 'uint32_t', 'void *'],
  NtQuerySystemInformation: ['uint32_t', 'void *', 'uint32_t', 'void *'],
  RtlGetVersion: ['void *'],
  RtlNtStatusToDosError: ['uint32_t'],
} as const;

type EntryPoint = keyof typeof PARAMETERS;

const bind = (library: Library, path: string, name: EntryPoint): NativeFunction => {
  try {
    return library.func('__stdcall', name, 'uint32_t', [...PARAMETERS[name]]) as NativeFunction;
  } catch (cause) {
    throw backendError(
      `The library ${path} has no entry point ${name}: it is not an ntdll this package can use.`,
      cause,
    );
  }
};

const view = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** NtApi over the entry points of ntdll. Not re-entrant, like every synchronous call: its small buffers are used again. */
class KoffiNtApi implements NtApi {
  readonly wordSize: WordSize = process.arch === 'ia32' ? 4 : 8;
  readonly #koffi: Koffi;
  readonly #call: Readonly<Record<EntryPoint, NativeFunction>>;
  /** OBJECT_ATTRIBUTES with Length alone: no name, no flags, so never inheritable. */
  readonly #attributes = new Uint8Array(6 * this.wordSize);
  /** CLIENT_ID: UniqueProcess, UniqueThread. */
  readonly #clientId = new Uint8Array(2 * this.wordSize);
  /** Zeroed and wide enough for both word sizes: a 32-bit callee fills the lower half. */
  readonly #handle = new Uint8Array(8);
  readonly #returnLength = new Uint8Array(4);
  #version: { readonly major: number; readonly minor: number; readonly build: number } | undefined;
  #pid: number | undefined;

  constructor(koffi: Koffi, path: string) {
    const library = loadLibrary(koffi, path);
    const named = (name: EntryPoint): NativeFunction => bind(library, path, name);
    this.#koffi = koffi;
    this.#call = {
      NtOpenProcess: named('NtOpenProcess'),
      NtOpenThread: named('NtOpenThread'),
      NtDuplicateObject: named('NtDuplicateObject'),
      NtClose: named('NtClose'),
      NtQueryInformationProcess: named('NtQueryInformationProcess'),
      NtQueryInformationThread: named('NtQueryInformationThread'),
      NtQuerySystemInformation: named('NtQuerySystemInformation'),
      RtlGetVersion: named('RtlGetVersion'),
      RtlNtStatusToDosError: named('RtlNtStatusToDosError'),
    };
    view(this.#attributes).setUint32(0, this.#attributes.length, true);
  }

  version(): { readonly major: number; readonly minor: number; readonly build: number } {
    if (this.#version !== undefined) return this.#version;
    const info = new Uint8Array(VERSION_INFO_BYTES);
    const words = view(info);
    words.setUint32(0, VERSION_INFO_BYTES, true);
    this.#call.RtlGetVersion(info);
    this.#version = {
      major: words.getUint32(4, true),
      minor: words.getUint32(8, true),
      build: words.getUint32(12, true),
    };
    return this.#version;
  }

  /** Asked of the kernel, so that it is the simulated caller's where the kernel is simulated. */
  currentPid(): number {
    if (this.#pid !== undefined) return this.#pid;
    const buffer = new Uint8Array(basicInformationSize(this.wordSize));
    const { status } = this.queryInformationProcess(CURRENT_PROCESS, ProcessInfoClass.BasicInformation, buffer);
    if (!isSuccess(status)) return process.pid;
    this.#pid = decodeBasicInformation(buffer, this.wordSize).uniqueProcessId;
    return this.#pid;
  }

  openProcess(pid: number, access: number): OpenResult {
    this.#setClientId(pid, 0);
    return this.#opened(this.#call.NtOpenProcess(this.#handle, access >>> 0, this.#attributes, this.#clientId));
  }

  openThread(tid: number, access: number): OpenResult {
    this.#setClientId(0, tid);
    return this.#opened(this.#call.NtOpenThread(this.#handle, access >>> 0, this.#attributes, this.#clientId));
  }

  duplicate(handle: bigint, access: number): OpenResult {
    const source = handleWord(handle, this.wordSize);
    if (source === null) return { status: Status.INVALID_HANDLE, handle: 0n };
    return this.#opened(
      this.#call.NtDuplicateObject(CURRENT_PROCESS, source, CURRENT_PROCESS, this.#handle, access >>> 0, 0, 0),
    );
  }

  close(handle: bigint): number {
    const word = handleWord(handle, this.wordSize);
    return word === null ? Status.INVALID_HANDLE : this.#call.NtClose(word);
  }

  queryInformationProcess(handle: bigint, infoClass: number, buffer: Uint8Array): QueryResult {
    return this.#queried(this.#call.NtQueryInformationProcess, handle, infoClass, buffer);
  }

  queryInformationThread(handle: bigint, infoClass: number, buffer: Uint8Array): QueryResult {
    return this.#queried(this.#call.NtQueryInformationThread, handle, infoClass, buffer);
  }

  querySystemInformation(infoClass: number, buffer: Uint8Array): QueryResult {
    this.#returnLength.fill(0);
    return this.#answered(
      this.#call.NtQuerySystemInformation(infoClass, buffer, buffer.byteLength, this.#returnLength),
    );
  }

  addressOf(buffer: Uint8Array): bigint {
    return this.#koffi.address(buffer);
  }

  win32Error(status: number): number | undefined {
    const error = this.#call.RtlNtStatusToDosError(status >>> 0);
    return error === NO_WIN32_ERROR ? undefined : error;
  }

  /** Nothing to let go of: the library stays loaded, ntdll does in any case. */
  dispose(): void {}

  #queried(query: NativeFunction, handle: bigint, infoClass: number, buffer: Uint8Array): QueryResult {
    const word = handleWord(handle, this.wordSize);
    if (word === null) return { status: Status.INVALID_HANDLE, returnLength: 0 };
    this.#returnLength.fill(0);
    return this.#answered(query(word, infoClass, buffer, buffer.byteLength, this.#returnLength));
  }

  #setClientId(pid: number, tid: number): void {
    const words = view(this.#clientId);
    words.setUint32(0, pid, true);
    words.setUint32(this.wordSize, tid, true);
  }

  #opened(status: number): OpenResult {
    if (!isSuccess(status)) return { status, handle: 0n };
    return { status, handle: view(this.#handle).getBigUint64(0, true) };
  }

  #answered(status: number): QueryResult {
    return { status, returnLength: view(this.#returnLength).getUint32(0, true) };
  }
}

/**
 * The NT calls of a library with ntdll's entry points.
 *
 * @param options `library`: `ntdll.dll` on Windows; tests pass the path of the simulated kernel's
 * @returns an api whose statuses are unsigned; a call costs about 0.1 µs beside what the kernel takes
 * @throws TrustletError ERR_TRUSTLET_BACKEND where koffi, the library or one of its entry points is missing
 */
export const loadNtApi = (options: { readonly library: string }): NtApi => new KoffiNtApi(loadKoffi(), options.library);

/** The version Wine's ntdll gives of itself; undefined for an ntdll that is not Wine's. */
const wineVersion = (library: string): string | undefined => {
  try {
    return (loadKoffi().load(library).func('wine_get_version', 'str', []) as () => string)();
  } catch {
    return undefined;
  }
};

const describeSystem = (library: string, simulated: boolean): string => {
  if (simulated) return `NT calls of a simulated kernel (${library})`;
  const wine = wineVersion(library);
  return wine === undefined ? `NT calls of this Windows (${library})` : `NT calls of Wine ${wine} (${library})`;
};

/**
 * The backend over a library with ntdll's entry points.
 *
 * @param options `library`: `ntdll.dll` on Windows; tests pass the path of the simulated kernel's, and `simulated: true`
 * @throws TrustletError ERR_TRUSTLET_BACKEND where koffi, the library or one of its entry points is missing
 */
export const createNtdllBackend = (options: {
  readonly library: string;
  readonly simulated?: boolean | undefined;
}): Backend => {
  const { library, simulated = false } = options;
  const api = loadNtApi({ library });
  return new NtBackend(api, {
    name: 'ntdll',
    simulated,
    description: describeSystem(library, simulated),
    ...(simulated ? {} : { configuration: readWindowsConfiguration }),
  });
};
