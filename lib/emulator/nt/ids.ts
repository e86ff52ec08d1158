/** Ids of processes and threads, which come from one table: multiples of 4, none of the fixed ones. */

export const FIRST_ID = 8;
export const ID_STEP = 4;
/** The last that fits 32 bits; the next one begins again at the first. */
export const LAST_ID = 0xffff_fffc;
