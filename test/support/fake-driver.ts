/**
 * A driver that is none: it answers requests byte by byte, through the wire's own offsets, with what another backend says. Tests may
 * make it fail, speak another version, or lie.
 */
import type { Backend, ProcessRecord, SystemRecord } from '../../lib/backend.js';
import { type DecisionCore, decide } from '../../lib/guard/decide.js';
import { OPERATIONS } from '../../lib/guard/operations.js';
import { type Judgement, judge } from '../../lib/guard/verdict.js';
import type { IoctlResult } from '../../lib/native/binding.js';
import { isSuccess } from '../../lib/ntstatus.js';
import { chooseVersion, type MessageName, wire as today, type Wire, type WireField } from '../../lib/protocol/index.js';

type StructureName = keyof Wire['structures'];
type Values = Readonly<Record<string, number | bigint | undefined>>;

const BUFFER_TOO_SMALL = 0xc0000023;
const INVALID_DEVICE_REQUEST = 0xc0000010;

/** What a test may change of a reply: the bytes, or the number that DeviceIoControl's caller gets. */
export type Lie = (reply: Uint8Array) => Uint8Array | IoctlResult;

/** One request as it came. */
export interface SeenRequest {
  readonly message: MessageName;
  readonly bytes: Uint8Array;
  /** Room that was offered for the reply. */
  readonly room: number;
}

interface Aged {
  readonly createTime: bigint | null;
  readonly pid: number;
}

/** What only the process list has (docs/protocol.md): names, sessions and classification come with CENSUS. */
const withoutList = (record: ProcessRecord): ProcessRecord => ({
  ...record,
  name: null,
  sessionId: null,
  classification: null,
});

const byAge = (one: Aged, other: Aged): number => {
  const [left, right] = [one.createTime ?? 0n, other.createTime ?? 0n];
  return left === right ? one.pid - other.pid : left < right ? -1 : 1;
};

export class FakeDriver {
  /** Versions it speaks. */
  minVersion = 1;
  maxVersion = 1;
  maxPids = 4096;
  capabilities = 0x11f;
  operations = 0x7fff;
  /** What HELLO says of the system, one for each HELLO, the last for all further ones. Empty: as the source says. */
  systems: SystemRecord[] = [];
  /** NTSTATUS with which requests of a message fail. */
  readonly failing = new Map<MessageName, number>();
  readonly lies = new Map<MessageName, Lie>();
  readonly seen: SeenRequest[] = [];
  /** Processes a part of a census has at most. */
  censusLimit = Number.POSITIVE_INFINITY;
  /** What EXAMINE and GUARD say of the object instead of what they found. */
  examined: Values = {};
  /** What GUARD says instead of its own decision. */
  opinion: Partial<Record<'decision' | 'verdict' | 'reason' | 'evidence' | 'status', number>> = {};
  readonly #source: Backend;
  readonly #wire: Wire;

  /** @param source who knows the processes; handles are its handles */
  constructor(source: Backend, wire: Wire = today) {
    this.#source = source;
    this.#wire = wire;
  }

  /** Messages that were asked, in order. */
  get asked(): MessageName[] {
    return this.seen.map(({ message }) => message);
  }

