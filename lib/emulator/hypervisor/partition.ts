/** What a partition has once, whatever VP asks: which VTLs are enabled, and each VTL's partition-wide registers (facts/vsm.md 1.7). */

import { misuse } from '../memory/page-numbers.js';
import { decodeFields, encodeFields, type Fields, VsmPartitionConfig } from './bit-layouts.js';
import { PAGE_SIZE } from './constants.js';

export interface PartitionVtl {
  /** VsmPartitionConfig; not used for VTL0. */
  config: bigint;
  guestOsId: bigint;
  hypercallMsr: bigint;
  readonly hypercallPage: Uint8Array;
  referenceTscMsr: bigint;
  readonly referenceTscPage: Uint8Array;
  /** I/O ports this VTL intercepts: 1 reads, 2 writes. */
  readonly ioIntercepts: Map<number, number>;
}

export interface Partition {
  /** A bit for each VTL enabled for the partition. */
  enabledVtls: number;
  /** A bit for each VTL that may have MBEC: those below one enabled with it. */
  mbecVtls: number;
  readonly vtls: readonly PartitionVtl[];
}

/** All rights for lower VTLs, memory zeroed on reset (facts/vsm.md 1.7, 1.10). */
const INITIAL_CONFIG: bigint = encodeFields(VsmPartitionConfig, {
  defaultVtlProtectionMask: 0xf,
  zeroMemoryOnReset: 1,
});

/** A partition as it is created and after a reset: VTL0 alone (facts/vsm.md 1.8 rule 1). */
export const createPartition = (vtls: number): Partition => ({
  enabledVtls: 1,
  mbecVtls: 0,
  vtls: Array.from({ length: vtls }, () => ({
    config: INITIAL_CONFIG,
    guestOsId: 0n,
    hypercallMsr: 0n,
    hypercallPage: new Uint8Array(PAGE_SIZE),
    referenceTscMsr: 0n,
    referenceTscPage: new Uint8Array(PAGE_SIZE),
    ioIntercepts: new Map(),
  })),
});

/** @throws TrustletError ERR_TRUSTLET_ARGUMENT for a VTL this guest does not have */
export const partitionVtl = (partition: Partition, vtl: number): PartitionVtl => {
  const found = partition.vtls[vtl];
  if (found === undefined) throw misuse(`This guest has VTL0 to VTL${partition.vtls.length - 1}; got VTL${vtl}.`);
  return found;
};

/** A VTL's VsmPartitionConfig by its fields. */
export const configOf = (partition: Partition, vtl: number): Fields<typeof VsmPartitionConfig> =>
  decodeFields(VsmPartitionConfig, partitionVtl(partition, vtl).config);

/** Whether an enabled VTL above VTL0 denies lower ones to start VPs (facts/vsm.md 1.7). */
export const isStartupDenied = (partition: Partition): boolean =>
  partition.vtls.some(
    (_, vtl) =>
      vtl > 0 && (partition.enabledVtls & (1 << vtl)) !== 0 && configOf(partition, vtl).denyLowerVtlStartup === 1,
  );
