/**
 * A VTL's local APIC as far as VTL switches need it (facts/vsm.md 1.12): requested and in-service interrupts, priorities and EOI.
 * The task priority is CR8. No timer, no logical destinations, no lowest priority, no level-triggered retry.
 */

/** 256 bits, one for each vector. */
export type VectorSet = Uint32Array;

export interface LocalApic {
  /** Requested, not yet taken (IRR). */
  readonly requested: VectorSet;
  /** Taken, not yet ended (ISR). */
  readonly inService: VectorSet;
  /** Requested interrupts that need no EOI. */
  readonly autoEoi: VectorSet;
  nmi: boolean;
}

/** An integrated APIC: 0x10 to 0x15 are (facts/vsm.md 6 R31); six local vector table entries. */
export const APIC_VERSION = 0x0005_0014n;

const createVectorSet = (): VectorSet => new Uint32Array(8);

export const createLocalApic = (): LocalApic => ({
  requested: createVectorSet(),
  inService: createVectorSet(),
  autoEoi: createVectorSet(),
  nmi: false,
});

/** A set is always eight words, which the type of a typed array's element cannot say. */
export const wordOf = (set: VectorSet, index: number): number => set[index] as number;

const setVector = (set: VectorSet, vector: number, on: boolean): void => {
  const bit = 1 << (vector & 31);
  const word = wordOf(set, vector >>> 5);
  set[vector >>> 5] = on ? word | bit : word & ~bit;
};

const hasVector = (set: VectorSet, vector: number): boolean => (wordOf(set, vector >>> 5) & (1 << (vector & 31))) !== 0;

/** The highest vector of a set, -1 for an empty one. */
const highestVector = (set: VectorSet): number => {
  for (let index = set.length - 1; index >= 0; index--) {
    const word = wordOf(set, index);
    if (word !== 0) return index * 32 + 31 - Math.clz32(word);
  }
  return -1;
};

/** Requests an edge-triggered interrupt. @returns false if it was requested already: the two become one */
export const requestVector = (apic: LocalApic, vector: number, autoEoi: boolean): boolean => {
  if (hasVector(apic.requested, vector)) return false;
  setVector(apic.requested, vector, true);
  setVector(apic.autoEoi, vector, autoEoi);
  return true;
};

/**
 * The interrupt whose priority class is above the task's and above the one in service.
 * @param taskPriority CR8, 0 … 15
 * @returns its vector, -1 for none
 */
export const deliverableVector = (apic: LocalApic, taskPriority: number): number => {
  const vector = highestVector(apic.requested);
  const threshold = Math.max(taskPriority, highestVector(apic.inService) >> 4);
  return vector >> 4 > threshold ? vector : -1;
};

/** The processor takes an interrupt. */
export const takeVector = (apic: LocalApic, vector: number): void => {
  setVector(apic.requested, vector, false);
  if (!hasVector(apic.autoEoi, vector)) setVector(apic.inService, vector, true);
};

/** Ends the interrupt of the highest priority in service. @returns its vector, -1 where none was */
export const endInterrupt = (apic: LocalApic): number => {
  const vector = highestVector(apic.inService);
  if (vector >= 0) setVector(apic.inService, vector, false);
  return vector;
};
