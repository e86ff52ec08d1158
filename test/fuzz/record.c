#include "record.h"

#include "bytes.h"
#include "core.h"
#include "require.h"

enum
{
    PRESENT_EXTENDED_STATUS = 0x1,
    PRESENT_FLAGS = 0x2,
    PRESENT_PROTECTION = 0x4,
    PRESENT_CLASSIFICATION = 0x8,
    PRESENT_PARENT = 0x10,
    PRESENT_SESSION = 0x20,
    PRESENT_CREATE_TIME = 0x40,
    PRESENT_START_KEY = 0x80,
    PRESENT_NAME = 0x100,
    PRESENT_REUSED = 0x200,
    PRESENT_ALL = 0x3FF
};

#define IS_FAILURE(Status) (((Status)&0x80000000u) != 0)

static void CheckAbsence(const uint8_t *Record)
{
    const uint32_t Present = FuzzGet32(Record, 20);
    REQUIRE((Present & ~(uint32_t)PRESENT_ALL) == 0);
    REQUIRE((Present & PRESENT_FLAGS) != 0 || FuzzGet32(Record, 16) == 0);
    REQUIRE((Present & PRESENT_PROTECTION) != 0 || Record[51] == 0);
    REQUIRE((Present & PRESENT_CLASSIFICATION) != 0 || Record[52] == 0);
    REQUIRE((Present & PRESENT_PARENT) != 0 || FuzzGet32(Record, 4) == 0);
    REQUIRE((Present & PRESENT_SESSION) != 0 || FuzzGet32(Record, 40) == 0);
    REQUIRE((Present & PRESENT_CREATE_TIME) != 0 || FuzzGet64(Record, 24) == 0);
    REQUIRE(((Present & PRESENT_START_KEY) != 0) == (FuzzGet64(Record, 32) != 0));
    REQUIRE(((Present & PRESENT_NAME) != 0) == (FuzzGet16(Record, 54) != 0));
    REQUIRE((Present & PRESENT_NAME) != 0 || FuzzGet32(Record, 56) == 0);
    REQUIRE(Record[53] == 0 && FuzzGet32(Record, 60) == 0);
    REQUIRE(!IS_FAILURE(FuzzGet32(Record, 8)) || (Present & (PRESENT_FLAGS | PRESENT_PROTECTION)) == 0);
}

/* A verdict with the facts that it needs. */
static void CheckVerdict(const uint8_t *Record)
{
    const uint32_t Present = FuzzGet32(Record, 20);
    const uint32_t Flags = FuzzGet32(Record, 16);
    const uint32_t Reason = Record[49];
    REQUIRE(Record[50] <= 3);
    switch (Record[48])
    {
    case TL_VERDICT_SECURE:
        REQUIRE((Present & PRESENT_FLAGS) != 0 && (Flags & 0x80) != 0 && Reason == TL_REASON_SECURE_BIT_SET);
        break;
    case TL_VERDICT_ORDINARY:
        REQUIRE((Present & PRESENT_FLAGS) != 0 && (Flags & 0x84) == 0 && Reason == TL_REASON_SECURE_BIT_CLEAR);
        break;
    default:
        REQUIRE_EQUAL(Record[48], TL_VERDICT_UNKNOWN);
        REQUIRE(Reason <= TL_REASON_DOWNLEVEL_BIT && Reason != TL_REASON_IDENTITY_MISMATCH);
        return;
    }
    REQUIRE((Present & PRESENT_REUSED) == 0 && FuzzGet32(Record, 44) == 0);
    REQUIRE(!IS_FAILURE(FuzzGet32(Record, 8)) && FuzzGet32(Record, 12) == 0);
}

/* Nobody's verdict is ever another's. */
static void CheckTruth(const uint8_t *Record)
{
    const uint32_t Pid = FuzzGet32(Record, 0);
    const bool Timed = (FuzzGet32(Record, 20) & PRESENT_CREATE_TIME) != 0 && !FuzzWorld.Lied;
    if (Record[48] == TL_VERDICT_UNKNOWN)
    {
        return;
    }
    const FUZZ_PROCESS *Process = Timed ? FuzzEver(Pid, FuzzGet64(Record, 24)) : FuzzLatest(Pid);
    if (Process == NULL)
    {
        fprintf(stderr, "nobody ever: pid %u created %" PRIx64 "\n", Pid, FuzzGet64(Record, 24));
    }
    REQUIRE(Process != NULL);
    REQUIRE_EQUAL(Record[48] == TL_VERDICT_SECURE, Process->Secure);
    if (!Timed)
    {
        return;
    }
    const uint64_t StartKey = FuzzGet64(Record, 32);
    REQUIRE(StartKey == 0 || StartKey == Process->StartKey);
}

void FuzzCheckRecord(const uint8_t *Record)
{
    CheckAbsence(Record);
    CheckVerdict(Record);
    CheckTruth(Record);
}

void FuzzCheckAnswer(const uint8_t *Record, const FUZZ_PROCESS *Process)
{
    if (Process == NULL)
    {
        REQUIRE_EQUAL(Record[48], TL_VERDICT_UNKNOWN);
        REQUIRE_EQUAL(Record[49], FuzzGet32(Record, 0) == 0 ? TL_REASON_IDLE_PROCESS : TL_REASON_GONE);
        REQUIRE_EQUAL(FuzzGet32(Record, 8), (uint32_t)STATUS_INVALID_CID);
        return;
    }
    if (Process->Ended)
    {
        /* Whether something still refers to it, and what may be asked of it then, differs. */
        REQUIRE(Record[48] == TL_VERDICT_UNKNOWN || (Record[48] == TL_VERDICT_SECURE && Process->Secure));
        return;
    }
    const uint32_t Present = FuzzGet32(Record, 20);
    REQUIRE_EQUAL(Record[48], FuzzVerdictOf(Process));
    REQUIRE_EQUAL(FuzzGet32(Record, 0), Process->Pid);
    REQUIRE((Present & PRESENT_CREATE_TIME) != 0);
    REQUIRE(Process->Pid == 4 || FuzzGet64(Record, 24) == Process->CreateTime);
    REQUIRE(Process->Pid == 4 || FuzzGet64(Record, 32) == Process->StartKey);
    if (!FuzzFailsSecureCall(Process))
    {
        REQUIRE((Present & PRESENT_FLAGS) != 0);
        REQUIRE_EQUAL(FuzzGet32(Record, 16) & 0x84, (Process->Secure ? 0x80u : 0u) | (Process->Exiting ? 0x4u : 0u));
    }
}
