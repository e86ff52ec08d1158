/** The driver’s wire protocol. Internal: what the package shows of the driver is its backend. */
export type { CensusCursor, CensusReply } from './census.js';
export { Codec } from './codec.js';
export type { DriverReason, IdentityCheck, ThreadState } from './enum-names.js';
export type { ExamineReply, ExamineTarget, GuardReply, GuardTarget } from './examine.js';
export { chooseVersion, type HelloReply, type VersionRange } from './hello.js';
export type { DriverJudgement, ProcessRecords } from './process-records.js';
export type { MessageName, ReplyView } from './reply-view.js';
export type { Refusals, StatsReply } from './stats.js';
export { validateRequest } from './validate.js';
export { type Wire, type WireField, type WireStructure, wire } from './wire.js';
