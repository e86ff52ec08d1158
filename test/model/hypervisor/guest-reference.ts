/**
 * A whole guest once more, slow and obvious: what each VTL's registers, MSRs and pages are and what its instructions come to,
 * written from facts/vsm.md 1 and the x64 manuals. It imports nothing of lib/emulator.
 *
 * Two things it does not say: when an interrupt enters VTL1, and what the hypervisor writes into VTL1's own pages. Both are told to
 * it (`enter`, `sync`).
 */
import {
  type Answer,
  type Kind,
  type Mode,
  type Paging,
  ProtectionReference,
  type Wish,
} from './protection-reference.js';
import {
  APIC_BASE,
  CONTEXT,
  CR0,
  CR2,
  CR3,
  CR4,
  CS,
  DR6,
  EFER,
  fits,
  isWide,
  MSR_WRITE_BIT,
  PAT,
  PRIVATE,
  RFLAGS,
  RIP,
  SHARED,
  SINT0,
  SS,
  TSC,
  WRITE_BIT,
} from './registers-reference.js';

const MASK_64 = 2n ** 64n - 1n;
const MASK_128 = 2n ** 128n - 1n;

export interface VpReference {
  readonly index: number;
  active: number;
  /** This VP has VTL1. */
  enabled: boolean;
  /** VTLs that have a context to run. */
  readonly started: Set<number>;
  readonly shared: Map<number, bigint>;
  readonly own: readonly [Map<number, bigint>, Map<number, bigint>];
  readonly sharedMsrs: Map<number, bigint>;
  readonly msrs: readonly [Map<number, bigint>, Map<number, bigint>];
  /** VpSecureConfigVtl0 as VTL1 set it: bit 0 MBEC, bit 1 TLB lock. */
  secure: bigint;
  vina: bigint;
  /** CrInterceptControl and its three masks. */
  readonly watch: bigint[];
  readonly pending: bigint[];
}

export interface GuestShape {
  readonly vps: number;
  readonly isRam: (page: number) => boolean;
  readonly lastPage: number;
  readonly mbec: boolean;
  readonly dr6Shared: boolean;
  readonly repBudget: number;
  /** Registers as a VP has them when it is made. */
  readonly initial: ReadonlyMap<number, bigint>;
}

/** ZeroMemoryOnReset "on by default", every page all rights (1.7, 1.10). */
const INITIAL_CONFIG = 0x3en;

export class GuestReference {
  readonly shape: GuestShape;
  readonly memory: ProtectionReference;
  vps: readonly VpReference[] = [];
  enabled = false;
  mbec = false;
  config = INITIAL_CONFIG;
  /** HYPERCALL, GUEST_OS_ID, REFERENCE_TSC of each VTL. */
  partitionMsrs: readonly [Map<number, bigint>, Map<number, bigint>] = [new Map(), new Map()];
  ports: Map<number, number> = new Map();
  tsc = 0n;
  readonly #pages: Map<string, Map<number, number>> = new Map();

  constructor(shape: GuestShape) {
    this.shape = shape;
    this.memory = new ProtectionReference(shape.isRam, shape.lastPage, 2);
    this.#start();
  }

