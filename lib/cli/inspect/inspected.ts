/** One file as `inspect` knows it: its report, or why there is none. */
import { TrustletError } from '../../errors.js';
import { inspectFile } from '../../pe/inspect.js';
import type { PeKind, PeReport } from '../../pe/report.js';

/** What could not be read. */
export interface Unreadable {
  readonly path: string;
  readonly kind: 'unreadable';
  /** One sentence. */
  readonly error: string;
}

export type Inspected = (PeReport & { readonly path: string }) | Unreadable;

export type InspectedKind = PeKind | Unreadable['kind'];

/** Every kind there is, the telling ones first. */
export const INSPECTED_KINDS: readonly InspectedKind[] = [
  'trustlet',
  'enclave',
  'undetermined',
  'neither',
  'not-a-pe',
  'unreadable',
];

export const unreadable = (path: string, error: string): Unreadable => ({ path, kind: 'unreadable', error });

/**
 * Reads one file; never throws for what the file is or for not being able to read it.
 *
 * @param inspect default: the reader of `trustlet/pe`
 */
export const inspectPath = (path: string, inspect: (path: string) => PeReport = inspectFile): Inspected => {
  try {
    return { path, ...inspect(path) };
  } catch (error) {
    if (TrustletError.is(error)) return unreadable(path, error.message);
    throw error;
  }
};

/** A program that is too damaged to say what it is: no headers to go by, or truncated. Text and pictures are no programs. */
export const isDamagedImage = (file: Inspected): boolean => {
  if (file.kind === 'unreadable') return false;
  const isProgram = !file.diagnoses.some(
    ({ part, code, offset }) => part === 'dos-header' && code === 'malformed' && offset === 0,
  );
  const isTruncated = file.diagnoses.some(
    ({ part, code }) => (part === 'sections' || part === 'certificates') && code === 'truncated',
  );
  return isProgram && (file.kind === 'not-a-pe' || isTruncated);
};
