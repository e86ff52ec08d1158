/* What both builds answer alike: opening, access, lengths, the process list. */
#include "tests.h"

#include <stdlib.h>
#include <string.h>

static void test_opening(const driver_names *names)
{
    TL_HELLO_REPLY reply;
    char below[64];
    HANDLE first = open_device(names, GENERIC_READ);
    check(first != INVALID_HANDLE_VALUE, "the device opens for reading");
    HANDLE second = open_device(names, GENERIC_READ);
    check(second != INVALID_HANDLE_VALUE, "it opens a second time");
    check(hello(first, &reply) == 0 && hello(second, &reply) == 0, "both opens are answered");
    HANDLE duplicate = NULL;
    check(
        DuplicateHandle(GetCurrentProcess(), first, GetCurrentProcess(), &duplicate, 0, FALSE, DUPLICATE_SAME_ACCESS) &&
            CloseHandle(first) && hello(duplicate, &reply) == 0,
        "a duplicate outlives the handle it came from");
    CloseHandle(duplicate);
    check(hello(second, &reply) == 0, "closing one open leaves the other alone");
    CloseHandle(second);
    snprintf(below, sizeof below, "%s\\below", names->device);
    check(CreateFileA(below, GENERIC_READ, 0, NULL, OPEN_EXISTING, 0, NULL) == INVALID_HANDLE_VALUE,
          "there is nothing below the device");
}

static void test_access(const driver_names *names)
{
    TL_HELLO_REPLY reply;
    HANDLE blind = open_device(names, 0);
    check(blind != INVALID_HANDLE_VALUE && hello(blind, &reply) == ERROR_ACCESS_DENIED,
          "a handle without FILE_READ_DATA may ask nothing");
    CloseHandle(blind);
}

static void test_hello(HANDLE device)
{
    TL_HELLO_REPLY reply;
    check(hello(device, &reply) == 0 && reply.Header.Size == sizeof reply && reply.Version == 1 &&
              reply.DriverVersion == TL_DRIVER_VERSION,
          "HELLO: version 1, the driver's own version");
    check((reply.Capabilities & 0x1F) == 0x1F && (reply.Capabilities & TL_CAPABILITY_START_KEY) == 0,
          "HELLO: every request there is; no start keys, which Wine does not have");
    check(reply.OsMajor == 10 && reply.OsBuild == 18362, "HELLO: the Windows that Wine says it is");
}

static void test_lengths(HANDLE device)
{
    unsigned char room[256] = {0};
    TL_HELLO_REQUEST request = {.Header = {24, 1, TL_MESSAGE_HELLO, 72, 0}, .MinVersion = 1, .MaxVersion = 1};
    check(ask(device, TL_IOCTL_HELLO, &request, 15, room, 72, NULL) == ERROR_BAD_LENGTH, "a short request: error 24");
    check(ask(device, TL_IOCTL_HELLO, NULL, 0, room, 72, NULL) == ERROR_BAD_LENGTH, "no request at all: error 24");
    check(ask(device, TL_IOCTL_HELLO, &request, 24, room, 71, NULL) == ERROR_INSUFFICIENT_BUFFER,
          "a short output: error 122");
    check(ask(device, TL_IOCTL_HELLO, &request, 24, NULL, 0, NULL) == ERROR_INSUFFICIENT_BUFFER,
          "no output at all: error 122");
    check(ask(device, TL_IOCTL_QUERY, &request, 24, room, 72, NULL) == ERROR_INVALID_PARAMETER,
          "one message under another's code: error 87");
    check(ask(device, TL_IOCTL_STATS + 4, &request, 24, room, 72, NULL) == ERROR_INVALID_FUNCTION,
          "a code that is none: error 1");
    request.MinVersion = 7;
    request.MaxVersion = 9;
    TL_HELLO_REPLY reply;
    check(ask(device, TL_IOCTL_HELLO, &request, 24, &reply, 72, NULL) == 0 && reply.Version == 0 &&
              reply.MaxVersion == 1,
          "HELLO to a client from the future: no common version, and which there are");
}

static void test_gone(HANDLE device)
{
    TL_PROCESS_RECORD record;
    stand_in passing = start_stand_in();
    const DWORD pid = passing.pid;
    check(query_one(device, pid, &record) == 0 && record.Pid == pid && record.OpenStatus == 0 &&
              (record.Present & TL_PRESENT_CREATE_TIME) != 0,
          "QUERY: a process that runs is found, with its create time");
    end_stand_in(&passing);
    bool gone = false;
    for (int i = 0; i < 50 && !gone; i++)
    {
        gone = query_one(device, pid, &record) == 0 && record.Verdict == TL_VERDICT_UNKNOWN &&
               record.Reason == TL_REASON_GONE && record.OpenStatus == 0xC000000B;
        Sleep(20);
    }
    check(gone, "QUERY: one that ended is gone");
    check(query_one(device, 0x7FFFFFFC, &record) == 0 && record.Reason == TL_REASON_GONE,
          "QUERY: so is one that never was");
    check(query_one(device, 0, &record) == 0 && record.Reason == TL_REASON_IDLE_PROCESS, "QUERY: pid 0 is idle");
}

