/*
 * A driver whose requests pend until somebody releases or cancels them, which no request of trustlet.sys does: with it
 * the addon's own half of cancellation, close and teardown is shown over real IRPs. Test artefact, for Wine.
 *
 * HOLD pends and can be cancelled; STUBBORN pends and cannot; RELEASE ends all of them well, each with four bytes of
 * its input; COUNT answers how many pend. The queue and its cancel routine: facts/wine.md 2.
 */
#include "nt.h"

DRIVER_INITIALIZE DriverEntry;

static const WCHAR DeviceName[] = L"\\Device\\TrustletPending";
static const WCHAR LinkName[] = L"\\DosDevices\\TrustletPending";
#define HOLD 0x80006000u
#define STUBBORN 0x80006004u
#define RELEASE 0x80006008u
#define COUNT 0x8000600Cu

static KSPIN_LOCK Lock;
static LIST_ENTRY Held;

static NTSTATUS Complete(_Inout_ PIRP Irp, _In_ NTSTATUS Status, _In_ ULONG_PTR Information)
{
    Irp->IoStatus.Status = Status;
    Irp->IoStatus.Information = Information;
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
    return Status;
}

static VOID Cancel(_In_ PDEVICE_OBJECT DeviceObject, _Inout_ PIRP Irp)
{
    KIRQL Irql;

    (VOID) DeviceObject;
    IoReleaseCancelSpinLock(Irp->CancelIrql);
    KeAcquireSpinLock(&Lock, &Irql);
    RemoveEntryList(&Irp->Tail.Overlay.ListEntry);
    KeReleaseSpinLock(&Lock, Irql);
    (VOID) Complete(Irp, STATUS_CANCELLED, 0);
}

static NTSTATUS Hold(_Inout_ PIRP Irp, _In_ BOOLEAN Cancellable)
{
    KIRQL Irql;

    KeAcquireSpinLock(&Lock, &Irql);
    if (Cancellable)
    {
        (VOID) IoSetCancelRoutine(Irp, Cancel);
        /* Cancelled already, and the routine will not be called: nobody else has this request. */
        if (Irp->Cancel && IoSetCancelRoutine(Irp, NULL) != NULL)
        {
            KeReleaseSpinLock(&Lock, Irql);
            return Complete(Irp, STATUS_CANCELLED, 0);
        }
    }
    IoMarkIrpPending(Irp);
    InsertTailList(&Held, &Irp->Tail.Overlay.ListEntry);
    KeReleaseSpinLock(&Lock, Irql);
    return STATUS_PENDING;
}

/* Takes out one request that nobody cancels meanwhile; NULL: there is none. */
static PIRP TakeOne(_In_opt_ PFILE_OBJECT FileObject)
{
    PIRP Taken = NULL;
    KIRQL Irql;

    KeAcquireSpinLock(&Lock, &Irql);
    for (LIST_ENTRY *Entry = Held.Flink; Entry != &Held && Taken == NULL; Entry = Entry->Flink)
    {
        PIRP Irp = CONTAINING_RECORD(Entry, IRP, Tail.Overlay.ListEntry);
        const IO_STACK_LOCATION *Stack = IoGetCurrentIrpStackLocation(Irp);
        const BOOLEAN Stubborn = Stack->Parameters.DeviceIoControl.IoControlCode == STUBBORN;
        /* The end of a file takes what can be cancelled, a release takes everything. */
        if (FileObject != NULL && (Stubborn || Stack->FileObject != FileObject))
        {
            continue;
        }
        if (Stubborn || IoSetCancelRoutine(Irp, NULL) != NULL)
        {
            RemoveEntryList(Entry);
            Taken = Irp;
        }
    }
    KeReleaseSpinLock(&Lock, Irql);
    return Taken;
}

