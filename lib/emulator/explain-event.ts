/** Any event of the log as a sentence, and the row of the behaviour table that it shows. */
import type { BehaviourId, ConsequenceId } from './behaviours/row.js';
import { CallCode } from './hypervisor/call-codes.js';
import type { HypervisorEvent, LoggedEvent, TrustletStep } from './hypervisor/event-log.js';
import { eventText } from './hypervisor/event-text.js';

type RowId = BehaviourId | ConsequenceId;

export interface EventExplanation {
  /** Who did what, and what came of it. */
  readonly sentence: string;
  /** Id of the row in `behaviours` or `consequences`; null for what no statement of the table is about. */
  readonly behaviour: RowId | null;
}

type OfKind<Kind extends HypervisorEvent['kind']> = Extract<HypervisorEvent, { kind: Kind }>;

type RowOf = { readonly [Kind in HypervisorEvent['kind']]: (event: OfKind<Kind>) => RowId | null };

/** Of APIs that have a row apart from others for the same operation. */
const apiRows: Readonly<Record<string, RowId>> = {
  KeInsertQueueApc: 'B35',
  MmCopyVirtualMemory: 'N03',
  KeStackAttachAndTouch: 'N04',
};

const operationRows: Readonly<Record<OfKind<'operation'>['operation'], RowId>> = {
  'queue-apc': 'B39',
  'create-thread': 'B40',
  'load-library': 'B33',
  allocate: 'B41',
  read: 'B42',
  write: 'B43',
  'map-section': 'N01',
  'set-context': 'N02',
  debug: 'B28',
  dump: 'N05',
  'set-windows-hook': 'N09',
  'set-information': 'N08',
  suspend: 'N10',
  terminate: 'N10',
  'duplicate-handle': 'N07',
};

const secureServiceRows: Readonly<Record<string, RowId>> = {
  CREATE_SECURE_IMAGE: 'N14',
  CREATE_PROCESS: 'B17',
  INITIALIZE_PROCESS: 'B17',
  CREATE_THREAD: 'B17',
  RUNDOWN_PROCESS: 'N10',
  DEBUG_PROCESS: 'B31',
  GET_ON_DEMAND_DEBUG_CHALLENGE: 'B31',
  ENABLE_ON_DEMAND_DEBUG_WITH_RESPONSE: 'B31',
  SET_CONTEXT: 'B29',
  DEBUG_READ_WRITE_MEMORY: 'B29',
  LIVEDUMP_CAPTURE_PROCESS: 'B30',
  RETRIEVE_MAILBOX: 'N15',
  IS_TRUSTLET_RUNNING: 'B23',
};

const stepRows: Readonly<Record<TrustletStep, RowId | null>> = {
  started: 'B17',
  refused: 'N14',
  ended: 'N10',
  crashed: null,
  'paged-out': 'B21',
  'paged-in': 'B21',
  'page-refused': 'B21',
  'debug-allowed': 'B31',
  'debug-refused': 'B28',
};

const hypercallRow = ({ code, vtl, status }: OfKind<'hypercall'>): RowId | null => {
  if (code === CallCode.EnablePartitionVtl || code === CallCode.EnableVpVtl) return status === 0 ? 'B02' : 'B01';
  if (code === CallCode.ModifyVtlProtectionMask) return vtl === 0 ? 'B12' : 'B11';
  return vtl === 0 && status !== 0 ? 'B22' : null;
};

const rows: RowOf = {
  hypercall: hypercallRow,
  'hypercall-suspended': () => null,
  'vtl-enabled': () => 'B02',
  'vp-started': () => null,
  'vtl-switch': () => 'B08',
  intercept: ({ cause }) => (cause === 'memory' ? 'B03' : 'B22'),
  interrupt: () => null,
  fault: () => null,
  protection: ({ mask }) => (mask === 0 ? 'B14' : 'B15'),
  configuration: ({ vtl, target }) => (vtl > target ? 'B09' : null),
  overlay: () => null,
  'device-access': ({ outcome }) => (outcome === 'blocked' ? 'B05' : null),
  reset: () => null,
  operation: ({ api, operation, trustlet }) => (trustlet ? (apiRows[api] ?? operationRows[operation]) : null),
  'guard-decision': () => 'B44',
  rpc: ({ direction }) => (direction === 'request' ? 'B25' : 'B26'),
  'secure-call': ({ operation, service }) =>
    operation === 'resume-thread' ? 'B08' : (secureServiceRows[service ?? ''] ?? null),
  'normal-call': () => 'B18',
  'trustlet-call': ({ served }) => (served ? 'B08' : 'B18'),
  trustlet: ({ step }) => stepRows[step],
  vina: () => null,
  bugcheck: () => null,
};

/** @throws TrustletError ERR_TRUSTLET_ARGUMENT for no event of the log */
export const explainEvent = (event: LoggedEvent): EventExplanation => {
  const sentence = eventText(event).replace(/^#\d+ /, '');
  // The rule of a kind takes that kind: the type system cannot say it of a table.
  const rowOf = rows[event.kind] as (event: HypervisorEvent) => RowId | null;
  return { sentence: `${sentence.charAt(0).toUpperCase()}${sentence.slice(1)}.`, behaviour: rowOf(event) };
};
