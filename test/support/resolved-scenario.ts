/** A small resolved scenario with literal ids and times, so that tests know what to expect. */
import type { ResolvedProcess, ResolvedScenario, Scenario, ScenarioProcess } from '../../lib/emulator/scenario.js';

const FIRST_TIME = 133_000_000_000_000_000n;

const process = (
  entry: ScenarioProcess,
  details: Partial<ResolvedProcess> & { readonly pid: number },
): ResolvedProcess => ({
  label: entry.label,
  entry,
  parentPid: 4,
  tids: [details.pid + 4],
  createTime: FIRST_TIME + BigInt(details.pid),
  sequenceNumber: BigInt(details.pid) + 1n,
  startKey: (9n << 48n) | (BigInt(details.pid) + 1n),
  protection: 0,
  classification: 0,
  flags: 0,
  ...details,
});

const system = process(
  { label: 'system', image: 'System', kind: 'system' },
  { pid: 4, parentPid: 0, tids: [8], classification: 1 },
);
const agent = process({ label: 'agent', image: 'agent.exe', session: 1 }, { pid: 2000 });
const lsaiso = process({ label: 'lsaiso', image: 'LsaIso.exe', trustlet: { id: 1 } }, { pid: 812, flags: 0x80 });
const notepad = process(
  { label: 'notepad', image: 'nötepad.exe', session: 1, threads: 2 },
  { pid: 3000, tids: [3004, 3008] },
);
const lsass = process(
  { label: 'lsass', image: 'lsass.exe', protection: { type: 'ProtectedLight', signer: 'Lsa' } },
  { pid: 900, protection: 0x41, flags: 0x1 },
);
const hidden = process({ label: 'hidden', image: 'hidden.exe', access: 'nobody' }, { pid: 1000 });
const idle = process(
  { label: 'idle', image: 'Idle', kind: 'idle' },
  { pid: 0, parentPid: 0, tids: [], startKey: 0n, sequenceNumber: 0n },
);

/** Windows 11 24H2 with VSM and boot id 9; processes in this order: idle, system, lsaiso, lsass, hidden, agent, notepad. */
export const resolvedScenario = (changes: Partial<Scenario> = {}): ResolvedScenario => {
  const processes = [idle, system, lsaiso, lsass, hidden, agent, notepad];
  const scenario: Scenario = {
    schema: 1,
    name: 'test',
    title: 'a test machine',
    system: { build: 26100, vsm: true, hvci: true, bootId: 9 },
    agent: 'agent',
    processes: processes.map(({ entry }) => entry),
    ...changes,
  };
  return { scenario, processes, agent };
};

/** The same scenario with one process's entry changed. */
export const withEntry = (
  resolved: ResolvedScenario,
  label: string,
  changes: Partial<ScenarioProcess>,
): ResolvedScenario => ({
  ...resolved,
  processes: resolved.processes.map((one) =>
    one.label === label ? { ...one, entry: { ...one.entry, ...changes } } : one,
  ),
});
