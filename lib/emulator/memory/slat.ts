/**
 * Second-level address translation: what each VTL may do with each guest-physical page (facts/vsm.md 1.10).
 *
 * Effective rights = the host's AND the mask of every higher VTL; an overlay page has rights of its own. `rights` holds the result
 * for all VTLs, four bits each, so that an access costs one lookup; every function that changes a cause brings it up to date.
 * The state is plain data and `structuredClone` is a snapshot of it.
 */
import { show } from '../../arguments.js';
import { endOfRam, type GuestMemory, isRam } from './guest-memory.js';
import { type OverlayPage, type Overlays, overlayAt, pushOverlay, takeOverlay } from './overlay-pages.js';
import {
  cellBytes,
  createPageCells,
  excludePages,
  forEachOwnPage,
  GROUP_PAGES,
  type PageCells,
  setCell,
} from './page-cells.js';
import { HV_NUM_VTLS, misuse, requirePage } from './page-numbers.js';
import {
  createProtections,
  forEachMask,
  imposedMask,
  type PageMask,
  type Protections,
  pageMask,
  setDefault,
  setPageMask,
} from './protections.js';
import { ALL_RIGHTS } from './rights.js';

export interface Slat {
  readonly memory: GuestMemory;
  /** Rights the host (root partition) gives, for pages where they are not all rights. */
  readonly hostRights: Map<number, number>;
  /** By imposing VTL; VTL0 has nothing below it. */
  readonly imposed: readonly Protections[];
  /** By VTL that sees them. */
  readonly overlays: readonly Overlays[];
  /** Effective rights, derived from all the above: four bits for each accessing VTL, VTL0 lowest. */
  readonly rights: PageCells;
  /** An IOMMU confines devices to VTL0's rights. Without one they reach all RAM (facts/vsm.md 2). */
  iommu: boolean;
}

/**
 * Why a page may be used or not. The host's refusal wins over a VTL's, and the lowest refusing VTL intercepts
 * (facts/vsm.md 1.10, 1.13).
 */
export type AccessOutcome =
  | { readonly kind: 'allowed' }
  /** A mask of `vtl` refuses: a secure intercept to it. */
  | { readonly kind: 'intercept'; readonly vtl: number }
  /** The host refuses: no intercept, the host's matter (facts/vsm.md 1.13). */
  | { readonly kind: 'host-denied' }
  /** No RAM, no overlay. */
  | { readonly kind: 'unmapped' }
  /** An overlay page's own rights refuse. */
  | { readonly kind: 'overlay-denied' };

const ALLOWED: AccessOutcome = { kind: 'allowed' };
const HOST_DENIED: AccessOutcome = { kind: 'host-denied' };
const UNMAPPED: AccessOutcome = { kind: 'unmapped' };
const OVERLAY_DENIED: AccessOutcome = { kind: 'overlay-denied' };

/** VTLs whose rights fit one cell. */
const MAX_VTLS = 4;

/**
 * All RAM with all rights for every VTL, no protection, no overlay, no IOMMU (facts/vsm.md 1.10). Cost: by RAM ranges.
 * @param vtls how many VTLs the guest may have, 1 … 4
 * @throws TrustletError ERR_TRUSTLET_ARGUMENT for any other number
 */
export const createSlat = (memory: GuestMemory, vtls: number = HV_NUM_VTLS): Slat => {
  if (!Number.isInteger(vtls) || vtls < 1 || vtls > MAX_VTLS) {
    throw misuse(`A guest has 1 to ${MAX_VTLS} VTLs; got ${show(vtls)}.`);
  }
  const pages = endOfRam(memory);
  const rights = createPageCells(pages, 2 ** (4 * vtls) - 1);
  let end = 0;
  for (const { firstPage, pageCount } of memory.ranges) {
    excludePages(rights, end, firstPage);
    end = firstPage + pageCount;
  }
  excludePages(rights, pages, rights.groups.length * GROUP_PAGES);
  return {
    memory,
    hostRights: new Map(),
    imposed: Array.from({ length: vtls }, (_, vtl) => createProtections(vtl === 0 ? 0 : pages)),
    overlays: Array.from({ length: vtls }, () => new Map()),
    rights,
    iommu: false,
  };
};

