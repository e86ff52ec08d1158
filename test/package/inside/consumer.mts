// A strict TypeScript program of somebody else's that uses each entry of the package; compiled by several compilers, and run.

import { type Census, type Held, OPERATIONS, type OpenOptions, open, ProcessAccess, TrustletError } from 'trustlet';
import { boot, type Machine } from 'trustlet/emulator';
import manifest from 'trustlet/package.json' with { type: 'json' };
import { inspectBytes, type PeReport } from 'trustlet/pe';
import { assertNoTrustletTouched, buildMachine, exitsBetweenCheckAndAct } from 'trustlet/testing';

const options: OpenOptions = { only: ['emulated'] };
using vsm = open({ ...options, scenario: 'credential-guard' });
const machine: Machine = vsm.machine;
const census: Census = vsm.census();
const trustlet = [...census].find(({ verdict }) => verdict === 'secure')?.pid ?? 0;

const refused = (() => {
  try {
    return vsm.guard.run(trustlet, ['write', 'create-thread'], (held: Held): bigint => held.handle);
  } catch (error) {
    if (!(error instanceof TrustletError)) throw error;
    return error.decision?.verdict ?? 'no decision';
  }
})();
const rights: number =
  (OPERATIONS.find(({ operation }) => operation === 'write')?.rights ?? 0) & ProcessAccess.VM_WRITE;
const made: Machine = boot(buildMachine().process('browser').scenario());
const exact: typeof exitsBetweenCheckAndAct = exitsBetweenCheckAndAct;
assertNoTrustletTouched(machine);
const report: PeReport = inspectBytes(new Uint8Array(2));
if (report.kind !== 'not-a-pe') throw new Error(report.summary);

// @ts-expect-error: the guard knows no such operation
if (Math.random() > 2) vsm.guard.run(trustlet, 'inject', () => 0);

console.log(
  `${manifest.name} ${typeof refused === 'string' ? refused : 'reached'} ${rights} ${typeof made} ${typeof exact}`,
);
