/** Random steps of a guest, each made by whichever VTL its VP is in: right ones, almost right ones, and nonsense. */
import fc from 'fast-check';
import { contextWords, OTHER_VALUES, PAT_VALUE, REGISTER_VALUES } from './guest-boot.js';
import { SECRETS, type Step, TABLE_SECRET, TABLES } from './guest-world.js';
import type { Kind } from './protection-reference.js';
import { CR0, CR3, CR4, CR8, EFER, isWide, PRIVATE, RFLAGS, SHARED, SINT0, SS } from './registers-reference.js';

type Of<T extends Step['do']> = Omit<Extract<Step, { do: T }>, 'vp'>;

const SELF = 2n ** 64n - 1n;
const is = <T>(value: T): fc.Arbitrary<T> => fc.constant(value);
const pick = fc.constantFrom;
const record = <T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> =>
  fc.record(model, { noNullPrototype: true });
/** `usual`, but now and then `odd`. */
const mostly = <T>(usual: fc.Arbitrary<T>, odd: fc.Arbitrary<T>, weight = 12): fc.Arbitrary<T> =>
  fc.oneof({ weight, arbitrary: usual }, odd);
const word64 = fc.bigInt({ min: 0n, max: SELF });
/** None is a byte of a secret. */
const bytes = mostly(
  fc.array(fc.nat({ max: 0x7f }), { minLength: 1, maxLength: 9 }),
  fc.array(fc.nat({ max: 0x7f }), { minLength: 20, maxLength: 40 }),
);

const page = mostly(
  pick(0, 8, 9, 24, 32, 33, 34, 35, 40, 41, 42, ...SECRETS, ...SECRETS, 1, 4, 48, 49, 52, 63, 95),
  pick(64, 79, 80, 96, 2 ** 20, 2 ** 32, 2 ** 36),
);
const pageNumber = page.map(BigInt);
const gpa = fc
  .tuple(page, pick(0, 0, 0, 8, 2040, 4088, 4092, 4095))
  .map(([at, offset]) => BigInt(at) * 4096n + BigInt(offset));
/** Through each of VTL0's tables' entries 0 and 1. */
const gva = mostly(
  gpa,
  fc.oneof(
    fc
      .tuple(fc.nat({ max: 15 }), page, pick(0n, 4092n))
      .map(
        ([path, at, offset]) =>
          [39n, 30n, 21n].reduce((whole, shift, level) => whole | (BigInt((path >> level) & 1) << shift), 0n) |
          (BigInt(at % 512) << 12n) |
          offset,
      ),
    pick(2n ** 47n, SELF - 3n, 2n ** 63n, 2n ** 47n - 2n),
    word64,
  ),
  4,
);

const access = record<Of<'access'>>({
  do: is('access'),
  kind: pick<Kind>('read', 'write', 'execute'),
  address: fc.oneof(gpa, gva),
  physical: fc.boolean(),
  cpl: pick<0 | 3 | null>(null, null, null, 0, 3),
  bytes,
});
/** An entry of a page table, mostly a usable one, to any page. */
const entry = fc
  .tuple(
    fc.oneof(pick(2, 3, 4), page),
    fc.array(pick(0x0, 0x20, 0x4, 0x8, 0x10), { maxLength: 3 }),
    mostly(pick(0x3, 0x7, 0x7), pick(0x0, 0x1, 0x83, 0x1083)),
    mostly(is(0n), is(2n ** 63n)),
  )
  .map(
    ([target, flags, base, top]) =>
      top | (BigInt(target) << 12n) | BigInt(flags.reduce<number>((all, flag) => all | flag, base)),
  );
/** The guest rewrites its tables: writes eight bytes by physical address. */
const mapPage = fc.tuple(pick(...TABLES, ...TABLES, TABLE_SECRET), pick(0, 1, 8, 9, 16, 18, 24, 32), entry).map(
  ([table, index, value]): Of<'access'> => ({
    do: 'access',
    kind: 'write',
    address: BigInt(table * 4096 + index * 8),
    physical: true,
    cpl: null,
    bytes: [...Array(8).keys()].map((byte) => Number((value >> BigInt(byte * 8)) & 0xffn)),
  }),
);