  ioctl(code: number, input: Uint8Array, output: Uint8Array): IoctlResult {
    const names = Object.keys(this.#wire.messages) as MessageName[];
    const message = names.find((name) => this.#wire.messages[name].code === code);
    if (message === undefined) return -INVALID_DEVICE_REQUEST;
    const bytes = input.slice();
    this.seen.push({ message, bytes, room: output.length });
    const failure = this.failing.get(message);
    if (failure !== undefined) return -failure;
    const reply = this.#answer(message, bytes, output.length);
    if (typeof reply === 'number') return reply;
    const told = this.lies.get(message)?.(reply) ?? reply;
    if (typeof told === 'number') return told;
    output.set(told.subarray(0, output.length));
    return told.length;
  }

  #answer(message: MessageName, request: Uint8Array, room: number): Uint8Array | IoctlResult {
    switch (message) {
      case 'HELLO':
        return this.#hello(request);
      case 'QUERY':
        return this.#query(request);
      case 'CENSUS':
        return this.#census(request, room);
      case 'EXAMINE':
      case 'GUARD':
        return this.#examine(message, request);
      case 'STATS':
        return -INVALID_DEVICE_REQUEST;
    }
  }

  #hello(request: Uint8Array): Uint8Array {
    const client = {
      minVersion: this.#read('HelloRequest', 'minVersion', request),
      maxVersion: this.#read('HelloRequest', 'maxVersion', request),
    };
    const system = (this.systems.length > 1 ? this.systems.shift() : this.systems[0]) ?? this.#source.system();
    return this.#reply(
      'HELLO',
      {
        version: chooseVersion(client, this),
        minVersion: this.minVersion,
        maxVersion: this.maxVersion,
        driverVersion: 0x20304,
        capabilities: this.capabilities,
        osMajor: 10,
        osMinor: 0,
        osBuild: system.build,
        isolatedUserModeStatus: system.isolatedUserModeStatus,
        isolatedUserModeFlags: system.isolatedUserModeFlags ?? 0,
        maxPids: this.maxPids,
        maxFixedSize: this.#wire.maxFixedSize,
        operations: this.operations,
        processRecordSize: this.#wire.structures.ProcessRecord.size,
      },
      [],
    );
  }

  #query(request: Uint8Array): Uint8Array {
    const { size } = this.#wire.structures.QueryRequest;
    const view = new DataView(request.buffer);
    const pids = Array.from({ length: (request.length - size) / 4 }, (_, index) =>
      view.getUint32(size + index * 4, true),
    );
    return this.#reply('QUERY', {}, this.#source.queryMany(pids));
  }

  /** In the order of (create time, pid): of a Windows that gives no sequence numbers. */
  #census(request: Uint8Array, room: number): Uint8Array | IoctlResult {
    const list = this.#source.census();
    const cursor = {
      createTime: this.#wide('CensusRequest', 'cursorCreateTime', request),
      pid: this.#read('CensusRequest', 'cursorPid', request),
    };
    const resumed = this.#read('CensusRequest', 'flags', request) === this.#wire.enums.CensusRequestFlag.resume;
    const due = Array.from({ length: list.length }, (_, index) => list.record(index))
      .sort(byAge)
      .filter((each) => !resumed || byAge(each, cursor) > 0);
    const records: ProcessRecord[] = [];
    let free = room - this.#wire.structures.CensusReply.size;
    for (const record of due) {
      free -= this.#wire.structures.ProcessRecord.size + (record.name ?? '').length * 2;
      if (free < 0 || records.length === this.censusLimit) break;
      records.push(record);
    }
    const remaining = due.length - records.length;
    if (records.length === 0 && remaining > 0) return -BUFFER_TOO_SMALL;
    const last = records.at(-1);
    return this.#reply(
      'CENSUS',
      {
        flags: remaining > 0 ? 1 : 0,
        nextPid: last?.pid ?? 0,
        nextCreateTime: last?.createTime ?? 0n,
        total: list.length,
        remaining,
      },
      records,
    );
  }

  #examine(message: 'EXAMINE' | 'GUARD', request: Uint8Array): Uint8Array {
    const structure = message === 'GUARD' ? 'GuardRequest' : 'ExamineRequest';
    const kind = this.#read(structure, 'kind', request) === 2 ? 'thread' : 'process';
    const handle = BigInt.asIntN(64, this.#wide(structure, 'handle', request));
    const { record, thread } = this.#source.examine(handle, kind, null);
    const judgement = judge(record, this.#source.system());
    const state =
      thread === null ? 'none' : !isSuccess(thread.status) ? 'unpaired' : thread.exited ? 'exited' : 'paired';
    const identity = this.#identity(structure, request, record);
    const examined = {
      grantedAccess: this.#read(structure, 'expectedAccess', request),
      accessSufficient: 1,
      tid: thread?.tid ?? 0,
      threadStatus: thread?.status ?? 0,
      identity: this.#wire.enums.Identity[identity],
      thread: this.#wire.enums.Thread[state],
      ...this.examined,
    };
    if (message === 'EXAMINE') return this.#reply(message, examined, [record]);
    const operations = this.#read('GuardRequest', 'operations', request);
    const accepted = this.#read('GuardRequest', 'accepted', request);
    const decision = decide({
      operations: OPERATIONS.filter(({ operation }) => (operations & this.#wire.enums.Operation[operation]) !== 0),
      accepted: new Set(
        OPERATIONS.filter(({ operation }) => (accepted & this.#wire.enums.Operation[operation]) !== 0).map(
          ({ operation }) => operation,
        ),
      ),
      acquisition: { outcome: 'examined' },
      judgement,
      identity,
      thread: state === 'none' ? null : state,
    });
    return this.#reply(message, { ...examined, ...this.#decided(decision), ...this.opinion }, [record]);
  }

  #identity(structure: StructureName, request: Uint8Array, record: ProcessRecord): 'unchecked' | 'same' | 'other' {
    const expect = this.#read(structure, 'expect', request);
    if (expect === 0) return 'unchecked';
    const differs =
      ((expect & 1) !== 0 && this.#read(structure, 'expectedPid', request) !== record.pid) ||
      ((expect & 2) !== 0 && this.#wide(structure, 'expectedCreateTime', request) !== record.createTime) ||
      ((expect & 4) !== 0 && this.#wide(structure, 'expectedStartKey', request) !== record.startKey);
    return differs ? 'other' : 'same';
  }

  #decided({ decision, verdict, reason, evidence, status }: DecisionCore): Values {
    const { Decision, Verdict, Reason, Evidence } = this.#wire.enums;
    return {
      decision: Decision[decision],
      verdict: Verdict[verdict],
      reason: Reason[reason],
      evidence: Evidence[evidence],
      status,
    };
  }

  #reply(message: MessageName, values: Values, found: readonly ProcessRecord[]): Uint8Array {
    const records = message === 'CENSUS' ? found : found.map(withoutList);
    const { reply, record, number } = this.#wire.messages[message];
    const { size } = this.#wire.structures[reply];
    const stride = record === null ? 0 : this.#wire.structures[record].size;
    const textStart = size + records.length * stride;
    const bytes = new Uint8Array(textStart + records.reduce((sum, { name }) => sum + (name ?? '').length * 2, 0));
    const version = message === 'HELLO' ? 1 : Math.min(this.maxVersion, this.#wire.versionMax);
    this.#put(bytes, 0, 'ReplyHeader', {
      size,
      version,
      message: number,
      recordSize: stride,
      recordCount: records.length,
    });
    this.#put(bytes, 0, reply, values);
    let text = textStart;
    for (const [index, each] of records.entries()) {
      this.#record(bytes, size + index * stride, text, each);
      text += (each.name ?? '').length * 2;
    }
    return bytes;
  }

  #record(bytes: Uint8Array, at: number, text: number, record: ProcessRecord): void {
    const { Present, Verdict, Reason, Evidence } = this.#wire.enums;
    const judgement: Judgement = judge(record, this.#source.system());
    const present = {
      'extended-status': record.extendedStatus,
      flags: record.flags,
      protection: record.protection,
      classification: record.classification,
      parent: record.parentPid,
      session: record.sessionId,
      'create-time': record.createTime,
      'start-key': record.startKey,
      name: record.name,
      reused: record.reused ? 1 : null,
    };
    this.#put(bytes, at, 'ProcessRecord', {
      pid: record.pid,
      parentPid: record.parentPid ?? 0,
      openStatus: record.openStatus,
      extendedStatus: record.extendedStatus ?? 0,
      flags: record.flags ?? 0,
      present: Object.entries(present).reduce(
        (mask, [name, value]) => (value === null ? mask : mask | Present[name as keyof typeof Present]),
        0,
      ),
      createTime: record.createTime ?? 0n,
      startKey: record.startKey ?? 0n,
      sessionId: record.sessionId ?? 0,
      status: judgement.status,
      verdict: Verdict[judgement.verdict],
      reason: Reason[judgement.reason],
      evidence: Evidence[judgement.evidence],
      protection: record.protection ?? 0,
      classification: record.classification ?? 0,
      nameLength: (record.name ?? '').length * 2,
      nameOffset: record.name === null ? 0 : text,
    });
    const view = new DataView(bytes.buffer);
    [...(record.name ?? '').split('')].forEach((unit, index) => {
      view.setUint16(text + index * 2, unit.charCodeAt(0), true);
    });
  }

  #field(structure: StructureName, name: string): WireField {
    const field = (this.#wire.structures[structure].fields as Readonly<Record<string, WireField>>)[name];
    if (field === undefined) throw new Error(`${structure} has no member ${name}`);
    return field;
  }

  #put(bytes: Uint8Array, at: number, structure: StructureName, values: Values): void {
    for (const [name, value] of Object.entries(values)) {
      if (value === undefined) continue;
      const { offset, bytes: width } = this.#field(structure, name);
      let rest = BigInt(value);
      for (let index = 0; index < width; index += 1, rest >>= 8n) bytes[at + offset + index] = Number(rest & 0xffn);
    }
  }

  #wide(structure: StructureName, name: string, bytes: Uint8Array): bigint {
    const { offset, bytes: width } = this.#field(structure, name);
    return bytes.slice(offset, offset + width).reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);
  }

  #read(structure: StructureName, name: string, bytes: Uint8Array): number {
    return Number(this.#wide(structure, name, bytes));
  }
}
