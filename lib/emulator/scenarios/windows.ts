/** The processes every Windows machine has, shared by the built-in scenarios. Images and pairings: facts/nt.md 2 and 5.1, [known] for the rest. */
import type { ScenarioProcess } from '../scenario.js';

const WIN_TCB_PPL = { type: 'ProtectedLight', signer: 'WinTcb' } as const;
const WIN_SYSTEM_PP = { type: 'Protected', signer: 'WinSystem' } as const;

/** Idle, System and the pseudo-processes a machine without VSM has. */
export const pseudoProcesses: readonly ScenarioProcess[] = [
  { label: 'idle', image: '', kind: 'idle' },
  { label: 'system', image: 'System', kind: 'system', parent: 'idle', protection: WIN_SYSTEM_PP },
  { label: 'registry', image: 'Registry', kind: 'registry', parent: 'system', protection: WIN_SYSTEM_PP },
  { label: 'memory-compression', image: 'Memory Compression', kind: 'mem-compression', parent: 'system', protection: WIN_SYSTEM_PP },
];

/** The VTL0 shell of the secure kernel: there wherever VSM runs. */
export const secureSystem: ScenarioProcess = {
  label: 'secure-system',
  image: 'Secure System',
  kind: 'secure-system',
  parent: 'system',
  protection: WIN_SYSTEM_PP,
};

/** Session 0: from smss to the services. */
export const services: readonly ScenarioProcess[] = [
  { label: 'smss', image: 'smss.exe', parent: 'system', protection: WIN_TCB_PPL, threads: 2 },
  { label: 'csrss', image: 'csrss.exe', parent: 'smss', protection: WIN_TCB_PPL, threads: 12 },
  { label: 'wininit', image: 'wininit.exe', parent: 'smss', protection: WIN_TCB_PPL, threads: 2 },
  { label: 'services', image: 'services.exe', parent: 'wininit', protection: WIN_TCB_PPL, threads: 8 },
  { label: 'svchost', image: 'svchost.exe', parent: 'services', threads: 14 },
  { label: 'svchost-network', image: 'svchost.exe', parent: 'services', user: 'NETWORK SERVICE', threads: 9 },
  { label: 'svchost-local', image: 'svchost.exe', parent: 'services', user: 'LOCAL SERVICE', threads: 7 },
];

/** LSASS as it runs with LSA protection: a PPL in VTL0, never a trustlet (facts/nt.md 2). */
export const protectedLsass: ScenarioProcess = {
  label: 'lsass',
  image: 'lsass.exe',
  parent: 'wininit',
  protection: { type: 'ProtectedLight', signer: 'Lsa' },
  threads: 10,
};

/** LSASS without LSA protection. */
export const lsass: ScenarioProcess = { label: 'lsass', image: 'lsass.exe', parent: 'wininit', threads: 10 };

/** LSAISO, trustlet 1 (facts/nt.md 5.1): debugging never, crash dumps encrypted. */
export const lsaiso: ScenarioProcess = {
  label: 'lsaiso',
  image: 'LsaIso.exe',
  parent: 'wininit',
  trustlet: { id: 1, debugPolicy: 0, crashDump: 'encrypted' },
  threads: 2,
};

/** An antimalware service, PPL-Antimalware. */
export const antimalware: ScenarioProcess = {
  label: 'antimalware',
  image: 'MsMpEng.exe',
  parent: 'services',
  protection: { type: 'ProtectedLight', signer: 'Antimalware' },
  threads: 30,
};

/** A signed-in user's session, and the agent: an elevated administrator's service tool with debug privilege. */
export const desktop: readonly ScenarioProcess[] = [
  { label: 'csrss-user', image: 'csrss.exe', parent: 'smss', session: 1, protection: WIN_TCB_PPL, threads: 14 },
  { label: 'winlogon', image: 'winlogon.exe', parent: 'smss', session: 1, threads: 5 },
  { label: 'explorer', image: 'explorer.exe', session: 1, user: 'user', threads: 60 },
  { label: 'notepad', image: 'notepad.exe', parent: 'explorer', session: 1, user: 'user', threads: 4 },
  { label: 'wow64-tool', image: 'tool32.exe', parent: 'explorer', session: 1, user: 'user', wow64: true, threads: 2 },
];

/** Whose calls the vsm and machine.win32 make. */
export const agent: ScenarioProcess = {
  label: 'agent',
  image: 'agent.exe',
  parent: 'services',
  session: 0,
  user: 'administrator',
  elevated: true,
  privileges: ['SeDebugPrivilege'],
  threads: 6,
};
