/** Reading a caller's `Target` and operation list, strictly: a misread target is the one mistake a guard must not make. */
import {
  isList,
  optionalIdentityField,
  readMember,
  readProperties,
  refuseUnknownKeys,
  requireId,
  requireObject,
  show,
} from '../arguments.js';
import type { ObjectKind } from '../backend.js';
import { TrustletError } from '../errors.js';
import type { GuardOperation, ProcessFacts } from '../types.js';
import { OPERATIONS, type OperationEntry, operationEntry } from './operations.js';

/** The identity a target asks for: null fields were not given (or given as 0, which is absent). */
export interface ExpectedIdentity {
  readonly pid: number | null;
  readonly createTime: bigint | null;
  readonly startKey: bigint | null;
}

/** A target, read. */
export type ReadTarget =
  | { readonly kind: 'process'; readonly expected: ExpectedIdentity & { readonly pid: number } }
  | { readonly kind: 'thread'; readonly tid: number; readonly expected: ExpectedIdentity }
  | {
      readonly kind: 'handle';
      readonly handle: bigint;
      readonly object: ObjectKind;
      readonly expected: ExpectedIdentity;
    };

const NO_EXPECTATION: ExpectedIdentity = { pid: null, createTime: null, startKey: null };

const argumentError = (message: string): TrustletError => new TrustletError('ERR_TRUSTLET_ARGUMENT', message);

const TARGET_KEYS = ['pid', 'tid', 'createTime', 'startKey'] as const;
const HANDLE_TARGET_KEYS = ['handle', 'kind'] as const;
/** What a census row has beside its identity: a row is a target as it is, and the rest of it does not say which process is meant. */
const FACT_KEYS = [
  'verdict',
  'reason',
  'evidence',
  'status',
  'statusName',
  'flags',
  'protection',
  'classification',
  'pseudo',
  'name',
  'parentPid',
  'sessionId',
  'backend',
  'simulated',
] as const satisfies readonly (keyof ProcessFacts)[];

type IdentityFields = Readonly<Partial<Record<'createTime' | 'startKey', unknown>>>;

const expectedIdentity = (target: IdentityFields, pid: number | null): ExpectedIdentity => {
  const createTime = optionalIdentityField('target.createTime', target.createTime);
  const startKey = optionalIdentityField('target.startKey', target.startKey);
  const given = target.createTime !== undefined || target.startKey !== undefined;
  // The Idle process has neither, and is refused for what it is.
  if (given && createTime === null && startKey === null && pid !== 0) {
    throw argumentError(
      `target ${pid === null ? '' : `for pid ${pid} `}has a createTime and startKey that are absent (0 or null), which identifies nothing: ` +
        'take the process from a census, or leave both out to mean whatever process has the pid now.',
    );
  }
  return { pid, createTime, startKey };
};

/** A census row, or the facts of a query. */
const readRow = (given: object): ReadTarget => {
  const row = readProperties('a process’s facts', given, [...TARGET_KEYS, ...FACT_KEYS]);
  const pid = requireId('target.pid', row.pid);
  return { kind: 'process', expected: { ...expectedIdentity(row, pid), pid } };
};

/**
 * @param given a pid, `{ pid, createTime?, startKey? }`, a census row, `{ tid, pid?, createTime?, startKey? }` or `{ handle, kind }`
 * @throws TrustletError ERR_TRUSTLET_ARGUMENT, naming the property
 */
export const readTarget = (given: unknown): ReadTarget => {
  if (typeof given !== 'object' || given === null) {
    return { kind: 'process', expected: { ...NO_EXPECTATION, pid: requireId('pid', given) } };
  }
  requireObject('target', given);
  if (readMember(given, 'verdict') !== undefined) return readRow(given);
  const target = readProperties('a target', given, [...TARGET_KEYS, ...HANDLE_TARGET_KEYS]);
  if (target.handle !== undefined) {
    refuseUnknownKeys('a handle target', target, HANDLE_TARGET_KEYS);
    const { handle, kind } = target;
    if (typeof handle !== 'bigint' || handle <= 0n || handle > 0x7fff_ffff_ffff_ffffn) {
      throw argumentError(
        `target.handle must be a real handle as a positive bigint, no pseudo-handle; got ${show(handle)}.`,
      );
    }
    if (kind !== 'process' && kind !== 'thread') {
      throw argumentError(`target.kind must say what the handle is: 'process' or 'thread'; got ${show(kind)}.`);
    }
    return { kind: 'handle', handle, object: kind, expected: NO_EXPECTATION };
  }
  refuseUnknownKeys('a target', target, TARGET_KEYS);
  if (target.tid !== undefined) {
    const tid = requireId('target.tid', target.tid);
    const pid = target.pid === undefined ? null : requireId('target.pid', target.pid);
    return { kind: 'thread', tid, expected: expectedIdentity(target, pid) };
  }
  const pid = requireId('target.pid', target.pid);
  return { kind: 'process', expected: { ...expectedIdentity(target, pid), pid } };
};

/** One operation or several, read: their entries, the kind of handle they act on, their united rights. */
export interface ReadOperations {
  readonly entries: readonly OperationEntry[];
  readonly acts: ObjectKind;
  readonly rights: number;
}

/**
 * @param operation a name, or a non-empty list of names that act on the same kind of handle; rights are united
 * @throws TrustletError ERR_TRUSTLET_ARGUMENT for an unknown name, an empty list, or a mix of process and thread operations
 */
export const readOperations = (operation: unknown): ReadOperations => {
  const names: readonly unknown[] = isList(operation) ? Array.from(operation) : [operation];
  const entries = names.map((name) => {
    const entry = typeof name === 'string' ? operationEntry(name) : undefined;
    if (entry === undefined) {
      const known = OPERATIONS.map((candidate) => candidate.operation).join(', ');
      throw argumentError(`${show(name)} is no guarded operation; the operations are ${known}.`);
    }
    return entry;
  });
  const [first] = entries;
  if (first === undefined)
    throw argumentError('operation must be a name or a list with at least one name; the list is empty.');
  const other = entries.find((entry) => entry.acts !== first.acts);
  if (other !== undefined) {
    throw argumentError(
      `${first.operation} acts on a ${first.acts} and ${other.operation} on a ${other.acts}: ` +
        'one guarded run holds one handle, so nest two runs instead.',
    );
  }
  return { entries, acts: first.acts, rights: entries.reduce((rights, entry) => rights | entry.rights, 0) >>> 0 };
};

/** Options of `guard.check` and `guard.run`. */
export interface GuardOptions {
  /** Availability operations (`suspend`, `terminate`, `duplicate-handle`) that may go ahead on a trustlet. Never lets `unknown` pass. */
  readonly accept?: readonly GuardOperation[] | undefined;
}

/** @throws TrustletError ERR_TRUSTLET_ARGUMENT for anything but availability operations */
export const readAccepted = (options: unknown): ReadonlySet<GuardOperation> => {
  if (options === undefined) return new Set();
  requireObject('options', options);
  const { accept } = readProperties('options', options, ['accept']);
  if (accept === undefined) return new Set();
  if (!isList(accept)) throw argumentError(`options.accept must be a list of operation names; got ${show(accept)}.`);
  return new Set(
    readAcceptedEntries(accept).map((entry) => {
      if (entry.concern === 'availability') return entry.operation;
      throw argumentError(
        `options.accept cannot name ${entry.operation}: it is an isolation matter and is always refused on a trustlet.`,
      );
    }),
  );
};

const readAcceptedEntries = (names: readonly unknown[]): readonly OperationEntry[] =>
  names.flatMap((name) => readOperations(name).entries);
