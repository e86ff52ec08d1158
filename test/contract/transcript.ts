/**
 * One scenario, told by whatever backend answers for it. What is written is the same for all of them: labels stand for pids and tids, and
 * of handles, times and start keys only whether they are known. So one kept text, transcript.golden.txt, serves every host.
 *
 * Left out, because backends may differ there: who answers (name, description, driver), and of what `query` says the session, which the
 * driver has in its census alone, and whether System is a pseudo-process, which its pid of 4 says (in Wine its stand-in has another).
 * No process refuses its user, since the driver's kernel is refused by none (lib/testing/contract/asking-cases.ts has both kinds).
 */
import assert from 'node:assert/strict';
import type { Scenario } from '../../lib/emulator/scenario.js';
import { TrustletError } from '../../lib/errors.js';
import { OPERATIONS } from '../../lib/guard/operations.js';
import type { Capability, ContractHost, HostMachine } from '../../lib/testing/index.js';
import type { Decision, GuardOperation, PostureAnswer, ProcessFacts, Target } from '../../lib/types.js';

const OPEN_TO_ALL = { user: 'user', session: 1, access: 'everyone' } as const;
const SILENT = { call: 'NtQueryInformationProcess', infoClass: 0, status: 'STATUS_UNSUCCESSFUL' } as const;

/** Windows 11 24H2 with Credential Guard's trustlet, and one process of each kind that an answer can differ for. */
const scenario: Scenario = {
  schema: 1,
  name: 'transcript',
  title: 'the golden transcript’s machine',
  system: { build: 26100, vsm: true, hvci: true, secureBoot: true },
  agent: 'agent',
  processes: [
    { label: 'idle', image: '', kind: 'idle' },
    { label: 'system', image: 'System', kind: 'system', access: 'everyone' },
    { label: 'secure-system', image: 'Secure System', kind: 'secure-system', access: 'everyone' },
    { label: 'registry', image: 'Registry', kind: 'registry', access: 'everyone' },
    { label: 'agent', image: 'agent.exe', user: 'administrator', elevated: true, session: 1 },
    { ...OPEN_TO_ALL, label: 'ordinary', image: 'notepad.exe', parent: 'agent', threads: 2 },
    { ...OPEN_TO_ALL, label: 'wow64', image: 'tool32.exe', parent: 'ordinary', wow64: true },
    { ...OPEN_TO_ALL, label: 'false-lsaiso', image: 'LsaIso.exe' },
    { ...OPEN_TO_ALL, label: 'trustlet', image: 'LsaIso.exe', trustlet: { id: 1 }, threads: 2 },
    {
      ...OPEN_TO_ALL,
      label: 'protected-trustlet',
      image: 'BioIso.exe',
      protection: { type: 'ProtectedLight', signer: 'WinTcb' },
      trustlet: { id: 4 },
    },
    { ...OPEN_TO_ALL, label: 'protected', image: 'lsass.exe', protection: { type: 'ProtectedLight', signer: 'Lsa' } },
    { ...OPEN_TO_ALL, label: 'exiting', image: 'leaving.exe', state: 'exiting' },
    { ...OPEN_TO_ALL, label: 'silent', image: 'silent.exe', faults: [SILENT] },
    { ...OPEN_TO_ALL, label: 'silent-trustlet', image: 'silent.exe', trustlet: { id: 2 }, faults: [SILENT] },
    { ...OPEN_TO_ALL, label: 'ended', image: 'ended.exe' },
  ],
};

const LABELS = scenario.processes.map(({ label }) => label);

/** What a chapter is told with. */
interface Teller {
  readonly machine: HostMachine;
  readonly line: (text: string) => void;
  /** The label of a pid, `nobody` for one that no label has. */
  readonly labelOf: (pid: number | null) => string;
}

interface Chapter {
  readonly title: string;
  readonly needs: readonly Capability[];
  readonly tell: (teller: Teller) => void;
}

const known = (value: bigint | null): string => (value === null ? 'absent' : 'known');

const flagsOf = ({ flags }: ProcessFacts): string => {
  if (flags === null) return 'none told';
  const { raw, ...bits } = flags;
  const set = Object.entries(bits).filter(([, is]) => is);
  return `0x${raw.toString(16)} ${set.map(([name]) => name).join(' ')}`.trim();
};

