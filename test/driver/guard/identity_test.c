/* Identity: between an event and the act a pid may change hands, unless somebody holds the process. */
#include "bench.h"

/* What a driver keeps from an event; the process is let go of. */
static TL_GUARD_IDENTITY seen_at_an_event(uint32_t pid)
{
    TL_GUARD_TARGET target = process_by_id(pid, NULL);
    const TL_GUARD_IDENTITY identity = target.Identity;
    TlReleaseTarget(&target);
    return identity;
}

static const ntsim_program newcomer = {.pid = NOTEPAD_PID, .name = "other.exe", .threads = 1};

static void the_same_process_is_allowed(void)
{
    const TL_GUARD_IDENTITY identity = seen_at_an_event(NOTEPAD_PID);
    TL_GUARD_TARGET target = process_by_id(NOTEPAD_PID, &identity);
    CHECK_EQ(memcmp(&target.Expected, &identity, sizeof identity), 0);
    CHECK_ALLOWED(&target, TL_OPERATION_READ, 0, TL_VERDICT_ORDINARY, TL_REASON_ORDINARY);
    TlReleaseTarget(&target);
    target = thread_by_id(NTSIM_TID(NOTEPAD_PID, 0), &identity);
    CHECK_ALLOWED(&target, TL_OPERATION_QUEUE_APC, 0, TL_VERDICT_ORDINARY, TL_REASON_ORDINARY);
    TlReleaseTarget(&target);
}

static void a_reused_pid_is_refused(void)
{
    const TL_GUARD_IDENTITY identity = seen_at_an_event(NOTEPAD_PID);
    CHECK(ntsim_kernel_reuse_pid(NOTEPAD_PID, &newcomer));
    /* By create time, by start key, and by both. */
    static const UINT32 known[] = {TL_EXPECT_CREATE_TIME, TL_EXPECT_START_KEY,
                                   TL_EXPECT_PID | TL_EXPECT_CREATE_TIME | TL_EXPECT_START_KEY};
    for (size_t i = 0; i < ARRAYSIZE(known); i++)
    {
        TL_GUARD_IDENTITY expected = identity;
        expected.Expect = known[i];
        TL_GUARD_TARGET target = process_by_id(NOTEPAD_PID, &expected);
        CHECK(target.Process == NULL);
        CHECK_EQ(target.Identity.Expect, 0);
        CHECK_EQ(target.Verdict.Verdict, TL_VERDICT_UNKNOWN);
        CHECK_EQ(target.Verdict.Reason, TL_REASON_IDENTITY_MISMATCH);
        CHECK_REFUSED(&target, TL_OPERATION_READ, 0, TL_VERDICT_UNKNOWN, TL_REASON_IDENTITY_MISMATCH, STATUS_SUCCESS);
        TlReleaseTarget(&target);
        target = thread_by_id(ntsim_kernel_thread_of(NOTEPAD_PID, 0), &expected);
        CHECK(target.Process == NULL && target.Thread == NULL);
        CHECK_REFUSED(&target, TL_OPERATION_QUEUE_APC, 0, TL_VERDICT_UNKNOWN, TL_REASON_IDENTITY_MISMATCH,
                      STATUS_SUCCESS);
        TlReleaseTarget(&target);
    }
    /* The pid alone is no identity: that is what the other two are for. */
    TL_GUARD_IDENTITY pid_only = identity;
    pid_only.Expect = TL_EXPECT_PID;
    TL_GUARD_TARGET target = process_by_id(NOTEPAD_PID, &pid_only);
    CHECK_EQ(target.Verdict.Verdict, TL_VERDICT_ORDINARY);
    TlReleaseTarget(&target);
    pid_only.Pid = AGENT_PID;
    target = process_by_id(NOTEPAD_PID, &pid_only);
    CHECK_REFUSED(&target, TL_OPERATION_READ, 0, TL_VERDICT_UNKNOWN, TL_REASON_IDENTITY_MISMATCH, STATUS_SUCCESS);
    TlReleaseTarget(&target);
}

static void a_held_process_keeps_its_pid(void)
{
    TL_GUARD_TARGET target = process_by_id(NOTEPAD_PID, NULL);
    CHECK(!ntsim_kernel_reuse_pid(NOTEPAD_PID, &newcomer));
    CHECK_REFUSED(&target, TL_OPERATION_READ, 0, TL_VERDICT_UNKNOWN, TL_REASON_EXITING, STATUS_SUCCESS);
    TlReleaseTarget(&target);
    CHECK(ntsim_kernel_start_process(&newcomer));
    /* A thread target holds the process too. */
    target = thread_by_id(ntsim_kernel_thread_of(NOTEPAD_PID, 0), NULL);
    CHECK(!ntsim_kernel_reuse_pid(NOTEPAD_PID, &newcomer));
    TlReleaseTarget(&target);
    CHECK(ntsim_kernel_start_process(&newcomer));
}

