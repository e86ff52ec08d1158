/** Diagram 1 as SVG: VTL0 and VTL1, user and kernel mode, over the hypervisor. Drawn for 360 units of width, a phone’s. */
import type { PageHolder, PageRun } from '../../emulator/page-map.js';
import type { MachinePicture, PictureProcess } from '../machine-picture.js';
import { cut, node, picture, rectangle, text } from './markup.js';

const WIDTH = 360;
const GAP = 8;
const LINE = 18;
const HEAD = 20;
/** Processes that have a node each; the others have one together. */
const NAMED = 7;

interface Entry {
  readonly name: string;
  readonly detail: string;
}

/** What stands for a kernel in process lists. */
const pseudoEntry = ({ name, pid, vtl }: PictureProcess): Entry => ({
  name: `${name} (${pid})`,
  detail: `Stands for ${vtl === 1 ? 'the secure kernel' : 'a part of NT'} in process lists: it runs no image of its own.`,
});

const processEntry = ({ name, pid, vtl, trustletId, pages }: PictureProcess): Entry => ({
  name: `${name} (${pid})`,
  detail:
    `${trustletId === null ? 'An ordinary process' : `A trustlet with ID ${trustletId}`}; ` +
    `its code runs in VTL${vtl}, user mode; ${pages === 0 ? 'none of its pages was touched yet' : `${pages} pages touched`}.`,
});

/** Those whose memory was touched first: they are what happens. */
const entriesOf = (processes: readonly PictureProcess[]): readonly Entry[] => {
  const inOrder = [...processes].sort((a, b) => b.pages - a.pages);
  const named = inOrder.slice(0, NAMED).map(processEntry);
  const others = inOrder.slice(NAMED);
  if (others.length === 0) return named;
  return [
    ...named,
    { name: `${others.length} other processes`, detail: `${others.map(({ name }) => name).join(', ')}.` },
  ];
};

const count = (pages: readonly PageRun[], ...kinds: readonly PageHolder['kind'][]): number =>
  pages.filter(({ holder }) => kinds.includes(holder.kind)).reduce((sum, { pageCount }) => sum + pageCount, 0);

const boxHeight = (entries: number): number => HEAD + entries * LINE + 6;

const box = (
  x: number,
  y: number,
  width: number,
  height: number,
  title: string,
  entries: readonly Entry[],
  classes: string,
): string =>
  [
    rectangle(x, y, width, height, `box ${classes}`),
    text(x + 8, y + 14, title, 'title'),
    ...entries.map(({ name, detail }, index) => {
      const top = y + HEAD + index * LINE;
      return node(
        name,
        detail,
        rectangle(x + 5, top, width - 10, LINE - 3, 'item') + text(x + 10, top + 11, cut(name, width - 20), 'label'),
      );
    }),
  ].join('');

/** @returns an SVG element */
export const vtlDiagram = (machine: MachinePicture): string => {
  const { hasVtl1, hasHypervisor, pages, processes } = machine;
  const width = hasVtl1 ? (WIDTH - GAP) / 2 : WIDTH;
  const inMode = (wanted: 0 | 1, mode: PictureProcess['mode']): readonly PictureProcess[] =>
    processes.filter((process) => process.vtl === wanted && process.mode === mode);
  const user0 = entriesOf(inMode(0, 'user'));
  const user1 = entriesOf(inMode(1, 'user'));
  const kernel0 = [
    {
      name: 'NT kernel and drivers',
      detail: `${count(pages, 'nt-kernel')} pages in use, ${count(pages, 'channel')} of messages to LsaIso beside them; ring 0 of VTL0.`,
    },
    ...inMode(0, 'kernel').map(pseudoEntry),
  ];
  const kernel1 = [
    {
      name: 'secure kernel',
      detail: `${count(pages, 'secure-kernel')} pages of its own and ${count(pages, 'bundle')} ready for trustlets; ring 0 of VTL1. VTL0 has no right to one of them.`,
    },
    ...inMode(1, 'kernel').map(pseudoEntry),
  ];
  const userHeight = Math.max(boxHeight(user0.length), hasVtl1 ? boxHeight(user1.length) : 0);
  const kernelTop = userHeight + GAP;
  const kernelHeight = boxHeight(Math.max(kernel0.length, hasVtl1 ? kernel1.length : 0));
  const bottom = kernelTop + kernelHeight + GAP;
  const right = width + GAP;
  const shown = [
    box(0, 0, width, userHeight, 'VTL0, user mode', user0, 'vtl0'),
    box(0, kernelTop, width, kernelHeight, 'VTL0, kernel mode', kernel0, 'vtl0'),
    ...(hasVtl1
      ? [
          box(right, 0, width, userHeight, 'VTL1, user mode: IUM', user1, 'vtl1'),
          box(right, kernelTop, width, kernelHeight, 'VTL1, kernel mode', kernel1, 'vtl1'),
        ]
      : []),
  ];
  const hypervisor = {
    name: 'second-level address translation',
    detail: hasVtl1
      ? 'Says which VTL may do what with which page. Only VTL1 may change what VTL0 may do.'
      : 'Runs, and there is no VTL1.',
  };
  if (!hasHypervisor) return picture(WIDTH, bottom, 'Who is where', shown.join(''));
  const below = box(0, bottom, WIDTH, boxHeight(1), 'hypervisor', [hypervisor], 'hypervisor');
  return picture(WIDTH, bottom + boxHeight(1) + 1, 'Who is where', [...shown, below].join(''));
};
