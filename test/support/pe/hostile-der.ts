/** ASN.1 that no signing tool makes: deep, wide, endless, lying of its length. Encoded by hand, as no library would. */

const SEQUENCE = 0x30;
const SET = 0x31;
const OCTETS = 0x04;

const lengthOf = (count: number): number[] => {
  if (count < 0x80) return [count];
  const bytes: number[] = [];
  for (let rest = count; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256);
  return [0x80 | bytes.length, ...bytes];
};

/** One value with its tag and its true length. */
export const der = (tag: number, ...parts: readonly Uint8Array[]): Uint8Array => {
  const content = Buffer.concat(parts);
  return Buffer.concat([Uint8Array.of(tag, ...lengthOf(content.length)), content]);
};

/** A value that says it is longer than it is. */
export const derSaying = (tag: number, length: number, content: Uint8Array): Uint8Array =>
  Buffer.concat([Uint8Array.of(tag, ...lengthOf(length)), content]);

/** SEQUENCE in SEQUENCE in SEQUENCE … */
export const deepDer = (depth: number): Uint8Array => {
  // From the inside out, in one buffer: joining at every level would take time with the square of the depth.
  const heads: number[][] = [];
  let length = 0;
  for (let level = 0; level < depth; level += 1) {
    const head = [SEQUENCE, ...lengthOf(length)];
    heads.push(head);
    length += head.length;
  }
  return Uint8Array.from(heads.reverse().flat());
};

/** SEQUENCE of indefinite length in SEQUENCE of indefinite length …, closed or not. */
export const endlessDer = (depth: number, isClosed: boolean): Uint8Array =>
  Buffer.concat([
    Buffer.from(Array.from({ length: depth }, () => [SEQUENCE, 0x80]).flat()),
    new Uint8Array(isClosed ? 2 * depth : 0),
  ]);

/** A SET of so many NULLs. */
export const wideDer = (count: number): Uint8Array => {
  const nulls = new Uint8Array(2 * count);
  for (let index = 0; index < nulls.length; index += 2) nulls[index] = 0x05;
  return der(SET, nulls);
};

/** An OCTET STRING in pieces of pieces. */
export const piecedDer = (depth: number): Uint8Array => {
  let inner = der(OCTETS, Uint8Array.of(1));
  for (let level = 0; level < depth; level += 1) inner = der(OCTETS | 0x20, inner, inner.subarray(0, 0));
  return inner;
};

const OID_SIGNED_DATA = Buffer.from('06092a864886f70d010702', 'hex');

/** ContentInfo that says it is SignedData and holds something else. */
export const contentInfoOf = (content: Uint8Array): Uint8Array => der(SEQUENCE, OID_SIGNED_DATA, der(0xa0, content));
