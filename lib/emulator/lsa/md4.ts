/** MD4 (RFC 1320), which NT hashes are made with and OpenSSL 3 has no more. Broken as a hash; nothing here relies on its strength. */

const BLOCK = 64;
type Words = readonly [number, number, number, number];

const START: Words = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476];

interface Round {
  /** Which of the block's 16 words each step takes. */
  readonly order: readonly number[];
  readonly shifts: Words;
  readonly constant: number;
  readonly mix: (x: number, y: number, z: number) => number;
}

const ROUNDS: readonly Round[] = [
  {
    order: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
    shifts: [3, 7, 11, 19],
    constant: 0,
    mix: (x, y, z) => (x & y) | (~x & z),
  },
  {
    order: [0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15],
    shifts: [3, 5, 9, 13],
    constant: 0x5a827999,
    mix: (x, y, z) => (x & y) | (x & z) | (y & z),
  },
  {
    order: [0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15],
    shifts: [3, 9, 11, 15],
    constant: 0x6ed9eba1,
    mix: (x, y, z) => x ^ y ^ z,
  },
];

const rotated = (value: number, by: number): number => (value << by) | (value >>> (32 - by));

/** The text, a bit, zeros, and its length in bits: whole blocks. */
const padded = (text: Uint8Array): DataView => {
  const view = new DataView(new ArrayBuffer(Math.ceil((text.length + 9) / BLOCK) * BLOCK));
  new Uint8Array(view.buffer).set(text);
  view.setUint8(text.length, 0x80);
  view.setBigUint64(view.byteLength - 8, BigInt(text.length) * 8n, true);
  return view;
};

/** The sixteen steps of a round. */
const afterRound = ([a, b, c, d]: Words, { order, shifts, constant, mix }: Round, block: DataView): Words => {
  let words: Words = [a, b, c, d];
  for (const [step, word] of order.entries()) {
    const [first, second, third, fourth] = words;
    const sum = first + mix(second, third, fourth) + block.getUint32(word * 4, true) + constant;
    words = [fourth, rotated(sum | 0, shifts[step & 3] ?? 0), second, third];
  }
  return words;
};

/** @returns 16 bytes */
export const md4 = (text: Uint8Array): Uint8Array => {
  const blocks = padded(text);
  let words = START;
  for (let offset = 0; offset < blocks.byteLength; offset += BLOCK) {
    const block = new DataView(blocks.buffer, offset, BLOCK);
    const [a, b, c, d] = ROUNDS.reduce((before, round) => afterRound(before, round, block), words);
    words = [(words[0] + a) | 0, (words[1] + b) | 0, (words[2] + c) | 0, (words[3] + d) | 0];
  }
  const digest = new DataView(new ArrayBuffer(16));
  words.forEach((word, index) => {
    digest.setInt32(index * 4, word, true);
  });
  new Uint8Array(blocks.buffer).fill(0);
  return new Uint8Array(digest.buffer);
};
