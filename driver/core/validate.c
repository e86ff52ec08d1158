#include "validate.h"

#include "target.h"

#define STRUCTURE_ALIGNMENT 8u

/* What one message's structures measure: in version 1, which every client knows at least, and here. */
typedef struct _MESSAGE
{
    ULONG IoControlCode;
    UINT16 Message;
    UINT32 RequestV1;
    UINT32 RequestOwn;
    UINT32 ReplyV1;
    UINT32 ReplyOwn;
    /* 0 for a message without records. */
    UINT32 RecordV1;
    UINT32 RecordOwn;
} MESSAGE;

static const MESSAGE Messages[] = {
    {TL_IOCTL_HELLO, TL_MESSAGE_HELLO, TL_HELLO_REQUEST_V1_SIZE, sizeof(TL_HELLO_REQUEST), TL_HELLO_REPLY_V1_SIZE,
     sizeof(TL_HELLO_REPLY), 0, 0},
    {TL_IOCTL_QUERY, TL_MESSAGE_QUERY, TL_QUERY_REQUEST_V1_SIZE, sizeof(TL_QUERY_REQUEST), TL_QUERY_REPLY_V1_SIZE,
     sizeof(TL_QUERY_REPLY), TL_PROCESS_RECORD_V1_SIZE, sizeof(TL_PROCESS_RECORD)},
    {TL_IOCTL_CENSUS, TL_MESSAGE_CENSUS, TL_CENSUS_REQUEST_V1_SIZE, sizeof(TL_CENSUS_REQUEST), TL_CENSUS_REPLY_V1_SIZE,
     sizeof(TL_CENSUS_REPLY), TL_PROCESS_RECORD_V1_SIZE, sizeof(TL_PROCESS_RECORD)},
    {TL_IOCTL_EXAMINE, TL_MESSAGE_EXAMINE, TL_EXAMINE_REQUEST_V1_SIZE, sizeof(TL_EXAMINE_REQUEST),
     TL_EXAMINE_REPLY_V1_SIZE, sizeof(TL_EXAMINE_REPLY), TL_PROCESS_RECORD_V1_SIZE, sizeof(TL_PROCESS_RECORD)},
    {TL_IOCTL_GUARD, TL_MESSAGE_GUARD, TL_GUARD_REQUEST_V1_SIZE, sizeof(TL_GUARD_REQUEST), TL_GUARD_REPLY_V1_SIZE,
     sizeof(TL_GUARD_REPLY), TL_PROCESS_RECORD_V1_SIZE, sizeof(TL_PROCESS_RECORD)},
    {TL_IOCTL_STATS, TL_MESSAGE_STATS, TL_STATS_REQUEST_V1_SIZE, sizeof(TL_STATS_REQUEST), TL_STATS_REPLY_V1_SIZE,
     sizeof(TL_STATS_REPLY), TL_REFUSAL_RECORD_V1_SIZE, sizeof(TL_REFUSAL_RECORD)},
};

static const MESSAGE *FindMessage(_In_ ULONG IoControlCode)
{
    for (ULONG Index = 0; Index < ARRAYSIZE(Messages); Index++)
    {
        if (Messages[Index].IoControlCode == IoControlCode)
        {
            return &Messages[Index];
        }
    }
    return NULL;
}

static UINT32 Smaller(_In_ UINT32 Left, _In_ UINT32 Right)
{
    return Left < Right ? Left : Right;
}

/* A size one side states of a structure the other has known since version 1. */
static BOOLEAN IsStructureSize(_In_ UINT32 Size, _In_ UINT32 V1Size)
{
    return Size >= V1Size && Size <= TL_MAX_FIXED_SIZE && Size % STRUCTURE_ALIGNMENT == 0;
}

static NTSTATUS ValidateVersion(_In_ const MESSAGE *Known, _In_ UINT16 Version)
{
    if (Known->Message == TL_MESSAGE_HELLO)
    {
        return Version >= 1 ? STATUS_SUCCESS : STATUS_REVISION_MISMATCH;
    }
    return Version >= TL_PROTOCOL_VERSION_MIN && Version <= TL_PROTOCOL_VERSION_MAX ? STATUS_SUCCESS
                                                                                    : STATUS_REVISION_MISMATCH;
}

static NTSTATUS ValidateSizes(_In_ const MESSAGE *Known, _In_ const TL_REQUEST_HEADER *Header, _In_ ULONG InputLength)
{
    if (!IsStructureSize(Header->Size, Known->RequestV1) || Header->Size > InputLength ||
        !IsStructureSize(Header->ReplySize, Known->ReplyV1))
    {
        return STATUS_INFO_LENGTH_MISMATCH;
    }
    const BOOLEAN RecordFits =
        Known->RecordV1 == 0 ? Header->RecordSize == 0 : IsStructureSize(Header->RecordSize, Known->RecordV1);
    return RecordFits ? STATUS_SUCCESS : STATUS_INFO_LENGTH_MISMATCH;
}

