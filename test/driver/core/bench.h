/*
 * A small machine with the core started on it, and a client that sends it requests without a device between: what the
 * tests of driver/core share. Simulated kernel.
 */
#ifndef TRUSTLET_TEST_BENCH_H
#define TRUSTLET_TEST_BENCH_H

#include "../../../driver/ntsim/test/check.h"
#include "core.h"
#include "kernel.h"

#define AGENT_PID 2000u
#define NOTEPAD_PID 3000u
#define LSAISO_PID 812u
#define PROTECTED_PID 900u
#define HIDDEN_PID 904u
#define EXITING_PID 940u
#define NOBODY_PID 5000u

/* The programs of the machine; those that follow Idle and System. */
extern const ntsim_program bench_programs[];
#define BENCH_PROGRAMS 6u
/* All processes of the machine. */
#define BENCH_PROCESSES (BENCH_PROGRAMS + 2u)

/* The core under test, and in whose name it is asked. */
extern TL_CORE bench_core;
extern TL_CALLER bench_caller;
/* What TlCoreStart said; only a fault script makes it fail. */
extern NTSTATUS bench_status;
/* The request is given up after so many looks; negative: never. */
extern int bench_patience;

/* Windows 11 24H2 and the programs; the core is started and the agent asks. */
void bench_boot(void);
/* The same on another build. `bits` are NTSIM_SYSTEM_*. */
void bench_boot_on(uint32_t build, uint32_t bits);
/* The same with other programs; the first one asks. */
void bench_boot_with(const ntsim_program *programs, size_t count);
/* Ends it; complaints of the kernel are failures of the test. */
void bench_end(void);

/*
 * Sends a request as the I/O manager would: the buffer has exactly the larger length, the input in front, and 0xCD
 * behind. `output` holds output_length bytes and is written only on success, as far as *information says.
 */
NTSTATUS bench_send(ULONG code, const void *input, ULONG input_length, void *output, ULONG output_length,
                    ULONG_PTR *information);

/* Requests of this version of the protocol, all else 0. */
TL_HELLO_REQUEST hello_request(void);
TL_CENSUS_REQUEST census_request(void);
TL_EXAMINE_REQUEST examine_request(HANDLE handle, UINT32 kind);
TL_GUARD_REQUEST guard_request(HANDLE handle, UINT32 kind, UINT32 operations);
TL_STATS_REQUEST stats_request(void);

/* The record of one pid through QUERY, and through EXAMINE and GUARD of a handle. */
NTSTATUS query_one(UINT32 pid, TL_PROCESS_RECORD *record);
typedef struct examined
{
    TL_EXAMINE_REPLY reply;
    TL_PROCESS_RECORD record;
} examined;
NTSTATUS examine(const TL_EXAMINE_REQUEST *request, examined *result);
typedef struct guarded
{
    TL_GUARD_REPLY reply;
    TL_PROCESS_RECORD record;
} guarded;
NTSTATUS guard(const TL_GUARD_REQUEST *request, guarded *result);

/* A handle of the agent's; the test closes it. INVALID_HANDLE_VALUE when it cannot be opened. */
HANDLE process_handle(UINT32 pid, ACCESS_MASK access);
HANDLE thread_handle(UINT32 pid, UINT32 index, ACCESS_MASK access);

#endif
