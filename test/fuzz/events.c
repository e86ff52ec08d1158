#include "events.h"

#include <pthread.h>
#include <stdatomic.h>

#include "bytes.h"
#include "lies.h"
#include "require.h"
#include "world.h"

#define COUNT_OF(Array) ((uint32_t)(sizeof(Array) / sizeof((Array)[0])))

enum
{
    EVENT_NONE,
    EVENT_FAIL,
    EVENT_FAIL_SECURE_CALL,
    EVENT_EXIT,
    EVENT_REUSE,
    EVENT_MARK_EXITING,
    EVENT_EXIT_THREAD,
    EVENT_CANCEL,
    EVENT_CLOSE_FILE,
    EVENT_LIE,
    EVENT_KINDS
};

/* What a request calls; a list of its own, so that a service that the simulation gains leaves the corpus what it is. */
static const ntsim_service Services[] = {
    NTSIM_ZwQueryInformationProcess,
    NTSIM_ZwQuerySystemInformation,
    NTSIM_PsLookupProcessByProcessId,
    NTSIM_ObOpenObjectByPointer,
    NTSIM_ObReferenceObjectByHandle,
    NTSIM_ZwQueryInformationThread,
    NTSIM_ExAllocatePoolWithTag,
    NTSIM_ExAllocatePool2,
    NTSIM_PsGetProcessStartKey,
    NTSIM_IoAcquireRemoveLockEx,
    NTSIM_ZwClose,
    NTSIM_ObfDereferenceObject,
    NTSIM_PsGetProcessId,
    NTSIM_PsGetThreadProcessId,
    NTSIM_IoCreateDevice,
    NTSIM_IoCreateSymbolicLink,
    NTSIM_MmGetSystemRoutineAddress,
    NTSIM_RtlGetVersion,
    NTSIM_RtlInitializeSid,
    NTSIM_RtlCreateAcl,
    NTSIM_RtlAddAccessAllowedAce,
    NTSIM_ZwSetSecurityObject,
    NTSIM_RtlCreateSecurityDescriptor,
    NTSIM_RtlSetDaclSecurityDescriptor,
    NTSIM_ZwOpenKey,
    NTSIM_ZwQueryValueKey,
};

/* Services that return nothing a caller could act on: they can be the moment of an event, but do not fail. */
static bool CanFail(ntsim_service Service)
{
    switch (Service)
    {
    case NTSIM_ZwClose:
    case NTSIM_ObfDereferenceObject:
    case NTSIM_PsGetProcessId:
    case NTSIM_PsGetThreadProcessId:
        return false;
    default:
        return true;
    }
}

static const NTSTATUS Statuses[] = {
    STATUS_INSUFFICIENT_RESOURCES, STATUS_ACCESS_DENIED,  STATUS_INVALID_CID,          STATUS_INVALID_PARAMETER,
    STATUS_PROCESS_IS_TERMINATING, STATUS_INVALID_HANDLE, STATUS_INFO_LENGTH_MISMATCH, STATUS_BUFFER_TOO_SMALL,
    STATUS_INVALID_INFO_CLASS,     STATUS_UNSUCCESSFUL,
};

static const uint32_t Victims[] = {704, 708, 908, 912, 916, 920, 1024, 400, 5000};

static FUZZ_EVENT Armed;
static HANDLE TargetFile;
static pthread_t Closer;
static bool CloserRuns;
static bool FileClosed;
static atomic_bool CloseReturned;

FUZZ_EVENT FuzzReadEvent(const uint8_t *Bytes)
{
    const FUZZ_EVENT Event = {.Kind = Bytes[0] % EVENT_KINDS,
                              .Service = Bytes[1] % COUNT_OF(Services),
                              .Nth = Bytes[2],
                              .Target = Bytes[3],
                              .Argument = FuzzGet16(Bytes, 4)};
    return Event;
}

void FuzzWriteEvent(uint8_t *Bytes, FUZZ_EVENT Event)
{
    const uint8_t Head[] = {Event.Kind, Event.Service, Event.Nth, Event.Target};
    memcpy(Bytes, Head, sizeof(Head));
    FuzzPut(Bytes, 4, 2, Event.Argument);
}

