/** What a hostile VTL0 tries against LSASS, LsaIso and the other trustlets, at random. Numbers are scaled by whoever takes a step. */
import fc from 'fast-check';
import { OPERATIONS } from '../../../lib/guard/operations.js';

export const TRUSTLETS = ['lsaiso', 'vmsp'] as const;

/** What a liar does to a message, a reply or a page. */
export const LIES = ['flip', 'truncate', 'extend', 'zero', 'random', 'replay', 'swap-direction'] as const;
export type Lie = (typeof LIES)[number];

export interface Lying {
  readonly lie: Lie;
  readonly at: number;
  readonly value: number;
}

export type Step =
  | { readonly do: 'access'; readonly kind: 'read' | 'write' | 'execute'; readonly at: number; readonly length: number }
  | { readonly do: 'map'; readonly at: number }
  | { readonly do: 'dma'; readonly at: number; readonly write: boolean }
  | { readonly do: 'hypercall'; readonly control: bigint; readonly at: number; readonly body: number }
  | { readonly do: 'unprotect'; readonly at: number; readonly mask: number }
  | { readonly do: 'vtl1-register'; readonly name: number; readonly value: bigint; readonly write: boolean }
  | { readonly do: 'operation'; readonly operation: number; readonly trustlet: number }
  | { readonly do: 'read-process'; readonly trustlet: number; readonly offset: number; readonly driver: boolean }
  | { readonly do: 'debug'; readonly trustlet: number }
  | { readonly do: 'dump'; readonly trustlet: number }
  | { readonly do: 'sign-on'; readonly logon: number; readonly challenge: number; readonly kerberos: boolean }
  | { readonly do: 'compare'; readonly logon: number; readonly password: number }
  | { readonly do: 'log-on'; readonly user: number }
  | { readonly do: 'log-off'; readonly logon: number }
  | { readonly do: 'lie'; readonly messages: number; readonly lying: Lying }
  | { readonly do: 'forge'; readonly message: number; readonly lying: Lying }
  | { readonly do: 'corrupt-lsass'; readonly at: number; readonly value: number }
  | { readonly do: 'restart'; readonly trustlet: number }
  | { readonly do: 'rewind'; readonly keep: boolean }
  | { readonly do: 'run' }
  | {
      readonly do: 'secure-call';
      readonly service: number;
      readonly operation: number;
      readonly cookie: number;
      readonly args: readonly number[];
      readonly at: number | null;
    }
  | {
      readonly do: 'normal-lie';
      readonly calls: number;
      readonly lying: Lying;
      readonly status: number;
      readonly page: number | null;
    }
  | { readonly do: 'double-fetch'; readonly reads: number; readonly at: number; readonly value: number }
  | { readonly do: 'trustlet-call'; readonly trustlet: number; readonly service: number; readonly outputLength: number }
  | {
      readonly do: 'page-out';
      readonly trustlet: number;
      readonly page: number;
      readonly alter: boolean;
      readonly value: number;
    }
  | { readonly do: 'live-dump'; readonly trustlet: number }
  | { readonly do: 'mailbox'; readonly trustlet: number; readonly slot: number; readonly key: number }
  | { readonly do: 'enable-debugging'; readonly trustlet: number; readonly response: number }
  | { readonly do: 'crash-trustlet'; readonly trustlet: number };

/** What a trustlet calls with arguments of which a few bytes are declared and the rest is its secret. */
export const TRUSTLET_CALLS = [
  'NtClose',
  'NtCreateSection',
  'NtQuerySystemInformation',
  'NtQueryInformationProcess',
  'NtAllocateVirtualMemory',
  'NtCreateFile',
  'IumCrypto',
  'IumSecureStorageGet',
  'IumSecureStoragePut',
] as const;

/** Secure services that are asked for by name; any other code is asked for by number. */
export const SERVICES = [
  'CREATE_PROCESS',
  'INITIALIZE_PROCESS',
  'CREATE_THREAD',
  'TERMINATE_THREAD',
  'RUNDOWN_PROCESS',
  'DEBUG_PROCESS',
  'GET_CONTEXT',
  'SET_CONTEXT',
  'GET_TEB_ADDRESS',
  'GET_PEB_ADDRESS',
  'RETRIEVE_MAILBOX',
  'IS_TRUSTLET_RUNNING',
  'CREATE_SECURE_IMAGE',
  'DEBUG_READ_WRITE_MEMORY',
  'QUERY_VIRTUAL_MEMORY',
  'LIVEDUMP_START',
  'LIVEDUMP_CAPTURE_PROCESS',
  'CREATE_SECURE_SECTION',
  'COPY_PROTECTED_PAGE',
  'REMOVE_PROTECTED_PAGE',
] as const;

