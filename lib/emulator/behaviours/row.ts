/** One row of the behaviour table. */
import type { Evidence } from '../../types.js';

/** B-numbers are the seed article's statements (facts/vsm.md section 5); N-numbers are outcomes of facts/nt.md the article leaves out. */
export type BehaviourId =
  | 'B01'
  | 'B02'
  | 'B03'
  | 'B10'
  | 'B11'
  | 'B15'
  | 'B16'
  | 'B17'
  | 'B18'
  | 'B19'
  | 'B23'
  | 'B24'
  | 'B25'
  | 'B26'
  | 'B28'
  | 'B29'
  | 'B30'
  | 'B31'
  | 'B32'
  | 'B33'
  | 'B34'
  | 'B35'
  | 'B36'
  | 'B37'
  | 'B38'
  | 'B39'
  | 'B40'
  | 'B41'
  | 'B42'
  | 'B43'
  | 'B44'
  | 'B45'
  | 'B46'
  | 'B47'
  | 'B48'
  | 'B49'
  | 'B50'
  | 'B51'
  | 'B52'
  | 'N01'
  | 'N02'
  | 'N03'
  | 'N04'
  | 'N05'
  | 'N06'
  | 'N07'
  | 'N08'
  | 'N09'
  | 'N10'
  | 'N11'
  | 'N12'
  | 'N13'
  | 'N14'
  | 'N15'
  | 'N16';

/** A row's outcome: the very value the emulator reads to act. */
export type Outcome = string | number;

export interface Behaviour {
  readonly id: BehaviourId;
  /** What is said of Windows, in our own words. */
  readonly statement: string;
  /** What the emulator does, for a reader of docs/behaviours.md. */
  readonly does: string;
  /** Read by the emulator; nothing beside it decides. For a row with a policy this is the policy's default. */
  readonly outcome: Outcome;
  /** Other values the emulator understands. Flipping to any of them must fail the row's test. */
  readonly alternatives: readonly Outcome[];
  /** Name under which a scenario or `boot({ policies })` may choose an alternative; null where no choice is left open. */
  readonly policy: string | null;
  readonly evidence: Evidence;
  readonly source: string;
  /** The test that shows it: a file below `test/unit/emulator/behaviours/` and its exact title. */
  readonly test: { readonly file: string; readonly title: string };
}

/** Statements that have no outcome of their own: they hold because of others. */
export type ConsequenceId =
  | 'B04'
  | 'B05'
  | 'B06'
  | 'B07'
  | 'B08'
  | 'B09'
  | 'B12'
  | 'B13'
  | 'B14'
  | 'B20'
  | 'B21'
  | 'B22'
  | 'B27';

/** A statement that follows from outcomes: nothing reads it, and its test fails once one of those is another. */
export interface Consequence extends Pick<Behaviour, 'statement' | 'does' | 'evidence' | 'source' | 'test'> {
  readonly id: ConsequenceId;
  /** The rows it follows from. Flipping each of them to at least one of its alternatives must fail the test. */
  readonly follows: readonly BehaviourId[];
}
