/** What the embedding program gets wrong is ERR_TRUSTLET_ARGUMENT; what a guest gets wrong never throws. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Hypervisor } from '../../../../lib/emulator/hypervisor/hypervisor.js';
import { configOf, createPartition } from '../../../../lib/emulator/hypervisor/partition.js';
import type { HypervisorOptions } from '../../../../lib/emulator/hypervisor/state.js';
import { bytes, Code, create, INPUT, Name, OUTPUT, PROFILES, protecting, refusesMisuse } from './guest.js';

describe('options out of range', () => {
  const options: readonly (readonly [HypervisorOptions, RegExp])[] = [
    [{ processors: 0 }, /processors is a whole number from 1 to 64; got 0/],
    [{ processors: 65 }, /processors .* got 65/],
    [{ processors: 1.5 }, /processors .* got 1\.5/],
    [{ repBudget: 0 }, /repBudget is a whole number from 1 to 4095/],
    [{ repBudget: 4096 }, /repBudget/],
    [{ eventCapacity: -1 }, /eventCapacity is a whole number from 0 to 1000000/],
    [{ profile: 'xen' as 'kvm' }, /'openhcl', 'tlfs' or 'kvm'; got/],
    [{ profile: 'toString' as 'kvm' }, /'openhcl', 'tlfs' or 'kvm'; got/],
    [{ switches: { crossing: 'x' } as object }, /no switch 'crossing'.*; there are capabilityBits, protectionTarget/],
    [{ switches: { toString: 'x' } as object }, /no switch/],
    [{ switches: { secondEnable: 'SUCCESS' as 'INVALID_PARAMETER' } }, /secondEnable takes INVALID_VTL_STATE or/],
    [{ ram: [] }, /at least one page/],
    [{ ram: [{ firstPage: 5, pageCount: 0 }] }, /RAM ranges/],
  ];
  for (const [given, says] of options) {
    test(`${JSON.stringify(given)} are refused`, () => refusesMisuse(() => create(given), says));
  }
});

describe('a wrong call', () => {
  const calls: readonly (readonly [string, (hv: Hypervisor) => unknown, RegExp])[] = [
    ['a VP that does not exist', (hv) => hv.activeVtl(7), /VP 0 to VP 1; got 7/],
    ['a VP that does not run', (hv) => hv.vtlCall(1), /VP 1 has not been started/],
    ['its memory', (hv) => hv.access(1, { access: 'read', address: 0n }), /not been started/],
    ['its MSRs', (hv) => hv.readMsr(1, 0x10), /not been started/],
    ['a VTL that does not exist', (hv) => hv.raise(0, 2, 0x40), /VTL0 to VTL1; got VTL2/],
    ['a page of such a VTL', (hv) => hv.page(0, -1, 'assist'), /got VTL-1/],
    ['a check for such a VTL', (hv) => hv.check(5, 0n, 'read'), /got VTL5/],
    ['an access of no kind', (hv) => hv.check(0, 0n, 'peek' as 'read'), /'read', 'write' or 'execute'/],
    [
      'a memory access of no kind',
      (hv) => hv.access(0, { access: 'peek' as 'read', address: 0n }),
      /'read', 'write' or 'execute'/,
    ],
    ['a vector of the processor’s own', (hv) => hv.raise(0, 0, 15), /from 16 to 255; got 15/],
    ['a vector that is none', (hv) => hv.raise(0, 0, 256), /got 256/],
    ['half a vector', (hv) => hv.raise(0, 0, 32.5), /got 32\.5/],
    [
      'a control word that is too wide',
      (hv) => hv.hypercall(0, { control: 1n << 64n }),
      /control is an unsigned 64-bit bigint/,
    ],
    ['a negative input', (hv) => hv.hypercall(0, { control: 0n, input: -1n }), /input is an unsigned/],
    [
      'a number for an output',
      (hv) => hv.hypercall(0, { control: 0n, output: 5 as unknown as bigint }),
      /output is an unsigned/,
    ],
    [
      'a seventeenth XMM register',
      (hv) => hv.hypercall(0, { control: 0n, xmm: new Array<bigint>(17).fill(0n) }),
      /xmm is a list of at most 16 values/,
    ],
    [
      'a number for an address',
      (hv) => hv.access(0, { access: 'read', address: 5 as unknown as bigint }),
      /address is an unsigned/,
    ],
    ['a negative physical address', (hv) => hv.readPhysical(-1n, 1), /address is an unsigned/],
    ['a device’s negative address', (hv) => hv.transferByDevice(-1n, new Uint8Array(1), 'read'), /unsigned bigint/],
    ['time that runs backwards', (hv) => hv.advanceTime(-1n), /ticks is an unsigned/],
    ['an MSR value that is too wide', (hv) => hv.writeMsr(0, 0x10, 1n << 64n), /value is an unsigned/],
    ['a register value that is too wide', (hv) => hv.writeRegister(0, Name.RAX, 1n << 64n), /unsigned 64-bit/],
    ['a segment value that is too wide', (hv) => hv.writeRegister(0, Name.SS, 1n << 128n), /unsigned 128-bit/],
    ['a register that is none', (hv) => hv.readRegister(0, 0x1234), /no architectural register 0x1234/],
    ['a register of VSM’s', (hv) => hv.writeRegister(0, Name.VINA, 0n), /no architectural register VsmVina/],
    ['VTL0’s protections', (hv) => hv.protection(0, 0n), /VTL0 has no lower VTL/],
    ['a port that is none', (hv) => hv.ioPort(0, 0x1_0000, 'read'), /I\/O port is a whole number from 0 to 65535/],
  ];
  for (const [text, run, says] of calls) {
    test(`with ${text} is refused`, () => refusesMisuse(() => run(create({ processors: 2 })), says));
  }

  test('a partition’s VTL that does not exist', () => {
    refusesMisuse(() => configOf(createPartition(2), 2), /VTL0 to VTL1; got VTL2/);
  });
});

describe('whatever a guest does', () => {
  for (const profile of PROFILES) {
    test(`no hypercall throws (${profile}): any code, form and input`, () => {
      const hv = protecting({ profile, processors: 2, repBudget: 2 });
      let seed = 12_345;
      const random = (below: number): number => {
        seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
        return (seed >>> 8) % below;
      };
      const word = (): bigint =>
        [0n, 1n, 0x10n, 0x11n, 0x1bn, 0xf0n, 0xffff_ffff_ffff_ffffn, BigInt(random(2 ** 24))][random(8)] ?? 0n;
      const kinds = new Set<string>();
      for (let step = 0; step < 5000; step++) {
        const code = BigInt(Object.values(Code)[random(19)] ?? 0) + (random(40) === 0 ? 1n : 0n);
        const control = code | (BigInt(random(2)) << 16n) | (BigInt(random(4)) << 32n) | (BigInt(random(2)) << 48n);
        for (let offset = 0n; offset < 64n; offset += 8n) hv.writePhysical(INPUT + offset, bytes(8, [[0, 8, word()]]));
        if (random(4) > 0) hv.writePhysical(INPUT, new Uint8Array(8).fill(0xff));
        if (random(50) === 0) hv.vtlCall(0);
        const request = { control, output: random(2) === 0 ? OUTPUT : word(), xmm: [word(), word()] };
        kinds.add(hv.hypercall(0, { ...request, input: random(3) === 0 ? word() : INPUT }).kind);
        if (random(50) === 0) kinds.add(hv.vtlReturn(0, 1n).kind);
      }
      assert.deepEqual(
        [...kinds].filter(
          (kind) => !['completed', 'continued', 'intercept', 'vtl-switch', 'fault', 'waiting'].includes(kind),
        ),
        [],
      );
      assert.ok(kinds.has('completed') && kinds.has('continued'));
    });
  }
});
