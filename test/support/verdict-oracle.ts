/** The verdict written out check by check, with the numbers of facts/nt.md 1.2, 1.4 and 3.1 as literals. */
import { type OracleJudgement, reasonOfFailedOpen } from './decision-oracle.js';

export interface JudgementSituation {
  readonly pid: number;
  readonly reused: boolean;
  readonly openStatus: number;
  readonly extendedStatus: number | null;
  readonly flags: number | null;
  readonly build: number;
  readonly isolatedUserModeStatus: number;
  readonly isolatedUserModeFlags: number | null;
}

const unknown = (reason: string, status: number): OracleJudgement => ({
  verdict: 'unknown',
  reason,
  evidence: 'documented',
  status,
});

const ordinary = (evidence: string): OracleJudgement => ({
  verdict: 'ordinary',
  reason: 'secure-bit-clear',
  evidence,
  status: 0,
});

export const expectedJudgement = (situation: JudgementSituation): OracleJudgement => {
  const { pid, openStatus, extendedStatus, flags, build, isolatedUserModeStatus, isolatedUserModeFlags } = situation;
  if (situation.reused) return unknown('gone', 0);
  if (openStatus >= 0x80000000) {
    return unknown(pid === 0 ? 'idle-process' : reasonOfFailedOpen(openStatus), openStatus);
  }
  if (extendedStatus === null) return unknown('query-failed', 0xc0000001);
  if (extendedStatus === 0xc0000022) return unknown('access-denied', 0xc0000022);
  if (extendedStatus !== 0 || flags === null) return unknown('query-failed', extendedStatus);
  if ((flags & 0x80) !== 0) {
    const evidence = build >= 15063 ? 'documented' : 'derived';
    return { verdict: 'secure', reason: 'secure-bit-set', evidence, status: 0 };
  }
  if ((flags & 0x4) !== 0) return unknown('exiting', 0);
  if (build >= 15063) return ordinary('documented');
  if (isolatedUserModeStatus === 0xc0000003) return ordinary('assumed');
  if (isolatedUserModeStatus !== 0 || isolatedUserModeFlags === null) {
    return unknown('downlevel-bit', isolatedUserModeStatus);
  }
  return (isolatedUserModeFlags & 0x1) !== 0 ? unknown('downlevel-bit', 0) : ordinary('derived');
};
