/*
 * Each pair below is one guarded operation: the function that acts, which only the guard calls, and the one that asks.
 * The first has its target from the guard and takes no id: what is acted on is what was examined.
 */
#include "guarded.h"

/* Here a product calls KeInsertQueueApc on Target->Thread. */
_Use_decl_annotations_
static NTSTATUS QueueApc(const TL_GUARD_TARGET *Target, PVOID Context)
{
    SampleRecord(Context, SAMPLE_ACTION_QUEUE_APC, Target->Identity.Pid, Target->Tid);
    return STATUS_SUCCESS;
}

_Use_decl_annotations_
NTSTATUS SampleQueueApc(const TL_GUARD_STATE *Guard, HANDLE Id, const TL_GUARD_IDENTITY *Expected, SAMPLE_LOG *Log,
                        TL_GUARD_DECISION *Decision)
{
    TL_GUARD_TARGET Target;

    PAGED_CODE();
    TlQueryThreadById(Guard, Id, Expected, &Target);
    const NTSTATUS Status = TlGuardedCall(Guard, &Target, TL_OPERATION_QUEUE_APC, 0, QueueApc, Log, Decision);
    TlReleaseTarget(&Target);
    return Status;
}

/* Here a product calls KeStackAttachProcess on Target->Process, and before it returns KeUnstackDetachProcess. */
_Use_decl_annotations_
static NTSTATUS AttachAndTouch(const TL_GUARD_TARGET *Target, PVOID Context)
{
    SampleRecord(Context, SAMPLE_ACTION_ATTACH, Target->Identity.Pid, 0);
    return STATUS_SUCCESS;
}

_Use_decl_annotations_
NTSTATUS SampleAttach(const TL_GUARD_STATE *Guard, HANDLE Id, const TL_GUARD_IDENTITY *Expected, SAMPLE_LOG *Log,
                      TL_GUARD_DECISION *Decision)
{
    TL_GUARD_TARGET Target;

    PAGED_CODE();
    TlQueryProcessById(Guard, Id, Expected, &Target);
    const NTSTATUS Status =
        TlGuardedCall(Guard, &Target, TL_OPERATION_READ | TL_OPERATION_WRITE, 0, AttachAndTouch, Log, Decision);
    TlReleaseTarget(&Target);
    return Status;
}

/* Here a product calls MmCopyVirtualMemory from Target->Process. */
_Use_decl_annotations_
static NTSTATUS CopyMemory(const TL_GUARD_TARGET *Target, PVOID Context)
{
    SampleRecord(Context, SAMPLE_ACTION_COPY_MEMORY, Target->Identity.Pid, 0);
    return STATUS_SUCCESS;
}

_Use_decl_annotations_
NTSTATUS SampleCopyMemory(const TL_GUARD_STATE *Guard, HANDLE Id, const TL_GUARD_IDENTITY *Expected, SAMPLE_LOG *Log,
                          TL_GUARD_DECISION *Decision)
{
    TL_GUARD_TARGET Target;

    PAGED_CODE();
    TlQueryProcessById(Guard, Id, Expected, &Target);
    const NTSTATUS Status = TlGuardedCall(Guard, &Target, TL_OPERATION_READ, 0, CopyMemory, Log, Decision);
    TlReleaseTarget(&Target);
    return Status;
}

/* Here a product calls ZwTerminateProcess on a handle to Target->Process. */
_Use_decl_annotations_
static NTSTATUS Terminate(const TL_GUARD_TARGET *Target, PVOID Context)
{
    SampleRecord(Context, SAMPLE_ACTION_TERMINATE, Target->Identity.Pid, 0);
    return STATUS_SUCCESS;
}

_Use_decl_annotations_
NTSTATUS SampleTerminate(const TL_GUARD_STATE *Guard, HANDLE Id, const TL_GUARD_IDENTITY *Expected, SAMPLE_LOG *Log,
                         TL_GUARD_DECISION *Decision)
{
    TL_GUARD_TARGET Target;

    PAGED_CODE();
    TlQueryProcessById(Guard, Id, Expected, &Target);
    /*
     * Accepted is 0, so a trustlet is refused for its availability. A product that has decided, with somebody's name to
     * the decision, that it may end trustlets too writes TL_OPERATION_TERMINATE here; a sample that people copy does not.
     */
    const NTSTATUS Status = TlGuardedCall(Guard, &Target, TL_OPERATION_TERMINATE, 0, Terminate, Log, Decision);
    TlReleaseTarget(&Target);
    return Status;
}
