/** The testing kit: machines, races and assertions for an agent's own tests, and the contract suite every backend passes. Imports no test runner. */
import '../emulator-entry.js';

export { assertNoTrustletTouched } from './assert-no-trustlet-touched.js';
export type { Capability, ContractHost, FaultOptions, HostMachine, TestRunner } from './contract/host.js';
export { contractScenario } from './contract/machine.js';
export { contractSuite, type NotApplicable } from './contract/suite.js';
export { buildMachine, MachineBuilder, type ProcessDetails } from './machine-builder.js';
export { exitsBetweenCheckAndAct, type Race } from './races.js';
export { reuseAtEveryOpen } from './reuse-at-every-open.js';
