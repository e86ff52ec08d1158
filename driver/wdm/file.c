#include "file.h"

#include "pool.h"

VOID TlInitializeFileList(_Out_ TL_FILE_LIST *List)
{
    KeInitializeSpinLock(&List->Lock);
    InitializeListHead(&List->Files);
}

_IRQL_requires_max_(PASSIVE_LEVEL)
_Must_inspect_result_ NTSTATUS TlOpenFile(_Inout_ TL_FILE_LIST *List, _Outptr_result_maybenull_ TL_FILE **File)
{
    KIRQL Irql;

    PAGED_CODE();
    *File = NULL;
    TL_FILE *Opened = TlAllocate(sizeof(*Opened));
    if (Opened == NULL)
    {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    IoInitializeRemoveLock(&Opened->Gate, TL_POOL_TAG, 0, 0);
    /* The share of the open itself, which TlDrainFile gives up. */
    const NTSTATUS Status = IoAcquireRemoveLock(&Opened->Gate, Opened);
    if (!NT_SUCCESS(Status))
    {
        TlFree(Opened);
        return Status;
    }
    KeAcquireSpinLock(&List->Lock, &Irql);
    InsertTailList(&List->Files, &Opened->Entry);
    KeReleaseSpinLock(&List->Lock, Irql);
    *File = Opened;
    return STATUS_SUCCESS;
}

_IRQL_requires_max_(APC_LEVEL)
_Must_inspect_result_ NTSTATUS TlEnterFile(_Inout_ TL_FILE *File, _In_ PVOID Request)
{
    /* A thread that is suspended with a share would keep whoever closes the last handle waiting for it. */
    KeEnterCriticalRegion();
    const NTSTATUS Status = IoAcquireRemoveLock(&File->Gate, Request);
    if (!NT_SUCCESS(Status))
    {
        KeLeaveCriticalRegion();
    }
    return Status;
}

_IRQL_requires_max_(APC_LEVEL)
VOID TlLeaveFile(_Inout_ TL_FILE *File, _In_ PVOID Request)
{
    IoReleaseRemoveLock(&File->Gate, Request);
    KeLeaveCriticalRegion();
}

_IRQL_requires_max_(PASSIVE_LEVEL)
VOID TlDrainFile(_Inout_ TL_FILE *File)
{
    PAGED_CODE();
    if (InterlockedExchange(&File->Closing, TRUE) == FALSE)
    {
        IoReleaseRemoveLockAndWait(&File->Gate, File);
    }
}

BOOLEAN TlIsFileClosing(_In_ const TL_FILE *File)
{
    return ReadNoFence(&File->Closing) != FALSE;
}

_IRQL_requires_max_(PASSIVE_LEVEL)
VOID TlCloseFile(_Inout_ TL_FILE_LIST *List, _In_ TL_FILE *File)
{
    KIRQL Irql;

    PAGED_CODE();
    TlDrainFile(File);
    KeAcquireSpinLock(&List->Lock, &Irql);
    RemoveEntryList(&File->Entry);
    KeReleaseSpinLock(&List->Lock, Irql);
    TlFree(File);
}

_IRQL_requires_max_(DISPATCH_LEVEL)
TL_FILE *TlFirstFile(_Inout_ TL_FILE_LIST *List)
{
    TL_FILE *File = NULL;
    KIRQL Irql;

    KeAcquireSpinLock(&List->Lock, &Irql);
    if (!IsListEmpty(&List->Files))
    {
        File = CONTAINING_RECORD(List->Files.Flink, TL_FILE, Entry);
    }
    KeReleaseSpinLock(&List->Lock, Irql);
    return File;
}