/** @throws TrustletError ERR_TRUSTLET_ARGUMENT for a VTL the guest does not have */
export const requireVtl = (slat: Slat, vtl: number): void => {
  ofVtl(slat.overlays, vtl);
};

const ofVtl = <T>(list: readonly T[], vtl: number): T => {
  const found = list[vtl];
  if (found === undefined) throw misuse(`This guest has VTL0 to VTL${list.length - 1}; got VTL${vtl}.`);
  return found;
};

const imposedBy = (slat: Slat, vtl: number): Protections => {
  if (vtl === 0) throw misuse('VTL0 has no lower VTL to protect memory from.');
  return ofVtl(slat.imposed, vtl);
};

const hostRightsOf = (slat: Slat, page: number): number => {
  if (!isRam(slat.memory, page)) return 0;
  return slat.hostRights.size === 0 ? ALL_RIGHTS : (slat.hostRights.get(page) ?? ALL_RIGHTS);
};

/** Rights of a VTL on the page of RAM itself, whatever overlay it sees there: host AND every higher VTL's mask. */
export const rightsBeneath = (slat: Slat, vtl: number, page: number): number => {
  let rights = hostRightsOf(slat, page);
  for (let higher = vtl + 1; higher < slat.imposed.length; higher++) {
    rights &= imposedMask(ofVtl(slat.imposed, higher), page);
  }
  return rights;
};

/** Brings the derived rights up to date with a page's causes. */
const refresh = (slat: Slat, page: number): void => {
  let cell = 0;
  for (let vtl = 0; vtl < slat.overlays.length; vtl++) {
    const rights = overlaySeen(slat, vtl, page)?.rights ?? rightsBeneath(slat, vtl, page);
    cell |= (rights & ALL_RIGHTS) << (vtl << 2);
  }
  setCell(slat.rights, page, cell);
};

/** The overlay a VTL sees at a page. */
export const overlaySeen = (slat: Slat, vtl: number, page: number): OverlayPage | undefined => {
  const overlays = ofVtl(slat.overlays, vtl);
  return overlays.size === 0 ? undefined : overlayAt(overlays, page);
};

/** Whether a VTL finds anything at a page, whatever its rights: RAM or an overlay of its own. */
export const isMapped = (slat: Slat, vtl: number, page: number): boolean =>
  overlaySeen(slat, vtl, page) !== undefined || isRam(slat.memory, page);

/**
 * Whether a VTL may use a page: the hot path.
 * @param page any page number; those no guest has are refused
 * @param right one bit of `PageRight`, from `neededRight`
 */
export const allows = (slat: Slat, vtl: number, page: number, right: number): boolean => {
  // `cellOf` written out: shared with all other tables, V8 compiles it for the slowest of its callers.
  const { groups, absent } = slat.rights;
  const cell = (groups[page >>> 12] ?? absent)[page & 4095] as number;
  return ((cell >>> (vtl << 2)) & right) !== 0 && page >>> 0 === page;
};

/** Whether a VTL may use a page, and why not. As `allows`. */
export const checkPage = (slat: Slat, vtl: number, page: number, right: number): AccessOutcome =>
  allows(slat, vtl, page, right) ? ALLOWED : refusal(slat, vtl, page, right);

const INTERCEPTED: readonly AccessOutcome[] = Array.from({ length: 16 }, (_, vtl) => ({ kind: 'intercept', vtl }));

/** Why: the causes in the order of facts/vsm.md 1.10. Only asked where the rights refuse. */
const refusal = (slat: Slat, vtl: number, page: number, right: number): AccessOutcome => {
  if (overlaySeen(slat, vtl, page) !== undefined) return OVERLAY_DENIED;
  if (!isRam(slat.memory, page)) return UNMAPPED;
  if ((hostRightsOf(slat, page) & right) === 0) return HOST_DENIED;
  const by = slat.imposed.findIndex((masks, imposing) => imposing > vtl && (imposedMask(masks, page) & right) === 0);
  return ofVtl(INTERCEPTED, by);
};

/**
 * Sets the mask a VTL imposes on all lower ones, page by page. Whether the mask and the caller are acceptable is for the
 * hypercall to say (`isValidMask`).
 * @returns pages done; less than `pageCount` where one is not RAM, which cannot be protected (facts/vsm.md 1.10)
 * @throws TrustletError ERR_TRUSTLET_ARGUMENT for VTL0, a VTL the guest does not have, or no page number
 */