/* A newer client may ask for something this driver does not know; silence would be a wrong answer. */
static NTSTATUS ValidateTail(_In_ const MESSAGE *Known, _In_reads_bytes_(Size) const UINT8 *Input, _In_ UINT32 Size)
{
    for (UINT32 Offset = Known->RequestOwn; Offset < Size; Offset++)
    {
        if (Input[Offset] != 0)
        {
            return STATUS_NOT_SUPPORTED;
        }
    }
    return STATUS_SUCCESS;
}

static NTSTATUS ValidateLength(_In_ const TL_VALID_REQUEST *Request, _In_ ULONG InputLength)
{
    UINT32 Length = Request->Body.Header.Size;
    if (Request->Message == TL_MESSAGE_QUERY)
    {
        const UINT32 Count = Request->Body.Query.PidCount;
        if (Count < 1 || Count > TL_MAX_PIDS)
        {
            return STATUS_INVALID_PARAMETER;
        }
        Length += Count * (UINT32)sizeof(UINT32);
    }
    return Length == InputLength ? STATUS_SUCCESS : STATUS_INFO_LENGTH_MISMATCH;
}

static NTSTATUS ValidateHello(_In_ const TL_HELLO_REQUEST *Hello)
{
    return Hello->Reserved == 0 && Hello->MinVersion >= 1 && Hello->MinVersion <= Hello->MaxVersion
               ? STATUS_SUCCESS
               : STATUS_INVALID_PARAMETER;
}

static NTSTATUS ValidateCensus(_In_ const TL_CENSUS_REQUEST *Census)
{
    if ((Census->Flags & ~TL_CENSUS_RESUME) != 0)
    {
        return STATUS_NOT_SUPPORTED;
    }
    const BOOLEAN NoCursor = Census->CursorPid == 0 && Census->CursorSequence == 0 && Census->CursorCreateTime == 0;
    return (Census->Flags & TL_CENSUS_RESUME) != 0 || NoCursor ? STATUS_SUCCESS : STATUS_INVALID_PARAMETER;
}

/* What is expected must be something; what is not expected must be nothing (0 is absent, DESIGN.md rule 2). */
static BOOLEAN IsExpectation(_In_ UINT32 Expect, _In_ UINT32 Bit, _In_ UINT64 Value)
{
    return ((Expect & Bit) != 0) == (Value != 0);
}

#define KNOWN_EXPECTATIONS (TL_EXPECT_PID | TL_EXPECT_CREATE_TIME | TL_EXPECT_START_KEY)
#define KNOWN_OPERATIONS (TL_ISOLATION_OPERATIONS | TL_AVAILABILITY_OPERATIONS)

static NTSTATUS ValidateTarget(_In_ const TL_TARGET *Target)
{
    const BOOLEAN Valid = (Target->Kind == TL_KIND_PROCESS || Target->Kind == TL_KIND_THREAD) &&
                          IsExpectation(Target->Expect, TL_EXPECT_PID, Target->ExpectedPid) &&
                          IsExpectation(Target->Expect, TL_EXPECT_CREATE_TIME, Target->ExpectedCreateTime) &&
                          IsExpectation(Target->Expect, TL_EXPECT_START_KEY, Target->ExpectedStartKey);
    return Valid ? STATUS_SUCCESS : STATUS_INVALID_PARAMETER;
}

static NTSTATUS ValidateExamine(_In_ const TL_EXAMINE_REQUEST *Examine)
{
    const TL_TARGET Target = TlTargetOfExamine(Examine);
    if (Examine->Reserved != 0)
    {
        return STATUS_INVALID_PARAMETER;
    }
    if ((Target.Expect & ~KNOWN_EXPECTATIONS) != 0)
    {
        return STATUS_NOT_SUPPORTED;
    }
    return ValidateTarget(&Target);
}

static NTSTATUS ValidateGuard(_In_ const TL_GUARD_REQUEST *Guard)
{
    const TL_TARGET Target = TlTargetOfGuard(Guard);
    if (Guard->Reserved != 0)
    {
        return STATUS_INVALID_PARAMETER;
    }
    if ((Target.Expect & ~KNOWN_EXPECTATIONS) != 0 || ((Guard->Operations | Guard->Accepted) & ~KNOWN_OPERATIONS) != 0)
    {
        return STATUS_NOT_SUPPORTED;
    }
    const NTSTATUS Status = ValidateTarget(&Target);
    if (!NT_SUCCESS(Status))
    {
        return Status;
    }
    const UINT32 OfKind = Target.Kind == TL_KIND_PROCESS ? TL_PROCESS_OPERATIONS : TL_THREAD_OPERATIONS;
    const BOOLEAN Valid = Guard->Operations != 0 && (Guard->Operations & ~OfKind) == 0 &&
                          (Guard->Accepted & ~TL_AVAILABILITY_OPERATIONS) == 0;
    return Valid ? STATUS_SUCCESS : STATUS_INVALID_PARAMETER;
}

