#include "replies.h"

#include "bytes.h"
#include "record.h"
#include "require.h"
#include "rules.h"
#include "trustlet_protocol.h"
#include "world.h"

#define REPLY_HEADER 16u
#define MOST_IN_A_CENSUS 80u
#define CENSUS_MORE 1u

static uint32_t Smaller(uint32_t Left, uint32_t Right)
{
    return Left < Right ? Left : Right;
}

static const uint8_t *RecordAt(const FUZZ_REPLY *Reply, uint32_t Index)
{
    return Reply->Output + FuzzGet32(Reply->Output, 0) + (uint64_t)Index * FuzzGet32(Reply->Output, 8);
}

static uint32_t RecordCount(const FUZZ_REPLY *Reply)
{
    return FuzzGet32(Reply->Output, 12);
}

/* A newer client has room that this driver leaves alone; the fixed part is what both know. */
static void CheckHeader(const FUZZ_REPLY *Reply)
{
    const FUZZ_SIZES *Known = FuzzSizesOf(Reply->Message);
    const uint32_t Fixed = Smaller(FuzzGet32(Reply->Input, 8), Known->Reply);
    const uint32_t Stride = Smaller(FuzzGet32(Reply->Input, 12), Known->Record);
    REQUIRE(Reply->Information >= REPLY_HEADER && Reply->Information <= Reply->OutputLength);
    REQUIRE_EQUAL(FuzzGet32(Reply->Output, 0), Fixed);
    REQUIRE_EQUAL(FuzzGet16(Reply->Output, 4), 1);
    REQUIRE_EQUAL(FuzzGet16(Reply->Output, 6), Reply->Message);
    REQUIRE_EQUAL(FuzzGet32(Reply->Output, 8), Stride);
    const uint64_t End = Fixed + (uint64_t)RecordCount(Reply) * Stride;
    REQUIRE(Reply->Message == FUZZ_CENSUS ? Reply->Information >= End : Reply->Information == End);
}

static void CheckHello(const FUZZ_REPLY *Reply)
{
    const uint8_t *Hello = Reply->Output;
    const uint32_t ClientMin = FuzzGet16(Reply->Input, 16);
    REQUIRE_EQUAL(FuzzGet16(Hello, 16), ClientMin <= 1 ? 1 : 0);
    REQUIRE_EQUAL(FuzzGet16(Hello, 18), 1);
    REQUIRE_EQUAL(FuzzGet16(Hello, 20), 1);
    REQUIRE_EQUAL(FuzzGet16(Hello, 22), 0);
    REQUIRE_EQUAL(FuzzGet32(Hello, 40), FuzzWorld.Variant->System.build);
    REQUIRE_EQUAL(FuzzGet32(Hello, 52), 4096);
    REQUIRE_EQUAL(FuzzGet32(Hello, 56), 1024);
    REQUIRE_EQUAL(FuzzGet32(Hello, 60), 0x7FFF);
    REQUIRE_EQUAL(FuzzGet32(Hello, 64), 64);
    REQUIRE_EQUAL(FuzzGet32(Hello, 68), 0);
    REQUIRE(FuzzGet32(Hello, 44) == 0 || FuzzGet32(Hello, 48) == 0);
    if (FuzzWorld.Disturbed)
    {
        return;
    }
    REQUIRE_EQUAL(FuzzGet32(Hello, 28), FuzzWorld.Variant->HasStartKeys ? 0x11F : 0x1F);
    const bool Vsm = (FuzzWorld.Variant->System.bits & NTSIM_SYSTEM_VSM) != 0;
    REQUIRE_EQUAL(FuzzGet32(Hello, 44), FuzzWorld.Variant->System.knows_no_ium ? 0xC0000003u : 0u);
    REQUIRE_EQUAL(FuzzGet32(Hello, 48) & 1, Vsm);
}

