/** One process in words: protection, times, flags, and the short note of a list. */
import { protectionName } from '../layout/protection-rules.js';
import { ntstatusName, statusHex } from '../ntstatus.js';
import type { ProcessFacts, ProcessFlags, Protection } from '../types.js';
import { printable } from './text.js';

/** FILETIME of 1970-01-01 in 100 ns units. */
const UNIX_EPOCH = 116_444_736_000_000_000n;
const UNITS_PER_MILLISECOND = 10_000n;

/** e.g. `PPL-Lsa`, `PP-WinTcb`, `-` for none, `?` where it is not known. */
export const protectionText = (protection: Protection | null): string => {
  if (protection === null) return '?';
  if (protection.type === 'None') return '-';
  return protectionName(protection);
};

/** @param fileTime FILETIME, 100 ns units since 1601 */
export const timeText = (fileTime: bigint): string =>
  new Date(Number((fileTime - UNIX_EPOCH) / UNITS_PER_MILLISECOND)).toISOString();

/** The flags that are set, by the structure's own names. */
export const flagsText = (flags: ProcessFlags): string => {
  const { raw, ...bits } = flags;
  const set = Object.entries(bits).filter(([, isSet]) => isSet);
  return [`0x${raw.toString(16).padStart(8, '0')}`, ...set.map(([name]) => name)].join(' ');
};

/** e.g. `STATUS_ACCESS_DENIED (0xc0000022)`. */
export const statusText = (status: number): string => {
  const name = ntstatusName(status);
  const hex = statusHex(status);
  return name === hex ? hex : `${name} (${hex})`;
};

export const nameText = (name: string | null): string => (name === null || name === '' ? '?' : printable(name));

/** What a list says beside verdict and protection, in a word or two. */
export const noteText = (facts: ProcessFacts): string => {
  const { flags } = facts;
  return [
    facts.verdict === 'unknown' ? facts.reason : null,
    facts.verdict === 'secure' && !facts.pseudo ? 'trustlet' : null,
    facts.pseudo && facts.verdict !== 'unknown' ? 'pseudo-process' : null,
    facts.verdict === 'secure' && flags?.IsProcessDeleting === true ? 'exiting' : null,
    flags?.IsWow64Process === true ? 'wow64' : null,
    flags?.IsFrozen === true ? 'frozen' : null,
    flags?.IsSubsystemProcess === true ? 'subsystem' : null,
  ]
    .filter((note) => note !== null)
    .join(', ');
};
