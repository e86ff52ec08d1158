import type { Scenario } from '../scenario.js';
import { idle, registry, secureSystem, system } from './pseudo-processes.js';
import {
  csrss,
  csrssOfSession,
  elevatedAgent,
  lsaIso,
  lsassPlain,
  services,
  smss,
  svchosts,
  winDefend,
  wininit,
  winlogon,
} from './windows-processes.js';

/** A shielded guest's worker beside it: vmsp, trustlet 2, with vmwp as its VTL0 agent (facts/nt.md 5.1). */
export const server2022: Scenario = {
  schema: 1,
  name: 'server-2022',
  title: 'Windows Server 2022 as a Hyper-V host: LsaIso, and vmsp for a guest with a virtual TPM',
  system: { build: 20348, vsm: true, hvci: false },
  agent: 'agent',
  processes: [
    idle,
    system,
    secureSystem,
    registry,
    smss,
    csrss,
    wininit,
    csrssOfSession,
    services,
    lsaIso,
    lsassPlain,
    winlogon,
    ...svchosts,
    winDefend,
    { label: 'vmms', image: 'vmms.exe', parent: 'services', threads: 16 },
    { label: 'vmwp', image: 'vmwp.exe', parent: 'vmms', threads: 20 },
    { label: 'vmsp', image: 'vmsp.exe', parent: 'vmwp', trustlet: { id: 2 }, threads: 2 },
    elevatedAgent,
  ],
};
