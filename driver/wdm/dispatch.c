#include "dispatch.h"

#include "device.h"

/* A request on its way through core. */
typedef struct _REQUEST
{
    PIRP Irp;
    TL_FILE *File;
} REQUEST;

/* \brief Ends an IRP, which nobody may touch any more. IRQL: up to DISPATCH_LEVEL. */
_IRQL_requires_max_(DISPATCH_LEVEL)
static NTSTATUS Complete(_Inout_ PIRP Irp, _In_ NTSTATUS Status, _In_ ULONG_PTR Information)
{
    Irp->IoStatus.Status = Status;
    Irp->IoStatus.Information = Information;
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
    return Status;
}

_Use_decl_annotations_
NTSTATUS TlDispatchCreate(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    TL_DEVICE *Device = TlDeviceOf(DeviceObject);
    PFILE_OBJECT FileObject = IoGetCurrentIrpStackLocation(Irp)->FileObject;
    TL_FILE *File;

    PAGED_CODE();
    /* There is nothing below the device. */
    if (FileObject->FileName.Length != 0)
    {
        return Complete(Irp, STATUS_OBJECT_NAME_NOT_FOUND, 0);
    }
    const NTSTATUS Status = TlOpenFile(&Device->Files, &File);
    if (NT_SUCCESS(Status))
    {
        FileObject->FsContext = File;
        TlCoreOpened(&Device->Core);
    }
    return Complete(Irp, Status, NT_SUCCESS(Status) ? FILE_OPENED : 0);
}

_Use_decl_annotations_
NTSTATUS TlDispatchCleanup(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    PAGED_CODE();
    UNREFERENCED_PARAMETER(DeviceObject);
    TlDrainFile(IoGetCurrentIrpStackLocation(Irp)->FileObject->FsContext);
    return Complete(Irp, STATUS_SUCCESS, 0);
}

_Use_decl_annotations_
NTSTATUS TlDispatchClose(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    TL_DEVICE *Device = TlDeviceOf(DeviceObject);
    PFILE_OBJECT FileObject = IoGetCurrentIrpStackLocation(Irp)->FileObject;

    PAGED_CODE();
    TlCloseFile(&Device->Files, FileObject->FsContext);
    FileObject->FsContext = NULL;
    TlCoreClosed(&Device->Core);
    return Complete(Irp, STATUS_SUCCESS, 0);
}

/* TL_ABANDONED. An IRP without a cancel routine is cancelled by this flag alone. */
_IRQL_requires_max_(PASSIVE_LEVEL)
static BOOLEAN IsAbandoned(_In_ PVOID Context)
{
    const REQUEST *Request = Context;
    return Request->Irp->Cancel || TlIsFileClosing(Request->File);
}

/*
 * \return whether handles resolve in the process that sent the IRP. It is the object that is compared: a thread that a
 * filter has attached to another process keeps its own ids, and resolves handles there. IRQL: up to DISPATCH_LEVEL.
 */
static BOOLEAN IsInRequestorContext(_In_ PIRP Irp)
{
    PEPROCESS Requestor = IoGetRequestorProcess(Irp);
    return Requestor != NULL && Requestor == PsGetCurrentProcess();
}

_Use_decl_annotations_
NTSTATUS TlDispatchDeviceControl(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    const IO_STACK_LOCATION *Stack = IoGetCurrentIrpStackLocation(Irp);
    REQUEST Request = {.Irp = Irp};
    ULONG_PTR Information = 0;

    PAGED_CODE();
    /* Another driver can send a request that belongs to no file. */
    if (Stack->FileObject == NULL)
    {
        return Complete(Irp, STATUS_INVALID_DEVICE_REQUEST, 0);
    }
    Request.File = Stack->FileObject->FsContext;
    NTSTATUS Status = TlEnterFile(Request.File, Irp);
    if (!NT_SUCCESS(Status))
    {
        return Complete(Irp, Status, 0);
    }
    const TL_CALLER Caller = {
        .RequestorMode = Irp->RequestorMode,
        .InRequestorContext = IsInRequestorContext(Irp),
        .Abandoned = IsAbandoned,
        .Context = &Request,
    };
    Status = TlDispatch(&TlDeviceOf(DeviceObject)->Core, &Caller, Stack->Parameters.DeviceIoControl.IoControlCode,
                        Irp->AssociatedIrp.SystemBuffer, Stack->Parameters.DeviceIoControl.InputBufferLength,
                        Stack->Parameters.DeviceIoControl.OutputBufferLength, &Information);
    /* First this: the IRP keeps the file object, so until it is complete there is no IRP_MJ_CLOSE to free the file. */
    TlLeaveFile(Request.File, Irp);
    return Complete(Irp, Status, Information);
}

_Use_decl_annotations_
NTSTATUS TlDispatchUnsupported(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    UNREFERENCED_PARAMETER(DeviceObject);
    return Complete(Irp, STATUS_INVALID_DEVICE_REQUEST, 0);
}
