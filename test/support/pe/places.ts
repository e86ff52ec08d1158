/** Diagnoses as a test compares them: what, how, where. */
import { inspectBytes, type PeReport } from '../../../lib/pe/index.js';
import type { BuiltPe } from './layout.js';

export type Place = readonly [part: string, code: string, offset: number];

export const placesIn = ({ diagnoses }: PeReport): Place[] =>
  diagnoses.map(({ part, code, offset }) => [part, code, offset]);

export const diagnosed = (built: BuiltPe): Place[] => placesIn(inspectBytes(built.bytes));
