/*
 * A life of the driver: loaded with any registry value, opened several times, asked anything while processes come, go
 * and take over each other's pids, while services fail and requests are cancelled or their file is closed under them,
 * and unloaded.
 *
 * Input: which machine, u8 what the registry holds, then up to 32 steps; each is one byte of kind and what that kind
 * reads.
 */
#include "acl.h"
#include "bytes.h"
#include "counts.h"
#include "device.h"
#include "require.h"
#include "rules.h"
#include "secure.h"
#include "steps.h"
#include "world.h"

#define MOST_SID_BYTES 80u

int LLVMFuzzerInitialize(int *ArgumentCount, char ***Arguments);
int LLVMFuzzerTestOneInput(const uint8_t *Data, size_t Size);

static const uint32_t Pids[] = {704, 708, 908, 912, 916, 920, 1024, 400, 40000, 40004, 40008, 40012};
static const uint32_t Accesses[] = {0x1FFFFF, 0x1000, 0x10, 0x28, 0x400, 0x43A, 0x200, 0x801, 0x2, 0x40, 0x100000};

#define COUNT_OF(Array) ((uint32_t)(sizeof(Array) / sizeof((Array)[0])))

static HANDLE Files[STEP_FILES];
/* Was a handle made of it, or it of a handle. */
static bool Shared[STEP_FILES];

/* ---- reading the input ---- */

typedef struct _READER
{
    const uint8_t *Bytes;
    size_t Left;
} READER;

static const uint8_t *Take(READER *Reader, size_t Length)
{
    if (Reader->Left < Length)
    {
        Reader->Left = 0;
        return NULL;
    }
    Reader->Bytes += Length;
    Reader->Left -= Length;
    return Reader->Bytes - Length;
}

static uint8_t TakeByte(READER *Reader)
{
    const uint8_t *Byte = Take(Reader, 1);
    return Byte == NULL ? 0 : *Byte;
}

static uint32_t TakePid(READER *Reader)
{
    return Pids[TakeByte(Reader) % COUNT_OF(Pids)];
}

/* ---- steps ---- */

static void Request(READER *Reader)
{
    const uint8_t *Head = Take(Reader, STEP_REQUEST_HEAD - 1);
    if (Head == NULL)
    {
        return;
    }
    const uint32_t Slot = Head[0] % STEP_FILES;
    const uint32_t Length = FuzzGet16(Head, 2);
    const uint8_t *Bytes = Take(Reader, Length);
    if (Bytes == NULL || Files[Slot] == NULL)
    {
        return;
    }
    const FUZZ_REQUEST Fuzzed = FuzzParseRequest(Bytes, Length);
    const uint8_t How = (Head[1] & 3) | (Shared[Slot] ? FUZZ_SHARED_FILE : 0u);
    if (!FuzzSend(Files[Slot], &Fuzzed, How, FuzzReadEvent(Head + 4)))
    {
        Files[Slot] = NULL;
    }
}

static void Open(READER *Reader)
{
    const uint32_t Slot = TakeByte(Reader) % STEP_FILES;
    if (Files[Slot] == NULL)
    {
        Files[Slot] = FuzzOpenDevice();
        Shared[Slot] = false;
        REQUIRE(Files[Slot] != NULL);
    }
}

static void Close(uint32_t Slot)
{
    if (Files[Slot] != NULL)
    {
        REQUIRE(NT_SUCCESS(ntsim_kernel_close(Files[Slot])));
        Files[Slot] = NULL;
    }
}

/* Two handles of one file: the file is not drained before the last of them. */
static void Duplicate(READER *Reader)
{
    const uint32_t From = TakeByte(Reader) % STEP_FILES;
    const uint32_t To = TakeByte(Reader) % STEP_FILES;
    if (Files[From] != NULL && Files[To] == NULL)
    {
        REQUIRE(NT_SUCCESS(ntsim_kernel_duplicate(Files[From], FUZZ_AGENT_PID, &Files[To])));
        Shared[From] = true;
        Shared[To] = true;
    }
}

/* The question that guards of other drivers ask, with a handle of their own. */
static void AskSecure(READER *Reader)
{
    const uint32_t Pid = TakePid(Reader);
    /* Of events.c: what it asks for, and the version of Windows. */
    static const uint8_t Asked[] = {0, 1, 2, 17};
    const FUZZ_EVENT Event = {
        .Kind = TakeByte(Reader) % 3, .Service = Asked[TakeByte(Reader) % 4], .Nth = 1, .Argument = TakeByte(Reader)};
    const FUZZ_PROCESS *Process = FuzzLatest(Pid);
    TL_SECURE_ANSWER Answer = {0xEE};
    PEPROCESS Object;
    HANDLE Handle;
    if (Process == NULL || Process->Ended || !NT_SUCCESS(PsLookupProcessByProcessId((HANDLE)(ULONG_PTR)Pid, &Object)))
    {
        return;
    }
    if (NT_SUCCESS(ObOpenObjectByPointer(Object, OBJ_KERNEL_HANDLE, NULL, 0x1000, *PsProcessType, KernelMode, &Handle)))
    {
        FuzzArm(Event);
        const NTSTATUS Status = IsSecureProcess(Handle, &Answer);
        const UINT8 Verdict = Answer.Verdict;
        FuzzDisarm();
        REQUIRE(NT_SUCCESS(Status) == (Verdict != TL_VERDICT_UNKNOWN));
        REQUIRE(Verdict == TL_VERDICT_UNKNOWN || (Verdict == TL_VERDICT_SECURE) == Process->Secure);
        REQUIRE(FuzzWorld.Disturbed || Verdict == FuzzVerdictOf(Process) ||
                (Process->Exiting && Verdict == TL_VERDICT_UNKNOWN));
        (void)ZwClose(Handle);
        FuzzWorld.Disturbed = false;
    }
    ObDereferenceObject(Object);
}