static NTSTATUS ValidateValues(_In_ const TL_VALID_REQUEST *Request)
{
    switch (Request->Message)
    {
    case TL_MESSAGE_HELLO:
        return ValidateHello(&Request->Body.Hello);
    case TL_MESSAGE_QUERY:
        return Request->Body.Query.Reserved == 0 ? STATUS_SUCCESS : STATUS_INVALID_PARAMETER;
    case TL_MESSAGE_CENSUS:
        return ValidateCensus(&Request->Body.Census);
    case TL_MESSAGE_EXAMINE:
        return ValidateExamine(&Request->Body.Examine);
    case TL_MESSAGE_GUARD:
        return ValidateGuard(&Request->Body.Guard);
    default:
        return STATUS_SUCCESS; /* STATS has no values */
    }
}

/* Records whose number the request fixes; CENSUS and STATS say in their reply how many there were. */
static UINT32 RecordsNeeded(_In_ const TL_VALID_REQUEST *Request)
{
    switch (Request->Message)
    {
    case TL_MESSAGE_QUERY:
        return Request->Body.Query.PidCount;
    case TL_MESSAGE_EXAMINE:
    case TL_MESSAGE_GUARD:
        return 1;
    default:
        return 0;
    }
}

static NTSTATUS Validate(_In_ ULONG IoControlCode, _In_reads_bytes_opt_(InputLength) const VOID *Input,
                         _In_ ULONG InputLength, _In_ ULONG OutputLength, _Inout_ TL_VALID_REQUEST *Request)
{
    const MESSAGE *Known = FindMessage(IoControlCode);
    if (Known == NULL)
    {
        return STATUS_INVALID_DEVICE_REQUEST;
    }
    if (Input == NULL || InputLength < sizeof(TL_REQUEST_HEADER))
    {
        return STATUS_INFO_LENGTH_MISMATCH;
    }
    TL_REQUEST_HEADER *Header = &Request->Body.Header;
    RtlCopyMemory(Header, Input, sizeof(*Header));
    if (Header->Message != Known->Message)
    {
        return STATUS_INVALID_PARAMETER;
    }
    NTSTATUS Status = ValidateVersion(Known, Header->Version);
    if (!NT_SUCCESS(Status))
    {
        return Status;
    }
    Status = ValidateSizes(Known, Header, InputLength);
    if (!NT_SUCCESS(Status))
    {
        return Status;
    }
    const UINT32 Size = Header->Size;
    Status = ValidateTail(Known, Input, Size);
    if (!NT_SUCCESS(Status))
    {
        return Status;
    }
    /* What follows the header: the header itself is read once. */
    RtlCopyMemory((UINT8 *)&Request->Body + sizeof(*Header), (const UINT8 *)Input + sizeof(*Header),
                  Smaller(Size, Known->RequestOwn) - sizeof(*Header));
    Request->Message = Known->Message;
    Request->Version = Header->Version;
    Request->FixedLength = Smaller(Header->ReplySize, Known->ReplyOwn);
    Request->Stride = Smaller(Header->RecordSize, Known->RecordOwn);
    Request->PidsOffset = Size;
    Status = ValidateLength(Request, InputLength);
    if (!NT_SUCCESS(Status))
    {
        return Status;
    }
    Status = ValidateValues(Request);
    if (!NT_SUCCESS(Status))
    {
        return Status;
    }
    /* At most 1024 + 4096 * 1024: no overflow. */
    return OutputLength >= Request->FixedLength + RecordsNeeded(Request) * Request->Stride ? STATUS_SUCCESS
                                                                                           : STATUS_BUFFER_TOO_SMALL;
}

_Must_inspect_result_ NTSTATUS TlValidateRequest(_In_ ULONG IoControlCode,
                                                 _In_reads_bytes_opt_(InputLength) const VOID *Input,
                                                 _In_ ULONG InputLength, _In_ ULONG OutputLength,
                                                 _Out_ TL_VALID_REQUEST *Request)
{
    RtlZeroMemory(Request, sizeof(*Request));
    const NTSTATUS Status = Validate(IoControlCode, Input, InputLength, OutputLength, Request);
    if (!NT_SUCCESS(Status))
    {
        RtlZeroMemory(Request, sizeof(*Request));
    }
    return Status;
}
