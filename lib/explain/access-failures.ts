/** Known failures of who may open what: protection, access control, privileges, the caller's own kind. Pure. */
import { ProcessAccess, ThreadAccess } from '../guard/operations.js';
import { encodeProtection } from '../layout/protection.js';
import { dominates, protectionName } from '../layout/protection-rules.js';
import { Status } from '../ntstatus.js';
import type { ProcessFacts, Protection } from '../types.js';
import {
  aboutProcess,
  type Caller,
  type Case,
  hex,
  type KnownFailure,
  kindOf,
  lackingRights,
  rightsText,
  type Sighting,
  subjectOf,
  through,
  Weight,
} from './case.js';
import {
  hasCode,
  isAccessDenied,
  isCopyFailure,
  isInvalidHandle,
  isInvalidParameter,
  isNotSupported,
  isPartialCopy,
  isPrivilegeNotHeld,
  isProcessProtected,
} from './error-code.js';

const namedRights = ({ ALL: _all, ...bits }: Readonly<Record<string, number>>): number =>
  Object.values(bits).reduce((mask, bit) => mask | bit, 0);

const NAMED_RIGHTS = { process: namedRights(ProcessAccess), thread: namedRights(ThreadAccess) } as const;

const isProtected = (protection: Protection | null): protection is Protection =>
  protection !== null && (protection.raw & 0x7) !== 0;

const named = (protection: Protection): string => `${protectionName(protection)}, ${hex(protection.raw)}`;

const SIGNERS = ['Authenticode', 'CodeGen', 'Antimalware', 'Lsa', 'Windows', 'WinTcb', 'WinSystem', 'App'] as const;

/** Signers whose processes of the target’s own type may do more. */
const dominatingSigners = ({ type, raw }: Protection): readonly string[] =>
  type === 'ProtectedLight' || type === 'Protected'
    ? SIGNERS.filter((signer) => dominates(encodeProtection({ type, signer }), raw))
    : [];

const callerText = ({ pid, protection }: Caller): string => {
  if (protection === null) return `This caller’s own protection (pid ${pid}) could not be read`;
  return isProtected(protection)
    ? `This caller, pid ${pid}, is ${protectionName(protection)}, which does not dominate it`
    : `This caller, pid ${pid}, has no protection`;
};

/** What is missing, short: where the call does not say what it needs, what is left is less than what is refused. */
const missing = (lacking: number, api: Case['api']): string => {
  const kind = kindOf(api);
  const from = api === null ? '' : ` (${api.name})`;
  if (lacking === 0) return `it may not debug it, whatever its handle’s rights${from}`;
  if (api?.rights != null) return `it lacks ${rightsText(lacking, kind)}${from}`;
  return `it gets no right but ${rightsText(NAMED_RIGHTS[kind] & ~lacking, kind)}${from}`;
};

const protectionAdvice = (protection: Protection): string => {
  const signers = dominatingSigners(protection);
  const who =
    signers.length === 0
      ? ''
      : ` Only a protected caller of signer ${signers.join(', ')} gets more, which a Node process cannot be in practice.`;
  return `No elevation and no privilege, SeDebugPrivilege included, changes that. Ask for no more than PROCESS_QUERY_LIMITED_INFORMATION (0x1000); that stays allowed.${who}`;
};

const weightOfProtection = ({ error }: Case): number => {
  if (isProcessProtected(error)) return Weight.DECISIVE;
  if (isAccessDenied(error)) return Weight.LIKELY + 5;
  return hasCode(error) ? Weight.ASIDE : Weight.PLAUSIBLE + 5;
};

const lookForProtection = (facts: ProcessFacts, seen: Case): Sighting | null => {
  const { protection } = facts;
  const { caller, error, api } = seen;
  if (protection === null && isProcessProtected(error)) {
    return { weight: Weight.DECISIVE, seen: true, evidence: `the error itself: ${error?.name}` };
  }
  // A copy that failed had its handle, an invalid handle none, and a caller that dominates is refused nothing.
  if (!isProtected(protection) || isCopyFailure(error) || isInvalidHandle(error)) return null;
  if (dominates(caller.protection?.raw ?? 0, protection.raw)) return null;
  const lacking = lackingRights(facts, seen);
  // A debugger is turned away whatever its handle’s rights (facts/nt.md 6.2).
  const debugging = api?.operation === 'debug';
  if (lacking === 0 && !debugging) return null;
  return {
    weight: weightOfProtection(seen),
    seen: true,
    evidence:
      `class 61 of pid ${facts.pid} is ${hex(protection.raw)} ${through(facts)}; ` +
      (caller.protection === null
        ? `that of the caller, pid ${caller.pid}, was not told`
        : `that of the caller, pid ${caller.pid}, is ${hex(caller.protection.raw)}`),
    text:
      `It is a protected process (${named(protection)}): the kernel refuses most rights to callers of lower protection, whatever ` +
      `their privileges. ${callerText(caller)}: ${missing(lacking, api)}. ${facts.verdict === 'secure' ? 'That is apart from its isolation.' : 'This is not isolation, and it does not make the process a trustlet.'}`,
    advice: protectionAdvice(protection),
  };
};

