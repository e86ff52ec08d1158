/* The tests of the simulated kernel, and the small machine they run on. */
#ifndef TRUSTLET_NTSIM_TEST_KERNEL_CASES_H
#define TRUSTLET_NTSIM_TEST_KERNEL_CASES_H

#include "../check.h"
#include "kernel.h"

extern const test_case pool_tests[];
extern const test_case object_tests[];
extern const test_case handle_tests[];
extern const test_case query_tests[];
extern const test_case irql_tests[];
extern const test_case lock_tests[];
extern const test_case remove_lock_tests[];
extern const test_case security_tests[];
extern const test_case registry_tests[];
extern const test_case device_tests[];
extern const test_case request_tests[];
extern const test_case order_tests[];
extern const test_case script_tests[];
extern const test_case thread_tests[];

#define AGENT_PID 2000u
#define NOTEPAD_PID 3000u
#define LSAISO_PID 812u
#define HIDDEN_PID 904u
#define TAG 0x54534554u /* TEST */
#define PID(pid) ((HANDLE)(uintptr_t)(pid))

/* Code of a driver with a mistake, which no sanitizer may stop before the simulation sees it. */
#define MISTAKEN __attribute__((no_sanitize("address", "undefined"), noinline))

/* Windows 11 with these processes and this thread as one of System's. */
void boot(void);
void boot_build(uint32_t build);
/* The kernel complained in these words; whatever else it complains of fails the test at its end. */
#define CHECK_COMPLAINT(text) CHECK(ntsim_kernel_expect(text))

#endif
