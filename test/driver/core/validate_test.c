/* Each step of the validation, its limits, and the order of the steps. */
#include <string.h>

#include "request_bytes.h"
#include "validate.h"

static void each_message_passes(void)
{
    for (int kind = 0; kind < KINDS; kind++)
    {
        const request asked = any(kind);
        CHECK_EQ(validate(&asked), STATUS_SUCCESS);
    }
}

static void codes_are_the_documented_ones(void)
{
    CHECK_EQ(TL_IOCTL_HELLO, 0x8E546404);
    CHECK_EQ(TL_IOCTL_QUERY, 0x8E546408);
    CHECK_EQ(TL_IOCTL_CENSUS, 0x8E54640C);
    CHECK_EQ(TL_IOCTL_EXAMINE, 0x8E546410);
    CHECK_EQ(TL_IOCTL_GUARD, 0x8E546414);
    CHECK_EQ(TL_IOCTL_STATS, 0x8E546418);
}

static void unknown_codes_are_no_requests(void)
{
    static const ULONG codes[] = {0, 0x8E546400, 0x8E54641C, 0x8E546420, 0x8E54A404, 0x8E546405, 0x8E542404, 0x22E404};
    for (size_t i = 0; i < ARRAYSIZE(codes); i++)
    {
        request asked = hello();
        asked.code = codes[i];
        CHECK_EQ(validate(&asked), STATUS_INVALID_DEVICE_REQUEST);
    }
}

static void no_input_is_too_short(void)
{
    TL_VALID_REQUEST valid;
    CHECK_EQ(TlValidateRequest(TL_IOCTL_STATS, NULL, 0, 128, &valid), STATUS_INFO_LENGTH_MISMATCH);
    for (ULONG length = 0; length < 16; length++)
    {
        request asked = stats();
        asked.length = length;
        CHECK_EQ(validate(&asked), STATUS_INFO_LENGTH_MISMATCH);
    }
}

static void a_message_under_anothers_code_is_refused(void)
{
    for (int kind = 0; kind < KINDS; kind++)
    {
        request asked = any(kind);
        put16(&asked, 6, (UINT16)(kind == 0 ? 2 : 1));
        CHECK_EQ(validate(&asked), STATUS_INVALID_PARAMETER);
    }
}

static void versions_have_a_range(void)
{
    for (int kind = 0; kind < KINDS; kind++)
    {
        request asked = any(kind);
        put16(&asked, 4, 0);
        CHECK_EQ(validate(&asked), STATUS_REVISION_MISMATCH);
        put16(&asked, 4, 2);
        CHECK_EQ(validate(&asked), kind == 0 ? STATUS_SUCCESS : STATUS_REVISION_MISMATCH);
        put16(&asked, 4, 0xFFFF);
        CHECK_EQ(validate(&asked), kind == 0 ? STATUS_SUCCESS : STATUS_REVISION_MISMATCH);
    }
}

static void a_size_beyond_the_input_is_not_believed(void)
{
    for (int kind = 0; kind < KINDS; kind++)
    {
        request asked = any(kind);
        for (UINT32 size = (asked.length | 7) + 1; size <= 1024; size += 8)
        {
            put32(&asked, 0, size);
            CHECK_EQ(validate(&asked), STATUS_INFO_LENGTH_MISMATCH);
        }
    }
}

static void check_size(size_t offset, UINT32 least, bool fixed)
{
    static const UINT32 beyond[] = {1032, 0x7FFFFFF8, 0xFFFFFFF8};
    for (int kind = 0; kind < KINDS; kind++)
    {
        request asked = any(kind);
        UINT32 size;
        memcpy(&size, asked.bytes + offset, sizeof size);
        if (size == 0 && !fixed)
            continue;
        for (UINT32 wrong = 0; wrong < size + 8; wrong++)
        {
            if (wrong == size)
                continue;
            put32(&asked, offset, wrong);
            CHECK_EQ(validate(&asked), STATUS_INFO_LENGTH_MISMATCH);
        }
        for (size_t i = 0; i < ARRAYSIZE(beyond); i++)
        {
            put32(&asked, offset, beyond[i]);
            CHECK_EQ(validate(&asked), STATUS_INFO_LENGTH_MISMATCH);
        }
        (void)least;
    }
}

static void the_fixed_part_has_its_size(void)
{
    check_size(0, 16, true);
}

static void the_replys_fixed_part_has_its_size(void)
{
    check_size(8, 16, true);
}

static void records_have_their_size(void)
{
    check_size(12, 16, false);
    if (check_failed != 0)
        return;
    /* Messages without records say 0. */
    request asked = hello();
    put32(&asked, 12, 64);
    CHECK_EQ(validate(&asked), STATUS_INFO_LENGTH_MISMATCH);
}

static void a_newer_clients_sizes_are_understood(void)
{
    for (int kind = 0; kind < KINDS; kind++)
    {
        request asked = any(kind);
        TL_VALID_REQUEST valid;
        UINT32 size;
        UINT32 reply;
        UINT32 record;
        memcpy(&size, asked.bytes, 4);
        memcpy(&reply, asked.bytes + 8, 4);
        memcpy(&record, asked.bytes + 12, 4);
        if (kind == 1)
            memmove(asked.bytes + size + 8, asked.bytes + size, 8);
        memset(asked.bytes + size, 0, 8);
        put32(&asked, 0, size + 8);
        put32(&asked, 8, reply + 8);
        put32(&asked, 12, record == 0 ? 0 : 1024);
        asked.length += 8;
        CHECK_EQ(TlValidateRequest(asked.code, asked.bytes, asked.length, asked.room, &valid), STATUS_SUCCESS);
        CHECK_EQ(valid.FixedLength, reply);
        CHECK_EQ(valid.Stride, record);
        CHECK_EQ(valid.PidsOffset, size + 8);
        /* Something it asks for that this driver does not know. */
        for (UINT32 byte = 0; byte < 8; byte++)
        {
            request more = asked;
            more.bytes[size + byte] = 1;
            CHECK_EQ(validate(&more), STATUS_NOT_SUPPORTED);
        }
    }
}

