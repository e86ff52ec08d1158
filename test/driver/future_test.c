/*
 * Clients and drivers of different days. This program is built twice (scripts/future-driver.mjs): with today's header,
 * and with that of a protocol in which every structure has one more 64-bit member. In each it is asked by a client of
 * today and by one of that future. The client is written in bytes and literal sizes (docs/protocol.md), not with the
 * header: it must not grow along with the driver. Simulated kernel.
 */
#include "core/bench.h"

#include <stdlib.h>
#include <string.h>

#include "validate.h"

#define GROWTH 8u
#define HEADER_SIZE 16u
#define ROOM 4096u

/* What the driver under test knows beyond today. */
#define DRIVER_GROWTH (sizeof(TL_HELLO_REPLY) - 72u)

/* What the client of the running test knows beyond today. */
static UINT32 client_growth;

int check_failed;

/* One message, as of today. */
typedef struct message
{
    const char *name;
    ULONG code;
    UINT16 number;
    UINT32 request;
    UINT32 reply;
    UINT32 record;
} message;

enum
{
    HELLO,
    QUERY,
    CENSUS,
    EXAMINE,
    GUARD,
    STATS,
    MESSAGES
};

static const message messages[MESSAGES] = {
    {"HELLO", 0x8E546404, 1, 24, 72, 0},    {"QUERY", 0x8E546408, 2, 24, 16, 64}, {"CENSUS", 0x8E54640C, 3, 40, 48, 64},
    {"EXAMINE", 0x8E546410, 4, 64, 40, 64}, {"GUARD", 0x8E546414, 5, 72, 48, 64}, {"STATS", 0x8E546418, 6, 16, 128, 16},
};

static UINT8 request[ROOM];
static UINT32 request_length;
static UINT8 reply[ROOM];
static ULONG_PTR reply_length;

static void put(UINT32 offset, UINT64 value, UINT32 bytes)
{
    for (UINT32 i = 0; i < bytes; i++)
        request[offset + i] = (UINT8)(value >> (8 * i));
}

static UINT64 get(UINT32 offset, UINT32 bytes)
{
    UINT64 value = 0;
    for (UINT32 i = 0; i < bytes; i++)
        value |= (UINT64)reply[offset + i] << (8 * i);
    return value;
}

static UINT32 lesser(UINT32 left, UINT32 right)
{
    return left < right ? left : right;
}

/* Bytes of a structure that both sides know. */
static UINT32 common(UINT32 today)
{
    return today + lesser(client_growth, (UINT32)DRIVER_GROWTH);
}

/* A valid request of the client, in which the unknown future is 0. */
static void prepare(const message *asked)
{
    memset(request, 0, sizeof request);
    request_length = asked->request + client_growth;
    put(0, request_length, 4);
    put(4, 1, 2);
    put(6, asked->number, 2);
    put(8, asked->reply + client_growth, 4);
    put(12, asked->record == 0 ? 0 : asked->record + client_growth, 4);
    switch (asked->number)
    {
    case 1:
        put(16, 1, 2);
        put(18, 1, 2);
        break;
    case 2:
        put(16, 2, 4);
        put(request_length, LSAISO_PID, 4);
        put(request_length + 4, NOTEPAD_PID, 4);
        request_length += 8;
        break;
    case 4:
        put(16, ~(UINT64)0, 8); /* the caller itself */
        put(24, 1, 4);
        break;
    case 5:
        put(16, ~(UINT64)0, 8);
        put(24, 1, 4);
        put(64, 0x8, 4); /* read */
        break;
    default:
        break;
    }
}

static NTSTATUS submit(const message *asked, ULONG room)
{
    memset(reply, 0xEE, sizeof reply);
    return bench_send(asked->code, request, request_length, reply, room, &reply_length);
}

/* Sends a valid request and looks at what is the same for every message. \return whether all is well. */
static int ask(const message *asked, UINT32 records)
{
    prepare(asked);
    const NTSTATUS status = submit(asked, ROOM);
    const UINT32 stride = asked->record == 0 ? 0 : common(asked->record);
    const int well = status == STATUS_SUCCESS && get(0, 4) == common(asked->reply) && get(4, 2) == 1 &&
                     get(6, 2) == asked->number && get(8, 4) == stride && get(12, 4) == records &&
                     reply_length >= common(asked->reply) + stride * records;
    if (!well)
        printf("# %s: status 0x%x, size %u, stride %u, %u records, %u bytes\n", asked->name, (unsigned)status,
               (unsigned)get(0, 4), (unsigned)get(8, 4), (unsigned)get(12, 4), (unsigned)reply_length);
    return well;
}

/* Where a record of the reply begins. */
static UINT32 record_at(const message *asked, UINT32 index)
{
    return common(asked->reply) + index * common(asked->record);
}

