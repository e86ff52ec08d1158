import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createGuestMemory } from '../../../../lib/emulator/memory/guest-memory.js';
import { createOverlayPage } from '../../../../lib/emulator/memory/overlay-pages.js';
import {
  allows,
  checkPage,
  createSlat,
  forEachProtection,
  isMapped,
  placeOverlay,
  protectionOf,
  protectPages,
  removeOverlay,
  type Slat,
  setDefaultMask,
  setHostRights,
  slatAfterReset,
  slatBytes,
} from '../../../../lib/emulator/memory/slat.js';

const isArgumentError = { name: 'TrustletError', code: 'ERR_TRUSTLET_ARGUMENT' };
const RIGHTS = [1, 2, 4, 8];

/** RAM at pages 0–9 999 and 20 000–29 999: holes within, between and after groups of 4096. */
const guest = (vtls?: number): Slat =>
  createSlat(
    createGuestMemory([
      { firstPage: 0, pageCount: 10_000 },
      { firstPage: 20_000, pageCount: 10_000 },
    ]),
    vtls,
  );

/** Rights a VTL has, by asking for each; both ways of asking agree. */
const rightsOf = (slat: Slat, vtl: number, page: number): number =>
  RIGHTS.reduce((rights, right) => {
    const allowed = checkPage(slat, vtl, page, right).kind === 'allowed';
    assert.equal(allows(slat, vtl, page, right), allowed);
    return allowed ? rights | right : rights;
  }, 0);

