/** The built-in scenarios. Builds: facts/nt.md 10. */
import type { Scenario } from '../scenario.js';
import { agent, antimalware, desktop, lsaiso, lsass, protectedLsass, pseudoProcesses, secureSystem, services } from './windows.js';

export const plain: Scenario = {
  schema: 1,
  name: 'plain',
  title: 'Windows 10 22H2 without VSM: no VTL1, no trustlets',
  system: { build: 19045, vsm: false, secureBoot: false },
  agent: 'agent',
  processes: [...pseudoProcesses, ...services, lsass, antimalware, ...desktop, agent],
};

export const vbs: Scenario = {
  schema: 1,
  name: 'vbs',
  title: 'Windows 11 23H2 with VBS and memory integrity, without Credential Guard: Secure System runs, no trustlet does',
  system: { build: 22631, vsm: true, hvci: true },
  agent: 'agent',
  processes: [...pseudoProcesses, secureSystem, ...services, protectedLsass, antimalware, ...desktop, agent],
};

export const credentialGuard: Scenario = {
  schema: 1,
  name: 'credential-guard',
  title: 'Windows 11 24H2 with Credential Guard: LsaIso.exe runs in VTL1',
  system: { build: 26100, vsm: true, hvci: true },
  agent: 'agent',
  processes: [...pseudoProcesses, secureSystem, ...services, protectedLsass, lsaiso, antimalware, ...desktop, agent],
};

export const server2022: Scenario = {
  schema: 1,
  name: 'server-2022',
  title: 'Windows Server 2022 with Credential Guard and a shielded VM: LsaIso.exe and vmsp.exe run in VTL1',
  system: { build: 20348, vsm: true, hvci: true },
  agent: 'agent',
  processes: [
    ...pseudoProcesses,
    secureSystem,
    ...services,
    protectedLsass,
    lsaiso,
    { label: 'vmms', image: 'vmms.exe', parent: 'services', threads: 20 },
    { label: 'vmwp', image: 'vmwp.exe', parent: 'vmms', threads: 24 },
    { label: 'vmsp', image: 'vmsp.exe', parent: 'vmms', trustlet: { id: 2, debugPolicy: 0, crashDump: 'none' }, threads: 3 },
    antimalware,
    agent,
  ],
};

export const downlevel: Scenario = {
  schema: 1,
  name: 'downlevel',
  title: 'Windows 10 1607 with Credential Guard: trustlets run, and the kernel does not say which they are',
  system: { build: 14393, vsm: true, secureBit: 'absent' },
  agent: 'agent',
  processes: [...pseudoProcesses.slice(0, 2), secureSystem, ...services, lsass, lsaiso, ...desktop, agent],
};

export const hostile: Scenario = {
  schema: 1,
  name: 'hostile',
  title: 'Names that lie, protection without isolation and the reverse, queries that fail, pids that change hands at every open',
  system: { build: 26100, vsm: true, hvci: true },
  agent: 'agent',
  churn: 'reuse-at-every-call',
  processes: [
    ...pseudoProcesses,
    secureSystem,
    ...services,
    { ...protectedLsass, label: 'ppl-without-ium' },
    { label: 'ium-without-ppl', image: 'BioIso.exe', parent: 'services', trustlet: { id: 4 } },
    { label: 'ium-with-ppl', image: 'NgcIso.exe', parent: 'services', protection: { type: 'ProtectedLight', signer: 'WinTcb' }, trustlet: { id: 5, debugPolicy: 1 } },
    { label: 'false-lsaiso', image: 'LsaIso.exe', session: 1, user: 'user' },
    { label: 'hidden-trustlet', image: 'notepad.exe', parent: 'services', trustlet: { id: 1 } },
    { label: 'false-system', image: 'System', session: 1, user: 'user' },
    {
      label: 'failing-query',
      image: 'mute.exe',
      user: 'user',
      faults: [{ call: 'NtQueryInformationProcess', status: 'STATUS_UNSUCCESSFUL' }],
    },
    {
      label: 'failing-extended-query',
      image: 'half-mute.exe',
      user: 'user',
      faults: [{ call: 'NtQueryInformationProcess', infoClass: 0, status: 'STATUS_INFO_LENGTH_MISMATCH' }],
    },
    {
      label: 'failing-secure-call',
      image: 'FsIso.exe',
      trustlet: { id: 5, debugPolicy: 1 },
      faults: [{ call: 'SecureCall', status: 'STATUS_DEVICE_NOT_CONNECTED' }],
    },
    {
      label: 'failing-open',
      image: 'closed.exe',
      user: 'user',
      faults: [{ call: 'NtOpenProcess', status: 'STATUS_INSUFFICIENT_RESOURCES' }],
    },
    { label: 'unaskable', image: 'locked.exe', access: 'nobody' },
    { label: 'exiting', image: 'leaving.exe', user: 'user', state: 'exiting' },
    { label: 'volatile-1', image: 'worker.exe', user: 'user', volatile: true },
    { label: 'volatile-2', image: 'worker.exe', user: 'user', volatile: true },
    { label: 'volatile-3', image: 'worker.exe', user: 'user', volatile: true },
    ...desktop,
    { ...agent, privileges: [] },
  ],
};

/** 10,000 processes in all. */
export const large: Scenario = {
  schema: 1,
  name: 'large',
  title: 'A terminal server with 10,000 processes and Credential Guard',
  system: { build: 26100, vsm: true, hvci: true },
  agent: 'agent',
  processes: [...pseudoProcesses, secureSystem, ...services, protectedLsass, lsaiso, antimalware, ...desktop, agent],
  crowds: [
    { label: 'service', count: 1979, image: 'svchost.exe', parent: 'services', user: 'LOCAL SERVICE' },
    { label: 'browser', count: 8000, image: 'browser.exe', parent: 'explorer', session: 1, user: 'user' },
  ],
};
