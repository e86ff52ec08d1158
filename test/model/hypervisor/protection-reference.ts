/**
 * The rules of memory protection and address translation, once more: slow, obvious, written from the text of facts/vsm.md
 * (1.5, 1.8, 1.10, 1.13, 2) and the x64 paging rules. It knows nothing of lib/emulator, neither code nor table; a right is a
 * letter, not a bit, and a byte is an entry of a map.
 */

/** r read, w write, k kernel execute, u user execute. */
type Right = 'r' | 'w' | 'k' | 'u';
export type Kind = 'read' | 'write' | 'execute';

/** `vtlN`: VTLN intercepts. */
export type Answer = 'allowed' | 'unmapped' | 'host' | 'overlay' | `vtl${number}`;

/** What a VP's VTL runs with. */
export interface Mode {
  readonly cpl: number;
  readonly mbec: boolean;
  readonly smep: boolean;
}

/** What a translation depends on beside the mode. */
export interface Paging {
  readonly paging: boolean;
  readonly longMode: boolean;
  readonly writeProtect: boolean;
  readonly noExecute: boolean;
  readonly smap: boolean;
  readonly alignmentCheck: boolean;
  readonly table: number;
  readonly pat: readonly number[];
}

export interface Wish {
  readonly kinds: readonly Kind[];
  readonly exempt: boolean;
  readonly supervisor: boolean;
  readonly user: boolean;
  readonly enforceSmap: boolean;
  readonly overrideSmap: boolean;
  readonly setBits: boolean;
}

export interface Found {
  readonly code: number;
  readonly page: number;
  readonly cache: number;
  readonly overlay: boolean;
}

interface Overlay {
  readonly vtl: number;
  readonly name: string;
  readonly page: number;
  readonly rights: string;
  readonly bytes: Map<number, number>;
}

/** The text's map flags as letters. */
const letters = (mask: number): string =>
  `${mask & 1 ? 'r' : ''}${mask & 2 ? 'w' : ''}${mask & 4 ? 'k' : ''}${mask & 8 ? 'u' : ''}`;

export class ProtectionReference {
  readonly #isRam: (page: number) => boolean;
  readonly #lastPage: number;
  readonly #vtls: number;
  #individual: Map<string, string> = new Map();
  #defaults: Map<number, string> = new Map();
  #overlays: Overlay[] = [];
  #host: Map<number, string> = new Map();
  #bytes: Map<number, number> = new Map();
  iommu = false;

  constructor(isRam: (page: number) => boolean, lastPage: number, vtls: number) {
    this.#isRam = isRam;
    this.#lastPage = lastPage;
    this.#vtls = vtls;
  }

