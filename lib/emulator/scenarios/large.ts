import type { Scenario, ScenarioCrowd } from '../scenario.js';
import { idle, memCompression, registry, secureSystem, system } from './pseudo-processes.js';
import {
  csrss,
  csrssOfSession,
  elevatedAgent,
  lsaIso,
  lsassProtected,
  services,
  smss,
  svchosts,
  winDefend,
  wininit,
  winlogon,
} from './windows-processes.js';

const processes = [
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
  lsassProtected,
  winlogon,
  ...svchosts,
  memCompression,
  winDefend,
  elevatedAgent,
];

const TOTAL = 10_000;
const BROWSER_TABS = 6000;
const HOSTED_SERVICES = 1500;

const crowds: readonly ScenarioCrowd[] = [
  { label: 'tab', count: BROWSER_TABS, image: 'msedge.exe', parent: 'winlogon', session: 1, user: 'user' },
  { label: 'hosted', count: HOSTED_SERVICES, image: 'svchost.exe', parent: 'services', threads: 2 },
  {
    label: 'worker',
    count: TOTAL - BROWSER_TABS - HOSTED_SERVICES - processes.length,
    image: 'node.exe',
    parent: 'services',
    user: 'NETWORK SERVICE',
  },
];

export const large: Scenario = {
  schema: 1,
  name: 'large',
  title: '10,000 processes, one trustlet among them: a terminal server at its busiest',
  system: { build: 26100, vsm: true, hvci: true },
  agent: 'agent',
  processes,
  crowds,
};
