/** What a hypercall of the reference sees: its caller, its input and where its output goes. */
import type { GuestReference, VpReference } from './guest-reference.js';

export interface Context {
  readonly guest: GuestReference;
  readonly vp: VpReference;
  /** The caller's. */
  readonly vtl: number;
  readonly input: DataView;
  readonly output: DataView;
  /** Where the elements of a rep call begin. */
  readonly elements: number;
}

/** The statuses whose condition holds. */
export const refusals = (...rows: readonly (readonly [condition: boolean, status: number])[]): readonly number[] =>
  rows.filter(([condition]) => condition).map(([, status]) => status);
