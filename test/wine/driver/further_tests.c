/* What a client can do wrong, or do from elsewhere, that the other tests leave out. */
#include "tests.h"

#include <stdlib.h>
#include <string.h>

#define SENTINEL 0xA5

static bool is_untouched(const unsigned char *bytes, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++)
        if (bytes[i] != SENTINEL)
            return false;
    return true;
}

static void test_refused_requests(HANDLE device)
{
    static unsigned char room[16 + 64 * 4];
    struct
    {
        TL_QUERY_REQUEST request;
        uint32_t pids[TL_MAX_PIDS + 1];
    } *query = calloc(1, sizeof *query);
    const TL_REQUEST_HEADER header = {24, 1, TL_MESSAGE_QUERY, 16, 64};
    DWORD returned = 7;

    query->request.Header = header;
    memset(room, SENTINEL, sizeof room);
    check(ask(device, TL_IOCTL_QUERY, query, 24, room, sizeof room, &returned) == ERROR_INVALID_PARAMETER,
          "QUERY: no pid at all: error 87");
    query->request.PidCount = TL_MAX_PIDS + 1;
    check(ask(device, TL_IOCTL_QUERY, query, sizeof *query, room, sizeof room, &returned) == ERROR_INVALID_PARAMETER,
          "QUERY: 4,097 pids: error 87");
    query->request.PidCount = 2;
    check(ask(device, TL_IOCTL_QUERY, query, 28, room, sizeof room, &returned) == ERROR_BAD_LENGTH,
          "QUERY: fewer pids than it says: error 24");
    query->request.PidCount = 1;
    query->request.Header.Version = 2;
    check(ask(device, TL_IOCTL_QUERY, query, 28, room, sizeof room, &returned) == ERROR_REVISION_MISMATCH,
          "QUERY: in a version the driver does not speak: error 1306");
    query->request.Header.Version = 1;
    query->request.Reserved = 1;
    check(ask(device, TL_IOCTL_QUERY, query, 28, room, sizeof room, &returned) == ERROR_INVALID_PARAMETER,
          "QUERY: a reserved member that is not 0: error 87");
    check(returned == 0 && is_untouched(room, 0, sizeof room), "a refused request writes nothing");
    free(query);
}

static void test_growth(HANDLE device)
{
    struct
    {
        TL_HELLO_REQUEST request;
        uint64_t later;
    } input = {.request = {.Header = {32, 1, TL_MESSAGE_HELLO, 80, 0}, .MinVersion = 1, .MaxVersion = 2}};
    unsigned char room[200];
    TL_HELLO_REPLY reply;
    DWORD returned = 0;

    memset(room, SENTINEL, sizeof room);
    const DWORD error = ask(device, TL_IOCTL_HELLO, &input, sizeof input, room, sizeof room, &returned);
    memcpy(&reply, room, sizeof reply);
    check(error == 0 && returned == 72 && reply.Header.Size == 72 && reply.Version == 1,
          "HELLO: a later client's longer request is understood as far as it is known");
    check(is_untouched(room, 72, sizeof room), "HELLO: nothing is written behind the reply");
    input.later = 1;
    check(ask(device, TL_IOCTL_HELLO, &input, sizeof input, room, sizeof room, NULL) == ERROR_NOT_SUPPORTED,
          "HELLO: a later client that asks for what is not known: error 50");
}

static void test_overlapped(const driver_names *names)
{
    HANDLE device = CreateFileA(names->device, GENERIC_READ, 0, NULL, OPEN_EXISTING, FILE_FLAG_OVERLAPPED, NULL);
    TL_HELLO_REQUEST request = {.Header = {24, 1, TL_MESSAGE_HELLO, 72, 0}, .MinVersion = 1, .MaxVersion = 1};
    TL_HELLO_REPLY reply = {.Version = 0};
    OVERLAPPED overlapped = {.hEvent = CreateEventA(NULL, TRUE, FALSE, NULL)};
    DWORD returned = 0;
    const BOOL started =
        DeviceIoControl(device, TL_IOCTL_HELLO, &request, 24, &reply, sizeof reply, NULL, &overlapped) ||
        GetLastError() == ERROR_IO_PENDING;
    check(started && GetOverlappedResult(device, &overlapped, &returned, TRUE) && returned == 72 && reply.Version == 1,
          "an overlapped request is answered");
    CloseHandle(overlapped.hEvent);
    CloseHandle(device);
}

