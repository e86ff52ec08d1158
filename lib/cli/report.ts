/** What a command found out: one value for machines, one for people, and the exit code. */

import type { BackendInfo } from '../vsm.js';
import type { ExitCode } from './exit-code.js';
import { JSON_SCHEMA } from './json.js';
import type { Paint } from './style.js';
import { printable, truncate } from './text.js';

/** Columns that prose is wrapped to where there is no terminal. */
export const DEFAULT_COLUMNS = 100;

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
export const seenOn = (backend: BackendInfo, { paint, columns }: View): string => {
  const label = backend.simulated ? ' (simulated)' : '';
  const description = printable(backend.description);
  const where = `seen on: ${description.startsWith(backend.name) ? '' : `${backend.name}, `}${description}`;
  return paint('dim', `${columns === undefined ? where : truncate(where, columns - label.length)}${label}`);
};
