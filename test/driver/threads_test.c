/*
 * Many clients at once while processes come and go, under the thread sanitizer: no race, no leak, and no trustlet that
 * is ever ordinary. `threads_test [rounds]`.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "core/bench.h"

#define CLIENTS 4
#define FLEETING_PID 7000u

int check_failed;

static const ntsim_program programs[] = {
    {.pid = AGENT_PID, .threads = CLIENTS},
    {.pid = NOTEPAD_PID, .name = "notepad.exe", .threads = 2},
    {.pid = LSAISO_PID, .name = "LsaIso.exe", .threads = 1, .secure = true},
};

static atomic_int wrong;
static atomic_bool stop;
static int rounds = 300;

static void expect(bool condition, const char *what)
{
    if (!condition)
    {
        printf("# %s\n", what);
        atomic_fetch_add(&wrong, 1);
    }
}

static void judge(const TL_PROCESS_RECORD *record)
{
    if (record->Pid == LSAISO_PID)
        expect(record->Verdict == TL_VERDICT_SECURE, "the trustlet is not secure");
    if (record->Pid == NOTEPAD_PID)
        expect(record->Verdict == TL_VERDICT_ORDINARY, "notepad is not ordinary");
    /* The fleeting pid is a trustlet and an ordinary process by turns; no verdict on it is wrong. */
}

static void take_census(void)
{
    UINT8 room[48 + 3 * 96];
    TL_CENSUS_REQUEST request = census_request();
    int seen = 0;
    for (int part = 0; part < 20; part++)
    {
        TL_CENSUS_REPLY reply;
        if (!NT_SUCCESS(bench_send(TL_IOCTL_CENSUS, &request, sizeof request, room, sizeof room, NULL)))
            return;
        memcpy(&reply, room, sizeof reply);
        for (UINT32 i = 0; i < reply.Header.RecordCount; i++)
        {
            TL_PROCESS_RECORD record;
            memcpy(&record, room + 48 + (size_t)i * 64, sizeof record);
            judge(&record);
            seen += record.Pid == LSAISO_PID || record.Pid == NOTEPAD_PID;
        }
        if (reply.Flags == 0)
            break;
        request.Flags = TL_CENSUS_RESUME;
        request.CursorPid = reply.NextPid;
        request.CursorSequence = reply.NextSequence;
        request.CursorCreateTime = reply.NextCreateTime;
    }
    expect(seen == 2, "who lives throughout is not there exactly once");
}

static void ask_by_handle(void)
{
    guarded result;
    const HANDLE trustlet = process_handle(LSAISO_PID, 0x10);
    const HANDLE thread = thread_handle(NOTEPAD_PID, 0, 0x10);
    TL_GUARD_REQUEST request = guard_request(trustlet, TL_KIND_PROCESS, TL_OPERATION_READ);
    expect(NT_SUCCESS(guard(&request, &result)) && result.reply.Decision == TL_DECISION_REFUSE &&
               result.reply.Reason == TL_REASON_SECURE,
           "the guard does not refuse the trustlet");
    request = guard_request(thread, TL_KIND_THREAD, TL_OPERATION_QUEUE_APC);
    expect(NT_SUCCESS(guard(&request, &result)) && result.reply.Decision == TL_DECISION_ALLOW,
           "the guard does not allow notepad's thread");
    expect(ntsim_kernel_close(trustlet) == 0 && ntsim_kernel_close(thread) == 0, "a handle cannot be closed");
}

static void *client(void *number)
{
    const uint32_t index = (uint32_t)(uintptr_t)number;
    expect(ntsim_kernel_attach(AGENT_PID, NTSIM_TID(AGENT_PID, index), UserMode), "a client does not attach");
    for (int round = 0; round < rounds; round++)
    {
        static const UINT32 pids[] = {LSAISO_PID, NOTEPAD_PID, FLEETING_PID};
        TL_PROCESS_RECORD record;
        if (NT_SUCCESS(query_one(pids[round % 3], &record)))
            judge(&record);
        take_census();
        ask_by_handle();
    }
    ntsim_kernel_detach();
    return NULL;
}

static void *churn(void *unused)
{
    static const ntsim_program fleeting[] = {
        {.pid = FLEETING_PID, .name = "fleeting.exe"},
        {.pid = FLEETING_PID, .name = "trustlet.exe", .secure = true},
    };
    (void)unused;
    for (unsigned turn = 0; !atomic_load(&stop); turn++)
    {
        (void)ntsim_kernel_reuse_pid(FLEETING_PID, &fleeting[turn % 2]);
        if (turn % 7 == 0)
            (void)ntsim_kernel_exit_process(FLEETING_PID);
    }
    return NULL;
}

int main(int argc, char **argv)
{
    pthread_t clients[CLIENTS];
    pthread_t churner;
    if (argc > 1)
        rounds = atoi(argv[1]);
    bench_boot_with(programs, ARRAYSIZE(programs));
    (void)pthread_create(&churner, NULL, churn, NULL);
    for (uintptr_t i = 0; i < CLIENTS; i++)
        (void)pthread_create(&clients[i], NULL, client, (void *)i);
    for (int i = 0; i < CLIENTS; i++)
        (void)pthread_join(clients[i], NULL);
    atomic_store(&stop, true);
    (void)pthread_join(churner, NULL);
    const LONG64 secure = bench_core.Counters.Secure;
    bench_end();
    const bool good = atomic_load(&wrong) == 0 && check_failed == 0 && secure > 0;
    printf(
        "TAP version 13\n%sok 1 - %d clients, %d rounds each, processes coming and going: no race and no wrong answer\n"
        "1..1\n# simulated kernel\n%d passed, %d failed\n",
        good ? "" : "not ", CLIENTS, rounds, good, !good);
    return good ? 0 : 1;
}