describe('rights of a page', () => {
  test('every page of RAM starts with all rights for every VTL, and nothing else is there', () => {
    const slat = guest();
    for (const vtl of [0, 1]) {
      for (const page of [0, 4095, 4096, 9_999, 20_000, 20_479, 24_576, 29_999])
        assert.equal(rightsOf(slat, vtl, page), 15);
      for (const page of [10_000, 12_288, 16_384, 19_999, 30_000, 32_767, 32_768, 2 ** 32 - 1, 2 ** 32, 2 ** 40]) {
        for (const right of RIGHTS) assert.deepEqual(checkPage(slat, vtl, page, right), { kind: 'unmapped' });
        assert.equal(isMapped(slat, vtl, page), false);
      }
    }
    assert.equal(isMapped(slat, 0, 9_999), true);
  });

  test('a VTL’s mask restricts lower VTLs only, right by right', () => {
    for (const mask of [0x0, 0x1, 0x3, 0x9, 0xd, 0xf]) {
      const slat = guest();
      assert.equal(protectPages(slat, 1, 100, 1, mask), 1);
      assert.equal(rightsOf(slat, 0, 100), mask);
      assert.equal(rightsOf(slat, 1, 100), 15);
      for (const page of [99, 101]) assert.equal(rightsOf(slat, 0, page), 15);
      for (const right of RIGHTS) {
        const expected = (mask & right) === 0 ? { kind: 'intercept', vtl: 1 } : { kind: 'allowed' };
        assert.deepEqual(checkPage(slat, 0, 100, right), expected);
      }
    }
  });

  test('pages are protected up to the first that is not RAM', () => {
    const slat = guest();
    assert.equal(protectPages(slat, 1, 9_998, 5, 0), 2);
    assert.equal(protectPages(slat, 1, 10_000, 1, 0), 0);
    assert.deepEqual(
      [9_997, 9_998, 9_999].map((page) => rightsOf(slat, 0, page)),
      [15, 0, 0],
    );
    assert.equal(protectPages(slat, 1, 4_000, 200, 1), 200);
    assert.deepEqual(
      [3_999, 4_000, 4_095, 4_096, 4_199, 4_200].map((page) => rightsOf(slat, 0, page)),
      [15, 1, 1, 1, 1, 15],
    );
  });

  test('the default applies to pages not set individually, also to those set to its very value', () => {
    const slat = guest();
    protectPages(slat, 1, 5, 1, 15);
    protectPages(slat, 1, 20_001, 1, 1);
    setDefaultMask(slat, 1, 0x3);
    assert.deepEqual(
      [4, 5, 9_999, 20_000, 20_001, 29_999].map((page) => rightsOf(slat, 0, page)),
      [3, 15, 3, 3, 1, 3],
    );
    assert.equal(rightsOf(slat, 1, 4), 15);
    assert.equal(rightsOf(slat, 0, 10_000), 0);
    assert.deepEqual(checkPage(slat, 0, 10_000, 1), { kind: 'unmapped' });
    assert.deepEqual(protectionOf(slat, 1, 4), { mask: 3, individual: false });
    for (const page of [12_288, 32_767, 2 ** 32 - 1]) {
      assert.deepEqual(protectionOf(slat, 1, page), { mask: 3, individual: false });
    }
    protectPages(slat, 1, 4, 1, 3);
    assert.deepEqual(protectionOf(slat, 1, 4), { mask: 3, individual: true });
    setDefaultMask(slat, 1, 0xb);
    assert.deepEqual(
      [3, 4, 5, 6].map((page) => rightsOf(slat, 0, page)),
      [11, 3, 15, 11],
    );
  });

  test('the default restricts no page of the VTL that set it', () => {
    const slat = guest();
    setDefaultMask(slat, 1, 0x3);
    assert.deepEqual([rightsOf(slat, 0, 4_096), rightsOf(slat, 1, 4_096)], [3, 15]);
  });

  test('protections set individually are listed in order', () => {
    const slat = guest();
    protectPages(slat, 1, 20_001, 2, 1);
    protectPages(slat, 1, 7, 1, 15);
    const seen: (readonly [number, number])[] = [];
    forEachProtection(slat, 1, (page, mask) => seen.push([page, mask]));
    assert.deepEqual(seen, [
      [7, 15],
      [20_001, 1],
      [20_002, 1],
    ]);
  });

  test('the host’s refusal wins over a VTL’s and binds all VTLs', () => {
    const slat = guest();
    assert.equal(setHostRights(slat, 50, 0x1), true);
    protectPages(slat, 1, 50, 1, 0x2);
    assert.deepEqual(
      RIGHTS.map((right) => checkPage(slat, 0, 50, right).kind),
      ['intercept', 'host-denied', 'host-denied', 'host-denied'],
    );
    assert.equal(rightsOf(slat, 1, 50), 1);
    setDefaultMask(slat, 1, 0x3);
    assert.equal(setHostRights(slat, 51, 0x4), true);
    assert.deepEqual([rightsOf(slat, 0, 51), rightsOf(slat, 1, 51)], [0, 4]);
    setHostRights(slat, 50, 15);
    assert.deepEqual([rightsOf(slat, 0, 50), rightsOf(slat, 1, 50)], [2, 15]);
    assert.equal(setHostRights(slat, 10_000, 0), false);
    assert.equal(slat.hostRights.size, 1);
  });

  test('a page the host restricts keeps the host’s rights under any default', () => {
    const slat = guest();
    setDefaultMask(slat, 1, 0x3);
    setHostRights(slat, 60, 0x3);
    setDefaultMask(slat, 1, 0xf);
    assert.deepEqual([rightsOf(slat, 0, 60), rightsOf(slat, 0, 61)], [3, 15]);
  });

  test('of several higher VTLs the lowest that refuses intercepts', () => {
    const slat = guest(4);
    protectPages(slat, 1, 8, 1, 0x1);
    protectPages(slat, 2, 8, 1, 0x3);
    protectPages(slat, 3, 8, 1, 0x5);
    assert.deepEqual(
      [0, 1, 2, 3].map((vtl) => rightsOf(slat, vtl, 8)),
      [1, 1, 5, 15],
    );
    const by = (vtl: number, right: number): unknown => checkPage(slat, vtl, 8, right);
    assert.deepEqual(by(0, 2), { kind: 'intercept', vtl: 1 });
    assert.deepEqual(by(1, 2), { kind: 'intercept', vtl: 3 });
    assert.deepEqual(by(1, 8), { kind: 'intercept', vtl: 2 });
    assert.deepEqual(by(2, 8), { kind: 'intercept', vtl: 3 });
    setDefaultMask(slat, 2, 0xb);
    assert.deepEqual(
      [0, 1, 2, 3].map((vtl) => rightsOf(slat, vtl, 9)),
      [11, 11, 15, 15],
    );
  });

  test('a guest may have one VTL', () => {
    const slat = guest(1);
    assert.equal(rightsOf(slat, 0, 1), 15);
  });

  test('a program that names what no guest has is told so', () => {
    const slat = guest();
    for (const vtls of [0, 5, 1.5, Number.NaN]) assert.throws(() => guest(vtls), isArgumentError);
    for (const vtl of [0, 2, -1, 0.5]) {
      assert.throws(() => protectPages(slat, vtl, 0, 1, 0), isArgumentError);
      assert.throws(() => setDefaultMask(slat, vtl, 3), isArgumentError);
      assert.throws(() => protectionOf(slat, vtl, 0), isArgumentError);
    }
    for (const page of [-1, 0.5, 2 ** 32, Number.NaN]) {
      assert.throws(() => protectPages(slat, 1, page, 1, 0), isArgumentError);
      assert.throws(() => protectionOf(slat, 1, page), isArgumentError);
      assert.throws(() => setHostRights(slat, page, 0), isArgumentError);
    }
    assert.throws(() => checkPage(slat, 2, 0, 1), isArgumentError);
  });
});

