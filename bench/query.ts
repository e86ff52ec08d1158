/** One pid, and many pids in one request, through every layer. */
import { Status } from '../lib/ntstatus.js';
import { Codec } from '../lib/protocol/index.js';
import type { DriverAnswerer, PlainC } from './answerers.js';
import { type CallName, contenderOf, firstPids } from './calls.js';
import { type Crowd, SECURE } from './crowd.js';
import { expect } from './expect.js';
import type { Remote } from './remote.js';
import type { Measurement } from './results.js';
import { type Contender, type Effort, inJavaScript, measure } from './rounds.js';

export interface Field {
  readonly crowd: Crowd;
  readonly plain: PlainC;
  readonly driver: DriverAnswerer;
  readonly ntdll: Remote;
  readonly emulator: Remote;
}

export const IN_C = 'plain C';
export const DRIVER = 'driver backend (addon)';
export const NTDLL = 'ntdll backend (koffi)';
export const EMULATED = 'emulated backend';

export const SEAM = 'plain C, becoming the agent for each call as the addon’s host build does';
export const CLOSED = 'addon, closed device: arguments and result alone';

const codec = new Codec();

/** What the request costs by itself: the same bytes sent through each way into C. */
export const crossing = ({ crowd, plain, driver }: Field, effort: Effort): Promise<Measurement[]> => {
  const code = codec.code('QUERY');
  const request = codec.encodeQuery([crowd.trustlet]);
  const length = codec.replyLength('QUERY', 1);
  const output = new Uint8Array(length);
  const inC = (name: string, call: 'plain_ioctl' | 'plain_seam'): Contender => ({
    name,
    where: 'simulated kernel',
    time: (calls) => plain.time(call, code, request, request.byteLength, output, length, calls),
  });
  const { ioctl: closed } = driver.closedDevice();
  const verify = (written: number): void => expect('bytes written', written, length);
  return measure(
    'crossing',
    1,
    [
      inC(IN_C, 'plain_ioctl'),
      inC(SEAM, 'plain_seam'),
      inJavaScript('addon', 'simulated kernel', () => driver.device.ioctl(code, request, output), verify),
      inJavaScript(
        CLOSED,
        'simulated kernel',
        () => closed(code, request, output),
        (result) => expect('the result', result, -Status.FILE_CLOSED),
      ),
      inJavaScript('koffi', 'simulated kernel', () => plain.request(code, request, output), verify),
    ],
    effort,
  );
};

/** The same public call of every backend: the driver's beside plain C, the others each in a process of its own. */
export const ofEveryBackend = (
  { crowd, driver, ntdll, emulator }: Field,
  call: CallName,
  size = 1,
  suffix = '',
): Contender[] => [
  contenderOf(driver.vsm, crowd, { name: `${DRIVER}${suffix}`, where: 'simulated kernel', call, size }),
  ntdll.contender({ name: `${NTDLL}${suffix}`, where: 'simulated kernel', call, size }),
  emulator.contender({ name: `${EMULATED}${suffix}`, where: 'emulated', call, size }),
];

/** One pid, from the public call to facts. */
export const queryOne = (field: Field, effort: Effort): Promise<Measurement[]> => {
  const pids = Uint32Array.of(field.crowd.trustlet);
  const inC: Contender = {
    name: IN_C,
    where: 'simulated kernel',
    time: (calls) => field.plain.time('plain_query', pids, 1, 1, calls),
  };
  return measure('query', 1, [inC, ...ofEveryBackend(field, 'query')], effort);
};

/** @param size how many pids */
export const queryMany = (field: Field, size: number, effort: Effort): Promise<Measurement[]> => {
  const pids = Uint32Array.from(firstPids(field.crowd, size));
  const inC: Contender = {
    name: IN_C,
    where: 'simulated kernel',
    time: (calls) => field.plain.time('plain_query', pids, size, SECURE, calls),
  };
  return measure('query-many', size, [inC, ...ofEveryBackend(field, 'queryMany', size)], effort);
};
