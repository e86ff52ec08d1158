/**
 * IMAGE_POLICY_METADATA: what a trustlet's image asks of the secure kernel (facts/nt.md 5.3). Pure: bytes in, policy out, so that
 * an emulated secure kernel reads an image with the very code that `inspect` reads a file with.
 */
import { Damage } from './damage.js';
import { PE_LIMITS } from './limits.js';
import {
  DEBUG_VALUES,
  type DebugPolicy,
  POLICY_IDS,
  POLICY_TYPES,
  type PolicyType,
  TRUSTLET_IDS,
} from './policy-values.js';
import type { PeDiagnosisCode, PolicyEntry, TrustletPolicy } from './report.js';

const HEADER_BYTES = 16;
const ENTRY_BYTES = 16;
const VERSION = 1;
const END_OF_LIST = 0;

/** Bytes of the metadata with all the entries that are read: what a caller hands over at most. */
export const POLICY_BYTES: number = HEADER_BYTES + (PE_LIMITS.policyEntries + 1) * ENTRY_BYTES;

/** The metadata, and how to follow what it points to. */
export interface PolicySource {
  /** From the symbol on, to the end of its section or `POLICY_BYTES`. */
  readonly bytes: Uint8Array;
  /** Where `bytes` begin in the file. */
  readonly offset: number;
  readonly symbol: string;
  /** @throws Damage where the text is not in the image */
  readonly text: (address: bigint, encoding: 'latin1' | 'utf16le', at: number) => string;
  readonly note: (code: PeDiagnosisCode, offset: number, text: string) => void;
}

const meaningOf = (policyName: string, type: PolicyType | undefined, value: PolicyEntry['value']): string => {
  if (type?.name === 'override') return 'whoever creates the trustlet may choose it';
  switch (policyName) {
    case 'Etw':
      return value === true ? 'trace events may leave it' : 'no trace events leave it';
    case 'Debug':
      return debugOf(type, value).meaning;
    case 'CrashDump':
      return value === true ? 'its pages go into crash dumps, encrypted' : 'its pages go into no crash dump';
    case 'CapabilityOverridable':
    case 'TrustletIdOverridable':
      return value === true ? 'whoever creates the trustlet may choose another' : 'fixed by the image';
    default:
      return POLICY_IDS.find(({ name }) => name === policyName)?.about ?? 'not known here';
  }
};

const NEVER = { policy: 'never', meaning: 'no debugger may attach' } as const;

/** The secure kernel reads an u32 and refuses what it does not know. */
const debugOf = (
  type: PolicyType | undefined,
  value: PolicyEntry['value'],
): { readonly policy: DebugPolicy; readonly meaning: string } => {
  if (type?.name !== 'u32') return { ...NEVER, meaning: 'no debugger may attach: the value is not of type u32' };
  return (
    DEBUG_VALUES.find((each) => each.value === value) ?? {
      ...NEVER,
      meaning: `no debugger may attach: ${value} is no value the secure kernel knows`,
    }
  );
};

const numberOf = (view: DataView, at: number, { bits, isSigned }: PolicyType): bigint => {
  const word = view.getBigUint64(at, true);
  return isSigned ? BigInt.asIntN(bits, word) : BigInt.asUintN(bits, word);
};

const textOf = (source: PolicySource, address: bigint, { name }: PolicyType, at: number): string | null => {
  try {
    return source.text(address, name === 'ansi-string' ? 'latin1' : 'utf16le', at);
  } catch (error) {
    if (!(error instanceof Damage)) throw error;
    source.note(error.problem, error.offset, error.message);
    return null;
  }
};

const readValue = (
  source: PolicySource,
  view: DataView,
  at: number,
  type: PolicyType | undefined,
): PolicyEntry['value'] => {
  switch (type?.kind) {
    case 'bool':
      return view.getUint8(at + 8) !== 0;
    case 'number':
      return numberOf(view, at + 8, type);
    case 'text':
      return textOf(source, view.getBigUint64(at + 8, true), type, source.offset + at + 8);
    default:
      return null;
  }
};

