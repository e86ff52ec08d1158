/** The emulated hypervisor: what a look at a page's rights costs beside a bare lookup, what calls and switches cost, and its memory. */
import { bootRules } from '../lib/emulator/boot/boot-rules.js';
import { CompromisedKernel } from '../lib/emulator/boot/compromised-kernel.js';
import { Platform } from '../lib/emulator/boot/platform.js';
import { Hypervisor } from '../lib/emulator/hypervisor/hypervisor.js';
import { createGuestMemory } from '../lib/emulator/memory/guest-memory.js';
import { KERNEL_MODE, PageRight } from '../lib/emulator/memory/rights.js';
import { allows, createSlat, protectPages, type Slat } from '../lib/emulator/memory/slat.js';
import { outcomesWith } from '../lib/emulator/policies.js';
import { expect } from './expect.js';
import type { Measurement } from './results.js';
import { type Effort, inJavaScript, measure } from './rounds.js';

export const LOOKUP = 'a typed array of as many pages, one load each';
export const INTERNAL = 'internal: `allows`, page numbers';
export const PUBLIC = 'public: `hypervisor.check`, bigint addresses';

/** 1 GiB: as many cells as a bare array still holds in the second cache. */
const PAGES = 2 ** 18;
/** Looked at in one call, in an order no prefetcher knows. */
const LOOKS = 4096;
const STEP = 60_679;

const pagesLookedAt = (): Uint32Array => Uint32Array.from({ length: LOOKS }, (_, index) => (index * STEP) % PAGES);

/** Every other page is out of VTL0's reach. */
const protectedSlat = (): Slat => {
  const slat = createSlat(createGuestMemory([{ firstPage: 0, pageCount: PAGES }]));
  for (let page = 1; page < PAGES; page += 2) protectPages(slat, 1, page, 1, 0);
  return slat;
};

const platform = (): Platform => {
  const booted = new Platform({ hypervisor: true, vsm: true, hvci: true, rules: bootRules(outcomesWith()) });
  booted.advanceTo('RUNNING');
  return booted;
};

export const pageAccess = (effort: Effort): Promise<Measurement[]> => {
  const pages = pagesLookedAt();
  const even = pages.filter((page) => page % 2 === 0).length;
  const cells = new Uint16Array(PAGES).map((_, page) => (page % 2 === 0 ? 0xff : 0xf0));
  const slat = protectedSlat();
  // One of its own for the public call: what V8 learns of one must not help the other.
  const booted = platform();
  const { firstPage } = booted.exclusiveBlock(PAGES / 4, 0);
  const { hypervisor } = booted;
  const addresses = Array.from(pages, (page) => BigInt(firstPage + (page % (PAGES / 2))) * 4096n);
  const allowed = addresses.filter((address) => hypervisor.check(0, address, 'read').kind === 'allowed').length;
  expect('pages of the machine that VTL0 may read', allowed > 0 && allowed < LOOKS, true);
  const verify =
    (count: number) =>
    (answer: number): void =>
      expect('pages that VTL0 may read', answer, count);
  return measure(
    'page-access',
    LOOKS,
    [
      inJavaScript(
        LOOKUP,
        'this machine',
        () => {
          let count = 0;
          for (let index = 0; index < LOOKS; index += 1) {
            if (((cells[pages[index] as number] as number) & PageRight.READ) !== 0) count += 1;
          }
          return count;
        },
        verify(even),
      ),
      inJavaScript(
        INTERNAL,
        'emulated',
        () => {
          let count = 0;
          for (let index = 0; index < LOOKS; index += 1) {
            if (allows(slat, 0, pages[index] as number, PageRight.READ)) count += 1;
          }
          return count;
        },
        verify(even),
      ),
      inJavaScript(
        PUBLIC,
        'emulated',
        () => {
          let count = 0;
          for (const address of addresses) {
            if (hypervisor.check(0, address, 'read', KERNEL_MODE).kind === 'allowed') count += 1;
          }
          return count;
        },
        verify(allowed),
      ),
    ],
    effort,
  );
};

/** What a guest does, one instruction each but for the last two. */
export const guestInstructions = (effort: Effort): Promise<Measurement[]> => {
  const running = platform();
  const { hypervisor } = running;
  const kernel = new CompromisedKernel(running);
  // Its log holds the boot alone; a full one is 4096 events to copy.
  const fresh = platform();
  const block = running.exclusiveBlock(1, 0);
  const secret = BigInt(block.firstPage) * 4096n;
  const code = 0x10_0000n;
  return measure(
    'emulated-guest',
    1,
    [
      inJavaScript(
        'a read of 8 bytes through page tables',
        'emulated',
        () => hypervisor.access(0, { access: 'read', address: 0xffff_8000_0000_0000n + code, length: 8 }).kind,
        (kind) => expect('a read', kind, 'done'),
      ),
      inJavaScript(
        'a hypercall: GetVpRegisters of one register, fast',
        'emulated',
        () => hypervisor.hypercall(0, { control: 0x1_0001_0050n, input: 2n ** 64n - 1n, output: 0xffff_fffen }).kind,
        (kind) => expect('a hypercall', kind, 'completed'),
      ),
      inJavaScript(
        'a VTL call and return',
        'emulated',
        () => {
          hypervisor.vtlCall(0);
          return hypervisor.vtlReturn(0, 1n).kind;
        },
        (kind) => expect('a return', kind, 'vtl-switch'),
      ),
      inJavaScript(
        'a refused read: message, interrupt, the secure kernel’s answer, #GP',
        'emulated',
        () => kernel.read(secret, 8).outcome,
        (outcome) => expect('a refused read', outcome, 'intercepted'),
      ),
      inJavaScript(
        'snapshot and restore of a machine that has just come up',
        'emulated',
        () => {
          fresh.restore(fresh.snapshot());
          return fresh.boot;
        },
        (state) => expect('the state', state, 'RUNNING'),
      ),
    ],
    effort,
  );
};

const bytesOf = (make: () => unknown): number => {
  globalThis.gc?.();
  const before = process.memoryUsage();
  const kept = make();
  globalThis.gc?.();
  const after = process.memoryUsage();
  expect('something kept', kept !== undefined, true);
  return after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers;
};

const GIB_PAGES = 2 ** 18;
const guestOf = (gibibytes: number, touched: number): Hypervisor => {
  const hypervisor = new Hypervisor({ ram: [{ firstPage: 0, pageCount: gibibytes * GIB_PAGES }] });
  for (let page = 0; page < touched; page += 1) hypervisor.writePhysical(BigInt(page * 4096), Uint8Array.of(1));
  return hypervisor;
};

/** What guests cost, in bytes: untouched ones, and one of 64 GiB with pages touched. */
export interface GuestBytes {
  readonly oneGibibyte: number;
  readonly sixtyFourGibibytes: number;
  readonly touchedPages: number;
  readonly touched: number;
}

export const guestBytes = (): GuestBytes => {
  // The first one pays for what V8 compiles.
  bytesOf(() => guestOf(1, 10));
  const touchedPages = 1000;
  return {
    oneGibibyte: bytesOf(() => guestOf(1, 0)),
    sixtyFourGibibytes: bytesOf(() => guestOf(64, 0)),
    touchedPages,
    touched: bytesOf(() => guestOf(64, touchedPages)),
  };
};
