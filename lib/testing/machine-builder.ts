/** A small machine in three readable lines, for an agent's tests. */

import { boot } from '../emulator/boot-machine.js';
import type { Machine } from '../emulator/machine.js';
import type { ProcessSpec } from '../emulator/process-spec.js';
import type { Scenario, ScenarioProcess } from '../emulator/scenario.js';

/** What may be said of a process beside its label. */
export type ProcessDetails = Omit<ProcessSpec, 'label' | 'trustlet'>;

/** LsaIso's, the best known (facts/nt.md 5.1); a test seldom cares which. */
const DEFAULT_TRUSTLET_ID = 1;

const FOUNDATION: readonly ScenarioProcess[] = [
  { label: 'idle', image: '', kind: 'idle', pid: 0 },
  { label: 'system', image: 'System', kind: 'system', pid: 4, protection: { type: 'Protected', signer: 'WinSystem' } },
  { label: 'secure-system', image: 'Secure System', kind: 'secure-system' },
  {
    label: 'agent',
    image: 'agent.exe',
    user: 'administrator',
    elevated: true,
    privileges: ['SeDebugPrivilege'],
    session: 1,
  },
];

/** Collects processes and boots them beside Idle, System, Secure System and the elevated `agent` whose calls the test makes. */
export class MachineBuilder {
  readonly #build: number;
  readonly #processes: ScenarioProcess[] = [...FOUNDATION];

  /** @param build Windows build number; default 26100 (Windows 11 24H2) */
  constructor(build = 26100) {
    this.#build = build;
  }

  /** Adds an ordinary process. @param label how the test names it; the image defaults to `<label>.exe` */
  process(label: string, details: ProcessDetails = {}): this {
    this.#processes.push({ user: 'user', session: 1, ...details, label, image: details.image ?? `${label}.exe` });
    return this;
  }

  /** Adds a trustlet. */
  trustlet(label: string, details: ProcessDetails & { readonly trustletId?: number | undefined } = {}): this {
    const { trustletId = DEFAULT_TRUSTLET_ID, ...rest } = details;
    this.#processes.push({ ...rest, label, image: details.image ?? `${label}.exe`, trustlet: { id: trustletId } });
    return this;
  }

  /** The machine as a scenario, to write to a file or to boot elsewhere. */
  scenario(): Scenario {
    return {
      schema: 1,
      name: 'built-by-test',
      title: 'a machine built by a test',
      system: { build: this.#build, vsm: true },
      agent: 'agent',
      processes: [...this.#processes],
    };
  }

  /** @throws TrustletError ERR_TRUSTLET_FORMAT when what was added does not go together (a label twice, a pid taken) */
  boot(): Machine {
    return boot(this.scenario());
  }
}

/** @param build Windows build number; default 26100 */
export const buildMachine = (build?: number): MachineBuilder => new MachineBuilder(build);
