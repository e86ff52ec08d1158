/** R24 to R30, R36, R37, R55, R56: protections, intercepts, translations and the TLB lock. */
import assert from 'node:assert/strict';
import type { Hypervisor } from '../../../../../lib/emulator/hypervisor/hypervisor.js';
import type { ProfileName } from '../../../../../lib/emulator/hypervisor/profile.js';
import {
  bytes,
  Code,
  call,
  checkInput,
  completed,
  create,
  enterLongMode,
  flushInput,
  get,
  handle,
  leave,
  mapIdentity,
  message,
  modify,
  Name,
  number,
  output,
  protect,
  protecting,
  secure,
  set,
  startOthers,
  status,
  succeed,
  translateInput,
  use,
} from '../guest.js';
import { forProfiles, type ReferenceVector } from './vector.js';

/** The page that VTL1 keeps. */
const SECRET = 0x10_0000n;
const SECRET_PAGE = 0x100;

const intercepted = (profile: ProfileName, access: 'read' | 'write', mask: number): void => {
  const instruction = Uint8Array.from(access === 'read' ? [0x48, 0x8b, 0x00] : [0x48, 0x89, 0x00]);
  const hv = protecting({ profile });
  protect(hv, mask, [SECRET_PAGE]);
  leave(hv);
  hv.writeRegister(0, Name.RIP, 0xaaaan);
  const result = hv.access(0, { access, address: SECRET, data: new Uint8Array(8), instruction });
  assert.deepEqual(result, { kind: 'intercept', vtl: 1, posted: true, entered: true });
  const slot = message(hv);
  assert.equal(number(slot, 0, 4), 0x8000_0001n);
  assert.equal(number(slot, 16 + 4, 1) & 0xfn, 3n, 'instruction length');
  assert.equal(number(slot, 16 + 5, 1), access === 'read' ? 0n : 1n, 'access type');
  assert.equal(number(slot, 16 + 0x28, 4), 6n, 'cache type');
  assert.equal(number(slot, 16 + 0x2c, 1), 3n, 'instruction byte count');
  assert.equal(number(slot, 16 + 0x2d, 1) & 1n, 0n, 'GvaValid');
  assert.equal(number(slot, 16 + 0x38, 8), SECRET, 'GPA');
  assert.deepEqual(slot.subarray(16 + 0x40, 16 + 0x43), instruction);
  handle(hv);
  leave(hv);
  assert.equal(hv.readRegister(0, Name.RIP), 0xaaaan);
};

/** VTL0 in long mode with the first GiB mapped to itself; VTL1 active. */
const pagedLower = (profile: ProfileName): Hypervisor => {
  const hv = create({ profile });
  mapIdentity(hv);
  enterLongMode(hv);
  return hv;
};

const translated = (hv: Hypervisor, address: bigint, vtl: number): readonly (bigint | number)[] => {
  const answer = status(hv, Code.TRANSLATE, translateInput(address, 1n, { vtl }));
  return [answer, output(hv, 0, 4), output(hv, 4, 1), output(hv, 8, 8)];
};

const enterSecure = (hv: Hypervisor): void => {
  succeed(
    hv,
    Code.ENABLE_PARTITION,
    bytes(16, [
      [0, 8, 0xffff_ffff_ffff_ffffn],
      [8, 1, 1],
    ]),
  );
  succeed(
    hv,
    Code.ENABLE_VP,
    Uint8Array.from([
      ...bytes(16, [
        [0, 8, 0xffff_ffff_ffff_ffffn],
        [8, 4, 0],
        [12, 1, 1],
      ]),
      ...bytes(224, [
        [192, 8, 0x31n],
        [216, 8, 0x0007_0406_0007_0406n],
      ]),
    ]),
  );
  hv.vtlCall(0);
};

const sparse = (hv: Hypervisor, access: number): bigint => {
  succeed(hv, Code.CHECK, checkInput(access, [SECRET_PAGE]), { reps: 1 });
  return output(hv, 0, 8);
};