/* A request that the driver has no answer for. */
static void OtherRequest(READER *Reader)
{
    const uint32_t Slot = TakeByte(Reader) % STEP_FILES;
    static const UCHAR Majors[] = {IRP_MJ_READ, IRP_MJ_WRITE, IRP_MJ_QUERY_INFORMATION, IRP_MJ_FLUSH_BUFFERS};
    const UCHAR Major = Majors[TakeByte(Reader) % COUNT_OF(Majors)];
    if (Files[Slot] != NULL)
    {
        REQUIRE_EQUAL((uint32_t)ntsim_kernel_request(Files[Slot], Major), FUZZ_INVALID_DEVICE_REQUEST);
    }
}

static void Step(READER *Reader)
{
    uint32_t Pid;
    switch (TakeByte(Reader) % STEP_KINDS)
    {
    case STEP_REQUEST:
        Request(Reader);
        break;
    case STEP_OPEN:
        Open(Reader);
        break;
    case STEP_CLOSE:
        Close(TakeByte(Reader) % STEP_FILES);
        break;
    case STEP_DUPLICATE:
        Duplicate(Reader);
        break;
    case STEP_START:
        Pid = TakePid(Reader);
        FuzzStart(Pid, TakeByte(Reader));
        break;
    case STEP_EXIT:
        FuzzExit(TakePid(Reader));
        break;
    case STEP_REUSE:
        Pid = TakePid(Reader);
        FuzzReuse(Pid, TakeByte(Reader));
        break;
    case STEP_MARK_EXITING:
        FuzzMarkExiting(TakePid(Reader));
        break;
    case STEP_EXIT_THREAD:
        FuzzExitThread(NTSIM_TID(TakePid(Reader), 1));
        break;
    case STEP_OPEN_PROCESS:
        Pid = TakePid(Reader);
        FuzzOpenProcess(Pid, Accesses[TakeByte(Reader) % COUNT_OF(Accesses)]);
        break;
    case STEP_OPEN_THREAD:
        Pid = TakePid(Reader);
        FuzzOpenThread(NTSIM_TID(Pid, TakeByte(Reader) % 2), Accesses[TakeByte(Reader) % COUNT_OF(Accesses)]);
        break;
    case STEP_CLOSE_HANDLE:
        FuzzCloseHandle(TakeByte(Reader));
        break;
    case STEP_SECURE:
        AskSecure(Reader);
        break;
    default:
        OtherRequest(Reader);
        break;
    }
}

/* ---- the life ---- */

/* S-1-5-80-... with five numbers: nothing else is a service. */
static bool IsServiceSid(const uint8_t *Bytes, uint32_t Length)
{
    return Length == FUZZ_SID_LENGTH && memcmp(Bytes, FuzzServiceSid, 12) == 0;
}

/* \return whether the driver may load with what is in the registry now. */
static bool Register(READER *Reader)
{
    const uint32_t Kind = TakeByte(Reader) % SID_KINDS;
    const uint8_t *Bytes = FuzzServiceSid;
    uint32_t Length = FUZZ_SID_LENGTH;
    if (Kind == SID_NONE)
    {
        return true;
    }
    if (Kind == SID_RAW)
    {
        Length = TakeByte(Reader) % MOST_SID_BYTES;
        Bytes = Take(Reader, Length);
        if (Bytes == NULL)
        {
            return true;
        }
    }
    ntsim_kernel_set_registry_value("\\Registry\\Machine\\System\\CurrentControlSet\\Services\\trustlet\\Parameters",
                                    "ClientServiceSid", Kind == SID_OF_ANOTHER_TYPE ? REG_SZ : REG_BINARY, Bytes,
                                    Length);
    return Kind != SID_OF_ANOTHER_TYPE && IsServiceSid(Bytes, Length);
}

int LLVMFuzzerInitialize(int *ArgumentCount, char ***Arguments)
{
    (void)ArgumentCount;
    (void)Arguments;
    FuzzBoot(0);
    FuzzEnterAgent();
    FuzzStepWords = FuzzWordsOfWorld();
    FuzzShutDown();
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *Data, size_t Size)
{
    READER Reader = {Data, Size};
    FuzzCountExecution();
    FuzzBoot(TakeByte(&Reader));
    const bool MayLoad = Register(&Reader);
    const bool Loaded = NT_SUCCESS(FuzzLoadDriver());
    REQUIRE_EQUAL(Loaded, MayLoad);
    if (Loaded)
    {
        FuzzEnterAgent();
        for (uint32_t Steps = 0; Steps < STEPS_MOST && Reader.Left > 0; Steps++)
        {
            Step(&Reader);
            FuzzCount("steps");
        }
        for (uint32_t Slot = 0; Slot < STEP_FILES; Slot++)
        {
            Close(Slot);
        }
    }
    FuzzShutDown();
    return 0;
}
