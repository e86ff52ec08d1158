/** Known failures that lie in what the process is: isolated, no process of its own, ending, gone, another one, unknown. Pure. */
import { Status, statusHex } from '../ntstatus.js';
import type { ProcessFacts } from '../types.js';
import { aboutProcess, type Case, type KnownFailure, lackingRights, type Sighting, through, Weight } from './case.js';
import {
  hasCode,
  isAccessDenied,
  isInvalidParameter,
  isOneOf,
  isProcessProtected,
  isTerminating,
} from './error-code.js';
import { type IsolationSigns, SIGNS_OF_ANY } from './isolation-signs.js';

const isSecureSystem = (facts: ProcessFacts): boolean => facts.classification === 'SecureSystem';
const isTrustlet = (facts: ProcessFacts): boolean => facts.verdict === 'secure' && !isSecureSystem(facts);

const weightOfIsolation = (facts: ProcessFacts, seen: Case, signs: IsolationSigns): number => {
  const { api, error } = seen;
  if (!hasCode(error)) return Weight.DECISIVE - 5;
  if (isProcessProtected(error)) return lackingRights(facts, seen) === 0 ? Weight.ASIDE : Weight.PLAUSIBLE;
  if (isAccessDenied(error) && lackingRights(facts, seen) !== 0) return Weight.PLAUSIBLE;
  if (isOneOf(error, signs.codes)) return Weight.DECISIVE - 5;
  if (!isOneOf(error, signs.possible)) return Weight.ASIDE;
  // The rights of a handle are looked at first (facts/nt.md 6.2): 5 from a copy is rather theirs.
  return api === null ? Weight.LIKELY - 5 : Weight.POSSIBLE;
};

const ELSEWHERE =
  'Look for the cause of this error elsewhere; but where it is gone, the operation still cannot work on a trustlet: leave it alone.';

/** The call, where it is one that touches processes. */
const touching = ({ api }: Case): Case['api'] => (api?.onTrustlet == null ? null : api);

const lookForTrustlet = (facts: ProcessFacts, seen: Case): Sighting | null => {
  const { build, error } = seen;
  const api = touching(seen);
  if (!isTrustlet(facts) || (api !== null && api.signs === null)) return null;
  const bit = `bit 7 (IsSecureProcess) set in a 64-byte class 0 query of pid ${facts.pid} ${through(facts)}`;
  const shared = {
    weight: weightOfIsolation(facts, seen, api?.signs ?? SIGNS_OF_ANY),
    seen: true,
    evidence: api?.operation === 'create-thread' ? `${bit}; build ${build}` : bit,
  };
  const on = api === null ? '' : ` ${api.name} on one: ${api.onTrustlet ?? ''}`;
  const known = api === null ? {} : { known: api.evidence, source: api.source };
  if (shared.weight === Weight.ASIDE) {
    const text = `It is a trustlet, but isolation is not what answers with ${error?.name}.${on}`;
    return { ...shared, ...known, text, advice: ELSEWHERE };
  }
  if (api === null) return shared;
  return {
    ...shared,
    ...known,
    text: `It is a trustlet (IUM process): its memory belongs to VTL1.${on}`,
    advice:
      api.instead === null
        ? undefined
        : `${api.instead} Leave the process itself alone; guard every such operation with guard.run.`,
  };
};

const lookForUnhindered = (facts: ProcessFacts, seen: Case): Sighting | null => {
  const api = touching(seen);
  return isTrustlet(facts) && api !== null && api.signs === null
    ? {
        weight: hasCode(seen.error) ? Weight.ASIDE : Weight.PLAUSIBLE,
        seen: true,
        evidence: `bit 7 (IsSecureProcess) set in a 64-byte class 0 query of pid ${facts.pid} ${through(facts)}`,
        text: `It is a trustlet, and isolation does not hinder ${api.name}. ${api.onTrustlet ?? ''}`,
        advice:
          api.operation === null
            ? undefined
            : `guard.run refuses it all the same unless it is accepted by name ({ accept: ['${api.operation}'] }): think first of who needs the trustlet.`,
        known: api.evidence,
        source: api.source,
      }
    : null;
};

const PSEUDO_NAMES: Readonly<Record<string, string>> = {
  System: 'System',
  MemCompression: 'MemCompression',
  Registry: 'Registry',
};

const pseudoName = (facts: ProcessFacts): string => {
  if (facts.pid === 0) return 'Idle';
  const { classification } = facts;
  // pid 4 is System whatever the list says, and without the list’s extension nothing else is told apart.
  if (classification === null || classification === 'Normal') return 'System';
  return PSEUDO_NAMES[classification] ?? classification;
};

const pseudoEvidence = ({ pid, classification }: ProcessFacts): string => {
  if (pid === 0 || pid === 4) return `pid ${pid} is always this one`;
  return `classification ${classification} in the process list (its extension, not its name)`;
};

