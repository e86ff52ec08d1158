/*
 * Asks the sample driver in Wine: `sample_client sim` the test build, whose process table is the registry's
 * (test/wine/driver/seam), `sample_client plain` the sample as it is. TAP, then `N passed,
 * N failed`. `sample_client wait` is a process to be asked about.
 */
#include <windows.h>

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "../../../driver/sample/sample_ioctl.h"
#include "trustlet_protocol.h"

#define REFUSED 0xE8540001u
#define STATUS_INFO_LENGTH_MISMATCH_VALUE 0xC0000004u
#define STATUS_INVALID_LEVEL_VALUE 0xC0000148u
#define TABLE "System\\CurrentControlSet\\Services\\trustlet-sim\\Parameters\\Processes"

static int passed;
static int failed;

static void check(bool holds, const char *what)
{
    printf("%sok %d - %s\n", holds ? "" : "not ", passed + failed + 1, what);
    *(holds ? &passed : &failed) += 1;
}

/* ---- processes to be asked about ---- */

typedef struct child
{
    HANDLE process;
    DWORD pid;
    DWORD tid;
    uint64_t create_time;
} child;

/* Suspended, so that its thread lives until it is ended. */
static child start_child(void)
{
    STARTUPINFOA startup = {.cb = sizeof startup};
    PROCESS_INFORMATION information = {0};
    FILETIME times[4] = {{0}};
    char command[MAX_PATH + 16];
    char path[MAX_PATH];
    GetModuleFileNameA(NULL, path, sizeof path);
    snprintf(command, sizeof command, "\"%s\" wait", path);
    if (!CreateProcessA(NULL, command, NULL, NULL, FALSE, CREATE_SUSPENDED, NULL, NULL, &startup, &information))
        printf("# no child: error %lu\n", GetLastError());
    GetProcessTimes(information.hProcess, &times[0], &times[1], &times[2], &times[3]);
    CloseHandle(information.hThread);
    const child result = {.process = information.hProcess,
                          .pid = information.dwProcessId,
                          .tid = information.dwThreadId,
                          .create_time = (uint64_t)times[0].dwHighDateTime << 32 | times[0].dwLowDateTime};
    return result;
}

static void end_child(child ended)
{
    TerminateProcess(ended.process, 0);
    WaitForSingleObject(ended.process, 10000);
    CloseHandle(ended.process);
}

/* What the kernel is to say of a pid: SCRIPTED of test/wine/driver/seam/script.h. */
static void script(DWORD pid, uint32_t status, uint32_t flags)
{
    const struct
    {
        uint32_t status;
        uint32_t flags;
        uint8_t protection;
        uint8_t reserved[3];
    } scripted = {.status = status, .flags = flags};
    char name[16];
    HKEY key;
    snprintf(name, sizeof name, "%lu", pid);
    if (RegCreateKeyExA(HKEY_LOCAL_MACHINE, TABLE, 0, NULL, 0, KEY_ALL_ACCESS, NULL, &key, NULL) != ERROR_SUCCESS)
        return;
    RegSetValueExA(key, name, 0, REG_BINARY, (const BYTE *)&scripted, sizeof scripted);
    RegCloseKey(key);
}

/* ---- the device ---- */

static HANDLE device;

static SAMPLE_ACT_REPLY ask(uint32_t action, DWORD id, uint64_t create_time)
{
    SAMPLE_ACT_REQUEST request = {.Action = action, .Id = id, .CreateTime = create_time};
    SAMPLE_ACT_REPLY reply;
    DWORD length = 0;
    memset(&reply, 0xEE, sizeof reply);
    if (!DeviceIoControl(device, SAMPLE_IOCTL_ACT, &request, sizeof request, &reply, sizeof reply, &length, NULL))
        printf("# error %lu\n", GetLastError());
    return reply;
}

static SAMPLE_LOG_REPLY read_log(void)
{
    SAMPLE_LOG_REPLY log;
    DWORD length = 0;
    memset(&log, 0xEE, sizeof log);
    if (!DeviceIoControl(device, SAMPLE_IOCTL_LOG, NULL, 0, &log, sizeof log, &length, NULL))
        printf("# error %lu\n", GetLastError());
    return log;
}

static bool said(SAMPLE_ACT_REPLY reply, uint32_t call, uint8_t decision, uint8_t verdict, uint8_t reason)
{
    const bool same =
        reply.CallStatus == call && reply.Decision == decision && reply.Verdict == verdict && reply.Reason == reason;
    if (!same)
        printf("# call 0x%x, decision %u, verdict %u, reason %u, status 0x%x\n", reply.CallStatus, reply.Decision,
               reply.Verdict, reply.Reason, reply.Status);
    return same;
}

static bool allowed(SAMPLE_ACT_REPLY reply)
{
    return said(reply, 0, TL_DECISION_ALLOW, TL_VERDICT_ORDINARY, TL_REASON_ORDINARY);
}

static bool refused(SAMPLE_ACT_REPLY reply, uint8_t verdict, uint8_t reason)
{
    return said(reply, REFUSED, TL_DECISION_REFUSE, verdict, reason);
}

