/** The one table of known failures: what `explain` answers from, and what docs/explain.md is written from. */
import { accessFailures } from './access-failures.js';
import { callFailures } from './call-failures.js';
import type { KnownFailure } from './case.js';
import { driverFailures } from './driver-failures.js';
import { processFailures } from './process-failures.js';
import { systemFailures } from './system-failures.js';

/** The table in the groups that the docs have. */
export const FAILURE_GROUPS: readonly { readonly title: string; readonly failures: readonly KnownFailure[] }[] = [
  { title: 'What the process is', failures: processFailures },
  { title: 'Who may open it', failures: accessFailures },
  { title: 'How it was called', failures: callFailures },
  { title: 'Drivers that do not load', failures: driverFailures },
  { title: 'VBS', failures: systemFailures },
];

export const KNOWN_FAILURES: readonly KnownFailure[] = FAILURE_GROUPS.flatMap(({ failures }) => failures);
