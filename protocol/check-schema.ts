/** What holds of every schema, whoever extends it: checked before anything is generated. */
import { FIELD_BYTES, type Protocol, type Structure } from './schema-types.js';

const structureFaults = (structure: Structure): readonly string[] => {
  const faults: string[] = [];
  let end = 0;
  for (const field of structure.fields) {
    const bytes = FIELD_BYTES[field.type];
    const alignment = Math.min(bytes, 8);
    if (field.offset !== end) faults.push(`${structure.name}.${field.name} is at ${field.offset}, not at ${end}`);
    if (field.offset % alignment !== 0) faults.push(`${structure.name}.${field.name} is not ${alignment}-aligned`);
    end = field.offset + bytes;
  }
  if (end !== structure.size) faults.push(`${structure.name} ends at ${end}, not at ${structure.size}`);
  if (structure.size % 8 !== 0) faults.push(`${structure.name} is no multiple of 8`);
  if (structure.v1Size > structure.size) faults.push(`${structure.name} shrank`);
  const names = new Set(structure.fields.map((field) => field.name));
  if (names.size !== structure.fields.length) faults.push(`${structure.name} has two members of one name`);
  return faults;
};

const duplicates = (what: string, values: readonly (string | number)[]): readonly string[] =>
  new Set(values).size === values.length ? [] : [`two ${what} are the same`];

/** @returns one sentence for each rule the schema breaks; none for a sound one */
export const schemaFaults = (protocol: Protocol): readonly string[] => {
  const structures = new Set(protocol.structures.map((structure) => structure.name));
  const missing = protocol.messages
    .flatMap((message) => [message.request, message.reply, ...(message.record === null ? [] : [message.record])])
    .filter((name) => !structures.has(name));
  return [
    ...protocol.structures.flatMap(structureFaults),
    ...missing.map((name) => `there is no structure ${name}`),
    ...duplicates(
      'messages',
      [...protocol.messages, ...protocol.reserved].map((message) => message.number),
    ),
    ...duplicates(
      'structures',
      protocol.structures.map((structure) => structure.name),
    ),
    ...protocol.enumerations.flatMap((enumeration) => [
      ...duplicates(
        `values of ${enumeration.name}`,
        enumeration.values.map((value) => value.value),
      ),
      ...duplicates(
        `names of ${enumeration.name}`,
        enumeration.values.map((value) => value.name),
      ),
      ...enumeration.values
        .filter((value) => value.value > 0xff && !enumeration.bits)
        .map((value) => `${enumeration.name}.${value.name} does not fit into a byte`),
    ]),
    ...(protocol.versionMin >= 1 && protocol.versionMin <= protocol.versionMax ? [] : ['the versions are no range']),
    ...(protocol.deviceType >= 0x8000 ? [] : ['the device type is not a vendor’s']),
  ];
};
