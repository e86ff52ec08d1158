/*
 * The C header against bytes that were written by hand (test/fixtures/golden): structures filled with the literals that
 * the files' comments name must have exactly the files' bytes. Also built with -m32 and as C++17, for which the layout
 * is the same.
 *
 * golden_test [FOLDER]: where the files are; test/fixtures/golden where it is left out.
 */
#include "trustlet_protocol.h"

#include "golden_file.h"

/* A reply: the fixed part and what follows it. */
static uint8_t reply[ROOM];
static size_t reply_length;

static void append(const void *bytes, size_t length)
{
    memcpy(reply + reply_length, bytes, length);
    reply_length += length;
}

static void begin(const void *fixed, size_t length)
{
    reply_length = 0;
    append(fixed, length);
}

static TL_REQUEST_HEADER request_header(uint32_t size, uint16_t message, uint32_t reply_size, uint32_t record_size)
{
    TL_REQUEST_HEADER header;
    header.Size = size;
    header.Version = 1;
    header.Message = message;
    header.ReplySize = reply_size;
    header.RecordSize = record_size;
    return header;
}

static TL_REPLY_HEADER reply_header(uint32_t size, uint16_t message, uint32_t record_size, uint32_t count)
{
    TL_REPLY_HEADER header;
    header.Size = size;
    header.Version = 1;
    header.Message = message;
    header.RecordSize = record_size;
    header.RecordCount = count;
    return header;
}

static TL_PROCESS_RECORD no_record(void)
{
    TL_PROCESS_RECORD record;
    memset(&record, 0, sizeof record);
    record.Evidence = TL_EVIDENCE_DOCUMENTED;
    return record;
}

static TL_PROCESS_RECORD lsaiso(void)
{
    TL_PROCESS_RECORD record = no_record();
    record.Pid = 812;
    record.ParentPid = 668;
    record.Flags = 0x80;
    record.Present = TL_PRESENT_EXTENDED_STATUS | TL_PRESENT_FLAGS | TL_PRESENT_PROTECTION | TL_PRESENT_PARENT |
                     TL_PRESENT_CREATE_TIME | TL_PRESENT_START_KEY;
    record.CreateTime = UINT64_C(0x01db0b13a2b5d200);
    record.StartKey = UINT64_C(0x000700000000021c);
    record.Verdict = TL_VERDICT_SECURE;
    record.Reason = TL_REASON_SECURE_BIT_SET;
    return record;
}

static TL_PROCESS_RECORD system_process(void)
{
    TL_PROCESS_RECORD record = lsaiso();
    record.Pid = 4;
    record.ParentPid = 0;
    record.Flags = 1;
    record.CreateTime = UINT64_C(0x01db0b13914e1780);
    record.StartKey = UINT64_C(0x0007000000000002);
    record.Verdict = TL_VERDICT_ORDINARY;
    record.Reason = TL_REASON_SECURE_BIT_CLEAR;
    record.Protection = 0x72;
    return record;
}

static TL_PROCESS_RECORD listed(TL_PROCESS_RECORD record, uint8_t classification, uint16_t length, uint32_t offset)
{
    record.Present |= TL_PRESENT_CLASSIFICATION | TL_PRESENT_SESSION | TL_PRESENT_NAME;
    record.Classification = classification;
    record.NameLength = length;
    record.NameOffset = offset;
    return record;
}

static void hello(void)
{
    TL_HELLO_REQUEST asked;
    TL_HELLO_REPLY told;

    memset(&asked, 0, sizeof asked);
    asked.Header = request_header(24, TL_MESSAGE_HELLO, 72, 0);
    asked.MinVersion = 1;
    asked.MaxVersion = 1;
    compare("hello-request", &asked, sizeof asked);

    memset(&told, 0, sizeof told);
    told.Header = reply_header(72, TL_MESSAGE_HELLO, 0, 0);
    told.Version = 1;
    told.MinVersion = 1;
    told.MaxVersion = 1;
    told.DriverVersion = 0x100;
    told.Capabilities = TL_CAPABILITY_QUERY | TL_CAPABILITY_CENSUS | TL_CAPABILITY_EXAMINE | TL_CAPABILITY_GUARD |
                        TL_CAPABILITY_STATS | TL_CAPABILITY_START_KEY;
    told.OsMajor = 10;
    told.OsBuild = 26100;
    told.IsolatedUserModeFlags = 0x503;
    told.MaxPids = 4096;
    told.MaxFixedSize = 1024;
    told.Operations = 0x7FFF;
    told.ProcessRecordSize = 64;
    compare("hello-reply", &told, sizeof told);
}

