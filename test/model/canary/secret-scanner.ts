/**
 * Looks for any part of planted secrets in whatever VTL0 has. A single byte cannot be told from chance; a run of this many can: over all
 * a long run looks through, the chance that other bytes equal one such run is below one in a thousand.
 */
const RUN = 6;

const keyOf = (bytes: Uint8Array, at: number): number => {
  let key = 0;
  for (let index = 0; index < RUN; index += 1) key = key * 256 + (bytes[at + index] ?? 0);
  return key;
};

const pairOf = (bytes: Uint8Array, at: number): number => ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);

export class SecretScanner {
  /** Which first two bytes any run has: one look at most places. */
  readonly #pairs = new Uint8Array(65_536);
  readonly #runs = new Map<number, string>();

  plant(name: string, secret: Uint8Array): void {
    for (let at = 0; at + RUN <= secret.length; at += 1) {
      const key = keyOf(secret, at);
      if (key === 0) throw new Error(`${name} has a run of zeros, which is everywhere`);
      this.#pairs[pairOf(secret, at)] = 1;
      this.#runs.set(key, name);
    }
  }

  /** @returns whose bytes these are in part; null where they are nobody's */
  find(bytes: Uint8Array): string | null {
    for (let at = 0; at + RUN <= bytes.length; at += 1) {
      if (this.#pairs[pairOf(bytes, at)] === 0) continue;
      const name = this.#runs.get(keyOf(bytes, at));
      if (name !== undefined) return `${name}, at offset ${at}`;
    }
    return null;
  }
}
