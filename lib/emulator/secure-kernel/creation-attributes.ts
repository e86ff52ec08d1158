/**
 * PS_TRUSTLET_CREATE_ATTRIBUTES: the identity that a trustlet is created with, and what its creator adds (facts/vsm.md 3.6). The numbers
 * of the types are the emulator's own: public names of them are partly unverified.
 */

const AttributeType = { INSTANCE: 1, COLLABORATION_ID: 2, MAILBOX_KEY: 3 } as const;

const VERSION = 1;
const HEADER = 8;
const ATTRIBUTE_HEADER = 8;
/** Words of 8 bytes: each of the types has 16 bytes. */
const DATA_WORDS = 2;
const ATTRIBUTE_BYTES = ATTRIBUTE_HEADER + DATA_WORDS * 8;

export interface CreationAttributes {
  readonly trustletId: bigint;
  /** 16 bytes each, in hexadecimal; null: left out. */
  readonly instance: string | null;
  readonly collaborationId: string | null;
  /** Who holds it may empty the trustlet's mailbox. */
  readonly mailboxKey: string | null;
}

/** Bytes of attributes at most: what the secure kernel reads. */
export const ATTRIBUTES_BYTES: number = HEADER + 3 * ATTRIBUTE_BYTES;

export const toHex = (bytes: Uint8Array): string =>
  [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');

const fromHex = (text: string): Uint8Array =>
  Uint8Array.from({ length: text.length / 2 }, (_, index) => Number.parseInt(text.slice(index * 2, index * 2 + 2), 16));

/** Type word: version, count of words, type (facts/vsm.md 3.6). */
const typeWord = (type: number): number => VERSION | (DATA_WORDS << 8) | (type << 16);

export const encodeAttributes = (attributes: CreationAttributes): Uint8Array => {
  const given = [
    [AttributeType.INSTANCE, attributes.instance],
    [AttributeType.COLLABORATION_ID, attributes.collaborationId],
    [AttributeType.MAILBOX_KEY, attributes.mailboxKey],
  ] as const;
  const present = given.filter((each): each is readonly [(typeof each)[0], string] => each[1] !== null);
  const bytes = new Uint8Array(HEADER + present.length * ATTRIBUTE_BYTES);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, attributes.trustletId, true);
  present.forEach(([type, value], index) => {
    const at = HEADER + index * ATTRIBUTE_BYTES;
    view.setUint32(at, typeWord(type), true);
    bytes.set(fromHex(value), at + ATTRIBUTE_HEADER);
  });
  return bytes;
};

/** @returns null for attributes that the secure kernel does not know */
export const parseAttributes = (bytes: Uint8Array): CreationAttributes | null => {
  if (bytes.length < HEADER || (bytes.length - HEADER) % ATTRIBUTE_BYTES !== 0) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const found = new Map<number, string>();
  for (let at = HEADER; at < bytes.length; at += ATTRIBUTE_BYTES) {
    const word = view.getUint32(at, true);
    const type = (word >>> 16) & 0xff;
    if (word !== typeWord(type) || type < AttributeType.INSTANCE || type > AttributeType.MAILBOX_KEY) return null;
    found.set(type, toHex(bytes.subarray(at + ATTRIBUTE_HEADER, at + ATTRIBUTE_BYTES)));
  }
  return {
    trustletId: view.getBigUint64(0, true),
    instance: found.get(AttributeType.INSTANCE) ?? null,
    collaborationId: found.get(AttributeType.COLLABORATION_ID) ?? null,
    mailboxKey: found.get(AttributeType.MAILBOX_KEY) ?? null,
  };
};
