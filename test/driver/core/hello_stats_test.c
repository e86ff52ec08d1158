/* HELLO and STATS. */
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "requests.h"

static NTSTATUS say_hello(const TL_HELLO_REQUEST *request, TL_HELLO_REPLY *reply)
{
    memset(reply, 0xEE, sizeof *reply);
    return bench_send(TL_IOCTL_HELLO, request, sizeof *request, reply, sizeof *reply, NULL);
}

static void hello_says_who_is_there(void)
{
    TL_HELLO_REPLY reply;
    const TL_HELLO_REQUEST request = hello_request();
    CHECK_EQ(say_hello(&request, &reply), STATUS_SUCCESS);
    CHECK_EQ(reply.Header.Size, 72);
    CHECK_EQ(reply.Header.Version, 1);
    CHECK_EQ(reply.Header.Message, 1);
    CHECK_EQ(reply.Header.RecordSize, 0);
    CHECK_EQ(reply.Header.RecordCount, 0);
    CHECK_EQ(reply.Version, 1);
    CHECK_EQ(reply.MinVersion, 1);
    CHECK_EQ(reply.MaxVersion, 1);
    CHECK_EQ(reply.DriverVersion, TL_DRIVER_VERSION);
    CHECK_EQ(reply.Capabilities, 0x11F);
    CHECK_EQ(reply.OsMajor, 10);
    CHECK_EQ(reply.OsMinor, 0);
    CHECK_EQ(reply.OsBuild, 26100);
    CHECK_EQ(reply.IsolatedUserModeStatus, 0);
    CHECK_EQ(reply.IsolatedUserModeFlags & 1, 1);
    CHECK_EQ(reply.MaxPids, 4096);
    CHECK_EQ(reply.MaxFixedSize, 1024);
    CHECK_EQ(reply.Operations, 0x7FFF);
    CHECK_EQ(reply.ProcessRecordSize, 64);
}

static void hello_chooses_the_newest_common_version(void)
{
    static const UINT16 ranges[][3] = {{1, 1, 1}, {1, 9, 1}, {2, 2, 0}, {2, 9, 0}, {1, 0xFFFF, 1}};
    for (size_t i = 0; i < ARRAYSIZE(ranges); i++)
    {
        TL_HELLO_REPLY reply;
        TL_HELLO_REQUEST request = hello_request();
        request.Header.Version = ranges[i][1];
        request.MinVersion = ranges[i][0];
        request.MaxVersion = ranges[i][1];
        CHECK_EQ(say_hello(&request, &reply), STATUS_SUCCESS);
        CHECK_EQ(reply.Version, ranges[i][2]);
        CHECK_EQ(reply.Header.Version, 1);
        CHECK_EQ(reply.MaxVersion, 1);
    }
}

static void a_version_is_chosen_within_both_ranges(void)
{
    CHECK_EQ(TlChooseVersion(1, 3, 1, 2), 2);
    CHECK_EQ(TlChooseVersion(1, 2, 1, 3), 2);
    CHECK_EQ(TlChooseVersion(1, 1, 2, 3), 0);
    CHECK_EQ(TlChooseVersion(4, 5, 2, 3), 0);
    CHECK_EQ(TlChooseVersion(2, 2, 1, 3), 2);
    CHECK_EQ(TlChooseVersion(3, 9, 2, 3), 3);
}

static void hello_says_when_a_secure_kernel_cannot_be_asked_for(void)
{
    static const struct
    {
        NTSTATUS status;
        UINT32 told;
    } failures[] = {{STATUS_INVALID_INFO_CLASS, 0xC0000003}, {STATUS_ACCESS_DENIED, 0xC0000022}};
    for (size_t i = 0; i < ARRAYSIZE(failures); i++)
    {
        TL_HELLO_REPLY reply;
        const TL_HELLO_REQUEST request = hello_request();
        ntsim_kernel_fail_query(NTSIM_ZwQuerySystemInformation, 165, 0, 1, failures[i].status);
        CHECK_EQ(say_hello(&request, &reply), STATUS_SUCCESS);
        CHECK_EQ(reply.IsolatedUserModeStatus, failures[i].told);
        CHECK_EQ(reply.IsolatedUserModeFlags, 0);
    }
}

static void a_class_165_that_wrote_nothing_is_a_failure(void)
{
    TL_HELLO_REPLY reply;
    const TL_HELLO_REQUEST request = hello_request();
    ntsim_kernel_fail_query(NTSIM_ZwQuerySystemInformation, 165, 0, 1, STATUS_SUCCESS);
    CHECK_EQ(say_hello(&request, &reply), STATUS_SUCCESS);
    CHECK_EQ(reply.IsolatedUserModeStatus, 0xC0000004);
    CHECK_EQ(reply.IsolatedUserModeFlags, 0);
}

static void without_start_keys_hello_says_so(void)
{
    TL_HELLO_REPLY reply;
    const TL_HELLO_REQUEST request = hello_request();
    ntsim_kernel_provide_routine("PsGetProcessStartKey", false);
    CHECK(NT_SUCCESS(TlCoreStart(&bench_core)));
    CHECK_EQ(say_hello(&request, &reply), STATUS_SUCCESS);
    CHECK_EQ(reply.Capabilities, 0x1F);
}

