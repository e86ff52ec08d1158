/** The page map as SVG: a square for each page in use, a node for each run of them. */
import type { PageRun } from '../../emulator/page-map.js';
import type { MachinePicture } from '../machine-picture.js';
import { holderText, pageRows, rightsText } from '../words.js';
import { escaped, hex, node, picture } from './markup.js';

const WIDTH = 360;
const SIDE = 8;
const STEP = 9;
const IN_A_ROW = Math.floor(WIDTH / STEP);

/** How a square looks: by whose memory it is and by what VTL0 may do with it. */
export const pageClass = ({ vtl0, holder }: PageRun): string => {
  if (!vtl0.read) return holder.kind === 'bundle' ? 'closed idle' : 'closed';
  return vtl0.write ? 'open' : 'fixed';
};

const nameOf = ({ firstPage, pageCount }: PageRun): string =>
  pageCount === 1 ? `Page ${hex(firstPage)}` : `Pages ${hex(firstPage)} to ${hex(firstPage + pageCount - 1)}`;

const squares = (from: number, { pageCount }: PageRun): string => {
  let path = '';
  for (let index = from; index < from + pageCount; index += 1) {
    path += `M${(index % IN_A_ROW) * STEP} ${Math.floor(index / IN_A_ROW) * STEP}h${SIDE}v${SIDE}h-${SIDE}z`;
  }
  return path;
};

/** @returns an SVG element */
export const pageGrid = ({ pages }: MachinePicture): string => {
  let index = 0;
  const nodes = pages.map((run) => {
    const detail = `${holderText(run.holder)}. VTL0 may: ${rightsText(run.vtl0)}; VTL1 may: ${rightsText(run.vtl1)}.`;
    const path = `<path d="${squares(index, run)}" class="page ${pageClass(run)}"/>`;
    index += run.pageCount;
    return node(nameOf(run), detail, path);
  });
  const rows = Math.max(1, Math.ceil(index / IN_A_ROW));
  return picture(WIDTH, rows * STEP + 1, `${index} pages of memory in use`, nodes.join(''));
};

/** Whose the pages are, and what the kernels of both VTLs may do with them. @returns a table */
export const pageTable = ({ pages }: MachinePicture): string => {
  const rows = pageRows(pages).map(
    ({ count, whose, vtl0, vtl1 }) =>
      `<tr><td>${count}</td><td>${vtl0}</td><td>${vtl1}</td><td>${escaped(whose)}</td></tr>`,
  );
  return `<table><thead><tr><th>pages</th><th>VTL0’s kernel</th><th>VTL1’s</th><th>whose</th></tr></thead><tbody>${rows.join('')}</tbody></table>`;
};