FUZZ_EVENT FuzzGenerateEvent(FUZZ_RANDOM *Random)
{
    if (FuzzOnceIn(Random, 3))
    {
        return (FUZZ_EVENT){.Kind = EVENT_NONE};
    }
    if (FuzzOnceIn(Random, 6))
    {
        /* A lie about the list as often as about all else, and mostly a damaged list rather than none. */
        return (FUZZ_EVENT){
            .Kind = EVENT_LIE,
            .Service = (uint8_t)(FuzzOnceIn(Random, 2) ? 1 : FuzzBelow(Random, 3)),
            .Nth = (uint8_t)(FuzzOnceIn(Random, 2) ? 1 : FuzzBelow(Random, 8)),
            .Target = (uint8_t)(FuzzOnceIn(Random, 4) ? FuzzBelow(Random, 256)
                                                      : 8 * FuzzBelow(Random, 32) + 4 + FuzzBelow(Random, 3)),
            .Argument = (uint16_t)FuzzWord(Random),
        };
    }
    const FUZZ_EVENT Event = {
        .Kind = (uint8_t)FuzzBelow(Random, EVENT_KINDS),
        /* The first ones are called most. */
        .Service = (uint8_t)FuzzBelow(Random, FuzzOnceIn(Random, 2) ? 9 : COUNT_OF(Services)),
        .Nth = (uint8_t)FuzzBelow(Random, FuzzOnceIn(Random, 4) ? 40 : 5),
        .Target = (uint8_t)FuzzBelow(Random, FuzzOnceIn(Random, 2) ? 16 : 256),
        .Argument = (uint16_t)FuzzWord(Random),
    };
    return Event;
}

/* ---- the file is closed by another thread, while a request to it runs in this one ---- */

static void *CloseFile(void *Unused)
{
    (void)Unused;
    REQUIRE(ntsim_kernel_attach(FUZZ_AGENT_PID, 0, UserMode));
    REQUIRE(NT_SUCCESS(ntsim_kernel_close(TargetFile)));
    atomic_store(&CloseReturned, true);
    ntsim_kernel_detach();
    return NULL;
}

static void StartClosing(void)
{
    if (TargetFile == NULL || CloserRuns)
    {
        return;
    }
    const uint64_t Waits = ntsim_kernel_calls(NTSIM_IoReleaseRemoveLockAndWaitEx);
    atomic_store(&CloseReturned, false);
    FileClosed = true;
    CloserRuns = true;
    REQUIRE(pthread_create(&Closer, NULL, CloseFile, NULL) == 0);
    /* IRP_MJ_CLEANUP drains: it has to wait for the request that is running here. */
    for (;;)
    {
        const bool Returned = atomic_load(&CloseReturned);
        if (ntsim_kernel_calls(NTSIM_IoReleaseRemoveLockAndWaitEx) != Waits)
        {
            return;
        }
        REQUIRE(!Returned);
        sched_yield();
    }
}

/* ---- events ---- */

static void Happen(void *Context)
{
    const FUZZ_EVENT *Event = Context;
    const uint32_t Victim = Victims[Event->Target % COUNT_OF(Victims)];
    switch (Event->Kind)
    {
    case EVENT_EXIT:
        FuzzExit(Victim);
        break;
    case EVENT_REUSE:
        FuzzReuse(Victim, Event->Argument);
        break;
    case EVENT_MARK_EXITING:
        FuzzMarkExiting(Victim);
        break;
    case EVENT_EXIT_THREAD:
        FuzzExitThread(NTSIM_TID(Victim, Event->Argument % 2));
        break;
    case EVENT_CANCEL:
        ntsim_kernel_cancel_requests(FUZZ_AGENT_PID);
        break;
    default:
        StartClosing();
        break;
    }
}

void FuzzArm(FUZZ_EVENT Event)
{
    const ntsim_service Service = Services[Event.Service];
    Armed = Event;
    switch (Event.Kind)
    {
    case EVENT_NONE:
        return;
    case EVENT_FAIL:
        if (CanFail(Service))
        {
            /* A list that is too long for ever ends with hundreds of megabytes: one argument does that. */
            const bool Always =
                Event.Nth == 0 && (Service != NTSIM_ZwQuerySystemInformation || Event.Argument == UINT16_MAX);
            const uint32_t Nth = Event.Nth == 0 && !Always ? 1 : Event.Nth;
            ntsim_kernel_fail(Service, Nth, Statuses[Event.Argument % COUNT_OF(Statuses)]);
        }
        break;
    case EVENT_FAIL_SECURE_CALL:
        ntsim_kernel_fail_secure_call(704, Statuses[Event.Argument % COUNT_OF(Statuses)]);
        break;
    case EVENT_LIE:
        FuzzLie(Event.Service, Event.Nth, Event.Target, Event.Argument);
        FuzzWorld.Lied = true;
        break;
    default:
        ntsim_kernel_hook(Service, Event.Nth == 0 ? 1 : Event.Nth, Happen, &Armed);
        break;
    }
    FuzzWorld.Disturbed = true;
}

void FuzzDisarm(void)
{
    ntsim_kernel_clear_script();
    FuzzTellTheTruth();
    if (CloserRuns)
    {
        REQUIRE(pthread_join(Closer, NULL) == 0);
        CloserRuns = false;
    }
    TargetFile = NULL;
}

void FuzzAimAtFile(void *File)
{
    TargetFile = File;
    FileClosed = false;
}

int FuzzWasFileClosed(void)
{
    return FileClosed;
}