static void CheckQuery(const FUZZ_REPLY *Reply)
{
    REQUIRE_EQUAL(RecordCount(Reply), FuzzGet32(Reply->Input, 16));
    const uint32_t Pids = FuzzGet32(Reply->Input, 0);
    for (uint32_t Index = 0; Index < RecordCount(Reply); Index++)
    {
        const uint32_t Pid = FuzzGet32(Reply->Input, Pids + 4 * Index);
        const uint8_t *Record = RecordAt(Reply, Index);
        REQUIRE_EQUAL(FuzzGet32(Record, 0), Pid);
        FuzzCheckRecord(Record);
        REQUIRE_EQUAL(FuzzGet32(Record, 20) & (0x100 | 0x200), 0);
        if (!FuzzWorld.Disturbed)
        {
            FuzzCheckAnswer(Record, FuzzLatest(Pid));
        }
    }
}

/* ---- census ---- */

static void CheckName(const FUZZ_REPLY *Reply, const uint8_t *Record, uint64_t *End)
{
    const uint32_t Length = FuzzGet16(Record, 54);
    if (Length == 0)
    {
        return;
    }
    REQUIRE(Length % 2 == 0);
    REQUIRE_EQUAL(FuzzGet32(Record, 56), *End);
    *End += Length;
    REQUIRE(*End <= Reply->Information);
    const FUZZ_PROCESS *Process = FuzzEver(FuzzGet32(Record, 0), FuzzGet64(Record, 24));
    if (Process == NULL || FuzzWorld.Lied)
    {
        return;
    }
    REQUIRE(Process->Name != NULL);
    REQUIRE_EQUAL(Length, 2 * strlen(Process->Name));
    for (uint32_t Index = 0; Index < Length / 2; Index++)
    {
        REQUIRE_EQUAL(FuzzGet16(Reply->Output, FuzzGet32(Record, 56) + 2 * Index), (uint8_t)Process->Name[Index]);
    }
}

/* Where a process stands in a census. */
typedef struct _PLACE
{
    uint64_t Sequence;
    uint64_t CreateTime;
    uint32_t Pid;
} PLACE;

static int Compare(const PLACE *Left, const PLACE *Right)
{
    if (Left->Sequence != Right->Sequence)
    {
        return Left->Sequence < Right->Sequence ? -1 : 1;
    }
    if (Left->CreateTime != Right->CreateTime)
    {
        return Left->CreateTime < Right->CreateTime ? -1 : 1;
    }
    return Left->Pid < Right->Pid ? -1 : Left->Pid > Right->Pid;
}

static PLACE PlaceOf(const FUZZ_PROCESS *Process)
{
    const bool Numbered = FuzzWorld.Variant->System.build >= 16299;
    const PLACE Place = {Numbered ? Process->Sequence : 0, Process->CreateTime, Process->Pid};
    return Place;
}

/* Who lives is listed, in the order of the census and after the cursor, and nobody else. */
static void CheckWhoIsListed(const FUZZ_REPLY *Reply)
{
    const bool Resumed = FuzzGet32(Reply->Input, 16) != 0;
    const PLACE Cursor = {FuzzGet64(Reply->Input, 24), FuzzGet64(Reply->Input, 32), FuzzGet32(Reply->Input, 20)};
    PLACE Before = Cursor;
    bool HasBefore = Resumed;
    uint32_t After = 0;
    uint32_t Ours = 0;
    for (uint32_t Index = 0; Index < RecordCount(Reply); Index++)
    {
        const uint8_t *Record = RecordAt(Reply, Index);
        const FUZZ_PROCESS *Process = FuzzEver(FuzzGet32(Record, 0), FuzzGet64(Record, 24));
        if (FuzzGet32(Record, 0) == 0 || FuzzGet32(Record, 0) == 4)
        {
            continue;
        }
        REQUIRE(Process != NULL && !Process->Ended);
        const PLACE Place = PlaceOf(Process);
        REQUIRE(!HasBefore || Compare(&Before, &Place) < 0);
        Before = Place;
        HasBefore = true;
        Ours++;
    }
    for (uint32_t Index = 0; Index < FuzzWorld.ProcessCount; Index++)
    {
        const FUZZ_PROCESS *Process = &FuzzWorld.Processes[Index];
        const PLACE Place = PlaceOf(Process);
        After += !Process->Ended && Process->Pid != 4 && (!Resumed || Compare(&Cursor, &Place) < 0);
    }
    REQUIRE(Ours <= After);
    REQUIRE((FuzzGet32(Reply->Output, 16) & CENSUS_MORE) != 0 || Ours == After);
}

