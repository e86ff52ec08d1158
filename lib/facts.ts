/** From a backend's raw record to the `ProcessFacts` a caller reads. Pure. */
import type { Backend, ProcessRecord, SystemRecord } from './backend.js';
import { judge } from './guard/verdict.js';
import { decodeClassification } from './layout/classification.js';
import { IDLE_PID, SYSTEM_PID } from './layout/fixed-pids.js';
import { decodeProcessFlags } from './layout/process-flags.js';
import { decodeProtection } from './layout/protection.js';
import { ntstatusName } from './ntstatus.js';
import type { ProcessFacts, ProcessIdentity } from './types.js';

/** @returns the identity a record gives; a start key or create time of 0 is absent */
export const identityOf = (record: ProcessRecord): ProcessIdentity => ({
  pid: record.pid,
  createTime: record.createTime === 0n ? null : record.createTime,
  startKey: record.startKey === 0n ? null : record.startKey,
});

/**
 * @param record raw answers about one process
 * @param system what the verdict needs to know of the system
 * @param source the backend's name and whether it is simulated
 */
export const factsFrom = (
  record: ProcessRecord,
  system: SystemRecord,
  source: Pick<Backend, 'name' | 'simulated'>,
): ProcessFacts => {
  const judgement = judge(record, system);
  const { createTime, startKey } = identityOf(record);
  const classification = record.classification === null ? null : decodeClassification(record.classification);
  return {
    pid: record.pid,
    verdict: judgement.verdict,
    reason: judgement.reason,
    evidence: judgement.evidence,
    status: judgement.status,
    statusName: ntstatusName(judgement.status),
    flags: record.flags === null ? null : decodeProcessFlags(record.flags),
    protection: record.protection === null ? null : decodeProtection(record.protection),
    classification,
    pseudo:
      record.pid === IDLE_PID || record.pid === SYSTEM_PID || (classification !== null && classification !== 'Normal'),
    name: record.name,
    parentPid: record.parentPid,
    sessionId: record.sessionId,
    createTime,
    startKey,
    backend: source.name,
    simulated: source.simulated,
  };
};
