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

/** A file that begins as a program does and is too damaged to say more; text and pictures are none. */
export const isDamagedImage = (file: Inspected): boolean => {
  if (file.kind !== 'not-a-pe') return false;
  const [first] = file.diagnoses;
  return first !== undefined && !(first.part === 'dos-header' && first.code === 'malformed');
};
