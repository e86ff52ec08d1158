/** driver/include/trustlet_protocol.h */
import { textInC } from './c-text.js';
import { hex, toCapitals, toCType, toCValue, toPascal } from './names.js';
import { type Enumeration, type Field, ioctlCode, type Protocol, type Structure } from './schema-types.js';

const C_TYPES: Readonly<Record<string, string>> = { u8: 'uint8_t', u16: 'uint16_t', u32: 'uint32_t', u64: 'uint64_t' };

const cType = (field: Field): string => C_TYPES[field.type] ?? toCType(field.type);

type InC = (text: string) => string;

const enumeration = (table: Enumeration, inC: InC): readonly string[] => [
  '',
  `/* ${inC(table.about)} */`,
  ...table.values.map(
    ({ name, value }) => `#define ${toCValue(table.prefix, name)} ${table.bits ? `${hex(value)}u` : `${value}u`}`,
  ),
  ...(table.count === undefined ? [] : [`#define TL_${table.count} ${table.values.length}u`]),
];

const structure = (described: Structure, inC: InC): readonly string[] => {
  const type = toCType(described.name);
  return [
    '',
    `/* ${inC(described.about)} */`,
    `typedef struct _${type}`,
    '{',
    ...described.fields.map(
      (field) => `    ${cType(field)} ${toPascal(field.name)}; /* ${field.offset}: ${inC(field.about)} */`,
    ),
    `} ${type};`,
    '',
    `#define ${type}_V1_SIZE ${described.v1Size}u`,
    `TL_STATIC_ASSERT(sizeof(${type}) == ${described.size}, "${type}");`,
    ...described.fields.map(
      (field) =>
        `TL_STATIC_ASSERT(offsetof(${type}, ${toPascal(field.name)}) == ${field.offset}, "${type}.${toPascal(field.name)}");`,
    ),
  ];
};

/**
 * The header, for the kernel, for user-mode C and C++, and for the 32-bit forms of both: the layout is the same for all of them.
 */
export const cHeader = (protocol: Protocol): string => {
  const inC = textInC(protocol);
  return `${[
    '/*',
    ' * The wire protocol of the trustlet driver. Written by `npm run protocol` from protocol/schema.ts; do not edit.',
    ' * docs/protocol.md says what each request does, how it is validated, and how the protocol grows.',
    ' *',
    ' * All numbers are little-endian. Handles are sign-extended to 64 bits, so that 32-bit clients use the same layout.',
    ' */',
    '#ifndef TRUSTLET_PROTOCOL_H',
    '#define TRUSTLET_PROTOCOL_H',
    '',
    '#include <stddef.h>',
    '#include <stdint.h>',
    '',
    '#if defined(__cplusplus)',
    '#define TL_STATIC_ASSERT(condition, text) static_assert(condition, text)',
    '#elif defined(__STDC_VERSION__) && __STDC_VERSION__ >= 201112L',
    '#define TL_STATIC_ASSERT(condition, text) _Static_assert(condition, text)',
    '#else',
    '/* C before C11, which is what the Windows compiler speaks unless it is told otherwise. */',
    '#define TL_STATIC_ASSERT(condition, text) typedef char TL_STATIC_ASSERTION[(condition) ? 1 : -1]',
    '#endif',
    '',
    '/* Versions this header describes. */',
    `#define TL_PROTOCOL_VERSION_MIN ${protocol.versionMin}u`,
    `#define TL_PROTOCOL_VERSION_MAX ${protocol.versionMax}u`,
    '',
    '/* What a user-mode client opens with CreateFileW, for GENERIC_READ. */',
    `#define TL_DEVICE_PATH L"\\\\\\\\.\\\\${protocol.deviceName}"`,
    '',
    '/* IOCTL codes: METHOD_BUFFERED, FILE_READ_ACCESS. */',
    `#define TL_DEVICE_TYPE ${hex(protocol.deviceType)}u`,
    ...protocol.messages.map(
      (message) => `#define TL_IOCTL_${message.name} ${hex(ioctlCode(protocol, message.number), 8)}u`,
    ),
    '',
    '/* Messages. */',
    ...protocol.messages.map((message) => `#define TL_MESSAGE_${message.name} ${message.number}u`),
    ...protocol.reserved.map((message) => `/* ${message.number} is reserved for ${message.name}. */`),
    ...protocol.constants.flatMap((constant) => [
      '',
      `/* ${inC(constant.about)} */`,
      `#define TL_${toCapitals(constant.name)} ${constant.hex ? hex(constant.value) : constant.value}u`,
    ]),
    ...protocol.enumerations.flatMap((table) => enumeration(table, inC)),
    ...protocol.structures.flatMap((described) => structure(described, inC)),
    '',
    '#endif',
  ]
    .join('\n')
    // A C compiler need not read the source as UTF-8.
    .replaceAll('’', "'")}\n`;
};
