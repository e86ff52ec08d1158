import type { Scenario } from '../scenario.js';
import { vbs } from './vbs.js';

/** Everything is asked for by policy, nothing runs: no hypervisor, and Secure Boot is required and off. */
export const vbsNotRunning: Scenario = {
  ...vbs,
  name: 'vbs-not-running',
  title: 'Windows 11 24H2 with VBS, HVCI and Credential Guard enabled in policy, and none of them running',
  system: {
    build: 26100,
    vsm: false,
    hypervisor: false,
    secureBoot: false,
    configured: { vbs: true, hvci: true, credentialGuard: 'unlocked', requires: 'secure-boot', by: 'policy' },
  },
  processes: vbs.processes.filter(({ kind }) => kind !== 'secure-system'),
};
