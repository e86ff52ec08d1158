/** R08 to R18, R34, R35: enabling VTL1 and starting VPs. */
import assert from 'node:assert/strict';
import type { Hypervisor } from '../../../../../lib/emulator/hypervisor/hypervisor.js';
import {
  Code,
  create,
  enablePartition,
  enableVp,
  get,
  leave,
  Name,
  partitionOn,
  secure,
  startOthers,
  status,
  succeed,
  vpOn,
} from '../guest.js';
import { forProfiles, type ReferenceVector } from './vector.js';

const enable = (hv: Hypervisor, header: Parameters<typeof enablePartition>[0]): number =>
  status(hv, Code.ENABLE_PARTITION, enablePartition(header));

/** MaximumVtl as the guest reads it. */
const maximumVtl = (hv: Hypervisor): number => Number((get(hv, Name.PARTITION_STATUS) >> 16n) & 0xfn);

export const enablingVectors: readonly ReferenceVector[] = [
  ...forProfiles('R08', ['kvm', 'openhcl'], 'EnablePartitionVtl of partition 42 is INVALID_PARTITION_ID', (profile) => {
    assert.equal(enable(create({ profile }), { partition: 42n }), 0x0d);
  }),
  ...forProfiles('R09', ['kvm'], 'EnablePartitionVtl of VTL0 is INVALID_PARAMETER', (profile) => {
    assert.equal(enable(create({ profile }), { vtl: 0 }), 0x05);
  }),
  ...forProfiles('R09', ['openhcl'], 'EnablePartitionVtl of VTL0 is ACCESS_DENIED', (profile) => {
    assert.equal(enable(create({ profile }), { vtl: 0 }), 0x06);
  }),
  ...forProfiles('R10', ['kvm'], 'EnablePartitionVtl above the maximum is INVALID_PARAMETER', (profile) => {
    const hv = create({ profile });
    assert.equal(enable(hv, { vtl: maximumVtl(hv) + 1 }), 0x05);
  }),
  ...forProfiles('R10', ['openhcl'], 'EnablePartitionVtl above the maximum is ACCESS_DENIED', (profile) => {
    const hv = create({ profile });
    assert.equal(enable(hv, { vtl: maximumVtl(hv) + 1 }), 0x06);
  }),
  ...forProfiles('R11', ['kvm', 'openhcl'], 'EnableMbec where MBEC is not offered is INVALID_PARAMETER', (profile) => {
    assert.equal(enable(create({ profile, features: { mbec: false } }), { flags: 1 }), 0x05);
  }),
  ...forProfiles('R12', ['kvm', 'openhcl'], 'EnableVpVtl of partition 42 is INVALID_PARTITION_ID', (profile) => {
    assert.equal(status(partitionOn({ profile }), Code.ENABLE_VP, enableVp({ partition: 42n })), 0x0d);
  }),
  ...forProfiles('R13', ['kvm'], 'EnableVpVtl of VP 0xFFFFFFFF is INVALID_VP_INDEX', (profile) => {
    assert.equal(status(partitionOn({ profile }), Code.ENABLE_VP, enableVp({ vp: 0xffff_ffff })), 0x0e);
  }),
  ...forProfiles('R14', ['kvm', 'openhcl'], 'EnableVpVtl of VTL0 is INVALID_PARAMETER', (profile) => {
    assert.equal(status(partitionOn({ profile }), Code.ENABLE_VP, enableVp({ vtl: 0 })), 0x05);
  }),
  ...forProfiles('R15', ['kvm', 'tlfs'], 'a partition begins with VTL0 alone and without MBEC', (profile) => {
    const hv = create({ profile });
    const partition = get(hv, Name.PARTITION_STATUS);
    assert.deepEqual([partition & 0xffffn, (partition >> 20n) & 0xffffn], [1n, 0n]);
    const vp = get(hv, Name.VP_STATUS);
    assert.deepEqual([vp & 0xfn, (vp >> 4n) & 1n, vp >> 16n], [0n, 0n, 1n]);
  }),
  ...forProfiles('R16', ['kvm', 'tlfs'], 'EnablePartitionVtl puts VTL1 into the partition’s enabled set', (profile) => {
    assert.equal(get(partitionOn({ profile }), Name.PARTITION_STATUS), 0x1_0003n);
  }),
  ...forProfiles(
    'R17',
    ['kvm', 'tlfs'],
    'EnableVpVtl puts VTL1 into the VP’s set and leaves VTL0 active',
    (profile) => {
      assert.equal(get(vpOn({ profile }), Name.VP_STATUS), 0x3_0000n);
    },
  ),
  ...forProfiles('R18', ['tlfs'], 'VTL1 reads that it is active after a VTL call', (profile) => {
    assert.equal(get(secure({ profile }), Name.VP_STATUS), 0x3_0001n);
  }),
  ...forProfiles('R34', ['openhcl'], 'VTL1 of a VP before EnablePartitionVtl is INVALID_VTL_STATE', (profile) => {
    const hv = create({ profile, processors: 2 });
    assert.equal(status(hv, Code.START_VP, enableVp({ vp: 1 })), 0x51);
    assert.equal(status(hv, Code.ENABLE_VP, enableVp()), 0x51);
  }),
  ...forProfiles('R35', ['openhcl'], 'four VPs run with both VTLs enabled and started', (profile) => {
    const hv = secure({ profile, processors: 4 });
    startOthers(hv, 4);
    for (const vp of [1, 2, 3]) succeed(hv, Code.START_VP, enableVp({ vp, vtl: 0 }));
    for (const vp of [0, 1, 2, 3]) {
      assert.equal(get(hv, Name.VP_STATUS, {}, vp), 0x3_0001n, `VP ${vp} in VTL1`);
      leave(hv, vp);
      assert.equal(get(hv, Name.VP_STATUS, {}, vp), 0x3_0000n, `VP ${vp} in VTL0`);
    }
    assert.deepEqual(
      hv.describe().processors.map(({ running, enabledVtls }) => [running, ...enabledVtls]),
      [
        [true, 0, 1],
        [true, 0, 1],
        [true, 0, 1],
        [true, 0, 1],
      ],
    );
  }),
];
