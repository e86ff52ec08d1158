/** The emulated machine as a backend: the NT calls of its agent process, and a census that builds no object before it is read. */
import type { CensusRecords } from '../backend.js';
import type { NtApi } from '../nt-api.js';
import type { Decision, PostureConfiguration } from '../types.js';
import { NtBackend } from './nt-backend.js';

/** What this backend needs of an emulated machine (lib/emulator gives it). */
export interface AttachableMachine {
  /** For people: the scenario's name and title. */
  readonly description: string;
  /** The NT calls as the machine's agent process makes them: its token, its session, its handle table. */
  ntApi(): NtApi;
  /** Every process as the agent sees it now, in columns; null when scripted failures or races could change an answer on the way. */
  censusRecords(): CensusRecords | null;
  /** What its registry and its WMI say to the agent, from the scenario. */
  configuration(): PostureConfiguration;
  /** Takes a decision of the guard into the machine's event log. */
  recordDecision(decision: Decision): void;
}

export class EmulatedBackend extends NtBackend {
  readonly #machine: AttachableMachine;

  constructor(machine: AttachableMachine) {
    super(machine.ntApi(), {
      name: 'emulated',
      simulated: true,
      description: `emulated machine, ${machine.description}`,
    });
    this.#machine = machine;
  }

  decided(decision: Decision): void {
    this.#machine.recordDecision(decision);
  }

  override configuration(): Promise<PostureConfiguration> {
    return Promise.resolve(this.#machine.configuration());
  }

  override census(): CensusRecords {
    return this.#machine.censusRecords() ?? super.census();
  }
}
