/** A table that keeps within the terminal: the flexible columns give way, and the last one may wrap. */
import type { Paint, Style } from './style.js';
import { displayWidth, pad, truncate, wrap } from './text.js';

export interface Column {
  readonly heading: string;
  readonly align?: 'left' | 'right' | undefined;
  /** Least width in columns it may be cut to when the table is too wide; left out, it keeps its natural width. */
  readonly least?: number | undefined;
  /** Wraps instead of being cut. For the last column. */
  readonly wraps?: boolean | undefined;
}

export interface Cell {
  readonly text: string;
  readonly style?: Style | undefined;
}

const GAP = '  ';

const naturalWidths = (columns: readonly Column[], rows: readonly (readonly Cell[])[]): number[] =>
  columns.map((column, index) =>
    rows.reduce((widest, row) => Math.max(widest, displayWidth(row[index]?.text ?? '')), displayWidth(column.heading)),
  );

/** Takes what is too much from the flexible columns, the first of them first. */
const fit = (columns: readonly Column[], natural: readonly number[], width: number): number[] => {
  const widths = [...natural];
  const whole = widths.reduce((sum, each) => sum + each, GAP.length * (widths.length - 1));
  let excess = Math.max(0, whole - width);
  for (const [index, own] of natural.entries()) {
    const least = columns[index]?.least ?? own;
    const taken = Math.min(excess, Math.max(0, own - least));
    widths[index] = own - taken;
    excess -= taken;
  }
  return widths;
};

/**
 * @param width columns of the terminal; undefined = nothing is cut
 * @returns lines without trailing spaces, the headings first
 */
export const renderTable = (
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  paint: Paint,
  width?: number | undefined,
): string[] => {
  const natural = naturalWidths(columns, rows);
  const widths = width === undefined ? natural : fit(columns, natural, width);
  const line = (cells: readonly Cell[]): string[] => {
    const parts = cells.map(({ text }, index) => {
      const own = widths[index] ?? 0;
      return columns[index]?.wraps === true ? wrap(text, own) : [truncate(text, own)];
    });
    const height = Math.max(...parts.map((part) => part.length));
    return Array.from({ length: height }, (_, at) =>
      parts
        .map((part, index) => {
          const padded = pad(part[at] ?? '', widths[index] ?? 0, columns[index]?.align);
          const shown = index === parts.length - 1 ? padded.trimEnd() : padded;
          return shown === '' ? '' : paint(cells[index]?.style ?? 'plain', shown);
        })
        .join(GAP)
        .trimEnd(),
    );
  };
  return [
    ...line(columns.map(({ heading }) => ({ text: heading, style: 'heading' as const }))),
    ...rows.flatMap((row) => line(row)),
  ];
};
