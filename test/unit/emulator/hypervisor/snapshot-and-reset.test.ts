/** Snapshots, resets, devices and the description of a partition (facts/vsm.md 1.7, 1.8, 2 S12). */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Hypervisor } from '../../../../lib/emulator/hypervisor/hypervisor.js';
import {
  ASSIST,
  Code,
  create,
  eventsOf,
  get,
  handle,
  hex,
  leave,
  message,
  modify,
  msr,
  Name,
  protect,
  protecting,
  secure,
  set,
  status,
  succeed,
  write,
} from './guest.js';

const SECRET = 0x10_0000n;
const PAGE = 0x100;
const FIVE = Uint8Array.of(1, 2, 3, 4, 5);

describe('a snapshot', () => {
  test('brings everything back, any number of times', () => {
    const hv = protecting();
    hv.writePhysical(SECRET, FIVE);
    protect(hv, 0, [PAGE]);
    write(hv, 0xc000_0100, 0x77n);
    const events = hv.events;
    const description = hv.describe();
    const snapshot = hv.snapshot();
    for (let time = 0; time < 2; time++) {
      protect(hv, 0xf, [PAGE]);
      hv.writePhysical(SECRET, new Uint8Array(5));
      write(hv, 0xc000_0100, 0x88n);
      leave(hv);
      hv.reset();
      hv.restore(snapshot);
      assert.deepEqual(hv.events, events);
      assert.deepEqual(hv.describe(), description);
      assert.equal(hv.activeVtl(0), 1);
      assert.equal(msr(hv, 0xc000_0100), 0x77n);
      assert.deepEqual(hv.readPhysical(SECRET, 5), FIVE);
      assert.equal(hv.protection(1, SECRET), 0);
    }
  });

  test('keeps the guest’s and the hypervisor’s view of a page one', () => {
    const hv = secure();
    hv.restore(hv.snapshot());
    hv.access(0, { access: 'write', address: ASSIST + 16n, data: FIVE, physical: true });
    assert.equal(hex(hv.page(0, 1, 'assist').subarray(16, 21)), '0102030405');
    assert.equal(set(hv, Name.CONFIG, 0x3fn), 0);
    protect(hv, 0, [PAGE]);
    leave(hv);
    assert.equal(hv.access(0, { access: 'read', address: SECRET }).kind, 'intercept');
    handle(hv);
    assert.equal(message(hv)[0], 0);
  });

  test('can go to another hypervisor, which then goes its own way', () => {
    const one = protecting();
    const other = create({ profile: 'kvm' });
    other.restore(one.snapshot());
    assert.equal(other.profile.name, 'openhcl');
    protect(other, 1, [PAGE]);
    assert.equal(other.protection(1, SECRET), 1);
    assert.equal(one.protection(1, SECRET), 0xf);
    assert.deepEqual(one.protectedPages(1), []);
  });

  test('and the same calls give the same state', () => {
    const run = (hv: Hypervisor): unknown => {
      leave(hv);
      hv.raise(0, 1, 0x60);
      succeed(hv, Code.MODIFY, modify(1, [5, 6]), { reps: 2 });
      return hv.snapshot();
    };
    const hv = protecting();
    const snapshot = hv.snapshot();
    const first = run(hv);
    hv.restore(snapshot);
    assert.deepEqual(run(hv), first);
  });
});

describe('a reset', () => {
  const filled = (config: bigint): Hypervisor => {
    const hv = secure({ processors: 2 });
    assert.equal(set(hv, Name.CONFIG, config), 0);
    for (const page of [PAGE, PAGE + 1, PAGE + 2]) hv.writePhysical(BigInt(page) << 12n, FIVE);
    protect(hv, 0, [PAGE]);
    protect(hv, 1, [PAGE + 1]);
    return hv;
  };
  const contents = (hv: Hypervisor): readonly string[] =>
    [PAGE, PAGE + 1, PAGE + 2].map((page) => hex(hv.readPhysical(BigInt(page) << 12n, 5)));

  test('drops VTL1, its protections, overlays and registers, and zeroes what VTL0 could not read', () => {
    const hv = filled(0x3fn);
    hv.writeRegister(0, Name.RBX, 5n);
    hv.reset();
    assert.deepEqual(hv.describe().enabledVtls, [0]);
    assert.deepEqual(
      hv.describe().processors.map(({ activeVtl, enabledVtls, running }) => [activeVtl, running, ...enabledVtls]),
      [
        [0, true, 0],
        [0, false, 0],
      ],
    );
    assert.equal(hv.describe().protecting, false);
    assert.deepEqual(contents(hv), ['0000000000', '0102030405', '0102030405']);
    assert.deepEqual(hv.check(0, SECRET, 'write'), { kind: 'allowed' });
    assert.deepEqual(hv.protectedPages(1), []);
    assert.equal(hv.readRegister(0, Name.RBX), 0n);
    assert.equal(get(hv, Name.PARTITION_STATUS), 0x1_0001n);
    assert.deepEqual(eventsOf(hv, 'reset'), [{ kind: 'reset', pagesZeroed: 1 }]);
    assert.equal(set(hv, Name.ASSIST_PAGE, 0n), 0);
  });

  test('keeps memory where ZeroMemoryOnReset is off', () => {
    const hv = filled(0x1fn);
    hv.reset();
    assert.deepEqual(contents(hv), ['0102030405', '0102030405', '0102030405']);
  });

  test('zeroes by default: VTL1 need not ask', () => {
    const hv = secure();
    assert.equal(get(hv, Name.CONFIG), 0x3en);
  });

  test('without VTL1 changes no memory', () => {
    const hv = create();
    hv.writePhysical(SECRET, FIVE);
    hv.reset();
    assert.deepEqual(hv.readPhysical(SECRET, 5), FIVE);
  });

  test('lets VTL1 be enabled again', () => {
    const hv = filled(0x3fn);
    hv.reset();
    assert.equal(
      status(hv, Code.ENABLE_PARTITION, Uint8Array.from([...new Array(8).fill(0xff), 1, ...new Array(7).fill(0)])),
      0,
    );
  });
});