const protectionOf = ({ protection }: ProcessFacts): string => {
  if (protection === null) return 'none told';
  const { raw, type, signer, audit } = protection;
  return raw === 0 ? 'none' : `${type} ${signer}${audit ? ' audit' : ''}`;
};

/** What every answer about a process has, from a census or a query. */
const factsText = (facts: ProcessFacts, labelOf: Teller['labelOf']): string =>
  [
    `${facts.verdict}, ${facts.reason}, ${facts.evidence}, ${facts.statusName}`,
    `flags ${flagsOf(facts)}`,
    `protection ${protectionOf(facts)}`,
    `parent ${facts.parentPid === null ? 'not told' : labelOf(facts.parentPid)}`,
    `create time ${known(facts.createTime)}, start key ${known(facts.startKey)}`,
  ].join('; ');

const answerText = ({ value, evidence }: PostureAnswer): string => `${value} (${evidence})`;

/** What a run came to: what the callback got, or why it was refused. */
const runText = ({ machine, labelOf }: Teller, act: () => string): string => {
  try {
    return act();
  } catch (error) {
    if (!TrustletError.is(error)) throw error;
    const { code, decision } = error;
    return decision === undefined ? code : refusalText(decision, labelOf);
  } finally {
    assert.equal(machine.openHandles(), 0, 'a handle was left open');
  }
};

const refusalText = (decision: Decision, labelOf: Teller['labelOf']): string => {
  const { verdict, reason, evidence, statusName, pid, tid, advice } = decision;
  const whom = `${labelOf(pid)}${tid === null ? '' : ', a thread'}`;
  return `refused: ${reason} (${verdict}, ${evidence}, ${statusName}) about ${whom}. ${advice}`;
};

const run = (
  teller: Teller,
  target: Target,
  operation: GuardOperation,
  accept: readonly GuardOperation[] = [],
): string =>
  runText(teller, () =>
    teller.machine.vsm.guard.run(
      target,
      operation,
      (held) => {
        assert.ok(held.handle > 0n);
        assert.equal(teller.machine.openHandles(), 1);
        const thread = held.tid === null ? '' : ', a thread';
        return `entered: ${teller.labelOf(held.pid)}${thread}, ${held.facts.verdict}, rights 0x${held.rights.toString(16)}`;
      },
      { accept },
    ),
  );

/** Every operation on one label, and what `check` says where it is another answer than that of `run`. */
const tellOperations = (teller: Teller, label: string): void => {
  const { machine, line } = teller;
  for (const { operation, acts } of OPERATIONS) {
    const pid = machine.pidOf(label);
    const target: Target = acts === 'thread' ? { tid: machine.tidOf(label), pid } : pid;
    const text = run(teller, target, operation);
    const checked = machine.vsm.guard.check(target, operation);
    assert.equal(
      checked.decision === 'allow',
      text.startsWith('entered'),
      `${operation} on ${label}: check says otherwise`,
    );
    line(`${operation} on ${label}: ${text}`);
  }
};

/** The operations that may be accepted on a trustlet. */
const AVAILABILITY = OPERATIONS.filter(({ concern }) => concern === 'availability');

const operationsOn = (label: string): Chapter => ({
  title: `guard.run, every operation on ${label}`,
  needs: [],
  tell: (teller) => tellOperations(teller, label),
});

