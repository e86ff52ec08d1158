/** What bench/results.json holds; scripts/bench-page.ts makes docs/bench.md from it. */
import type { Summary } from './summary.js';

/** Where a number was taken. Nothing here was taken on Windows. */
export type Where = 'simulated kernel' | 'emulated' | 'this machine' | 'Wine';

/** One contender at one size. Times are nanoseconds for one call. */
export interface Measurement extends Summary {
  /** Key of the table it belongs to. */
  readonly group: string;
  readonly name: string;
  readonly where: Where;
  /** How many pids or processes a call is about. */
  readonly size: number;
  readonly rounds: number;
  /** Calls timed together, once a round. */
  readonly calls: number;
  /** Times those of the group's first contender, round by round; null for that one. */
  readonly ratio: Summary | null;
  /** Nanoseconds more than the group's first contender, likewise. */
  readonly difference: Summary | null;
}

/** Something that could not be measured, and why. */
export interface NotMeasured {
  readonly group: string;
  readonly name: string;
  readonly where: Where;
  readonly reason: string;
}

/** How the time of a contender grows with the number of processes. */
export interface Growth {
  readonly group: string;
  readonly name: string;
  /** 1 is linear. */
  readonly exponent: number;
}

/** An aim of DESIGN.md beside what was measured. */
export interface Aim {
  readonly aim: string;
  readonly measured: string;
  /** null: not measured. */
  readonly met: boolean | null;
  /** How far and why, where it is not met or not measured; else what the number is about. Empty: nothing to say. */
  readonly note: string;
}

/** A sentence below the table of a group: what its times are about, and what was measured beside them. */
export interface Remark {
  readonly group: string;
  readonly text: string;
}

/** A check that the numbers are about what they say: a failed one makes the run worthless. */
export interface Check {
  readonly name: string;
  readonly passed: boolean;
  readonly detail: string;
}

/** What one process that measures hands back. */
export interface Findings {
  readonly measurements: readonly Measurement[];
  readonly notMeasured: readonly NotMeasured[];
  readonly growth: readonly Growth[];
  readonly remarks: readonly Remark[];
  readonly aims: readonly Aim[];
  readonly checks: readonly Check[];
}
