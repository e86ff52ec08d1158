/** How a part of the reader says that its part of the file is not what the format says. */
import { TrustletError } from '../errors.js';
import type { PeDiagnosis, PeDiagnosisCode, PePart } from './report.js';

/** Thrown by the readers of single structures, caught where a part ends; from `PeImage.exports` it reaches the caller. */
export class Damage extends TrustletError {
  readonly problem: PeDiagnosisCode;
  /** In the file, in bytes. */
  readonly offset: number;

  constructor(problem: PeDiagnosisCode, offset: number, text: string) {
    super('ERR_TRUSTLET_FORMAT', text);
    this.problem = problem;
    this.offset = offset;
  }
}

/** `0x…`, for texts about places. */
export const hex = (value: number | bigint): string => `0x${value.toString(16)}`;

/** What was found wrong so far, in the order it was found. */
export class Diagnoses {
  readonly found: PeDiagnosis[] = [];

  /** Notes something wrong that does not keep the part from being read. */
  note(part: PePart, code: PeDiagnosisCode, offset: number, text: string): void {
    this.found.push({ part, code, offset, text });
  }

  /** Reads one part. @returns null where it is damaged; the damage is noted, and the other parts are read all the same */
  part<T>(part: PePart, read: () => T): T | null {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof Damage)) throw error;
      this.note(part, error.problem, error.offset, error.message);
      return null;
    }
  }
}
