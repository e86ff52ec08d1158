/** What the pages of a trustlet's address space are, for a picture or a test. */
import { PAGE_SIZE } from '../memory/page-numbers.js';
import { type AddressSpace, regionAt } from '../nt/memory.js';

/** `private`: VTL1's alone. `shadow`: VTL0's page, which VTL1 never sees. `paged-out`: kept by NT, encrypted. */
export type TrustletPageState = 'private' | 'shadow' | 'paged-out';

export interface TrustletPage {
  /** In the trustlet. */
  readonly address: bigint;
  readonly state: TrustletPageState;
  /** Guest-physical; for a page that is paged out, of the page of NT's that keeps it. */
  readonly physicalAddress: bigint;
}

const pageOf = (page: number, state: TrustletPageState, physical: number): TrustletPage => ({
  address: BigInt(page * PAGE_SIZE),
  state,
  physicalAddress: BigInt(physical * PAGE_SIZE),
});

/** In the order of their addresses. */
export const pageStatesOf = (space: AddressSpace): readonly TrustletPage[] =>
  [
    ...[...space.pages].map(([page, physical]) =>
      pageOf(page, regionAt(space, page * PAGE_SIZE)?.owner === 1 ? 'private' : 'shadow', physical),
    ),
    ...[...space.pagedOut].map(([page, { ntPage }]) => pageOf(page, 'paged-out', ntPage)),
  ].sort((a, b) => (a.address < b.address ? -1 : 1));