static void hello_is_understood(void)
{
    CHECK(ask(&messages[HELLO], 0));
    CHECK_EQ(reply_length, common(72));
    CHECK_EQ(get(16, 2), 1);                  /* the version both speak */
    CHECK_EQ(get(40, 4), 26100);              /* the build */
    CHECK_EQ(get(60, 4), 0x7FFF);             /* operations */
    CHECK_EQ(get(64, 4), 64 + DRIVER_GROWTH); /* the driver's own record */
}

static void query_is_understood(void)
{
    const message *asked = &messages[QUERY];
    CHECK(ask(asked, 2));
    CHECK_EQ(reply_length, common(16) + 2 * common(64));
    CHECK_EQ(get(record_at(asked, 0), 4), LSAISO_PID);
    CHECK_EQ(get(record_at(asked, 0) + 48, 1), 2); /* secure */
    CHECK_EQ(get(record_at(asked, 1), 4), NOTEPAD_PID);
    CHECK_EQ(get(record_at(asked, 1) + 48, 1), 1); /* ordinary */
}

/* Looks at the records and names of a census part. \return how many of them are the expected process. */
static UINT32 find_lsaiso(void)
{
    static const char name[] = "L\0s\0a\0I\0s\0o\0.\0e\0x\0e";
    const message *asked = &messages[CENSUS];
    const UINT32 count = (UINT32)get(12, 4);
    UINT32 found = 0;
    for (UINT32 i = 0; i < count; i++)
    {
        const UINT32 at = record_at(asked, i);
        const UINT64 offset = get(at + 56, 4);
        const UINT64 length = get(at + 54, 2);
        if (get(at, 4) == LSAISO_PID && get(at + 48, 1) == 2 && length == 20 && offset >= record_at(asked, count) &&
            offset + length <= reply_length && memcmp(reply + offset, name, 20) == 0)
            found++;
    }
    return found;
}

static void census_is_understood(void)
{
    CHECK(ask(&messages[CENSUS], BENCH_PROCESSES));
    CHECK_EQ(get(40, 4), BENCH_PROCESSES);
    CHECK_EQ(get(44, 4), 0);
    CHECK_EQ(find_lsaiso(), 1);
}

static void census_is_resumed(void)
{
    const message *asked = &messages[CENSUS];
    /* The fixed part, two records and their names, not three. */
    const ULONG room = common(48) + 2 * common(64) + 60;
    UINT32 seen = 0;
    UINT32 found = 0;
    UINT32 parts = 0;
    prepare(asked);
    do
    {
        CHECK_EQ(submit(asked, room), STATUS_SUCCESS);
        CHECK_EQ(get(0, 4), common(48));
        CHECK_EQ(get(8, 4), common(64));
        seen += (UINT32)get(12, 4);
        found += find_lsaiso();
        put(16, 1, 4);
        put(20, get(20, 4), 4);
        put(24, get(24, 8), 8);
        put(32, get(32, 8), 8);
        parts++;
    } while ((get(16, 4) & 1) != 0 && parts < 100);
    CHECK(parts > 1);
    CHECK_EQ(seen, BENCH_PROCESSES);
    CHECK_EQ(found, 1);
}

static void examine_is_understood(void)
{
    const message *asked = &messages[EXAMINE];
    CHECK(ask(asked, 1));
    CHECK_EQ(reply_length, common(40) + common(64));
    CHECK_EQ(get(16, 4), 0);
    CHECK_EQ(get(record_at(asked, 0), 4), AGENT_PID);
    CHECK_EQ(get(record_at(asked, 0) + 48, 1), 1);
}

static void guard_is_understood(void)
{
    const message *asked = &messages[GUARD];
    CHECK(ask(asked, 1));
    CHECK_EQ(reply_length, common(48) + common(64));
    CHECK_EQ(get(40, 1), 1); /* allow */
    CHECK_EQ(get(41, 1), 1); /* ordinary */
    CHECK_EQ(get(record_at(asked, 0), 4), AGENT_PID);
}

static void guard_still_refuses_a_trustlet(void)
{
    const message *asked = &messages[GUARD];
    HANDLE handle = process_handle(LSAISO_PID, 0x10 | 0x1000);
    prepare(asked);
    put(16, (UINT64)(INT64)(LONG_PTR)handle, 8);
    const NTSTATUS status = submit(asked, ROOM);
    ntsim_kernel_close(handle);
    CHECK_EQ(status, STATUS_SUCCESS);
    CHECK_EQ(get(40, 1), 0);  /* refuse */
    CHECK_EQ(get(41, 1), 2);  /* secure */
    CHECK_EQ(get(42, 1), 10); /* because it is */
}

static void stats_are_understood(void)
{
    const message *asked = &messages[STATS];
    guard_still_refuses_a_trustlet();
    CHECK(ask(asked, 1));
    CHECK_EQ(reply_length, common(128) + common(16));
    CHECK_EQ(get(120, 4), 1);
    CHECK_EQ(get(record_at(asked, 0), 4), 3);      /* read */
    CHECK_EQ(get(record_at(asked, 0) + 4, 4), 10); /* secure */
    CHECK_EQ(get(record_at(asked, 0) + 8, 8), 1);
}

