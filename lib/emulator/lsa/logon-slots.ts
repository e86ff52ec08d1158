/** What LSASS holds of a logon, piece by piece in its slot. */
import type { HeldLengths, LogonState } from './lsa-state.js';
import type { Lsass } from './lsass.js';

/** Room for a piece, the ticket's included. */
export const PIECE_SIZE = 1024;

const OFFSETS: Readonly<Record<keyof HeldLengths, number>> = {
  credential: 0,
  kerberosKey: PIECE_SIZE,
  ticketKey: 2 * PIECE_SIZE,
  ticket: 3 * PIECE_SIZE,
};

/** Puts a piece where it belongs. One longer than `PIECE_SIZE`, as only an altered answer has, is not kept. */
export const store = (
  lsass: Lsass,
  { slot, lengths }: Pick<LogonState, 'slot' | 'lengths'>,
  piece: keyof HeldLengths,
  bytes: Uint8Array,
): void => {
  if (bytes.length > PIECE_SIZE) return;
  lsass.write(slot, OFFSETS[piece], bytes);
  lengths[piece] = bytes.length;
};

/** A piece as it lies in LSASS' pages now, whoever wrote there last. */
export const heldBytes = (lsass: Lsass, { slot, lengths }: LogonState, piece: keyof HeldLengths): Uint8Array =>
  lsass.read(slot, OFFSETS[piece], lengths[piece]);
