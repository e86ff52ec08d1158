/** Every call alike, enabling VTLs, and starting VPs. */
import {
  Code,
  completed,
  context,
  create,
  enablePartition,
  enableVp,
  getInput,
  INPUT,
  leave,
  Name,
  partitionOn,
  secure,
  set,
  status,
  succeed,
  vpOn,
} from '../guest.js';
import { alike, row } from './row.js';

const other = 42n;

export const callRows = {
  'privilege-missing': alike(0x06, (profile) =>
    status(create({ profile, features: { accessVsm: false } }), Code.ENABLE_PARTITION, enablePartition()),
  ),
  'unknown-call': alike(0x02, (profile) => status(create({ profile }), 0x7777, enablePartition())),
  'control-reserved-bits': alike(
    0x03,
    (profile) => completed(create({ profile }).hypercall(0, { control: 0x0800_000dn, input: INPUT })).status,
  ),
  'control-bad-form': alike(0x03, (profile) => status(create({ profile }), Code.GET, getInput([]), { start: 1 })),
  'buffer-misaligned': alike(0x04, (profile) =>
    status(create({ profile }), Code.ENABLE_PARTITION, enablePartition(), { at: INPUT + 4n }),
  ),
  'buffer-no-ram': alike(0x05, (profile) =>
    status(create({ profile }), Code.ENABLE_PARTITION, enablePartition(), { at: 0x1_0000_0000n }),
  ),
  'input-reserved-bits': alike(0x05, (profile) =>
    status(create({ profile }), Code.ENABLE_PARTITION, enablePartition().fill(1, 15)),
  ),

  'enable-partition-not-self': alike(0x0d, (profile) =>
    status(create({ profile }), Code.ENABLE_PARTITION, enablePartition({ partition: other })),
  ),
  'enable-partition-bad-vtl': row([0x06, 0x06, 0x05], (profile) =>
    status(create({ profile }), Code.ENABLE_PARTITION, enablePartition({ vtl: 2 })),
  ),
  'enable-partition-bad-flags': alike(0x05, (profile) =>
    status(create({ profile }), Code.ENABLE_PARTITION, enablePartition({ flags: 0x8 })),
  ),
  'enable-partition-no-vsm': alike(0x06, (profile) =>
    status(create({ profile, features: { vsm: false } }), Code.ENABLE_PARTITION, enablePartition()),
  ),
  'enable-partition-again': row([0x51, 0x51, 0x05], (profile) =>
    status(partitionOn({ profile }), Code.ENABLE_PARTITION, enablePartition()),
  ),

  'enable-vp-not-self': alike(0x0d, (profile) =>
    status(partitionOn({ profile }), Code.ENABLE_VP, enableVp({ partition: other })),
  ),
  'enable-vp-missing-vp': alike(0x0e, (profile) =>
    status(partitionOn({ profile }), Code.ENABLE_VP, enableVp({ vp: 1 })),
  ),
  'enable-vp-bad-vtl': alike(0x05, (profile) => status(partitionOn({ profile }), Code.ENABLE_VP, enableVp({ vtl: 2 }))),
  'enable-vp-partition-off': row([0x51, 0x51, 0x05], (profile) =>
    status(create({ profile }), Code.ENABLE_VP, enableVp()),
  ),
  'enable-vp-not-first': row([0x06, 0x06, 0x05], (profile) =>
    status(vpOn({ profile, processors: 2 }), Code.ENABLE_VP, enableVp({ vp: 1 })),
  ),
  'enable-vp-again': row([0x86, 0x86, 0x05], (profile) => status(secure({ profile }), Code.ENABLE_VP, enableVp())),
  'enable-vp-real-mode': alike(0x05, (profile) =>
    status(partitionOn({ profile }), Code.ENABLE_VP, enableVp({}, context({ cr0: 0x30n }))),
  ),

  'start-vp-not-self': alike(0x0d, (profile) =>
    status(create({ profile, processors: 2 }), Code.START_VP, enableVp({ partition: other, vp: 1, vtl: 0 })),
  ),
  'start-vp-bad-vp': alike(0x0e, (profile) =>
    status(create({ profile, processors: 2 }), Code.START_VP, enableVp({ vp: 0, vtl: 0 })),
  ),
  'start-vp-partition-off': alike(0x51, (profile) =>
    status(create({ profile, processors: 2 }), Code.START_VP, enableVp({ vp: 1 })),
  ),
  'start-vp-higher-vtl': alike(0x06, (profile) =>
    status(partitionOn({ profile, processors: 2 }), Code.START_VP, enableVp({ vp: 1 })),
  ),
  'start-vp-vtl-off': alike(0x15, (profile) =>
    status(secure({ profile, processors: 2 }), Code.START_VP, enableVp({ vp: 1 })),
  ),
  'start-vp-denied': alike(0x06, (profile) => {
    const hv = secure({ profile, processors: 2 });
    set(hv, Name.CONFIG, 0x7en);
    leave(hv);
    return status(hv, Code.START_VP, enableVp({ vp: 1, vtl: 0 }));
  }),
  'start-vp-started': alike(0x15, (profile) => {
    const hv = create({ profile, processors: 2 });
    succeed(hv, Code.START_VP, enableVp({ vp: 1, vtl: 0 }));
    return status(hv, Code.START_VP, enableVp({ vp: 1, vtl: 0 }));
  }),
} as const;
