/** A backend of a few scripted processes and threads: every open, examination and close is counted, nothing is decided. */
import type {
  Backend,
  CensusRecords,
  Examination,
  Intention,
  ObjectKind,
  Opinion,
  ProcessRecord,
  SystemRecord,
} from '../../lib/backend.js';
import type { OpenResult } from '../../lib/nt-api.js';
import type { Posture, PostureConfiguration } from '../../lib/types.js';
import { record, system } from './records.js';

export interface FakeProcess {
  record: ProcessRecord;
  /** Access bits the caller may have on it. */
  grants: number;
}

export interface FakeThread {
  pid: number;
  grants: number;
  status?: number;
  exited?: boolean;
  /** Tid the thread itself reports, if another. */
  reports?: number;
}

const ACCESS_DENIED = 0xc0000022;
const INVALID_CID = 0xc000000b;
const INVALID_HANDLE = 0xc0000008;

export class FakeBackend implements Backend {
  readonly name = 'ntdll';
  readonly simulated = true;
  readonly description = 'fake backend of a unit test';
  examinesAnyHandle = false;
  readonly driver = null;
  /** What it says as a second decider, and what it was told. */
  opinion: Opinion | null = null;
  /** What it says that the handle may do. */
  grantedAccess: number | null = null;
  readonly intentions: (Intention | null)[] = [];
  readonly processes = new Map<number, FakeProcess>();
  readonly threads = new Map<number, FakeThread>();
  readonly openHandles = new Map<bigint, { kind: ObjectKind; id: number; access: number }>();
  readonly calls: string[] = [];
  systemRecord: SystemRecord = system();
  closeStatus = 0;
  examineError: Error | undefined;
  disposed = 0;
  #next = 0x1_0000_0004n;

  addProcess(pid: number, over: Partial<ProcessRecord> = {}, grants = 0x1fffff): FakeProcess {
    const entry = { record: record({ pid, ...over }), grants };
    this.processes.set(pid, entry);
    return entry;
  }

  addThread(tid: number, thread: FakeThread): void {
    this.threads.set(tid, thread);
  }

  callerPid(): number {
    return 4;
  }

  system(): SystemRecord {
    return this.systemRecord;
  }

  posture(): Posture {
    throw new Error('not asked for in these tests');
  }

  configuration(): Promise<PostureConfiguration> {
    return Promise.reject(new Error('not asked for in these tests'));
  }

  query(pid: number): ProcessRecord {
    this.calls.push(`query ${pid}`);
    const entry = this.processes.get(pid);
    const nothing = { extendedStatus: null, flags: null, createTime: null, startKey: null };
    if (entry === undefined) return record({ pid, openStatus: INVALID_CID, ...nothing });
    if ((entry.grants & 0x1000) === 0) return record({ pid, openStatus: ACCESS_DENIED, ...nothing });
    return entry.record;
  }

  queryMany(pids: readonly number[]): ProcessRecord[] {
    return pids.map((pid) => this.query(pid));
  }

  census(): CensusRecords {
    const records = [...this.processes.keys()].map((pid) => this.query(pid));
    return {
      length: records.length,
      pid: (index) => records[index]?.pid ?? -1,
      record: (index) => records[index] ?? record(),
    };
  }

  openProcess(pid: number, access: number): OpenResult {
    return this.#open('process', pid, access, this.processes.get(pid)?.grants);
  }

  openThread(tid: number, access: number): OpenResult {
    return this.#open('thread', tid, access, this.threads.get(tid)?.grants);
  }

  duplicate(handle: bigint, access: number): OpenResult {
    const source = this.openHandles.get(handle);
    this.calls.push(`duplicate 0x${access.toString(16)}`);
    if (source === undefined) return { status: INVALID_HANDLE, handle: 0n };
    return this.#insert(source.kind, source.id, access);
  }

  examine(handle: bigint, kind: ObjectKind, intention: Intention | null): Examination {
    this.intentions.push(intention);
    this.calls.push(`examine ${kind}`);
    if (this.examineError !== undefined) throw this.examineError;
    const open = this.openHandles.get(handle);
    if (open === undefined) throw new Error('examined a handle that is not open');
    const { opinion, grantedAccess } = this;
    if (open.kind === 'process') {
      return { record: this.processes.get(open.id)?.record ?? record(), thread: null, grantedAccess, opinion };
    }
    const thread = this.threads.get(open.id);
    if (thread === undefined) throw new Error('no such thread');
    return {
      record: this.query(thread.pid),
      thread: { status: thread.status ?? 0, tid: thread.reports ?? open.id, exited: thread.exited ?? false },
      grantedAccess,
      opinion,
    };
  }

  close(handle: bigint): number {
    this.calls.push('close');
    if (this.closeStatus !== 0) return this.closeStatus;
    return this.openHandles.delete(handle) ? 0 : INVALID_HANDLE;
  }

  win32Error(): number | undefined {
    return undefined;
  }

  dispose(): void {
    this.disposed += 1;
  }

  #open(kind: ObjectKind, id: number, access: number, grants: number | undefined): OpenResult {
    this.calls.push(`open ${kind} ${id} 0x${access.toString(16)}`);
    if (grants === undefined) return { status: INVALID_CID, handle: 0n };
    if ((access & ~grants) !== 0) return { status: ACCESS_DENIED, handle: 0n };
    return this.#insert(kind, id, access);
  }

  #insert(kind: ObjectKind, id: number, access: number): OpenResult {
    const handle = this.#next;
    this.#next += 4n;
    this.openHandles.set(handle, { kind, id, access });
    return { status: 0, handle };
  }
}