const registerName = fc.oneof(pick(CR0, CR3, CR4, EFER, RFLAGS, CR8, SS), pick(...PRIVATE, ...SHARED));
const registerWrite = registerName.chain((name) =>
  fc.tuple(is(name), pick(...(REGISTER_VALUES.get(name) ?? OTHER_VALUES))),
);
const writeRegister = registerWrite.map(
  ([name, value]): Of<'write-register'> => ({
    do: 'write-register',
    name,
    value: BigInt.asUintN(isWide(name) ? 128 : 64, value),
  }),
);

/** Where a page MSR puts its page; bit 0 enables. */
const pageMsr = mostly(
  fc.tuple(page, pick(1n, 1n, 1n, 0n)).map(([at, on]) => (BigInt(at) << 12n) | on),
  pick(0x1002n, 0x803n, 0x1ffn, SELF),
);
const PAGE_MSRS: readonly number[] = [0x40000001, 0x40000021, 0x40000073, 0x40000082, 0x40000083];
const STORE_MSRS: readonly number[] = [
  0x400000b0, 0x40000040, 0xda0, 0x200, 0x400000ff, 0xc0000082, 0xc0000102, 0x176, 0x10,
];
const READ_MSRS: readonly number[] = [
  ...[0x40000000, 0x40000002, 0x40000003, 0x40000020, 0x40000022, 0x40000080, SINT0, 0x802, 0x808, 0x812, 0x822],
  ...[0xd0006, 0xc0000100, 0xc0000101, 0x1b, 0x277, 0x1a0, 0x1234],
];
const interruptCommand = fc
  .tuple(
    pick(0x50n, 0x20n, 0xf0n, 3n),
    pick(0n, 0n, 4n, 5n, 6n, 2n),
    pick(0n, 1n, 2n, 3n),
    pick(0n, 1n, 2n, 3n, 0xffffffffn, 9n),
  )
  .map(([vector, mode, shorthand, to]) => vector | (mode << 8n) | (shorthand << 18n) | (to << 32n));
const msrWrite = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(pick(...PAGE_MSRS), pageMsr) },
  { weight: 2, arbitrary: fc.tuple(pick(...STORE_MSRS), fc.oneof(word64, pick(...OTHER_VALUES.slice(0, 4)))) },
  { weight: 1, arbitrary: fc.tuple(is(0x40000000), pick(0n, 0x8100n, 0x8100n)) },
  { weight: 2, arbitrary: fc.tuple(is(SINT0), pick(0x50n, 0x20050n, 0x10050n, 0x150n)) },
  { weight: 1, arbitrary: fc.tuple(pick(SINT0 + 15, 0x40000080), pick(0n, 1n, 2n)) },
  { weight: 3, arbitrary: fc.tuple(pick(0x830, 0x40000071), interruptCommand) },
  { weight: 1, arbitrary: fc.tuple(pick(0x808, 0x40000072, 0x83f), pick(0n, 0x40n, 0xf0n, 0x100n)) },
  { weight: 1, arbitrary: fc.tuple(pick(0x80b, 0x40000070, 0x40000084), is(0n)) },
  {
    weight: 1,
    arbitrary: fc.tuple(pick(0x1a0, 0x277, 0xc0000080, 0x40000002, 0x1234), pick(0n, 1n, 0xd01n, PAT_VALUE)),
  },
);
/** Rare: a reset undoes all. */
const resetMsr: fc.Arbitrary<Of<'write-msr'>> = pick(0n, 1n).map((value) => ({
  do: 'write-msr',
  msr: 0x40000003,
  value,
}));

const partition = mostly(is(SELF), pick(0n, 42n), 25);
const vpIndex = mostly(pick(0xfffffffen, 0xfffffffen, 0n, 1n), pick(2n, 3n, 4n, 0xffffffffn), 8);
/** HV_INPUT_VTL. */
const vtlByte = mostly(pick(0n, 0x10n, 0x11n, 0x11n), pick(1n, 0x12n, 0x1fn, 0x20n, 0xffn), 12);
const pad = mostly(is(0n), pick(1n, 0x80n), 30);

