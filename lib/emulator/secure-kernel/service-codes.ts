/**
 * The codes of secure services, `nt!_SKSERVICE`: data for each build, never one set for all (facts/vsm.md 3.5, public symbol dumps of
 * ≈1809 and ≈24H2). Which of the two a build in between has is not public; here it has the older.
 */

/** The first build taken to have the newer codes. */
const NEWER_SINCE = 26100;

/** Name, older code, newer code; null: the build does not have it. */
const rows = [
  ['PHASE4_INIT', 1, 1],
  ['START_PROCESSOR', 2, 2],
  ['FINISH_START_PROCESSOR', null, 3],
  ['REGISTER_SYSTEM_DLLS', 3, 4],
  ['REGISTER_SYSTEM_PROCESS', 4, 5],
  ['CREATE_PROCESS', 5, 6],
  ['INITIALIZE_PROCESS', 6, 7],
  ['CREATE_THREAD', 7, 8],
  ['REQUEST_THREAD_EXIT', 8, 9],
  ['TERMINATE_THREAD', 9, 10],
  ['RUNDOWN_PROCESS', 10, 11],
  ['DEBUG_PROCESS', 11, 12],
  ['GET_TEB_ADDRESS', 12, 13],
  ['GET_CONTEXT', 13, 14],
  ['SET_CONTEXT', 14, 15],
  ['GET_ON_DEMAND_DEBUG_CHALLENGE', 17, 18],
  ['ENABLE_ON_DEMAND_DEBUG_WITH_RESPONSE', 18, 19],
  ['RETRIEVE_MAILBOX', 19, 20],
  ['IS_TRUSTLET_RUNNING', 20, 21],
  ['CREATE_SECURE_ALLOCATION', 21, 22],
  ['FILL_SECURE_ALLOCATION', 22, 23],
  ['MAKE_CODE_CATALOG', 23, 24],
  ['CREATE_SECURE_IMAGE', 24, 25],
  ['FINALIZE_SECURE_IMAGE_HASH', 25, 26],
  ['FINISH_SECURE_IMAGE_VALIDATION', 26, 27],
  ['CLOSE_SECURE_HANDLE', 29, 30],
  ['VALIDATE_DYNAMIC_CODE', 30, 31],
  ['SET_CODE_INTEGRITY_POLICY', 32, 33],
  ['DEBUG_PROTECT_MEMORY', 37, 38],
  ['DEBUG_READ_WRITE_MEMORY', 38, 39],
  ['QUERY_VIRTUAL_MEMORY', 39, 40],
  ['CREATE_ENCLAVE', 40, 45],
  ['LOAD_ENCLAVE_DATA', 41, 47],
  ['INITIALIZE_ENCLAVE', 42, 48],
  ['TERMINATE_ENCLAVE', 43, 49],
  ['DELETE_ENCLAVE', 44, 50],
  ['LIVEDUMP_START', 48, 54],
  ['LIVEDUMP_CAPTURE_PROCESS', 53, 59],
  ['CREATE_SECURE_SECTION', 57, 63],
  ['DELETE_SECURE_SECTION', 58, 64],
  ['QUERY_SECURE_DEVICE', 59, 65],
  ['PROVISION_DUMP_KEYS', 63, 73],
  ['GET_PEB_ADDRESS', 192, 192],
  ['VALIDATE_SECURE_IMAGE_PAGES', 193, 193],
  ['PHASE3_INIT', 208, 208],
  ['PERIODIC', null, 209],
  ['ETW_ENABLE_CALLBACK', 212, 213],
  ['INITIALIZE_KERNEL_CFG', 213, 215],
  ['LOAD_DRIVER', 214, 216],
  ['UNLOAD_DRIVER', 215, 217],
  ['FLUSH_ADDRESS_SPACE', 224, 240],
  ['FAST_FLUSH_RANGE_LIST', 225, 241],
  ['SLOW_FLUSH_RANGE_LIST', 226, 242],
  ['REMOVE_PROTECTED_PAGE', 227, 243],
  ['COPY_PROTECTED_PAGE', 228, 244],
  ['REGISTER_PROTECTED_PAGE', 229, 245],
  ['MAKE_PROTECTED_PAGE_WRITABLE', 230, 247],
  ['MAKE_PROTECTED_PAGE_EXECUTABLE', 231, 248],
  ['INVOKE_EFI_RUNTIME_SERVICE', 233, 250],
  ['PREPARE_FOR_HIBERNATION', 239, 259],
  ['PREPARE_FOR_CRASHDUMP', 240, 260],
  ['SHUTDOWN', 242, 262],
  ['BUGCHECK', 1792, 1792],
  ['LIMITED_MODE_SERVICE_START', 2048, 2048],
] as const;

export type SecureServiceName = (typeof rows)[number][0];

/** The code of a service on a build; null where the build does not have it. */
export const serviceCode = (name: SecureServiceName, build: number): number | null => {
  const row = rows.find((each) => each[0] === name);
  return row?.[build < NEWER_SINCE ? 1 : 2] ?? null;
};

/** The service with a code on a build; null where there is none. */
export const serviceNamed = (code: number, build: number): SecureServiceName | null =>
  rows.find((each) => each[build < NEWER_SINCE ? 1 : 2] === code)?.[0] ?? null;
