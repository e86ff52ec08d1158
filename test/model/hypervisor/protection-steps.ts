/** Random steps for the protection rules, over few pages: those at the edges of groups and holes, and four page tables. */
import fc from 'fast-check';
import type { Kind, Mode, Paging, Wish } from './protection-reference.js';

/** Three runs of RAM. The first hole holds a whole group of 4096 pages; the last run ends within one. */
export const RANGES: readonly { readonly firstPage: number; readonly pageCount: number }[] = [
  { firstPage: 0, pageCount: 4201 },
  { firstPage: 12_290, pageCount: 4104 },
  { firstPage: 20_480, pageCount: 9520 },
];
export const LAST_PAGE = 29_999;
export const isRamPage = (page: number): boolean =>
  page <= 4200 || (page >= 12_290 && page <= 16_393) || (page >= 20_480 && page <= LAST_PAGE);

export const TABLES: readonly number[] = [1, 2, 4095, 4096];
/** Pages that steps are about: page tables first, then RAM, then what is none. */
export const PAGES: readonly number[] = [
  ...TABLES,
  ...[0, 3, 4200, 12_290, 16_383, 16_384, 16_393, 29_999],
  ...[4201, 5000, 8192, 12_289, 16_394, 30_000],
];
/** In a group that no step protects. */
export const LONELY_PAGE = 21_000;

export type Step =
  | {
      readonly do: 'protect';
      readonly vtl: number;
      readonly page: number;
      readonly count: number;
      readonly mask: number;
    }
  | { readonly do: 'default'; readonly vtl: number; readonly mask: number }
  | { readonly do: 'host'; readonly page: number; readonly mask: number }
  | { readonly do: 'mode'; readonly vtl: number; readonly mode: Mode }
  | { readonly do: 'paging'; readonly vtl: number; readonly paging: Paging }
  | { readonly do: 'place'; readonly vtl: number; readonly name: string; readonly page: number; readonly mask: number }
  | { readonly do: 'remove'; readonly vtl: number; readonly name: string }
  | {
      readonly do: 'access';
      readonly vtl: number;
      readonly address: number;
      readonly kind: Kind;
      readonly bytes: number[];
    }
  | { readonly do: 'iommu'; readonly on: boolean }
  | { readonly do: 'dma'; readonly address: number; readonly write: boolean; readonly bytes: number[] }
  | { readonly do: 'map'; readonly table: number; readonly index: number; readonly entry: bigint }
  | { readonly do: 'chain'; readonly path: readonly number[]; readonly entries: readonly bigint[] }
  | { readonly do: 'translate'; readonly vtl: number; readonly gva: bigint; readonly wish: Wish }
  | { readonly do: 'reset' }
  | { readonly do: 'snapshot' }
  | { readonly do: 'restore' };

/** Tables rarely, or no walk would come to its end. */
const page = fc.oneof(
  { weight: 9, arbitrary: fc.constantFrom(...PAGES.slice(TABLES.length)) },
  fc.constantFrom(...PAGES),
);
const vtl = fc.nat({ max: 2 });
/** Mostly masks a hypervisor takes, sometimes any. */
const mask = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(0x0, 0x0, 0x1, 0x3, 0x9, 0xb, 0xd, 0xf) },
  fc.nat({ max: 20 }),
);
const often = (chance: number): fc.Arbitrary<boolean> => fc.nat({ max: 9 }).map((value) => value < chance);
/** As `often`, of twenty. */
const oftenMore = (chance: number): fc.Arbitrary<boolean> => fc.nat({ max: 19 }).map((value) => value <= chance);
/** Few, so that overlays meet. */
const overlayPage = fc.constantFrom(0, 3, 3, 3, 4095, 12_290, 5000, 8192, 29_999, 30_000, LONELY_PAGE, LONELY_PAGE);
const address = fc
  .tuple(fc.oneof(page, overlayPage), fc.constantFrom(0, 8, 4092, 4095))
  .map(([first, offset]) => first * 4096 + offset);
const bytes = fc.array(fc.nat({ max: 255 }), { minLength: 1, maxLength: 8 });
const name = fc.constantFrom('hypercall', 'assist');
const index = fc.constantFrom(0, 511);

const mode: fc.Arbitrary<Mode> = fc.record(
  { cpl: fc.constantFrom(0, 3, 3, 1), mbec: fc.boolean(), smep: often(7) },
  { noNullPrototype: true },
);
const paging: fc.Arbitrary<Paging> = fc.record(
  {
    paging: oftenMore(18),
    longMode: oftenMore(18),
    writeProtect: often(7),
    noExecute: often(8),
    smap: often(3),
    alignmentCheck: fc.boolean(),
    table: oftenMore(18).chain((first) => fc.constantFrom(...(first ? [1] : [4095, 5000, 2 ** 33]))),
    pat: fc.array(fc.constantFrom(0, 1, 4, 5, 6), { minLength: 8, maxLength: 8 }),
  },
  { noNullPrototype: true },
);
const wish: fc.Arbitrary<Wish> = fc.record(
  {
    kinds: fc.constantFrom<readonly Kind[]>(
      [],
      ['read'],
      ['write'],
      ['execute'],
      ['read', 'write'],
      ['read', 'write', 'execute'],
    ),
    exempt: often(1),
    supervisor: often(2),
    user: often(2),
    enforceSmap: often(2),
    overrideSmap: often(2),
    setBits: fc.boolean(),
  },
  { noNullPrototype: true },
);

