/** Flag words read and written by the names of their bits. Bits without a name are carried in the raw word and never an error. */

/** Bit masks by name. */
export type Masks = Readonly<Record<string, number>>;

/** One boolean for each named mask. */
export type NamedBits<M extends Masks> = { readonly [Name in keyof M]: boolean };

/** Which of the named bits are set. */
export const namedBits = <M extends Masks>(word: number, masks: M): NamedBits<M> => {
  const bits: Record<string, boolean> = {};
  for (const [name, mask] of Object.entries(masks)) bits[name] = (word & mask) !== 0;
  return bits as NamedBits<M>;
};

/** `word` with each bit that `bits` names set or cleared; bits it does not name stay as they are. */
export const withNamedBits = <M extends Masks>(word: number, bits: Partial<NamedBits<M>>, masks: M): number => {
  let result = word;
  for (const [name, mask] of Object.entries(masks)) {
    const wanted = bits[name];
    if (wanted !== undefined) result = wanted ? result | mask : result & ~mask;
  }
  return result >>> 0;
};
