/** Why touching a process fails: isolation, protection, a pseudo-process, access control, exit, or unknown. Pure. */
import type { Backend } from './backend.js';
import { ntstatusName, Status, win32FromStatus } from './ntstatus.js';
import type { Explanation, ExplanationCause, ProcessFacts } from './types.js';

/** An error to explain: the code's number, read as NTSTATUS when its top bit is set and as a Win32 code otherwise. */
export interface ExplainedError {
  readonly ntstatus: number | null;
  readonly win32: number | null;
  readonly name: string;
}

/** @param code a Win32 error code, or an NTSTATUS as signed or unsigned 32-bit number */
export const readErrorCode = (code: number): ExplainedError => {
  if (code < 0 || code >= 0x8000_0000) {
    return { ntstatus: code >>> 0, win32: win32FromStatus(code) ?? null, name: ntstatusName(code) };
  }
  return { ntstatus: null, win32: code, name: `Win32 error ${code}` };
};

const isAccessDenied = (error: ExplainedError | null): boolean => error !== null && error.win32 === 5;
/** ERROR_NOACCESS, ERROR_PARTIAL_COPY: how failed copies surface (facts/nt.md 6.2). */
const isCopyFailure = (error: ExplainedError | null): boolean =>
  error !== null && (error.win32 === 998 || error.win32 === 299);

const CAUSES: Readonly<
  Record<'isolated' | 'isolatedShell' | 'identityMismatch' | 'gone' | 'exiting' | 'accessDenied', ExplanationCause>
> = {
  isolated: {
    cause: 'isolated',
    text:
      'It is a trustlet (IUM process): its memory belongs to VTL1. Reads and writes fail with ERROR_NOACCESS 998, a queued APC is ' +
      'accepted and never runs, an allocation exists in VTL0 only, and a debugger is refused by the secure kernel.',
    advice: 'No right or privilege changes that. Leave it alone; guard every such operation with guard.run.',
  },
  isolatedShell: {
    cause: 'isolated',
    text: 'It is the Secure System pseudo-process, the VTL0 shell of the secure kernel.',
    advice: 'There is nothing to act on.',
  },
  identityMismatch: {
    cause: 'reused',
    text: 'The pid belongs to another process by now.',
    advice: 'Drop the event it came from; never act on a pid alone.',
  },
  gone: {
    cause: 'no-such-process',
    text: 'No process has this pid (any more).',
    advice: 'Drop the pid.',
  },
  exiting: {
    cause: 'exited',
    text: 'The process is ending: its object still answers, but nothing in it runs.',
    advice: 'Drop the pid.',
  },
  accessDenied: {
    cause: 'access-control',
    text: 'This caller may not even ask what it is (PROCESS_QUERY_LIMITED_INFORMATION is refused): its DACL does not grant it.',
    advice: 'Run as its owner or elevated with SeDebugPrivilege. Until then treat it as a trustlet.',
  },
};

const protectionCause = (facts: ProcessFacts): ExplanationCause | null => {
  const { protection } = facts;
  if (protection === null || protection.type === 'None') return null;
  const kind = protection.type === 'ProtectedLight' ? 'PPL' : protection.type === 'Protected' ? 'PP' : protection.type;
  return {
    cause: 'protected',
    text:
      `It is a protected process (${kind}-${protection.signer}): the kernel refuses most rights to callers of lower protection, ` +
      'whatever their privileges (STATUS_ACCESS_DENIED at open; STATUS_PROCESS_IS_PROTECTED for a debugger).',
    advice:
      'This is not isolation, and it does not make the process a trustlet. Ask only for PROCESS_QUERY_LIMITED_INFORMATION.',
  };
};

const causeOfUnknown = (facts: ProcessFacts): ExplanationCause | null => {
  switch (facts.reason) {
    case 'gone':
      return CAUSES.gone;
    case 'exiting':
      return CAUSES.exiting;
    case 'identity-mismatch':
      return CAUSES.identityMismatch;
    case 'access-denied':
      return CAUSES.accessDenied;
    case 'query-failed':
    case 'downlevel-bit':
      return {
        cause: 'unknown',
        text: `What it is cannot be known: ${facts.reason} (${facts.statusName}).`,
        advice: 'Treat it as a trustlet, and try again.',
      };
    default:
      return null;
  }
};

const pseudoCause = (facts: ProcessFacts): ExplanationCause | null => {
  if (!facts.pseudo) return null;
  if (facts.classification === 'SecureSystem') return CAUSES.isolatedShell;
  const which = facts.pid === 0 ? 'Idle' : (facts.classification ?? 'System');
  return {
    cause: 'pseudo-process',
    text: `It is the ${which} pseudo-process: it runs no image of its own.`,
    advice: 'There is nothing to act on.',
  };
};

const remainder = (facts: ProcessFacts, error: ExplainedError | null, found: boolean): ExplanationCause[] => {
  if (found) return [];
  if (isAccessDenied(error)) {
    return [
      {
        cause: 'access-control',
        text: 'It is an ordinary, unprotected process; its DACL does not grant this caller the rights that were asked for.',
        advice: 'Ask for fewer rights, run as its owner, or elevate with SeDebugPrivilege.',
      },
    ];
  }
  if (isCopyFailure(error)) {
    return [
      {
        cause: 'unknown',
        text: 'It is an ordinary process; a copy fails like this where the address is not mapped, or changed meanwhile.',
        advice:
          'Check the address range; a process that hosts a VBS enclave also has ranges that no one outside can read.',
      },
    ];
  }
  const text =
    error === null
      ? 'Nothing about this process keeps a caller with the rights from acting on it.'
      : `It is an ordinary process, and nothing known of it explains ${error.name}.`;
  return facts.verdict === 'ordinary'
    ? [{ cause: error === null ? 'none' : 'unknown', text, advice: 'Act inside guard.run.' }]
    : [];
};

/**
 * @param facts what is known of the target (from a census where possible: that has its classification)
 * @param error the error that was met, if any
 * @returns causes, most likely first; never empty
 */
export const explainFacts = (
  facts: ProcessFacts,
  error: ExplainedError | null,
  source: Pick<Backend, 'name' | 'simulated'>,
): Explanation => {
  const causes: ExplanationCause[] = [];
  const add = (cause: ExplanationCause | null): void => {
    if (cause !== null) causes.push(cause);
  };
  const protectedFirst = error?.ntstatus === Status.PROCESS_IS_PROTECTED || isAccessDenied(error);
  const protectedCause = protectionCause(facts);
  if (protectedFirst) add(protectedCause);
  add(pseudoCause(facts));
  if (facts.verdict === 'secure' && !facts.pseudo) add(CAUSES.isolated);
  if (!protectedFirst) add(protectedCause);
  if (facts.verdict === 'unknown') add(causeOfUnknown(facts));
  causes.push(...remainder(facts, error, causes.length > 0));
  const [first] = causes;
  const name = facts.name === null ? '' : ` (${facts.name})`;
  return {
    pid: facts.pid,
    facts,
    error,
    summary: `pid ${facts.pid}${name}: ${first?.text ?? ''}`,
    causes,
    backend: source.name,
    simulated: source.simulated,
  };
};
