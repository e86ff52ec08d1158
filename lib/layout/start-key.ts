/** The start key: the boot id above 48 bits of sequence number (facts/nt.md 4.3). Unique among all processes of all boots. */

const SEQUENCE_BITS = 48n;

export const startKeyOf = (bootId: bigint, sequenceNumber: bigint): bigint =>
  (bootId << SEQUENCE_BITS) | sequenceNumber;

export const bootIdOf = (startKey: bigint): bigint => startKey >> SEQUENCE_BITS;
