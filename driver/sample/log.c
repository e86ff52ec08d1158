#include "log.h"

VOID SampleStartLog(_Out_ SAMPLE_LOG *Log)
{
    RtlZeroMemory(Log, sizeof(*Log));
    KeInitializeSpinLock(&Log->Lock);
}

_IRQL_requires_max_(DISPATCH_LEVEL)
VOID SampleRecord(_Inout_ SAMPLE_LOG *Log, _In_ UINT32 Action, _In_ UINT32 Pid, _In_ UINT32 Tid)
{
    const SAMPLE_LOG_RECORD Record = {.Action = Action, .Pid = Pid, .Tid = Tid};
    KIRQL Irql;

    KeAcquireSpinLock(&Log->Lock, &Irql);
    Log->Records[Log->Total % SAMPLE_LOG_LENGTH] = Record;
    Log->Total++;
    KeReleaseSpinLock(&Log->Lock, Irql);
}

_IRQL_requires_max_(DISPATCH_LEVEL)
VOID SampleReadLog(_Inout_ SAMPLE_LOG *Log, _Out_ SAMPLE_LOG_REPLY *Reply)
{
    KIRQL Irql;

    RtlZeroMemory(Reply, sizeof(*Reply));
    KeAcquireSpinLock(&Log->Lock, &Irql);
    const UINT64 First = Log->Total > SAMPLE_LOG_LENGTH ? Log->Total - SAMPLE_LOG_LENGTH : 0;
    Reply->Total = Log->Total;
    Reply->RecordCount = (UINT32)(Log->Total - First);
    for (UINT32 Index = 0; Index < Reply->RecordCount; Index++)
    {
        Reply->Records[Index] = Log->Records[(First + Index) % SAMPLE_LOG_LENGTH];
    }
    KeReleaseSpinLock(&Log->Lock, Irql);
}
