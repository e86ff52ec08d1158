/** How isolation shows itself in what a call on a trustlet answers (facts/nt.md 6.2; facts/vsm.md 5, B39 to B43). Pure. */
import type { GuardOperation } from '../types.js';

export interface IsolationSigns {
  /** The call reports success and does nothing, or nothing that VTL1 sees. */
  readonly silent: boolean;
  /** Win32 codes that isolation itself answers with. */
  readonly codes: readonly number[];
  /** Win32 codes that it may answer with as well: what documentation leaves open. */
  readonly possible: readonly number[];
}

export const SIGNS: Readonly<Partial<Record<GuardOperation, IsolationSigns>>> = {
  'queue-apc': { silent: true, codes: [], possible: [] },
  'create-thread': { silent: false, codes: [87, 5], possible: [] },
  allocate: { silent: true, codes: [], possible: [5] },
  read: { silent: false, codes: [998], possible: [5, 299] },
  write: { silent: false, codes: [998], possible: [5, 299] },
  'map-section': { silent: true, codes: [], possible: [5] },
  'load-library': { silent: true, codes: [998, 87, 5], possible: [299] },
  'set-context': { silent: true, codes: [], possible: [5] },
  debug: { silent: false, codes: [5], possible: [] },
  dump: { silent: true, codes: [299, 998], possible: [] },
  'set-windows-hook': { silent: true, codes: [], possible: [87, 5] },
  'set-information': { silent: true, codes: [], possible: [5] },
};

/** Of a call that was not named. */
export const SIGNS_OF_ANY: IsolationSigns = { silent: true, codes: [998], possible: [5, 87, 299] };