  /** All of it, once more. */
  copy(): ProtectionReference {
    const copy = new ProtectionReference(this.#isRam, this.#lastPage, this.#vtls);
    copy.#individual = new Map(this.#individual);
    copy.#defaults = new Map(this.#defaults);
    copy.#overlays = this.#overlays.map((overlay) => ({ ...overlay, bytes: new Map(overlay.bytes) }));
    copy.#host = new Map(this.#host);
    copy.#bytes = new Map(this.#bytes);
    copy.iommu = this.iommu;
    return copy;
  }

  /** "KX≠UX allowed only when MBEC enabled; KX without UX never; W or X without R never; adjustable never." */
  validMask(mask: number, mbec: boolean): boolean {
    if (mask > 15) return false;
    const has = letters(mask);
    if (has.includes('k') !== has.includes('u') && !mbec) return false;
    if (has.includes('k') && !has.includes('u')) return false;
    return has === '' || has.startsWith('r');
  }

  /** "the mask must include R and W" */
  validDefault(mask: number, mbec: boolean): boolean {
    return this.validMask(mask, mbec) && letters(mask).startsWith('rw');
  }

  /** @returns how many pages were done: "only RAM pages can be protected" */
  protect(vtl: number, page: number, count: number, mask: number): number {
    for (let done = 0; done < count; done++) {
      if (!this.#isRam(page + done)) return done;
      this.#individual.set(`${vtl} ${page + done}`, letters(mask));
    }
    return count;
  }

  setDefault(vtl: number, mask: number): void {
    this.#defaults.set(vtl, letters(mask));
  }

  setHost(page: number, mask: number): boolean {
    if (!this.#isRam(page)) return false;
    this.#host.set(page, letters(mask));
    return true;
  }

  /** @param bytes what the page holds; later writes go there */
  place(vtl: number, name: string, page: number, mask: number, bytes: Map<number, number> = new Map()): boolean {
    if (page > this.#lastPage) return false;
    this.remove(vtl, name);
    this.#overlays.push({ vtl, name, page, rights: letters(mask), bytes });
    return true;
  }

  hasOverlay(vtl: number, page: number): boolean {
    return this.#overlay(vtl, page) !== undefined;
  }

  /** Pages that a VTL has set individually so that lower ones may not even read them. */
  secrets(vtl: number): readonly number[] {
    return [...this.#individual]
      .filter(([key, rights]) => key.startsWith(`${vtl} `) && !rights.includes('r'))
      .map(([key]) => Number(key.split(' ')[1]));
  }

  /** Every page a VTL has set individually, in order. */
  protectedPages(vtl: number): readonly { readonly page: number; readonly mask: number }[] {
    return [...this.#individual]
      .filter(([key]) => key.startsWith(`${vtl} `))
      .map(([key, rights]) => ({
        page: Number(key.split(' ')[1]),
        mask: [...'rwku'].reduce((mask, right, bit) => mask + (rights.includes(right) ? 2 ** bit : 0), 0),
      }))
      .sort((left, right) => left.page - right.page);
  }

  zero(page: number): void {
    for (let offset = 0; offset < 4096; offset++) this.#bytes.delete(page * 4096 + offset);
  }

  /** RAM from its start, `length` bytes of it. */
  image(length: number): Uint8Array {
    const image = new Uint8Array(length);
    for (const [address, value] of this.#bytes) image[address] = value;
    return image;
  }

  remove(vtl: number, name: string): boolean {
    const before = this.#overlays.length;
    this.#overlays = this.#overlays.filter((overlay) => overlay.vtl !== vtl || overlay.name !== name);
    return this.#overlays.length < before;
  }

  /** "Reset drops higher VTLs." */
  reset(): void {
    this.#individual = new Map();
    this.#defaults = new Map();
    this.#overlays = [];
  }

  #overlay(vtl: number, page: number): Overlay | undefined {
    return this.#overlays.filter((overlay) => overlay.vtl === vtl && overlay.page === page).pop();
  }

  #masksOf(vtl: number, page: number): string {
    return this.#individual.get(`${vtl} ${page}`) ?? this.#defaults.get(vtl) ?? 'rwku';
  }

  /** Host, then every higher VTL, the lowest first. */
  #beneath(vtl: number, page: number, right: Right): Answer {
    if (!this.#isRam(page)) return 'unmapped';
    if (!(this.#host.get(page) ?? 'rwku').includes(right)) return 'host';
    for (let higher = vtl + 1; higher < this.#vtls; higher++) {
      if (!this.#masksOf(higher, page).includes(right)) return `vtl${higher}`;
    }
    return 'allowed';
  }

  /** The truth table of MBEC, and KX for both modes where SMEP is off. */
  #needs(kind: Kind, mode: Mode): Right {
    if (kind === 'read') return 'r';
    if (kind === 'write') return 'w';
    if (!mode.mbec) return 'k';
    if (!mode.smep) return 'k';
    return mode.cpl === 3 ? 'u' : 'k';
  }

  check(vtl: number, page: number, kind: Kind, mode: Mode): Answer {
    const right = this.#needs(kind, mode);
    const overlay = this.#overlay(vtl, page);
    if (overlay === undefined) return this.#beneath(vtl, page, right);
    return overlay.rights.includes(right) ? 'allowed' : 'overlay';
  }

  /** @returns the answer of the first page that refuses, or the bytes */
  access(
    vtl: number,
    address: number,
    length: number,
    kind: Kind,
    mode: Mode,
    bytes: readonly number[],
  ): Answer | number[] {
    const addresses = Array.from({ length }, (_, index) => address + index);
    for (const each of addresses) {
      const answer = this.check(vtl, Math.floor(each / 4096), kind, mode);
      if (answer !== 'allowed') return answer;
    }
    return addresses.map((each, index) => {
      if (kind === 'write') this.#store(vtl, each, bytes[index] ?? 0);
      return this.#load(vtl, each);
    });
  }

  #load(vtl: number, address: number): number {
    const overlay = this.#overlay(vtl, Math.floor(address / 4096));
    return (overlay === undefined ? this.#bytes.get(address) : overlay.bytes.get(address % 4096)) ?? 0;
  }

  #store(vtl: number, address: number, value: number): void {
    const overlay = this.#overlay(vtl, Math.floor(address / 4096));
    if (overlay === undefined) this.#bytes.set(address, value);
    else overlay.bytes.set(address % 4096, value);
  }

  /** The hypervisor itself writes RAM. */
  plant(address: number, bytes: readonly number[]): void {
    bytes.forEach((byte, index) => {
      this.#bytes.set(address + index, byte);
    });
  }

  /** "Device accesses obey VTL0 protections where an IOMMU is used." */
  dma(address: number, length: number, write: boolean, bytes: readonly number[]): 'blocked' | 'unmapped' | number[] {
    const addresses = Array.from({ length }, (_, index) => address + index);
    for (const each of addresses) {
      const page = Math.floor(each / 4096);
      if (!this.#isRam(page)) return 'unmapped';
      if (this.iommu && this.#beneath(0, page, write ? 'w' : 'r') !== 'allowed') return 'blocked';
    }
    return addresses.map((each, index) => {
      if (write) this.#bytes.set(each, bytes[index] ?? 0);
      return this.#bytes.get(each) ?? 0;
    });
  }

  #entry(vtl: number, address: number): bigint {
    let entry = 0n;
    for (let index = 7; index >= 0; index--) entry = entry * 256n + BigInt(this.#load(vtl, address + index));
    return entry;
  }

  translate(vtl: number, gva: bigint, mode: Mode, paging: Paging, wish: Wish): Found {
    const fail = (code: number): Found => ({ code, page: 0, cache: 0, overlay: false });
    const codeOf = (answer: Answer, kind: Kind): number => {
      if (answer === 'unmapped') return 4;
      if (answer === 'host') return kind === 'write' ? 6 : 5;
      return answer === 'overlay' ? 7 : 8;
    };
    let page = Number(gva / 4096n);
    let cache = 6;
    const used: number[] = [];
    if (paging.paging) {
      if (!paging.longMode) return fail(3);
      const top = gva >> 47n;
      if (top !== 0n && top !== 0x1ffffn) return fail(1);
      let writable = true;
      let user = true;
      let executable = true;
      let table = paging.table;
      for (const shift of [39n, 30n, 21n, 12n]) {
        const answer = this.check(vtl, table, 'read', mode);
        if (answer !== 'allowed') return fail(codeOf(answer, 'read'));
        const address = table * 4096 + Number((gva >> shift) % 512n) * 8;
        const entry = this.#entry(vtl, address);
        const bit = (number: bigint): boolean => ((entry >> number) & 1n) === 1n;
        if (!bit(0n)) return fail(1);
        const large = bit(7n) && shift !== 12n;
        if (large && shift === 39n) return fail(3);
        if (large) for (let reserved = 13n; reserved < shift; reserved++) if (bit(reserved)) return fail(3);
        if (bit(63n) && !paging.noExecute) return fail(3);
        writable = writable && bit(1n);
        user = user && bit(2n);
        executable = executable && !bit(63n);
        used.push(address);
        const frame = (entry % (1n << 52n)) >> 12n;
        table = Number(frame);
        if (large || shift === 12n) {
          const size = 1n << (shift - 12n);
          page = Number((frame / size) * size + ((gva >> 12n) % size));
          const index = (bit(large ? 12n : 7n) ? 4 : 0) + (bit(4n) ? 2 : 0) + (bit(3n) ? 1 : 0);
          cache = paging.pat[index] ?? 0;
          break;
        }
      }
      for (const asUser of this.#modes(wish, mode)) {
        for (const kind of wish.kinds) {
          const forUser = user && !wish.exempt;
          const kernelOnUserPage = !asUser && forUser;
          const data = kind !== 'execute';
          const alignment = wish.enforceSmap ? false : paging.alignmentCheck || wish.overrideSmap;
          if (asUser && !user) return fail(2);
          if (kind === 'write' && !writable && (asUser || paging.writeProtect)) return fail(2);
          if (kind === 'execute' && !executable) return fail(2);
          if (kind === 'execute' && kernelOnUserPage && mode.smep) return fail(2);
          if (data && kernelOnUserPage && paging.smap && !alignment) return fail(2);
        }
      }
    }
    const overlay = this.#overlay(vtl, page) !== undefined;
    if (!overlay && !this.#isRam(page)) return fail(4);
    for (const asUser of this.#modes(wish, mode)) {
      for (const kind of wish.kinds) {
        const answer = this.check(vtl, page, kind, { ...mode, cpl: asUser ? 3 : 0 });
        if (answer !== 'allowed') return fail(codeOf(answer, kind));
      }
    }
    const wanted = used.map((address, index) => {
      const dirty = wish.kinds.includes('write') && index === used.length - 1;
      const old = this.#load(vtl, address);
      return { address, old, value: old | 0x20 | (dirty ? 0x40 : 0) };
    });
    const changes = wish.setBits ? wanted.filter(({ old, value }) => old !== value) : [];
    for (const { address } of changes) {
      const answer = this.check(vtl, Math.floor(address / 4096), 'write', mode);
      if (answer !== 'allowed') return fail(codeOf(answer, 'write'));
    }
    for (const { address, value } of changes) this.#store(vtl, address, this.#load(vtl, address) | value);
    return { code: 0, page, cache, overlay };
  }

  #modes(wish: Wish, mode: Mode): readonly boolean[] {
    if (wish.exempt) return [false];
    if (wish.supervisor || wish.user) return [...(wish.user ? [true] : []), ...(wish.supervisor ? [false] : [])];
    return [mode.cpl === 3];
  }
}
