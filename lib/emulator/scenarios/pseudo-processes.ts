/** The processes without an image of their own that every scenario has (facts/nt.md 4.1 and 2). */
import type { ScenarioProcess } from '../scenario.js';

const PP_WIN_SYSTEM = { type: 'Protected', signer: 'WinSystem' } as const;

export const idle: ScenarioProcess = { label: 'idle', image: '', kind: 'idle', pid: 0 };

export const system: ScenarioProcess = {
  label: 'system',
  image: 'System',
  kind: 'system',
  pid: 4,
  protection: PP_WIN_SYSTEM,
  threads: 12,
};

/** Only where VSM runs: the VTL0 shell of the secure kernel. */
export const secureSystem: ScenarioProcess = {
  label: 'secure-system',
  image: 'Secure System',
  kind: 'secure-system',
  parent: 'system',
  protection: PP_WIN_SYSTEM,
};

/** From build 17134 on (facts/nt.md 10). */
export const registry: ScenarioProcess = {
  label: 'registry',
  image: 'Registry',
  kind: 'registry',
  parent: 'system',
  protection: PP_WIN_SYSTEM,
  threads: 4,
};

export const memCompression: ScenarioProcess = {
  label: 'mem-compression',
  image: 'MemCompression',
  kind: 'mem-compression',
  parent: 'system',
  protection: PP_WIN_SYSTEM,
  threads: 3,
};
