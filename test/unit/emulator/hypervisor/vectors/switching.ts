/** R19 to R23, R31 to R33, R45 to R48: VTL switches, what they keep, and interrupts between VTLs. */
import assert from 'node:assert/strict';
import {
  Code,
  create,
  ipiInput,
  leave,
  Msr,
  msr,
  Name,
  secure,
  startOthers,
  succeed,
  use,
  vpOn,
  write,
} from '../guest.js';
import { forProfiles, type ReferenceVector } from './vector.js';

const UD = { kind: 'fault', vector: 6, errorCode: null };

export const switchingVectors: readonly ReferenceVector[] = [
  ...forProfiles('R19', ['kvm', 'tlfs'], 'RFLAGS is private to each VTL', (profile) => {
    const hv = secure({ profile });
    hv.writeRegister(0, Name.RFLAGS, 0x3n);
    leave(hv);
    assert.equal(hv.readRegister(0, Name.RFLAGS), 0x2n);
    hv.writeRegister(0, Name.RFLAGS, 0x42n);
    hv.vtlCall(0);
    assert.equal(hv.readRegister(0, Name.RFLAGS), 0x3n);
  }),
  ...forProfiles('R20', ['kvm', 'tlfs'], 'CR3 of each VTL outlives two switches', (profile) => {
    const hv = secure({ profile }, { cr3: 0x9_9000n });
    leave(hv);
    hv.writeRegister(0, Name.CR3, 0x8_8000n);
    hv.vtlCall(0);
    assert.equal(hv.readRegister(0, Name.CR3), 0x9_9000n);
    leave(hv);
    assert.equal(hv.readRegister(0, Name.CR3), 0x8_8000n);
  }),
  ...forProfiles('R21', ['kvm', 'tlfs'], 'FS.base is private to each VTL', (profile) => {
    const hv = secure({ profile });
    write(hv, 0xc000_0100, 0x1234_5678_9abcn);
    leave(hv);
    assert.equal(msr(hv, 0xc000_0100), 0n);
    hv.vtlCall(0);
    assert.equal(msr(hv, 0xc000_0100), 0x1234_5678_9abcn);
  }),
  ...forProfiles('R22', ['tlfs'], 'VTL1 reads the RBX that VTL0 had', (profile) => {
    const hv = vpOn({ profile });
    hv.writeRegister(0, Name.RBX, 0x1122_3344_5566_7788n);
    hv.vtlCall(0);
    assert.equal(hv.readRegister(0, Name.RBX), 0x1122_3344_5566_7788n);
  }),
  ...forProfiles('R23', ['kvm'], 'the TSC pages of both VTLs agree wherever each lies', (profile) => {
    const hv = secure({ profile });
    const page = (address: bigint): Uint8Array => {
      write(hv, Msr.REFERENCE_TSC, address | 1n);
      const result = hv.access(0, { access: 'read', address, length: 24, physical: true });
      assert.equal(result.kind, 'done');
      return result.kind === 'done' ? result.data : new Uint8Array(0);
    };
    const vtl1 = page(0x6_0000n);
    leave(hv);
    const vtl0 = page(0x7_0000n);
    assert.deepEqual(vtl0, vtl1);
    // Sequence 1, scale 10 MHz / 2 GHz in 64 fraction bits, offset 0.
    assert.equal(Buffer.from(vtl0).toString('hex'), '0100000000000000ae47e17a14ae47010000000000000000');
    hv.vtlCall(0);
    assert.equal(msr(hv, Msr.REFERENCE_TSC), 0x6_0001n);
  }),
  ...forProfiles('R31', ['kvm'], 'VTL1’s APIC has an integrated version and VTL0’s id', (profile) => {
    const hv = secure({ profile });
    const version = msr(hv, 0x803) & 0xffn;
    assert.ok(version >= 0x10n && version <= 0x15n);
    const id = msr(hv, 0x802);
    leave(hv);
    assert.equal(msr(hv, 0x802), id);
  }),
  ...forProfiles('R32', ['kvm', 'tlfs'], 'an IPI from VTL0 to VTL0 is delivered', (profile) => {
    const hv = create({ profile, processors: 2 });
    write(hv, 0x830, 0x1_0000_0500n);
    write(hv, 0x830, 0x1_0000_0608n);
    hv.writeRegister(1, Name.RFLAGS, 0x202n);
    write(hv, Msr.ICR, 0x1_0000_0061n);
    assert.deepEqual(hv.nextEvent(1), { kind: 'interrupt', vector: 0x61 });
    succeed(hv, Code.IPI, ipiInput(0x71, 0, 2n));
    assert.deepEqual(hv.nextEvent(1), { kind: 'interrupt', vector: 0x71 });
  }),
  ...forProfiles('R33', ['kvm', 'tlfs'], 'an IPI from VTL1 enters VTL1 of a VP that runs VTL0 at once', (profile) => {
    const hv = secure({ profile, processors: 2 });
    startOthers(hv, 2);
    for (const send of [
      () => write(hv, Msr.ICR, 0x1_0000_0061n),
      () => succeed(hv, Code.IPI, ipiInput(0x71, use(1), 2n)),
    ]) {
      leave(hv, 1);
      assert.equal(hv.activeVtl(1), 0);
      send();
      assert.equal(hv.activeVtl(1), 1);
      assert.equal(hv.page(1, 1, 'assist')[8], 2);
      hv.writeRegister(1, Name.RFLAGS, 0x202n);
      assert.equal(hv.nextEvent(1)?.kind, 'interrupt');
      hv.endOfInterrupt(1);
    }
  }),
  ...forProfiles('R45', ['openhcl', 'tlfs'], 'a VTL return with input 0 switches to VTL0', (profile) => {
    const hv = secure({ profile });
    assert.deepEqual(hv.vtlReturn(0, 0n), { kind: 'vtl-switch', from: 1, to: 0 });
    assert.equal(hv.activeVtl(0), 0);
  }),
  ...forProfiles('R46', ['openhcl', 'tlfs'], 'a VTL return with input 2 is #UD', (profile) => {
    const hv = secure({ profile });
    assert.deepEqual(hv.vtlReturn(0, 2n), UD);
    assert.equal(hv.activeVtl(0), 1);
  }),
  ...forProfiles('R47', ['openhcl', 'tlfs'], 'a VTL return from VTL0 is #UD', (profile) => {
    assert.deepEqual(vpOn({ profile }).vtlReturn(0), UD);
    assert.deepEqual(create({ profile }).vtlReturn(0), UD);
  }),
  ...forProfiles('R48', ['openhcl', 'tlfs'], 'a VTL return with the fast bit is #UD', (profile) => {
    const hv = secure({ profile });
    hv.writeRegister(0, Name.RAX, 0n);
    assert.deepEqual(hv.hypercall(0, { control: 0x1_0012n }), UD);
    assert.equal(hv.activeVtl(0), 1);
  }),
];
