/** Statuses of LSA's calls that nothing else here meets (ntstatus.h). Which of them LsaIso answers with is assumed. */
export const LsaStatus = {
  DECRYPTION_FAILED: 0xc000_028b,
  RPC_UNKNOWN_INTERFACE: 0xc002_0012,
  RPC_SERVER_UNAVAILABLE: 0xc002_0017,
  RPC_PROTOCOL_ERROR: 0xc002_001d,
  RPC_OPERATION_OUT_OF_RANGE: 0xc002_002e,
  RPC_BAD_STUB_DATA: 0xc003_000c,
} as const;