  #start(): void {
    this.vps = Array.from({ length: this.shape.vps }, (_, index) => ({
      index,
      active: 0,
      enabled: false,
      started: new Set(index === 0 ? [0] : []),
      shared: new Map(),
      own: [new Map(), new Map()],
      sharedMsrs: new Map(),
      msrs: [new Map(), new Map()],
      secure: 0n,
      vina: 0n,
      watch: [0n, 0n, 0n, 0n],
      pending: [0n, 0n],
    }));
    this.enabled = false;
    this.mbec = false;
    this.config = INITIAL_CONFIG;
    this.partitionMsrs = [new Map(), new Map()];
    this.ports = new Map();
    this.#pages.clear();
  }

  /** "Reset drops higher VTLs"; "ZeroMemoryOnReset wipes VTL1-owned memory". */
  reset(): void {
    if (this.enabled && ((this.config >> 5n) & 1n) === 1n) {
      for (const page of this.memory.secrets(1)) this.memory.zero(page);
    }
    this.memory.reset();
    this.#start();
  }

  vp(index: number): VpReference {
    const vp = this.vps[index];
    if (vp === undefined) throw new Error(`no VP ${index}`);
    return vp;
  }

  get(vp: VpReference, vtl: number, name: number): bigint {
    const shared = SHARED.includes(name) || (name === DR6 && this.shape.dr6Shared);
    const value = (shared ? vp.shared : this.own(vp, vtl)).get(name);
    if (name === TSC) return (this.tsc + (value ?? 0n)) & MASK_64;
    return value ?? this.shape.initial.get(name) ?? 0n;
  }

  set(vp: VpReference, vtl: number, name: number, value: bigint): void {
    const shared = SHARED.includes(name) || (name === DR6 && this.shape.dr6Shared);
    const kept = name === TSC ? value - this.tsc : value;
    (shared ? vp.shared : this.own(vp, vtl)).set(name, kept & (isWide(name) ? MASK_128 : MASK_64));
  }

  own(vp: VpReference, vtl: number): Map<number, bigint> {
    return vtl === 0 ? vp.own[0] : vp.own[1];
  }

  advance(vp: VpReference, vtl: number): void {
    this.set(vp, vtl, RIP, this.get(vp, vtl, RIP) + 3n);
  }

  /** Every register of a VTL in one order. */
  static readonly names: readonly number[] = [...SHARED, ...PRIVATE, DR6];

  privilege(vp: VpReference, vtl: number): number {
    return Number((this.get(vp, vtl, SS) >> 117n) & 3n);
  }

  mode(vp: VpReference, vtl: number, cpl: number): Mode {
    const smep = ((this.get(vp, vtl, CR4) >> 20n) & 1n) === 1n;
    return { cpl, mbec: vtl === 0 && (vp.secure & 1n) === 1n, smep };
  }

  paging(vp: VpReference, vtl: number): Paging {
    const bit = (name: number, index: bigint): boolean => ((this.get(vp, vtl, name) >> index) & 1n) === 1n;
    const pat = this.get(vp, vtl, PAT);
    return {
      paging: bit(CR0, 31n),
      longMode: bit(EFER, 10n),
      writeProtect: bit(CR0, 16n),
      noExecute: bit(EFER, 11n),
      smap: bit(CR4, 21n),
      alignmentCheck: bit(RFLAGS, 18n),
      table: Number((this.get(vp, vtl, CR3) >> 12n) & 0xff_ffff_ffffn),
      pat: [0n, 1n, 2n, 3n, 4n, 5n, 6n, 7n].map((byte) => Number((pat >> (byte * 8n)) & 7n) % 7),
    };
  }

  /** A page of the hypervisor's by its name; one outlives its being laid elsewhere. */
  pageBytes(vtl: number, name: string): Map<number, number> {
    const key = `${vtl} ${name}`;
    const bytes = this.#pages.get(key) ?? new Map<number, number>();
    this.#pages.set(key, bytes);
    return bytes;
  }

  /** What the hypervisor has written into a page of VTL1's. */
  sync(name: string, page: Uint8Array): void {
    const bytes = this.pageBytes(1, name);
    bytes.clear();
    page.forEach((value, offset) => {
      if (value !== 0) bytes.set(offset, value);
    });
  }

  /** An access by guest-physical address. */
  physical(vp: VpReference, kind: Kind, address: bigint, cpl: number, bytes: readonly number[]): string {
    const mode = this.mode(vp, vp.active, cpl);
    return accessText(this.memory.access(vp.active, Number(address), bytes.length, kind, mode, bytes));
  }

  /** An access by guest virtual address: each of its pages is translated, then all is done. */
  virtual(vp: VpReference, kind: Kind, address: bigint, cpl: number, bytes: readonly number[]): string {
    const vtl = vp.active;
    const paging = this.paging(vp, vtl);
    const mode = this.mode(vp, vtl, cpl);
    const last = address + BigInt(bytes.length - 1);
    if (paging.paging && !(canonical(address) && canonical(last))) return 'fault 13';
    const wish: Wish = { ...NO_WISH, kinds: [kind], setBits: true };
    const parts: { readonly at: number; readonly bytes: number[] }[] = [];
    for (let index = 0; index < bytes.length; ) {
      const at = (address + BigInt(index)) & MASK_64;
      const offset = Number(at % 4096n);
      const part = bytes.slice(index, index + 4096 - offset);
      const { code, page } = this.memory.translate(vtl, at, mode, paging, wish);
      if (code >= 1 && code <= 3) {
        this.set(vp, vtl, CR2, at);
        return 'fault 14';
      }
      const refusal = TRANSLATED[code];
      if (refusal !== undefined) return refusal;
      parts.push({ at: page * 4096 + offset, bytes: part });
      index += part.length;
    }
    const all = parts.map((part) => this.memory.access(vtl, part.at, part.bytes.length, kind, mode, part.bytes));
    return accessText(all.flatMap((part) => (typeof part === 'string' ? [] : part)));
  }

  /** Whether VTL1 is told of a write instead of its being done. */
  #watched(vp: VpReference, bit: number | undefined, mask: bigint): boolean {
    if (vp.active !== 0 || !vp.enabled || bit === undefined) return false;
    return (((vp.watch[0] ?? 0n) >> BigInt(bit)) & 1n) === 1n && mask !== 0n;
  }

  /** "intercept only when (old XOR new) & mask ≠ 0" (1.7) */
  interceptsRegister(vp: VpReference, name: number, value: bigint): boolean {
    const change = this.get(vp, vp.active, name) ^ value;
    const masks = new Map([
      [CR0, change & (vp.watch[1] ?? 0n)],
      [CR4, change & (vp.watch[2] ?? 0n)],
    ]);
    return this.#watched(vp, WRITE_BIT.get(name), masks.get(name) ?? 1n);
  }

  interceptsMsr(vp: VpReference, msr: number, register: number | undefined, value: bigint): boolean {
    const change = ((vp.sharedMsrs.get(msr) ?? 0n) ^ value) & (vp.watch[3] ?? 0n);
    const bit = register === undefined ? MSR_WRITE_BIT.get(msr) : WRITE_BIT.get(register);
    return this.#watched(vp, bit, msr === 0x1a0 ? change : 1n);
  }

  writeRegister(vp: VpReference, name: number, value: bigint): string {
    if (this.interceptsRegister(vp, name, value)) return 'intercept 1';
    if (!fits(name, value)) return 'fault 13';
    this.set(vp, vp.active, name, value);
    return 'done 0';
  }

  port(vp: VpReference, port: number, access: 'read' | 'write'): string {
    const wanted = access === 'read' ? 1 : 2;
    if (vp.active === 0 && vp.enabled && ((this.ports.get(port) ?? 0) & wanted) !== 0) return 'intercept 1';
    return access === 'read' ? 'done 255' : 'done 0';
  }

  /** "INIT and SIPI to a lower VTL are ignored once a higher VTL is enabled" (1.8) and DenyLowerVtlStartup. */
  startUp(sender: VpReference, target: VpReference, vector: number, init: boolean): void {
    const denied = this.enabled && ((this.config >> 6n) & 1n) === 1n;
    if (sender.active > 0 || target.enabled || denied) return;
    if (init) {
      target.started.clear();
      target.shared.clear();
      target.own[0].clear();
    } else if (target.started.size === 0) {
      // Real mode at vector * 4096, a code segment: the x64 manual.
      const base = BigInt(vector) << 12n;
      this.set(target, 0, CR0, 0x30n);
      this.set(target, 0, CS, (0x9bn << 112n) | (BigInt(vector << 8) << 96n) | (0xffffn << 64n) | base);
      this.set(target, 0, RIP, 0n);
      target.started.add(0);
    }
  }

  /** An exception VTL1 injected is the first thing VTL0 takes. @returns undefined where it is the interrupts' turn */
  nextEvent(vp: VpReference): string | undefined {
    const event = vp.pending[vp.active] ?? 0n;
    if (event === 0n) return undefined;
    vp.pending[vp.active] = 0n;
    const code = (event >> 8n) & 1n ? Number((event >> 32n) & 0xffff_ffffn) : null;
    return `exception ${(event >> 16n) & 0xffffn} ${code} ${event >> 64n}`;
  }

  /** Interrupts only ever raise the active VTL, and only to one the VP has. @returns whether a VP may be there now */
  enter(index: number, active: number): boolean {
    const vp = this.vp(index);
    const possible = active === vp.active || (active === 1 && vp.enabled && vp.started.size > 0);
    vp.active = active;
    return possible;
  }

  loadContext(vp: VpReference, vtl: number, context: DataView): void {
    for (const [name, value] of contextValues(context)) this.set(vp, vtl, name, value);
  }

  sint(vp: VpReference, vtl: number, msr: number): bigint {
    const initial = msr >= SINT0 && msr < SINT0 + 16 ? 0x10000n : 0n;
    return (vtl === 0 ? vp.msrs[0] : vp.msrs[1]).get(msr) ?? initial;
  }

  apicBase(vp: VpReference, vtl: number): bigint {
    return this.get(vp, vtl, APIC_BASE);
  }
}

export const contextValues = (context: DataView): readonly (readonly [number, bigint])[] =>
  CONTEXT.map(([name, offset]) => {
    const low = context.getBigUint64(offset, true);
    return [name, isWide(name) ? low | (context.getBigUint64(offset + 8, true) << 64n) : low];
  });

export const NO_WISH: Wish = {
  kinds: [],
  exempt: false,
  supervisor: false,
  user: false,
  enforceSmap: false,
  overrideSmap: false,
  setBits: false,
};

const canonical = (address: bigint): boolean => BigInt.asIntN(48, address) === BigInt.asIntN(64, address);

const TRANSLATED: Readonly<Record<number, string>> = {
  4: 'host unmapped',
  5: 'host host-denied',
  6: 'host host-denied',
  7: 'host overlay-denied',
  8: 'intercept 1',
};

const REFUSED: Readonly<Record<string, string>> = {
  unmapped: 'host unmapped',
  host: 'host host-denied',
  overlay: 'host overlay-denied',
  vtl1: 'intercept 1',
};

const accessText = (answer: Answer | readonly number[]): string =>
  typeof answer === 'string' ? (REFUSED[answer] ?? answer) : `done ${Buffer.from(answer).toString('hex')}`;