const readEntry = (source: PolicySource, view: DataView, at: number): PolicyEntry => {
  const offset = source.offset + at;
  const typeNumber = view.getUint32(at, true);
  const policyId = view.getUint32(at + 4, true);
  const type = POLICY_TYPES.find((each) => each.type === typeNumber);
  const policyName = POLICY_IDS.find(({ id }) => id === policyId)?.name ?? `unknown(${policyId})`;
  if (policyId === 0) source.note('malformed', offset + 4, 'An entry that is not the last one names no policy (id 0).');
  const value = readValue(source, view, at, type);
  return {
    offset,
    type: typeNumber,
    typeName: type?.name ?? `unknown(${typeNumber})`,
    policyId,
    policyName,
    value,
    meaning:
      type === undefined
        ? `not read: a value of type ${typeNumber} is unknown here`
        : meaningOf(policyName, type, value),
  };
};

interface EntryList {
  readonly entries: readonly PolicyEntry[];
  readonly isTerminated: boolean;
}

const readEntries = (source: PolicySource, view: DataView): EntryList => {
  const entries: PolicyEntry[] = [];
  for (let at = HEADER_BYTES; at + ENTRY_BYTES <= view.byteLength; at += ENTRY_BYTES) {
    if (view.getUint32(at, true) === END_OF_LIST) return { entries, isTerminated: true };
    if (entries.length === PE_LIMITS.policyEntries) {
      source.note('too-many', source.offset + at, `More than ${PE_LIMITS.policyEntries} entries; no more were read.`);
      return { entries, isTerminated: false };
    }
    entries.push(readEntry(source, view, at));
  }
  source.note(
    'malformed',
    source.offset + view.byteLength,
    'No entry of type 0 ends the list before its section does.',
  );
  return { entries, isTerminated: false };
};

const named = (entries: readonly PolicyEntry[], name: string): readonly PolicyEntry[] =>
  entries.filter(({ policyName }) => policyName === name);

const noteRepetitions = (source: PolicySource, entries: readonly PolicyEntry[]): void => {
  const seen = new Set<number>();
  for (const { policyId, policyName, offset } of entries) {
    if (seen.has(policyId)) {
      const text = `Policy ${policyName} stands in the list twice; which one counts is not known, and the stricter one is shown.`;
      source.note('malformed', offset, text);
    }
    seen.add(policyId);
  }
};

/** A policy that nothing, or not everything, allows is refused. */
const isGranted = (entries: readonly PolicyEntry[], name: string): boolean => {
  const found = named(entries, name);
  return found.length > 0 && found.every(({ value }) => value === true);
};

const strictestDebug = (entries: readonly PolicyEntry[]): DebugPolicy => {
  const said = named(entries, 'Debug').map(
    ({ type, value }) =>
      debugOf(
        POLICY_TYPES.find((each) => each.type === type),
        value,
      ).policy,
  );
  return DEBUG_VALUES.find(({ policy }) => said.includes(policy))?.policy ?? 'never';
};

const overridableOf = (entries: readonly PolicyEntry[]): readonly string[] => [
  ...(isGranted(entries, 'CapabilityOverridable') ? ['Capability'] : []),
  ...(isGranted(entries, 'TrustletIdOverridable') ? ['TrustletId'] : []),
  ...entries.filter(({ typeName }) => typeName === 'override').map(({ policyName }) => policyName),
];

/**
 * @returns the policy, its strictest reading as `effective`: a missing entry is the most restrictive (facts/vsm.md 3.7)
 * @throws Damage where not even the header is there
 */
export const parsePolicy = (source: PolicySource): TrustletPolicy => {
  const { bytes, offset, symbol } = source;
  if (bytes.byteLength < HEADER_BYTES) {
    throw new Damage(
      'truncated',
      offset,
      `The policy's header takes ${HEADER_BYTES} bytes; ${bytes.byteLength} are left of its section.`,
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const version = view.getUint8(0);
  if (version !== VERSION)
    source.note('malformed', offset, `The policy is of version ${version}; ${VERSION} is the known one.`);
  const applicationId = view.getBigUint64(8, true);
  const { entries, isTerminated } = readEntries(source, view);
  noteRepetitions(source, entries);
  const known = TRUSTLET_IDS.find(({ id }) => id === applicationId);
  return {
    offset,
    symbol,
    version,
    applicationId,
    knownAs: known === undefined ? null : `${known.image}: ${known.role}`,
    entries,
    isTerminated,
    effective: {
      etw: isGranted(entries, 'Etw'),
      debug: strictestDebug(entries),
      crashDump: isGranted(entries, 'CrashDump') ? 'encrypted' : 'none',
      overridable: overridableOf(entries),
    },
  };
};
