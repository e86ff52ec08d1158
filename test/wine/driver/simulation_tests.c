#include "tests.h"

#include <string.h>

/* Flags word (facts/nt.md 1.2). */
#define PROTECTED 0x01u
#define DELETING 0x04u
#define SECURE 0x80u
#define NO_PROTECTION 0xFF

static HANDLE device;
static stand_in trustlet;
static stand_in ordinary;

static bool is(DWORD pid, uint8_t verdict, uint8_t reason)
{
    TL_PROCESS_RECORD record;
    return query_one(device, pid, &record) == 0 && record.Pid == pid && record.Verdict == verdict &&
           record.Reason == reason;
}

static void test_verdicts(void)
{
    TL_PROCESS_RECORD record;
    check(query_one(device, trustlet.pid, &record) == 0 && record.Verdict == TL_VERDICT_SECURE &&
              record.Reason == TL_REASON_SECURE_BIT_SET && record.Evidence == TL_EVIDENCE_DOCUMENTED &&
              record.Flags == (PROTECTED | SECURE) && record.Protection == 0x41,
          "QUERY: a scripted trustlet is secure, through the real driver");
    check(is(ordinary.pid, TL_VERDICT_ORDINARY, TL_REASON_SECURE_BIT_CLEAR), "QUERY: an ordinary process is ordinary");
    script_process(ordinary.pid, 0, DELETING, NO_PROTECTION);
    check(is(ordinary.pid, TL_VERDICT_UNKNOWN, TL_REASON_EXITING), "QUERY: an exiting process is unknown");
    script_process(ordinary.pid, 0, 0xFFFFFF7B, NO_PROTECTION);
    check(is(ordinary.pid, TL_VERDICT_ORDINARY, TL_REASON_SECURE_BIT_CLEAR), "QUERY: other bits mean nothing");
    script_process(ordinary.pid, 0xC000009D, SECURE, NO_PROTECTION);
    check(query_one(device, ordinary.pid, &record) == 0 && record.Verdict == TL_VERDICT_UNKNOWN &&
              record.Status == 0xC000009D,
          "QUERY: a query that failed is unknown with its status");
    script_process(ordinary.pid, 0, 0, NO_PROTECTION);
}

/* SYSTEM and Administrators, FILE_ALL_ACCESS. The list's own size, in its header, is that of the buffer it was built
 * in. */
static const unsigned char entries[] = {
    0, 0, 20, 0, 0xFF, 1, 0x1F, 0, 1, 1, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0,              /* S-1-5-18 */
    0, 0, 24, 0, 0xFF, 1, 0x1F, 0, 1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 32, 2, 0, 0, /* S-1-5-32-544 */
};

/* The seam reads it back from the device: a client's own handle is of a file, which in Wine has no security. */
static void test_dacl(void)
{
    static const char key[] = "System\\CurrentControlSet\\Services\\trustlet-sim\\Parameters";
    unsigned char security[512] = {0};
    DWORD length = sizeof security;
    DWORD offset = 0;
    const bool read =
        RegGetValueA(HKEY_LOCAL_MACHINE, key, "DeviceSecurity", RRF_RT_REG_BINARY, NULL, security, &length) == 0;
    memcpy(&offset, security + 16, sizeof offset);
    check(read && offset + 8 + sizeof entries <= length && security[offset] == 2 && security[offset + 4] == 2 &&
              memcmp(security + offset + 8, entries, sizeof entries) == 0,
          "the device's DACL, read back, names SYSTEM and Administrators and nobody else, byte for byte");
}

static bool examined(HANDLE handle, uint32_t kind, examine_answer *answer)
{
    const TL_EXAMINE_REQUEST request = examine_request(handle, kind);
    return examine(device, &request, answer) == 0;
}

static void test_examine(void)
{
    examine_answer answer;
    HANDLE handle = OpenProcess(PROCESS_VM_READ, FALSE, trustlet.pid);
    check(examined(handle, TL_KIND_PROCESS, &answer) && answer.record.Pid == trustlet.pid &&
              answer.record.Verdict == TL_VERDICT_SECURE && answer.reply.GrantedAccess == PROCESS_VM_READ,
          "EXAMINE: a handle with VM_READ alone names the trustlet, and says its access");
    CloseHandle(handle);
    handle = OpenThread(THREAD_SET_CONTEXT, FALSE, trustlet.tid);
    check(examined(handle, TL_KIND_THREAD, &answer) && answer.record.Pid == trustlet.pid &&
              answer.record.Verdict == TL_VERDICT_SECURE && answer.reply.Tid == trustlet.tid &&
              answer.reply.Thread == TL_THREAD_PAIRED,
          "EXAMINE: a thread handle with SET_CONTEXT alone names the thread and its process");
    check(examined(handle, TL_KIND_PROCESS, &answer) && answer.reply.ReferenceStatus == 0xC0000024,
          "EXAMINE: a thread is no process");
    CloseHandle(handle);
    check(examined((HANDLE)(ULONG_PTR)0xABC0, TL_KIND_PROCESS, &answer) && answer.reply.ReferenceStatus == 0xC0000008,
          "EXAMINE: a value that is no handle is reported");
    check(examined(device, TL_KIND_PROCESS, &answer) && answer.reply.ReferenceStatus == 0xC0000024,
          "EXAMINE: a device is no process");
    check(examined(GetCurrentProcess(), TL_KIND_PROCESS, &answer) && answer.record.Pid == GetCurrentProcessId(),
          "EXAMINE: -1 is the caller itself");
}

