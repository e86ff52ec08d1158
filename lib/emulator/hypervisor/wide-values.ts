/** Values of 128 bits in a buffer: segments, tables, XMM registers and register values of hypercalls. Little-endian. */

export const getValue128 = (view: DataView, offset: number): bigint =>
  view.getBigUint64(offset, true) | (view.getBigUint64(offset + 8, true) << 64n);

export const setValue128 = (view: DataView, offset: number, value: bigint): void => {
  view.setBigUint64(offset, BigInt.asUintN(64, value), true);
  view.setBigUint64(offset + 8, BigInt.asUintN(64, value >> 64n), true);
};
