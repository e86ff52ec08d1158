/** Damages one thing in a built file and leaves the rest as it is. */
import { type BuiltPe, Layout } from './layout.js';

const write = (bytes: Uint8Array, offset: number, size: number, value: number | bigint): void => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const word = BigInt.asUintN(64, BigInt(value));
  for (let index = 0; index < size; index += 1)
    view.setUint8(offset + index, Number((word >> BigInt(8 * index)) & 0xffn));
};

/** Another value in a field, as wide as the field is. */
export const withField = (built: BuiltPe, name: string, value: number | bigint): BuiltPe =>
  withFields(built, { [name]: value });

/** Several at once. */
export const withFields = (built: BuiltPe, values: Readonly<Record<string, number | bigint>>): BuiltPe => {
  const bytes = built.bytes.slice();
  for (const [name, value] of Object.entries(values)) {
    const { offset, size } = built.layout.field(name);
    write(bytes, offset, Math.min(size, 8), value);
  }
  return { ...built, bytes };
};

/** Other bytes at the beginning of a field. */
export const withBytes = (built: BuiltPe, name: string, content: Uint8Array): BuiltPe => {
  const bytes = built.bytes.slice();
  bytes.set(content, built.layout.offset(name));
  return { ...built, bytes };
};

/** What a field holds. */
export const fieldValue = (built: BuiltPe, name: string): number => {
  const { offset, size } = built.layout.field(name);
  const view = new DataView(built.bytes.buffer, built.bytes.byteOffset);
  if (size === 8) return Number(view.getBigUint64(offset, true));
  return size === 4 ? view.getUint32(offset, true) : size === 2 ? view.getUint16(offset, true) : view.getUint8(offset);
};

/** The file, ended before a byte. */
export const truncatedAt = (built: BuiltPe, length: number): BuiltPe => ({
  ...built,
  bytes: built.bytes.slice(0, length),
  layout: new Layout(built.layout.fields()),
});
