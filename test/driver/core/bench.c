#include "bench.h"

#include <stdlib.h>
#include <string.h>

const ntsim_program bench_programs[] = {
    {.pid = AGENT_PID, .parent_pid = 4, .name = "agent.exe", .threads = 1},
    {.pid = NOTEPAD_PID, .parent_pid = AGENT_PID, .session_id = 1, .name = "notepad.exe", .threads = 2},
    {.pid = LSAISO_PID, .parent_pid = 4, .name = "LsaIso.exe", .threads = 1, .secure = true},
    {.pid = PROTECTED_PID, .parent_pid = 4, .name = "lsass.exe", .threads = 1, .protection = 0x41, .flags = 0x1},
    {.pid = HIDDEN_PID, .parent_pid = 4, .name = "hidden.exe", .threads = 1, .denied_access = 0x1FFFFF},
    {.pid = EXITING_PID, .parent_pid = 4, .name = "ending.exe", .threads = 1, .state = NTSIM_PROCESS_EXITING},
};

TL_CORE bench_core;
TL_CALLER bench_caller;
int bench_patience;

static BOOLEAN out_of_patience(PVOID context)
{
    (void)context;
    if (bench_patience < 0)
        return FALSE;
    return bench_patience-- == 0;
}

NTSTATUS bench_status;

static void start(uint32_t agent)
{
    bench_patience = -1;
    const TL_CALLER caller = {.RequestorMode = UserMode, .InRequestorContext = TRUE, .Abandoned = out_of_patience};
    bench_caller = caller;
    bench_status = TlCoreStart(&bench_core);
    if (!ntsim_kernel_attach(agent, 0, UserMode))
    {
        printf("Bail out! no process %u\n", agent);
        exit(1);
    }
}

void bench_boot_on(uint32_t build, uint32_t bits)
{
    const ntsim_system system = {.build = build, .bits = bits};
    ntsim_kernel_boot(&system, bench_programs, BENCH_PROGRAMS);
    start(AGENT_PID);
}

void bench_boot_with(const ntsim_program *programs, size_t count)
{
    const ntsim_system system = NTSIM_WINDOWS_11;
    ntsim_kernel_boot(&system, programs, count);
    start(programs[0].pid);
}

void bench_boot(void)
{
    bench_boot_with(bench_programs, BENCH_PROGRAMS);
}

void bench_end(void)
{
    if (ntsim_kernel_check() != 0)
        check_failed = 1;
    ntsim_kernel_shutdown();
}

NTSTATUS bench_send(ULONG code, const void *input, ULONG input_length, void *output, ULONG output_length,
                    ULONG_PTR *information)
{
    const ULONG length = input_length > output_length ? input_length : output_length;
    UINT8 *buffer = length == 0 ? NULL : malloc(length);
    ULONG_PTR written = ~(ULONG_PTR)0;
    if (length > 0)
        memset(buffer, 0xCD, length);
    if (input_length > 0)
        memcpy(buffer, input, input_length);
    const NTSTATUS status = TlDispatch(&bench_core, &bench_caller, code, buffer, input_length, output_length, &written);
    if (written > output_length || (!NT_SUCCESS(status) && written != 0))
    {
        printf("# status 0x%x with %zu bytes of %u\n", (unsigned)status, (size_t)written, output_length);
        check_failed = 1;
    }
    else if (NT_SUCCESS(status) && written > 0)
        memcpy(output, buffer, written);
    if (information != NULL)
        *information = written;
    free(buffer);
    return status;
}

static TL_REQUEST_HEADER header(UINT16 message, UINT32 size, UINT32 reply_size, UINT32 record_size)
{
    const TL_REQUEST_HEADER result = {
        .Size = size, .Version = 1, .Message = message, .ReplySize = reply_size, .RecordSize = record_size};
    return result;
}

TL_HELLO_REQUEST hello_request(void)
{
    const TL_HELLO_REQUEST request = {.Header = header(TL_MESSAGE_HELLO, 24, 72, 0), .MinVersion = 1, .MaxVersion = 1};
    return request;
}

TL_CENSUS_REQUEST census_request(void)
{
    const TL_CENSUS_REQUEST request = {.Header = header(TL_MESSAGE_CENSUS, 40, 48, 64)};
    return request;
}

TL_EXAMINE_REQUEST examine_request(HANDLE handle, UINT32 kind)
{
    const TL_EXAMINE_REQUEST request = {
        .Header = header(TL_MESSAGE_EXAMINE, 64, 40, 64), .Handle = (UINT64)(INT64)(LONG_PTR)handle, .Kind = kind};
    return request;
}

TL_GUARD_REQUEST guard_request(HANDLE handle, UINT32 kind, UINT32 operations)
{
    const TL_GUARD_REQUEST request = {.Header = header(TL_MESSAGE_GUARD, 72, 48, 64),
                                      .Handle = (UINT64)(INT64)(LONG_PTR)handle,
                                      .Kind = kind,
                                      .Operations = operations};
    return request;
}

TL_STATS_REQUEST stats_request(void)
{
    const TL_STATS_REQUEST request = {.Header = header(TL_MESSAGE_STATS, 16, 128, 16)};
    return request;
}

NTSTATUS query_one(UINT32 pid, TL_PROCESS_RECORD *record)
{
    struct
    {
        TL_QUERY_REQUEST request;
        UINT32 pid;
    } input = {.request = {.Header = header(TL_MESSAGE_QUERY, 24, 16, 64), .PidCount = 1}, .pid = pid};
    struct
    {
        TL_QUERY_REPLY reply;
        TL_PROCESS_RECORD record;
    } output;
    ULONG_PTR information;
    memset(record, 0xEE, sizeof *record);
    const NTSTATUS status = bench_send(TL_IOCTL_QUERY, &input, 28, &output, sizeof output, &information);
    if (!NT_SUCCESS(status))
        return status;
    if (information != sizeof output || output.reply.Header.RecordCount != 1)
        return STATUS_UNSUCCESSFUL;
    *record = output.record;
    return status;
}

NTSTATUS examine(const TL_EXAMINE_REQUEST *request, examined *result)
{
    memset(result, 0xEE, sizeof *result);
    return bench_send(TL_IOCTL_EXAMINE, request, sizeof *request, result, sizeof *result, NULL);
}

NTSTATUS guard(const TL_GUARD_REQUEST *request, guarded *result)
{
    memset(result, 0xEE, sizeof *result);
    return bench_send(TL_IOCTL_GUARD, request, sizeof *request, result, sizeof *result, NULL);
}

HANDLE process_handle(UINT32 pid, ACCESS_MASK access)
{
    HANDLE handle = NULL;
    return NT_SUCCESS(ntsim_kernel_open_process(pid, access, &handle)) ? handle : (HANDLE)(LONG_PTR)-1;
}

HANDLE thread_handle(UINT32 pid, UINT32 index, ACCESS_MASK access)
{
    HANDLE handle = NULL;
    return NT_SUCCESS(ntsim_kernel_open_thread(NTSIM_TID(pid, index), access, &handle)) ? handle : (HANDLE)(LONG_PTR)-1;
}
