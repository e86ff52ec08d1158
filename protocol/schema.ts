/**
 * The wire protocol between the driver and its clients: one source for the C header, the TypeScript codec, the page in docs/ and
 * the fuzzers' dictionary. Only ever appended to: see "Growth" in docs/protocol.md.
 */
import { OPERATIONS } from '../lib/guard/operations.js';
import { ENUMERATIONS } from './enumerations.js';
import type { Constant, Message, Protocol } from './schema-types.js';
import { STRUCTURES } from './structures.js';

const message = (
  number: number,
  name: string,
  stem: string,
  record: string | null,
  about: string,
  requestData: string,
  replyData: string,
): Message => ({
  number,
  name,
  request: `${stem}Request`,
  reply: `${stem}Reply`,
  record,
  about,
  requestData,
  replyData,
});

const MESSAGES: readonly Message[] = [
  message(1, 'HELLO', 'Hello', null, 'Versions, capabilities, the system, limits.', 'nothing', 'nothing'),
  message(
    2,
    'QUERY',
    'Query',
    'ProcessRecord',
    'Up to 4,096 pids, a record and a status for each.',
    '`pidCount` pids, u32 each',
    'a ProcessRecord for each pid, in the same order',
  ),
  message(
    3,
    'CENSUS',
    'Census',
    'ProcessRecord',
    'Every process; in parts if the output is too small for all. Who lives from the first part to the last appears exactly once, others at most once.',
    'nothing',
    'ProcessRecords, then their image names',
  ),
  message(
    4,
    'EXAMINE',
    'Examine',
    'ProcessRecord',
    'The very object behind a handle of the caller: verdict, record, granted access, and whether it is who was expected.',
    'nothing',
    'one ProcessRecord',
  ),
  message(
    5,
    'GUARD',
    'Guard',
    'ProcessRecord',
    'EXAMINE, and allow or refuse for the operations intended.',
    'nothing',
    'one ProcessRecord',
  ),
  message(6, 'STATS', 'Stats', 'RefusalRecord', 'Counters.', 'nothing', 'RefusalRecords that fit'),
];

const maskOf = (holds: (entry: (typeof OPERATIONS)[number]) => boolean): number =>
  OPERATIONS.reduce((mask, entry, index) => (holds(entry) ? mask | (1 << index) : mask), 0);

const constants = (driverVersion: number): readonly Constant[] => [
  {
    name: 'DRIVER_VERSION',
    value: driverVersion,
    hex: true,
    about: 'major << 16 | minor << 8 | patch, of package.json.',
  },
  { name: 'MAX_PIDS', value: 4096, hex: false, about: 'Pids in one QUERY.' },
  {
    name: 'MAX_FIXED_SIZE',
    value: 1024,
    hex: false,
    about: 'Largest replySize, recordSize or size of a request that is understood.',
  },
  {
    name: 'ISOLATION_OPERATIONS',
    value: maskOf((entry) => entry.concern === 'isolation'),
    hex: true,
    about: 'Always refused on a trustlet.',
  },
  {
    name: 'AVAILABILITY_OPERATIONS',
    value: maskOf((entry) => entry.concern === 'availability'),
    hex: true,
    about: 'Refused on a trustlet unless accepted by name.',
  },
  {
    name: 'PROCESS_OPERATIONS',
    value: maskOf((entry) => entry.acts === 'process'),
    hex: true,
    about: 'Act on a process handle.',
  },
  {
    name: 'THREAD_OPERATIONS',
    value: maskOf((entry) => entry.acts === 'thread'),
    hex: true,
    about: 'Act on a thread handle.',
  },
];

/**
 * @param packageVersion `major.minor.patch`, each below 256
 * @returns the protocol; the driver carries the package's version
 */
export const protocolOf = (packageVersion: string): Protocol => {
  const [major = 0, minor = 0, patch = 0] = packageVersion.split('.').map(Number);
  return {
    versionMin: 1,
    versionMax: 1,
    deviceName: 'Trustlet',
    deviceType: 0x8e54,
    functionBase: 0x900,
    access: 1,
    constants: constants((major << 16) | (minor << 8) | patch),
    enumerations: ENUMERATIONS,
    structures: STRUCTURES,
    messages: MESSAGES,
    reserved: [
      { name: 'WATCH', number: 7 },
      { name: 'ENFORCE', number: 8 },
    ],
  };
};