const context = fc
  .tuple(
    mostly(is(19), pick(1, 16)),
    mostly(is(0x80010031n), pick(0x30n, 0x80000030n), 20),
    mostly(is(PAT_VALUE), is(3n), 20),
  )
  .map(([table, cr0, pat]) => contextWords(table, cr0, pat));

const mask = mostly(
  pick(0x0n, 0x1n, 0x3n, 0x9n, 0xbn, 0xdn, 0xfn),
  pick(0x2n, 0x4n, 0x5n, 0x8n, 0x10n, 0x8001n, 0x1_0000_000fn),
  10,
);
const configValue = mostly(
  pick(0x1fn, 0x3fn, 0x3fn, 0x7fn, 0x37n, 0x3en, 0x27n),
  pick(0x1bn, 0x80n, 0x1dn, 0x3dn, 2n ** 64n),
  6,
);
const vsmRegister = fc.oneof(
  fc.tuple(is(0xd0007n), configValue),
  fc.tuple(is(0xd0010n), pick(0n, 1n, 2n, 3n, 4n)),
  fc.tuple(is(0xd0005n), pick(0n, 0x130n, 0x330n, 0x730n, 0x800n)),
  fc.tuple(
    pick(0xe0000n, 0xe0000n, 0xe0001n, 0xe0002n, 0xe0003n),
    pick(0n, 0n, 0x7fn, 0x1c1d57n, 0xffff_ffffn, 1n << 31n, 0x4000n),
  ),
  fc.tuple(is(0x10004n), pick(0n, 0xd_0000n | 0x101n, 0xd_0000n | 1n | (7n << 64n), 0x3n, 0x20_0001n, 0x11n)),
  fc.tuple(is(0x90013n), pageMsr),
  fc.tuple(
    pick(0xd0002n, 0xd0003n, 0xd0004n, 0xd0006n, 0xd0008n, 0xd0000n, 0xd0011n, 0xd0020n, 0xacacacacn),
    pick(0n, 1n),
  ),
);
const anyRegister = fc.oneof(
  vsmRegister,
  registerWrite.map(([name, value]) => [BigInt(name), value] as const),
);

interface CallPlan {
  readonly code: number;
  readonly fast: boolean;
  readonly reps: number;
  readonly variable: number;
  readonly words: readonly bigint[];
}
const plan = (
  code: number | fc.Arbitrary<number>,
  words: fc.Arbitrary<readonly bigint[]>,
  reps = 0,
  shape: { readonly memory?: true; readonly variable?: number } = {},
): fc.Arbitrary<CallPlan> =>
  fc.tuple(typeof code === 'number' ? is(code) : code, words, fc.nat({ max: 3 })).map(([number, list, coin]) => ({
    code: number,
    fast: shape.memory !== true && coin > 0,
    reps,
    variable: shape.variable ?? 0,
    words: list,
  }));

const header = fc
  .tuple(partition, vpIndex, vtlByte, pad)
  .map(([self, vp, byte, rest]) => [self, vp | (byte << 32n) | (rest << 40n)]);
const apicHeader = fc.tuple(partition, vtlByte, pad).map(([self, byte, rest]) => [self, byte | (rest << 8n)]);
/** Two to a qword. */
const packed = (values: readonly bigint[]): readonly bigint[] =>
  values.flatMap((value, index) => (index % 2 === 0 ? [value | ((values[index + 1] ?? 0n) << 32n)] : []));
const count = pick(1, 1, 2, 3, 5);
const many = <T>(each: fc.Arbitrary<T>, length: number): fc.Arbitrary<readonly T[]> =>
  fc.array(each, { minLength: length, maxLength: length });

const modify = count.chain((reps) =>
  plan(
    0x0c,
    fc.tuple(header, mask, many(pageNumber, reps)).map(([[self = 0n, rest = 0n], flags, pages]) => [
      self,
      // MapFlags take the place of the VP's index.
      (rest & ~0xffffffffn) | (flags & 0xffffffffn),
      ...pages,
    ]),
    reps,
  ),
);
const getRegisters = count.chain((reps) =>
  plan(
    0x50,
    fc.tuple(header, many(anyRegister, reps)).map(([head, list]) => [...head, ...packed(list.map(([name]) => name))]),
    reps,
  ),
);
const setRegisters = pick(1, 1, 1, 2).chain((reps) =>
  plan(
    0x51,
    fc
      .tuple(header, many(fc.tuple(anyRegister, pad), reps))
      .map(([head, list]) => [
        ...head,
        ...list.flatMap(([[name, value], rest]) => [name | (rest << 40n), 0n, value & SELF, value >> 64n]),
      ]),
    reps,
  ),
);
const translateFlags = fc
  .tuple(
    pick(0n, 1n, 2n, 3n, 4n, 5n, 7n),
    pick(0n, 0n, 0x10n, 0x30n, 0x8n, 0x40n, 0x80n, 0xd0n, 0x100n, 0x200n, 0x400n),
    vtlByte,
  )
  .map(([kinds, how, byte]) => kinds | how | (byte << 56n));
