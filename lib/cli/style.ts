/** Colours, on a terminal only. */
import { styleText } from 'node:util';
import type { SecureVerdict } from '../types.js';
import type { CliIo } from './io.js';

export type Style = 'plain' | 'heading' | 'dim' | 'good' | 'bad' | 'secure' | 'unknown';

/** Gives a text its style, or leaves it as it is. */
export type Paint = (style: Style, text: string) => string;

type Format = Parameters<typeof styleText>[0];

const FORMATS: Readonly<Record<Exclude<Style, 'plain'>, Format>> = {
  heading: 'bold',
  dim: 'dim',
  good: 'green',
  bad: 'red',
  secure: ['bold', 'magenta'],
  unknown: 'yellow',
};

/** Colours need a terminal, and nobody asking for none: https://no-color.org, TERM=dumb. */
const wantsColour = ({ isTTY, env }: Pick<CliIo, 'isTTY' | 'env'>): boolean =>
  isTTY && !env['NO_COLOR'] && env['TERM'] !== 'dumb';

export const painter = (io: Pick<CliIo, 'isTTY' | 'env'>): Paint =>
  wantsColour(io)
    ? // The decision is made above for the sink that is written to; styleText would ask process.stdout instead.
      (style, text) => (style === 'plain' ? text : styleText(FORMATS[style], text, { validateStream: false }))
    : (_style, text) => text;

const BY_VERDICT: Readonly<Record<SecureVerdict, Style>> = { secure: 'secure', ordinary: 'plain', unknown: 'unknown' };

export const styleOfVerdict = (verdict: SecureVerdict): Style => BY_VERDICT[verdict];
