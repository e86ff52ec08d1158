/** Rows about protections, translations, intercepts and interrupts. */
import { differs, type FailureRow, same } from './row.js';

const MODIFY = 'ModifyVtlProtectionMask';
const TRANSLATE = 'TranslateVirtualAddress';
const CHECK = 'CheckSparseGpaPageVtlAccess';
const INTERCEPT = 'InstallIntercept';
const ASSERT = 'AssertVirtualInterrupt';
const IPI = 'SendSyntheticClusterIpi';
const FLUSH = 'FlushVirtualAddressSpace and -List';
const APIC = 'GetVpIndexFromApicId';
const OTHERS = ['tlfs', 'kvm'] as const;
const ALL = ['openhcl', 'tlfs', 'kvm'] as const;
const OPENVMM = 'facts/vsm.md source O';

export type MemoryFailure =
  | 'modify-not-self'
  | 'modify-higher-vtl'
  | 'modify-lowest-vtl'
  | 'modify-not-protecting'
  | 'modify-bad-flags'
  | 'modify-not-ram'
  | 'translate-not-self'
  | 'translate-other-vp'
  | 'translate-own-vtl'
  | 'translate-higher-vtl'
  | 'check-not-self'
  | 'check-bad-vtl'
  | 'check-bad-access'
  | 'intercept-not-self'
  | 'intercept-vtl0'
  | 'intercept-bad-type'
  | 'intercept-result'
  | 'intercept-result-vtl0'
  | 'assert-not-self'
  | 'assert-bad-vtl'
  | 'assert-bad-type'
  | 'assert-bad-vector'
  | 'ipi-bad-vector'
  | 'ipi-higher-vtl'
  | 'ipi-bad-set'
  | 'flush-bad-flags'
  | 'flush-no-vp'
  | 'apic-id-not-self'
  | 'apic-id-higher-vtl'
  | 'apic-id-unknown';

export const memoryRows: Readonly<Record<MemoryFailure, FailureRow>> = {
  'modify-not-self': differs(MODIFY, 'the partition is not the caller’s own', 'ACCESS_DENIED', 'INVALID_PARTITION_ID'),
  'modify-higher-vtl': {
    ...same(MODIFY, 'the named VTL is above the caller’s; with C2 `restricted`: is not below it', 'ACCESS_DENIED', [
      'tlfs',
    ]),
    source: 'facts/vsm.md 1.14; conflict C2',
  },
  'modify-lowest-vtl': {
    ...differs(MODIFY, 'the named VTL is VTL0, which has nothing below it', 'INVALID_PARAMETER', 'accepted'),
    source: 'facts/vsm.md 1.14; conflict C2',
  },
  'modify-not-protecting': same(
    MODIFY,
    'the named VTL is the caller’s and has not set EnableVtlProtection',
    'ACCESS_DENIED',
    OTHERS,
  ),
  'modify-bad-flags': same(MODIFY, 'the map flags are no valid mask (1.10)', 'INVALID_REGISTER_VALUE', OTHERS),
  'modify-not-ram': same(MODIFY, 'a page is not RAM; the pages before it are done', 'INVALID_PARAMETER', OTHERS),

  'translate-not-self': differs(
    TRANSLATE,
    'the partition is not the caller’s own',
    'ACCESS_DENIED',
    'INVALID_PARTITION_ID',
  ),
  'translate-other-vp': differs(TRANSLATE, 'the VP is not the caller’s own', 'ACCESS_DENIED', 'INVALID_VP_INDEX'),
  'translate-own-vtl': differs(TRANSLATE, 'the target VTL is the caller’s', 'ACCESS_DENIED', 'accepted'),
  'translate-higher-vtl': differs(
    TRANSLATE,
    'the target VTL is above the caller’s',
    'ACCESS_DENIED',
    'INVALID_VP_STATE',
  ),

  'check-not-self': same(CHECK, 'the partition is not the caller’s own', 'ACCESS_DENIED', ALL, OPENVMM),
  'check-bad-vtl': same(CHECK, 'the target VTL is not below the caller’s', 'ACCESS_DENIED', ALL, 'facts/vsm.md 1.4'),
  'check-bad-access': same(CHECK, 'the access asked about is none', 'INVALID_PARAMETER', ALL, OPENVMM),

  'intercept-not-self': same(INTERCEPT, 'the partition is not the caller’s own', 'ACCESS_DENIED', OTHERS, OPENVMM),
  'intercept-vtl0': same(INTERCEPT, 'VTL0 calls', 'ACCESS_DENIED', OTHERS),
  'intercept-bad-type': same(
    INTERCEPT,
    'the type is not I/O port, or the access is beyond read and write',
    'INVALID_PARAMETER',
    OTHERS,
  ),
  'intercept-result': same(
    'RegisterInterceptResult',
    'VTL1 registers a result: CPUID intercepts are not emulated',
    'INVALID_PARAMETER',
    ALL,
    'facts/vsm.md 1.4',
  ),
  'intercept-result-vtl0': same('RegisterInterceptResult', 'VTL0 calls', 'ACCESS_DENIED', ALL, 'facts/vsm.md 1.4'),

  'assert-not-self': same(ASSERT, 'the partition is not the caller’s own', 'ACCESS_DENIED', OTHERS, OPENVMM),
  'assert-bad-vtl': same(ASSERT, 'the target VTL is not below the caller’s', 'ACCESS_DENIED', OTHERS),
  'assert-bad-type': same(ASSERT, 'the type is neither fixed nor NMI', 'INVALID_PARAMETER', OTHERS),
  'assert-bad-vector': same(ASSERT, 'the vector or destination does not fit', 'INVALID_PARAMETER', OTHERS, OPENVMM),

  'ipi-bad-vector': same(IPI, 'the vector is below 16 or above 255', 'INVALID_PARAMETER', OTHERS),
  'ipi-higher-vtl': same(
    IPI,
    'the target VTL is above the caller’s: it is not permitted',
    'INVALID_VTL_STATE',
    OTHERS,
    'facts/vsm.md 1.14; 1.4 for what is permitted',
  ),
  'ipi-bad-set': same(IPI, 'the set of VPs is of an unknown format', 'INVALID_PARAMETER', ALL, OPENVMM),

  'flush-bad-flags': same(
    FLUSH,
    'a flag is unknown, or names a VTL above the caller’s',
    'INVALID_PARAMETER',
    ALL,
    OPENVMM,
  ),
  'flush-no-vp': same(FLUSH, 'no VP is named', 'INVALID_PARAMETER', OTHERS, OPENVMM),

  'apic-id-not-self': same(
    APIC,
    'the partition is not the caller’s own',
    'INVALID_PARTITION_ID',
    ALL,
    'facts/vsm.md 1.4',
  ),
  'apic-id-higher-vtl': same(APIC, 'the target VTL is above the caller’s', 'ACCESS_DENIED', ALL, 'facts/vsm.md 1.4'),
  'apic-id-unknown': same(APIC, 'no VP has this APIC id', 'INVALID_PARAMETER', ALL, 'facts/vsm.md 1.4'),
};
