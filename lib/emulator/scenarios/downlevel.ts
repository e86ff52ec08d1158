import type { Scenario } from '../scenario.js';
import { idle, memCompression, secureSystem, system } from './pseudo-processes.js';
import {
  csrss,
  csrssOfSession,
  desktop,
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

/** Which build sets the bit first is not known (facts/nt.md 12); this one never does, so nothing with a clear bit may be believed. */
export const downlevel: Scenario = {
  schema: 1,
  name: 'downlevel',
  title: 'Windows 10 1607 with Credential Guard: a trustlet runs and no public header promises the bit yet',
  system: { build: 14393, vsm: true, hvci: false, secureBit: 'absent' },
  agent: 'agent',
  processes: [
    idle,
    system,
    secureSystem,
    smss,
    csrss,
    wininit,
    csrssOfSession,
    services,
    lsaIso,
    lsassPlain,
    winlogon,
    ...svchosts,
    memCompression,
    winDefend,
    elevatedAgent,
    ...desktop,
  ],
};
