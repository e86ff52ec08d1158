/* The sample driver from DriverEntry to unload: what it would have done, and to whom. */
#include "bench.h"
#include "../../../driver/sample/sample_ioctl.h"

DRIVER_INITIALIZE DriverEntry;

static PDRIVER_OBJECT driver;
static HANDLE device;

static NTSTATUS load(void)
{
    driver = NULL;
    const NTSTATUS status = ntsim_kernel_load_driver("trustlet-sample", DriverEntry, &driver);
    (void)ntsim_kernel_attach(AGENT_PID, 0, UserMode);
    return status;
}

static NTSTATUS open_device(ACCESS_MASK access)
{
    device = NULL;
    return ntsim_kernel_open("\\\\.\\TrustletSample", access, &device);
}

static void unload(void)
{
    CHECK_EQ(ntsim_kernel_close(device), STATUS_SUCCESS);
    CHECK_EQ(ntsim_kernel_unload_driver(driver), STATUS_SUCCESS);
}

static SAMPLE_ACT_REPLY ask(UINT32 action, UINT32 id, UINT64 create_time)
{
    const SAMPLE_ACT_REQUEST request = {.Action = action, .Id = id, .CreateTime = create_time};
    SAMPLE_ACT_REPLY reply;
    ULONG_PTR length = 0;
    memset(&reply, 0xEE, sizeof reply);
    const NTSTATUS status =
        ntsim_kernel_ioctl(device, SAMPLE_IOCTL_ACT, &request, sizeof request, &reply, sizeof reply, &length);
    if (!NT_SUCCESS(status) || length != sizeof reply)
        memset(&reply, 0xEE, sizeof reply);
    return reply;
}

static SAMPLE_LOG_REPLY read_log(void)
{
    SAMPLE_LOG_REPLY log;
    ULONG_PTR length = 0;
    memset(&log, 0xEE, sizeof log);
    if (!NT_SUCCESS(ntsim_kernel_ioctl(device, SAMPLE_IOCTL_LOG, NULL, 0, &log, sizeof log, &length)) ||
        length != sizeof log)
        memset(&log, 0xEE, sizeof log);
    return log;
}

static void it_acts_on_an_ordinary_process(void)
{
    static const UINT32 actions[] = {SAMPLE_ACTION_QUEUE_APC, SAMPLE_ACTION_ATTACH, SAMPLE_ACTION_COPY_MEMORY,
                                     SAMPLE_ACTION_TERMINATE};
    CHECK_EQ(load(), STATUS_SUCCESS);
    CHECK_EQ(open_device(GENERIC_READ | GENERIC_WRITE), STATUS_SUCCESS);
    for (size_t i = 0; i < ARRAYSIZE(actions); i++)
    {
        const UINT32 tid = NTSIM_TID(NOTEPAD_PID, 1);
        const SAMPLE_ACT_REPLY reply = ask(actions[i], i == 0 ? tid : NOTEPAD_PID, 0);
        CHECK_EQ(reply.CallStatus, STATUS_SUCCESS);
        CHECK_EQ(reply.Decision, TL_DECISION_ALLOW);
        CHECK_EQ(reply.Verdict, TL_VERDICT_ORDINARY);
        CHECK_EQ(reply.Reason, TL_REASON_ORDINARY);
        CHECK_EQ(reply.Evidence, TL_EVIDENCE_DOCUMENTED);
        CHECK_EQ(reply.Status, STATUS_SUCCESS);
        const SAMPLE_LOG_REPLY log = read_log();
        CHECK_EQ(log.Total, i + 1);
        CHECK_EQ(log.RecordCount, i + 1);
        CHECK_EQ(log.Records[i].Action, actions[i]);
        CHECK_EQ(log.Records[i].Pid, NOTEPAD_PID);
        CHECK_EQ(log.Records[i].Tid, i == 0 ? tid : 0);
    }
    unload();
}

static void check_refused(SAMPLE_ACT_REPLY reply, UINT8 verdict, UINT8 reason)
{
    CHECK_EQ(reply.CallStatus, 0xE8540001u);
    CHECK_EQ(reply.Decision, TL_DECISION_REFUSE);
    CHECK_EQ(reply.Verdict, verdict);
    CHECK_EQ(reply.Reason, reason);
}