static void CheckCensus(const FUZZ_REPLY *Reply)
{
    const uint8_t *Census = Reply->Output;
    const uint32_t Count = RecordCount(Reply);
    uint64_t End = FuzzGet32(Census, 0) + (uint64_t)Count * FuzzGet32(Census, 8);
    REQUIRE_EQUAL(FuzzGet32(Census, 16), FuzzGet32(Census, 44) > 0 ? CENSUS_MORE : 0);
    REQUIRE(FuzzGet32(Census, 40) >= Count + FuzzGet32(Census, 44));
    REQUIRE(Count > 0 || FuzzGet32(Census, 44) == 0);
    for (uint32_t Index = 0; Index < Count; Index++)
    {
        const uint8_t *Record = RecordAt(Reply, Index);
        FuzzCheckRecord(Record);
        CheckName(Reply, Record, &End);
        REQUIRE_EQUAL(FuzzGet32(Record, 20) & 0x70, 0x70);
        if (!FuzzWorld.Disturbed)
        {
            FuzzCheckAnswer(Record, FuzzLatest(FuzzGet32(Record, 0)));
        }
    }
    REQUIRE_EQUAL(Reply->Information, End);
    if (Count > 0)
    {
        REQUIRE_EQUAL(FuzzGet32(Census, 20), FuzzGet32(RecordAt(Reply, Count - 1), 0));
        REQUIRE_EQUAL(FuzzGet64(Census, 32), FuzzGet64(RecordAt(Reply, Count - 1), 24));
    }
    else
    {
        REQUIRE(FuzzGet32(Census, 20) == 0 && FuzzGet64(Census, 24) == 0 && FuzzGet64(Census, 32) == 0);
    }
    if (!FuzzWorld.Disturbed && (FuzzWorld.Variant->System.policies & NTSIM_POLICY_LIST_TERMINATED) == 0)
    {
        CheckWhoIsListed(Reply);
    }
}

/* ---- handles ---- */

/* What the handle of the request names, NULL where it is none of that kind. */
static const FUZZ_HANDLE *Target(const FUZZ_REPLY *Reply)
{
    const FUZZ_HANDLE *Handle = FuzzNamed(FuzzGet64(Reply->Input, 16));
    return Handle != NULL && Handle->Kind == FuzzGet32(Reply->Input, 24) ? Handle : NULL;
}

static bool IsExpected(const FUZZ_REPLY *Reply, const FUZZ_PROCESS *Process)
{
    const uint32_t Expect = FuzzGet32(Reply->Input, 32);
    return ((Expect & 1) == 0 || FuzzGet32(Reply->Input, 36) == Process->Pid) &&
           ((Expect & 2) == 0 || FuzzGet64(Reply->Input, 40) == Process->CreateTime) &&
           ((Expect & 4) == 0 || (Process->StartKey != 0 && FuzzGet64(Reply->Input, 48) == Process->StartKey));
}

