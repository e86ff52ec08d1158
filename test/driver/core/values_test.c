/* The validation of what a request says, once its sizes are right. */
#include "request_bytes.h"

static void pids_are_counted(void)
{
    static const UINT32 wrong[] = {0, 4097, 0x40000000, 0x40000002, 0xFFFFFFFF};
    for (size_t i = 0; i < ARRAYSIZE(wrong); i++)
    {
        request asked = query(2);
        put32(&asked, 16, wrong[i]);
        CHECK_EQ(validate(&asked), STATUS_INVALID_PARAMETER);
    }
    request asked = query(2);
    put32(&asked, 16, 1);
    CHECK_EQ(validate(&asked), STATUS_INFO_LENGTH_MISMATCH);
    put32(&asked, 16, 4096);
    CHECK_EQ(validate(&asked), STATUS_INFO_LENGTH_MISMATCH);
}

static void what_is_reserved_is_0(void)
{
    request asked = hello();
    put32(&asked, 20, 1);
    CHECK_EQ(validate(&asked), STATUS_INVALID_PARAMETER);
    put32(&asked, 20, 0x80000000);
    CHECK_EQ(validate(&asked), STATUS_INVALID_PARAMETER);
    asked = query(2);
    put32(&asked, 20, 0x80000000);
    CHECK_EQ(validate(&asked), STATUS_INVALID_PARAMETER);
    asked = examining();
    put64(&asked, 56, UINT64_C(1) << 63);
    CHECK_EQ(validate(&asked), STATUS_INVALID_PARAMETER);
    asked = guarding();
    put64(&asked, 56, 1);
    CHECK_EQ(validate(&asked), STATUS_INVALID_PARAMETER);
}

static void a_version_range_is_one(void)
{
    static const UINT16 ranges[][3] = {{0, 1, 1}, {1, 0, 1}, {2, 1, 1}, {1, 1, 0}, {1, 9, 0}, {9, 9, 0}};
    for (size_t i = 0; i < ARRAYSIZE(ranges); i++)
    {
        request asked = hello();
        put16(&asked, 16, ranges[i][0]);
        put16(&asked, 18, ranges[i][1]);
        CHECK_EQ(validate(&asked), ranges[i][2] != 0 ? STATUS_INVALID_PARAMETER : STATUS_SUCCESS);
    }
}

static void a_cursor_needs_resume(void)
{
    static const size_t cursor[] = {20, 24, 32};
    for (size_t i = 0; i < ARRAYSIZE(cursor); i++)
    {
        request asked = census();
        put32(&asked, cursor[i], 1);
        CHECK_EQ(validate(&asked), STATUS_INVALID_PARAMETER);
        put32(&asked, 16, 1);
        CHECK_EQ(validate(&asked), STATUS_SUCCESS);
        put32(&asked, 16, 3);
        CHECK_EQ(validate(&asked), STATUS_NOT_SUPPORTED);
    }
}

static void kinds_are_two(void)
{
    static const UINT32 wrong[] = {0, 3, 0x101, 0xFFFFFFFF};
    for (size_t i = 0; i < ARRAYSIZE(wrong); i++)
    {
        request asked = examining();
        put32(&asked, 24, wrong[i]);
        CHECK_EQ(validate(&asked), STATUS_INVALID_PARAMETER);
        asked = guarding();
        put32(&asked, 24, wrong[i]);
        CHECK_EQ(validate(&asked), STATUS_INVALID_PARAMETER);
    }
}

static void expectations_are_all_or_nothing(void)
{
    static const struct
    {
        UINT32 bit;
        size_t offset;
    } members[] = {{1, 36}, {2, 40}, {4, 48}};
    for (int kind = 3; kind < 5; kind++)
        for (size_t i = 0; i < ARRAYSIZE(members); i++)
        {
            request asked = any(kind);
            put32(&asked, 32, members[i].bit);
            CHECK_EQ(validate(&asked), STATUS_INVALID_PARAMETER);
            put32(&asked, members[i].offset, 7);
            CHECK_EQ(validate(&asked), STATUS_SUCCESS);
            put32(&asked, 32, 0);
            CHECK_EQ(validate(&asked), STATUS_INVALID_PARAMETER);
            put32(&asked, 32, 8);
            CHECK_EQ(validate(&asked), STATUS_NOT_SUPPORTED);
        }
}

static void operations_are_known_and_of_the_kind(void)
{
    request asked = guarding();
    put32(&asked, 64, 0);
    CHECK_EQ(validate(&asked), STATUS_INVALID_PARAMETER);
    put32(&asked, 64, 1u << 15);
    CHECK_EQ(validate(&asked), STATUS_NOT_SUPPORTED);
    put32(&asked, 64, TL_OPERATION_QUEUE_APC);
    CHECK_EQ(validate(&asked), STATUS_INVALID_PARAMETER);
    put32(&asked, 64, TL_OPERATION_QUEUE_APC | TL_OPERATION_READ);
    CHECK_EQ(validate(&asked), STATUS_INVALID_PARAMETER);
    put32(&asked, 24, TL_KIND_THREAD);
    CHECK_EQ(validate(&asked), STATUS_INVALID_PARAMETER);
    put32(&asked, 64, 0x1481);
    CHECK_EQ(validate(&asked), STATUS_SUCCESS);
    put32(&asked, 24, TL_KIND_PROCESS);
    put32(&asked, 64, 0x6B7E);
    CHECK_EQ(validate(&asked), STATUS_SUCCESS);
}

static void only_availability_can_be_accepted(void)
{
    request asked = guarding();
    put32(&asked, 68, 0x7000);
    CHECK_EQ(validate(&asked), STATUS_SUCCESS);
    put32(&asked, 68, TL_OPERATION_READ);
    CHECK_EQ(validate(&asked), STATUS_INVALID_PARAMETER);
    put32(&asked, 68, 1u << 31);
    CHECK_EQ(validate(&asked), STATUS_NOT_SUPPORTED);
}

const test_case values_tests[] = {
    {"validation: 1 to 4,096 pids", pids_are_counted},
    {"validation: reserved members are 0", what_is_reserved_is_0},
    {"validation: HELLO's range of versions is one", a_version_range_is_one},
    {"validation: a cursor needs RESUME", a_cursor_needs_resume},
    {"validation: a kind is process or thread", kinds_are_two},
    {"validation: what is expected is something, what is not is nothing", expectations_are_all_or_nothing},
    {"validation: operations are known, some, and act on the kind", operations_are_known_and_of_the_kind},
    {"validation: only availability operations can be accepted", only_availability_can_be_accepted},
    {0},
};