const lookForAnotherProtected = ({ protection, pid, ...facts }: ProcessFacts, { error }: Case): Sighting | null =>
  isProcessProtected(error) && protection !== null && (protection.raw & 0x7) === 0
    ? {
        weight: Weight.STRONG,
        seen: false,
        evidence: `not seen: class 61 of pid ${pid} is ${hex(protection.raw)} ${through(facts)}, no protection`,
      }
    : null;

/** What a plain query of the target was granted. */
const wasGranted = (kind: 'process' | 'thread'): number =>
  kind === 'process' ? ProcessAccess.QUERY_LIMITED_INFORMATION : 0;

const lookForRemainingAccess = (facts: ProcessFacts, seen: Case): Sighting | null => {
  const { api, error } = seen;
  if (!isAccessDenied(error) || facts.verdict === 'unknown' || facts.pseudo || subjectOf(seen) !== 'process')
    return null;
  if (isProtected(facts.protection) && (lackingRights(facts, seen) !== 0 || api?.operation === 'debug')) return null;
  const kind = kindOf(api);
  const rights = api?.rights ?? null;
  if (rights !== null && (rights & ~wasGranted(kind)) === 0) {
    return {
      weight: Weight.POSSIBLE,
      seen: false,
      evidence: `not seen: this caller, pid ${seen.caller.pid}, was granted ${rightsText(rights, kind)} on pid ${facts.pid} ${through(facts)}`,
      text: `${rightsText(rights, kind)} (${api?.name}) was granted to this caller a moment ago: it was refused to another one, or at another time.`,
      advice: 'Ask from the process that failed, as its user; compare whoami /groups and whoami /priv of the two.',
    };
  }
  const asked = rights === null ? 'The rights that were asked for' : `${rightsText(rights, kind)} (${api?.name})`;
  return {
    weight: Weight.PLAUSIBLE,
    seen: false,
    evidence:
      `not seen; it is what remains: pid ${facts.pid} could be opened for PROCESS_QUERY_LIMITED_INFORMATION ${through(facts)}, ` +
      `${isProtected(facts.protection) ? 'and its protection does not refuse these rights' : facts.protection === null ? 'its protection is not known' : 'and it is not protected'}; no DACL or integrity level was read`,
    text: `${asked}: its DACL or its integrity level does not grant this caller what was asked for, or another product takes rights away. That is the remaining cause.`,
  };
};

const SIXTY_FOUR_ON_THIRTY_TWO: ReadonlySet<string> = new Set([
  'debug',
  'dump',
  'create-thread',
  'load-library',
  'queue-apc',
  'set-context',
  'read',
  'write',
]);

const MODULE_RIGHTS = ProcessAccess.QUERY_INFORMATION | ProcessAccess.VM_READ;

const lookForBitness = (facts: ProcessFacts, { caller, api, error }: Case): Sighting | null => {
  if (facts.reason === 'query-failed' && facts.status === Status.INFO_LENGTH_MISMATCH && caller.bits === 32) {
    return {
      weight: Weight.PLAUSIBLE,
      seen: true,
      evidence: `the caller, pid ${caller.pid}, is a 32-bit process; the query of pid ${facts.pid}: ${facts.statusName}`,
      text: 'This caller is a 32-bit process: whether the extended query gets through WOW64 is not promised.',
      advice: 'Run a 64-bit Node, or install the driver; until then treat it as a trustlet.',
      known: 'assumed',
      source: 'facts/nt.md 1.4 [unverified]',
    };
  }
  const lists = api !== null && api.operation === null && api.rights === MODULE_RIGHTS;
  const concerned =
    lists || SIXTY_FOUR_ON_THIRTY_TWO.has(api?.operation ?? '') || (api === null && isPartialCopy(error));
  const is64 = facts.flags !== null && !facts.flags.IsWow64Process && !facts.pseudo && facts.verdict === 'ordinary';
  const shows =
    isPartialCopy(error) || isNotSupported(error) || isInvalidParameter(error) || (isAccessDenied(error) && !lists);
  if (!concerned || !is64 || !shows || caller.bits === 64) return null;
  return caller.bits === 32
    ? {
        weight: Weight.STRONG,
        seen: true,
        evidence: `the caller, pid ${caller.pid}, runs under WOW64; bit 1 (IsWow64Process) of pid ${facts.pid} is clear`,
      }
    : {
        weight: Weight.REMOTE,
        seen: false,
        evidence: `not seen: whether the caller, pid ${caller.pid}, is a 32-bit process is not known; pid ${facts.pid} is none`,
      };
};

