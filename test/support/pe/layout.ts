/** Where in a built file each field stands, by name: `coff/machine`, `policy/entries/2/type`, `section/.tPolicy/virtualSize`. */

export interface Field {
  /** In the file. */
  readonly offset: number;
  /** Bytes. */
  readonly size: number;
}

export class Layout {
  readonly #fields: ReadonlyMap<string, Field>;

  constructor(fields: ReadonlyMap<string, Field>) {
    this.#fields = fields;
  }

  /** @throws for a field that this file does not have: a test that corrupts nothing would prove nothing */
  field(name: string): Field {
    const field = this.#fields.get(name);
    if (field === undefined) throw new Error(`the file has no ${name}; it has ${[...this.#fields.keys()].join(', ')}`);
    return field;
  }

  offset(name: string): number {
    return this.field(name).offset;
  }

  /** The first byte behind a field. */
  end(name: string): number {
    const { offset, size } = this.field(name);
    return offset + size;
  }

  has(name: string): boolean {
    return this.#fields.has(name);
  }

  names(): string[] {
    return [...this.#fields.keys()];
  }

  fields(): ReadonlyMap<string, Field> {
    return this.#fields;
  }
}

/** A built file. */
export interface BuiltPe {
  readonly bytes: Uint8Array;
  readonly layout: Layout;
  readonly bits: 32 | 64;
  readonly imageBase: bigint;
}