static void query(void)
{
    static const uint32_t pids[] = {812, 4, 5000};
    TL_PROCESS_RECORD records[3];
    TL_QUERY_REQUEST asked;
    TL_QUERY_REPLY told;

    memset(&asked, 0, sizeof asked);
    asked.Header = request_header(24, TL_MESSAGE_QUERY, 16, 64);
    asked.PidCount = 3;
    begin(&asked, sizeof asked);
    append(pids, sizeof pids);
    compare("query-request", reply, reply_length);

    told.Header = reply_header(16, TL_MESSAGE_QUERY, 64, 3);
    records[0] = lsaiso();
    records[1] = system_process();
    records[2] = no_record();
    records[2].Pid = 5000;
    records[2].OpenStatus = 0xC000000Bu;
    records[2].Status = 0xC000000Bu;
    records[2].Reason = TL_REASON_GONE;
    begin(&told, sizeof told);
    append(records, sizeof records);
    compare("query-reply", reply, reply_length);
}

static void census(void)
{
    static const uint16_t names[] = {'S', 'y', 's', 't', 'e', 'm',   'L', 's', 'a', 'I', 's',
                                     'o', '.', 'e', 'x', 'e', 0x3C0, '.', 'e', 'x', 'e'};
    TL_PROCESS_RECORD records[3];
    TL_CENSUS_REQUEST asked;
    TL_CENSUS_REPLY told;

    memset(&asked, 0, sizeof asked);
    asked.Header = request_header(40, TL_MESSAGE_CENSUS, 48, 64);
    compare("census-request", &asked, sizeof asked);
    asked.Flags = TL_CENSUS_RESUME;
    asked.CursorPid = 4242;
    asked.CursorSequence = 0x345;
    asked.CursorCreateTime = UINT64_C(0x01db0b14e43c1000);
    compare("census-resume-request", &asked, sizeof asked);

    memset(&told, 0, sizeof told);
    told.Header = reply_header(48, TL_MESSAGE_CENSUS, 64, 3);
    told.Flags = TL_CENSUS_MORE;
    told.NextPid = 4242;
    told.NextSequence = 0x345;
    told.NextCreateTime = UINT64_C(0x01db0b14e43c1000);
    told.Total = 7;
    told.Remaining = 4;
    records[0] = listed(system_process(), 1, 12, 240);
    records[1] = listed(lsaiso(), 0, 20, 252);
    records[2] = listed(no_record(), 0, 10, 272);
    records[2].Pid = 4242;
    records[2].ParentPid = 812;
    records[2].Present |= TL_PRESENT_EXTENDED_STATUS | TL_PRESENT_PARENT | TL_PRESENT_CREATE_TIME | TL_PRESENT_REUSED;
    records[2].CreateTime = UINT64_C(0x01db0b14e43c1000);
    records[2].SessionId = 2;
    records[2].Reason = TL_REASON_GONE;
    begin(&told, sizeof told);
    append(records, sizeof records);
    append(names, sizeof names);
    compare("census-reply", reply, reply_length);
}

static void examine(void)
{
    TL_PROCESS_RECORD record = no_record();
    TL_EXAMINE_REQUEST asked;
    TL_EXAMINE_REPLY told;

    memset(&asked, 0, sizeof asked);
    asked.Header = request_header(64, TL_MESSAGE_EXAMINE, 40, 64);
    asked.Handle = UINT64_C(0xffffffffffffffff);
    asked.Kind = TL_KIND_PROCESS;
    asked.ExpectedAccess = 0x1000;
    asked.Expect = TL_EXPECT_PID;
    asked.ExpectedPid = 2000;
    compare("examine-request", &asked, sizeof asked);

    memset(&told, 0, sizeof told);
    told.Header = reply_header(40, TL_MESSAGE_EXAMINE, 64, 1);
    told.ReferenceStatus = 0xC0000008u;
    record.OpenStatus = 0xC0000008u;
    record.Status = 0xC0000008u;
    begin(&told, sizeof told);
    append(&record, sizeof record);
    compare("examine-nothing-reply", reply, reply_length);

    told.ReferenceStatus = 0;
    told.GrantedAccess = 0x810;
    told.Tid = 3012;
    told.Identity = TL_IDENTITY_OTHER;
    told.Thread = TL_THREAD_EXITED;
    told.AccessSufficient = 1;
    record = no_record();
    record.Pid = 3000;
    record.ParentPid = 2000;
    record.Flags = 4;
    record.Present = TL_PRESENT_EXTENDED_STATUS | TL_PRESENT_FLAGS | TL_PRESENT_PARENT | TL_PRESENT_CREATE_TIME;
    record.CreateTime = UINT64_C(0x7fffffffffffff01);
    record.Reason = TL_REASON_EXITING;
    begin(&told, sizeof told);
    append(&record, sizeof record);
    compare("examine-reply", reply, reply_length);
}

