/** What the contract suite needs of whatever it runs on (DESIGN.md rule 8). */
import type { FaultCall, Scenario, ScenarioProcess } from '../../emulator/scenario.js';
import type { Vsm } from '../../vsm.js';

/** What a host may be able to do. */
export type Capability =
  /** Answers the extended query (class 0, 64 bytes), so verdicts other than unknown exist. */
  | 'extended-query'
  /** Does *not* answer it (plain Wine): the suite then demands unknown and a refusal for everything. */
  | 'no-extended-query'
  /** Asks with the rights of its user (ntdll): what refuses him is unknown. */
  | 'asks-as-user'
  /** Asks in the kernel (the driver): what refuses the user is answered all the same, and so is a handle without the query right. */
  | 'asks-as-kernel'
  /** Boots any scenario; without it labels are a few real processes. */
  | 'scenarios'
  | 'exit'
  | 'reuse'
  | 'fail'
  /** Says how many handles the caller has open. */
  | 'handle-count';

export interface FaultOptions {
  readonly status: string;
  readonly nth?: number | undefined;
  readonly infoClass?: number | undefined;
  readonly label?: string | undefined;
}

/** One machine in the host's care. */
export interface HostMachine {
  readonly vsm: Vsm;
  pidOf(label: string): number;
  /** @param index which of its threads, from 0 */
  tidOf(label: string, index?: number): number;
  exit(label: string): void;
  /** The pid of `label` comes back as `by`. @throws if a handle holds the old process */
  reuse(label: string, by: ScenarioProcess): void;
  fail(call: FaultCall, options: FaultOptions): void;
  openHandles(): number;
  /** Lets go of the machine; the vsm too. */
  close(): void;
}

export interface ContractHost {
  readonly name: string;
  /** The label its results carry. */
  readonly seenOn: 'emulated' | 'simulated kernel' | 'Wine' | 'Windows (not yet run)';
  /** `true`, or why not. */
  readonly capabilities: Readonly<Record<Capability, true | string>>;
  boot(scenario: Scenario): HostMachine;
}

/** The two functions of a test runner that the suite needs; node:test, vitest and jest all have them. */
export interface TestRunner {
  describe(title: string, body: () => void): unknown;
  test(title: string, body: () => void | Promise<void>): unknown;
}

/** One promise of the contract. */
export interface ContractCase {
  readonly title: string;
  readonly needs: readonly Capability[];
  /** Default: the contract's own machine. */
  readonly scenario?: Scenario | undefined;
  readonly run: (machine: HostMachine) => void | Promise<void>;
}
