/** The form of the wire protocol's schema: plain data, from which everything else is generated. */

/** A member's type: an unsigned integer, or one of the two headers. */
export type FieldType = 'u8' | 'u16' | 'u32' | 'u64' | 'RequestHeader' | 'ReplyHeader';

/** Bytes of each type. */
export const FIELD_BYTES: Readonly<Record<FieldType, number>> = {
  u8: 1,
  u16: 2,
  u32: 4,
  u64: 8,
  RequestHeader: 16,
  ReplyHeader: 16,
};

export interface Field {
  /** camelCase; the C member is the same in PascalCase. */
  readonly name: string;
  readonly type: FieldType;
  /** Bytes from the structure's start. */
  readonly offset: number;
  readonly about: string;
}

export interface Structure {
  /** PascalCase; the C type is `TL_` and the same in capitals. */
  readonly name: string;
  /** Bytes now, and in version 1, which every client and driver knows at least. Multiples of 8. */
  readonly size: number;
  readonly v1Size: number;
  readonly about: string;
  readonly fields: readonly Field[];
}

export interface EnumerationValue {
  /** As TypeScript calls it: kebab-case, as in lib/types.ts. The C name is the prefix and the same in capitals. */
  readonly name: string;
  readonly value: number;
}

export interface Enumeration {
  /** PascalCase. */
  readonly name: string;
  /** The C prefix, e.g. `TL_VERDICT`. */
  readonly prefix: string;
  readonly about: string;
  readonly values: readonly EnumerationValue[];
  /** The values are bits of a mask. */
  readonly bits: boolean;
  /** A constant with the number of values is generated under this C name. */
  readonly count?: string;
}

export interface Message {
  /** In capitals, as in `TL_IOCTL_HELLO`. */
  readonly name: string;
  readonly number: number;
  /** Names of structures; a message without records has `record: null`. */
  readonly request: string;
  readonly reply: string;
  readonly record: string | null;
  readonly about: string;
  /** What follows the fixed part of the request and of the reply. */
  readonly requestData: string;
  readonly replyData: string;
}

/** A number or mask with a name of its own. */
export interface Constant {
  /** Without `TL_`, in capitals. */
  readonly name: string;
  readonly value: number;
  readonly hex: boolean;
  readonly about: string;
}

export interface Protocol {
  readonly versionMin: number;
  readonly versionMax: number;
  /** Of the device's link: clients open `\\\\.\\` and this. driver/wdm/names.c makes it. */
  readonly deviceName: string;
  /** CTL_CODE's parts: a vendor's device type, the function of message 0, FILE_READ_ACCESS. The method is METHOD_BUFFERED. */
  readonly deviceType: number;
  readonly functionBase: number;
  readonly access: number;
  readonly constants: readonly Constant[];
  readonly enumerations: readonly Enumeration[];
  readonly structures: readonly Structure[];
  readonly messages: readonly Message[];
  /** Numbers of messages that have a name and nothing else yet. */
  readonly reserved: readonly { readonly name: string; readonly number: number }[];
}

/** CTL_CODE(deviceType, function, METHOD_BUFFERED, access), facts/nt.md 7.2. */
export const ioctlCode = (protocol: Protocol, message: number): number =>
  ((protocol.deviceType << 16) | (protocol.access << 14) | ((protocol.functionBase + message) << 2)) >>> 0;
