/*
 * What a C program pays for the same calls: the driver's own C over the simulated kernel, out of the very objects that the
 * addon's host build is linked from, called without JavaScript. A library and not a program, so that one process measures
 * both sides in turns. One machine at a time, one thread.
 *
 * Every timed function makes its call `count` times and answers the nanoseconds that took, or 0 when an answer was wrong:
 * a time is never told of calls that failed.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "kernel.h"
#include "simulated_system.h"
#include "trustlet_protocol.h"

#define EXPORT __attribute__((visibility("default")))

static HANDLE device;
static uint32_t agent;

static uint64_t now(void)
{
    struct timespec time;
    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

/* ---- the machine ---- */

EXPORT uint32_t plain_boot(const void *table, uint32_t length);
EXPORT uint32_t plain_shutdown(void);

/* 0: boots, loads the driver, becomes the agent and opens the device. Else which of these failed. */
uint32_t plain_boot(const void *table, uint32_t length)
{
    if (sim_boot(table, length) != NULL)
        return 1;
    agent = sim_current_pid();
    if (!ntsim_kernel_attach(agent, 0, UserMode))
        return 2;
    return NT_SUCCESS(ntsim_kernel_open("\\\\.\\Trustlet", GENERIC_READ, &device)) ? 0 : 3;
}

/* 0: nothing was left behind. */
uint32_t plain_shutdown(void)
{
    (void)ntsim_kernel_close(device);
    if (!ntsim_kernel_attach(4, 0, KernelMode))
        return 1;
    char *complaints = sim_shutdown();
    const bool clean = complaints != NULL && complaints[0] == '\0';
    free(complaints);
    return clean ? 0 : 2;
}

/* ---- one request, as it is ---- */

EXPORT uint64_t plain_ioctl(uint32_t code, const void *input, uint32_t input_length, void *output,
                            uint32_t output_length, uint32_t count);
EXPORT uint64_t plain_seam(uint32_t code, const void *input, uint32_t input_length, void *output,
                           uint32_t output_length, uint32_t count);
EXPORT uint32_t plain_call(uint32_t code, const void *input, uint32_t input_length, void *output,
                           uint32_t output_length);

uint64_t plain_ioctl(uint32_t code, const void *input, uint32_t input_length, void *output, uint32_t output_length,
                     uint32_t count)
{
    const uint64_t start = now();
    for (uint32_t i = 0; i < count; i++)
    {
        ULONG_PTR written = 0;
        if (!NT_SUCCESS(ntsim_kernel_ioctl(device, code, input, input_length, output, output_length, &written)) ||
            written == 0)
            return 0;
    }
    return now() - start;
}

/* Through what the addon's host build calls instead: its thread becomes the agent's for each call. */
uint64_t plain_seam(uint32_t code, const void *input, uint32_t input_length, void *output, uint32_t output_length,
                    uint32_t count)
{
    const uint64_t start = now();
    for (uint32_t i = 0; i < count; i++)
    {
        size_t written = 0;
        const uint32_t status = sim_ioctl((intptr_t)device, code, input, input_length, output, output_length, &written);
        if (status != 0 || written == 0)
            return 0;
    }
    return now() - start;
}

/* One call, to be crossed to by koffi. Answers the bytes written; 0 when it failed. */
uint32_t plain_call(uint32_t code, const void *input, uint32_t input_length, void *output, uint32_t output_length)
{
    size_t written = 0;
    const uint32_t status = sim_ioctl((intptr_t)device, code, input, input_length, output, output_length, &written);
    return status == 0 ? (uint32_t)written : 0;
}

/* ---- what a C client does with it: fills the request, asks, reads every record ---- */

EXPORT uint64_t plain_query(const uint32_t *pids, uint32_t pid_count, uint32_t secure_expected, uint32_t count);
EXPORT uint64_t plain_census(void *output, uint32_t output_length, uint32_t expected, uint32_t secure_expected,
                             uint32_t count);
EXPORT uint64_t plain_read(const void *reply, uint32_t secure_expected, uint32_t count);
EXPORT uint64_t plain_guard(uint32_t pid, uint32_t access, uint32_t operations, uint32_t count);

static void begin(TL_REQUEST_HEADER *header, uint32_t size, uint16_t message, uint32_t reply_size, uint32_t record_size)
{
    header->Size = size;
    header->Version = TL_PROTOCOL_VERSION_MAX;
    header->Message = message;
    header->ReplySize = reply_size;
    header->RecordSize = record_size;
}

