/** docs/protocol.md */
import { textInC } from './c-text.js';
import { hex, toCapitals, toCType, toCValue, toPascal } from './names.js';
import {
  type Enumeration,
  type FieldType,
  ioctlCode,
  type Message,
  type Protocol,
  type Structure,
} from './schema-types.js';
import { REQUEST_STATUSES, win32Of } from './statuses.js';
import { workedExample } from './worked-example.js';

type InC = (text: string) => string;

/** The headers under their C names; u8 to u64 are uint8_t to uint64_t. */
const typeName = (type: FieldType): string => (/^u\d/.test(type) ? type : toCType(type));

const table = (head: readonly string[], rows: readonly (readonly (string | number)[])[]): readonly string[] => [
  `| ${head.join(' | ')} |`,
  `|${head.map(() => '---').join('|')}|`,
  ...rows.map((row) => `| ${row.map((cell) => String(cell).replaceAll('|', '\\|')).join(' | ')} |`),
];

const structure = (described: Structure, inC: InC): readonly string[] => [
  `**\`${toCType(described.name)}\`**, ${described.size} bytes. ${inC(described.about)}`,
  '',
  ...table(
    ['Offset', 'Type', 'Member', 'Meaning'],
    described.fields.map((field) => [
      field.offset,
      `\`${typeName(field.type)}\``,
      `\`${toPascal(field.name)}\``,
      inC(field.about),
    ]),
  ),
  '',
];

const message = (protocol: Protocol, described: Message, inC: InC): readonly string[] => {
  const named = protocol.structures.filter(({ name }) => name === described.request || name === described.reply);
  return [
    `### ${described.name} (${described.number})`,
    '',
    `${described.about} \`TL_IOCTL_${described.name}\` = \`${hex(ioctlCode(protocol, described.number), 8)}\`.`,
    '',
    `After the request: ${inC(described.requestData)}. After the reply: ${inC(described.replyData)}.`,
    '',
    ...named.flatMap((each) => structure(each, inC)),
  ];
};

const enumeration = (described: Enumeration, inC: InC): readonly string[] => [
  `**${described.name}.** ${inC(described.about)}`,
  '',
  ...table(
    ['Value', 'C', 'TypeScript'],
    described.values.map(({ name, value }) => [
      described.bits ? `\`${hex(value)}\`` : value,
      `\`${toCValue(described.prefix, name)}\``,
      `\`${name}\``,
    ]),
  ),
  '',
];

const QUERY = 2;

const statuses: readonly string[] = [
  '## What a failed request says',
  '',
  'DeviceIoControl returns FALSE, GetLastError gives the number in the third column, and no bytes are returned. The I/O manager adds one of its own: `ERROR_ACCESS_DENIED` (5) to a handle that was opened without FILE_READ_DATA. The numbers were read from RtlNtStatusToDosError in _Wine_ 8.0; clients see 1, 5, 24, 50, 87, 122 and 1306 through real IOCTLs there (`test/wine/driver`). _Windows: not yet run._',
  '',
  ...table(
    ['NTSTATUS', 'Value', 'GetLastError', 'When'],
    REQUEST_STATUSES.map(({ name, ntstatus, win32, win32Name, when }) => [
      `\`${name}\``,
      `\`${hex(ntstatus)}\``,
      `${win32} \`${win32Name}\``,
      when,
    ]),
  ),
  '',
  'A CENSUS whose process list cannot be read ends with whatever status the kernel gave. Statuses _inside_ a reply (`OpenStatus`, `Status` and so on) are NTSTATUS values and stay so.',
  '',
];

const SHARED = ['RequestHeader', 'ReplyHeader', 'ProcessRecord', 'RefusalRecord'];

const STEPS: readonly (readonly [string, string])[] = [
  ['The IOCTL code is one of ours.', 'STATUS_INVALID_DEVICE_REQUEST'],
  ['The input has at least the 16 bytes of a header.', 'STATUS_INFO_LENGTH_MISMATCH'],
  ['`Message` is the code’s message.', 'STATUS_INVALID_PARAMETER'],
  ['`Version` is in the driver’s range; HELLO: at least 1.', 'STATUS_REVISION_MISMATCH'],
  [
    '`Size` is at least version 1’s, a multiple of 8, at most 1,024, and not beyond the input.',
    'STATUS_INFO_LENGTH_MISMATCH',
  ],
  [
    '`ReplySize` likewise; `RecordSize` likewise, or exactly 0 for a message without records.',
    'STATUS_INFO_LENGTH_MISMATCH',
  ],
  ['What the fixed part has beyond the driver’s own structure is 0.', 'STATUS_NOT_SUPPORTED'],
  [
    'QUERY has 1 to 4,096 pids (else `STATUS_INVALID_PARAMETER`, 87); the input is exactly `Size` and, for QUERY, the pids.',
    'STATUS_INFO_LENGTH_MISMATCH',
  ],
  [
    'Values: reserved members are 0 (`STATUS_INVALID_PARAMETER`, 87); then unknown bits (`STATUS_NOT_SUPPORTED`, 50); then HELLO’s versions are a range, a cursor comes with RESUME, the kind is known, what is expected is not 0 and what is not expected is 0, GUARD has an operation and all act on the kind, and only availability operations are accepted.',
    'STATUS_INVALID_PARAMETER',
  ],
  [
    'The output has room for the fixed part and for the records that the request fixes: one for each pid of QUERY, one for EXAMINE and GUARD.',
    'STATUS_BUFFER_TOO_SMALL',
  ],
  ['EXAMINE and GUARD come from user mode, in the context of the process that sent them.', 'STATUS_NOT_SUPPORTED'],
];