static DWORD WINAPI query_many(void *device)
{
    struct
    {
        TL_QUERY_REQUEST request;
        uint32_t pids[TL_MAX_PIDS];
    } *input = calloc(1, sizeof *input);
    const DWORD length = 16 + TL_MAX_PIDS * 64;
    void *output = malloc(length);
    const TL_REQUEST_HEADER header = {24, 1, TL_MESSAGE_QUERY, 16, 64};
    input->request.Header = header;
    input->request.PidCount = TL_MAX_PIDS;
    for (int i = 0; i < (int)TL_MAX_PIDS; i++)
        input->pids[i] = GetCurrentProcessId();
    (void)ask(device, TL_IOCTL_QUERY, input, sizeof *input, output, length, NULL);
    free(input);
    free(output);
    return 0;
}

static bool read_stats(HANDLE device, void *reply, DWORD length)
{
    const TL_STATS_REQUEST request = {.Header = {16, 1, TL_MESSAGE_STATS, 128, 16}};
    return ask(device, TL_IOCTL_STATS, &request, sizeof request, reply, length, NULL) == 0;
}

static void test_close_under_request(const driver_names *names)
{
    HANDLE other = open_device(names, GENERIC_READ);
    TL_STATS_REPLY before;
    TL_STATS_REPLY after = {.OpenNow = 0};
    bool good = read_stats(other, &before, sizeof before);
    for (int i = 0; i < 5; i++)
    {
        HANDLE device = open_device(names, GENERIC_READ);
        HANDLE thread = CreateThread(NULL, 0, query_many, device, 0, NULL);
        Sleep(20u + 15u * (DWORD)i);
        CloseHandle(device);
        good = good && WaitForSingleObject(thread, 60000) == WAIT_OBJECT_0;
        CloseHandle(thread);
    }
    for (int i = 0; i < 100 && good; i++)
    {
        good = read_stats(other, &after, sizeof after);
        if (after.OpenNow == before.OpenNow)
            break;
        Sleep(20);
    }
    check(good && after.OpenNow == before.OpenNow && after.PoolBlocks == after.OpenNow,
          "a handle closed under a request of another thread: both end, and no file or memory is left");
    CloseHandle(other);
}

/* ---- another process, with this one's device handle ---- */

int inherited(const char *device_text, const char *foreign_text, const char *simulated)
{
    HANDLE device = (HANDLE)(ULONG_PTR)strtoull(device_text, NULL, 16);
    HANDLE foreign = (HANDLE)(ULONG_PTR)strtoull(foreign_text, NULL, 16);
    TL_HELLO_REPLY reply;
    examine_answer answer;
    if (hello(device, &reply) != 0 || reply.Version != 1)
        return 2;
    if (strcmp(simulated, "1") != 0)
        return 0;
    const TL_EXAMINE_REQUEST self = examine_request(GetCurrentProcess(), TL_KIND_PROCESS);
    if (examine(device, &self, &answer) != 0 || answer.record.Pid != GetCurrentProcessId())
        return 3;
    const TL_EXAMINE_REQUEST other = examine_request(foreign, TL_KIND_PROCESS);
    return examine(device, &other, &answer) == 0 && answer.reply.ReferenceStatus == 0xC0000008 ? 0 : 4;
}

static void test_inherited(const driver_names *names)
{
    char self[MAX_PATH];
    char command[MAX_PATH + 96];
    STARTUPINFOA startup = {.cb = sizeof startup};
    PROCESS_INFORMATION started = {0};
    DWORD exit_code = 1;
    SECURITY_ATTRIBUTES inheritable = {.nLength = sizeof inheritable, .bInheritHandle = TRUE};
    HANDLE device = CreateFileA(names->device, GENERIC_READ, 0, &inheritable, OPEN_EXISTING, 0, NULL);
    stand_in someone = start_stand_in();
    /* A value far from those the child has. */
    HANDLE mine[200];
    for (int i = 0; i < 200; i++)
        mine[i] = OpenProcess(PROCESS_VM_READ, FALSE, someone.pid);
    GetModuleFileNameA(NULL, self, sizeof self);
    snprintf(command, sizeof command, "\"%s\" inherit %llx %llx %d", self, (unsigned long long)(ULONG_PTR)device,
             (unsigned long long)(ULONG_PTR)mine[199], names == &simulation);
    if (CreateProcessA(self, command, NULL, NULL, TRUE, 0, NULL, NULL, &startup, &started))
    {
        WaitForSingleObject(started.hProcess, 60000);
        GetExitCodeProcess(started.hProcess, &exit_code);
        CloseHandle(started.hProcess);
        CloseHandle(started.hThread);
    }
    printf("# the child with an inherited device handle ended with %lu\n", exit_code);
    check(exit_code == 0,
          names == &simulation
              ? "an inherited device handle: -1 is the asking child, and the opener's handles are not its own"
              : "an inherited device handle serves the child");
    for (int i = 0; i < 200; i++)
        CloseHandle(mine[i]);
    end_stand_in(&someone);
    CloseHandle(device);
}

