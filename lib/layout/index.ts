/** Codecs for the NT structures this project reads and, in the emulator and tests, writes. */
export {
  type BasicInformation,
  basicInformationSize,
  decodeBasicInformation,
  decodeExtendedBasicInformation,
  type ExtendedBasicInformation,
  encodeBasicInformation,
  encodeExtendedBasicInformation,
  extendedBasicInformationSize,
  newExtendedBasicInformation,
} from './basic-information.js';
export { decodeClassification } from './classification.js';
export {
  type CodeIntegrity,
  CodeIntegrityOption,
  decodeCodeIntegrity,
  encodeCodeIntegrity,
  newCodeIntegrity,
} from './code-integrity.js';
export {
  type CodeIntegrityPolicy,
  CodeIntegrityPolicyHvciOption,
  CodeIntegrityPolicyOption,
  type CodeIntegrityPolicyWords,
  decodeCodeIntegrityPolicy,
  encodeCodeIntegrityPolicy,
} from './code-integrity-policy.js';
export { FirstBuild } from './first-build.js';
export { IDLE_PID, SYSTEM_PID } from './fixed-pids.js';
export { decodeHypervisor, encodeHypervisor, type Hypervisor } from './hypervisor.js';
export {
  decodeHypervisorDetail,
  encodeHypervisorDetail,
  HYPERVISOR_LEAVES,
  type HypervisorDetail,
  type HypervisorLeaf,
  type HypervisorLeaves,
} from './hypervisor-detail.js';
export { ProcessInfoClass, SystemInfoClass, ThreadInfoClass } from './info-classes.js';
export {
  decodeIsolatedUserMode,
  encodeIsolatedUserMode,
  type IsolatedUserMode,
  IsolatedUserModeFlag,
} from './isolated-user-mode.js';
export {
  decodeKernelDebugger,
  decodeKernelDebuggerEx,
  encodeKernelDebugger,
  encodeKernelDebuggerEx,
  type KernelDebugger,
  type KernelDebuggerEx,
} from './kernel-debugger.js';
export { decodeProcessFlags, ProcessFlag } from './process-flags.js';
export { ProcessList, type ProcessListOptions } from './process-list.js';
export {
  type EncodedProcessList,
  encodeProcessList,
  type ProcessListEncoding,
  type ProcessListEntry,
} from './process-list-encoder.js';
export { decodeProcessTimes, encodeProcessTimes, type ProcessTimes } from './process-times.js';
export { decodeProtection, encodeProtection } from './protection.js';
export { decodeSecureBoot, encodeSecureBoot, type SecureBoot } from './secure-boot.js';
export { decodeSecureCore, encodeSecureCore, type SecureCore } from './secure-core.js';
export { bootIdOf, startKeyOf } from './start-key.js';
export { decodeTelemetryId, encodeTelemetryId, TELEMETRY_ID_FIXED_SIZE, type TelemetryId } from './telemetry-id.js';
export {
  decodeThreadBasicInformation,
  encodeThreadBasicInformation,
  type ThreadBasicInformation,
  threadBasicInformationSize,
} from './thread-basic-information.js';
export { decodeVsmProtection, encodeVsmProtection, type VsmProtection } from './vsm-protection.js';
export type { WordSize } from './word-size.js';