static bool recorded_last(uint64_t total, uint32_t action, DWORD pid, DWORD tid)
{
    const SAMPLE_LOG_REPLY log = read_log();
    if (log.Total != total || log.RecordCount == 0 || log.RecordCount > SAMPLE_LOG_LENGTH)
        return false;
    const SAMPLE_LOG_RECORD *last = &log.Records[log.RecordCount - 1];
    return last->Action == action && last->Pid == pid && last->Tid == tid;
}

/* ---- the test build ---- */

static void it_acts_on_the_ordinary(const child *it)
{
    script(it->pid, 0, 0);
    check(allowed(ask(SAMPLE_ACTION_QUEUE_APC, it->tid, 0)), "ordinary: the APC would be queued");
    check(recorded_last(1, SAMPLE_ACTION_QUEUE_APC, it->pid, it->tid), "ordinary: to that thread");
    check(allowed(ask(SAMPLE_ACTION_ATTACH, it->pid, 0)), "ordinary: it would attach");
    check(allowed(ask(SAMPLE_ACTION_COPY_MEMORY, it->pid, it->create_time)), "ordinary: and copy, by create time");
    check(recorded_last(3, SAMPLE_ACTION_COPY_MEMORY, it->pid, 0), "ordinary: three actions in the log");
    check(refused(ask(SAMPLE_ACTION_COPY_MEMORY, it->pid, it->create_time + 1), TL_VERDICT_UNKNOWN,
                  TL_REASON_IDENTITY_MISMATCH),
          "identity: another create time is another process");
    check(refused(ask(SAMPLE_ACTION_QUEUE_APC, it->tid, it->create_time + 1), TL_VERDICT_UNKNOWN,
                  TL_REASON_IDENTITY_MISMATCH),
          "identity: and a thread of another process");
}

static void it_leaves_the_others_alone(const child *it)
{
    const uint64_t before = read_log().Total;
    script(it->pid, 0, 0x80);
    check(refused(ask(SAMPLE_ACTION_QUEUE_APC, it->tid, 0), TL_VERDICT_SECURE, TL_REASON_SECURE), "secure: no APC");
    check(refused(ask(SAMPLE_ACTION_ATTACH, it->pid, 0), TL_VERDICT_SECURE, TL_REASON_SECURE), "secure: no attach");
    check(refused(ask(SAMPLE_ACTION_COPY_MEMORY, it->pid, 0), TL_VERDICT_SECURE, TL_REASON_SECURE), "secure: no copy");
    script(it->pid, 0, 0x4);
    check(refused(ask(SAMPLE_ACTION_COPY_MEMORY, it->pid, 0), TL_VERDICT_UNKNOWN, TL_REASON_EXITING),
          "ending: left alone");
    script(it->pid, 0xC000009D, 0);
    check(refused(ask(SAMPLE_ACTION_TERMINATE, it->pid, 0), TL_VERDICT_UNKNOWN, TL_REASON_QUERY_FAILED),
          "a failed query: left alone");
    script(it->pid, 0, 0x81);
    check(refused(ask(SAMPLE_ACTION_TERMINATE, it->pid, 0), TL_VERDICT_SECURE, TL_REASON_AVAILABILITY),
          "secure: the sample does not end it either");
    check(read_log().Total == before, "nothing of this is in the log");
}

static DWORD WINAPI return_at_once(void *context)
{
    (void)context;
    return 0;
}

static void it_asks_whether_the_target_lives(void)
{
    DWORD tid;
    script(GetCurrentProcessId(), 0, 0);
    check(allowed(ask(SAMPLE_ACTION_QUEUE_APC, GetCurrentThreadId(), 0)), "a thread of this very process");
    const HANDLE thread = CreateThread(NULL, 0, return_at_once, NULL, 0, &tid);
    WaitForSingleObject(thread, 10000);
    const SAMPLE_ACT_REPLY reply = ask(SAMPLE_ACTION_QUEUE_APC, tid, 0);
    printf("# an ended thread: reason %u, status 0x%x\n", reply.Reason, reply.Status);
    check(reply.CallStatus == REFUSED && reply.Decision == TL_DECISION_REFUSE, "an ended thread gets no APC");
    CloseHandle(thread);
    /* Not in the table, for Wine keeps an ended process's id for a while: nobody may call it ordinary. */
    const child gone = start_child();
    end_child(gone);
    const SAMPLE_ACT_REPLY of_gone = ask(SAMPLE_ACTION_ATTACH, gone.pid, gone.create_time);
    printf("# an ended process: reason %u, status 0x%x\n", of_gone.Reason, of_gone.Status);
    check(of_gone.CallStatus == REFUSED && of_gone.Verdict == TL_VERDICT_UNKNOWN, "an ended process is left alone");
}