static uint32_t secure_among(const void *reply)
{
    const TL_REPLY_HEADER *header = reply;
    uint32_t secure = 0;
    for (uint32_t i = 0; i < header->RecordCount; i++)
    {
        const TL_PROCESS_RECORD *record =
            (const void *)((const unsigned char *)reply + header->Size + (size_t)i * header->RecordSize);
        secure += record->Verdict == TL_VERDICT_SECURE ? 1u : 0u;
    }
    return secure;
}

uint64_t plain_query(const uint32_t *pids, uint32_t pid_count, uint32_t secure_expected, uint32_t count)
{
    static struct
    {
        TL_QUERY_REQUEST head;
        uint32_t pids[TL_MAX_PIDS];
    } request;
    static struct
    {
        TL_QUERY_REPLY head;
        TL_PROCESS_RECORD records[TL_MAX_PIDS];
    } reply;
    const uint32_t input = (uint32_t)(sizeof request.head + pid_count * sizeof *pids);
    const uint32_t output = (uint32_t)(sizeof reply.head + pid_count * sizeof *reply.records);
    const uint64_t start = now();
    for (uint32_t i = 0; i < count; i++)
    {
        ULONG_PTR written = 0;
        memset(&request.head, 0, sizeof request.head);
        begin(&request.head.Header, sizeof request.head, TL_MESSAGE_QUERY, sizeof reply.head, sizeof *reply.records);
        request.head.PidCount = pid_count;
        memcpy(request.pids, pids, pid_count * sizeof *pids);
        if (!NT_SUCCESS(ntsim_kernel_ioctl(device, TL_IOCTL_QUERY, &request, input, &reply, output, &written)) ||
            written != output || secure_among(&reply) != secure_expected)
            return 0;
    }
    return now() - start;
}

uint64_t plain_census(void *output, uint32_t output_length, uint32_t expected, uint32_t secure_expected, uint32_t count)
{
    const uint64_t start = now();
    for (uint32_t i = 0; i < count; i++)
    {
        ULONG_PTR written = 0;
        TL_CENSUS_REQUEST request = {0};
        const TL_CENSUS_REPLY *reply = output;
        begin(&request.Header, sizeof request, TL_MESSAGE_CENSUS, sizeof *reply, sizeof(TL_PROCESS_RECORD));
        if (!NT_SUCCESS(ntsim_kernel_ioctl(device, TL_IOCTL_CENSUS, &request, sizeof request, output, output_length,
                                           &written)) ||
            reply->Header.RecordCount != expected || reply->Remaining != 0 || secure_among(output) != secure_expected)
            return 0;
    }
    return now() - start;
}

uint64_t plain_read(const void *reply, uint32_t secure_expected, uint32_t count)
{
    const uint64_t start = now();
    for (uint32_t i = 0; i < count; i++)
    {
        /* Not the same memory as far as the compiler knows: else it reads once. */
        const void *volatile each = reply;
        if (secure_among(each) != secure_expected)
            return 0;
    }
    return now() - start;
}

/* Opens the process for an operation, has the driver decide about the handle, and closes it. */
uint64_t plain_guard(uint32_t pid, uint32_t access, uint32_t operations, uint32_t count)
{
    const uint64_t start = now();
    for (uint32_t i = 0; i < count; i++)
    {
        HANDLE handle = NULL;
        ULONG_PTR written = 0;
        TL_GUARD_REQUEST request = {0};
        struct
        {
            TL_GUARD_REPLY head;
            TL_PROCESS_RECORD record;
        } reply;
        if (!NT_SUCCESS(ntsim_kernel_open_process(pid, access, &handle)))
            return 0;
        begin(&request.Header, sizeof request, TL_MESSAGE_GUARD, sizeof reply.head, sizeof reply.record);
        request.Handle = (uint64_t)(intptr_t)handle;
        request.Kind = TL_KIND_PROCESS;
        request.ExpectedAccess = access;
        request.Expect = TL_EXPECT_PID;
        request.ExpectedPid = pid;
        request.Operations = operations;
        const NTSTATUS status =
            ntsim_kernel_ioctl(device, TL_IOCTL_GUARD, &request, sizeof request, &reply, sizeof reply, &written);
        if (!NT_SUCCESS(ntsim_kernel_close(handle)) || !NT_SUCCESS(status) || reply.head.Decision != TL_DECISION_ALLOW)
            return 0;
    }
    return now() - start;
}
