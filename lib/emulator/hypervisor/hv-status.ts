/** HV_STATUS: what a hypercall answers in the low 16 bits of its result (facts/vsm.md 1.3). */

export const HvStatus = {
  SUCCESS: 0x0000,
  INVALID_HYPERCALL_CODE: 0x0002,
  INVALID_HYPERCALL_INPUT: 0x0003,
  INVALID_ALIGNMENT: 0x0004,
  INVALID_PARAMETER: 0x0005,
  ACCESS_DENIED: 0x0006,
  INVALID_PARTITION_STATE: 0x0007,
  OPERATION_DENIED: 0x0008,
  UNKNOWN_PROPERTY: 0x0009,
  PROPERTY_VALUE_OUT_OF_RANGE: 0x000a,
  INSUFFICIENT_MEMORY: 0x000b,
  INVALID_PARTITION_ID: 0x000d,
  INVALID_VP_INDEX: 0x000e,
  NOT_FOUND: 0x0010,
  INVALID_PORT_ID: 0x0011,
  INVALID_CONNECTION_ID: 0x0012,
  INSUFFICIENT_BUFFERS: 0x0013,
  NOT_ACKNOWLEDGED: 0x0014,
  INVALID_VP_STATE: 0x0015,
  INVALID_SYNIC_STATE: 0x0018,
  OBJECT_IN_USE: 0x0019,
  NO_RESOURCES: 0x001d,
  FEATURE_UNAVAILABLE: 0x001e,
  INVALID_REGISTER_VALUE: 0x0050,
  INVALID_VTL_STATE: 0x0051,
  OPERATION_FAILED: 0x0071,
  TIMEOUT: 0x0078,
  VTL_ALREADY_ENABLED: 0x0086,
  UNKNOWN_REGISTER_NAME: 0x0087,
} as const;

export type HvStatusName = keyof typeof HvStatus;

const names: ReadonlyMap<number, string> = new Map(Object.entries(HvStatus).map(([name, value]) => [value, name]));

/** The status's name, or its number in hexadecimal where it has none here. */
export const hvStatusName = (status: number): string => names.get(status) ?? `0x${status.toString(16)}`;