static void it_leaves_a_trustlet_alone(void)
{
    CHECK_EQ(load(), STATUS_SUCCESS);
    CHECK_EQ(open_device(GENERIC_READ | GENERIC_WRITE), STATUS_SUCCESS);
    check_refused(ask(SAMPLE_ACTION_QUEUE_APC, NTSIM_TID(LSAISO_PID, 0), 0), TL_VERDICT_SECURE, TL_REASON_SECURE);
    check_refused(ask(SAMPLE_ACTION_ATTACH, LSAISO_PID, 0), TL_VERDICT_SECURE, TL_REASON_SECURE);
    check_refused(ask(SAMPLE_ACTION_COPY_MEMORY, LSAISO_PID, 0), TL_VERDICT_SECURE, TL_REASON_SECURE);
    check_refused(ask(SAMPLE_ACTION_COPY_MEMORY, EXITING_PID, 0), TL_VERDICT_UNKNOWN, TL_REASON_EXITING);
    check_refused(ask(SAMPLE_ACTION_TERMINATE, EXITING_PID, 0), TL_VERDICT_UNKNOWN, TL_REASON_EXITING);
    check_refused(ask(SAMPLE_ACTION_ATTACH, NOBODY_PID, 0), TL_VERDICT_UNKNOWN, TL_REASON_GONE);
    /* Its availability is another matter; the sample accepts nothing of that kind. */
    check_refused(ask(SAMPLE_ACTION_TERMINATE, LSAISO_PID, 0), TL_VERDICT_SECURE, TL_REASON_AVAILABILITY);
    CHECK_EQ(read_log().Total, 0);
    unload();
}

static void it_keeps_to_the_process_that_was_meant(void)
{
    static const ntsim_program other = {.pid = NOTEPAD_PID, .name = "other.exe", .threads = 1};
    TL_GUARD_TARGET seen = process_by_id(NOTEPAD_PID, NULL);
    const UINT64 create_time = seen.Identity.CreateTime;
    TlReleaseTarget(&seen);
    CHECK_EQ(load(), STATUS_SUCCESS);
    CHECK_EQ(open_device(GENERIC_READ | GENERIC_WRITE), STATUS_SUCCESS);
    CHECK_EQ(ask(SAMPLE_ACTION_COPY_MEMORY, NOTEPAD_PID, create_time).Decision, TL_DECISION_ALLOW);
    CHECK(ntsim_kernel_reuse_pid(NOTEPAD_PID, &other));
    check_refused(ask(SAMPLE_ACTION_COPY_MEMORY, NOTEPAD_PID, create_time), TL_VERDICT_UNKNOWN,
                  TL_REASON_IDENTITY_MISMATCH);
    check_refused(ask(SAMPLE_ACTION_QUEUE_APC, ntsim_kernel_thread_of(NOTEPAD_PID, 0), create_time), TL_VERDICT_UNKNOWN,
                  TL_REASON_IDENTITY_MISMATCH);
    CHECK_EQ(read_log().Total, 1);
    unload();
}

static void its_log_keeps_the_last_records(void)
{
    CHECK_EQ(load(), STATUS_SUCCESS);
    CHECK_EQ(open_device(GENERIC_READ | GENERIC_WRITE), STATUS_SUCCESS);
    for (UINT32 i = 0; i < SAMPLE_LOG_LENGTH; i++)
        (void)ask(SAMPLE_ACTION_ATTACH, NOTEPAD_PID, 0);
    (void)ask(SAMPLE_ACTION_COPY_MEMORY, NOTEPAD_PID, 0);
    const SAMPLE_LOG_REPLY log = read_log();
    CHECK_EQ(log.Total, 33);
    CHECK_EQ(log.RecordCount, 32);
    CHECK_EQ(log.Records[0].Action, SAMPLE_ACTION_ATTACH);
    CHECK_EQ(log.Records[30].Action, SAMPLE_ACTION_ATTACH);
    CHECK_EQ(log.Records[31].Action, SAMPLE_ACTION_COPY_MEMORY);
    unload();
}