/** Known failures of who may open what. */
export const accessFailures: readonly KnownFailure[] = [
  {
    id: 'protected',
    cause: 'protected',
    symptom:
      'OpenProcess fails with 5 for an administrator too, whatever the privileges; a debugger gets 0xC0000712 (STATUS_PROCESS_IS_PROTECTED)',
    text:
      'It is a protected process (PP or PPL): the kernel refuses most rights to callers of lower protection, whatever their privileges. ' +
      'This is not isolation, and it does not make the process a trustlet.',
    advice:
      'No elevation and no privilege, SeDebugPrivilege included, changes that. Ask for no more than PROCESS_QUERY_LIMITED_INFORMATION (0x1000); that stays allowed.',
    known: 'documented',
    source: 'facts/nt.md 2 (rights documented; which signer dominates which: known)',
    look: aboutProcess(lookForProtection),
  },
  {
    id: 'protection-of-another',
    cause: 'reused',
    symptom: '0xC0000712 (STATUS_PROCESS_IS_PROTECTED) was met, and the process is not protected',
    text: 'The error speaks of a protected process, and this one is none: it was another one that was called, or that had the pid.',
    advice: 'Compare pid and create time with those of the moment of the error.',
    known: 'derived',
    source: 'facts/nt.md 2, 4.3',
    look: aboutProcess(lookForAnotherProtected),
  },
  {
    id: 'query-refused',
    cause: 'access-control',
    symptom: 'Even PROCESS_QUERY_LIMITED_INFORMATION is refused with 5',
    text:
      'This caller may not even ask what it is (PROCESS_QUERY_LIMITED_INFORMATION is refused): its access control does not grant it. ' +
      'Protection alone would not refuse that right.',
    advice: 'Run as its owner or elevated with SeDebugPrivilege. Until then treat it as a trustlet.',
    known: 'documented',
    source: 'facts/nt.md 2, 6.1',
    look: aboutProcess((facts) =>
      facts.reason === 'access-denied'
        ? {
            weight: Weight.DECISIVE,
            seen: true,
            evidence: `opening or asking pid ${facts.pid} with 0x1000 ${through(facts)}: ${facts.statusName}`,
          }
        : null,
    ),
  },
  {
    id: 'rights-refused',
    cause: 'access-control',
    symptom: 'An open fails with 5, and neither protection nor isolation accounts for it',
    text: 'Its DACL or its integrity level does not grant this caller what was asked for. That is the remaining cause.',
    advice:
      'Ask for fewer rights, one at a time, to see which is refused; compare the target’s DACL and integrity level (System Informer, ' +
      'Security) with whoami /groups and whoami /priv. Then run as its owner, or elevated with SeDebugPrivilege; where that is ' +
      'refused too, another product removes rights from handles.',
    known: 'derived',
    source: 'facts/nt.md 2, 6.1, 7.1',
    look: aboutProcess(lookForRemainingAccess),
  },
  {
    id: 'privilege-not-held',
    cause: 'privilege',
    symptom: '1314 (ERROR_PRIVILEGE_NOT_HELD)',
    text: 'The caller’s token lacks a privilege, or has it disabled: SeLoadDriverPrivilege to load a driver, SeDebugPrivilege to open the processes of others.',
    advice: 'Look at whoami /priv of that process; run it elevated, and enable the privilege before the call.',
    known: 'documented',
    source: 'facts/nt.md 9; Microsoft Learn, privilege constants',
    look: ({ error }) =>
      isPrivilegeNotHeld(error)
        ? [{ weight: Weight.DECISIVE - 5, seen: true, evidence: `the error itself: ${error?.name}` }]
        : [],
  },
  {
    id: '32-bit-caller',
    cause: '32-bit-caller',
    symptom: 'From a 32-bit process: 299 from a module list or a dump, 50 from a debugger, 5 or 87 from a thread',
    text: 'The caller is a 32-bit process and the target is not: modules cannot be listed, addresses above 4 GiB not named, and no debugger or thread gets across.',
    advice: 'Do it from a 64-bit process (a 64-bit Node).',
    known: 'documented',
    source: 'Microsoft Learn, EnumProcessModules (299); for threads and debuggers: known',
    look: aboutProcess(lookForBitness),
  },
];
