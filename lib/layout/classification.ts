/** SYSTEM_PROCESS_CLASSIFICATION (facts/nt.md 4.1). */
import type { ProcessClassification } from '../types.js';

const NAMES = ['Normal', 'System', 'SecureSystem', 'MemCompression', 'Registry'] as const;

/** @param raw the four bits, shifted down. Values newer than this table are named `unknown(n)`. */
export const decodeClassification = (raw: number): ProcessClassification => NAMES[raw] ?? `unknown(${raw})`;
