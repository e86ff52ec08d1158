/** Information class numbers of the NT queries this project makes (facts/nt.md 1, 2, 3, 4). */

/** PROCESSINFOCLASS of NtQueryInformationProcess. */
export const ProcessInfoClass = {
  BasicInformation: 0,
  Times: 4,
  Protection: 61,
  TelemetryId: 64,
  SequenceNumber: 92,
} as const;

/** THREADINFOCLASS of NtQueryInformationThread. */
export const ThreadInfoClass = {
  BasicInformation: 0,
  IsTerminated: 20,
} as const;

/** SYSTEM_INFORMATION_CLASS of NtQuerySystemInformation. */
export const SystemInfoClass = {
  ProcessInformation: 5,
  KernelDebugger: 35,
  Hypervisor: 91,
  CodeIntegrity: 103,
  SecureBoot: 145,
  KernelDebuggerEx: 149,
  HypervisorDetail: 159,
  CodeIntegrityPolicy: 164,
  IsolatedUserMode: 165,
  VsmProtection: 169,
  SecureCore: 242,
} as const;