static NTSTATUS Release(_Inout_ PIRP Own)
{
    for (PIRP Irp = TakeOne(NULL); Irp != NULL; Irp = TakeOne(NULL))
    {
        const IO_STACK_LOCATION *Stack = IoGetCurrentIrpStackLocation(Irp);
        const ULONG Length = Stack->Parameters.DeviceIoControl.InputBufferLength;
        const ULONG Room = Stack->Parameters.DeviceIoControl.OutputBufferLength;
        (VOID) Complete(Irp, STATUS_SUCCESS, Length < Room ? Length : Room);
    }
    return Complete(Own, STATUS_SUCCESS, 0);
}

static NTSTATUS Count(_Inout_ PIRP Irp)
{
    UINT32 Total = 0;
    KIRQL Irql;

    if (IoGetCurrentIrpStackLocation(Irp)->Parameters.DeviceIoControl.OutputBufferLength < sizeof(Total))
    {
        return Complete(Irp, STATUS_BUFFER_TOO_SMALL, 0);
    }
    KeAcquireSpinLock(&Lock, &Irql);
    for (const LIST_ENTRY *Entry = Held.Flink; Entry != &Held; Entry = Entry->Flink)
    {
        Total++;
    }
    KeReleaseSpinLock(&Lock, Irql);
    *(UINT32 *)Irp->AssociatedIrp.SystemBuffer = Total;
    return Complete(Irp, STATUS_SUCCESS, sizeof(Total));
}

static NTSTATUS Control(_In_ PDEVICE_OBJECT DeviceObject, _Inout_ PIRP Irp)
{
    (VOID) DeviceObject;
    switch (IoGetCurrentIrpStackLocation(Irp)->Parameters.DeviceIoControl.IoControlCode)
    {
    case HOLD:
        return Hold(Irp, TRUE);
    case STUBBORN:
        return Hold(Irp, FALSE);
    case RELEASE:
        return Release(Irp);
    case COUNT:
        return Count(Irp);
    default:
        return Complete(Irp, STATUS_INVALID_DEVICE_REQUEST, 0);
    }
}

static NTSTATUS Open(_In_ PDEVICE_OBJECT DeviceObject, _Inout_ PIRP Irp)
{
    (VOID) DeviceObject;
    return Complete(Irp, STATUS_SUCCESS, 0);
}

/* CLOSE as well: Wine sends no CLEANUP (facts/wine.md 1). */
static NTSTATUS Close(_In_ PDEVICE_OBJECT DeviceObject, _Inout_ PIRP Irp)
{
    PFILE_OBJECT FileObject = IoGetCurrentIrpStackLocation(Irp)->FileObject;

    (VOID) DeviceObject;
    for (PIRP Other = TakeOne(FileObject); Other != NULL; Other = TakeOne(FileObject))
    {
        (VOID) Complete(Other, STATUS_CANCELLED, 0);
    }
    return Complete(Irp, STATUS_SUCCESS, 0);
}

static VOID Unload(_In_ PDRIVER_OBJECT DriverObject)
{
    UNICODE_STRING Link;
    RtlInitUnicodeString(&Link, LinkName);
    (VOID) IoDeleteSymbolicLink(&Link);
    IoDeleteDevice(DriverObject->DeviceObject);
}

_Use_decl_annotations_
NTSTATUS DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    PDEVICE_OBJECT DeviceObject = NULL;
    UNICODE_STRING Device;
    UNICODE_STRING Link;

    (VOID) RegistryPath;
    KeInitializeSpinLock(&Lock);
    InitializeListHead(&Held);
    DriverObject->MajorFunction[IRP_MJ_CREATE] = Open;
    DriverObject->MajorFunction[IRP_MJ_CLEANUP] = Close;
    DriverObject->MajorFunction[IRP_MJ_CLOSE] = Close;
    DriverObject->MajorFunction[IRP_MJ_DEVICE_CONTROL] = Control;
    DriverObject->DriverUnload = Unload;
    RtlInitUnicodeString(&Device, DeviceName);
    RtlInitUnicodeString(&Link, LinkName);
    const NTSTATUS Status = IoCreateDevice(DriverObject, 0, &Device, FILE_DEVICE_UNKNOWN, 0, FALSE, &DeviceObject);
    return NT_SUCCESS(Status) ? IoCreateSymbolicLink(&Link, &Device) : Status;
}
