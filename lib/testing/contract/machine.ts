/** The contract's own machine: one process of each kind that an answer can differ for. */
import type { Scenario } from '../../emulator/scenario.js';

const OPEN_TO_ALL = { user: 'user', session: 1, access: 'everyone' } as const;

/** Windows 11 24H2 with trustlets. `agent` is elevated and has no debug privilege, so access control still shows. */
export const contractScenario: Scenario = {
  schema: 1,
  name: 'contract',
  title: 'the contract suite’s machine',
  system: { build: 26100, vsm: true, hvci: true, secureBoot: true },
  agent: 'agent',
  processes: [
    { label: 'idle', image: '', kind: 'idle' },
    {
      label: 'system',
      image: 'System',
      kind: 'system',
      access: 'everyone',
      protection: { type: 'Protected', signer: 'WinSystem' },
    },
    { label: 'secure-system', image: 'Secure System', kind: 'secure-system', access: 'everyone' },
    { label: 'registry', image: 'Registry', kind: 'registry', access: 'everyone' },
    { label: 'memory-compression', image: 'Memory Compression', kind: 'mem-compression', access: 'everyone' },
    { label: 'agent', image: 'agent.exe', user: 'administrator', elevated: true, session: 1 },
    { ...OPEN_TO_ALL, label: 'ordinary', image: 'notepad.exe', parent: 'agent', threads: 2 },
    { ...OPEN_TO_ALL, label: 'wow64', image: 'tool32.exe', wow64: true },
    { ...OPEN_TO_ALL, label: 'trustlet', image: 'LsaIso.exe', trustlet: { id: 1 }, threads: 2 },
    { ...OPEN_TO_ALL, label: 'false-lsaiso', image: 'LsaIso.exe' },
    { ...OPEN_TO_ALL, label: 'disguised-trustlet', image: 'notepad.exe', trustlet: { id: 4 } },
    { ...OPEN_TO_ALL, label: 'ppl', image: 'lsass.exe', protection: { type: 'ProtectedLight', signer: 'Lsa' } },
    {
      ...OPEN_TO_ALL,
      label: 'protected-trustlet',
      image: 'BioIso.exe',
      protection: { type: 'ProtectedLight', signer: 'WinTcb' },
      trustlet: { id: 4 },
    },
    { ...OPEN_TO_ALL, label: 'exiting', image: 'leaving.exe', state: 'exiting' },
    { label: 'unaskable', image: 'locked.exe', access: 'nobody' },
  ],
};

/** The same machine with another system. */
export const contractScenarioOn = (system: Scenario['system']): Scenario => ({
  ...contractScenario,
  system,
  processes: system.vsm
    ? contractScenario.processes
    : contractScenario.processes.filter(({ trustlet, kind }) => trustlet === undefined && kind !== 'secure-system'),
});
