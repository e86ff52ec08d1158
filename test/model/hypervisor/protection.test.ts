/**
 * The emulated SLAT, translation and DMA agree with the naive reference on any sequence of steps: every answer, every byte, and
 * now and then the rights of every page for every VTL.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  type PagingRegisters,
  translateAddress,
  translationOptions,
} from '../../../lib/emulator/memory/address-translation.js';
import { transferByDevice } from '../../../lib/emulator/memory/dma.js';
import { accessMemory, checkAccess } from '../../../lib/emulator/memory/guest-access.js';
import { createGuestMemory, writeMemory } from '../../../lib/emulator/memory/guest-memory.js';
import { createOverlayPage } from '../../../lib/emulator/memory/overlay-pages.js';
import { isValidDefaultMask, isValidMask } from '../../../lib/emulator/memory/rights.js';
import {
  type AccessOutcome,
  createSlat,
  placeOverlay,
  protectPages,
  removeOverlay,
  type Slat,
  setDefaultMask,
  setHostRights,
  slatAfterReset,
} from '../../../lib/emulator/memory/slat.js';
import {
  type Answer,
  type Kind,
  type Mode,
  type Paging,
  ProtectionReference,
  type Wish,
} from './protection-reference.js';
import { isRamPage, LAST_PAGE, LONELY_PAGE, PAGES, RANGES, type Step, step, TABLES } from './protection-steps.js';

const STEPS = Number(process.env['TRUSTLET_RUNS'] ?? 1000);

const INITIAL_MODE: Mode = { cpl: 0, mbec: false, smep: true };
const INITIAL_PAGING: Paging = {
  paging: true,
  longMode: true,
  writeProtect: true,
  noExecute: true,
  smap: false,
  alignmentCheck: false,
  table: 1,
  pat: [6, 4, 1, 0, 6, 4, 1, 0],
};

const answerOf = (outcome: AccessOutcome): Answer => {
  switch (outcome.kind) {
    case 'intercept':
      return `vtl${outcome.vtl}`;
    case 'host-denied':
      return 'host';
    case 'overlay-denied':
      return 'overlay';
    default:
      return outcome.kind;
  }
};

const registersOf = (mode: Mode, paging: Paging): PagingRegisters => ({
  cr0: 1n | (paging.paging ? 1n << 31n : 0n) | (paging.writeProtect ? 1n << 16n : 0n),
  cr3: BigInt(paging.table) << 12n,
  cr4: (mode.smep ? 1n << 20n : 0n) | (paging.smap ? 1n << 21n : 0n),
  efer: (paging.longMode ? 1n << 10n : 0n) | (paging.noExecute ? 1n << 11n : 0n),
  rflags: paging.alignmentCheck ? 1n << 18n : 0n,
  pat: paging.pat.reduceRight((whole, type) => (whole << 8n) | BigInt(type), 0n),
  cpl: mode.cpl,
  mbec: mode.mbec,
  smep: mode.smep,
});

const flagsOf = (wish: Wish): number =>
  (wish.kinds.includes('read') ? 0x1 : 0) |
  (wish.kinds.includes('write') ? 0x2 : 0) |
  (wish.kinds.includes('execute') ? 0x4 : 0) |
  (wish.exempt ? 0x8 : 0) |
  (wish.setBits ? 0x10 : 0) |
  (wish.supervisor ? 0x40 : 0) |
  (wish.user ? 0x80 : 0) |
  (wish.enforceSmap ? 0x100 : 0) |
  (wish.overrideSmap ? 0x200 : 0);

const KINDS: readonly Kind[] = ['read', 'write', 'execute'];

/** How often each answer came, so that a test can see that the steps reach them. */
type Tally = Map<string, number>;

class Pair {
  readonly #vtls: number;
  readonly #tally: Tally;
  #fast: Slat;
  #slow: ProtectionReference;
  #saved: readonly [Slat, ProtectionReference] | null = null;
  readonly #modes: Mode[];
  readonly #paging: Paging[];

  constructor(vtls: number, tally: Tally) {
    this.#vtls = vtls;
    this.#tally = tally;
    this.#fast = createSlat(createGuestMemory(RANGES), vtls);
    this.#slow = new ProtectionReference(isRamPage, LAST_PAGE, vtls);
    this.#modes = Array.from({ length: vtls }, () => INITIAL_MODE);
    this.#paging = Array.from({ length: vtls }, () => INITIAL_PAGING);
  }