static void it_answers_a_thousand_times(const child *it)
{
    const uint64_t before = read_log().Total;
    int wrong = 0;
    for (int i = 0; i < 1000; i++)
    {
        const bool secure = i % 2 == 0;
        if (i < 2 || i % 100 == 0)
            script(it->pid, 0, 0);
        const SAMPLE_ACT_REPLY reply = secure ? ask(SAMPLE_ACTION_COPY_MEMORY, GetCurrentProcessId(), 0)
                                              : ask(SAMPLE_ACTION_QUEUE_APC, it->tid, it->create_time);
        wrong += secure ? reply.Decision != TL_DECISION_REFUSE : reply.Decision != TL_DECISION_ALLOW;
    }
    check(wrong == 0, "a thousand questions, a trustlet and an ordinary process in turn");
    check(read_log().Total == before + 500, "and every second one is in the log");
}

/* Not in the table: Wine answers, which does not know the query. */
static void it_takes_no_answer_for_none(const child *it)
{
    const SAMPLE_ACT_REPLY reply = ask(SAMPLE_ACTION_COPY_MEMORY, it->pid, 0);
    check(refused(reply, TL_VERDICT_UNKNOWN, TL_REASON_QUERY_FAILED), "a query that is not known is no answer");
    check(reply.Status == STATUS_INFO_LENGTH_MISMATCH_VALUE, "and the refusal says why");
    check(refused(ask(SAMPLE_ACTION_QUEUE_APC, it->tid, 0), TL_VERDICT_UNKNOWN, TL_REASON_QUERY_FAILED),
          "nor is it one for a thread");
    check(refused(ask(SAMPLE_ACTION_ATTACH, 0x7FFC, 0), TL_VERDICT_UNKNOWN, TL_REASON_GONE), "nobody is gone");
    check(refused(ask(SAMPLE_ACTION_QUEUE_APC, 0x7FFC, 0), TL_VERDICT_UNKNOWN, TL_REASON_GONE), "a thread likewise");
    check(read_log().Total == 0, "nothing is in the log");
}

static void ask_test_build(void)
{
    const child it = start_child();
    it_takes_no_answer_for_none(&it);
    it_acts_on_the_ordinary(&it);
    it_leaves_the_others_alone(&it);
    it_asks_whether_the_target_lives();
    script(GetCurrentProcessId(), 0, 0x80);
    it_answers_a_thousand_times(&it);
    end_child(it);
}

/* ---- the sample as it is: Wine says that no APC can come, where the guard does not ask (seam.c) ---- */

static bool not_asked(SAMPLE_ACT_REPLY reply)
{
    return refused(reply, TL_VERDICT_UNKNOWN, TL_REASON_QUERY_FAILED) && reply.Status == STATUS_INVALID_LEVEL_VALUE;
}

static void ask_plain_build(void)
{
    const child it = start_child();
    check(not_asked(ask(SAMPLE_ACTION_QUEUE_APC, it.tid, 0)), "where it must not ask it refuses: an APC");
    check(not_asked(ask(SAMPLE_ACTION_ATTACH, it.pid, 0)), "to attach");
    check(not_asked(ask(SAMPLE_ACTION_COPY_MEMORY, it.pid, it.create_time)), "to copy");
    check(not_asked(ask(SAMPLE_ACTION_TERMINATE, it.pid, 0)), "to end it");
    check(read_log().Total == 0, "nothing is in the log");
    end_child(it);
}

/* ---- both ---- */

static void the_device_keeps_to_its_own(void)
{
    SAMPLE_ACT_REQUEST request = {.Action = SAMPLE_ACTION_ATTACH, .Id = GetCurrentProcessId()};
    SAMPLE_ACT_REPLY reply;
    DWORD length = 0;
    const HANDLE reader = CreateFileA("\\\\.\\TrustletSample", GENERIC_READ, 0, NULL, OPEN_EXISTING, 0, NULL);
    check(reader != INVALID_HANDLE_VALUE, "it opens for reading");
    check(!DeviceIoControl(reader, SAMPLE_IOCTL_ACT, &request, sizeof request, &reply, sizeof reply, &length, NULL) &&
              GetLastError() == ERROR_ACCESS_DENIED,
          "who may only read cannot make it act");
    CloseHandle(reader);
    check(!DeviceIoControl(device, SAMPLE_IOCTL_ACT, &request, 15, &reply, sizeof reply, &length, NULL) &&
              GetLastError() == ERROR_BAD_LENGTH,
          "a short request is refused");
}

int main(int argc, char **argv)
{
    const char *mode = argc == 2 ? argv[1] : "";
    if (strcmp(mode, "wait") == 0)
    {
        Sleep(60000);
        return 0;
    }
    device = CreateFileA("\\\\.\\TrustletSample", GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING, 0, NULL);
    if (device == INVALID_HANDLE_VALUE)
    {
        printf("# the device does not open: error %lu\n0 passed, 1 failed\n", GetLastError());
        return 1;
    }
    the_device_keeps_to_its_own();
    if (strcmp(mode, "sim") == 0)
        ask_test_build();
    else
        ask_plain_build();
    CloseHandle(device);
    printf("1..%d\n# Wine\n%d passed, %d failed\n", passed + failed, passed, failed);
    return failed == 0 ? 0 : 1;
}
