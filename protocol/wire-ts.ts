/** lib/protocol/wire.ts */
import { hex, toCamel } from './names.js';
import { type Enumeration, FIELD_BYTES, ioctlCode, type Protocol, type Structure } from './schema-types.js';

const quoted = (name: string): string => (/^[a-z][a-zA-Z0-9]*$/.test(name) ? name : `'${name}'`);

const structure = (described: Structure): readonly string[] => [
  `    /** ${described.about} */`,
  `    ${described.name}: {`,
  `      size: ${described.size},`,
  `      v1Size: ${described.v1Size},`,
  '      fields: {',
  ...described.fields.map(
    (field) => `        ${field.name}: { offset: ${field.offset}, bytes: ${FIELD_BYTES[field.type]} },`,
  ),
  '      },',
  '    },',
];

const enumeration = (table: Enumeration): readonly string[] => [
  `    /** ${table.about} */`,
  `    ${table.name}: {`,
  ...table.values.map(
    ({ name, value }) => `      ${quoted(name)}: ${table.bits && value > 9 ? hex(value).toLowerCase() : value},`,
  ),
  '    },',
];

const camelConstant = (name: string): string => toCamel(name.toLowerCase().replaceAll('_', '-'));

/** The protocol as constants: what the codec and the validator know of the wire. */
export const wireModule = (protocol: Protocol): string =>
  `${[
    '/**',
    ' * The wire protocol’s numbers: codes, limits, enumerations, sizes and offsets in bytes. Written by `npm run protocol` from',
    ' * protocol/schema.ts; do not edit. What they mean: docs/protocol.md.',
    ' */',
    '',
    '/** A member: where it is and how long. The two headers have 16 bytes, every other member is an unsigned integer. */',
    'export interface WireField {',
    '  readonly offset: number;',
    '  readonly bytes: number;',
    '}',
    '',
    '/** A structure: its size now, in version 1, and its members. */',
    'export interface WireStructure {',
    '  readonly size: number;',
    '  readonly v1Size: number;',
    '  readonly fields: Readonly<Record<string, WireField>>;',
    '}',
    '',
    'export const wire = {',
    `  versionMin: ${protocol.versionMin},`,
    `  versionMax: ${protocol.versionMax},`,
    ...protocol.constants.flatMap((constant) => [
      `  /** ${constant.about} */`,
      `  ${camelConstant(constant.name)}: ${constant.hex ? hex(constant.value).toLowerCase() : constant.value},`,
    ]),
    '  /** The messages by name: number, IOCTL code, and the names of their structures. */',
    '  messages: {',
    ...protocol.messages.map(
      (message) =>
        `    ${message.name}: { number: ${message.number}, code: ${hex(ioctlCode(protocol, message.number)).toLowerCase()}, request: '${message.request}', reply: '${message.reply}', record: ${message.record === null ? 'null' : `'${message.record}'`} },`,
    ),
    '  },',
    '  enums: {',
    ...protocol.enumerations.flatMap(enumeration),
    '  },',
    '  structures: {',
    ...protocol.structures.flatMap(structure),
    '  },',
    '} as const;',
    '',
    'type Widened<T> = T extends number ? number : T extends string | null ? T : { readonly [K in keyof T]: Widened<T[K]> };',
    '',
    '/** A protocol of this form: this one, or in tests an older or a newer one. */',
    'export type Wire = Widened<typeof wire>;',
  ].join('\n')}\n`;
