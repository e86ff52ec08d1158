/** What a hostile VTL0 kernel tries, at random: on addresses that matter, with calls that are almost right. */
import fc from 'fast-check';
import { CallCode } from '../../../lib/emulator/hypervisor/call-codes.js';

/** Places a step can name; `isolation-run.ts` knows where they lie. */
/** `secret-table` is VTL1's and would do as a page table that maps VTL0's own memory. */
export const PLACES = [
  'secret',
  'secret-end',
  'before-secret',
  'other-secret',
  'secret-table',
  'nt',
  'nt-tables',
  'input',
  'overlay',
  'nowhere',
] as const;
export type Place = (typeof PLACES)[number];

export interface At {
  readonly place: Place;
  readonly offset: number;
}

export type Attack =
  | {
      readonly do: 'access';
      readonly vp: number;
      readonly kind: 'read' | 'write' | 'execute';
      readonly at: At;
      readonly length: number;
      readonly cpl: 0 | 3;
    }
  | {
      readonly do: 'virtual';
      readonly vp: number;
      readonly kind: 'read' | 'write' | 'execute';
      readonly window: number;
      readonly offset: number;
    }
  | { readonly do: 'map'; readonly vp: number; readonly window: number; readonly at: At; readonly flags: number }
  | {
      readonly do: 'hypercall';
      readonly vp: number;
      readonly control: bigint;
      readonly body: readonly number[];
      readonly target: At;
      readonly input: At;
      readonly output: At;
      readonly fast: readonly bigint[];
    }
  | { readonly do: 'again'; readonly vp: number }
  | { readonly do: 'write-msr'; readonly vp: number; readonly msr: number; readonly at: At; readonly low: number }
  | { readonly do: 'read-msr'; readonly vp: number; readonly msr: number }
  | { readonly do: 'write-register'; readonly vp: number; readonly name: number; readonly at: At; readonly low: number }
  | { readonly do: 'dma'; readonly at: At; readonly write: boolean; readonly length: number }
  | { readonly do: 'vtl-call'; readonly vp: number; readonly input: bigint }
  | { readonly do: 'vtl-return'; readonly vp: number; readonly input: bigint }
  | { readonly do: 'interrupt'; readonly vp: number; readonly vtl: number; readonly vector: number }
  | { readonly do: 'ipi'; readonly vp: number; readonly command: bigint }
  | { readonly do: 'port'; readonly vp: number; readonly port: number };

const vp = fc.nat({ max: 1 });
/** Mostly the secrets. */
const place = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.constantFrom<Place>('secret', 'secret-end', 'secret-table', 'before-secret', 'other-secret'),
  },
  fc.constantFrom(...PLACES),
);
const at: fc.Arbitrary<At> = fc.record(
  { place, offset: fc.constantFrom(0, 0, 0, 8, 0x10, 0xff8, 0xffc) },
  { noNullPrototype: true },
);
const kind = fc.constantFrom<'read' | 'write' | 'execute'>('read', 'read', 'write', 'execute');
const window = fc.nat({ max: 3 });

const codes = Object.values(CallCode);
/** Calls in the form they take: without reps, and with one. */
const simple = [0x02, 0x0b, 0x0d, 0x0f, 0x4d, 0x52, 0x94, 0x99, 0xac];
const withReps = [0x03, 0x0c, 0x50, 0x51, 0x9a, 0xd4];
const wellFormed = fc
  .tuple(fc.constantFrom(...simple, ...withReps), fc.boolean())
  .map(([code, fast]) => BigInt(code) | (fast ? 0x1_0000n : 0n) | (withReps.includes(code) ? 1n << 32n : 0n));
/** Right calls, wrong bits, and nonsense. */
const anyControl = fc
  .record({
    code: fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...codes) }, fc.nat({ max: 0xffff })),
    fast: fc.boolean(),
    count: fc.constantFrom(0, 0, 1, 1, 2, 5, 510),
    start: fc.constantFrom(0, 0, 0, 0, 1),
    odd: fc.constantFrom(0n, 0n, 0n, 0n, 1n << 27n, 1n << 31n, 1n << 17n),
  })
  .map(
    ({ code, fast, count, start, odd }) =>
      BigInt(code) | (fast ? 0x10000n : 0n) | (BigInt(count) << 32n) | (BigInt(start) << 48n) | odd,
  );