/** What Hyper-V’s processes are, by name: a label, and never evidence (DESIGN.md “Numbers”). */
const HYPER_V_HELPERS: Readonly<Record<string, string>> = {
  'vmsp.exe':
    'a virtual machine’s secure worker (virtual TPM), a trustlet where it is the real one; its VTL0 agent is vmwp.exe',
  'vmwp.exe':
    'a virtual machine’s worker, an ordinary process under that machine’s own account; the guest’s memory is not mapped in it to be read',
  vmmem: 'the stand-in for a guest’s memory in the process list; it runs no image, so there is nothing to inject into',
  vmmemwsl: 'the stand-in for WSL’s memory in the process list; it runs no image, so there is nothing to inject into',
  'vmcompute.exe': 'the Host Compute Service, an ordinary service of VTL0',
  'vmms.exe': 'the Virtual Machine Management Service, an ordinary service of VTL0',
};

const helperOf = ({ name }: ProcessFacts): string | undefined => {
  const key = name?.toLowerCase() ?? '';
  return Object.hasOwn(HYPER_V_HELPERS, key) ? HYPER_V_HELPERS[key] : undefined;
};

const identityText = ({ createTime, startKey }: Pick<ProcessFacts, 'createTime' | 'startKey'>): string =>
  [createTime === null ? null : `create time ${createTime}`, startKey === null ? null : `start key ${startKey}`]
    .filter((part) => part !== null)
    .join(', ');

