/** What the driver commands need of Windows: a few programs of the system's own by their full paths, and one file. Tests pass their own. */
import { spawnSync } from 'node:child_process';
import {
  closeSync,
  fstatSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { TrustletError } from '../../errors.js';
import {
  POWERSHELL,
  reachable,
  type SystemSource,
  system32Of,
  systemRootOf,
  systemRootText,
} from '../../system-folder.js';
import type { Ran } from './service.js';

export type SystemProgram = 'sc' | 'reg' | 'whoami' | 'powershell';

/** Below System32. Fixed, and never looked for in PATH. */
const PROGRAMS: Readonly<Record<SystemProgram, string>> = {
  sc: 'sc.exe',
  reg: 'reg.exe',
  whoami: 'whoami.exe',
  powershell: POWERSHELL,
};

/** Seconds until a program is ended. StartService waits for the driver's entry, and for other services that start. */
const TIME_LIMITS: Readonly<Record<SystemProgram, number>> = { sc: 60, reg: 20, whoami: 20, powershell: 30 };

/** No driver is nearly as large. */
const LARGEST_FILE = 64 * 1024 * 1024;

/** Windows, as far as the driver commands touch it. */
export interface WindowsSystem {
  /** e.g. `C:\Windows`. */
  readonly systemRoot: string;
  /**
   * Runs one of the system's programs to its end, without a shell.
   * @param environment added to the few variables such a program needs
   */
  run(program: SystemProgram, args: readonly string[], environment?: Readonly<Record<string, string>>): Ran;
  /** @returns null where there is no such file @throws Error for every other reason */
  readFile(path: string): Uint8Array | null;
  /** Puts a file there in one step: complete, or not at all. @throws Error, e.g. EPERM where the old one is in use */
  replaceFile(path: string, bytes: Uint8Array): void;
  /** @throws Error, e.g. EPERM where it is in use */
  removeFile(path: string): void;
  /** Waits. @param milliseconds in all */
  sleep(milliseconds: number): void;
}

const unsupported = (message: string): TrustletError => new TrustletError('ERR_TRUSTLET_UNSUPPORTED', message);

/** @throws TrustletError ERR_TRUSTLET_UNSUPPORTED off Windows, or where %SystemRoot% names no folder */
export const findSystemRoot = ({ platform, env }: SystemSource): string => {
  if (platform !== 'win32') {
    throw unsupported(
      `There is no driver to manage on ${platform}: trustlet.sys is a Windows driver. To see trustlet at work here: trustlet demo, or ` +
        'trustlet status --backend emulated; from a clone of the repository, npm run wine runs it in Wine.',
    );
  }
  const root = systemRootOf({ env });
  if (root !== null) return root;
  throw unsupported(
    `%SystemRoot% names no folder ('${systemRootText({ env }).slice(0, 60)}'), so the system's own programs cannot be found.`,
  );
};

const isMissing = (error: unknown): boolean =>
  ['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException | null)?.code ?? '');

const readWhole = (path: string): Uint8Array | null => {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
  try {
    const { size } = fstatSync(file);
    if (size > LARGEST_FILE) throw new Error(`it has ${size} bytes, which no driver has`);
    return readFileSync(file);
  } finally {
    closeSync(file);
  }
};

/** Written beside its place and then renamed, so that nobody ever sees half a driver. */
const replaceWhole = (path: string, bytes: Uint8Array): void => {
  const fresh = `${path}.${process.pid}.new`;
  const file = openSync(fresh, 'wx');
  try {
    try {
      for (let written = 0; written < bytes.length; ) written += writeSync(file, bytes, written);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(fresh, path);
  } catch (error) {
    rmSync(fresh, { force: true });
    throw error;
  }
};

/** Why a program has no exit code; null when nothing says so. */
export const problemOf = ({
  error,
  signal,
}: {
  readonly error?: Error | undefined;
  readonly signal: NodeJS.Signals | null;
}): string | null => {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  if (code === 'ETIMEDOUT') return 'it did not come to its end in time';
  if (code === 'ENOENT') return 'it is not there';
  return error?.message ?? (signal === null ? null : `it was ended by ${signal}`);
};

/**
 * This machine.
 * @throws TrustletError ERR_TRUSTLET_UNSUPPORTED off Windows
 */
export const windowsSystem = (source: SystemSource): WindowsSystem => {
  const systemRoot = findSystemRoot(source);
  const here = (path: string): string => reachable(path, systemRoot, source);
  const folder = system32Of(systemRoot);
  return {
    systemRoot,
    run: (program, args, environment = {}) => {
      const ran = spawnSync(here(`${folder}\\${PROGRAMS[program]}`), [...args], {
        cwd: systemRoot,
        // Node adds the few variables without which no program of Windows runs; nothing else of the caller's goes there.
        env: { SystemRoot: systemRoot, ...environment },
        encoding: 'latin1',
        stdio: ['ignore', 'pipe', 'pipe'],
        timeout: TIME_LIMITS[program] * 1000,
        windowsHide: true,
        shell: false,
      });
      return { exitCode: ran.status, stdout: ran.stdout ?? '', problem: ran.status === null ? problemOf(ran) : null };
    },
    readFile: (path) => readWhole(here(path)),
    replaceFile: (path, bytes) => replaceWhole(here(path), bytes),
    removeFile: (path) => unlinkSync(here(path)),
    sleep: (milliseconds) => {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
    },
  };
};
