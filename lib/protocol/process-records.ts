/** The TL_PROCESS_RECORDs of a reply: what lib/backend.ts calls a ProcessRecord, and the driver’s own judgement beside it. */
import type { CensusRecords, ProcessRecord } from '../backend.js';
import type { Evidence, SecureVerdict } from '../types.js';
import type { DriverReason, EnumNames } from './enum-names.js';
import { malformedReply } from './malformed.js';
import type { ReplyView } from './reply-view.js';
import type { StructureView } from './structure-view.js';
import type { Wire, WireField } from './wire.js';

/** What the driver makes of a process. Compared with ours, never put in its place. */
export interface DriverJudgement {
  readonly verdict: SecureVerdict;
  readonly reason: DriverReason;
  readonly evidence: Evidence;
  /** NTSTATUS that decided, unsigned; 0 where nothing failed. */
  readonly status: number;
}

/** The records of one reply, each decoded when it is asked for; what was asked for no longer reads the reply. */
export class ProcessRecords implements CensusRecords {
  readonly length: number;
  readonly #reply: ReplyView;
  readonly #fields: Wire['structures']['ProcessRecord']['fields'];
  readonly #present: Wire['enums']['Present'];
  readonly #names: EnumNames;

  /** @throws TrustletError ERR_TRUSTLET_PROTOCOL for a name that does not lie behind the records and within the reply */
  constructor(wire: Wire, names: EnumNames, reply: ReplyView) {
    this.length = reply.recordCount;
    this.#reply = reply;
    this.#fields = wire.structures.ProcessRecord.fields;
    this.#present = wire.enums.Present;
    this.#names = names;
    for (let index = 0; index < this.length; index++) this.#requireName(index);
  }

  /** @throws TrustletError ERR_TRUSTLET_ARGUMENT for an index that is none, here and below */
  pid(index: number): number {
    return this.#reply.record(index).number(this.#fields.pid);
  }

  record(index: number): ProcessRecord {
    const view = this.#reply.record(index);
    const reply = this.#reply;
    const fields = this.#fields;
    const bits = this.#present;
    const present = view.number(fields.present);
    const has = (bit: number): boolean => (present & bit) !== 0;
    const numberIf = (bit: number, field: WireField): number | null => (has(bit) ? view.number(field) : null);
    return {
      pid: view.number(fields.pid),
      openStatus: view.number(fields.openStatus),
      extendedStatus: numberIf(bits['extended-status'], fields.extendedStatus),
      flags: numberIf(bits.flags, fields.flags),
      protection: numberIf(bits.protection, fields.protection),
      classification: numberIf(bits.classification, fields.classification),
      name: has(bits.name) ? reply.text(view.number(fields.nameOffset), view.number(fields.nameLength)) : null,
      parentPid: numberIf(bits.parent, fields.parentPid),
      sessionId: numberIf(bits.session, fields.sessionId),
      createTime: has(bits['create-time']) ? view.bigint(fields.createTime) : null,
      startKey: has(bits['start-key']) ? presentKey(view, fields) : null,
      reused: has(bits.reused),
    };
  }

  /** The driver’s judgement of the index-th process. */
  judgement(index: number): DriverJudgement {
    const view = this.#reply.record(index);
    return {
      verdict: this.#names.verdict(view.number(this.#fields.verdict)),
      reason: this.#names.reason(view.number(this.#fields.reason)),
      evidence: this.#names.evidence(view.number(this.#fields.evidence)),
      status: view.number(this.#fields.status),
    };
  }

  #requireName(index: number): void {
    const view = this.#reply.record(index);
    if ((view.number(this.#fields.present) & this.#present.name) === 0) return;
    const offset = view.number(this.#fields.nameOffset);
    const length = view.number(this.#fields.nameLength);
    if (!this.#reply.holdsText(offset, length)) {
      throw malformedReply(
        this.#reply.message,
        `gives record ${index} (pid ${this.pid(index)}) a name of ${length} bytes at ${offset}, which is not text behind its records and within it`,
      );
    }
  }
}

/** A start key of 0 is absent, whatever else says otherwise (DESIGN.md rule 2). */
const presentKey = (view: StructureView, fields: Wire['structures']['ProcessRecord']['fields']): bigint | null => {
  const key = view.bigint(fields.startKey);
  return key === 0n ? null : key;
};
