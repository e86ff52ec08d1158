/** Windows builds from which on something answers. */

export const FirstBuild = {
  /** Class 61 of NtQueryInformationProcess: Windows 8.1 (facts/nt.md 2). */
  Protection: 9600,
  /** Class 64 (facts/nt.md 4.3). */
  TelemetryId: 10240,
  /** Bit 7 of the Flags word in the public header: 1703 (facts/nt.md 1.2). */
  SecureBit: 15063,
  /** The start key in class 64 (facts/nt.md 4.3). */
  StartKey: 15063,
  /** The extension of the process list, for native 64-bit callers: 1709 (facts/nt.md 4.1). */
  ProcessListExtension: 16299,
  /** Class 92 (facts/nt.md 4.3). */
  SequenceNumber: 17134,
} as const;
