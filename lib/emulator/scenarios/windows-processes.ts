/**
 * The ordinary processes of a Windows machine, as scenarios compose them. The tree is [known]; protections are those of
 * facts/nt.md 2 (0x61 PPL-WinTcb, 0x41 PPL-Lsa, 0x31 PPL-Antimalware), and none of them makes a process a trustlet.
 */
import type { ScenarioProcess } from '../scenario.js';

const PPL_WIN_TCB = { type: 'ProtectedLight', signer: 'WinTcb' } as const;
const PPL_LSA = { type: 'ProtectedLight', signer: 'Lsa' } as const;
const PPL_ANTIMALWARE = { type: 'ProtectedLight', signer: 'Antimalware' } as const;
const PPL_WINDOWS = { type: 'ProtectedLight', signer: 'Windows' } as const;

export const smss: ScenarioProcess = {
  label: 'smss',
  image: 'smss.exe',
  parent: 'system',
  protection: PPL_WIN_TCB,
  threads: 2,
};
/** The smss that started it has ended, so it has no parent to name. */
export const csrss: ScenarioProcess = { label: 'csrss', image: 'csrss.exe', protection: PPL_WIN_TCB, threads: 12 };
export const wininit: ScenarioProcess = { label: 'wininit', image: 'wininit.exe', protection: PPL_WIN_TCB, threads: 2 };
export const csrssOfSession: ScenarioProcess = {
  label: 'csrss-1',
  image: 'csrss.exe',
  session: 1,
  protection: PPL_WIN_TCB,
  threads: 13,
};
export const winlogon: ScenarioProcess = { label: 'winlogon', image: 'winlogon.exe', session: 1, threads: 5 };

export const services: ScenarioProcess = {
  label: 'services',
  image: 'services.exe',
  parent: 'wininit',
  protection: PPL_WIN_TCB,
  threads: 8,
};

/** Under RunAsPPL, as Windows 11 sets it up by default [known]; protected, and no trustlet. */
export const lsassProtected: ScenarioProcess = {
  label: 'lsass',
  image: 'lsass.exe',
  parent: 'wininit',
  protection: PPL_LSA,
  threads: 10,
};

export const lsassPlain: ScenarioProcess = { label: 'lsass', image: 'lsass.exe', parent: 'wininit', threads: 10 };

/** Trustlet 1 with its policies (facts/nt.md 5.1): debugging never, encrypted crash dumps. */
export const lsaIso: ScenarioProcess = {
  label: 'lsaiso',
  image: 'LsaIso.exe',
  parent: 'wininit',
  trustlet: { id: 1, debugPolicy: 0, crashDump: 'encrypted' },
  threads: 3,
};

export const winDefend: ScenarioProcess = {
  label: 'msmpeng',
  image: 'MsMpEng.exe',
  parent: 'services',
  protection: PPL_ANTIMALWARE,
  threads: 24,
};

export const securityHealth: ScenarioProcess = {
  label: 'securityhealth',
  image: 'SecurityHealthService.exe',
  parent: 'services',
  protection: PPL_WINDOWS,
  threads: 4,
};

/** @param label also says which service group it hosts */
export const svchost = (label: string, user: ScenarioProcess['user'], threads: number): ScenarioProcess => ({
  label,
  image: 'svchost.exe',
  parent: 'services',
  user,
  threads,
});

export const svchosts: readonly ScenarioProcess[] = [
  svchost('svchost-dcomlaunch', 'SYSTEM', 14),
  svchost('svchost-rpcss', 'NETWORK SERVICE', 9),
  svchost('svchost-eventlog', 'LOCAL SERVICE', 7),
  svchost('svchost-netprofm', 'LOCAL SERVICE', 5),
  svchost('svchost-winmgmt', 'SYSTEM', 11),
];

const desktopProcess = (label: string, image: string, parent: string, threads: number): ScenarioProcess => ({
  label,
  image,
  parent,
  session: 1,
  user: 'user',
  threads,
});

export const desktop: readonly ScenarioProcess[] = [
  { label: 'dwm', image: 'dwm.exe', parent: 'winlogon', session: 1, threads: 11 },
  desktopProcess('explorer', 'explorer.exe', 'winlogon', 32),
  desktopProcess('notepad', 'notepad.exe', 'explorer', 6),
];

/** A 32-bit program, and a suspended app with package identity: two ordinary processes with other bits in their Flags word. */
export const oddFlags: readonly ScenarioProcess[] = [
  { ...desktopProcess('legacy', 'legacy.exe', 'explorer', 2), wow64: true },
  { ...desktopProcess('calculator', 'CalculatorApp.exe', 'svchost-dcomlaunch', 4), frozen: true, stronglyNamed: true },
];

/** In whose name the vsm and `machine.win32` call: an EDR agent's console, elevated, debug privilege on. */
export const elevatedAgent: ScenarioProcess = {
  label: 'agent',
  image: 'node.exe',
  parent: 'services',
  session: 0,
  user: 'administrator',
  elevated: true,
  privileges: ['SeDebugPrivilege'],
  threads: 8,
};
