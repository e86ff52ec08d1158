/** The pictures as text: who is where, what LSASS and LsaIso said, whose the pages are. */
import type { PageRun } from '../../emulator/page-map.js';
import type { Exchange, MachinePicture, PictureProcess } from '../../pictures/machine-picture.js';
import type { Frame, Story, StoryEvent } from '../../pictures/story.js';
import { pageRows } from '../../pictures/words.js';
import type { Paint } from '../style.js';
import { pad, printable, truncate, wrap } from '../text.js';

export interface TerminalView {
  readonly paint: Paint;
  readonly columns: number;
}

const NARROWEST = 60;
const WIDEST = 100;
/** Processes that a box names before it counts. */
const NAMED = 4;

const fit = (text: string, width: number): string => pad(truncate(printable(text), width), width);

const box = (title: string, lines: readonly string[], width: number): string[] => [
  `┌─ ${title} ${'─'.repeat(Math.max(0, width - title.length - 5))}┐`,
  ...lines.map((line) => `│ ${fit(line, width - 4)} │`),
  `└${'─'.repeat(width - 2)}┘`,
];

/** Boxes next to each other, as high as the highest of them. */
const beside = (left: readonly string[], right: readonly string[], width: number): string[] =>
  Array.from(
    { length: Math.max(left.length, right.length) },
    (_, index) => `${left[index] ?? ' '.repeat(width)}  ${right[index] ?? ''}`,
  );

const processLine = ({ pid, name, trustletId }: PictureProcess): string =>
  `${name} (${pid})${trustletId === null ? '' : `, trustlet ${trustletId}`}`;

/** LSASS and trustlets by name, the others counted. */
const processLines = (processes: readonly PictureProcess[]): string[] => {
  const first = [...processes].sort(
    (a, b) => Number(b.label === 'lsass') - Number(a.label === 'lsass') || b.pages - a.pages,
  );
  const named = first.slice(0, NAMED).map(processLine);
  return processes.length > NAMED ? [...named, `and ${processes.length - NAMED} more`] : named;
};

const pagesOf = (pages: readonly PageRun[], choose: (run: PageRun) => boolean): number =>
  pages.filter(choose).reduce((count, { pageCount }) => count + pageCount, 0);

/** Diagram 1: VTL0 and VTL1, kernel and user mode, over the hypervisor. */
const vtlDiagram = (picture: MachinePicture, { columns, paint }: TerminalView): string[] => {
  const whole = Math.min(WIDEST, Math.max(NARROWEST, columns));
  const width = picture.hasVtl1 ? Math.floor((whole - 2) / 2) : whole;
  const { pages } = picture;
  const kernelPages = pagesOf(pages, ({ holder }) => holder.kind === 'nt-kernel' || holder.kind === 'channel');
  const securePages = pagesOf(pages, ({ holder }) => holder.kind === 'secure-kernel');
  const bundlePages = pagesOf(pages, ({ holder }) => holder.kind === 'bundle');
  const inUserMode = picture.processes.filter(({ mode }) => mode === 'user');
  const in0 = processLines(inUserMode.filter(({ vtl }) => vtl === 0));
  const in1 = processLines(inUserMode.filter(({ vtl }) => vtl === 1));
  const high = Math.max(in0.length, picture.hasVtl1 ? in1.length : 0);
  const filled = (lines: readonly string[]): string[] => [
    ...lines,
    ...Array.from({ length: high - lines.length }, () => ''),
  ];
  const user0 = box('VTL0, user mode', filled(in0), width);
  const kernel0 = box('VTL0, kernel mode: NT', [`${kernelPages} pages; its drivers`], width);
  const hypervisor = box('hypervisor', ['says which VTL may do what with which page; VTL0 cannot change it'], whole);
  const secure = (lines: readonly string[]): string[] => lines.map((line) => paint('secure', line));
  if (!picture.hasVtl1) return [...user0, ...kernel0, ...(picture.hasHypervisor ? hypervisor : [])];
  const user1 = box('VTL1, user mode: IUM', filled(in1), width);
  const kernel1 = box('VTL1: the secure kernel', [`${securePages} pages, ${bundlePages} free`], width);
  return [...beside(user0, secure(user1), width), ...beside(kernel0, secure(kernel1), width), ...hypervisor];
};

const exchangeLine = ({ operation, direction, bytes }: Exchange, width: number): string => {
  const text = ` ${operation}, ${bytes} bytes `;
  const dashes = Math.max(2, width - text.length - 1);
  const [before, after] = [Math.floor(dashes / 2), Math.ceil(dashes / 2)].map((count) => '─'.repeat(count));
  return direction === 'request' ? `${before}${text}${after}▶` : `◀${before}${text}${after}`;
};

/** Diagram 2: what LSASS and LsaIso said to each other. */
const exchangeDiagram = ({ exchanges }: MachinePicture, { columns, paint }: TerminalView): string[] => {
  const width = Math.min(WIDEST, Math.max(NARROWEST, columns)) - 4;
  const [asker, server] = ['LSASS, VTL0', 'LsaIso, VTL1'];
  return [
    `${asker}${' '.repeat(Math.max(1, width + 4 - asker.length - server.length))}${paint('secure', server)}`,
    ...exchanges.map((exchange) => `│ ${fit(exchangeLine(exchange, width), width)} │`),
  ];
};

/** Whose the pages are: a line for each holder and rights. */
const pageLines = ({ pages }: MachinePicture, { columns, paint }: TerminalView): string[] => [
  paint('heading', 'PAGES  VTL0’S KERNEL MAY  VTL1’S MAY  WHOSE, AT THE END'),
  ...pageRows(pages).map(({ count, whose, vtl, vtl0, vtl1 }) => {
    const line = `${String(count).padStart(5)}  ${vtl0.padEnd(17)}  ${vtl1.padEnd(10)}  ${printable(whose)}`;
    return paint(vtl === 1 ? 'secure' : 'plain', truncate(line, columns));
  }),
];

/** What the attacker tried in a step, and what it came to. */
const attackLines = ({ attacks }: Frame, { paint }: TerminalView): string[] =>
  attacks.map(({ what, outcome, succeeded }) => `  ${what.padEnd(32)}${paint(succeeded ? 'bad' : 'good', outcome)}`);

const interceptLines = ({ sequence, text, behaviour }: StoryEvent, { columns }: TerminalView): string[] => [
  '',
  `The intercept, event ${sequence}:`,
  ...wrap(`${text}${behaviour === null ? '' : ` (${behaviour})`}`, columns - 2).map((line) => `  ${line}`),
];

/** The whole story: each step with what came of it, and the picture that belongs to it. */
export const storyLines = ({ frames, events }: Story, view: TerminalView): string[] => {
  const told = frames.flatMap((frame) => [
    view.paint('heading', frame.title),
    ...wrap(frame.text, view.columns),
    ...attackLines(frame, view),
    '',
  ]);
  const [first] = frames;
  const last = frames.at(-1);
  if (first === undefined || last === undefined) return told;
  const intercept = events.find(({ kind }) => kind === 'intercept');
  return [
    ...vtlDiagram(first.picture, view),
    '',
    ...told,
    ...(last.picture.exchanges.length === 0 ? [] : [...exchangeDiagram(last.picture, view), '']),
    ...pageLines(last.picture, view),
    ...(intercept === undefined ? [] : interceptLines(intercept, view)),
  ];
};