const control = fc.oneof({ weight: 2, arbitrary: wellFormed }, anyControl);
/** Words of an input: own partition, own VP, VTL1 or VTL0 by name, masks, registers of VTL1. */
const word = fc.constantFrom(
  0,
  0xffff_ffff,
  0xffff_fffe,
  0x10,
  0x11,
  0x1,
  0xf,
  0x7,
  0x1f,
  0x000d_0007,
  0x000d_0010,
  0x0002_0010,
  0x0001_0004,
  0x0009_0013,
  0x000e_0000,
);
/** Inputs that are right for VTL0: flush all, its own status, its own assist page, whose APIC is 0; and VTL1's by name. */
const usualBody = fc.constantFrom<readonly number[]>(
  [1, 0],
  [0xffff_fffe, 0, 0x000d_0003],
  [0xffff_fffe, 0, 0x000d_0004],
  [0xffff_fffe, 0, 0x0009_0013],
  [0, 0, 0],
  [0xffff_fffe, 0x11, 0x0002_0010],
  [0xffff_fffe, 0x11, 0x0008_0002],
  [0xf, 0x11],
);
/** The hypervisor's page registers, the SynIC, the interrupt command, VSM's, and the watched ones. RESET is another test's. */
const msr = fc.constantFrom(
  0x4000_0000,
  0x4000_0001,
  0x4000_0021,
  0x4000_0073,
  0x4000_0080,
  0x4000_0082,
  0x4000_0083,
  0x4000_0084,
  0x4000_0090,
  0x4000_0070,
  0x000d_0006,
  0xc000_0082,
  0xc000_0080,
  0x1b,
  0x10,
  0x277,
  0x1a0,
  0x80b,
  0x808,
  0xc000_0102,
);
const register = fc.constantFrom(
  0x0004_0000,
  0x0004_0002,
  0x0004_0003,
  0x0004_0004,
  0x0002_0010,
  0x0002_0011,
  0x0007_0000,
  0x0007_0001,
  0x0008_0001,
  0x0006_0002,
);

const record = <T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> =>
  fc.record(model, { noNullPrototype: true }) as fc.Arbitrary<T>;
type Of<D extends Attack['do']> = Extract<Attack, { readonly do: D }>;
const is = <T>(value: T): fc.Arbitrary<T> => fc.constant(value);

export const attack: fc.Arbitrary<Attack> = fc.oneof(
  {
    weight: 5,
    arbitrary: record<Of<'access'>>({
      do: is('access'),
      vp,
      kind,
      at,
      length: fc.constantFrom(1, 8, 16, 4096),
      cpl: fc.constantFrom<0 | 3>(0, 3),
    }),
  },
  {
    weight: 4,
    arbitrary: record<Of<'virtual'>>({ do: is('virtual'), vp, kind, window, offset: fc.constantFrom(0, 8, 0xff8) }),
  },
  {
    weight: 4,
    arbitrary: record<Of<'map'>>({
      do: is('map'),
      vp,
      window,
      at,
      flags: fc.constantFrom(0x3, 0x3, 0x7, 0x1, 0x63, 0x0),
    }),
  },
  {
    weight: 8,
    arbitrary: record<Of<'hypercall'>>({
      do: is('hypercall'),
      vp,
      control,
      body: fc.oneof<fc.Arbitrary<readonly number[]>[]>(usualBody, fc.array(word, { maxLength: 8 })),
      target: at,
      input: fc.oneof(is<At>({ place: 'input', offset: 0 }), at),
      output: at,
      fast: fc.array(fc.constantFrom(0n, 1n, 0x1_0000_0000n, 2n ** 64n - 1n), { maxLength: 4 }),
    }),
  },
  record<Of<'again'>>({ do: is('again'), vp }),
  {
    weight: 3,
    arbitrary: record<Of<'write-msr'>>({ do: is('write-msr'), vp, msr, at, low: fc.constantFrom(0, 1, 1, 3) }),
  },
  record<Of<'read-msr'>>({ do: is('read-msr'), vp, msr }),
  {
    weight: 2,
    arbitrary: record<Of<'write-register'>>({
      do: is('write-register'),
      vp,
      name: register,
      at,
      low: fc.constantFrom(0, 1, 0x20, 0x202),
    }),
  },
  {
    weight: 2,
    arbitrary: record<Of<'dma'>>({ do: is('dma'), at, write: fc.boolean(), length: fc.constantFrom(8, 4096, 8192) }),
  },
  record<Of<'vtl-call'>>({ do: is('vtl-call'), vp, input: fc.constantFrom(0n, 0n, 1n) }),
  record<Of<'vtl-return'>>({ do: is('vtl-return'), vp, input: fc.constantFrom(0n, 1n, 2n) }),
  record<Of<'interrupt'>>({
    do: is('interrupt'),
    vp,
    vtl: fc.nat({ max: 1 }),
    vector: fc.constantFrom(0x30, 0x41, 0xf0),
  }),
  record<Of<'ipi'>>({
    do: is('ipi'),
    vp,
    command: fc.constantFrom(0x41n, 0x4_0041n, 0xc_0041n, 0x1_0000_0041n, 0x1_0000_0500n, 0x1_0000_0610n, 0x400n),
  }),
  record<Of<'port'>>({ do: is('port'), vp, port: fc.constantFrom(0xcf8, 0x60) }),
);
