/** CENSUS: every process, in as many parts as it takes. */
import type { EnumNames } from './enum-names.js';
import { malformedReply } from './malformed.js';
import { ProcessRecords } from './process-records.js';
import type { ReplyView } from './reply-view.js';
import type { Wire } from './wire.js';

/** Where a part of a census ended: the driver’s order is that of (sequence, createTime, pid), ascending. */
export interface CensusCursor {
  readonly pid: number;
  readonly sequence: bigint;
  readonly createTime: bigint;
}

/** One part of a census. */
export interface CensusReply {
  readonly records: ProcessRecords;
  /** Processes there were when this part was taken. */
  readonly total: number;
  /** How many of them come after this part. */
  readonly remaining: number;
  /** Where the next part begins; null when this was the last. */
  readonly next: CensusCursor | null;
}

const isAfter = (cursor: CensusCursor, previous: CensusCursor): boolean => {
  if (cursor.sequence !== previous.sequence) return cursor.sequence > previous.sequence;
  if (cursor.createTime !== previous.createTime) return cursor.createTime > previous.createTime;
  return cursor.pid > previous.pid;
};

/**
 * @param after the cursor this part was asked for with; null for the first
 * @throws TrustletError ERR_TRUSTLET_PROTOCOL also for counts that contradict one another, which could pass a part for the
 * whole, and for a cursor that does not move on, which would never end
 */
export const decodeCensusReply = (
  wire: Wire,
  names: EnumNames,
  reply: ReplyView,
  after: CensusCursor | null,
): CensusReply => {
  const { fields } = wire.structures.CensusReply;
  const { fixed, message } = reply;
  const records = new ProcessRecords(wire, names, reply);
  const total = fixed.number(fields.total);
  const remaining = fixed.number(fields.remaining);
  const more = (fixed.number(fields.flags) & wire.enums.CensusReplyFlag.more) !== 0;
  if (more !== remaining > 0 || records.length + remaining > total || (more && records.length === 0)) {
    throw malformedReply(
      message,
      `has ${records.length} records, ${remaining} remaining of ${total} and ${more ? 'says' : 'does not say'} that there are more, which cannot all be true`,
    );
  }
  if (!more) return { records, total, remaining, next: null };
  const next: CensusCursor = {
    pid: fixed.number(fields.nextPid),
    sequence: fixed.bigint(fields.nextSequence),
    createTime: fixed.bigint(fields.nextCreateTime),
  };
  if (after !== null && !isAfter(next, after)) {
    throw malformedReply(
      message,
      `says from byte ${fields.nextPid.offset} on that the census goes on behind pid ${next.pid}, sequence ${next.sequence}, which is not behind where it was asked for`,
    );
  }
  return { records, total, remaining, next };
};