const flag = (bit: bigint, chance: number): fc.Arbitrary<bigint> => often(chance).map((set) => (set ? 1n << bit : 0n));
/** An entry to one of the tables or pages, or to nowhere; mostly usable. */
const entry = fc
  .tuple(
    fc.oneof({ weight: 5, arbitrary: page }, fc.constantFrom(512, 0x40000, 2 ** 33)),
    ...[flag(0n, 9), flag(1n, 8), flag(2n, 8), flag(3n, 3), flag(4n, 3), flag(5n, 3), flag(7n, 2), flag(12n, 1)],
    flag(63n, 2),
  )
  .map(([target, ...flags]) => flags.reduce((whole, each) => whole | each, BigInt(target) << 12n));
/** The entries of one whole path through the tables to a page; flags but Present vary. */
const chain = fc
  .tuple(
    page,
    ...[0, 1, 2, 3].map(() => fc.tuple(flag(1n, 8), flag(2n, 8), flag(3n, 3), flag(4n, 3), flag(5n, 5), flag(63n, 1))),
  )
  .map(([target, ...levels]) =>
    levels.map((flags, level) =>
      flags.reduce((whole, each) => whole | each, 1n | (BigInt(TABLES[level + 1] ?? target) << 12n)),
    ),
  );
const gva = fc.oneof(
  { weight: 9, arbitrary: fc.tuple(index, index, index, index, fc.nat({ max: 4095 })).map(toAddress) },
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  page.map((each) => BigInt(each) << 12n),
);

function toAddress([a, b, c, d, offset]: readonly [number, number, number, number, number]): bigint {
  const low = [a, b, c, d].reduce((whole, each) => whole * 512n + BigInt(each), 0n) * 4096n + BigInt(offset);
  return BigInt.asUintN(64, BigInt.asIntN(48, low));
}

const record = <T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> =>
  fc.record(model, { noNullPrototype: true });
const is = <T extends string>(value: T): fc.Arbitrary<T> => fc.constant(value);
type Of<T extends Step['do']> = Extract<Step, { do: T }>;
const kind = fc.constantFrom<Kind>('read', 'write', 'execute');

export const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 12,
    arbitrary: record<Of<'protect'>>({ do: is('protect'), vtl, page, count: fc.constantFrom(1, 1, 1, 3), mask }),
  },
  { weight: 3, arbitrary: record<Of<'default'>>({ do: is('default'), vtl, mask }) },
  {
    weight: 3,
    arbitrary: record<Of<'host'>>({ do: is('host'), page, mask: fc.constantFrom(15, 15, 15, 0, 1, 3, 13) }),
  },
  { weight: 8, arbitrary: record<Of<'mode'>>({ do: is('mode'), vtl, mode }) },
  { weight: 3, arbitrary: record<Of<'paging'>>({ do: is('paging'), vtl, paging }) },
  {
    weight: 5,
    arbitrary: record<Of<'place'>>({ do: is('place'), vtl, name, page: overlayPage, mask: fc.nat({ max: 20 }) }),
  },
  { weight: 2, arbitrary: record<Of<'remove'>>({ do: is('remove'), vtl, name }) },
  { weight: 30, arbitrary: record<Of<'access'>>({ do: is('access'), vtl, address, kind, bytes }) },
  { weight: 2, arbitrary: record<Of<'iommu'>>({ do: is('iommu'), on: fc.boolean() }) },
  { weight: 10, arbitrary: record<Of<'dma'>>({ do: is('dma'), address, write: fc.boolean(), bytes }) },
  {
    weight: 15,
    arbitrary: record<Of<'chain'>>({ do: is('chain'), path: fc.tuple(index, index, index, index), entries: chain }),
  },
  { weight: 6, arbitrary: record<Of<'map'>>({ do: is('map'), table: fc.constantFrom(...TABLES), index, entry }) },
  { weight: 30, arbitrary: record<Of<'translate'>>({ do: is('translate'), vtl, gva, wish }) },
  { weight: 1, arbitrary: record<Of<'reset'>>({ do: is('reset') }) },
  { weight: 1, arbitrary: record<Of<'snapshot'>>({ do: is('snapshot') }) },
  { weight: 1, arbitrary: record<Of<'restore'>>({ do: is('restore') }) },
);