const translate = plan(
  pick(0x52, 0xac),
  fc
    .tuple(partition, vpIndex, translateFlags, gva)
    .map(([self, vp, flags, address]) => [self, vp, flags, address >> 12n]),
);
const checkSparse = count.chain((reps) =>
  plan(
    0xd4,
    fc
      .tuple(partition, vtlByte, pick(1n, 2n, 3n, 4n, 8n, 15n, 0n, 16n), pad, many(pageNumber, reps))
      .map(([self, byte, desired, rest, pages]) => [self, byte | (desired << 8n) | (rest << 16n), ...pages]),
    reps,
  ),
);
const processors = pick(1n, 2n, 3n, 15n, 15n, 0n, 16n);
const flushFlags = pick(0n, 0n, 1n, 1n, 3n, 0x110n, 0x111n, 0x211n, 0x310n, 0x20n);
const flushCall = fc.oneof(
  plan(0x02, fc.tuple(word64, flushFlags, processors)),
  plan(0x03, fc.tuple(word64, flushFlags, processors, word64, word64), 2),
  plan(0x13, fc.tuple(word64, flushFlags, pick(0n, 0n, 1n, 2n), pick(1n, 1n, 3n, 0n), processors), 0, { variable: 1 }),
  plan(0x14, fc.tuple(word64, flushFlags, pick(0n, 1n), pick(1n, 2n), processors, word64), 1, { variable: 1 }),
);
const vectorWord = fc
  .tuple(pick(0x50n, 0x20n, 0xf0n, 15n, 256n), vtlByte, pad)
  .map(([vector, byte, rest]) => vector | (byte << 32n) | (rest << 40n));
const ipiCall = fc.oneof(
  plan(0x0b, fc.tuple(vectorWord, processors)),
  plan(0x15, fc.tuple(vectorWord, pick(0n, 1n, 2n), pick(1n, 0n, 3n), processors), 0, { variable: 1 }),
);
const otherCall = fc.oneof(
  plan(
    0x4d,
    fc.tuple(
      partition,
      fc.tuple(pick(0n, 1n, 2n, 3n, 4n), pick(0n, 0n, 0n, 1n)).map(([kind, type]) => kind | (type << 32n)),
      pick(0x60n, 0x64n, 0x1_0000n),
    ),
  ),
  plan(0x91, fc.tuple(partition, word64)),
  plan(0x94, fc.tuple(partition, pick(0n, 0n, 4n, 1n, 1n << 32n, 1n << 34n), pick(0n, 1n, 2n, 9n), vectorWord), 0, {
    memory: true,
  }),
  count.chain((reps) =>
    plan(
      0x9a,
      fc.tuple(apicHeader, many(mostly(pick(0n, 1n), is(9n)), reps)).map(([head, ids]) => [...head, ...packed(ids)]),
      reps,
    ),
  ),
  plan(pick(0x00, 0x0e, 0x10, 0x9b, 0x1234), fc.tuple(word64, word64)),
);
const enableCall = fc.oneof(
  plan(
    0x0d,
    fc
      .tuple(partition, pick(1n, 1n, 1n, 0n, 2n), pick(0n, 1n, 2n), pad)
      .map(([self, vtl, flags, rest]) => [self, vtl | (flags << 8n) | (rest << 16n)]),
  ),
  plan(
    pick(0x0f, 0x99),
    fc
      .tuple(partition, fc.oneof(vpIndex, pick(1n, 2n, 3n)), pick(1n, 1n, 0n, 2n, 0x11n), pad, context)
      .map(([self, vp, vtl, rest, values]) => [self, vp | (vtl << 32n) | (rest << 40n), ...values]),
    0,
    { memory: true },
  ),
);