export const protectPages = (slat: Slat, vtl: number, firstPage: number, pageCount: number, mask: number): number => {
  const protections = imposedBy(slat, vtl);
  requirePage(firstPage);
  for (let done = 0; done < pageCount; done++) {
    const page = firstPage + done;
    if (!isRam(slat.memory, page)) return done;
    setPageMask(protections, page, mask);
    refresh(slat, page);
  }
  return pageCount;
};

/** What a VTL imposes on a page, and whether it was set for this page; the default for what is not RAM. @throws as `protectPages` */
export const protectionOf = (slat: Slat, vtl: number, page: number): PageMask =>
  pageMask(imposedBy(slat, vtl), requirePage(page));

/**
 * Sets what a VTL imposes on pages not set individually; all rights until it enables its protection. Cost: by groups of 4096
 * pages that hold a page set individually.
 * @throws as `protectPages`
 */
export const setDefaultMask = (slat: Slat, vtl: number, mask: number): void => {
  setDefault(imposedBy(slat, vtl), mask);
  let cell = 0;
  let rights = ALL_RIGHTS;
  for (let accessing = slat.imposed.length - 1; accessing >= 0; accessing--) {
    cell |= rights << (accessing << 2);
    rights &= ofVtl(slat.imposed, accessing).defaultMask;
  }
  slat.rights.untouched.fill(cell);
  // A page with a cause of its own may so far have looked like those without one (but for the host's: it binds the highest VTL).
  const refreshOne = (page: number): void => refresh(slat, page);
  for (const { cells } of slat.imposed) forEachOwnPage(cells, refreshOne);
  forEachOwnPage(slat.rights, refreshOne);
  for (const overlays of slat.overlays) for (const page of overlays.keys()) refresh(slat, page);
};

/** Calls back for every page a VTL has protected individually, in order of pages. @throws as `protectPages` */
export const forEachProtection = (slat: Slat, vtl: number, visit: (page: number, mask: number) => void): void =>
  forEachMask(imposedBy(slat, vtl), visit);

/** Sets the rights the host gives to a page of RAM. @returns false, and does nothing, where the page is not RAM */
export const setHostRights = (slat: Slat, page: number, rights: number): boolean => {
  if (!isRam(slat.memory, requirePage(page))) return false;
  if (rights === ALL_RIGHTS) slat.hostRights.delete(page);
  else slat.hostRights.set(page, rights & ALL_RIGHTS);
  refresh(slat, page);
  return true;
};

/**
 * Lays an overlay over a VTL's view, or moves the one of this name. What the facts leave open is decided here: an overlay may
 * lie over RAM or in a hole between ranges, but not above the guest's last page.
 * @returns false, and does nothing, for a page above the guest's last one
 * @throws TrustletError ERR_TRUSTLET_ARGUMENT for a VTL the guest does not have
 */
export const placeOverlay = (slat: Slat, vtl: number, overlay: OverlayPage): boolean => {
  if (overlay.page >= endOfRam(slat.memory)) return false;
  removeOverlay(slat, vtl, overlay.name);
  pushOverlay(ofVtl(slat.overlays, vtl), overlay);
  refresh(slat, overlay.page);
  return true;
};

/** Takes an overlay away: what was beneath it is seen again. @returns it, with its bytes */
export const removeOverlay = (slat: Slat, vtl: number, name: string): OverlayPage | undefined => {
  const overlay = takeOverlay(ofVtl(slat.overlays, vtl), name);
  if (overlay !== undefined) refresh(slat, overlay.page);
  return overlay;
};

/** The rights after a reset: higher VTLs and overlays are gone (facts/vsm.md 1.8 rule 1), the host's rights and the IOMMU stay. */
export const slatAfterReset = (slat: Slat): Slat => {
  const fresh = createSlat(slat.memory, slat.imposed.length);
  for (const [page, rights] of slat.hostRights) setHostRights(fresh, page, rights);
  fresh.iommu = slat.iommu;
  return fresh;
};

/** Bytes spent on rights: grows with groups of pages protected. */
export const slatBytes = (slat: Slat): number =>
  [slat.rights, ...slat.imposed.map(({ cells }) => cells)].reduce((sum, cells) => sum + cellBytes(cells), 0);
