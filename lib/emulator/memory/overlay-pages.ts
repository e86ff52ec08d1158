/**
 * Overlay pages: the hypervisor's own pages (hypercall page, VP assist page, SynIC pages, reference TSC page) laid over a VTL's
 * view of guest-physical memory. They keep their own rights whatever the page beneath may (facts/vsm.md 1.10). The MSRs that
 * place them are private to a VTL (1.9), so an overlay is seen by its own VTL only; all others, devices too, see the page beneath.
 */
import { PAGE_SIZE } from './page-numbers.js';

export interface OverlayPage {
  /** Its identity within the VTL, for instance `vp0.simp`. */
  readonly name: string;
  readonly page: number;
  /** Bits of `PageRight`. */
  readonly rights: number;
  /** One page: what is read and written here. */
  readonly bytes: Uint8Array;
}

/** A VTL's overlays by page; of several at one page the last one placed is seen. */
export type Overlays = Map<number, OverlayPage[]>;

export const createOverlayPage = (name: string, page: number, rights: number): OverlayPage => ({
  name,
  page,
  rights,
  bytes: new Uint8Array(PAGE_SIZE),
});

/** The overlay a VTL sees at a page. */
export const overlayAt = (overlays: Overlays, page: number): OverlayPage | undefined => overlays.get(page)?.at(-1);

export const pushOverlay = (overlays: Overlays, overlay: OverlayPage): void => {
  const stack = overlays.get(overlay.page);
  if (stack === undefined) overlays.set(overlay.page, [overlay]);
  else stack.push(overlay);
};

/** Takes an overlay away, seen or beneath another. */
export const takeOverlay = (overlays: Overlays, name: string): OverlayPage | undefined => {
  for (const [page, stack] of overlays) {
    const taken = stack.find((overlay) => overlay.name === name);
    if (taken === undefined) continue;
    if (stack.length === 1) overlays.delete(page);
    else stack.splice(stack.indexOf(taken), 1);
    return taken;
  }
  return undefined;
};
