import type { Scenario } from '../scenario.js';
import { idle, registry, secureSystem, system } from './pseudo-processes.js';
import { csrss, elevatedAgent, lsaIso, lsassProtected, services, smss, wininit } from './windows-processes.js';

export const hostile: Scenario = {
  schema: 1,
  name: 'hostile',
  title:
    'a machine that misleads: names that lie, protection without isolation and isolation without protection, failing queries, pids reused at every open',
  system: { build: 26100, vsm: true, hvci: true },
  agent: 'agent',
  churn: 'reuse-at-every-call',
  processes: [
    idle,
    system,
    secureSystem,
    registry,
    smss,
    csrss,
    wininit,
    services,
    lsaIso,
    lsassProtected,
    // The debug privilege would open what `access: nobody` closes, so this machine's caller has none.
    { ...elevatedAgent, user: 'SYSTEM', privileges: [] },
    { label: 'fake-lsaiso', image: 'LsaIso.exe', parent: 'services', session: 1, user: 'user' },
    { label: 'fake-secure-system', image: 'Secure System', parent: 'services', session: 1, user: 'user' },
    { label: 'fake-system', image: 'System', parent: 'services' },
    { label: 'secret-notepad', image: 'notepad.exe', parent: 'services', trustlet: { id: 1 } },
    {
      label: 'protected-ordinary',
      image: 'vault.exe',
      parent: 'services',
      protection: { type: 'ProtectedLight', signer: 'Antimalware' },
    },
    {
      label: 'protected-trustlet',
      image: 'BioIso.exe',
      parent: 'services',
      protection: { type: 'ProtectedLight', signer: 'WinTcb' },
      trustlet: { id: 4 },
    },
    {
      label: 'audited',
      image: 'audited.exe',
      parent: 'services',
      protection: { type: 'Protected', signer: 'App', audit: true },
    },
    { label: 'closed', image: 'closed.exe', parent: 'services', access: 'nobody' },
    { label: 'open-to-all', image: 'open.exe', parent: 'services', access: 'everyone' },
    { label: 'leaving', image: 'leaving.exe', parent: 'services', state: 'exiting' },
    {
      label: 'leaving-trustlet',
      image: 'FsIso.exe',
      parent: 'services',
      trustlet: { id: 5, debugPolicy: 1 },
      state: 'exiting',
    },
    { label: 'linux', image: 'bash', parent: 'services', kind: 'pico' },
    {
      label: 'silent',
      image: 'silent.exe',
      parent: 'services',
      faults: [{ call: 'NtQueryInformationProcess', infoClass: 0, status: 'STATUS_INSUFFICIENT_RESOURCES' }],
    },
    {
      label: 'silent-trustlet',
      image: 'NgcIso.exe',
      parent: 'services',
      trustlet: { id: 3 },
      faults: [{ call: 'SecureCall', status: 'STATUS_DEVICE_NOT_CONNECTED' }],
    },
    {
      label: 'anonymous',
      image: 'anonymous.exe',
      parent: 'services',
      faults: [
        { call: 'NtQueryInformationProcess', infoClass: 4, status: 'STATUS_UNSUCCESSFUL' },
        { call: 'NtQueryInformationProcess', infoClass: 64, status: 'STATUS_UNSUCCESSFUL' },
        { call: 'NtQueryInformationProcess', infoClass: 92, status: 'STATUS_UNSUCCESSFUL' },
      ],
    },
    { label: 'mayfly-1', image: 'mayfly.exe', parent: 'services', session: 1, user: 'user', volatile: true },
    { label: 'mayfly-2', image: 'mayfly.exe', parent: 'services', session: 1, user: 'user', volatile: true },
    { label: 'mayfly-3', image: 'LsaIso.exe', parent: 'services', session: 1, user: 'user', volatile: true },
  ],
};