static void test_many(HANDLE device)
{
    struct batch
    {
        TL_QUERY_REQUEST request;
        uint32_t pids[TL_MAX_PIDS];
    } *input = calloc(1, sizeof *input);
    const DWORD length = 16 + TL_MAX_PIDS * 64;
    unsigned char *output = malloc(length);
    const DWORD own = GetCurrentProcessId();
    DWORD returned = 0;
    const TL_REQUEST_HEADER header = {24, 1, TL_MESSAGE_QUERY, 16, 64};
    input->request.Header = header;
    input->request.PidCount = TL_MAX_PIDS;
    for (int i = 0; i < (int)TL_MAX_PIDS; i++)
        input->pids[i] = i % 16 == 0 ? own : 0x70000000u + 4u * (uint32_t)i;
    bool good = ask(device, TL_IOCTL_QUERY, input, sizeof *input, output, length, &returned) == 0 && returned == length;
    for (int i = 0; good && i < (int)TL_MAX_PIDS; i++)
    {
        TL_PROCESS_RECORD record;
        memcpy(&record, output + 16 + i * 64, sizeof record);
        good = record.Pid == input->pids[i] && (record.OpenStatus == 0) == (i % 16 == 0);
    }
    check(good, "QUERY: 4,096 pids in one request, in their order");
    free(input);
    free(output);
}

/* Takes a census in parts of a size; counts how often each of some pids appears. */
static bool census_in_parts(HANDLE device, DWORD room, const DWORD *pids, int *times, int count, void (*between)(int))
{
    unsigned char *output = malloc(room);
    TL_CENSUS_REQUEST request = {.Header = {40, 1, TL_MESSAGE_CENSUS, 48, 64}};
    bool good = true;
    for (int part = 0; part < 500; part++)
    {
        TL_CENSUS_REPLY reply;
        DWORD returned = 0;
        if (ask(device, TL_IOCTL_CENSUS, &request, sizeof request, output, room, &returned) != 0)
        {
            good = false;
            break;
        }
        memcpy(&reply, output, sizeof reply);
        for (uint32_t i = 0; i < reply.Header.RecordCount; i++)
        {
            TL_PROCESS_RECORD record;
            memcpy(&record, output + 48 + i * 64, sizeof record);
            for (int p = 0; p < count; p++)
                times[p] += record.Pid == pids[p];
        }
        if ((reply.Flags & TL_CENSUS_MORE) == 0)
            break;
        request.Flags = TL_CENSUS_RESUME;
        request.CursorPid = reply.NextPid;
        request.CursorSequence = reply.NextSequence;
        request.CursorCreateTime = reply.NextCreateTime;
        if (between != NULL)
            between(part);
    }
    free(output);
    return good;
}

static stand_in fleeting;

static void come_and_go(int part)
{
    if (part % 2 == 0)
        fleeting = start_stand_in();
    else
        end_stand_in(&fleeting);
}

static void test_census(HANDLE device)
{
    stand_in lasting[3];
    DWORD pids[4];
    int times[4] = {0};
    for (int i = 0; i < 3; i++)
    {
        lasting[i] = start_stand_in();
        pids[i] = lasting[i].pid;
    }
    pids[3] = GetCurrentProcessId();
    check(census_in_parts(device, 0x40000, pids, times, 4, NULL) && times[0] == 1 && times[1] == 1 && times[2] == 1 &&
              times[3] == 1,
          "CENSUS: in one part, everybody once");
    memset(times, 0, sizeof times);
    check(census_in_parts(device, 48 + 64 + 128, pids, times, 4, come_and_go) && times[0] == 1 && times[1] == 1 &&
              times[2] == 1 && times[3] == 1,
          "CENSUS: in small parts while processes come and go, who lasts is there exactly once");
    if (fleeting.process != NULL)
        end_stand_in(&fleeting);
    unsigned char little[48 + 63];
    const TL_CENSUS_REQUEST request = {.Header = {40, 1, TL_MESSAGE_CENSUS, 48, 64}};
    check(ask(device, TL_IOCTL_CENSUS, &request, sizeof request, little, sizeof little, NULL) ==
              ERROR_INSUFFICIENT_BUFFER,
          "CENSUS: room for not one record: error 122");
    for (int i = 0; i < 3; i++)
        end_stand_in(&lasting[i]);
}

static void test_stats(HANDLE device)
{
    TL_STATS_REPLY reply;
    const TL_STATS_REQUEST request = {.Header = {16, 1, TL_MESSAGE_STATS, 128, 16}};
    check(ask(device, TL_IOCTL_STATS, &request, sizeof request, &reply, sizeof reply, NULL) == 0 &&
              reply.Requests > 20 && reply.Rejected >= 6 && reply.OpenNow == 1 && reply.Opens >= 3,
          "STATS: counts what has happened here; one file is open");
    /* Each file is one block, and the pids of no request are left. */
    check(reply.PoolBlocks == reply.OpenNow,
          "STATS: the driver holds one block of memory for each open file, and no more");
}

void common_tests(const driver_names *names)
{
    test_opening(names);
    test_access(names);
    HANDLE device = open_device(names, GENERIC_READ);
    test_hello(device);
    test_lengths(device);
    test_gone(device);
    test_many(device);
    test_census(device);
    test_stats(device);
    CloseHandle(device);
}
