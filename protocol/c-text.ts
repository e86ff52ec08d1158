/** The schema's sentences for readers of C: members and structures under their C names. */
import { toCType, toPascal } from './names.js';
import type { Protocol } from './schema-types.js';

/** Single words are left alone: `size` is a member, and a word of any sentence. */
const isCompound = (name: string): boolean => /[a-z][A-Z]/.test(name);

/** @returns a function that writes `recordSize` as `RecordSize` and `ProcessRecord` as `TL_PROCESS_RECORD` */
export const textInC = (protocol: Protocol): ((text: string) => string) => {
  const members = new Set(protocol.structures.flatMap(({ fields }) => fields.map(({ name }) => name)));
  const structures = new Set(protocol.structures.map(({ name }) => name));
  const inC = (word: string): string => {
    if (!isCompound(word)) return word;
    if (members.has(word)) return toPascal(word);
    const singular = word.replace(/s$/, '');
    if (structures.has(word)) return toCType(word);
    return structures.has(singular) ? `${toCType(singular)}s` : word;
  };
  return (text) => text.replaceAll(/\w+/g, inC);
};
