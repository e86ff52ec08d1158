/** GetVpRegisters and SetVpRegisters. */
import { create, getStatus, Name, partitionOn, protecting, secure, set, use, vpOn } from '../guest.js';
import { alike, row } from './row.js';

const other = 42n;

export const registerRows = {
  'registers-not-self': row([0x06, 0x06, 0x0d], (profile) =>
    getStatus(create({ profile }), Name.VP_STATUS, { partition: other }),
  ),
  'get-registers-other-vp': row([0x06, 0x00, 0x00], (profile) =>
    getStatus(create({ profile, processors: 2 }), Name.VP_STATUS, { vp: 1 }),
  ),
  'get-registers-missing-vp': row([0x06, 0x0e, 0x0e], (profile) =>
    getStatus(create({ profile, processors: 2 }), Name.VP_STATUS, { vp: 2 }),
  ),
  'set-registers-other-vp': row([0x0e, 0x00, 0x00], (profile) =>
    set(create({ profile, processors: 2 }), Name.ASSIST_PAGE, 0n, { vp: 1 }),
  ),
  'set-registers-missing-vp': alike(0x0e, (profile) =>
    set(create({ profile, processors: 2 }), Name.ASSIST_PAGE, 0n, { vp: 2 }),
  ),
  'registers-higher-vtl': alike(0x06, (profile) => getStatus(vpOn({ profile }), Name.VINA, { vtl: use(1) })),
  'registers-own-vtl': row([0x06, 0x00, 0x00], (profile) => getStatus(create({ profile }), Name.RBX)),
  'registers-unknown': alike(0x05, (profile) => getStatus(create({ profile }), 0x000d_0020)),
  'registers-no-vsm-privilege': alike(0x06, (profile) =>
    getStatus(create({ profile, features: { accessVsm: false } }), Name.CAPABILITIES),
  ),
  'registers-pending-event-vtl': alike(0x05, (profile) => set(secure({ profile }), Name.PENDING_EVENT, 0x000d_0101n)),
  'registers-vina-vtl0': alike(0x05, (profile) => set(secure({ profile }), Name.VINA, 0x130n, { vtl: use(0) })),
  'cr-intercept-not-vtl1': row([0x06, 0x06, 0x00], (profile) =>
    set(secure({ profile }), Name.CR_CONTROL, 1n, { vtl: use(0) }),
  ),
  // OpenHCL never comes so far: the registers of another VP are refused before, and on its own VP a VTL1 that calls is enabled.
  'cr-intercept-vtl-off': row([0x06, 0x51, 0x00], (profile) =>
    getStatus(secure({ profile, processors: 2 }), Name.CR_CONTROL, { vp: 1 }),
  ),
  'cr-intercept-bad-bits': row([0x50, 0x50, 0x00], (profile) => set(secure({ profile }), Name.CR_CONTROL, 1n << 24n)),
  'config-not-vtl1': alike(0x05, (profile) => getStatus(partitionOn({ profile }), Name.CONFIG)),
  'config-bad-bits': alike(0x50, (profile) => set(secure({ profile }), Name.CONFIG, 0xbfn)),
  'config-cleared': row([0x50, 0x50, 0x00], (profile) => set(protecting({ profile }), Name.CONFIG, 0x3en)),
  'config-bad-mask': row([0x50, 0x50, 0x00], (profile) => set(secure({ profile }), Name.CONFIG, 0x1bn)),
  'config-mask-changed': row([0x50, 0x50, 0x00], (profile) => set(protecting({ profile }), Name.CONFIG, 0x27n)),
  'secure-config-not-above': row([0x06, 0x06, 0x05], (profile) =>
    set(secure({ profile }), Name.SECURE_CONFIG_VTL1, 0n),
  ),
  'secure-config-bad-bits': alike(0x50, (profile) => set(secure({ profile }), Name.SECURE_CONFIG_VTL0, 1n)),
  'registers-read-only': alike(0x05, (profile) => set(secure({ profile }), Name.VP_STATUS, 0n)),
  'apic-base-changed': alike(0x05, (profile) =>
    set(secure({ profile }), Name.APIC_BASE, 0xfee0_0800n, { vtl: use(0) }),
  ),
  'registers-bad-value': alike(0x50, (profile) => set(secure({ profile }), Name.CR8, 16n, { vtl: use(0) })),
} as const;
