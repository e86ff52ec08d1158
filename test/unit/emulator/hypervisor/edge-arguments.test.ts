/** Wrong arguments at the public edge, from JavaScript without types: each is refused in words, and nothing has changed. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { boot, eventText, Hypervisor } from '../../../../lib/emulator/index.js';

type Wrong = readonly (readonly [string, () => unknown, RegExp])[];

/** What a caller without types can hand over. */
const any = <T>(value: unknown): T => value as T;
const bytes = new Uint8Array(8);

describe('a wrong argument', () => {
  const hv = new Hypervisor();
  const machine = boot();
  const kernel = machine.compromisedKernel();
  const { platform } = machine;
  const wrong: Wrong = [
    ['options that are none', () => new Hypervisor(any(5)), /options must be an object; got 5/],
    ['an option that is none', () => new Hypervisor(any({ processor: 2 })), /options has no property 'processor'/],
    ['a feature that is none', () => new Hypervisor(any({ features: { mbecc: true } })), /no property 'mbecc'/],
    ['RAM that is no list', () => new Hypervisor({ ram: any('x') }), /options\.ram is a list/],
    ['a VP by text', () => hv.readMsr(any('0'), 0x10), /VP 0 to VP 0; got '0'/],
    ['no request', () => hv.access(0, any(undefined)), /request must be an object/],
    ['a negative length', () => hv.access(0, { access: 'read', address: 0n, length: -1 }), /length .* got -1/],
    ['a length of a terabyte', () => hv.access(0, { access: 'read', address: 0n, length: 2 ** 40 }), /length/],
    ['half a byte', () => hv.access(0, { access: 'read', address: 0n, length: 1.5 }), /length/],
    [
      'text to write',
      () => hv.access(0, { access: 'write', address: 0n, data: any('x') }),
      /data must be a Uint8Array/,
    ],
    ['a call without a request', () => hv.hypercall(0, any(0)), /request must be an object; got 0/],
    ['XMM that is no list', () => hv.hypercall(0, { control: 0n, xmm: any(5) }), /xmm is a list/],
    ['an XMM that is too wide', () => hv.hypercall(0, { control: 0n, xmm: [2n ** 128n] }), /xmm\[0\] .*128-bit/],
    ['an MSR by text', () => hv.readMsr(0, any('x')), /msr must be a whole number/],
    ['half an MSR', () => hv.writeMsr(0, 1.5, 0n), /msr must be a whole number/],
    ['three bytes of a port', () => hv.ioPort(0, 0x60, 'read', any(3)), /size is 1 or 2 or 4; got 3/],
    ['a port that is executed', () => hv.ioPort(0, 0x60, any('execute')), /access is 'read' or 'write'/],
    ['a device without a buffer', () => hv.transferByDevice(0n, any('x'), 'read'), /buffer must be a Uint8Array/],
    ['a device’s direction', () => hv.transferByDevice(0n, bytes, any('rd')), /direction is 'read' or 'write'/],
    ['a negative host read', () => hv.readPhysical(0n, -1), /length/],
    ['a host write of a number', () => hv.writePhysical(0n, any(5)), /bytes must be a Uint8Array/],
    ['a page of no name', () => hv.page(0, 0, any('zzz')), /which is 'assist' or 'messages'/],
    ['a copy of text', () => hv.copy(0, 0, any('x'), 'read'), /buffer must be a Uint8Array/],
    ['a copy nowhere', () => hv.copy(0, 0, bytes, any('to')), /direction/],
    ['a page that is none', () => hv.zeroPage(-1), /page number/],
    ['a snapshot that is none', () => hv.restore(any({})), /none of a hypervisor/],
    ['half a snapshot', () => hv.restore(any({ state: { slat: {}, vps: [] } })), /none of a hypervisor/],
    ['an event that is none', () => eventText(any({})), /no event of the kind/],
    ['an event of another kind', () => eventText(any({ kind: 'toString' })), /'toString'/],
    ['a processor there is not', () => machine.compromisedKernel(9), /VP 0 to VP 1; got 9/],
    ['an attack on no page', () => kernel.mapAndRead(-1, 4), /page number/],
    ['an attack beyond all pages', () => kernel.mapAndRead(2 ** 40, 4), /page number/],
    ['a write of text', () => kernel.write(0n, any('x')), /data must be a Uint8Array/],
    ['a block of no pages', () => platform.exclusiveBlock(0, 0), /pageCount .* got 0/],
    ['half a page', () => platform.exclusiveBlock(1.5, 0), /pageCount/],
    ['rights by text', () => platform.exclusiveBlock(1, any('rw')), /rights must be a whole number/],
    ['a driver of text', () => platform.loadDriver(any('x'), true), /code must be a Uint8Array/],
    [
      'a driver of two pages',
      () => platform.loadDriver(new Uint8Array(8192), true),
      /at most 4096 bytes here; got 8192/,
    ],
    ['a state that is none', () => platform.advanceTo(any('X')), /no state 'X'/],
    ['events from text on', () => machine.eventLines(any('x')), /from must be a number/],
  ];
  for (const [what, act, says] of wrong) {
    test(`${what} is refused in words`, () => {
      const before = [hv.describe(), machine.hypervisor.describe(), platform.boot, platform.secureBlocks];
      assert.throws(act, { name: 'TrustletError', code: 'ERR_TRUSTLET_ARGUMENT', message: says });
      assert.deepEqual([hv.describe(), machine.hypervisor.describe(), platform.boot, platform.secureBlocks], before);
    });
  }
});