static void what_was_expected_must_be_known_at_the_call_too(void)
{
    const TL_GUARD_IDENTITY identity = seen_at_an_event(NOTEPAD_PID);
    TL_GUARD_TARGET target = process_by_id(NOTEPAD_PID, &identity);
    /* Class 4: the times. */
    ntsim_kernel_fail_query(NTSIM_ZwQueryInformationProcess, 4, NOTEPAD_PID, 1, STATUS_INSUFFICIENT_RESOURCES);
    CHECK_REFUSED(&target, TL_OPERATION_READ, 0, TL_VERDICT_UNKNOWN, TL_REASON_IDENTITY_MISMATCH, STATUS_SUCCESS);
    CHECK_ALLOWED(&target, TL_OPERATION_READ, 0, TL_VERDICT_ORDINARY, TL_REASON_ORDINARY);
    TlReleaseTarget(&target);
}

static void an_absent_start_key_matches_nothing(void)
{
    const TL_GUARD_IDENTITY identity = seen_at_an_event(NOTEPAD_PID);
    ntsim_kernel_provide_routine("PsGetProcessStartKey", false);
    CHECK_EQ(TlGuardStart(&bench_guard), STATUS_SUCCESS);
    TL_GUARD_TARGET target = process_by_id(NOTEPAD_PID, &identity);
    const TL_GUARD_IDENTITY found = seen_at_an_event(NOTEPAD_PID);
    CHECK_REFUSED(&target, TL_OPERATION_READ, 0, TL_VERDICT_UNKNOWN, TL_REASON_IDENTITY_MISMATCH, STATUS_SUCCESS);
    TlReleaseTarget(&target);
    CHECK_EQ(found.Expect, TL_EXPECT_PID | TL_EXPECT_CREATE_TIME);
    CHECK_EQ(found.StartKey, 0);
    target = process_by_id(NOTEPAD_PID, &found);
    CHECK_EQ(target.Verdict.Verdict, TL_VERDICT_ORDINARY);
    TlReleaseTarget(&target);
}

static void an_identity_without_content_is_refused(void)
{
    const TL_GUARD_IDENTITY whole = seen_at_an_event(NOTEPAD_PID);
    const TL_GUARD_IDENTITY wrong[] = {
        {0},
        {.Expect = 0, .Pid = whole.Pid, .CreateTime = whole.CreateTime, .StartKey = whole.StartKey},
        {.Expect = TL_EXPECT_PID},
        {.Expect = TL_EXPECT_CREATE_TIME, .Pid = whole.Pid},
        {.Expect = TL_EXPECT_START_KEY, .Pid = whole.Pid},
        {.Expect = TL_EXPECT_PID | TL_EXPECT_CREATE_TIME, .CreateTime = whole.CreateTime},
        {.Expect = TL_EXPECT_CREATE_TIME | TL_EXPECT_START_KEY, .CreateTime = whole.CreateTime},
        {.Expect = TL_EXPECT_CREATE_TIME | TL_EXPECT_START_KEY, .StartKey = whole.StartKey},
        {.Expect = TL_EXPECT_PID | 8u, .Pid = whole.Pid, .CreateTime = whole.CreateTime, .StartKey = whole.StartKey},
    };
    const uint64_t asked = ntsim_kernel_calls(NTSIM_PsLookupProcessByProcessId);
    for (size_t i = 0; i < ARRAYSIZE(wrong); i++)
    {
        TL_GUARD_TARGET target = process_by_id(NOTEPAD_PID, &wrong[i]);
        CHECK(target.Process == NULL);
        CHECK_REFUSED(&target, TL_OPERATION_READ, 0, TL_VERDICT_UNKNOWN, TL_REASON_QUERY_FAILED,
                      STATUS_INVALID_PARAMETER);
        TlReleaseTarget(&target);
    }
    CHECK_EQ(ntsim_kernel_calls(NTSIM_PsLookupProcessByProcessId), asked);
}

const test_case identity_tests[] = {
    {"identity: the process that was seen is allowed", the_same_process_is_allowed},
    {"identity: another one under its pid is refused and not held", a_reused_pid_is_refused},
    {"identity: a held process keeps its pid", a_held_process_keeps_its_pid},
    {"identity: what was expected must be known at the call too", what_was_expected_must_be_known_at_the_call_too},
    {"identity: an absent start key matches nothing", an_absent_start_key_matches_nothing},
    {"identity: one without content is refused unasked", an_identity_without_content_is_refused},
    {0},
};
