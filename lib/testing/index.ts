/** The testing kit: machines, races and assertions for an agent's own tests, and the contract suite every backend passes. Imports no test runner. */
export { assertNoTrustletTouched } from './assert-no-trustlet-touched.js';
export { buildMachine, MachineBuilder, type ProcessDetails } from './machine-builder.js';
export { exitsBetweenCheckAndAct, type Race } from './races.js';