/** Sixteen to the page: half of the buffers are where they belong. */
const buffer = fc.oneof(pick(0x8000n, 0x8000n, 0x9000n, 0x9000n, 0x8800n), gpa, pick(0x8004n, 0x8ff8n, 2n ** 60n));
const call = fc
  .tuple(
    fc.oneof(
      { weight: 6, arbitrary: modify },
      { weight: 5, arbitrary: getRegisters },
      { weight: 9, arbitrary: setRegisters },
      { weight: 6, arbitrary: translate },
      { weight: 4, arbitrary: checkSparse },
      { weight: 3, arbitrary: flushCall },
      { weight: 3, arbitrary: ipiCall },
      { weight: 5, arbitrary: otherCall },
      { weight: 4, arbitrary: enableCall },
    ),
    mostly(
      is(0n),
      pick(
        1n << 16n,
        1n << 17n,
        1n << 27n,
        1n << 31n,
        1n << 32n,
        1n << 40n,
        1n << 44n,
        1n << 48n,
        1n << 49n,
        1n << 60n,
      ),
      25,
    ),
    buffer,
    buffer,
  )
  .map(
    ([{ code, fast, reps, variable, words }, flip, input, output]): Of<'call'> => ({
      do: 'call',
      control: (BigInt(code) | (fast ? 1n << 16n : 0n) | (BigInt(variable) << 17n) | (BigInt(reps) << 32n)) ^ flip,
      words,
      input,
      output,
    }),
  );

const action: fc.Arbitrary<Of<Step['do']>> = fc.oneof(
  { weight: 30, arbitrary: access },
  { weight: 8, arbitrary: mapPage },
  { weight: 40, arbitrary: call },
  { weight: 2, arbitrary: record<Of<'again'>>({ do: is('again') }) },
  { weight: 8, arbitrary: record<Of<'vtl-call'>>({ do: is('vtl-call'), input: mostly(is(0n), is(1n)) }) },
  { weight: 8, arbitrary: record<Of<'vtl-return'>>({ do: is('vtl-return'), input: mostly(pick(0n, 1n), is(2n)) }) },
  { weight: 10, arbitrary: record<Of<'handle'>>({ do: is('handle') }) },
  {
    weight: 4,
    arbitrary: record<Of<'read-msr'>>({ do: is('read-msr'), msr: pick(...PAGE_MSRS, ...STORE_MSRS, ...READ_MSRS) }),
  },
  { weight: 10, arbitrary: msrWrite.map(([msr, value]): Of<'write-msr'> => ({ do: 'write-msr', msr, value })) },
  { weight: 10, arbitrary: writeRegister },
  {
    weight: 2,
    arbitrary: record<Of<'port'>>({ do: is('port'), port: pick(0x60, 0x64), access: pick('read', 'write') }),
  },
  { weight: 3, arbitrary: record<Of<'raise'>>({ do: is('raise'), vtl: pick(0, 1), vector: pick(0x31, 0x50, 0xe0) }) },
  { weight: 4, arbitrary: record<Of<'next'>>({ do: is('next') }) },
  { weight: 3, arbitrary: record<Of<'end'>>({ do: is('end') }) },
  { weight: 8, arbitrary: record<Of<'dma'>>({ do: is('dma'), address: gpa, write: fc.boolean(), bytes }) },
  { weight: 1, arbitrary: record<Of<'time'>>({ do: is('time'), ticks: pick(1n, 1_000_000n) }) },
);
const rare: fc.Arbitrary<Of<Step['do']>> = fc.oneof(
  { weight: 3, arbitrary: record<Of<'iommu'>>({ do: is('iommu'), on: fc.boolean() }) },
  { weight: 1, arbitrary: record<Of<'reset'>>({ do: is('reset') }) },
  { weight: 1, arbitrary: resetMsr },
);

/** Steps of VP 0 to 3. */
export const step: fc.Arbitrary<Step> = fc
  .tuple(fc.nat({ max: 3 }), mostly(action, rare, 150))
  .map(([vp, what]) => ({ vp, ...what }) as Step);