static void guard_requests(void)
{
    TL_GUARD_REQUEST asked;

    memset(&asked, 0, sizeof asked);
    asked.Header = request_header(72, TL_MESSAGE_GUARD, 48, 64);
    asked.Handle = 0x1a8;
    asked.Kind = TL_KIND_PROCESS;
    asked.Operations = TL_OPERATION_TERMINATE;
    asked.Accepted = TL_OPERATION_SUSPEND | TL_OPERATION_TERMINATE | TL_OPERATION_DUPLICATE_HANDLE;
    compare("guard-accepted-request", &asked, sizeof asked);

    asked.Handle = 0x1a4;
    asked.Kind = TL_KIND_THREAD;
    asked.ExpectedAccess = 0x810;
    asked.Expect = TL_EXPECT_PID | TL_EXPECT_CREATE_TIME | TL_EXPECT_START_KEY;
    asked.ExpectedPid = 812;
    asked.ExpectedCreateTime = UINT64_C(0x01db0b13a2b5d200);
    asked.ExpectedStartKey = UINT64_C(0x000700000000021c);
    asked.Operations = TL_OPERATION_QUEUE_APC;
    asked.Accepted = 0;
    compare("guard-request", &asked, sizeof asked);
}

static void guard_replies(void)
{
    TL_PROCESS_RECORD record = lsaiso();
    TL_GUARD_REPLY told;

    memset(&told, 0, sizeof told);
    told.Header = reply_header(48, TL_MESSAGE_GUARD, 64, 1);
    told.GrantedAccess = 0x810;
    told.Tid = 816;
    told.Identity = TL_IDENTITY_SAME;
    told.Thread = TL_THREAD_PAIRED;
    told.AccessSufficient = 1;
    told.Decision = TL_DECISION_REFUSE;
    told.Verdict = TL_VERDICT_SECURE;
    told.Reason = TL_REASON_SECURE;
    told.Evidence = TL_EVIDENCE_DOCUMENTED;
    begin(&told, sizeof told);
    append(&record, sizeof record);
    compare("guard-reply", reply, reply_length);

    told.GrantedAccess = 0x1001;
    told.Tid = 0;
    told.Identity = TL_IDENTITY_UNCHECKED;
    told.Thread = TL_THREAD_NONE;
    told.Decision = TL_DECISION_ALLOW;
    told.Reason = TL_REASON_AVAILABILITY_ACCEPTED;
    told.Evidence = TL_EVIDENCE_DERIVED;
    record.Present &= ~TL_PRESENT_START_KEY;
    record.StartKey = 0;
    record.Evidence = TL_EVIDENCE_DERIVED;
    begin(&told, sizeof told);
    append(&record, sizeof record);
    compare("guard-accepted-reply", reply, reply_length);
}

static void stats(void)
{
    TL_REFUSAL_RECORD rows[2];
    TL_STATS_REQUEST asked;
    TL_STATS_REPLY told;

    asked.Header = request_header(16, TL_MESSAGE_STATS, 128, 16);
    compare("stats-request", &asked, sizeof asked);

    memset(&told, 0, sizeof told);
    told.Header = reply_header(128, TL_MESSAGE_STATS, 16, 2);
    told.Opens = 5;
    told.OpenNow = 2;
    told.Requests = 1234567890;
    told.Rejected = 11;
    told.Cancelled = 1;
    told.Records = UINT64_C(0x100000000);
    told.Secure = 3;
    told.Ordinary = 0xFFFFFFFCu;
    told.Unknown = 1;
    told.Allowed = 8;
    told.Refused = 10;
    told.PoolBlocks = 4;
    told.CensusRestarts = 6;
    told.RefusalRows = 3;
    rows[0].Operation = 0;
    rows[0].Reason = TL_REASON_SECURE;
    rows[0].Count = 7;
    rows[1].Operation = 13;
    rows[1].Reason = TL_REASON_AVAILABILITY;
    rows[1].Count = 2;
    begin(&told, sizeof told);
    append(rows, sizeof rows);
    compare("stats-reply", reply, reply_length);
}