static void lengths_are_exact(void)
{
    for (int kind = 0; kind < KINDS; kind++)
    {
        request asked = any(kind);
        asked.length++;
        CHECK_EQ(validate(&asked), STATUS_INFO_LENGTH_MISMATCH);
        asked.length -= 2;
        CHECK_EQ(validate(&asked), STATUS_INFO_LENGTH_MISMATCH);
    }
}

static void the_output_has_room(void)
{
    for (int kind = 0; kind < KINDS; kind++)
    {
        request asked = any(kind);
        asked.room--;
        CHECK_EQ(validate(&asked), STATUS_BUFFER_TOO_SMALL);
        asked.room = 0xFFFFFFFF;
        CHECK_EQ(validate(&asked), STATUS_SUCCESS);
    }
}

static void the_first_failing_step_gives_the_status(void)
{
    /* Everything is wrong; mended one step after the other. */
    request asked = guarding();
    asked.code = 1;
    asked.length = 8;
    asked.room = 0;
    put16(&asked, 6, 9);
    put16(&asked, 4, 9);
    put32(&asked, 0, 4);
    put32(&asked, 8, 4);
    put32(&asked, 32, 0x80);
    put64(&asked, 56, 1);
    CHECK_EQ(validate(&asked), STATUS_INVALID_DEVICE_REQUEST);
    asked.code = TL_IOCTL_GUARD;
    CHECK_EQ(validate(&asked), STATUS_INFO_LENGTH_MISMATCH);
    asked.length = 80;
    CHECK_EQ(validate(&asked), STATUS_INVALID_PARAMETER);
    put16(&asked, 6, TL_MESSAGE_GUARD);
    CHECK_EQ(validate(&asked), STATUS_REVISION_MISMATCH);
    put16(&asked, 4, 1);
    CHECK_EQ(validate(&asked), STATUS_INFO_LENGTH_MISMATCH);
    put32(&asked, 0, 80);
    CHECK_EQ(validate(&asked), STATUS_INFO_LENGTH_MISMATCH);
    put32(&asked, 8, 48);
    asked.bytes[79] = 1;
    CHECK_EQ(validate(&asked), STATUS_NOT_SUPPORTED);
    asked.bytes[79] = 0;
    asked.length = 81;
    CHECK_EQ(validate(&asked), STATUS_INFO_LENGTH_MISMATCH);
    asked.length = 80;
    CHECK_EQ(validate(&asked), STATUS_INVALID_PARAMETER);
    put64(&asked, 56, 0);
    CHECK_EQ(validate(&asked), STATUS_NOT_SUPPORTED);
    put32(&asked, 32, 1);
    CHECK_EQ(validate(&asked), STATUS_INVALID_PARAMETER);
    put32(&asked, 32, 0);
    CHECK_EQ(validate(&asked), STATUS_BUFFER_TOO_SMALL);
    asked.room = 112;
    CHECK_EQ(validate(&asked), STATUS_SUCCESS);
}

static void a_refused_request_leaves_nothing(void)
{
    TL_VALID_REQUEST valid;
    static const TL_VALID_REQUEST nothing;
    request asked = guarding();
    asked.room = 0;
    memset(&valid, 0xEE, sizeof valid);
    CHECK_EQ(TlValidateRequest(asked.code, asked.bytes, asked.length, asked.room, &valid), STATUS_BUFFER_TOO_SMALL);
    CHECK_EQ(memcmp(&valid, &nothing, sizeof valid), 0);
}

static void refusals_are_counted(void)
{
    const TL_STATS_REQUEST asked = stats_request();
    CHECK_EQ(bench_send(TL_IOCTL_STATS, &asked, 15, NULL, 0, NULL), STATUS_INFO_LENGTH_MISMATCH);
    CHECK_EQ(bench_send(7, NULL, 0, NULL, 0, NULL), STATUS_INVALID_DEVICE_REQUEST);
    CHECK_EQ(bench_core.Counters.Requests, 2);
    CHECK_EQ(bench_core.Counters.Rejected, 2);
}

const test_case validate_tests[] = {
    {"validation: each message in its simplest form passes", each_message_passes},
    {"validation: the codes are the documented ones", codes_are_the_documented_ones},
    {"validation: any other code is no request", unknown_codes_are_no_requests},
    {"validation: an input shorter than a header is too short", no_input_is_too_short},
    {"validation: a message under another's code is refused", a_message_under_anothers_code_is_refused},
    {"validation: a version out of the range is refused, HELLO's only if 0", versions_have_a_range},
    {"validation: the request's size is version 1's at least, 8-aligned, bounded, inside", the_fixed_part_has_its_size},
    {"validation: a size beyond the input is not believed, and nothing beyond it is read",
     a_size_beyond_the_input_is_not_believed},
    {"validation: so is the reply's", the_replys_fixed_part_has_its_size},
    {"validation: so is a record's, and 0 where there are none", records_have_their_size},
    {"validation: a newer client is understood as long as it asks for nothing unknown",
     a_newer_clients_sizes_are_understood},
    {"validation: an input of another length than it says is refused", lengths_are_exact},
    {"validation: the output has room for what the request fixes", the_output_has_room},
    {"validation: the first step that fails gives the status", the_first_failing_step_gives_the_status},
    {"validation: a refused request leaves nothing behind", a_refused_request_leaves_nothing},
    {"validation: refusals are counted", refusals_are_counted},
    {0},
};