describe('a device', () => {
  test('reaches all RAM, and with an IOMMU what VTL0 may', () => {
    const hv = protecting();
    hv.writePhysical(SECRET, FIVE);
    protect(hv, 0, [PAGE]);
    const buffer = new Uint8Array(5);
    assert.equal(hv.transferByDevice(SECRET, buffer, 'read'), 'allowed');
    assert.deepEqual(buffer, FIVE);
    hv.iommu = true;
    assert.equal(hv.describe().iommu, true);
    assert.equal(hv.transferByDevice(SECRET, new Uint8Array(5), 'write'), 'blocked');
    assert.deepEqual(hv.readPhysical(SECRET, 5), FIVE);
    assert.equal(hv.transferByDevice(0x400_0000n, buffer, 'read'), 'unmapped');
    assert.deepEqual(
      eventsOf(hv, 'device-access').map(({ page, write: written, outcome }) => [page, written, outcome]),
      [
        [0x100, false, 'allowed'],
        [0x100, true, 'blocked'],
        [0x4000, false, 'unmapped'],
      ],
    );
    assert.equal(create({ iommu: true }).describe().iommu, true);
  });
});

describe('a description', () => {
  test('says what a partition is like', () => {
    const hv = protecting({ processors: 2 });
    const { memoryBytes, rightsBytes, events, ...rest } = hv.describe();
    assert.deepEqual(rest, {
      profile: 'openhcl',
      enabledVtls: [0, 1],
      processors: [
        { index: 0, running: true, activeVtl: 1, enabledVtls: [0, 1] },
        { index: 1, running: false, activeVtl: 0, enabledVtls: [0] },
      ],
      protecting: true,
      iommu: false,
      eventsLost: 0,
    });
    assert.equal(memoryBytes, 4096);
    assert.ok(rightsBytes > 0 && rightsBytes < 100_000);
    assert.equal(events, hv.events.length);
  });

  test('of 64 GiB that nobody touched costs next to nothing', () => {
    const hv = create({ ram: [{ firstPage: 0, pageCount: 2 ** 24 }] });
    const { memoryBytes, rightsBytes } = hv.describe();
    assert.equal(memoryBytes, 0);
    assert.ok(rightsBytes < 200_000);
  });
});

describe('memory as a VTL or the host copies it', () => {
  test('follows a VTL’s rights without an intercept', () => {
    const hv = protecting();
    hv.writePhysical(SECRET, FIVE);
    protect(hv, 1, [PAGE]);
    const buffer = new Uint8Array(5);
    assert.deepEqual(hv.copy(0, 0x10_0000, buffer, 'read'), { kind: 'allowed' });
    assert.deepEqual(buffer, FIVE);
    assert.deepEqual(hv.copy(0, 0x10_0000, new Uint8Array(5), 'write'), { kind: 'intercept', vtl: 1 });
    assert.deepEqual(hv.copy(1, 0x10_0000, new Uint8Array(5), 'write'), { kind: 'allowed' });
    assert.deepEqual(hv.readPhysical(SECRET, 5), new Uint8Array(5));
    assert.deepEqual(eventsOf(hv, 'intercept'), []);
  });

  test('is zeroed by the page, whatever rights VTLs have', () => {
    const hv = protecting();
    hv.writePhysical(SECRET, FIVE);
    protect(hv, 0, [PAGE]);
    hv.zeroPage(PAGE);
    assert.deepEqual(hv.readPhysical(SECRET, 5), new Uint8Array(5));
  });
});

describe('memory with holes', () => {
  test('has nothing before, between and after its ranges', () => {
    const hv = create({
      ram: [
        { firstPage: 5, pageCount: 2 },
        { firstPage: 9, pageCount: 1 },
      ],
    });
    const mapped = Array.from({ length: 12 }, (_, page) => page).filter(
      (page) => hv.check(0, BigInt(page) << 12n, 'write').kind === 'allowed',
    );
    assert.deepEqual(mapped, [5, 6, 9]);
    assert.deepEqual(hv.check(1, 0n, 'read'), { kind: 'unmapped' });
  });
});

describe('memory as the host finds it', () => {
  test('is read and written as far as there is RAM, whatever rights VTLs have', () => {
    const hv = protecting();
    protect(hv, 0, [0x3fff]);
    assert.equal(hv.writePhysical(0x3ff_fffcn, new Uint8Array(8).fill(9)), 4);
    assert.deepEqual(hv.readPhysical(0x3ff_fffcn, 8), new Uint8Array(4).fill(9));
    assert.deepEqual(hv.protectedPages(1), [{ page: 0x3fff, mask: 0 }]);
  });
});
