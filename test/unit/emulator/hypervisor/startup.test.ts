/** Enabling VTLs and starting VPs: HvCallStartVirtualProcessor, INIT and SIPI (facts/vsm.md 1.8, 1.7). */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  Code,
  call,
  context,
  create,
  enableVp,
  eventsOf,
  get,
  getInput,
  leave,
  Name,
  partitionOn,
  secure,
  set,
  status,
  succeed,
  use,
  vpOn,
  write,
} from './guest.js';

const INIT_VP1 = 0x1_0000_0500n;
const SIPI_VP1 = 0x1_0000_0608n;

describe('StartVirtualProcessor', () => {
  test('starts a VP in VTL0 at its context', () => {
    const hv = create({ processors: 2 });
    assert.deepEqual([hv.hasVtl(0), hv.hasVtl(1)], [true, false]);
    assert.equal(hv.describe().processors[1]?.running, false);
    succeed(hv, Code.START_VP, enableVp({ vp: 1, vtl: 0 }, context({ rip: 0xabcn, cr0: 0x31n, rsp: 0x999n })));
    assert.deepEqual([hv.readRegister(1, Name.RIP), hv.readRegister(1, Name.RSP)], [0xabcn, 0x999n]);
    assert.equal(hv.activeVtl(1), 0);
    assert.equal(hv.describe().processors[1]?.running, true);
    assert.deepEqual(eventsOf(hv, 'vp-started'), [{ kind: 'vp-started', vp: 1, vtl: 0, by: 0 }]);
  });

  test('starts a VP in VTL1, which then starts VTL0 on it', () => {
    const hv = secure({ processors: 2 });
    succeed(hv, Code.ENABLE_VP, enableVp({ vp: 1 }, context({ rip: 0x111n })));
    assert.equal(hv.describe().processors[1]?.running, false);
    succeed(hv, Code.START_VP, enableVp({ vp: 1 }, context({ rip: 0x222n })));
    assert.equal(hv.activeVtl(1), 1);
    assert.equal(hv.readRegister(1, Name.RIP), 0x222n);
    succeed(hv, Code.START_VP, enableVp({ vp: 1, vtl: 0 }, context({ rip: 0x333n })));
    assert.equal(hv.activeVtl(1), 1);
    leave(hv, 1);
    assert.equal(hv.readRegister(1, Name.RIP), 0x333n);
    assert.equal(status(hv, Code.START_VP, enableVp({ vp: 1, vtl: 0 })), 0x15);
  });

  test('refuses a context no processor can be in, a VTL that is none, and reserved bytes', () => {
    const hv = create({ processors: 2 });
    const start = (header: object, words = {}): number =>
      status(hv, Code.START_VP, enableVp({ vp: 1, vtl: 0, ...header }, context(words)));
    assert.equal(start({}, { pat: 0x2n }), 0x50);
    assert.equal(start({}, { cr0: 0x8000_0030n }), 0x50);
    assert.equal(start({ vtl: 0x10 }), 0x05);
    const padded = enableVp({ vp: 1, vtl: 0 });
    padded[15] = 1;
    assert.equal(status(hv, Code.START_VP, padded), 0x05);
    assert.equal(start({}, { cr0: 0x30n }), 0, 'VTL0 may be in real mode');
  });

  test('from VTL0 is refused once VTL1 denies it, and VTL1 still may', () => {
    const hv = secure({ processors: 2 });
    assert.equal(set(hv, Name.CONFIG, 0x7fn), 0);
    leave(hv);
    assert.equal(status(hv, Code.START_VP, enableVp({ vp: 1, vtl: 0 })), 0x06);
    write(hv, 0x830, SIPI_VP1);
    assert.equal(hv.describe().processors[1]?.running, false);
    hv.vtlCall(0);
    assert.equal(status(hv, Code.START_VP, enableVp({ vp: 1, vtl: 0 })), 0);
  });
});