static void test_identity(void)
{
    TL_PROCESS_RECORD record;
    examine_answer answer;
    HANDLE handle = OpenProcess(PROCESS_VM_READ, FALSE, ordinary.pid);
    TL_EXAMINE_REQUEST request = examine_request(handle, TL_KIND_PROCESS);
    query_one(device, ordinary.pid, &record);
    request.Expect = TL_EXPECT_PID | TL_EXPECT_CREATE_TIME;
    request.ExpectedPid = ordinary.pid;
    request.ExpectedCreateTime = record.CreateTime;
    request.ExpectedAccess = PROCESS_VM_READ;
    check(examine(device, &request, &answer) == 0 && answer.reply.Identity == TL_IDENTITY_SAME &&
              answer.reply.AccessSufficient == 1,
          "EXAMINE: the expected identity and access are recognised");
    request.ExpectedCreateTime++;
    request.ExpectedAccess = PROCESS_VM_WRITE;
    check(examine(device, &request, &answer) == 0 && answer.reply.Identity == TL_IDENTITY_OTHER &&
              answer.reply.AccessSufficient == 0,
          "EXAMINE: another create time is another process; a missing right is missing");
    CloseHandle(handle);
}

static bool decided(HANDLE handle, uint32_t kind, uint32_t operations, uint32_t accepted, uint8_t decision,
                    uint8_t reason)
{
    guard_answer answer;
    TL_GUARD_REQUEST request = guard_request(handle, kind, operations);
    request.Accepted = accepted;
    return guard(device, &request, &answer) == 0 && answer.reply.Decision == decision && answer.reply.Reason == reason;
}

static void test_guard(void)
{
    HANDLE handle = OpenProcess(PROCESS_VM_READ | PROCESS_TERMINATE, FALSE, trustlet.pid);
    check(decided(handle, TL_KIND_PROCESS, TL_OPERATION_READ, 0, TL_DECISION_REFUSE, TL_REASON_SECURE),
          "GUARD: reading a trustlet is refused");
    check(decided(handle, TL_KIND_PROCESS, TL_OPERATION_TERMINATE, 0, TL_DECISION_REFUSE, TL_REASON_AVAILABILITY),
          "GUARD: ending a trustlet is refused");
    check(decided(handle, TL_KIND_PROCESS, TL_OPERATION_TERMINATE, TL_OPERATION_TERMINATE, TL_DECISION_ALLOW,
                  TL_REASON_AVAILABILITY_ACCEPTED),
          "GUARD: unless it was accepted by name");
    CloseHandle(handle);
    handle = OpenProcess(PROCESS_VM_READ, FALSE, ordinary.pid);
    check(decided(handle, TL_KIND_PROCESS, TL_OPERATION_READ, 0, TL_DECISION_ALLOW, TL_REASON_ORDINARY),
          "GUARD: reading an ordinary process is allowed");
    check(decided(handle, TL_KIND_PROCESS, TL_OPERATION_WRITE, 0, TL_DECISION_REFUSE, TL_REASON_RIGHTS_DENIED),
          "GUARD: writing with a handle that may only read is refused");
    CloseHandle(handle);
    handle = OpenThread(THREAD_SET_CONTEXT, FALSE, trustlet.tid);
    check(decided(handle, TL_KIND_THREAD, TL_OPERATION_QUEUE_APC, 0, TL_DECISION_REFUSE, TL_REASON_SECURE),
          "GUARD: an APC for a trustlet's thread is refused");
    CloseHandle(handle);
    handle = OpenThread(THREAD_SET_CONTEXT, FALSE, ordinary.tid);
    check(decided(handle, TL_KIND_THREAD, TL_OPERATION_QUEUE_APC, 0, TL_DECISION_ALLOW, TL_REASON_ORDINARY),
          "GUARD: an APC for an ordinary process's thread is allowed");
    CloseHandle(handle);
    check(decided((HANDLE)(ULONG_PTR)0xABC0, TL_KIND_PROCESS, TL_OPERATION_READ, 0, TL_DECISION_REFUSE,
                  TL_REASON_INVALID_HANDLE),
          "GUARD: a value that is no handle is refused as such");
}

static void test_ended_process(void)
{
    stand_in ending = start_stand_in();
    script_process(ending.pid, 0, 0, NO_PROTECTION);
    HANDLE handle = OpenProcess(PROCESS_VM_READ, FALSE, ending.pid);
    check(decided(handle, TL_KIND_PROCESS, TL_OPERATION_READ, 0, TL_DECISION_ALLOW, TL_REASON_ORDINARY),
          "GUARD: a handle is allowed while its process lives");
    script_process(ending.pid, 0, DELETING, NO_PROTECTION);
    TerminateProcess(ending.process, 0);
    WaitForSingleObject(ending.process, 10000);
    guard_answer answer;
    const TL_GUARD_REQUEST request = guard_request(handle, TL_KIND_PROCESS, TL_OPERATION_READ);
    check(guard(device, &request, &answer) == 0 && answer.reply.Decision == TL_DECISION_REFUSE &&
              answer.reply.Verdict == TL_VERDICT_UNKNOWN,
          "GUARD: the same handle is refused once it has ended");
    CloseHandle(handle);
    CloseHandle(ending.process);
    CloseHandle(ending.thread);
    unscript_process(ending.pid);
}

void simulation_tests(void)
{
    device = open_device(&simulation, GENERIC_READ);
    trustlet = start_stand_in();
    ordinary = start_stand_in();
    script_process(trustlet.pid, 0, PROTECTED | SECURE, 0x41);
    script_process(ordinary.pid, 0, 0, NO_PROTECTION);
    test_dacl();
    test_verdicts();
    test_examine();
    test_identity();
    test_guard();
    test_ended_process();
    unscript_process(trustlet.pid);
    unscript_process(ordinary.pid);
    end_stand_in(&trustlet);
    end_stand_in(&ordinary);
    CloseHandle(device);
}
