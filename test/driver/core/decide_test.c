/* What the exhaustive vectors (vectors_test.c) do not show: that TlDecide is total, and what it makes of nonsense. */
#include "bench.h"
#include "decide.h"

static TL_DECISION_INPUT ordinary_input(void)
{
    const TL_DECISION_INPUT input = {
        .Operations = TL_OPERATION_READ,
        .Acquisition = TL_ACQUISITION_EXAMINED,
        .Judgement = {.Verdict = TL_VERDICT_ORDINARY,
                      .Reason = TL_REASON_SECURE_BIT_CLEAR,
                      .Evidence = TL_EVIDENCE_DOCUMENTED},
    };
    return input;
}

static void an_ordinary_examined_target_is_allowed(void)
{
    const TL_DECISION_INPUT input = ordinary_input();
    const TL_DECISION decision = TlDecide(&input);
    CHECK_EQ(decision.Decision, 1);
    CHECK_EQ(decision.Reason, 9);
    CHECK_EQ(decision.Status, 0);
    CHECK_EQ(decision.Evidence, 3);
}

static void nonsense_is_refused(void)
{
    for (UINT32 value = 3; value < 256; value++)
    {
        TL_DECISION_INPUT input = ordinary_input();
        input.Judgement.Verdict = (UINT8)value;
        CHECK_EQ(TlDecide(&input).Decision, 0);
        input = ordinary_input();
        input.Acquisition = (UINT8)value;
        CHECK_EQ(TlDecide(&input).Decision, 0);
        if (value > 3)
        {
            input = ordinary_input();
            input.Thread = (UINT8)value;
            CHECK_EQ(TlDecide(&input).Decision, 0);
        }
        input = ordinary_input();
        input.Identity = (UINT8)value;
        CHECK_EQ(TlDecide(&input).Decision, 0);
    }
}

static void a_trustlet_and_no_operation_is_refused(void)
{
    TL_DECISION_INPUT input = ordinary_input();
    input.Operations = 0;
    input.Accepted = 0xFFFFFFFF;
    input.Judgement.Verdict = TL_VERDICT_SECURE;
    CHECK_EQ(TlDecide(&input).Decision, 0);
}

static void an_open_that_failed_gives_its_own_reason(void)
{
    TL_DECISION_INPUT input = ordinary_input();
    input.Acquisition = TL_ACQUISITION_NOT_OPENED;
    input.AcquisitionStatus = STATUS_PROCESS_IS_TERMINATING;
    const TL_DECISION decision = TlDecide(&input);
    CHECK_EQ(decision.Decision, 0);
    CHECK_EQ(decision.Reason, 1);
    CHECK_EQ(decision.Verdict, 0);
    CHECK_EQ(decision.Status, STATUS_PROCESS_IS_TERMINATING);
}

static void rights_are_united(void)
{
    CHECK_EQ(TlRightsOfOperations(0), 0);
    CHECK_EQ(TlRightsOfOperations(TL_OPERATION_READ), 0x10);
    CHECK_EQ(TlRightsOfOperations(TL_OPERATION_READ | TL_OPERATION_WRITE), 0x38);
    CHECK_EQ(TlRightsOfOperations(TL_OPERATION_LOAD_LIBRARY), 0x43A);
    CHECK_EQ(TlRightsOfOperations(TL_OPERATION_QUEUE_APC | TL_OPERATION_SUSPEND), 0x12);
    CHECK_EQ(TlRightsOfOperations(0xFFFF8000), 0);
}

/* ---- judgements ---- */

static TL_JUDGEMENT judge(UINT32 present, UINT32 flags, UINT32 build, NTSTATUS ium, UINT32 ium_flags)
{
    const TL_PROCESS_RECORD record = {.Pid = 4, .Flags = flags, .Present = present};
    const TL_SYSTEM system = {.Build = build, .IsolatedUserModeStatus = ium, .IsolatedUserModeFlags = ium_flags};
    return TlJudge(&record, &system);
}

