/**
 * Who has which page of guest-physical memory: NT takes single pages, VTL1 takes bundles that are its alone from then on
 * (facts/vsm.md 2). Plain data; what VTL0 may do with a page is the hypervisor's answer, never this table's.
 */
import { TrustletError } from '../../errors.js';
import { FIRST_FREE_PAGE, type PageBlock, RAM } from './physical-layout.js';

export interface PageOwners {
  /** The next page that nobody has had. */
  nextPage: number;
  /** Pages that NT gave back. */
  readonly freeNtPages: number[];
  /** VTL1's memory beside the secure kernel's own, in the order it got it. */
  readonly blocks: PageBlock[];
  /** VTL1's pages that are in no use. */
  readonly freeSecurePages: number[];
}

export const createPageOwners = (): PageOwners => ({
  nextPage: FIRST_FREE_PAGE,
  freeNtPages: [],
  blocks: [],
  freeSecurePages: [],
});

const takeRun = (owners: PageOwners, pageCount: number): number => {
  const page = owners.nextPage;
  if (page + pageCount > RAM.firstPage + RAM.pageCount) {
    throw new TrustletError(
      'ERR_TRUSTLET_BACKEND',
      'The emulated machine has no memory left: its 16 GiB are in use. Write less, or end processes.',
    );
  }
  owners.nextPage += pageCount;
  return page;
};

/** @throws TrustletError ERR_TRUSTLET_BACKEND when the machine's memory is used up */
export const takeNtPage = (owners: PageOwners): number => owners.freeNtPages.pop() ?? takeRun(owners, 1);

/** A page of VTL1's; null where it has none and must get a bundle first. */
export const takeSecurePage = (owners: PageOwners): number | null => owners.freeSecurePages.pop() ?? null;

/** Takes memory for VTL1, which has yet to protect it; none of it is free for `takeSecurePage`. @throws as `takeNtPage` */
export const takeBlock = (owners: PageOwners, pageCount: number): PageBlock => {
  const block = { firstPage: takeRun(owners, pageCount), pageCount };
  owners.blocks.push(block);
  return block;
};

/** Makes a block's pages free for `takeSecurePage`. The last page goes first, so that pages are used in order. */
export const addSecurePages = ({ freeSecurePages }: PageOwners, { firstPage, pageCount }: PageBlock): void => {
  for (let index = pageCount - 1; index >= 0; index--) freeSecurePages.push(firstPage + index);
};

export const pagesOf = ({ firstPage, pageCount }: PageBlock): readonly number[] =>
  Array.from({ length: pageCount }, (_, index) => firstPage + index);
