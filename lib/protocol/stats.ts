/** STATS: how often, never who. */
import type { GuardOperation } from '../types.js';
import type { DriverReason, EnumNames } from './enum-names.js';
import { malformedReply } from './malformed.js';
import type { ReplyView } from './reply-view.js';
import type { Wire } from './wire.js';

/** The counters, by the names the wire has for them. */
const COUNTERS = [
  'opens',
  'openNow',
  'requests',
  'rejected',
  'cancelled',
  'records',
  'secure',
  'ordinary',
  'unknown',
  'allowed',
  'refused',
  'poolBlocks',
  'censusRestarts',
] as const;

/** How often the guard refused an operation for a reason. */
export interface Refusals {
  /** `unknown(n)`: the operation with bit n, which this package does not know. */
  readonly operation: GuardOperation | `unknown(${number})`;
  readonly reason: DriverReason;
  readonly count: bigint;
}

export interface StatsReply {
  /** Since the driver was loaded, except `openNow` and `poolBlocks`, which are as of now. */
  readonly counters: Readonly<Record<(typeof COUNTERS)[number], bigint>>;
  readonly refusals: readonly Refusals[];
  /** Rows of `refusals` there were; more than those where the output was too short for all. */
  readonly refusalRows: number;
}

const operationName = (wire: Wire, index: number): GuardOperation | `unknown(${number})` => {
  const names = Object.keys(wire.enums.Operation) as GuardOperation[];
  return names.find((name) => wire.enums.Operation[name] === 2 ** index) ?? `unknown(${index})`;
};

/** @throws TrustletError ERR_TRUSTLET_PROTOCOL */
export const decodeStatsReply = (wire: Wire, names: EnumNames, reply: ReplyView): StatsReply => {
  const { fields } = wire.structures.StatsReply;
  const row = wire.structures.RefusalRecord.fields;
  const refusalRows = reply.fixed.number(fields.refusalRows);
  if (refusalRows < reply.recordCount) {
    throw malformedReply(
      reply.message,
      `says at byte ${fields.refusalRows.offset} that there are ${refusalRows} rows, and has ${reply.recordCount}`,
    );
  }
  const counters: Partial<Record<(typeof COUNTERS)[number], bigint>> = {};
  for (const name of COUNTERS) counters[name] = reply.fixed.bigint(fields[name]);
  return {
    counters: counters as StatsReply['counters'],
    refusals: Array.from({ length: reply.recordCount }, (_, index) => {
      const view = reply.record(index);
      return {
        operation: operationName(wire, view.number(row.operation)),
        reason: names.reason(view.number(row.reason)),
        count: view.bigint(row.count),
      };
    }),
    refusalRows,
  };
};