const CHAPTERS: readonly Chapter[] = [
  {
    title: 'posture',
    needs: [],
    tell: ({ machine, line }) => {
      const posture = machine.vsm.posture();
      const { major, minor, build } = posture.windows;
      line(`Windows ${major}.${minor}.${build}`);
      line(`VSM running: ${answerText(posture.vsm.running)}`);
      line(`VBS running: ${answerText(posture.vbs.running)}`);
      line(`VBS enforced by hardware: ${answerText(posture.vbs.hardwareEnforced)}`);
      for (const [name, answer] of Object.entries(posture.hvci)) line(`HVCI ${name}: ${answerText(answer)}`);
      for (const [name, answer] of Object.entries(posture.credentialGuard)) {
        line(`Credential Guard ${name}: ${answerText(answer)}`);
      }
      line(`a trustlet runs: ${answerText(posture.trustletRunning)}`);
      line(`Secure Boot: ${answerText(posture.secureBoot)}`);
      line(`test signing: ${answerText(posture.testSigning)}`);
      line(`hypervisor: ${answerText(posture.hypervisorPresent)}`);
      for (const [name, { configured, running }] of Object.entries(posture.features)) {
        line(`feature ${name}: configured ${answerText(configured)}, running ${answerText(running)}`);
      }
      for (const { text, evidence } of posture.findings) line(`finding: ${text} (${evidence})`);
      for (const [name, source] of Object.entries(posture.sources)) {
        line(`source ${name}: ${'statusName' in source ? source.statusName : source.state}`);
      }
    },
  },
  {
    title: 'census',
    needs: [],
    tell: ({ machine, line, labelOf }) => {
      const census = machine.vsm.census();
      const byLabel = new Map([...census].map((facts) => [labelOf(facts.pid), facts]));
      assert.equal(byLabel.size, census.length, 'a process is listed twice, or has no label');
      for (const label of LABELS) {
        const facts = byLabel.get(label) ?? assert.fail(`${label} is not listed`);
        const { name, sessionId, classification, pseudo } = facts;
        const kind = `${classification}${pseudo ? ', pseudo' : ''}`;
        line(`${label} '${name}', session ${sessionId}, ${kind}: ${factsText(facts, labelOf)}`);
      }
      const { total, ...counts } = census.counts();
      const each = Object.entries(counts).map(([name, count]) => `${count} ${name}`);
      line(`${total} in all: ${each.join(', ')}; the caller is ${labelOf(machine.vsm.backend.callerPid)}`);
    },
  },
  {
    title: 'query',
    needs: [],
    tell: ({ machine, line, labelOf }) => {
      const listed = machine.vsm.census();
      const pids = LABELS.map((label) => machine.pidOf(label));
      const many = machine.vsm.queryMany(pids);
      for (const [index, pid] of pids.entries()) {
        const facts = machine.vsm.query(pid);
        assert.deepEqual(many[index], facts, 'queryMany says otherwise than query');
        const { createTime } = listed.find(pid) ?? assert.fail('not listed');
        assert.ok(facts.createTime === null || facts.createTime === createTime, 'another create time than the census');
        line(`${labelOf(pid)}: ${factsText(facts, labelOf)}`);
      }
      line(`nobody: ${factsText(machine.vsm.query(0x7fff_fff0), labelOf)}`);
    },
  },
  {
    title: 'isSecureProcess and explain',
    needs: [],
    tell: (teller) => {
      const { machine, line } = teller;
      for (const label of LABELS) {
        const pid = machine.pidOf(label);
        const isSecure = runText(teller, () => String(machine.vsm.isSecureProcess(pid)));
        const causes = machine.vsm.explain(pid, 5).causes.map(({ cause }) => cause);
        line(`${label}: isSecureProcess ${isSecure}; access denied is explained by ${causes.join(', ')}`);
      }
    },
  },
  operationsOn('ordinary'),
  operationsOn('protected'),
  operationsOn('trustlet'),
  operationsOn('protected-trustlet'),
  operationsOn('silent'),
  operationsOn('silent-trustlet'),
  operationsOn('exiting'),
  {
    title: 'guard.run, what is accepted by name',
    needs: [],
    tell: (teller) => {
      const { machine, line } = teller;
      for (const label of ['trustlet', 'silent-trustlet']) {
        for (const { operation, acts } of AVAILABILITY) {
          const target: Target = acts === 'thread' ? { tid: machine.tidOf(label) } : machine.pidOf(label);
          line(`${operation} on ${label}, accepted: ${run(teller, target, operation, [operation])}`);
        }
      }
    },
  },
  {
    title: 'guard.run, who is asked for',
    needs: [],
    tell: (teller) => {
      const { machine, line } = teller;
      const pid = machine.pidOf('ordinary');
      const { createTime, startKey } = machine.vsm.query(pid);
      const tid = machine.tidOf('ordinary', 1);
      line(`its own identity: ${run(teller, { pid, createTime, startKey }, 'read')}`);
      line(`another create time: ${run(teller, { pid, createTime: (createTime ?? 0n) + 1n }, 'read')}`);
      line(`another start key: ${run(teller, { pid, startKey: (startKey ?? 0n) + 1n }, 'read')}`);
      line(`its thread: ${run(teller, { tid, pid, createTime, startKey }, 'queue-apc')}`);
      line(`its thread, of another process: ${run(teller, { tid, pid: machine.pidOf('wow64') }, 'queue-apc')}`);
      line(`a trustlet’s thread: ${run(teller, { tid: machine.tidOf('trustlet', 1) }, 'queue-apc')}`);
      line(`nobody: ${run(teller, 0x7fff_fff0, 'read')}`);
      line(`no thread: ${run(teller, { tid: 0x7fff_fff0 }, 'queue-apc')}`);
      line(`pid 0: ${run(teller, 0, 'read')}`);
      line(`a pid for a thread’s operation: ${run(teller, pid, 'queue-apc')}`);
      line(`a handle that is none: ${run(teller, { handle: 0x7ff0n, kind: 'process' }, 'read')}`);
      const inner = machine.vsm.guard.run(pid, 'read', ({ handle }) =>
        machine.vsm.guard.run({ handle, kind: 'process' }, 'read', (held) => held.facts.verdict),
      );
      line(`a handle of the caller’s own: ${inner}`);
    },
  },
  {
    title: 'a process that ends',
    needs: ['exit'],
    tell: (teller) => {
      const { machine, line, labelOf } = teller;
      const pid = machine.pidOf('ended');
      const before = machine.vsm.query(pid);
      line(`before: ${factsText(before, labelOf)}`);
      machine.exit('ended');
      line(`after: ${factsText(machine.vsm.query(pid), labelOf)}`);
      line(`its identity: ${run(teller, { pid, createTime: before.createTime, startKey: before.startKey }, 'read')}`);
      line(`in the census: ${machine.vsm.census().find(pid) === undefined ? 'not listed' : 'listed'}`);
      tellOperations(teller, 'ended');
    },
  },
  {
    title: 'a pid that comes back',
    needs: ['reuse'],
    tell: (teller) => {
      const { machine, line, labelOf } = teller;
      const pid = machine.pidOf('wow64');
      const { createTime, startKey } = machine.vsm.query(pid);
      machine.exit('wow64');
      machine.reuse('wow64', { ...OPEN_TO_ALL, label: 'reborn', image: 'tool32.exe', trustlet: { id: 3 } });
      line(`who it is now: ${factsText(machine.vsm.query(pid), labelOf)}`);
      line(`who it was: ${factsText(machine.vsm.query({ pid, createTime, startKey }), labelOf)}`);
      line(`read, who it is now: ${run(teller, pid, 'read')}`);
      line(`read, who it was: ${run(teller, { pid, createTime, startKey }, 'read')}`);
      line(`terminate, accepted, who it was: ${run(teller, { pid, createTime }, 'terminate', ['terminate'])}`);
    },
  },
  {
    title: 'closed',
    needs: [],
    tell: (teller) => {
      const { machine, line } = teller;
      machine.vsm.close();
      line(`query: ${runText(teller, () => String(machine.vsm.query(machine.pidOf('ordinary'))))}`);
      line(`guard.run: ${run(teller, machine.pidOf('ordinary'), 'read')}`);
    },
  },
];

/** Whether a host can tell a chapter. */
const isTold = ({ capabilities }: ContractHost, { needs }: Chapter): boolean =>
  needs.every((need) => capabilities[need] === true);

const labelsOf = (machine: HostMachine): Teller['labelOf'] => {
  // A pid that comes back is under the label that had it first.
  const byPid = new Map(LABELS.map((label) => [machine.pidOf(label), label]));
  return (pid) => (pid === null ? 'nobody' : (byPid.get(pid) ?? 'nobody'));
};

/** @returns text of each chapter by its title, in order; those that the host cannot tell are left out */
export const transcriptOf = (host: ContractHost): ReadonlyMap<string, string> => {
  const machine = host.boot(scenario);
  try {
    const labelOf = labelsOf(machine);
    const told = CHAPTERS.filter((chapter) => isTold(host, chapter)).map(({ title, tell }): [string, string] => {
      const lines: string[] = [];
      tell({ machine, labelOf, line: (text) => lines.push(text) });
      return [title, lines.join('\n')];
    });
    return new Map(told);
  } finally {
    machine.close();
  }
};
