#include "device.h"

#include "counts.h"
#include "replies.h"
#include "require.h"
#include "rules.h"
#include "world.h"

#define UNTOUCHED 0x5Au
/* Some 200 pids beside a fixed part of any length, and more than their records. */
#define LONG_INPUT 1800u
#define LONG_OUTPUT 0x6000u

const char *__asan_default_options(void);

void *FuzzOpenDevice(void)
{
    HANDLE File = NULL;
    return NT_SUCCESS(ntsim_kernel_open("\\\\.\\Trustlet", FILE_READ_DATA | SYNCHRONIZE, &File)) ? File : NULL;
}

/* What the request must end with when nothing disturbs it; a census may also find its buffer too small. */
static uint32_t ExpectedStatus(const FUZZ_REQUEST *Request, const uint8_t *Input, uint32_t OutputLength, uint8_t How)
{
    const uint32_t Message = FuzzMessageOf(Request->Code);
    const uint32_t Status = FuzzExpectedStatus(Request->Code, Input, Request->InputLength, OutputLength);
    const bool OnHandle = Message == FUZZ_EXAMINE || Message == FUZZ_GUARD;
    return Status == FUZZ_SUCCESS && OnHandle && (How & 3) != 0 ? FUZZ_NOT_SUPPORTED : Status;
}

static void CheckStatus(const FUZZ_REQUEST *Request, uint32_t Status, uint32_t Expected)
{
    if (FuzzMessageOf(Request->Code) == 0)
    {
        /* A foreign code may already displease the I/O manager. */
        REQUIRE(Status != FUZZ_SUCCESS);
    }
    else if (FuzzWorld.Disturbed)
    {
        REQUIRE(Expected == FUZZ_SUCCESS || Status != FUZZ_SUCCESS);
    }
    else if (FuzzMessageOf(Request->Code) != FUZZ_CENSUS || Expected != FUZZ_SUCCESS || Status != FUZZ_BUFFER_TOO_SMALL)
    {
        REQUIRE_EQUAL(Status, Expected);
    }
}

/* Room that no reply to this request can fill costs time and shows nothing. */
static uint32_t LengthOfOutput(const FUZZ_REQUEST *Request)
{
    const bool ManyPids = FuzzMessageOf(Request->Code) == FUZZ_QUERY && Request->InputLength > LONG_INPUT;
    const uint32_t Longest = ManyPids ? FUZZ_LONGEST_OUTPUT : LONG_OUTPUT;
    return Request->OutputLength < Longest ? Request->OutputLength : Longest;
}

/* The sanitizer keeps freed memory back, but not so much of it that every page is a new one. */
const char *__asan_default_options(void)
{
    return "quarantine_size_mb=8:thread_local_quarantine_size_kb=256";
}

int FuzzSend(void *File, const FUZZ_REQUEST *Request, uint8_t How, FUZZ_EVENT Event)
{
    const uint32_t OutputLength = LengthOfOutput(Request);
    uint8_t *Input = malloc(Request->InputLength + 1u);
    uint8_t *Output = malloc(OutputLength + 1u);
    ULONG_PTR Information = 0;

    REQUIRE(Input != NULL && Output != NULL);
    FuzzWriteInput(Request, Input);
    memset(Output, UNTOUCHED, OutputLength);
    REQUIRE(ntsim_kernel_attach(FUZZ_AGENT_PID, 0, (How & FUZZ_FROM_KERNEL_MODE) != 0 ? KernelMode : UserMode));
    ntsim_kernel_dispatch_in((How & FUZZ_IN_FOREIGN_CONTEXT) != 0 ? FUZZ_FOREIGN_PID : 0);
    FuzzAimAtFile((How & FUZZ_SHARED_FILE) != 0 ? NULL : File);
    FuzzArm(Event);
    const uint32_t Status = (uint32_t)ntsim_kernel_ioctl(File, Request->Code, Input, Request->InputLength, Output,
                                                         OutputLength, &Information);
    FuzzDisarm();
    ntsim_kernel_dispatch_in(0);
    REQUIRE(ntsim_kernel_attach(FUZZ_AGENT_PID, 0, UserMode));

    const uint32_t Expected = ExpectedStatus(Request, Input, OutputLength, How);
    CheckStatus(Request, Status, Expected);
    if (Expected == FUZZ_SUCCESS)
    {
        FuzzCountAccepted(FuzzMessageOf(Request->Code));
    }
    REQUIRE(Status != FUZZ_SUCCESS || FuzzMessageOf(Request->Code) != FUZZ_CENSUS || !FuzzWorld.ListIsBroken);
    REQUIRE(Status == FUZZ_SUCCESS || Information == 0);
    REQUIRE(Information <= OutputLength);
    if (Status == FUZZ_SUCCESS)
    {
        const FUZZ_REPLY Reply = {FuzzMessageOf(Request->Code), Input, OutputLength, Output, Information};
        FuzzCheckReply(&Reply);
        FuzzCount("replies");
    }
    for (uint32_t Offset = (uint32_t)Information; Offset < OutputLength; Offset++)
    {
        REQUIRE(Output[Offset] == UNTOUCHED);
    }
    free(Input);
    free(Output);
    FuzzWorld.Disturbed = false;
    FuzzWorld.Lied = false;
    FuzzWorld.ListIsBroken = false;
    return !FuzzWasFileClosed();
}
