/** A wire of some later day, made from today’s: test/support/future-schema.ts does the same to the schema. */
import { type Wire, type WireField, wire } from '../../lib/protocol/index.js';

type StructureName = keyof Wire['structures'];

/** Today’s wire with one more member in every structure that a message uses. */
export type FutureWire = Omit<Wire, 'structures'> & {
  readonly structures: {
    readonly [Name in StructureName]: Name extends `${string}Header`
      ? Wire['structures'][Name]
      : Wire['structures'][Name] & { readonly fields: { readonly future: WireField } };
  };
};

/** Bytes of the member. */
export const GROWTH = 8;

/** The two headers stay: through them each side learns what the other knows. */
const isHeader = (name: string): boolean => name.endsWith('Header');

/** The same messages and versions, with a 64-bit member `future` behind every structure but the headers. */
export const futureWire = (): FutureWire => {
  const structures = Object.entries(wire.structures).map(([name, structure]) =>
    isHeader(name)
      ? [name, structure]
      : [
          name,
          {
            ...structure,
            size: structure.size + GROWTH,
            fields: { ...structure.fields, future: { offset: structure.size, bytes: GROWTH } },
          },
        ],
  );
  return { ...wire, structures: Object.fromEntries(structures) };
};
