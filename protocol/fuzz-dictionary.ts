/** test/fuzz/trustlet.dict: the byte strings that a fuzzer would be long in finding (libFuzzer's dictionary format). */
import { ioctlCode, type Protocol } from './schema-types.js';

const bytes = (value: number, length: number): string =>
  Array.from(
    { length },
    (_, index) =>
      `\\x${Math.floor((value / 256 ** index) % 256)
        .toString(16)
        .padStart(2, '0')}`,
  ).join('');

const header = (protocol: Protocol, number: number, size: number, replySize: number, recordSize: number): string =>
  bytes(size, 4) + bytes(protocol.versionMax, 2) + bytes(number, 2) + bytes(replySize, 4) + bytes(recordSize, 4);

export const fuzzDictionary = (protocol: Protocol): string => {
  const sizeOf = (name: string | null): number =>
    protocol.structures.find((structure) => structure.name === name)?.size ?? 0;
  return `${[
    '# Written by `npm run protocol` from protocol/schema.ts; do not edit.',
    ...protocol.messages.flatMap((message) => [
      `code_${message.name}="${bytes(ioctlCode(protocol, message.number), 4)}"`,
      `header_${message.name}="${header(protocol, message.number, sizeOf(message.request), sizeOf(message.reply), sizeOf(message.record))}"`,
    ]),
    ...protocol.constants.map((constant) => `constant_${constant.name}="${bytes(constant.value, 4)}"`),
    ...protocol.structures.map((structure) => `size_${structure.name}="${bytes(structure.size, 4)}"`),
  ].join('\n')}\n`;
};