  #agree(what: string, fast: unknown, slow: unknown): void {
    assert.deepEqual(fast, slow, what);
    const answer = typeof slow === 'string' || typeof slow === 'number' ? slow : Array.isArray(slow) ? 'done' : '';
    this.#tally.set(`${what} ${answer}`, (this.#tally.get(`${what} ${answer}`) ?? 0) + 1);
  }

  /** Every page's answer for every VTL and kind of access. */
  sweep(): void {
    for (let vtl = 0; vtl < this.#vtls; vtl++) {
      const mode = this.#modes[vtl] ?? INITIAL_MODE;
      for (const page of [...PAGES, LONELY_PAGE]) {
        for (const kind of KINDS) {
          const fast = answerOf(checkAccess(this.#fast, vtl, BigInt(page) * 4096n, kind, mode));
          assert.equal(fast, this.#slow.check(vtl, page, kind, mode), `VTL${vtl} page ${page} ${kind}`);
        }
      }
    }
  }

  #plant(table: number, index: number, entry: bigint): void {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setBigUint64(0, entry, true);
    const address = table * 4096 + index * 8;
    writeMemory(this.#fast.memory, address, bytes);
    this.#slow.plant(address, [...bytes]);
  }

  take(next: Step): void {
    const fast = this.#fast;
    const slow = this.#slow;
    const vtl = 'vtl' in next ? next.vtl % this.#vtls : 0;
    const imposing = Math.max(vtl, 1);
    const mode = this.#modes[vtl] ?? INITIAL_MODE;
    switch (next.do) {
      case 'protect': {
        const valid = isValidMask(next.mask, mode.mbec);
        this.#agree('mask valid', valid, slow.validMask(next.mask, mode.mbec));
        if (!valid) return;
        const done = protectPages(fast, imposing, next.page, next.count, next.mask);
        this.#agree('protect', done, slow.protect(imposing, next.page, next.count, next.mask));
        return;
      }
      case 'default': {
        const valid = isValidDefaultMask(next.mask, mode.mbec);
        this.#agree('default valid', valid, slow.validDefault(next.mask, mode.mbec));
        if (!valid) return;
        setDefaultMask(fast, imposing, next.mask);
        slow.setDefault(imposing, next.mask);
        return;
      }
      case 'host':
        this.#agree('host', setHostRights(fast, next.page, next.mask), slow.setHost(next.page, next.mask));
        return;
      case 'mode':
        this.#modes[vtl] = next.mode;
        return;
      case 'paging':
        this.#paging[vtl] = next.paging;
        return;
      case 'place': {
        const placed = placeOverlay(fast, vtl, createOverlayPage(next.name, next.page, next.mask));
        this.#agree('place', placed, slow.place(vtl, next.name, next.page, next.mask));
        return;
      }
      case 'remove':
        this.#agree('remove', removeOverlay(fast, vtl, next.name) !== undefined, slow.remove(vtl, next.name));
        return;
      case 'access': {
        const buffer = Uint8Array.from(next.bytes);
        const answer = answerOf(accessMemory(fast, vtl, next.address, buffer, next.kind, mode).outcome);
        const expected = slow.access(vtl, next.address, buffer.length, next.kind, mode, next.bytes);
        this.#agree(`access ${next.kind}`, answer === 'allowed' ? [...buffer] : answer, expected);
        return;
      }
      case 'iommu':
        fast.iommu = next.on;
        slow.iommu = next.on;
        return;
      case 'dma': {
        const buffer = Uint8Array.from(next.bytes);
        const answer = transferByDevice(fast, next.address, buffer, next.write ? 'write' : 'read');
        const expected = slow.dma(next.address, buffer.length, next.write, next.bytes);
        this.#agree('dma', answer === 'allowed' ? [...buffer] : answer, expected);
        return;
      }
      case 'map':
        this.#plant(next.table, next.index, next.entry);
        return;
      case 'chain':
        TABLES.forEach((table, level) => {
          this.#plant(table, next.path[level] ?? 0, next.entries[level] ?? 0n);
        });
        return;
      case 'translate': {
        const paging = this.#paging[vtl] ?? INITIAL_PAGING;
        const options = translationOptions(flagsOf(next.wish));
        const { code, page, cacheType, overlay } = translateAddress(
          fast,
          vtl,
          registersOf(mode, paging),
          next.gva,
          options,
        );
        const expected = slow.translate(vtl, next.gva, mode, paging, next.wish);
        assert.deepEqual({ code, page, cache: cacheType, overlay }, expected, 'translate');
        this.#agree('translate', code, expected.code);
        return;
      }
      case 'reset':
        this.#fast = slatAfterReset(fast);
        slow.reset();
        return;
      case 'snapshot':
        this.#saved = [structuredClone(fast), slow.copy()];
        return;
      case 'restore':
        if (this.#saved === null) return;
        this.#fast = structuredClone(this.#saved[0]);
        this.#slow = this.#saved[1].copy();
        return;
    }
  }
}

const run = (steps: readonly Step[], vtls: number): Tally => {
  const tally: Tally = new Map();
  const pair = new Pair(vtls, tally);
  steps.forEach((next, index) => {
    pair.take(next);
    if (index % 50 === 49) pair.sweep();
  });
  pair.sweep();
  return tally;
};

describe('the emulated protection rules and the naive reference', () => {
  test('agree on short sequences, in guests of two and of three VTLs', () => {
    const length = 100;
    fc.assert(
      fc.property(
        fc.array(step, { minLength: 1, maxLength: length, size: 'max' }),
        fc.constantFrom(2, 3),
        (steps, vtls) => {
          run(steps, vtls);
        },
      ),
      { numRuns: Math.max(20, STEPS / length) },
    );
  });

  test('agree on one long sequence', () => {
    const seed = fc.sample(fc.nat(), 1)[0] ?? 0;
    try {
      run(fc.sample(step, { numRuns: STEPS, seed }), 2);
    } catch (error) {
      throw new Error(`The long sequence of seed ${seed} disagrees.`, { cause: error });
    }
  });

  test('come to every kind of answer', () => {
    const tally = run(fc.sample(step, { numRuns: 5000, seed: 1 }), 2);
    const answers = ['done', 'unmapped', 'host', 'overlay', 'vtl1'];
    const expected = [
      ...KINDS.flatMap((kind) => answers.map((answer) => `access ${kind} ${answer}`)),
      ...['done', 'unmapped', 'blocked'].map((answer) => `dma ${answer}`),
      ...[0, 1, 2, 3, 4, 5, 6, 7, 8].map((code) => `translate ${code}`),
    ];
    assert.deepEqual(
      expected.filter((each) => (tally.get(each) ?? 0) < 5),
      [],
    );
  });
});