/* Sizes, the members that no vector can tell from their neighbours, and the codes. */
static void layout(void)
{
    tell(sizeof(TL_REQUEST_HEADER) == 16 && sizeof(TL_REPLY_HEADER) == 16, "headers have 16 bytes");
    tell(sizeof(TL_PROCESS_RECORD) == 64 && sizeof(TL_REFUSAL_RECORD) == 16, "records have 64 and 16 bytes");
    tell(sizeof(TL_HELLO_REQUEST) == 24 && sizeof(TL_QUERY_REQUEST) == 24 && sizeof(TL_CENSUS_REQUEST) == 40 &&
             sizeof(TL_EXAMINE_REQUEST) == 64 && sizeof(TL_GUARD_REQUEST) == 72 && sizeof(TL_STATS_REQUEST) == 16,
         "requests have 24, 24, 40, 64, 72 and 16 bytes");
    tell(sizeof(TL_HELLO_REPLY) == 72 && sizeof(TL_QUERY_REPLY) == 16 && sizeof(TL_CENSUS_REPLY) == 48 &&
             sizeof(TL_EXAMINE_REPLY) == 40 && sizeof(TL_GUARD_REPLY) == 48 && sizeof(TL_STATS_REPLY) == 128,
         "replies have 72, 16, 48, 40, 48 and 128 bytes");
    tell(offsetof(TL_PROCESS_RECORD, ExtendedStatus) == 12 && offsetof(TL_PROCESS_RECORD, SessionId) == 40 &&
             offsetof(TL_PROCESS_RECORD, Classification) == 52 && offsetof(TL_PROCESS_RECORD, Reserved) == 53 &&
             offsetof(TL_PROCESS_RECORD, Reserved2) == 60,
         "members of a process record that are 0 in the vectors are where they should be");
    tell(offsetof(TL_HELLO_REQUEST, Reserved) == 20 && offsetof(TL_HELLO_REPLY, Reserved) == 22 &&
             offsetof(TL_HELLO_REPLY, OsMinor) == 36 && offsetof(TL_HELLO_REPLY, IsolatedUserModeStatus) == 44 &&
             offsetof(TL_HELLO_REPLY, Reserved2) == 68 && offsetof(TL_QUERY_REQUEST, Reserved) == 20,
         "so are those of HELLO and QUERY");
    tell(offsetof(TL_EXAMINE_REQUEST, Reserved) == 56 && offsetof(TL_GUARD_REQUEST, Reserved) == 56 &&
             offsetof(TL_EXAMINE_REQUEST, ExpectedCreateTime) == 40 &&
             offsetof(TL_EXAMINE_REQUEST, ExpectedStartKey) == 48 && offsetof(TL_EXAMINE_REPLY, ThreadStatus) == 28 &&
             offsetof(TL_EXAMINE_REPLY, Reserved2) == 36,
         "and of EXAMINE and its reply");
    tell(offsetof(TL_GUARD_REPLY, ReferenceStatus) == 16 && offsetof(TL_GUARD_REPLY, ThreadStatus) == 28 &&
             offsetof(TL_GUARD_REPLY, Status) == 44 && offsetof(TL_STATS_REPLY, Reserved) == 124,
         "and of GUARD's and STATS' replies");
    tell(TL_IOCTL_HELLO == 0x8E546404u && TL_IOCTL_QUERY == 0x8E546408u && TL_IOCTL_CENSUS == 0x8E54640Cu &&
             TL_IOCTL_EXAMINE == 0x8E546410u && TL_IOCTL_GUARD == 0x8E546414u && TL_IOCTL_STATS == 0x8E546418u,
         "the codes are the documented ones");
}

int main(int count, char **arguments)
{
    if (count > 1)
        folder = arguments[1];
    printf("TAP version 13\n");
    hello();
    query();
    census();
    examine();
    guard_requests();
    guard_replies();
    stats();
    layout();
    printf("1..%d\n# %u-bit\n%d passed, %d failed\n", number, (unsigned)sizeof(void *) * 8u, number - failed, failed);
    return failed == 0 ? 0 : 1;
}
