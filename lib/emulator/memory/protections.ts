/**
 * The masks one VTL imposes on the VTLs below it (facts/vsm.md 1.10): a mask for each page that was set individually, and the
 * default for all others. A page set to the default's very value still counts as set: a later default leaves it alone.
 */
import { cellOf, createPageCells, forEachOwnPage, type PageCells, setCell } from './page-cells.js';
import { ALL_RIGHTS } from './rights.js';

const INDIVIDUAL = 0x10;

export interface Protections {
  /** Applies to pages not set individually. All rights until the imposing VTL enables its protection. */
  defaultMask: number;
  readonly cells: PageCells;
}

/** A mask, and whether it was set for this very page. */
export interface PageMask {
  readonly mask: number;
  readonly individual: boolean;
}

export const createProtections = (pages: number): Protections => ({
  defaultMask: ALL_RIGHTS,
  cells: createPageCells(pages, ALL_RIGHTS),
});

/** The rights this VTL leaves to lower ones on a page. */
export const imposedMask = (protections: Protections, page: number): number =>
  cellOf(protections.cells, page) & ALL_RIGHTS;

export const pageMask = (protections: Protections, page: number): PageMask => {
  const cell = cellOf(protections.cells, page);
  return { mask: cell & ALL_RIGHTS, individual: (cell & INDIVIDUAL) !== 0 };
};

export const setPageMask = (protections: Protections, page: number, mask: number): void => {
  setCell(protections.cells, page, (mask & ALL_RIGHTS) | INDIVIDUAL);
};

export const setDefault = (protections: Protections, mask: number): void => {
  protections.defaultMask = mask & ALL_RIGHTS;
  protections.cells.untouched.fill(protections.defaultMask);
  forEachOwnPage(protections.cells, (page, cell) => {
    if ((cell & INDIVIDUAL) === 0) setCell(protections.cells, page, protections.defaultMask);
  });
};

/** Calls back for every page that was set individually, in order. */
export const forEachMask = (protections: Protections, visit: (page: number, mask: number) => void): void => {
  forEachOwnPage(protections.cells, (page, cell) => {
    if ((cell & INDIVIDUAL) !== 0) visit(page, cell & ALL_RIGHTS);
  });
};