export const memoryVectors: readonly ReferenceVector[] = [
  ...forProfiles('R24', ['kvm'], 'a new default mask once enabled is a success that changes nothing', (profile) => {
    const hv = protecting({ profile });
    assert.equal(set(hv, Name.CONFIG, 0x27n), 0);
    assert.equal(get(hv, Name.CONFIG), 0x3fn);
  }),
  ...forProfiles('R24', ['openhcl'], 'a new default mask once enabled is INVALID_REGISTER_VALUE', (profile) => {
    const hv = protecting({ profile });
    assert.equal(set(hv, Name.CONFIG, 0x27n), 0x50);
    assert.equal(get(hv, Name.CONFIG), 0x3fn);
  }),
  ...forProfiles('R25', ['kvm', 'openhcl', 'tlfs'], 'VTL0’s read of a page without rights goes to VTL1', (profile) => {
    intercepted(profile, 'read', 0x0);
  }),
  ...forProfiles(
    'R26',
    ['kvm', 'openhcl', 'tlfs'],
    'VTL0’s write to a page it may not write goes to VTL1',
    (profile) => {
      intercepted(profile, 'write', 0x1);
      intercepted(profile, 'write', 0x0);
    },
  ),
  ...forProfiles('R27', ['kvm'], 'VTL0 translates an address of its own', (profile) => {
    assert.deepEqual(translated(pagedLower(profile), 0x12_3000n, 0), [0, 0n, 6n, 0x123n]);
  }),
  ...forProfiles('R27', ['openhcl'], 'VTL0 is denied a translation of its own address', (profile) => {
    assert.equal(translated(pagedLower(profile), 0x12_3000n, 0)[0], 0x06);
  }),
  ...forProfiles('R28', ['kvm', 'openhcl'], 'VTL1 translates VTL0’s address', (profile) => {
    const hv = pagedLower(profile);
    enterSecure(hv);
    assert.deepEqual(translated(hv, 0x12_3000n, use(0)), [0, 0n, 6n, 0x123n]);
  }),
  ...forProfiles(
    'R29',
    ['kvm', 'openhcl'],
    'an address without a mapping is a success with result code 1',
    (profile) => {
      const hv = pagedLower(profile);
      enterSecure(hv);
      assert.deepEqual(translated(hv, 0x80_0000_0000n, use(0)).slice(0, 2), [0, 1n]);
    },
  ),
  ...forProfiles(
    'R30',
    ['kvm'],
    'a flush for a VP whose TLB VTL1 has locked waits, 64 times, until it unlocks',
    (profile) => {
      const hv = secure({ profile, processors: 2 });
      startOthers(hv, 2);
      leave(hv, 1);
      for (let round = 0; round < 64; round++) {
        for (const unlock of [
          () => assert.equal(set(hv, Name.SECURE_CONFIG_VTL0, 0n), 0),
          () => {
            leave(hv);
            hv.vtlCall(0);
          },
        ]) {
          assert.equal(set(hv, Name.SECURE_CONFIG_VTL0, 2n), 0);
          const before = hv.readRegister(1, Name.RIP);
          assert.deepEqual(call(hv, Code.FLUSH_SPACE, flushInput(0n, 1n), { vp: 1, at: 0x2_0000n }), {
            kind: 'waiting',
          });
          assert.deepEqual(hv.hypercallAgain(1), { kind: 'waiting' });
          assert.equal(hv.readRegister(1, Name.RIP), before);
          unlock();
          // RCX and RDX are VP 1's own: the very same instruction now goes through.
          assert.equal(completed(hv.hypercallAgain(1)).status, 0);
          assert.equal(hv.readRegister(1, Name.RIP), before + 3n);
        }
      }
    },
  ),
  ...forProfiles('R36', ['openhcl'], 'VTL0 never sees a byte of a region that VTL1 protects', (profile) => {
    const hv = protecting({ profile });
    hv.writePhysical(SECRET, new Uint8Array(0x10_0000).fill(0x5a));
    hv.writePhysical(SECRET + 10n, Uint8Array.of(0xa2));
    protect(
      hv,
      0,
      Array.from({ length: 256 }, (_, index) => SECRET_PAGE + index),
    );
    leave(hv);
    const result = hv.access(0, { access: 'read', address: SECRET + 10n, length: 1 });
    assert.deepEqual(result, { kind: 'intercept', vtl: 1, posted: true, entered: true });
    assert.deepEqual(hv.check(0, SECRET + 0xf_ffffn, 'read'), { kind: 'intercept', vtl: 1 });
    assert.deepEqual(hv.check(0, SECRET + 0x10_0000n, 'read'), { kind: 'allowed' });
    const own = hv.access(0, { access: 'read', address: SECRET + 10n, length: 1 });
    assert.deepEqual(own, { kind: 'done', data: Uint8Array.of(0xa2), gpa: SECRET + 10n });
  }),
  ...forProfiles('R37', ['openhcl'], 'VTL0’s write to a read-only region changes nothing', (profile) => {
    const hv = protecting({ profile });
    hv.writePhysical(SECRET, Uint8Array.of(0x11));
    protect(hv, 1, [SECRET_PAGE]);
    leave(hv);
    const result = hv.access(0, { access: 'write', address: SECRET, data: Uint8Array.of(0x99) });
    assert.equal(result.kind, 'intercept');
    assert.deepEqual(hv.readPhysical(SECRET, 1), Uint8Array.of(0x11));
  }),
  ...forProfiles('R55', ['openhcl'], 'map flags that are no mask are INVALID_REGISTER_VALUE', (profile) => {
    const plain = protecting({ profile });
    const mbec = protecting({ profile }, {}, true);
    const flags = (hv: Hypervisor, mask: number): number =>
      status(hv, Code.MODIFY, modify(mask, [SECRET_PAGE]), { reps: 1 });
    assert.equal(flags(plain, 0x2), 0x50);
    assert.equal(flags(plain, 0x4), 0x50);
    assert.equal(flags(plain, 0x9), 0x50);
    assert.equal(flags(mbec, 0x9), 0);
  }),
  {
    id: 'R56',
    profile: 'derived',
    what: 'a write that VTL1 would intercept is the word 0x00010201',
    run: () => {
      const hv = protecting();
      protect(hv, 1, [SECRET_PAGE]);
      assert.equal(sparse(hv, 2), 0x0001_0201n);
      assert.equal(sparse(hv, 1), 0n);
    },
  },
];
