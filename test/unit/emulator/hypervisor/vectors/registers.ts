/** R01 to R07: GetVpRegisters and SetVpRegisters. */
import assert from 'node:assert/strict';
import type { Hypervisor } from '../../../../../lib/emulator/hypervisor/hypervisor.js';
import { Code, call, completed, create, getInput, getStatus, Name, set, setInput, use } from '../guest.js';
import { forProfiles, type ReferenceVector } from './vector.js';

const BAD = 0xacac_acac;

const emptyCall = (hv: Hypervisor, code: number): number => completed(call(hv, code, getInput([]), { reps: 0 })).status;

export const registerVectors: readonly ReferenceVector[] = [
  ...forProfiles('R01', ['kvm'], 'reading a register of a VP that does not exist is INVALID_VP_INDEX', (profile) => {
    assert.equal(getStatus(create({ profile }), Name.PARTITION_STATUS, { vp: BAD }), 0x0e);
  }),
  ...forProfiles('R02', ['kvm'], 'writing a register of a VP that does not exist is INVALID_VP_INDEX', (profile) => {
    assert.equal(set(create({ profile }), Name.RAX, 1n, { vp: BAD }), 0x0e);
  }),
  ...forProfiles('R03', ['kvm', 'tlfs'], 'reserved bits of the input VTL are INVALID_PARAMETER', (profile) => {
    assert.equal(getStatus(create({ profile }), Name.PARTITION_STATUS, { vtl: 0xff }), 0x05);
    assert.equal(set(create({ profile }), Name.RAX, 1n, { vtl: 0xff }), 0x05);
  }),
  ...forProfiles('R04', ['kvm', 'openhcl', 'tlfs'], 'VTL0 is denied registers of VTL1', (profile) => {
    assert.equal(getStatus(create({ profile }), Name.RAX, { vtl: use(1) }), 0x06);
    assert.equal(set(create({ profile }), Name.RAX, 1n, { vtl: use(1) }), 0x06);
  }),
  ...forProfiles('R05', ['kvm', 'openhcl'], 'an unknown register is INVALID_PARAMETER', (profile) => {
    assert.equal(getStatus(create({ profile }), BAD), 0x05);
    assert.equal(set(create({ profile }), BAD, 1n), 0x05);
  }),
  ...forProfiles('R06', ['kvm'], 'no names at all is a success', (profile) => {
    assert.equal(emptyCall(create({ profile }), Code.GET), 0);
    assert.equal(emptyCall(create({ profile }), Code.SET), 0);
  }),
  ...forProfiles('R06', ['tlfs', 'openhcl'], 'no names at all is INVALID_HYPERCALL_INPUT', (profile) => {
    assert.equal(emptyCall(create({ profile }), Code.GET), 0x03);
    assert.equal(emptyCall(create({ profile }), Code.SET), 0x03);
  }),
  ...forProfiles('R07', ['kvm'], 'five names and their values do not fit the fast registers', (profile) => {
    const names = [Name.VP_STATUS, Name.VP_STATUS, Name.VP_STATUS, Name.VP_STATUS, Name.VP_STATUS];
    const five = completed(call(create({ profile }), Code.GET, getInput(names), { fast: true, reps: 5 }));
    assert.deepEqual([five.status, five.repsCompleted], [0x03, 0]);
    const four = completed(call(create({ profile }), Code.GET, getInput(names.slice(1)), { fast: true, reps: 4 }));
    assert.deepEqual([four.status, four.repsCompleted], [0, 4]);
    assert.equal(
      call(create({ profile }), Code.SET, setInput([[Name.RAX, 1n]]), { fast: true, reps: 1 }).kind,
      'completed',
    );
  }),
];