static void without_an_answer_there_is_no_verdict(void)
{
    const UINT32 both = TL_PRESENT_EXTENDED_STATUS | TL_PRESENT_FLAGS;
    CHECK_EQ(judge(0, 0x80, 26100, 0, 0).Verdict, 0);
    CHECK_EQ(judge(0, 0x80, 26100, 0, 0).Status, 0xC0000001 | ~(INT64)0xFFFFFFFF);
    CHECK_EQ(judge(TL_PRESENT_FLAGS, 0, 26100, 0, 0).Verdict, 0);
    CHECK_EQ(judge(TL_PRESENT_EXTENDED_STATUS, 0, 26100, 0, 0).Verdict, 0);
    CHECK_EQ(judge(both, 0, 26100, 0, 0).Verdict, 1);
    CHECK_EQ(judge(both | TL_PRESENT_REUSED, 0x80, 26100, 0, 0).Verdict, 0);
    CHECK_EQ(judge(both | TL_PRESENT_REUSED, 0, 26100, 0, 0).Reason, 2);
}

static void before_15063_a_clear_bit_needs_no_secure_kernel(void)
{
    const UINT32 both = TL_PRESENT_EXTENDED_STATUS | TL_PRESENT_FLAGS;
    CHECK_EQ(judge(both, 0, 15062, STATUS_INVALID_INFO_CLASS, 0xFFFFFFFF).Verdict, 1);
    CHECK_EQ(judge(both, 0, 15062, STATUS_INVALID_INFO_CLASS, 0xFFFFFFFF).Evidence, 0);
    CHECK_EQ(judge(both, 0, 15062, STATUS_SUCCESS, 0xFFFFFFFE).Verdict, 1);
    CHECK_EQ(judge(both, 0, 15062, STATUS_SUCCESS, 0xFFFFFFFE).Evidence, 1);
    CHECK_EQ(judge(both, 0, 15062, STATUS_SUCCESS, 1).Verdict, 0);
    CHECK_EQ(judge(both, 0, 15062, STATUS_SUCCESS, 1).Reason, 6);
    CHECK_EQ(judge(both, 0, 15062, STATUS_ACCESS_DENIED, 0).Verdict, 0);
    CHECK_EQ(judge(both, 0, 15062, 0x00000103, 0).Verdict, 0);
    CHECK_EQ(judge(both, 0x80, 15062, STATUS_SUCCESS, 1).Verdict, 2);
    CHECK_EQ(judge(both, 0x80, 15062, STATUS_SUCCESS, 1).Evidence, 1);
    CHECK_EQ(judge(both, 0, 15063, STATUS_SUCCESS, 1).Verdict, 1);
    CHECK_EQ(judge(both, 0, 15063, STATUS_SUCCESS, 1).Evidence, 3);
}

static void a_failed_open_has_its_reason(void)
{
    CHECK_EQ(TlJudgeFailedOpen(STATUS_ACCESS_DENIED).Reason, 4);
    CHECK_EQ(TlJudgeFailedOpen(STATUS_INVALID_CID).Reason, 2);
    CHECK_EQ(TlJudgeFailedOpen(STATUS_INVALID_PARAMETER).Reason, 2);
    CHECK_EQ(TlJudgeFailedOpen(STATUS_PROCESS_IS_TERMINATING).Reason, 1);
    CHECK_EQ(TlJudgeFailedOpen(STATUS_UNSUCCESSFUL).Reason, 0);
    CHECK_EQ(TlJudgeFailedOpen(STATUS_SUCCESS).Verdict, 0);
}

const test_case decide_tests[] = {
    {"TlJudge: without an answer, or with another's, there is no verdict", without_an_answer_there_is_no_verdict},
    {"TlJudge: before build 15063 a clear bit needs the certainty that no secure kernel runs",
     before_15063_a_clear_bit_needs_no_secure_kernel},
    {"TlJudgeFailedOpen: each status has its reason, and none a verdict", a_failed_open_has_its_reason},
    {"TlDecide: an ordinary examined target is allowed", an_ordinary_examined_target_is_allowed},
    {"TlDecide: values that nobody defined are refused", nonsense_is_refused},
    {"TlDecide: no operation at all is an isolation matter", a_trustlet_and_no_operation_is_refused},
    {"TlDecide: a failed open gives its own reason", an_open_that_failed_gives_its_own_reason},
    {"TlRightsOfOperations: rights are united, unknown bits have none", rights_are_united},
    {0},
};
