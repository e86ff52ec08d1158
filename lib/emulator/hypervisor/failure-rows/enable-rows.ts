/** Rows about enabling VTLs, starting VPs and every call alike. */
import { differs, type FailureRow, same } from './row.js';

const EVERY = 'every call';
const PARTITION = 'EnablePartitionVtl';
const VP = 'EnableVpVtl';
const START = 'StartVirtualProcessor';

export type EnableFailure =
  | 'privilege-missing'
  | 'unknown-call'
  | 'control-bad-form'
  | 'buffer-misaligned'
  | 'buffer-no-ram'
  | 'control-reserved-bits'
  | 'input-reserved-bits'
  | 'enable-partition-not-self'
  | 'enable-partition-bad-vtl'
  | 'enable-partition-bad-flags'
  | 'enable-partition-no-vsm'
  | 'enable-partition-again'
  | 'enable-vp-not-self'
  | 'enable-vp-missing-vp'
  | 'enable-vp-bad-vtl'
  | 'enable-vp-partition-off'
  | 'enable-vp-not-first'
  | 'enable-vp-again'
  | 'enable-vp-real-mode'
  | 'start-vp-not-self'
  | 'start-vp-bad-vp'
  | 'start-vp-partition-off'
  | 'start-vp-higher-vtl'
  | 'start-vp-vtl-off'
  | 'start-vp-denied'
  | 'start-vp-started';

export const enableRows: Readonly<Record<EnableFailure, FailureRow>> = {
  'privilege-missing': same(EVERY, 'the partition lacks the privilege the call needs', 'ACCESS_DENIED'),
  'unknown-call': same(EVERY, 'no call has this code', 'INVALID_HYPERCALL_CODE'),
  'control-reserved-bits': same(EVERY, 'reserved bits of the control word are set', 'INVALID_HYPERCALL_INPUT'),
  'control-bad-form': same(
    EVERY,
    'fast where the call is not, a variable header where it has none, reps where it has none, no reps where it has, or a rep start beyond them',
    'INVALID_HYPERCALL_INPUT',
    [],
    'facts/vsm.md 1.2, 6 R38 to R40',
  ),
  'buffer-misaligned': same(
    EVERY,
    'the input or output address is no multiple of 8',
    'INVALID_ALIGNMENT',
    [],
    'facts/vsm.md 1.2, 6 R42',
  ),
  'buffer-no-ram': same(
    EVERY,
    'the input or output page is none the caller can use, by the host’s word and not a VTL’s',
    'INVALID_PARAMETER',
    ['openhcl', 'tlfs', 'kvm'],
    'facts/vsm.md 1.2',
  ),
  'input-reserved-bits': same(EVERY, 'reserved bits of the input are set', 'INVALID_PARAMETER'),

  'enable-partition-not-self': same(PARTITION, 'the partition is not the caller’s own', 'INVALID_PARTITION_ID', [
    'tlfs',
  ]),
  'enable-partition-bad-vtl': differs(
    PARTITION,
    'the target VTL is VTL0 or above the maximum',
    'ACCESS_DENIED',
    'INVALID_PARAMETER',
  ),
  'enable-partition-bad-flags': same(
    PARTITION,
    'a flag is unknown, or asks for MBEC that is not offered',
    'INVALID_PARAMETER',
    ['tlfs'],
  ),
  'enable-partition-no-vsm': same(PARTITION, 'the platform offers no VSM', 'ACCESS_DENIED', ['tlfs', 'kvm']),
  'enable-partition-again': {
    ...differs(PARTITION, 'the VTL is enabled already', 'INVALID_VTL_STATE', 'INVALID_PARAMETER'),
    source: 'facts/vsm.md 1.14; conflict C8',
  },

  'enable-vp-not-self': same(VP, 'the partition is not the caller’s own', 'INVALID_PARTITION_ID', ['tlfs']),
  'enable-vp-missing-vp': same(VP, 'there is no such VP', 'INVALID_VP_INDEX', ['tlfs']),
  'enable-vp-bad-vtl': same(VP, 'the target VTL is not VTL1', 'INVALID_PARAMETER', ['tlfs']),
  'enable-vp-partition-off': differs(
    VP,
    'the VTL is not enabled for the partition',
    'INVALID_VTL_STATE',
    'INVALID_PARAMETER',
  ),
  'enable-vp-not-first': differs(
    VP,
    'VTL0 calls and some VP has the VTL already, or the VP is not its own',
    'ACCESS_DENIED',
    'INVALID_PARAMETER',
  ),
  'enable-vp-again': differs(VP, 'this VP has the VTL already', 'VTL_ALREADY_ENABLED', 'INVALID_PARAMETER'),
  'enable-vp-real-mode': same(
    VP,
    'the initial context is in real mode, which no VTL above 0 has',
    'INVALID_PARAMETER',
    ['openhcl', 'tlfs', 'kvm'],
    'facts/vsm.md 1.8 rule 7',
  ),

  'start-vp-not-self': same(START, 'the partition is not the caller’s own', 'INVALID_PARTITION_ID', ['tlfs', 'kvm']),
  'start-vp-bad-vp': same(START, 'the VP is the caller’s own or does not exist', 'INVALID_VP_INDEX', ['tlfs', 'kvm']),
  'start-vp-partition-off': same(
    START,
    'the VTL is not enabled for the partition',
    'INVALID_VTL_STATE',
    ['tlfs', 'kvm'],
    'facts/vsm.md 6 R34',
  ),
  'start-vp-higher-vtl': same(START, 'the VTL is above the caller’s', 'ACCESS_DENIED', ['tlfs', 'kvm']),
  'start-vp-vtl-off': same(START, 'the VTL is not enabled on that VP', 'INVALID_VP_STATE', ['tlfs', 'kvm']),
  'start-vp-denied': same(START, 'VTL0 calls and DenyLowerVtlStartup is set', 'ACCESS_DENIED', ['tlfs', 'kvm']),
  'start-vp-started': same(START, 'the VTL is started already on that VP', 'INVALID_VP_STATE', ['tlfs', 'kvm']),
};
