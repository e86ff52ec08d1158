/* Every call that can fail, failed at every site: whatever fails, the answer stays safe and nothing is left behind. */
#include <string.h>

#include "bench.h"

static int wrong;

/* However much failed: a trustlet is never ordinary, nothing of it is allowed. */
static void expect_safe(const TL_PROCESS_RECORD *record)
{
    if (record->Pid == LSAISO_PID && record->Verdict == TL_VERDICT_ORDINARY)
    {
        printf("# %s: the trustlet is ordinary\n", ntsim_fault_site_name());
        wrong++;
    }
}

static void ask_everything(void)
{
    static UINT8 room[0x8000];
    TL_PROCESS_RECORD record;
    examined examination;
    guarded decision;
    const TL_HELLO_REQUEST hello = hello_request();
    const TL_CENSUS_REQUEST census = census_request();
    const TL_STATS_REQUEST stats = stats_request();

    (void)bench_send(TL_IOCTL_HELLO, &hello, sizeof hello, room, sizeof room, NULL);
    if (NT_SUCCESS(query_one(LSAISO_PID, &record)))
        expect_safe(&record);
    ULONG_PTR length;
    if (NT_SUCCESS(bench_send(TL_IOCTL_CENSUS, &census, sizeof census, room, sizeof room, &length)))
    {
        TL_CENSUS_REPLY reply;
        memcpy(&reply, room, sizeof reply);
        for (UINT32 i = 0; i < reply.Header.RecordCount; i++)
        {
            memcpy(&record, room + 48 + (size_t)i * 64, sizeof record);
            expect_safe(&record);
        }
    }
    const HANDLE process = process_handle(LSAISO_PID, 0x1FFFFF);
    const HANDLE thread = thread_handle(LSAISO_PID, 0, 0x1FFFFF);
    const TL_EXAMINE_REQUEST examine_process = examine_request(process, TL_KIND_PROCESS);
    if (NT_SUCCESS(examine(&examine_process, &examination)))
        expect_safe(&examination.record);
    const TL_GUARD_REQUEST guard_process = guard_request(process, TL_KIND_PROCESS, TL_OPERATION_WRITE);
    if (NT_SUCCESS(guard(&guard_process, &decision)) && decision.reply.Decision != TL_DECISION_REFUSE)
        wrong++;
    const TL_GUARD_REQUEST guard_thread = guard_request(thread, TL_KIND_THREAD, TL_OPERATION_QUEUE_APC);
    if (NT_SUCCESS(guard(&guard_thread, &decision)) && decision.reply.Decision != TL_DECISION_REFUSE)
        wrong++;
    (void)ntsim_kernel_close(process);
    (void)ntsim_kernel_close(thread);
    (void)bench_send(TL_IOCTL_STATS, &stats, sizeof stats, room, sizeof room, NULL);
}

static void check_every_site(uint32_t build, int least)
{
    int sites = 0;
    wrong = 0;
    bench_end();
    while (ntsim_next_fault_site())
    {
        bench_boot_on(build, NTSIM_SYSTEM_VSM | NTSIM_SYSTEM_SECURE_BIT);
        if (NT_SUCCESS(bench_status))
            ask_everything();
        sites += ntsim_fault_site_hit();
        bench_end();
        if (check_failed != 0)
            printf("# after a failure of %s\n", ntsim_fault_site_name());
    }
    bench_boot();
    printf("# %d call sites failed, one at a time, on build %u\n", sites, build);
    CHECK_EQ(wrong, 0);
    CHECK(sites >= least);
}

static void every_site_on_windows_11(void)
{
    check_every_site(26100, 12);
}

static void every_site_before_the_bit(void)
{
    check_every_site(14393, 12);
}

const test_case fault_site_tests[] = {
    {"faults: whichever call fails, a trustlet is never ordinary and nothing leaks", every_site_on_windows_11},
    {"faults: nor on a Windows before the bit", every_site_before_the_bit},
    {0},
};
