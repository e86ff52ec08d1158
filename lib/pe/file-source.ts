/** A file on disk as a source of bytes: the one place where `trustlet/pe` touches the file system. */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { TrustletError } from '../errors.js';
import type { ByteSource } from './byte-source.js';

/** What the system’s refusals mean for who wants to read. */
const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  ELOOP: 'its links lead in a circle; name the file itself',
  ENAMETOOLONG: 'its name is too long for this system',
  ENOTDIR: 'a part of its path is no folder',
  EACCES: 'this user may not read it; ask as one who may',
  EPERM: 'this user may not read it; ask as one who may',
  EBUSY: 'another program keeps it to itself',
  EMFILE: 'this process has too many files open',
};

const unreadable = (path: string, reason: string, cause?: unknown): TrustletError =>
  new TrustletError('ERR_TRUSTLET_ARGUMENT', `${path} cannot be read: ${reason}.`, { cause });

/** Why the system refused, as a clause. */
export const refusalText = (cause: unknown): string => {
  const { code, syscall } = cause as NodeJS.ErrnoException;
  const known = REASONS[String(code)];
  if (known !== undefined) return known;
  if (syscall !== undefined) return `the system refuses it (${code})`;
  return cause instanceof Error ? cause.message : String(cause);
};

const becauseOf = (path: string, cause: unknown): TrustletError => unreadable(path, refusalText(cause), cause);

/**
 * Opens a file for the time of a call. A pipe or a device is refused, not waited for.
 *
 * @throws TrustletError ERR_TRUSTLET_ARGUMENT, with the system's error as `cause`, where it cannot be opened or read, or is no regular file
 */
export const withFile = <T>(path: string, use: (source: ByteSource) => T): T => {
  let descriptor: number;
  try {
    // O_NONBLOCK: opening a pipe that nobody writes to would not return. Windows has no such flag, which counts as 0 here, and no such files.
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (cause) {
    throw becauseOf(path, cause);
  }
  try {
    const status = fstatSync(descriptor);
    if (!status.isFile()) throw unreadable(path, status.isDirectory() ? 'it is a folder' : 'it is no regular file');
    return use({
      size: status.size,
      read: (offset, target) => {
        let filled = 0;
        while (filled < target.byteLength) {
          const length = readOnce(path, descriptor, target.subarray(filled), offset + filled);
          if (length === 0) break;
          filled += length;
        }
        return filled;
      },
    });
  } finally {
    closeSync(descriptor);
  }
};

const readOnce = (path: string, descriptor: number, target: Uint8Array, offset: number): number => {
  try {
    return readSync(descriptor, target, 0, target.byteLength, offset);
  } catch (cause) {
    throw becauseOf(path, cause);
  }
};