/* ---- the test build alone ---- */

static bool is_examined(HANDLE device, HANDLE handle, uint32_t kind, examine_answer *answer)
{
    const TL_EXAMINE_REQUEST request = examine_request(handle, kind);
    return examine(device, &request, answer) == 0 && answer->reply.ReferenceStatus == 0;
}

static void test_rights(HANDLE device, const stand_in *trustlet)
{
    examine_answer answer;
    HANDLE handle = OpenProcess(PROCESS_ALL_ACCESS, FALSE, trustlet->pid);
    check(is_examined(device, handle, TL_KIND_PROCESS, &answer) && answer.reply.GrantedAccess == 0x1FFFFF &&
              answer.record.Verdict == TL_VERDICT_SECURE && answer.reply.Tid == 0 &&
              answer.reply.Thread == TL_THREAD_NONE,
          "EXAMINE: a handle with every right says so");
    CloseHandle(handle);
    handle = OpenProcess(SYNCHRONIZE, FALSE, trustlet->pid);
    check(is_examined(device, handle, TL_KIND_PROCESS, &answer) && answer.reply.GrantedAccess == SYNCHRONIZE &&
              answer.record.Verdict == TL_VERDICT_SECURE,
          "EXAMINE: one that may only wait is examined all the same");
    CloseHandle(handle);
    check(is_examined(device, GetCurrentThread(), TL_KIND_THREAD, &answer) &&
              answer.record.Pid == GetCurrentProcessId() && answer.reply.Tid == GetCurrentThreadId(),
          "EXAMINE: -2 is the calling thread");
}

static void test_expectations(HANDLE device, const stand_in *ordinary)
{
    guard_answer answer;
    HANDLE handle = OpenProcess(PROCESS_VM_READ, FALSE, ordinary->pid);
    TL_GUARD_REQUEST request = guard_request(handle, TL_KIND_PROCESS, TL_OPERATION_READ);
    request.Expect = TL_EXPECT_PID;
    request.ExpectedPid = ordinary->pid;
    check(guard(device, &request, &answer) == 0 && answer.reply.Decision == TL_DECISION_ALLOW &&
              answer.reply.Identity == TL_IDENTITY_SAME,
          "GUARD: the expected pid is allowed");
    request.ExpectedPid = ordinary->pid + 4;
    check(guard(device, &request, &answer) == 0 && answer.reply.Decision == TL_DECISION_REFUSE &&
              answer.reply.Reason == TL_REASON_IDENTITY_MISMATCH && answer.reply.Identity == TL_IDENTITY_OTHER,
          "GUARD: another pid than expected is refused");
    request.Expect = TL_EXPECT_START_KEY;
    request.ExpectedPid = 0;
    request.ExpectedStartKey = 1;
    check(guard(device, &request, &answer) == 0 && answer.reply.Decision == TL_DECISION_REFUSE &&
              answer.reply.Reason == TL_REASON_IDENTITY_MISMATCH,
          "GUARD: a start key where the kernel has none is no match");
    CloseHandle(handle);
}

static DWORD WINAPI end_at_once(void *context)
{
    (void)context;
    return 5;
}

static void test_ended_thread(HANDLE device)
{
    examine_answer examined;
    guard_answer guarded;
    HANDLE thread = CreateThread(NULL, 0, end_at_once, NULL, 0, NULL);
    WaitForSingleObject(thread, 10000);
    script_process(GetCurrentProcessId(), 0, 0, 0xFF);
    check(is_examined(device, thread, TL_KIND_THREAD, &examined) && examined.reply.Thread == TL_THREAD_EXITED &&
              examined.record.Verdict == TL_VERDICT_ORDINARY,
          "EXAMINE: a thread that ended is called ended");
    const TL_GUARD_REQUEST request = guard_request(thread, TL_KIND_THREAD, TL_OPERATION_QUEUE_APC);
    check(guard(device, &request, &guarded) == 0 && guarded.reply.Decision == TL_DECISION_REFUSE &&
              guarded.reply.Reason == TL_REASON_THREAD_EXITED,
          "GUARD: an APC for a thread that ended is refused as such");
    unscript_process(GetCurrentProcessId());
    CloseHandle(thread);
}

