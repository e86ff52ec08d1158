/** What a command found out: one value for machines, one for people, and the exit code. */

import type { BackendInfo } from '../vsm.js';
import type { ExitCode } from './exit-code.js';
import { JSON_SCHEMA } from './json.js';
import type { Paint } from './style.js';
import { printable } from './text.js';

/** What the lines for people are written for. */
export interface View {
  readonly paint: Paint;
  /** Columns of the terminal; undefined = nothing is cut. */
  readonly columns: number | undefined;
}

export interface Report {
  readonly exitCode: ExitCode;
  /** The JSON document. */
  readonly document: Readonly<Record<string, unknown>>;
  readonly lines: (view: View) => readonly string[];
}

/** The members every JSON document begins with. */
export const documentHead = (
  backend: Pick<BackendInfo, 'name' | 'simulated'>,
): { readonly schema: number; readonly backend: string; readonly simulated: boolean } => ({
  schema: JSON_SCHEMA,
  backend: backend.name,
  simulated: backend.simulated,
});

/** Where the answers come from, the last line of every report. */
export const seenOn = (backend: BackendInfo, { paint }: View): string => {
  const where = backend.simulated
    ? `${printable(backend.description)} (${backend.name}, simulated)`
    : `${backend.name}, ${printable(backend.description)}`;
  return paint('dim', `seen on: ${where}`);
};
