/** Diagram 2 as SVG: what LSASS and LsaIso said to each other, in order. */
import type { Exchange, MachinePicture } from '../machine-picture.js';
import { cut, node, picture, rectangle, text } from './markup.js';

const WIDTH = 360;
const TOP = 34;
const STEP = 30;
const LEFT = 40;
const RIGHT = WIDTH - 40;
const HEAD = 7;

const arrow = (y: number, isRequest: boolean): string => {
  const [from, to] = isRequest ? [LEFT, RIGHT] : [RIGHT, LEFT];
  const back = isRequest ? to - HEAD : to + HEAD;
  return `<path d="M${from} ${y}H${to}M${back} ${y - 4}L${to} ${y}L${back} ${y + 4}" class="arrow"/>`;
};

const message = (exchange: Exchange, index: number): string => {
  const { direction, operation, bytes, sequence, endpoint } = exchange;
  const y = TOP + 20 + index * STEP;
  const isRequest = direction === 'request';
  const name = `${isRequest ? 'LSASS asks' : 'LsaIso answers'}: ${operation}, ${bytes} bytes`;
  const detail = `Event ${sequence}, on ${endpoint}. The message lies in a page of NT’s: VTL0 can read, record and alter it.`;
  const label = cut(`${operation}, ${bytes} bytes`, RIGHT - LEFT - 20);
  const middle = `<text x="${WIDTH / 2}" y="${y - 6}" class="label middle">${label.replaceAll('&', '&amp;').replaceAll('<', '&lt;')}</text>`;
  const area = rectangle(LEFT + 2, y - 18, RIGHT - LEFT - 4, 24, 'area');
  return `<g class="message" data-at="${sequence}">${node(name, detail, area + middle + arrow(y, isRequest))}</g>`;
};

/** @returns an SVG element; each message has the number of its event in `data-at` */
export const exchangeDiagram = ({ exchanges }: MachinePicture): string => {
  const bottom = TOP + Math.max(1, exchanges.length) * STEP + 8;
  const lifeline = (x: number, name: string, where: string, classes: string): string =>
    `<path d="M${x} ${TOP - 4}V${bottom}" class="lifeline"/>${node(
      name,
      where,
      `${rectangle(x - 38, 2, 76, 26, `box ${classes}`)}<text x="${x}" y="19" class="label middle">${name}</text>`,
    )}`;
  const nothing = exchanges.length === 0 ? text(LEFT + 20, TOP + 20, 'nothing was said yet', 'label') : '';
  return picture(
    WIDTH,
    bottom + 4,
    'What LSASS and LsaIso said to each other',
    [
      lifeline(LEFT, 'LSASS', 'The local security authority, in VTL0.', 'vtl0'),
      lifeline(RIGHT, 'LsaIso', 'The trustlet that keeps its secrets, in VTL1.', 'vtl1'),
      nothing,
      ...exchanges.map(message),
    ].join(''),
  );
};
