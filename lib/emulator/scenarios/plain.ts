import type { Scenario } from '../scenario.js';
import { idle, memCompression, registry, system } from './pseudo-processes.js';
import {
  csrss,
  csrssOfSession,
  desktop,
  elevatedAgent,
  lsassPlain,
  oddFlags,
  services,
  smss,
  svchosts,
  winDefend,
  wininit,
  winlogon,
} from './windows-processes.js';

export const plain: Scenario = {
  schema: 1,
  name: 'plain',
  title: 'Windows 10 22H2 without VSM: no secure kernel, so no trustlet',
  system: { build: 19045, vsm: false, hypervisor: false },
  agent: 'agent',
  processes: [
    idle,
    system,
    registry,
    smss,
    csrss,
    wininit,
    csrssOfSession,
    services,
    lsassPlain,
    winlogon,
    ...svchosts,
    memCompression,
    winDefend,
    elevatedAgent,
    ...desktop,
    ...oddFlags,
  ],
};
