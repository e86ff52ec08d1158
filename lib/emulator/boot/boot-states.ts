/** The states a machine with VSM passes on its way up (facts/vsm.md 2). */

export interface BootStateRow {
  readonly id: string;
  readonly name: BootStateName;
  /** What enters it. */
  readonly entered: string;
  /** What can be seen in it. */
  readonly effect: string;
}

export type BootStateName =
  | 'FIRMWARE'
  | 'WINLOAD'
  | 'HV_RUNNING'
  | 'SK_IN_VTL0'
  | 'PARTITION_VTL1'
  | 'BSP_VTL1'
  | 'VTL1_RUNNING'
  | 'SK_INIT'
  | 'NT_PHASE0'
  | 'NT_IO_INIT'
  | 'AP_START'
  | 'RUNNING'
  | 'RESET';

export const bootStates: readonly BootStateRow[] = [
  { id: 'S0', name: 'FIRMWARE', entered: 'power on', effect: 'no hypervisor; every page belongs to VTL0' },
  {
    id: 'S1',
    name: 'WINLOAD',
    entered: 'winload, before ExitBootServices',
    effect: 'the kernels’ images and VTL1’s page tables lie in memory',
  },
  {
    id: 'S2',
    name: 'HV_RUNNING',
    entered: 'the hypervisor starts',
    effect: 'all processors in VTL0, all pages with all rights',
  },
  {
    id: 'S3',
    name: 'SK_IN_VTL0',
    entered: 'the secure kernel’s entry point, still in VTL0',
    effect: 'it has noted VTL0’s root page table',
  },
  { id: 'S4', name: 'PARTITION_VTL1', entered: 'HvCallEnablePartitionVtl', effect: 'the partition has VTL0 and VTL1' },
  {
    id: 'S5',
    name: 'BSP_VTL1',
    entered: 'HvCallEnableVpVtl on the first processor',
    effect: 'it has both VTLs and is in VTL0',
  },
  {
    id: 'S6',
    name: 'VTL1_RUNNING',
    entered: 'HvCallVtlCall',
    effect: 'the first entry in VTL1, at its initial context',
  },
  {
    id: 'S7',
    name: 'SK_INIT',
    entered: 'the secure kernel’s initialisation in VTL1',
    effect: 'protection is on; VTL0 may read the secure kernel’s pages and no more',
  },
  {
    id: 'S8',
    name: 'NT_PHASE0',
    entered: 'secure call PHASE3_INIT',
    effect: 'the secure kernel’s pages are out of VTL0’s reach; this was the last moment VTL0 was trusted with them',
  },
  { id: 'S9', name: 'NT_IO_INIT', entered: 'secure call PHASE4_INIT', effect: 'VTL0 is not trusted from here on' },
  {
    id: 'S10',
    name: 'AP_START',
    entered: 'secure call START_PROCESSOR for each further processor',
    effect: 'every processor was in VTL1 before it came to the NT kernel',
  },
  { id: 'S11', name: 'RUNNING', entered: 'the system is up', effect: 'trustlets start' },
  { id: 'S12', name: 'RESET', entered: 'reset or crash', effect: 'VTL1 is gone, and so is what it kept from VTL0' },
];