/** Known failures in what the process is. */
export const processFailures: readonly KnownFailure[] = [
  {
    id: 'trustlet',
    cause: 'isolated',
    symptom:
      'Reads and writes fail with 998, threads with 87 or 5, a debugger with 5; an APC, a hook, an allocation, a mapped view or a dump succeeds and does nothing; the path or the module list is empty',
    text:
      'It is a trustlet (IUM process): its memory belongs to VTL1. Reads and writes fail with ERROR_NOACCESS 998, a queued APC is ' +
      'accepted and never runs, an allocation exists in VTL0 only, and a debugger is refused by the secure kernel.',
    advice: 'No right or privilege changes that. Leave it alone; guard every such operation with guard.run.',
    known: 'documented',
    source: 'seed; facts/nt.md 0, 6.2',
    look: aboutProcess(lookForTrustlet),
  },
  {
    id: 'trustlet-unhindered',
    cause: 'none',
    symptom: 'Something that isolation does not hinder: a query, an open, a suspension, an end',
    text: 'It is a trustlet, and isolation does not hinder this call: it is decided in VTL0, by rights alone.',
    advice: 'Where it fails, its rights and parameters are the cause.',
    known: 'derived',
    source: 'facts/nt.md 0.8, 6.2',
    look: aboutProcess(lookForUnhindered),
  },
  {
    id: 'secure-system',
    cause: 'isolated',
    symptom: '“Secure System” in a process list: no path, no threads, no modules, nothing to open it for',
    text: 'It is the Secure System pseudo-process, the VTL0 shell of the secure kernel. It is listed wherever VBS runs, and is no program that was started.',
    advice: 'There is nothing to act on. Leave it out of scans; it is no sign of an intruder.',
    known: 'derived',
    source: 'facts/nt.md 4.1, facts/vsm.md 3.9',
    look: aboutProcess((facts) =>
      isSecureSystem(facts) ? { weight: Weight.STRONG, seen: true, evidence: pseudoEvidence(facts) } : null,
    ),
  },
  {
    id: 'pseudo-process',
    cause: 'pseudo-process',
    symptom: 'Idle, System, Registry or Memory Compression: opens fail, and there is no path and no module',
    text: 'It is a pseudo-process: it runs no image of its own.',
    advice: 'There is nothing to act on.',
    known: 'derived',
    source: 'facts/nt.md 1.4, 4.1',
    look: aboutProcess((facts) =>
      facts.pseudo && !isSecureSystem(facts)
        ? {
            weight: Weight.STRONG,
            seen: true,
            evidence: pseudoEvidence(facts),
            text: `It is the ${pseudoName(facts)} pseudo-process: it runs no image of its own.`,
          }
        : null,
    ),
  },
  {
    id: 'subsystem-process',
    cause: 'subsystem-process',
    symptom:
      'A process of another subsystem (Pico, WSL 1) cannot be opened for more, and has no PEB, no ntdll and no DLLs',
    text: 'It is a Pico process: it runs no Windows image, so no DLL and no Windows thread belongs in it, and newer builds limit who may open it.',
    advice: 'Leave it to its subsystem; ask for no more than PROCESS_QUERY_LIMITED_INFORMATION.',
    known: 'derived',
    source: 'facts/nt.md 1.2, 2',
    look: aboutProcess((facts, { error }) =>
      facts.flags?.IsSubsystemProcess === true && facts.verdict === 'ordinary'
        ? {
            weight: hasCode(error) ? Weight.LIKELY : Weight.PLAUSIBLE,
            seen: true,
            evidence: `bit 8 (IsSubsystemProcess) set in the flags of pid ${facts.pid}`,
          }
        : null,
    ),
  },
  {
    id: 'pid-reused',
    cause: 'reused',
    symptom: 'What was found in a list is not what answers under that pid a moment later',
    text: 'The pid belongs to another process by now.',
    advice:
      'Drop the event it came from; never act on a pid alone. guard.run with the identity from the list refuses by itself.',
    known: 'documented',
    source: 'facts/nt.md 4.3',
    look: aboutProcess((facts, { expected }) =>
      facts.reason === 'identity-mismatch'
        ? {
            weight: Weight.DECISIVE,
            seen: true,
            evidence: `asked for ${identityText(expected ?? { createTime: null, startKey: null })}; pid ${facts.pid} has ${identityText(facts)} now`,
          }
        : null,
    ),
  },
  {
    id: 'no-such-process',
    cause: 'no-such-process',
    symptom: 'OpenProcess fails with 87',
    text: 'No process has this pid (any more).',
    advice: 'Drop the pid.',
    known: 'documented',
    source: 'facts/nt.md 9; Microsoft Learn, OpenProcess',
    look: aboutProcess((facts) =>
      facts.reason === 'gone'
        ? {
            weight: Weight.DECISIVE,
            seen: true,
            evidence:
              facts.status === 0
                ? `pid ${facts.pid} answered as another process than the one that was listed`
                : `opening pid ${facts.pid}: ${facts.statusName}`,
          }
        : null,
    ),
  },
  {
    id: 'pid-taken-since',
    cause: 'reused',
    symptom: 'OpenProcess failed with 87, and there is such a pid now',
    text: 'OpenProcess answers 87 where no process has the pid: there was none when it was called, and the pid was given away since.',
    advice: 'Take pid and create time from the list together, and pass both; never act on a pid alone.',
    known: 'derived',
    source: 'facts/nt.md 4.3, 9; Microsoft Learn, OpenProcess',
    look: aboutProcess((facts, { error, api }) =>
      isInvalidParameter(error) && api?.name === 'OpenProcess' && facts.verdict !== 'unknown' && !facts.pseudo
        ? {
            weight: Weight.PLAUSIBLE,
            seen: false,
            evidence: `not seen; follows from a process under pid ${facts.pid} that answers now`,
          }
        : null,
    ),
  },
  {
    id: 'exiting',
    cause: 'exited',
    symptom: 'Opens fail with 5 (STATUS_PROCESS_IS_TERMINATING); queries still answer',
    text: 'The process is ending: its object still answers, but nothing in it runs.',
    advice: 'Drop the pid.',
    known: 'documented',
    source: 'facts/nt.md 1.2, 9',
    look: aboutProcess((facts, { error }) => {
      const bit = `bit 2 (IsProcessDeleting) set in the flags of pid ${facts.pid}`;
      if (facts.reason === 'exiting') {
        const evidence = facts.status === 0 ? bit : `opening pid ${facts.pid}: ${facts.statusName}`;
        return { weight: Weight.DECISIVE - 5, seen: true, evidence };
      }
      if (facts.flags?.IsProcessDeleting === true) return { weight: Weight.LIKELY, seen: true, evidence: bit };
      if (!isTerminating(error) || facts.verdict === 'unknown') return null;
      return {
        weight: Weight.STRONG,
        seen: true,
        evidence: `the error itself: ${error?.name}`,
        text: 'The thread or process was ending when it was called.',
        advice: 'Resolve it again, from the list or by its identity.',
      };
    }),
  },
  {
    id: 'cannot-be-known',
    cause: 'unknown',
    symptom: 'isSecureProcess throws, the verdict is unknown; 1167 where a secure call failed',
    text: 'What it is cannot be known.',
    advice: 'Treat it as a trustlet, and try again.',
    known: 'derived',
    source: 'facts/nt.md 0.2, 1.3, 1.4',
    look: aboutProcess((facts) => {
      if (facts.reason !== 'query-failed' && facts.reason !== 'downlevel-bit') return null;
      const text = `What it is cannot be known: ${facts.reason} (${facts.statusName}).`;
      return {
        weight: Weight.DECISIVE - 5,
        seen: true,
        evidence: `the class 0 query of pid ${facts.pid} ${through(facts)}: ${facts.statusName} (${statusHex(facts.status)})`,
        text:
          facts.status === Status.DEVICE_NOT_CONNECTED
            ? `${text} Only for a trustlet does this query ask the secure kernel, and that call failed: it may well be one.`
            : text,
      };
    }),
  },
  {
    id: 'hyper-v-helper',
    cause: 'hyper-v-helper',
    symptom: 'Injection into vmsp, vmwp, vmmem or vmcompute fails or does nothing',
    text: 'By its name, which proves nothing, it is a process of Hyper-V’s.',
    advice: 'Leave Hyper-V’s processes out: the guest is not in them, and a worker that stops takes its machine along.',
    known: 'assumed',
    source: 'facts/nt.md 5.1; vmmem and vmcompute: known',
    look: aboutProcess((facts, { error, api }) => {
      const helper = helperOf(facts);
      if (helper === undefined || (api === null && error === null)) return null;
      return {
        weight: Weight.ASIDE,
        seen: false,
        evidence: `the name ${facts.name} in the process list, a label that anybody can take`,
        text: `By its name, which proves nothing, it is ${helper}.`,
      };
    }),
  },
];
