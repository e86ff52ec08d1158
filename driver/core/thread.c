#include "thread.h"

#include "process.h"

_IRQL_requires_max_(PASSIVE_LEVEL)
VOID TlReadThreadState(_In_ PETHREAD Thread, _Out_ TL_THREAD_FACTS *Facts)
{
    HANDLE Handle = NULL;
    ULONG Terminated = 0;
    ULONG Returned = 0;

    PAGED_CODE();
    RtlZeroMemory(Facts, sizeof(*Facts));
    Facts->Tid = (UINT32)(ULONG_PTR)PsGetThreadId(Thread);
    /* A thread that will not say whether it lives is not acted on. */
    Facts->State = TL_THREAD_UNPAIRED;
    Facts->Status = ObOpenObjectByPointer(Thread, OBJ_KERNEL_HANDLE, NULL, THREAD_QUERY_LIMITED_INFORMATION,
                                          TL_THREAD_TYPE, KernelMode, &Handle);
    if (!NT_SUCCESS(Facts->Status))
    {
        return;
    }
    Facts->Status = ZwQueryInformationThread(Handle, TlThreadIsTerminated, &Terminated, sizeof(Terminated), &Returned);
    (VOID) ZwClose(Handle);
    if (Facts->Status == STATUS_SUCCESS)
    {
        Facts->State = Terminated != 0 ? TL_THREAD_EXITED : TL_THREAD_PAIRED;
    }
}

_IRQL_requires_max_(PASSIVE_LEVEL)
TL_JUDGEMENT
TlReadThread(_In_ PETHREAD Thread, _In_ const TL_SYSTEM *System, _Out_ TL_THREAD_FACTS *Facts,
             _Out_ TL_PROCESS_RECORD *Record)
{
    PAGED_CODE();
    /* Not IoThreadToProcess, which ends a driver in Wine (facts/wine.md 8.1). */
    const UINT32 Pid = (UINT32)(ULONG_PTR)PsGetThreadProcessId(Thread);
    const TL_JUDGEMENT Judgement = TlReadProcessById(Pid, System, Record);
    /* Last, so that "alive" is the newest of the answers. */
    TlReadThreadState(Thread, Facts);
    return Judgement;
}