static void what_is_no_request_of_its_own_is_refused(void)
{
    UINT8 room[1024] = {0};
    ULONG_PTR length = 0;
    CHECK_EQ(load(), STATUS_SUCCESS);
    CHECK_EQ(open_device(GENERIC_READ | GENERIC_WRITE), STATUS_SUCCESS);
    CHECK_EQ(ntsim_kernel_ioctl(device, SAMPLE_IOCTL_ACT, room, 15, room, 16, &length), STATUS_INFO_LENGTH_MISMATCH);
    CHECK_EQ(ntsim_kernel_ioctl(device, SAMPLE_IOCTL_ACT, room, 17, room, 16, &length), STATUS_INFO_LENGTH_MISMATCH);
    CHECK_EQ(ntsim_kernel_ioctl(device, SAMPLE_IOCTL_ACT, room, 16, room, 15, &length), STATUS_INFO_LENGTH_MISMATCH);
    CHECK_EQ(ntsim_kernel_ioctl(device, SAMPLE_IOCTL_ACT, room, 16, room, 16, &length), STATUS_INVALID_PARAMETER);
    CHECK_EQ(length, 0);
    room[0] = 5; /* one action more than there are */
    CHECK_EQ(ntsim_kernel_ioctl(device, SAMPLE_IOCTL_ACT, room, 16, room, 16, &length), STATUS_INVALID_PARAMETER);
    CHECK_EQ(ntsim_kernel_ioctl(device, SAMPLE_IOCTL_LOG, room, 1, room, 528, &length), STATUS_INFO_LENGTH_MISMATCH);
    CHECK_EQ(ntsim_kernel_ioctl(device, SAMPLE_IOCTL_LOG, NULL, 0, room, 527, &length), STATUS_INFO_LENGTH_MISMATCH);
    CHECK_EQ(ntsim_kernel_ioctl(device, TL_IOCTL_HELLO, room, 24, room, 72, &length), STATUS_INVALID_DEVICE_REQUEST);
    CHECK_EQ(ntsim_kernel_request(device, IRP_MJ_READ), STATUS_INVALID_DEVICE_REQUEST);
    CHECK_EQ(sizeof(SAMPLE_LOG_REPLY), 528);
    unload();
}

static void only_administrators_act_through_it(void)
{
    HANDLE reader;
    SAMPLE_ACT_REQUEST request = {.Action = SAMPLE_ACTION_ATTACH, .Id = NOTEPAD_PID};
    SAMPLE_ACT_REPLY reply;
    ULONG_PTR length = 0;
    CHECK_EQ(load(), STATUS_SUCCESS);
    ntsim_kernel_set_user(NTSIM_PLAIN_USER, NULL);
    CHECK_EQ(open_device(GENERIC_READ), STATUS_ACCESS_DENIED);
    ntsim_kernel_set_user(NTSIM_ADMINISTRATOR, NULL);
    CHECK_EQ(open_device(GENERIC_READ), STATUS_SUCCESS);
    reader = device;
    CHECK_EQ(ntsim_kernel_ioctl(reader, SAMPLE_IOCTL_ACT, &request, sizeof request, &reply, sizeof reply, &length),
             STATUS_ACCESS_DENIED);
    CHECK_EQ(read_log().Total, 0);
    CHECK(!NT_SUCCESS(ntsim_kernel_open("\\\\.\\TrustletSample\\below", GENERIC_READ, &device)));
    device = reader;
    unload();
}

static void a_load_that_fails_leaves_nothing(void)
{
    int sites = 0;
    bench_end();
    while (ntsim_next_fault_site())
    {
        bench_boot();
        if (NT_SUCCESS(load()))
        {
            if (NT_SUCCESS(open_device(GENERIC_READ | GENERIC_WRITE)))
            {
                (void)ask(SAMPLE_ACTION_ATTACH, LSAISO_PID, 0);
                (void)ask(SAMPLE_ACTION_QUEUE_APC, NTSIM_TID(LSAISO_PID, 0), 0);
                if (read_log().Total != 0)
                    check_failed = 1;
                (void)ntsim_kernel_close(device);
            }
            if (!NT_SUCCESS(ntsim_kernel_unload_driver(driver)))
                check_failed = 1;
        }
        sites += ntsim_fault_site_hit();
        bench_end();
    }
    bench_boot();
    printf("# %d call sites failed, one at a time\n", sites);
    CHECK(sites >= 15);
}

const test_case sample_tests[] = {
    {"sample: it would act on an ordinary process, and its log says so", it_acts_on_an_ordinary_process},
    {"sample: it leaves a trustlet alone, and whatever is unknown", it_leaves_a_trustlet_alone},
    {"sample: it keeps to the process that was meant", it_keeps_to_the_process_that_was_meant},
    {"sample: its log keeps the last records", its_log_keeps_the_last_records},
    {"sample: what is no request of its own is refused", what_is_no_request_of_its_own_is_refused},
    {"sample: only administrators act through it", only_administrators_act_through_it},
    {"sample: whichever call fails, it loads whole or not at all, and records nothing",
     a_load_that_fails_leaves_nothing},
    {0},
};
