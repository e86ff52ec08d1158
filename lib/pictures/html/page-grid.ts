/** The page map as SVG: a square for each page in use, a node for each run of them. */
import type { PageRun } from '../../emulator/page-map.js';
import type { MachinePicture } from '../machine-picture.js';
import { holderText, rightsText } from '../words.js';
import { hex, node, picture } from './markup.js';

const WIDTH = 360;
const SIDE = 8;
const STEP = 9;
const IN_A_ROW = Math.floor(WIDTH / STEP);

/** How a square looks: by whose memory it is and by what VTL0 may do with it. */
const classOf = ({ vtl0, holder }: PageRun): string => {
  if (!vtl0.read) return holder.kind === 'bundle' ? 'page closed idle' : 'page closed';
  return vtl0.write ? 'page open' : 'page fixed';
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
    const path = `<path d="${squares(index, run)}" class="${classOf(run)}"/>`;
    index += run.pageCount;
    return node(nameOf(run), detail, path);
  });
  const rows = Math.max(1, Math.ceil(index / IN_A_ROW));
  return picture(WIDTH, rows * STEP + 1, `${index} pages of memory in use`, nodes.join(''));
};
