/** TranslateVirtualAddress and …Ex (facts/vsm.md 1.5, 1.14). */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Hypervisor } from '../../../../lib/emulator/hypervisor/hypervisor.js';
import {
  Code,
  call,
  create,
  enablePartition,
  enableVp,
  enterLongMode,
  flushInput,
  leave,
  Msr,
  mapIdentity,
  Name,
  number,
  output,
  protect,
  secure,
  set,
  setUpSynic,
  startOthers,
  status,
  succeed,
  TABLES,
  translateInput,
  use,
  write,
} from './guest.js';

/** VTL0 in long mode with supervisor pages, VTL1 active and protecting. */
const guest = (flags = 0x3n): Hypervisor => {
  const hv = create({ processors: 2 });
  write(hv, Msr.GUEST_OS_ID, 1n);
  write(hv, Msr.HYPERCALL, 0x6_0001n);
  mapIdentity(hv, flags);
  enterLongMode(hv);
  succeed(hv, Code.ENABLE_PARTITION, enablePartition());
  succeed(hv, Code.ENABLE_VP, enableVp());
  hv.vtlCall(0);
  setUpSynic(hv);
  assert.equal(set(hv, Name.CONFIG, 0x3fn), 0);
  return hv;
};

/** Result code, cache type, overlay bit, page. */
const translated = (hv: Hypervisor, address: bigint, flags: bigint): readonly number[] => {
  succeed(hv, Code.TRANSLATE, translateInput(address, flags));
  return [output(hv, 0, 4), output(hv, 4, 1), output(hv, 5, 1), output(hv, 8, 8)].map(Number);
};

describe('TranslateVirtualAddress', () => {
  test('answers the code, the cache type, whether it is an overlay, and the page', () => {
    const hv = guest();
    assert.deepEqual(translated(hv, 0x12_3456n, 0n), [0, 6, 0, 0x123]);
    assert.deepEqual(translated(hv, 0x6_0000n, 1n), [0, 6, 1, 0x60]);
    assert.deepEqual(translated(hv, 0x6_0000n, 2n), [7, 0, 0, 0]);
    assert.deepEqual(translated(hv, 0x12_3000n, 0x81n), [2, 0, 0, 0]);
    assert.deepEqual(
      translated(hv, 0x12_3000n, 0x3c7n),
      [2, 0, 0, 0],
      'every flag but the lock, the bits and exemption',
    );
    assert.deepEqual(translated(hv, 0x12_3000n, 0x347n), [0, 6, 0, 0x123]);
    assert.deepEqual(translated(hv, 0x4000_0000n, 0n), [1, 0, 0, 0]);
    assert.deepEqual(translated(hv, 0x400_0000n, 0n), [4, 0, 0, 0]);
    protect(hv, 1, [0x123]);
    assert.deepEqual(translated(hv, 0x12_3000n, 1n), [0, 6, 0, 0x123]);
    assert.deepEqual(translated(hv, 0x12_3000n, 2n), [8, 0, 0, 0]);
  });

  test('takes addresses by page number, the highest ones too', () => {
    const hv = guest();
    assert.deepEqual(translated(hv, 0xffff_ffff_ffff_f000n, 0n), [1, 0, 0, 0]);
  });

  test('sets accessed and dirty bits only when asked', () => {
    const entry = (hv: Hypervisor): bigint => number(hv.readPhysical(TABLES + 0x1000n, 8), 0, 8);
    const hv = guest();
    translated(hv, 0x1000n, 2n);
    assert.equal(entry(hv), 0x83n);
    translated(hv, 0x1000n, 0x12n);
    assert.equal(entry(hv), 0xe3n);
  });

  test('with the flush inhibited holds VTL0’s flushes back until VTL1 returns', () => {
    const hv = guest();
    startOthers(hv, 2);
    leave(hv, 1);
    assert.deepEqual(translated(hv, 0x4000_0000n, 0x20n)[0], 1);
    const flush = { vp: 1, at: 0x2_0000n };
    assert.equal(call(hv, Code.FLUSH_SPACE, flushInput(0n, 1n), flush).kind, 'completed', 'a failure locks nothing');
    assert.equal(translated(hv, 0x1000n, 0x1n)[0], 0);
    assert.equal(call(hv, Code.FLUSH_SPACE, flushInput(0n, 1n), flush).kind, 'completed', 'nobody asked for a lock');
    assert.equal(translated(hv, 0x1000n, 0x20n)[0], 0);
    assert.equal(call(hv, Code.FLUSH_SPACE, flushInput(0n, 1n), flush).kind, 'waiting');
    leave(hv);
    assert.equal(hv.hypercallAgain(1).kind, 'completed');
  });

  test('of its own VTL in the KVM fork locks nothing', () => {
    const hv = create({ profile: 'kvm' });
    assert.equal(status(hv, Code.TRANSLATE, translateInput(0x5000n, 0x20n, { vtl: 0 })), 0);
    assert.deepEqual([output(hv, 0, 8), output(hv, 8, 8)], [0x6_0000_0000n, 5n]);
    assert.equal(status(hv, Code.FLUSH_SPACE, flushInput(0n, 1n)), 0);
  });

  test('refuses reserved flags, bytes and VTL bits', () => {
    const hv = guest();
    for (const flag of [10n, 11n, 32n, 55n]) {
      assert.equal(status(hv, Code.TRANSLATE, translateInput(0n, 1n << flag)), 0x05, `bit ${flag}`);
    }
    assert.equal(status(hv, Code.TRANSLATE, translateInput(0n, 0n, { vtl: 0x30 })), 0x05);
    const padded = translateInput(0n, 0n);
    padded[12] = 1;
    assert.equal(status(hv, Code.TRANSLATE, padded), 0x05);
    assert.equal(status(secure({ processors: 2 }), Code.TRANSLATE, translateInput(0n, 0n, { vp: 1 })), 0x06);
  });

  test('in its …Ex form has 64 bytes of output, the page at 48', () => {
    const hv = guest();
    succeed(hv, Code.TRANSLATE_EX, translateInput(0x12_3000n, 1n, { vtl: use(0) }));
    assert.deepEqual([output(hv, 0, 8), output(hv, 8, 8), output(hv, 48, 8)], [0x6_0000_0000n, 0n, 0x123n]);
    assert.equal(status(hv, Code.TRANSLATE_EX, translateInput(0n, 0n), { to: 0x1_1fc8n }), 0x03);
  });

  test('comes in registers too, its answer in XMM1', () => {
    const hv = guest();
    assert.equal(status(hv, Code.TRANSLATE, translateInput(0x12_3000n, 1n), { fast: true }), 0);
    assert.equal(hv.readRegister(0, Name.XMM0 + 1), 0x6_0000_0000n | (0x123n << 64n));
  });
});
