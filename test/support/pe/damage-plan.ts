/** Damage to a built file as data, so that a failing one can be shrunk and written down. Fields are chosen by number, modulo what the file has. */
import type { BuiltPe, Field } from './layout.js';

/** A value made of what the file itself has, or a plain one. */
export type Poison =
  | { readonly kind: 'value'; readonly value: bigint }
  /** What is there, more or less. */
  | { readonly kind: 'add'; readonly delta: number }
  /** The place of a field, as offset in the file, RVA or virtual address: of the same field, it makes a part name itself. */
  | { readonly kind: 'place'; readonly of: number; readonly as: 'offset' | 'rva' | 'va' }
  /** What another field holds. */
  | { readonly kind: 'copy'; readonly of: number }
  /** The file's size, more or less. */
  | { readonly kind: 'size'; readonly delta: number };

export type Damage =
  | { readonly kind: 'set'; readonly field: number; readonly poison: Poison }
  | { readonly kind: 'truncate'; readonly field: number; readonly delta: number }
  | { readonly kind: 'fill'; readonly field: number; readonly byte: number; readonly count: number }
  | { readonly kind: 'flip'; readonly at: number; readonly mask: number }
  | { readonly kind: 'append'; readonly count: number; readonly byte: number };

const readField = (bytes: Uint8Array, { offset, size }: Field): bigint => {
  let value = 0n;
  for (let index = Math.min(size, 8) - 1; index >= 0; index -= 1)
    value = value * 256n + BigInt(bytes[offset + index] ?? 0);
  return value;
};

const writeField = (bytes: Uint8Array, { offset, size }: Field, value: bigint): void => {
  let rest = BigInt.asUintN(64, value);
  for (let index = 0; index < Math.min(size, 8) && offset + index < bytes.length; index += 1) {
    bytes[offset + index] = Number(rest & 0xffn);
    rest >>= 8n;
  }
};

/** Where a byte of the file is in memory, by the sections that the file was built with. */
const rvaOf = (built: BuiltPe, offset: number): number => {
  const { layout, bytes } = built;
  for (const [name, field] of layout.fields()) {
    if (!/^section\/[^/]*\/pointerToRawData$/.test(name)) continue;
    const start = Number(readField(bytes, field));
    const size = Number(readField(bytes, layout.field(name.replace('pointerToRawData', 'sizeOfRawData'))));
    if (offset < start || offset >= start + size) continue;
    return offset - start + Number(readField(bytes, layout.field(name.replace('pointerToRawData', 'virtualAddress'))));
  }
  return offset;
};

/** Wherever something may be wrong with a file, its first and its last byte among them. */
export const damaged = (built: BuiltPe, plan: readonly Damage[]): Uint8Array => {
  const fields = [...built.layout.fields().values()];
  const fieldAt = (index: number): Field => fields[index % fields.length] ?? { offset: 0, size: 1 };
  let { bytes } = built;
  if (plan.length > 0) bytes = bytes.slice();
  const poisonOf = (field: Field, poison: Poison): bigint => {
    switch (poison.kind) {
      case 'value':
        return poison.value;
      case 'add':
        return readField(bytes, field) + BigInt(poison.delta);
      case 'copy':
        return readField(bytes, fieldAt(poison.of));
      case 'size':
        return BigInt(bytes.length + poison.delta);
      case 'place': {
        const { offset } = fieldAt(poison.of);
        if (poison.as === 'offset') return BigInt(offset);
        const rva = rvaOf(built, offset);
        return poison.as === 'rva' ? BigInt(rva) : built.imageBase + BigInt(rva);
      }
    }
  };
  for (const each of plan) {
    switch (each.kind) {
      case 'set':
        writeField(bytes, fieldAt(each.field), poisonOf(fieldAt(each.field), each.poison));
        break;
      case 'truncate': {
        const { offset, size } = fieldAt(each.field);
        const length = each.delta > 0 ? offset + size + each.delta - 1 : offset + each.delta;
        bytes = bytes.slice(0, Math.max(0, length));
        break;
      }
      case 'fill': {
        const { offset } = fieldAt(each.field);
        bytes.fill(each.byte, Math.min(offset, bytes.length), Math.min(offset + each.count, bytes.length));
        break;
      }
      case 'flip':
        if (bytes.length > 0) bytes[each.at % bytes.length] = (bytes[each.at % bytes.length] ?? 0) ^ each.mask;
        break;
      case 'append': {
        const longer = new Uint8Array(bytes.length + each.count).fill(each.byte);
        longer.set(bytes);
        bytes = longer;
      }
    }
  }
  return bytes;
};