const nat = fc.nat({ max: 0xffff });
const lying = fc.record({ lie: fc.constantFrom(...LIES), at: nat, value: nat });
const trustlet = fc.nat({ max: TRUSTLETS.length - 1 });
const wide = fc.bigInt({ min: 0n, max: (1n << 64n) - 1n });

const some = <T extends Step>(
  weight: number,
  arbitrary: fc.Arbitrary<T>,
): { weight: number; arbitrary: fc.Arbitrary<T> } => ({
  weight,
  arbitrary,
});
const of = <Do extends Step['do']>(name: Do): fc.Arbitrary<Do> => fc.constant(name);

export const step: fc.Arbitrary<Step> = fc.oneof(
  some(
    6,
    fc.record({
      do: of('access'),
      kind: fc.constantFrom('read' as const, 'write' as const, 'execute' as const),
      at: nat,
      length: fc.integer({ min: 1, max: 64 }),
    }),
  ),
  some(3, fc.record({ do: of('map'), at: nat })),
  some(3, fc.record({ do: of('dma'), at: nat, write: fc.boolean() })),
  some(
    4,
    fc.record({
      do: of('hypercall'),
      // A call code that there is, with any flags and repetitions.
      control: fc
        .tuple(fc.constantFrom(0x0bn, 0x0cn, 0x0dn, 0x0fn, 0x50n, 0x51n, 0x52n, 0x5cn), fc.nat({ max: 3 }))
        .map(([code, reps]) => code | (BigInt(reps) << 32n)),
      at: nat,
      body: nat,
    }),
  ),
  some(2, fc.record({ do: of('unprotect'), at: nat, mask: fc.nat({ max: 15 }) })),
  some(
    2,
    fc.record({
      do: of('vtl1-register'),
      name: fc.constantFrom(0x0002_0010, 0x0004_0002, 0x000d_0007, 0x000d_0004, 0x0008_0001),
      value: wide,
      write: fc.boolean(),
    }),
  ),
  some(6, fc.record({ do: of('operation'), operation: fc.nat({ max: OPERATIONS.length - 1 }), trustlet })),
  some(6, fc.record({ do: of('read-process'), trustlet, offset: nat, driver: fc.boolean() })),
  some(1, fc.record({ do: of('debug'), trustlet })),
  some(2, fc.record({ do: of('dump'), trustlet })),
  some(14, fc.record({ do: of('sign-on'), logon: nat, challenge: nat, kerberos: fc.boolean() })),
  some(4, fc.record({ do: of('compare'), logon: nat, password: nat })),
  some(2, fc.record({ do: of('log-on'), user: nat })),
  some(1, fc.record({ do: of('log-off'), logon: nat })),
  some(10, fc.record({ do: of('lie'), messages: fc.integer({ min: 1, max: 4 }), lying })),
  some(12, fc.record({ do: of('forge'), message: nat, lying })),
  some(3, fc.record({ do: of('corrupt-lsass'), at: nat, value: nat })),
  some(1, fc.record({ do: of('restart'), trustlet })),
  some(1, fc.record({ do: of('rewind'), keep: fc.boolean() })),
  some(1, fc.record({ do: of('run') })),
  some(
    12,
    fc.record({
      do: of('secure-call'),
      service: fc.nat({ max: 2 * SERVICES.length }),
      operation: fc.constantFrom(0, 1, 1, 2, 2, 2, 2, 3, 255),
      cookie: nat,
      args: fc.array(nat, { maxLength: 6 }),
      at: fc.option(nat, { freq: 4 }),
    }),
  ),
  some(
    8,
    fc.record({
      do: of('normal-lie'),
      calls: fc.integer({ min: 1, max: 6 }),
      lying,
      status: fc.constantFrom(0, 0, 0, 0xc000_0022, 0x8000_0005, 0x103, 0xffff_ffff),
      page: fc.option(nat),
    }),
  ),
  some(5, fc.record({ do: of('double-fetch'), reads: fc.integer({ min: 1, max: 4 }), at: nat, value: nat })),
  some(
    10,
    fc.record({
      do: of('trustlet-call'),
      trustlet,
      service: fc.nat({ max: TRUSTLET_CALLS.length - 1 }),
      outputLength: fc.nat({ max: 9000 }),
    }),
  ),
  some(6, fc.record({ do: of('page-out'), trustlet, page: nat, alter: fc.boolean(), value: nat })),
  some(2, fc.record({ do: of('live-dump'), trustlet })),
  some(2, fc.record({ do: of('mailbox'), trustlet, slot: fc.nat({ max: 9 }), key: nat })),
  some(2, fc.record({ do: of('enable-debugging'), trustlet, response: nat })),
  some(1, fc.record({ do: of('crash-trustlet'), trustlet })),
);