export const protocolPage = (protocol: Protocol): string => {
  const inC = textInC(protocol);
  return `${[
    '<!-- Written by `npm run protocol` from protocol/schema.ts. Do not edit. -->',
    '# The wire protocol',
    '',
    `Version ${protocol.versionMin} to ${protocol.versionMax}. One layout for every client: little-endian, fixed width, 8-aligned, handles sign-extended to 64 bits. Every request is METHOD_BUFFERED and FILE_READ_ACCESS, device type \`${hex(protocol.deviceType)}\`. C clients include \`driver/include/trustlet_protocol.h\`; what the requests are for is in [driver.md](driver.md).`,
    '',
    `A client opens \`\\\\.\\${protocol.deviceName}\` (\`TL_DEVICE_PATH\`) with CreateFile for GENERIC_READ and sends requests with DeviceIoControl. HELLO is optional: a file has no state.`,
    '',
    'Names are those of the C header; TypeScript has the same members in camelCase. `u8` to `u64` are `uint8_t` to `uint64_t`.',
    '',
    '## A request and its reply',
    '',
    'A request is a fixed part that begins with a `TL_REQUEST_HEADER`, and for QUERY an array of pids behind it. A reply is a fixed part that begins with a `TL_REPLY_HEADER`, then `RecordCount` records that are `RecordSize` bytes apart, then text. Records begin `Size` bytes into the reply. The reply’s length is what DeviceIoControl returns; a request that fails returns nothing.',
    '',
    'The state of a process is never a failure of a request: it is a status in the process’s record.',
    '',
    '## Growth',
    '',
    'Structures are only appended to. Each side says in its header how much it knows, and both use what they have in common:',
    '',
    '- **An old client, a new driver.** The client’s `Size` is smaller than the driver’s structure: the missing members are 0, which means "not asked for". The client’s `ReplySize` and `RecordSize` are smaller too, and the driver writes no more than that.',
    '- **A new client, an old driver.** What the client’s request has beyond the driver’s structure must be 0, or the request fails with `STATUS_NOT_SUPPORTED`: silence would be a wrong answer. The reply’s `Size` and `RecordSize` are smaller than the client’s structures, and the members beyond are absent.',
    '',
    'For example, a driver whose `TL_PROCESS_RECORD` has 72 bytes answers a client that states `RecordSize` 64 with records 64 bytes apart, and one that states 72 with records 72 bytes apart. A client that states 72 gets 64 from the older driver, reads `RecordSize` 64 in the reply, and takes the last 8 bytes as absent.',
    '',
    'A change that cannot be appended raises the version. HELLO’s first bytes are the same in every version: it accepts any version and tells the newest that both speak, 0 if there is none.',
    '',
    '## Validation',
    '',
    'In this order; the first step that fails gives the status. `driver/core/validate.c` and `lib/protocol/validate.ts` take the same steps and are compared on every input the fuzzers try.',
    '',
    ...table(
      ['', 'Step', 'Otherwise', 'Win32'],
      STEPS.map(([step, status], index) => [index + 1, step, `\`${status}\``, win32Of(status)]),
    ),
    '',
    ...statuses,
    ...workedExample(hex(ioctlCode(protocol, QUERY), 8)),
    '## Messages',
    '',
    ...protocol.messages.flatMap((described) => message(protocol, described, inC)),
    `Reserved: ${protocol.reserved.map(({ name, number }) => `${name} (${number})`).join(', ')}. They have no IOCTL code.`,
    '',
    '## Shared structures',
    '',
    ...protocol.structures.filter(({ name }) => SHARED.includes(name)).flatMap((each) => structure(each, inC)),
    '## Enumerations',
    '',
    'Zero is the safe value everywhere: what was never written reads as refuse, unknown, query failed.',
    '',
    ...protocol.enumerations.flatMap((each) => enumeration(each, inC)),
    '## Limits and masks',
    '',
    ...table(
      ['Name', 'Value', 'Meaning'],
      protocol.constants.map((constant) => [
        `\`TL_${toCapitals(constant.name)}\``,
        constant.hex ? `\`${hex(constant.value)}\`` : constant.value,
        inC(constant.about),
      ]),
    ),
  ].join('\n')}\n`;
};