describe('overlay pages', () => {
  test('keep their own rights, for the VTL that placed them', () => {
    const slat = guest();
    protectPages(slat, 1, 30, 1, 0);
    assert.equal(placeOverlay(slat, 0, createOverlayPage('hypercall', 30, 0xd)), true);
    assert.equal(rightsOf(slat, 0, 30), 13);
    assert.equal(rightsOf(slat, 1, 30), 15);
    assert.deepEqual(checkPage(slat, 0, 30, 2), { kind: 'overlay-denied' });
    setDefaultMask(slat, 1, 3);
    protectPages(slat, 1, 30, 1, 1);
    assert.equal(rightsOf(slat, 0, 30), 13);
    assert.equal(removeOverlay(slat, 0, 'hypercall')?.page, 30);
    assert.equal(rightsOf(slat, 0, 30), 1);
    assert.equal(removeOverlay(slat, 0, 'hypercall'), undefined);
  });

  test('an overlay whose rights equal its surroundings’ keeps them when the default changes', () => {
    const slat = guest();
    placeOverlay(slat, 0, createOverlayPage('assist', 40, 15));
    setDefaultMask(slat, 1, 3);
    assert.deepEqual([rightsOf(slat, 0, 40), rightsOf(slat, 0, 41)], [15, 3]);
  });

  test('gives no right to another VTL, whatever its own are', () => {
    const slat = guest();
    setHostRights(slat, 40, 0);
    placeOverlay(slat, 0, createOverlayPage('assist', 40, 0xff));
    assert.deepEqual([rightsOf(slat, 0, 40), rightsOf(slat, 1, 40)], [15, 0]);
  });

  test('may lie in a hole, but not above the last page', () => {
    const slat = guest();
    assert.equal(placeOverlay(slat, 1, createOverlayPage('simp', 12_300, 3)), true);
    assert.equal(rightsOf(slat, 1, 12_300), 3);
    assert.equal(isMapped(slat, 1, 12_300), true);
    assert.deepEqual(checkPage(slat, 0, 12_300, 1), { kind: 'unmapped' });
    removeOverlay(slat, 1, 'simp');
    assert.deepEqual(checkPage(slat, 1, 12_300, 1), { kind: 'unmapped' });
    for (const page of [30_000, 2 ** 32, 2 ** 40]) {
      assert.equal(placeOverlay(slat, 1, createOverlayPage('simp', page, 3)), false);
    }
    assert.equal(slat.overlays[1]?.size, 0);
    assert.throws(() => placeOverlay(slat, 2, createOverlayPage('simp', 1, 3)), isArgumentError);
  });

  test('placed again it moves; of several at a page the last is seen', () => {
    const slat = guest();
    placeOverlay(slat, 0, createOverlayPage('a', 1, 1));
    placeOverlay(slat, 0, createOverlayPage('b', 1, 3));
    assert.equal(rightsOf(slat, 0, 1), 3);
    placeOverlay(slat, 0, createOverlayPage('b', 2, 3));
    assert.deepEqual([rightsOf(slat, 0, 1), rightsOf(slat, 0, 2)], [1, 3]);
    placeOverlay(slat, 0, createOverlayPage('b', 1, 3));
    assert.equal(removeOverlay(slat, 0, 'a')?.rights, 1);
    assert.equal(rightsOf(slat, 0, 1), 3);
    removeOverlay(slat, 0, 'b');
    assert.equal(rightsOf(slat, 0, 1), 15);
  });
});

describe('the state', () => {
  test('a clone is a snapshot: neither sees what the other does', () => {
    const slat = guest();
    protectPages(slat, 1, 5, 1, 1);
    placeOverlay(slat, 0, createOverlayPage('a', 6, 1));
    const clone = structuredClone(slat);
    setDefaultMask(clone, 1, 3);
    protectPages(slat, 1, 5, 1, 0);
    assert.deepEqual(
      [4, 5, 6].map((page) => rightsOf(slat, 0, page)),
      [15, 0, 1],
    );
    assert.deepEqual(
      [4, 5, 6].map((page) => rightsOf(clone, 0, page)),
      [3, 1, 1],
    );
  });

  test('a reset leaves the host’s rights and the IOMMU, and nothing a VTL set', () => {
    const slat = guest();
    slat.iommu = true;
    setHostRights(slat, 9, 1);
    setDefaultMask(slat, 1, 3);
    protectPages(slat, 1, 5, 1, 0);
    placeOverlay(slat, 0, createOverlayPage('a', 6, 1));
    const after = slatAfterReset(slat);
    assert.deepEqual(
      [4, 5, 6, 9].map((page) => rightsOf(after, 0, page)),
      [15, 15, 15, 1],
    );
    assert.equal(after.iommu, true);
    assert.equal(after.memory, slat.memory);
  });

  test('costs by groups of pages touched, not by the size of the guest', () => {
    const bytes = (gib: number): number =>
      slatBytes(createSlat(createGuestMemory([{ firstPage: 0, pageCount: gib * 2 ** 18 }])));
    assert.ok(bytes(1) < 64 * 1024);
    assert.ok(bytes(64) < 128 * 1024);
    const slat = guest();
    const before = slatBytes(slat);
    protectPages(slat, 1, 4_096, 1, 0);
    protectPages(slat, 1, 8_191, 1, 0);
    assert.equal(slatBytes(slat) - before, 2 * 8192);
  });
});
