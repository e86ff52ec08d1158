/** Rows of comma-separated values (RFC 4180), one a file. */

import type { PeReport, PeSignature } from '../../pe/report.js';
import { printable } from '../text.js';
import type { Inspected } from './inspected.js';

/** A spreadsheet would run a cell that begins so; an apostrophe makes it text (OWASP, "CSV Injection"). */
const FORMULA = /^[=+\-@]/;

/** RFC 4180 has no control characters in a cell, and a terminal would obey them: they stand as their code points, line ends too. */
const cell = (value: string | number | bigint | boolean | null): string => {
  const text = printable(value === null ? '' : String(value));
  const harmless = FORMULA.test(text) ? `'${text}` : text;
  return /[",]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
};

type Column = readonly [heading: string, value: (report: PeReport) => string | number | bigint | boolean | null];

const first = ({ signatures }: PeReport): PeSignature | undefined => signatures[0];

const COLUMNS: readonly Column[] = [
  ['size', ({ size }) => size],
  ['machine', ({ headers }) => headers?.machine ?? null],
  ['bits', ({ headers }) => headers?.bits ?? null],
  ['isDll', ({ headers }) => headers?.isDll ?? null],
  ['trustletId', ({ policy }) => policy?.applicationId ?? null],
  ['etw', ({ policy }) => policy?.effective.etw ?? null],
  ['debug', ({ policy }) => policy?.effective.debug ?? null],
  ['crashDump', ({ policy }) => policy?.effective.crashDump ?? null],
  ['enclaveSecurityVersion', ({ enclaveConfiguration }) => enclaveConfiguration?.securityVersion ?? null],
  ['enclaveDebuggable', ({ enclaveConfiguration }) => enclaveConfiguration?.policyFlags.DEBUGGABLE ?? null],
  ['signer', (report) => first(report)?.signer?.subject ?? null],
  [
    'ekus',
    (report) =>
      first(report)
        ?.signer?.ekus?.map(({ oid }) => oid)
        .join(' ') ?? null,
  ],
  ['pageHashes', (report) => first(report)?.pageHashes?.count ?? null],
  ['mitigations', ({ mitigations }) => mitigations?.present.join(' ') ?? null],
  ['diagnoses', ({ diagnoses }) => diagnoses.length],
  ['summary', ({ summary }) => summary],
];

/** Their names, in their order. */
export const CSV_COLUMNS: readonly string[] = ['path', 'kind', ...COLUMNS.map(([heading]) => heading)];

export const csvHeading: string = `${CSV_COLUMNS.join(',')}\r\n`;

/** @returns one row; of a file that could not be read, the error stands as its summary */
export const csvRow = (file: Inspected): string => {
  const values =
    file.kind === 'unreadable'
      ? COLUMNS.map(([heading]) => (heading === 'summary' ? cell(file.error) : ''))
      : COLUMNS.map(([, value]) => cell(value(file)));
  return `${[cell(file.path), file.kind, ...values].join(',')}\r\n`;
};