static void a_windows_without_a_version_does_not_start(void)
{
    TL_CORE core;
    ntsim_kernel_fail(NTSIM_RtlGetVersion, 1, STATUS_UNSUCCESSFUL);
    CHECK_EQ(TlCoreStart(&core), STATUS_UNSUCCESSFUL);
}

/* ---- STATS ---- */

typedef struct counted
{
    TL_STATS_REPLY reply;
    TL_REFUSAL_RECORD rows[16];
} counted;

static NTSTATUS count(counted *result, ULONG room)
{
    const TL_STATS_REQUEST request = stats_request();
    memset(result, 0, sizeof *result);
    return bench_send(TL_IOCTL_STATS, &request, sizeof request, result, room, NULL);
}

static void stats_count_what_happened(void)
{
    counted result;
    TL_PROCESS_RECORD record;
    guarded decision;
    TlCoreOpened(&bench_core);
    TlCoreOpened(&bench_core);
    TlCoreClosed(&bench_core);
    CHECK_EQ(query_one(LSAISO_PID, &record), STATUS_SUCCESS);
    CHECK_EQ(query_one(NOTEPAD_PID, &record), STATUS_SUCCESS);
    CHECK_EQ(query_one(NOBODY_PID, &record), STATUS_SUCCESS);
    CHECK_EQ(query_one(NOBODY_PID, &record), STATUS_SUCCESS);
    CHECK_EQ(bench_send(TL_IOCTL_HELLO, NULL, 0, NULL, 0, NULL), STATUS_INFO_LENGTH_MISMATCH);
    HANDLE handle = process_handle(LSAISO_PID, 0x1FFFFF);
    const TL_GUARD_REQUEST both = guard_request(handle, TL_KIND_PROCESS, TL_OPERATION_READ | TL_OPERATION_WRITE);
    const TL_GUARD_REQUEST read = guard_request(handle, TL_KIND_PROCESS, TL_OPERATION_READ);
    CHECK_EQ(guard(&both, &decision), STATUS_SUCCESS);
    CHECK_EQ(guard(&read, &decision), STATUS_SUCCESS);
    CHECK_EQ(ntsim_kernel_close(handle), 0);
    handle = process_handle(NOTEPAD_PID, 0x10);
    const TL_GUARD_REQUEST allowed = guard_request(handle, TL_KIND_PROCESS, TL_OPERATION_READ);
    CHECK_EQ(guard(&allowed, &decision), STATUS_SUCCESS);
    CHECK_EQ(ntsim_kernel_close(handle), 0);

    CHECK_EQ(count(&result, sizeof result), STATUS_SUCCESS);
    CHECK_EQ(result.reply.Opens, 2);
    CHECK_EQ(result.reply.OpenNow, 1);
    CHECK_EQ(result.reply.Requests, 9);
    CHECK_EQ(result.reply.Rejected, 1);
    CHECK_EQ(result.reply.Cancelled, 0);
    CHECK_EQ(result.reply.Records, 7);
    CHECK_EQ(result.reply.Secure, 3);
    CHECK_EQ(result.reply.Ordinary, 2);
    CHECK_EQ(result.reply.Unknown, 2);
    CHECK_EQ(result.reply.Allowed, 1);
    CHECK_EQ(result.reply.Refused, 2);
    CHECK_EQ(result.reply.PoolBlocks, 0);
    CHECK_EQ(result.reply.RefusalRows, 2);
    CHECK_EQ(result.reply.Header.RecordCount, 2);
    CHECK_EQ(result.rows[0].Operation, 3);
    CHECK_EQ(result.rows[0].Reason, 10);
    CHECK_EQ(result.rows[0].Count, 2);
    CHECK_EQ(result.rows[1].Operation, 4);
    CHECK_EQ(result.rows[1].Reason, 10);
    CHECK_EQ(result.rows[1].Count, 1);
    /* Room for one row, and for none: the number of rows is told all the same. */
    CHECK_EQ(count(&result, 128 + 31), STATUS_SUCCESS);
    CHECK_EQ(result.reply.Header.RecordCount, 1);
    CHECK_EQ(result.reply.RefusalRows, 2);
    CHECK_EQ(count(&result, 128), STATUS_SUCCESS);
    CHECK_EQ(result.reply.Header.RecordCount, 0);
    CHECK_EQ(result.reply.RefusalRows, 2);
}

const test_case hello_stats_tests[] = {
    {"HELLO: says protocol, driver, Windows, capabilities and limits", hello_says_who_is_there},
    {"HELLO: chooses the newest version both speak, and 0 if there is none", hello_chooses_the_newest_common_version},
    {"HELLO: a version is chosen within both ranges, whatever they are", a_version_is_chosen_within_both_ranges},
    {"HELLO: tells the status of class 165 and no flags when it failed",
     hello_says_when_a_secure_kernel_cannot_be_asked_for},
    {"HELLO: a class 165 that wrote nothing is a failure", a_class_165_that_wrote_nothing_is_a_failure},
    {"HELLO: without start keys it does not promise them", without_start_keys_hello_says_so},
    {"the core does not start on a Windows that will not say its version", a_windows_without_a_version_does_not_start},
    {"STATS: counts what happened, refusals by operation and reason", stats_count_what_happened},
    {0},
};
