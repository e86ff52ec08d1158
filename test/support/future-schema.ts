/** A protocol of some later day: what today's clients and drivers must be able to live with. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { generate } from '../../protocol/generate.js';
import type { Protocol, Structure } from '../../protocol/schema-types.js';

const HEADER = 'driver/include/trustlet_protocol.h';

const grown = (structure: Structure): Structure => ({
  ...structure,
  size: structure.size + 8,
  fields: [
    ...structure.fields,
    {
      name: 'future',
      type: 'u64',
      offset: structure.size,
      about: 'What is not thought of yet; 0 where the other side does not know it.',
    },
  ],
});

/**
 * The same messages and versions, and one more 64-bit member at the end of every structure a message uses. The two headers
 * stay: they are how the sides find out what the other knows.
 */
export const futureSchema = (protocol: Protocol): Protocol => {
  const used = new Set(protocol.messages.flatMap(({ request, reply, record }) => [request, reply, record]));
  return {
    ...protocol,
    structures: protocol.structures.map((structure) => (used.has(structure.name) ? grown(structure) : structure)),
  };
};

/**
 * Writes the C header of a protocol, under its own name, so that a build that looks into the folder first is built with it.
 * @returns the header's path
 */
export const writeHeader = (protocol: Protocol, folder: string): string => {
  const path = join(folder, 'trustlet_protocol.h');
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, generate(protocol).get(HEADER) ?? '');
  return path;
};
