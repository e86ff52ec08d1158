/** What a schema is made of: plain data that every generated file is written from. */

/** Unsigned little-endian integers; there is nothing else on the wire but UTF-16 text behind the records. */
export type FieldType = 'u8' | 'u16' | 'u32' | 'u64';

export const FIELD_BYTES: Readonly<Record<FieldType, number>> = { u8: 1, u16: 2, u32: 4, u64: 8 };

export interface Field {
  readonly name: string;
  readonly type: FieldType;
  /** Bytes from the structure's start. */
  readonly offset: number;
  readonly description: string;
  /** Name of the enumeration or flag set whose numbers it holds. */
  readonly values?: string;
  /** Room that must be 0: a receiver refuses anything else in a request. */
  readonly reserved?: true;
}

export interface Structure {
  /** Upper case; `TL_` before it in C. */
  readonly name: string;
  readonly description: string;
  /** The structure's first member, where it starts with one of the headers. */
  readonly header: 'REQUEST_HEADER' | 'REPLY_HEADER' | null;
  /** Fields after the header, in order, without gaps. */
  readonly fields: readonly Field[];
  /** Bytes in version 1, which every peer knows at least. Fields beyond were appended later. */
  readonly v1Size: number;
}

/** How many records a reply has. */
export type RecordCount =
  /** None: the message has no records. */
  | 'none'
  /** Exactly one. */
  | 'one'
  /** One for each pid asked for. */
  | 'each-pid'
  /** As many as fit; the reply says how many there are. */
  | 'as-fit';

export interface Message {
  readonly name: string;
  /** Its number on the wire; its control code's function is `functionBase` plus this. */
  readonly number: number;
  readonly description: string;
  readonly request: string;
  readonly reply: string;
  readonly record: string | null;
  readonly records: RecordCount;
  /** Protocol version it appeared in. */
  readonly since: number;
  /** Rules beyond the common ones, a sentence each, in the order in which they are checked (step 9). */
  readonly rules: readonly string[];
  /** What a reader must know beyond the fields. */
  readonly notes: readonly string[];
}

/** Named numbers of which a field holds exactly one. */
export interface Enumeration {
  readonly name: string;
  readonly description: string;
  readonly values: Readonly<Record<string, number>>;
  /** A `TL_…_COUNT` is wanted: the numbers are 0 … count-1. */
  readonly counted: boolean;
}

/** Named bits of which a field holds any. */
export interface FlagSet {
  readonly name: string;
  readonly description: string;
  readonly bits: Readonly<Record<string, number>>;
}

/** A named union of the operation bits. */
export interface OperationMask {
  readonly name: string;
  readonly description: string;
  readonly mask: number;
}

export interface Schema {
  readonly versionMin: number;
  readonly versionMax: number;
  /** major << 16 | minor << 8 | patch, of the package. */
  readonly driverVersion: number;
  readonly deviceType: number;
  readonly functionBase: number;
  /** FILE_READ_ACCESS, the access a handle needs for any of the codes. */
  readonly access: number;
  /** METHOD_BUFFERED. */
  readonly method: number;
  readonly maxPids: number;
  readonly maxFixedSize: number;
  readonly enumerations: readonly Enumeration[];
  readonly flagSets: readonly FlagSet[];
  readonly operationMasks: readonly OperationMask[];
  readonly structures: readonly Structure[];
  readonly messages: readonly Message[];
  /** Numbers that are spoken for and have no meaning yet. */
  readonly reservedMessages: Readonly<Record<string, number>>;
}

/** @returns the control code of a message, as CTL_CODE makes it. */
export const controlCode = (schema: Schema, message: Message): number =>
  ((schema.deviceType << 16) |
    (schema.access << 14) |
    ((schema.functionBase + message.number) << 2) |
    schema.method) >>>
  0;

/** @throws Error for a name the schema does not have, which is a mistake in the schema. */
export const structureOf = (schema: Schema, name: string): Structure => {
  const found = schema.structures.find((structure) => structure.name === name);
  if (found === undefined) throw new Error(`The schema has no structure ${name}.`);
  return found;
};

/** @returns the fields with the header's first, so that every byte of the structure is one of them. */
export const allFields = (schema: Schema, structure: Structure): readonly Field[] =>
  structure.header === null ? structure.fields : [...structureOf(schema, structure.header).fields, ...structure.fields];

/** @returns bytes of the structure as this schema knows it. */
export const sizeOf = (schema: Schema, structure: Structure): number => {
  const last = allFields(schema, structure).at(-1);
  return last === undefined ? 0 : last.offset + FIELD_BYTES[last.type];
};