static void test_listed(HANDLE device, const stand_in *trustlet)
{
    const TL_CENSUS_REQUEST request = {.Header = {40, 1, TL_MESSAGE_CENSUS, 48, 64}};
    unsigned char *room = calloc(1, 0x40000);
    TL_CENSUS_REPLY reply = {.Total = 0};
    bool found = false;
    bool named = false;
    if (ask(device, TL_IOCTL_CENSUS, &request, sizeof request, room, 0x40000, NULL) == 0)
        memcpy(&reply, room, sizeof reply);
    for (uint32_t i = 0; i < reply.Header.RecordCount; i++)
    {
        TL_PROCESS_RECORD record;
        memcpy(&record, room + 48 + i * 64, sizeof record);
        if (record.Pid != trustlet->pid)
            continue;
        found = record.Verdict == TL_VERDICT_SECURE && record.ParentPid == GetCurrentProcessId();
        named = record.NameLength == 20 && memcmp(room + record.NameOffset, L"client.exe", 20) == 0;
    }
    check(found && named, "CENSUS: the scripted trustlet is listed as secure, with its name and parent");
    check(reply.Total == reply.Header.RecordCount && reply.Remaining == 0 && reply.Flags == 0,
          "CENSUS: in one part, nothing remains");
    free(room);
}

typedef struct stats_answer
{
    TL_STATS_REPLY reply;
    TL_REFUSAL_RECORD rows[TL_OPERATION_COUNT * TL_REASON_COUNT];
} stats_answer;

static uint64_t refusals(const stats_answer *stats, uint32_t operation, uint32_t reason)
{
    for (uint32_t i = 0; i < stats->reply.Header.RecordCount; i++)
        if (stats->rows[i].Operation == operation && stats->rows[i].Reason == reason)
            return stats->rows[i].Count;
    return 0;
}

static void test_refusal_rows(HANDLE device, const stand_in *trustlet)
{
    stats_answer before;
    stats_answer after;
    guard_answer answer;
    HANDLE handle = OpenProcess(PROCESS_ALL_ACCESS, FALSE, trustlet->pid);
    const TL_GUARD_REQUEST request = guard_request(handle, TL_KIND_PROCESS, TL_OPERATION_WRITE);
    bool good = read_stats(device, &before, sizeof before);
    for (int i = 0; i < 3; i++)
        good = good && guard(device, &request, &answer) == 0;
    good = good && read_stats(device, &after, sizeof after);
    /* WRITE is bit 4, SECURE reason 10. */
    check(good && refusals(&after, 4, 10) == refusals(&before, 4, 10) + 3 &&
              after.reply.Refused == before.reply.Refused + 3 && after.reply.Secure == before.reply.Secure + 3 &&
              after.reply.RefusalRows == after.reply.Header.RecordCount,
          "STATS: three refusals of a write to a trustlet are counted as that");
    CloseHandle(handle);
}

static void test_isolated_user_mode(HANDLE device)
{
    static const char key[] = "System\\CurrentControlSet\\Services\\trustlet-sim\\Parameters";
    TL_HELLO_REPLY reply;
    const DWORD flags = 0x1D;
    HKEY parameters;
    check(hello(device, &reply) == 0 && reply.IsolatedUserModeStatus == 0xC0000003 && reply.IsolatedUserModeFlags == 0,
          "HELLO: class 165, which Wine does not know, is a status and not an answer");
    RegCreateKeyExA(HKEY_LOCAL_MACHINE, key, 0, NULL, 0, KEY_WRITE, NULL, &parameters, NULL);
    RegSetValueExA(parameters, "IsolatedUserMode", 0, REG_BINARY, (const BYTE *)&flags, sizeof flags);
    check(hello(device, &reply) == 0 && reply.IsolatedUserModeStatus == 0 && reply.IsolatedUserModeFlags == 0x1D,
          "HELLO: class 165, where it is answered, is passed on");
    RegDeleteValueA(parameters, "IsolatedUserMode");
    RegCloseKey(parameters);
}

void further_tests(const driver_names *names)
{
    HANDLE device = open_device(names, GENERIC_READ);
    test_refused_requests(device);
    test_growth(device);
    test_overlapped(names);
    test_close_under_request(names);
    test_inherited(names);
    if (names == &simulation)
    {
        stand_in trustlet = start_stand_in();
        stand_in ordinary = start_stand_in();
        script_process(trustlet.pid, 0, 0x81, 0x41);
        script_process(ordinary.pid, 0, 0, 0xFF);
        test_rights(device, &trustlet);
        test_expectations(device, &ordinary);
        test_ended_thread(device);
        test_listed(device, &trustlet);
        test_refusal_rows(device, &trustlet);
        test_isolated_user_mode(device);
        unscript_process(trustlet.pid);
        unscript_process(ordinary.pid);
        end_stand_in(&trustlet);
        end_stand_in(&ordinary);
    }
    CloseHandle(device);
}