static void CheckExamined(const FUZZ_REPLY *Reply, const FUZZ_HANDLE *Handle)
{
    const uint8_t *Fixed = Reply->Output;
    const uint8_t *Record = RecordAt(Reply, 0);
    const FUZZ_PROCESS *Process = &FuzzWorld.Processes[Handle->Process];
    const uint32_t Identity = Fixed[32];
    REQUIRE_EQUAL(FuzzGet32(Fixed, 20), Handle->Granted);
    REQUIRE_EQUAL(FuzzGet32(Fixed, 24), Handle->Kind == 2 ? Handle->Tid : 0);
    REQUIRE((Handle->Kind == 1) == (Fixed[33] == TL_THREAD_NONE));
    if (Handle->Kind == 2 && Fixed[33] == TL_THREAD_PAIRED && !FuzzWorld.Lied)
    {
        REQUIRE(!FuzzHasThreadEnded(Handle->Tid));
    }
    if (FuzzWorld.Lied)
    {
        return;
    }
    REQUIRE(Identity != TL_IDENTITY_SAME || IsExpected(Reply, Process));
    REQUIRE(FuzzGet32(Reply->Input, 32) != 0 || Identity == TL_IDENTITY_UNCHECKED);
    if (!FuzzWorld.Disturbed)
    {
        REQUIRE_EQUAL(FuzzGet32(Record, 0), Process->Pid);
        /* A process that has ended may be known through its handle alone, not through a thread. */
        if (Handle->Kind == 1 || !Process->Ended)
        {
            FuzzCheckAnswer(Record, Process);
            REQUIRE_EQUAL(Fixed[33], Handle->Kind == 1                                   ? TL_THREAD_NONE
                                     : FuzzHasThreadEnded(Handle->Tid) || Process->Ended ? TL_THREAD_EXITED
                                                                                         : TL_THREAD_PAIRED);
        }
        REQUIRE(Identity != TL_IDENTITY_OTHER || !IsExpected(Reply, Process));
    }
}

static void CheckExamine(const FUZZ_REPLY *Reply, uint32_t Needed)
{
    const uint8_t *Fixed = Reply->Output;
    const FUZZ_HANDLE *Handle = Target(Reply);
    REQUIRE_EQUAL(RecordCount(Reply), 1);
    REQUIRE(Fixed[32] <= 2 && Fixed[33] <= 3 && Fixed[34] <= 1 && Fixed[35] == 0 && FuzzGet32(Fixed, 36) == 0);
    FuzzCheckRecord(RecordAt(Reply, 0));
    REQUIRE_EQUAL(FuzzGet32(RecordAt(Reply, 0), 20) & (0x100 | 0x200), 0);
    if ((FuzzGet32(Fixed, 16) & 0x80000000u) != 0)
    {
        /* Nothing is known of what was not reached. */
        static const uint8_t Nothing[16];
        REQUIRE(memcmp(Fixed + 20, Nothing, sizeof(Nothing)) == 0);
        REQUIRE_EQUAL(RecordAt(Reply, 0)[48], TL_VERDICT_UNKNOWN);
        REQUIRE(Handle == NULL || FuzzWorld.Disturbed);
        return;
    }
    REQUIRE(Handle != NULL);
    REQUIRE_EQUAL(Fixed[34], (Handle->Granted & Needed) == Needed);
    CheckExamined(Reply, Handle);
}

/* ---- guard ---- */

static uint32_t RightsOf(uint32_t Operations)
{
    static const uint32_t Rights[] = {0x10,  0x43A, 0x8,   0x10,  0x28, 0x8, 0x43A, 0x10,
                                      0x800, 0x410, 0x800, 0x200, 0x2,  0x1, 0x40};
    uint32_t Needed = 0;
    for (uint32_t Operation = 0; Operation < 15; Operation++)
    {
        Needed |= (Operations >> Operation & 1) != 0 ? Rights[Operation] : 0;
    }
    return Needed;
}

/* The only requests that may be allowed, and the ones that must be. */
static bool MayAllow(const FUZZ_REPLY *Reply, uint32_t Needed)
{
    const FUZZ_HANDLE *Handle = Target(Reply);
    const uint32_t Operations = FuzzGet32(Reply->Input, 64);
    if (Handle == NULL || (Handle->Granted & Needed) != Needed || FuzzHasThreadEnded(Handle->Tid))
    {
        return false;
    }
    const FUZZ_PROCESS *Process = &FuzzWorld.Processes[Handle->Process];
    /* The threads of a process that has ended have ended; the object of a trustlet remains one. */
    if (Handle->Kind == 2 && Process->Ended)
    {
        return false;
    }
    const bool Consented = (Operations & ~(FuzzGet32(Reply->Input, 68) & FUZZ_AVAILABILITY_OPERATIONS)) == 0;
    return IsExpected(Reply, Process) && (FuzzVerdictOf(Process) == TL_VERDICT_ORDINARY ||
                                          (FuzzVerdictOf(Process) == TL_VERDICT_SECURE && Consented));
}

