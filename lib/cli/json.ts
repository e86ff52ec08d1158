/** The JSON documents: a public contract with a schema number (DESIGN.md, Command line). 64-bit values are decimal strings. */
import type {
  Evidence,
  ProcessClassification,
  ProcessFacts,
  ProcessFlags,
  Protection,
  SecureVerdict,
  VerdictReason,
} from '../types.js';
import { UNPRINTABLE } from './text.js';

/** Raised when a member changes its meaning or goes away; new members do not raise it. */
export const JSON_SCHEMA = 1;

/** One process as `list` and `check` give it. */
export interface ProcessDocument {
  readonly pid: number;
  readonly parentPid: number | null;
  readonly name: string | null;
  readonly verdict: SecureVerdict;
  /** Why the verdict is what it is, and how that is known. */
  readonly reason: VerdictReason;
  readonly evidence: Evidence;
  readonly flags: ProcessFlags | null;
  readonly protection: Pick<Protection, 'type' | 'signer' | 'audit' | 'raw'> | null;
  readonly classification: ProcessClassification | null;
  /** FILETIME in 100 ns units, decimal. */
  readonly createTime: string | null;
  /** Decimal. */
  readonly startKey: string | null;
  readonly sessionId: number | null;
  /** NTSTATUS behind the verdict, unsigned; 0 when nothing failed. */
  readonly status: number;
  readonly statusName: string;
}

const decimal = (value: bigint | null): string | null => (value === null ? null : value.toString());

export const processDocument = (facts: ProcessFacts): ProcessDocument => ({
  pid: facts.pid,
  parentPid: facts.parentPid,
  name: facts.name,
  verdict: facts.verdict,
  reason: facts.reason,
  evidence: facts.evidence,
  flags: facts.flags,
  protection:
    facts.protection === null
      ? null
      : {
          type: facts.protection.type,
          signer: facts.protection.signer,
          audit: facts.protection.audit,
          raw: facts.protection.raw,
        },
  classification: facts.classification,
  createTime: decimal(facts.createTime),
  startKey: decimal(facts.startKey),
  sessionId: facts.sessionId,
  status: facts.status,
  statusName: facts.statusName,
});

const escaped = (character: string): string =>
  Array.from(
    { length: character.length },
    (_, unit) => `\\u${character.charCodeAt(unit).toString(16).padStart(4, '0')}`,
  ).join('');

/** What a terminal could obey is escaped beyond what JSON asks for; who parses it sees no difference. */
const harmless = (json: string): string =>
  json.replace(UNPRINTABLE, (character) => (character === '\n' ? character : escaped(character)));

/** One document as text. */
export const stringify = (document: Readonly<Record<string, unknown>>): string =>
  `${harmless(JSON.stringify(document, null, 2))}\n`;

/** A part of a document as text, in one line. */
export const compactJson = (value: unknown): string => harmless(JSON.stringify(value));
