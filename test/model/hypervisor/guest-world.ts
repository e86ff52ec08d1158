/** The guest that random steps are about: where its memory is, and what a step can be. */
import type { Kind } from './protection-reference.js';

/** RAM in two runs with a hole between. */
export const RANGES: readonly { readonly firstPage: number; readonly pageCount: number }[] = [
  { firstPage: 0, pageCount: 64 },
  { firstPage: 80, pageCount: 16 },
];
export const LAST_PAGE = 95;
export const isRamPage = (page: number): boolean => page < 64 || (page >= 80 && page <= LAST_PAGE);

/** VTL0's page tables, from the top level down. */
export const TABLES: readonly number[] = [1, 2, 3, 4];
/** Only VTL1 may use these in a hostile run: plain bytes, a secret that looks like a page table, VTL1's own page tables. */
export const PLAIN_SECRETS: readonly number[] = [16, 17, 23];
export const TABLE_SECRET = 18;
export const VTL1_TABLES: readonly number[] = [19, 20, 21, 22];
export const SECRETS: readonly number[] = [16, 17, 18, 19, 20, 21, 22, 23];
/** VTL1's message page of VP n is MESSAGES + n. */
export const MESSAGES = 48;

export type Step = { readonly vp: number } & (
  | {
      readonly do: 'access';
      readonly kind: Kind;
      readonly address: bigint;
      readonly physical: boolean;
      readonly cpl: 0 | 3 | null;
      readonly bytes: readonly number[];
    }
  /** `words` are the input, in registers or written to `input` first where the caller may write there. */
  | {
      readonly do: 'call';
      readonly control: bigint;
      readonly words: readonly bigint[];
      readonly input: bigint;
      readonly output: bigint;
    }
  | { readonly do: 'again' }
  | { readonly do: 'vtl-call'; readonly input: bigint }
  | { readonly do: 'vtl-return'; readonly input: bigint }
  /** VTL1's handler: frees the message slot, ends the interrupt, returns. */
  | { readonly do: 'handle' }
  | { readonly do: 'read-msr'; readonly msr: number }
  | { readonly do: 'write-msr'; readonly msr: number; readonly value: bigint }
  | { readonly do: 'write-register'; readonly name: number; readonly value: bigint }
  | { readonly do: 'port'; readonly port: number; readonly access: 'read' | 'write' }
  | { readonly do: 'raise'; readonly vtl: number; readonly vector: number }
  | { readonly do: 'next' }
  | { readonly do: 'end' }
  | { readonly do: 'dma'; readonly address: bigint; readonly write: boolean; readonly bytes: readonly number[] }
  | { readonly do: 'iommu'; readonly on: boolean }
  | { readonly do: 'time'; readonly ticks: bigint }
  | { readonly do: 'reset' }
);
