/** `trustlet/emulator`: a whole emulated machine, behind the same interface and with the same answers, on any OS. */
export {
  type Behaviour,
  type BehaviourId,
  behaviours,
  type Consequence,
  type ConsequenceId,
  consequences,
  type Outcome,
} from './behaviours.js';
export type { Attempt, CompromisedKernel } from './boot/compromised-kernel.js';
export type { Platform } from './boot/platform.js';
export type { Sighting, StolenBytes } from './boot/stolen-bytes.js';
export { boot } from './boot-machine.js';
export type { Out } from './call-arguments.js';
export type { EmulatorCrypto, GcmParameters, Sealed } from './cryptography.js';
export type { EventExplanation } from './explain-event.js';
export type { CallFilter, FailOptions } from './faults.js';
export type { CallAction, CallEvent } from './hooks.js';
export type { HypervisorEvent, LoggedEvent } from './hypervisor/event-log.js';
export { eventText } from './hypervisor/event-text.js';
export { Hypervisor, type HypervisorSnapshot } from './hypervisor/hypervisor.js';
export type { HypervisorOptions } from './hypervisor/state.js';
export type { InspectedExecution, ProcessInspection } from './inspection.js';
export type { KerberosClient } from './lsa/kerberos-client.js';
export type {
  HeldCredential,
  LocalSecurityAuthority,
  LogOn,
  LsaEndpoint,
  NtlmAnswer,
  NtlmChallenge,
} from './lsa/local-security-authority.js';
export type { LsaIsolation } from './lsa/lsass.js';
export { ntHash } from './lsa/ntlm.js';
export type { ChannelMessage, Interceptor } from './lsa/rpc-channel.js';
export { Machine, type MachineSnapshot } from './machine.js';
export type { BootOptions } from './machine-options.js';
export type { DriverView, KernelCopy, OutBoolean } from './nt/driver.js';
export type { PhysicalPage } from './nt/memory.js';
export { type Policy, policies } from './policies.js';
export type { ProcessSpec } from './process-spec.js';
export type {
  FaultCall,
  Scenario,
  ScenarioCrowd,
  ScenarioFault,
  ScenarioProcess,
  ScenarioProtection,
  ScenarioSystem,
  ScenarioTrustlet,
} from './scenario.js';
export { SCENARIO_SCHEMA } from './scenario.js';
export { parseScenario } from './scenario-schema.js';
export { scenarioNames } from './scenarios/index.js';
export type { TrustletPage, TrustletPageState } from './secure-kernel/page-states.js';
export type { TrustletIdentity, TrustletPolicies } from './secure-kernel/secure-kernel-state.js';
export type {
  DumpedPage,
  SecureCallAnswer,
  SecureKernelView,
  TrustletDescription,
} from './secure-kernel/secure-kernel-view.js';
export type { SecureServiceName } from './secure-kernel/service-codes.js';
export type { CreatedTrustlet, TrustletCreation } from './secure-kernel/trustlet-creation.js';
export type { SystemCallResult, TrustletSystemCalls } from './secure-kernel/trustlet-system-calls.js';
export type {
  NormalCallHook,
  NormalCallLie,
  NormalCallRequest,
  ReadByVtl1,
  ReadHook,
} from './secure-kernel/vtl0-hooks.js';
export type { Touch, TouchOutcome } from './touches.js';
export type { MemoryBasicInformation } from './win32/memory-functions.js';
export type { Win32Surface } from './win32/surface.js';
export type { ThreadContext } from './win32/thread-functions.js';
