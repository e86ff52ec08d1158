/** Every process of a machine: how long that takes, and how it grows. */
import { Codec } from '../lib/protocol/index.js';
import { SECURE } from './crowd.js';
import { expect, expectLength } from './expect.js';
import { type Field, IN_C, ofEveryBackend } from './query.js';
import type { Growth, Measurement } from './results.js';
import { type Effort, inJavaScript, measure } from './rounds.js';
import { exponent } from './summary.js';

const codec = new Codec();
/** Room for a process in a reply, name included. */
const ROOM = 160;
const FIXED_ROOM = 0x4000;

export const census = (field: Field, effort: Effort): Promise<Measurement[]> => {
  const { crowd, plain, driver } = field;
  const { size } = crowd;
  const output = new Uint8Array(FIXED_ROOM + size * ROOM);
  const request = codec.encodeCensus(null);
  const code = codec.code('CENSUS');
  return measure(
    'census',
    size,
    [
      {
        name: `${IN_C}, every verdict read`,
        where: 'simulated kernel',
        time: (calls) => plain.time('plain_census', output, output.byteLength, size, SECURE, calls),
      },
      inJavaScript(
        'addon, bytes only',
        'simulated kernel',
        () => driver.device.ioctl(code, request, output),
        (written) => expect('more than a header', written > size * codec.replyLength('QUERY', 0), true),
      ),
      ...ofEveryBackend(field, 'census'),
      ...ofEveryBackend(field, 'census, read', size, ', every fact read'),
    ],
    effort,
  );
};

/** @param measurements of `census` at several sizes */
export const growthOf = (measurements: readonly Measurement[]): Growth[] => {
  const names = new Set(measurements.map(({ name }) => name));
  return [...names].map((name) => ({
    group: 'census',
    name,
    exponent: exponent(
      measurements.filter((each) => each.name === name).map(({ size, median }) => ({ size, time: median })),
    ),
  }));
};

/** What decoding costs without the crossing: a kept reply. */
export const decode = ({ crowd, plain, driver }: Field, effort: Effort): Promise<Measurement[]> => {
  const { size } = crowd;
  const output = new Uint8Array(FIXED_ROOM + size * ROOM);
  const written = driver.device.ioctl(codec.code('CENSUS'), codec.encodeCensus(null), output);
  const bytes = output.subarray(0, written);
  const records = () => codec.decodeCensus(bytes, null).records;
  const pidSum = crowd.pids.reduce((sum, pid) => sum + pid, 0);
  const sumOf = (of: (index: number) => number): number => {
    let sum = 0;
    for (let index = 0; index < size; index += 1) sum += of(index);
    return sum;
  };
  const verifySum = (sum: number): void => expect('sum of the pids', sum, pidSum);
  return measure(
    'decode',
    size,
    [
      {
        name: `${IN_C}, every verdict read`,
        where: 'simulated kernel',
        time: (calls) => plain.time('plain_read', bytes, SECURE, calls),
      },
      inJavaScript('checked, nothing read', 'this machine', records, expectLength(size)),
      inJavaScript(
        'every pid read',
        'this machine',
        () => {
          const each = records();
          return sumOf((index) => each.pid(index));
        },
        verifySum,
      ),
      inJavaScript(
        'every record read',
        'this machine',
        () => {
          const each = records();
          return sumOf((index) => each.record(index).pid);
        },
        verifySum,
      ),
    ],
    effort,
  );
};