describe('EnableVpVtl', () => {
  test('from VTL0 is for its own VP, once; then VTL1 does it for the others', () => {
    const hv = partitionOn({ processors: 3 });
    assert.equal(hv.hasVtl(1), true);
    assert.equal(status(hv, Code.ENABLE_VP, enableVp({ vp: 1 })), 0x06);
    assert.equal(status(hv, Code.ENABLE_VP, enableVp({ vp: 0 })), 0);
    assert.equal(status(hv, Code.ENABLE_VP, enableVp({ vp: 0 })), 0x06);
    hv.vtlCall(0);
    assert.equal(status(hv, Code.ENABLE_VP, enableVp({ vp: 1 })), 0);
    assert.equal(status(hv, Code.ENABLE_VP, enableVp({ vp: 1 })), 0x86);
    assert.deepEqual(
      eventsOf(hv, 'vtl-enabled').map(({ scope, vp, vtl }) => [scope, vp, vtl]),
      [
        ['partition', 0, 1],
        ['vp', 0, 1],
        ['vp', 1, 1],
      ],
    );
  });

  test('on a VP that runs needs no start: its first VTL call enters the context', () => {
    const hv = vpOn({ processors: 2 });
    succeed(hv, Code.START_VP, enableVp({ vp: 1, vtl: 0 }));
    hv.vtlCall(0);
    succeed(hv, Code.ENABLE_VP, enableVp({ vp: 1 }, context({ rip: 0x4444n })));
    assert.equal(status(hv, Code.START_VP, enableVp({ vp: 1 })), 0x15);
    assert.equal(hv.vtlCall(1).kind, 'vtl-switch');
    assert.equal(hv.readRegister(1, Name.RIP), 0x4444n);
  });

  test('refuses an impossible context and reserved bytes', () => {
    const hv = partitionOn();
    assert.equal(status(hv, Code.ENABLE_VP, enableVp({}, context({ pat: 0x3n }))), 0x50);
    const padded = enableVp();
    padded[13] = 1;
    assert.equal(status(hv, Code.ENABLE_VP, padded), 0x05);
    assert.equal(get(hv, Name.VP_STATUS), 0x1_0000n);
  });
});

describe('INIT and SIPI', () => {
  test('start a VP in real mode at the vector’s page; INIT stops it and clears its registers', () => {
    const hv = create({ processors: 2 });
    write(hv, 0x830, SIPI_VP1);
    assert.deepEqual([hv.readRegister(1, Name.RIP), hv.readRegister(1, Name.CR0)], [0n, 0x30n]);
    assert.equal(hv.readRegister(1, Name.CS) & 0xffff_ffffn, 0x8000n);
    assert.equal((hv.readRegister(1, Name.CS) >> 96n) & 0xffffn, 0x800n);
    assert.deepEqual(call(hv, Code.GET, getInput([Name.VP_STATUS]), { vp: 1, reps: 1 }), {
      kind: 'fault',
      vector: 6,
      errorCode: null,
    });
    hv.writeRegister(1, Name.RBX, 0x77n);
    hv.writeRegister(1, Name.CR3, 0x77n);
    write(hv, 0x830, SIPI_VP1);
    assert.equal(hv.readRegister(1, Name.RBX), 0x77n, 'a VP that runs ignores SIPI');
    write(hv, 0x830, INIT_VP1);
    assert.equal(hv.describe().processors[1]?.running, false);
    assert.deepEqual([hv.readRegister(1, Name.RBX), hv.readRegister(1, Name.CR3)], [0n, 0n]);
    assert.deepEqual(
      eventsOf(hv, 'interrupt').map(({ source, step }) => `${source} ${step}`),
      ['startup taken', 'startup ignored', 'init taken'],
    );
  });

  test('are ignored by a VP that has VTL1', () => {
    const hv = secure({ processors: 2 });
    succeed(hv, Code.ENABLE_VP, enableVp({ vp: 1 }));
    leave(hv);
    write(hv, 0x830, INIT_VP1);
    write(hv, 0x830, SIPI_VP1);
    assert.equal(hv.describe().processors[1]?.running, false);
    hv.vtlCall(0);
    succeed(hv, Code.START_VP, enableVp({ vp: 1, vtl: 0 }));
    leave(hv);
    write(hv, 0x830, INIT_VP1);
    assert.equal(hv.describe().processors[1]?.running, true);
  });

  test('for VTL1 do not exist', () => {
    const hv = secure({ processors: 2 });
    write(hv, 0x830, SIPI_VP1);
    assert.equal(hv.describe().processors[1]?.running, false);
    assert.deepEqual(
      eventsOf(hv, 'interrupt').map(({ vtl, step }) => [vtl, step]),
      [[1, 'ignored']],
    );
    assert.equal(get(hv, Name.RFLAGS, { vtl: use(0) }), 2n);
  });
});