/* An output of exactly what both sides know is enough, and one byte less is not. */
static void what_both_know_is_enough(void)
{
    static const UINT32 records[MESSAGES] = {0, 2, 0, 1, 1, 0};
    for (UINT32 i = 0; i < MESSAGES; i++)
    {
        const ULONG enough = common(messages[i].reply) + records[i] * common(messages[i].record);
        prepare(&messages[i]);
        /* A census with room for no record has nothing to say. */
        if (i != CENSUS)
            CHECK_EQ(submit(&messages[i], enough), STATUS_SUCCESS);
        CHECK_EQ(submit(&messages[i], enough - 1), STATUS_BUFFER_TOO_SMALL);
    }
}

/* What the client says in a member that the driver does not know is never passed over. */
static void what_the_driver_does_not_know_is_refused(void)
{
    for (UINT32 i = 0; i < MESSAGES && client_growth > 0; i++)
        for (UINT32 byte = 0; byte < GROWTH; byte++)
        {
            prepare(&messages[i]);
            request[messages[i].request + byte] = 1;
            CHECK_EQ(submit(&messages[i], ROOM), DRIVER_GROWTH > 0 ? STATUS_SUCCESS : STATUS_NOT_SUPPORTED);
        }
}

/* What the client does not know reads as 0, although other bytes of the request stand there. */
static void what_the_client_does_not_know_is_zero(void)
{
    static const UINT8 zeros[2 * GROWTH];
    static TL_VALID_REQUEST valid;
    for (UINT32 i = 0; i < MESSAGES; i++)
    {
        prepare(&messages[i]);
        memset(&valid, 0xEE, sizeof valid);
        CHECK_EQ(TlValidateRequest(messages[i].code, request, request_length, ROOM, &valid), STATUS_SUCCESS);
        CHECK_EQ(memcmp((const UINT8 *)&valid.Body + messages[i].request, zeros, DRIVER_GROWTH), 0);
    }
}

/* Sizes that are of no day: below today's, or not whole. */
static void sizes_below_version_1_are_refused(void)
{
    for (UINT32 i = 0; i < MESSAGES; i++)
    {
        static const UINT32 places[] = {0, 8, 12};
        const UINT32 sizes[] = {messages[i].request, messages[i].reply, messages[i].record};
        for (UINT32 place = 0; place < 3; place++)
        {
            /* Where there are no records, any size of one is wrong. */
            const UINT32 least = sizes[place];
            const UINT32 wrong[] = {least - GROWTH, least + GROWTH / 2};
            for (UINT32 which = least == 0 ? 1 : 0; which < 2; which++)
            {
                prepare(&messages[i]);
                put(places[place], wrong[which], 4);
                CHECK_EQ(submit(&messages[i], ROOM), STATUS_INFO_LENGTH_MISMATCH);
            }
        }
    }
}

static const test_case tests[] = {
    {"HELLO is understood", hello_is_understood},
    {"QUERY is understood", query_is_understood},
    {"CENSUS is understood, names and all", census_is_understood},
    {"CENSUS is resumed", census_is_resumed},
    {"EXAMINE is understood", examine_is_understood},
    {"GUARD is understood", guard_is_understood},
    {"GUARD still refuses a trustlet", guard_still_refuses_a_trustlet},
    {"STATS are understood", stats_are_understood},
    {"an output of what both know is enough, and no less is", what_both_know_is_enough},
    {"what the driver does not know is refused, not passed over", what_the_driver_does_not_know_is_refused},
    {"what the client does not know reads as 0", what_the_client_does_not_know_is_zero},
    {"sizes below version 1 are refused", sizes_below_version_1_are_refused},
};

/* future_test today|future: which header the build was meant to use. */
int main(int count, char **arguments)
{
    int number = 0;
    int failed = 0;
    const UINT32 wanted = count > 1 && strcmp(arguments[1], "future") == 0 ? GROWTH : 0;

    printf("TAP version 13\n");
    for (client_growth = 0; client_growth <= GROWTH; client_growth += GROWTH)
        for (size_t i = 0; i < ARRAYSIZE(tests); i++)
        {
            check_failed = DRIVER_GROWTH != wanted;
            bench_boot();
            tests[i].run();
            bench_end();
            failed += check_failed;
            printf("%sok %d - %s client, %s driver: %s\n", check_failed ? "not " : "", ++number,
                   client_growth == 0 ? "today's" : "future", DRIVER_GROWTH == 0 ? "today's" : "future", tests[i].name);
        }
    printf("1..%d\n# simulated kernel\n%d passed, %d failed\n", number, number - failed, failed);
    return failed == 0 ? 0 : 1;
}