static void CheckGuard(const FUZZ_REPLY *Reply)
{
    const uint8_t *Fixed = Reply->Output;
    const uint32_t Needed = FuzzGet32(Reply->Input, 28) | RightsOf(FuzzGet32(Reply->Input, 64));
    CheckExamine(Reply, Needed);
    const bool Allowed = Fixed[40] == TL_DECISION_ALLOW;
    REQUIRE(Fixed[40] <= 1 && Fixed[41] <= 2 && Fixed[42] < TL_REASON_COUNT && Fixed[43] <= 3);
    REQUIRE(Allowed == (Fixed[42] == TL_REASON_ORDINARY || Fixed[42] == TL_REASON_AVAILABILITY_ACCEPTED));
    REQUIRE(!Allowed || (FuzzGet32(Fixed, 44) == 0 && Fixed[41] != TL_VERDICT_UNKNOWN));
    /* A process that has ended is still ordinary to who examined it before; a lie about a time is believed. */
    if (FuzzWorld.Disturbed)
    {
        const FUZZ_HANDLE *Handle = Target(Reply);
        REQUIRE(!Allowed || (Handle != NULL && (Handle->Granted & Needed) == Needed));
        if (Allowed && !FuzzWorld.Lied)
        {
            const FUZZ_PROCESS *Process = &FuzzWorld.Processes[Handle->Process];
            const uint32_t Unconsented = FuzzGet32(Reply->Input, 64) & ~FuzzGet32(Reply->Input, 68);
            REQUIRE(IsExpected(Reply, Process));
            REQUIRE(!Process->Secure || (Unconsented == 0));
        }
        return;
    }
    REQUIRE_EQUAL(Allowed, MayAllow(Reply, Needed));
}

static void CheckStats(const FUZZ_REPLY *Reply)
{
    const uint8_t *Stats = Reply->Output;
    uint64_t Sum = 0;
    REQUIRE(FuzzGet32(Stats, 120) >= RecordCount(Reply) && FuzzGet32(Stats, 124) == 0);
    const uint64_t Room = (Reply->OutputLength - FuzzGet32(Stats, 0)) / 16;
    REQUIRE_EQUAL(RecordCount(Reply), FuzzGet32(Stats, 120) < Room ? FuzzGet32(Stats, 120) : Room);
    for (uint32_t Index = 0; Index < RecordCount(Reply); Index++)
    {
        const uint8_t *Row = RecordAt(Reply, Index);
        REQUIRE(FuzzGet32(Row, 0) < TL_OPERATION_COUNT && FuzzGet32(Row, 4) < TL_REASON_COUNT && FuzzGet64(Row, 8) > 0);
        Sum += FuzzGet64(Row, 8);
    }
    REQUIRE(FuzzGet64(Stats, 16) >= FuzzGet64(Stats, 24) && FuzzGet64(Stats, 24) >= 1);
    REQUIRE(FuzzGet64(Stats, 32) > FuzzGet64(Stats, 40) + FuzzGet64(Stats, 48));
    REQUIRE_EQUAL(FuzzGet64(Stats, 56), FuzzGet64(Stats, 64) + FuzzGet64(Stats, 72) + FuzzGet64(Stats, 80));
    REQUIRE(RecordCount(Reply) < FuzzGet32(Stats, 120) || Sum >= FuzzGet64(Stats, 96));
}

void FuzzCheckReply(const FUZZ_REPLY *Reply)
{
    CheckHeader(Reply);
    switch (Reply->Message)
    {
    case FUZZ_HELLO:
        CheckHello(Reply);
        break;
    case FUZZ_QUERY:
        CheckQuery(Reply);
        break;
    case FUZZ_CENSUS:
        CheckCensus(Reply);
        break;
    case FUZZ_EXAMINE:
        CheckExamine(Reply, FuzzGet32(Reply->Input, 28));
        break;
    case FUZZ_GUARD:
        CheckGuard(Reply);
        break;
    default:
        CheckStats(Reply);
        break;
    }
}
