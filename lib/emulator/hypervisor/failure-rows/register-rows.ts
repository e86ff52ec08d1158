/** Rows about GetVpRegisters and SetVpRegisters. */
import { differs, type FailureRow, same } from './row.js';

const BOTH = 'GetVpRegisters and SetVpRegisters';
const GET = 'GetVpRegisters';
const SET = 'SetVpRegisters';
const OTHERS = ['tlfs', 'kvm'] as const;
const ALL = ['openhcl', 'tlfs', 'kvm'] as const;

export type RegisterFailure =
  | 'registers-not-self'
  | 'get-registers-other-vp'
  | 'get-registers-missing-vp'
  | 'set-registers-other-vp'
  | 'set-registers-missing-vp'
  | 'registers-higher-vtl'
  | 'registers-own-vtl'
  | 'registers-unknown'
  | 'registers-no-vsm-privilege'
  | 'registers-pending-event-vtl'
  | 'registers-vina-vtl0'
  | 'cr-intercept-not-vtl1'
  | 'cr-intercept-vtl-off'
  | 'cr-intercept-bad-bits'
  | 'config-not-vtl1'
  | 'config-bad-bits'
  | 'config-cleared'
  | 'config-bad-mask'
  | 'config-mask-changed'
  | 'secure-config-not-above'
  | 'secure-config-bad-bits'
  | 'registers-read-only'
  | 'apic-base-changed'
  | 'registers-bad-value';

export const registerRows: Readonly<Record<RegisterFailure, FailureRow>> = {
  'registers-not-self': differs(BOTH, 'the partition is not the caller’s own', 'ACCESS_DENIED', 'INVALID_PARTITION_ID'),
  'get-registers-other-vp': { ...differs(GET, 'the VP is another one', 'ACCESS_DENIED', 'accepted'), tlfs: 'accepted' },
  'get-registers-missing-vp': {
    ...differs(GET, 'there is no such VP', 'ACCESS_DENIED', 'INVALID_VP_INDEX'),
    tlfs: 'INVALID_VP_INDEX',
  },
  'set-registers-other-vp': {
    ...differs(SET, 'the VP is another one', 'INVALID_VP_INDEX', 'accepted'),
    tlfs: 'accepted',
  },
  'set-registers-missing-vp': same(SET, 'there is no such VP', 'INVALID_VP_INDEX', ['tlfs']),
  'registers-higher-vtl': same(BOTH, 'the named VTL is above the caller’s', 'ACCESS_DENIED'),
  'registers-own-vtl': {
    ...differs(BOTH, 'an architectural register of the caller’s own VTL', 'ACCESS_DENIED', 'accepted'),
    tlfs: 'accepted',
    source: 'facts/vsm.md 1.14; 1.4 for the TLFS',
    assumed: [],
  },
  'registers-unknown': same(BOTH, 'there is no such register', 'INVALID_PARAMETER', ['tlfs']),
  'registers-no-vsm-privilege': same(
    BOTH,
    'VTL0 names a VSM register and the partition lacks AccessVsm',
    'ACCESS_DENIED',
    OTHERS,
  ),
  'registers-pending-event-vtl': same(
    BOTH,
    'PendingEvent0 of a VTL not below the caller’s',
    'INVALID_PARAMETER',
    OTHERS,
  ),
  'registers-vina-vtl0': same(BOTH, 'VsmVina of VTL0', 'INVALID_PARAMETER', OTHERS),
  'cr-intercept-not-vtl1': differs(
    BOTH,
    'a CrIntercept register of a VTL other than VTL1',
    'ACCESS_DENIED',
    'accepted',
  ),
  'cr-intercept-vtl-off': differs(
    BOTH,
    'a CrIntercept register and VTL1 is not enabled on this VP',
    'INVALID_VTL_STATE',
    'accepted',
  ),
  'cr-intercept-bad-bits': differs(
    SET,
    'CrInterceptControl with bits that are not supported',
    'INVALID_REGISTER_VALUE',
    'accepted',
  ),
  'config-not-vtl1': same(BOTH, 'VsmPartitionConfig of a VTL other than VTL1', 'INVALID_PARAMETER', OTHERS),
  'config-bad-bits': same(SET, 'VsmPartitionConfig with bits outside 0x7f', 'INVALID_REGISTER_VALUE', OTHERS),
  'config-cleared': differs(SET, 'VsmPartitionConfig clears EnableVtlProtection', 'INVALID_REGISTER_VALUE', 'accepted'),
  'config-bad-mask': differs(
    SET,
    'VsmPartitionConfig with a default mask that is invalid or lacks R or W',
    'INVALID_REGISTER_VALUE',
    'accepted',
  ),
  'config-mask-changed': {
    ...differs(SET, 'VsmPartitionConfig changes the default mask after enabling', 'INVALID_REGISTER_VALUE', 'accepted'),
    source: 'facts/vsm.md 1.14; conflict C6',
  },
  'secure-config-not-above': differs(
    BOTH,
    'VsmVpSecureConfigVtl*n* of a VTL that is not above *n*',
    'ACCESS_DENIED',
    'INVALID_PARAMETER',
  ),
  'secure-config-bad-bits': same(
    SET,
    'VsmVpSecureConfig with shadow-stack or HVPT bits, or an MBEC bit unlike the partition’s',
    'INVALID_REGISTER_VALUE',
    OTHERS,
  ),
  'registers-read-only': same(SET, 'a read-only VSM register', 'INVALID_PARAMETER', ALL),
  'apic-base-changed': same(SET, 'ApicBase with another value', 'INVALID_PARAMETER', OTHERS, 'facts/vsm.md source O'),
  'registers-bad-value': same(
    SET,
    'a value the register cannot hold',
    'INVALID_REGISTER_VALUE',
    OTHERS,
    'facts/vsm.md source O',
  ),
};
