/* The sample driver: a device of its own, and two requests. What it shows is in guarded.c. */
#include "guarded.h"
#include "log.h"
#include "nt.h"
#include "sample_ioctl.h"
#include "../wdm/security.h"

/* The device's extension. Non-paged, and gone with the device. */
typedef struct _SAMPLE_DEVICE
{
    TL_GUARD_STATE Guard;
    SAMPLE_LOG Log;
} SAMPLE_DEVICE;

DRIVER_INITIALIZE DriverEntry;
static DRIVER_UNLOAD Unload;
static _Dispatch_type_(IRP_MJ_CREATE)
DRIVER_DISPATCH DispatchCreate;
static _Dispatch_type_(IRP_MJ_CLOSE)
DRIVER_DISPATCH DispatchClose;
static _Dispatch_type_(IRP_MJ_DEVICE_CONTROL)
DRIVER_DISPATCH DispatchDeviceControl;
static _Dispatch_type_(IRP_MJ_OTHER)
DRIVER_DISPATCH DispatchUnsupported;

static const WCHAR DeviceName[] = L"\\Device\\TrustletSample";
static const WCHAR LinkName[] = L"\\DosDevices\\TrustletSample";

C_ASSERT(SAMPLE_IOCTL_ACT == (SAMPLE_DEVICE_TYPE << 16 | FILE_WRITE_DATA << 14 | 0x801u << 2 | METHOD_BUFFERED));
C_ASSERT(SAMPLE_IOCTL_LOG == (SAMPLE_DEVICE_TYPE << 16 | FILE_READ_DATA << 14 | 0x802u << 2 | METHOD_BUFFERED));

_IRQL_requires_max_(PASSIVE_LEVEL)
static NTSTATUS LinkDevice(VOID)
{
    UNICODE_STRING Device;
    UNICODE_STRING Link;

    RtlInitUnicodeString(&Device, DeviceName);
    RtlInitUnicodeString(&Link, LinkName);
    return IoCreateSymbolicLink(&Link, &Device);
}

_Use_decl_annotations_
NTSTATUS DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    PDEVICE_OBJECT DeviceObject = NULL;
    UNICODE_STRING Name;

    PAGED_CODE();
    for (ULONG Major = 0; Major <= IRP_MJ_MAXIMUM_FUNCTION; Major++)
    {
        DriverObject->MajorFunction[Major] = DispatchUnsupported;
    }
    DriverObject->MajorFunction[IRP_MJ_CREATE] = DispatchCreate;
    DriverObject->MajorFunction[IRP_MJ_CLOSE] = DispatchClose;
    DriverObject->MajorFunction[IRP_MJ_DEVICE_CONTROL] = DispatchDeviceControl;
    DriverObject->DriverUnload = Unload;
    RtlInitUnicodeString(&Name, DeviceName);
    NTSTATUS Status = IoCreateDevice(DriverObject, sizeof(SAMPLE_DEVICE), &Name, SAMPLE_DEVICE_TYPE,
                                     FILE_DEVICE_SECURE_OPEN, FALSE, &DeviceObject);
    if (!NT_SUCCESS(Status))
    {
        return Status;
    }
    SAMPLE_DEVICE *Device = DeviceObject->DeviceExtension;
    SampleStartLog(&Device->Log);
    Status = TlGuardStart(&Device->Guard);
    if (NT_SUCCESS(Status))
    {
        Status = TlSecureDevice(DeviceObject, RegistryPath);
    }
    if (NT_SUCCESS(Status))
    {
        Status = LinkDevice();
    }
    if (!NT_SUCCESS(Status))
    {
        IoDeleteDevice(DeviceObject);
    }
    return Status;
}

/* IRQL: PASSIVE_LEVEL. Windows waits for the last file object first, and no request outlives its dispatch routine. */
_Use_decl_annotations_
static VOID Unload(PDRIVER_OBJECT DriverObject)
{
    UNICODE_STRING Link;

    PAGED_CODE();
    RtlInitUnicodeString(&Link, LinkName);
    (VOID) IoDeleteSymbolicLink(&Link);
    IoDeleteDevice(DriverObject->DeviceObject);
}

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
static NTSTATUS DispatchCreate(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    UNREFERENCED_PARAMETER(DeviceObject);
    /* There is nothing below the device. */
    const BOOLEAN Below = IoGetCurrentIrpStackLocation(Irp)->FileObject->FileName.Length != 0;
    return Complete(Irp, Below ? STATUS_OBJECT_NAME_NOT_FOUND : STATUS_SUCCESS, 0);
}

_Use_decl_annotations_
static NTSTATUS DispatchClose(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    UNREFERENCED_PARAMETER(DeviceObject);
    return Complete(Irp, STATUS_SUCCESS, 0);
}

_Use_decl_annotations_
static NTSTATUS DispatchUnsupported(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    UNREFERENCED_PARAMETER(DeviceObject);
    return Complete(Irp, STATUS_INVALID_DEVICE_REQUEST, 0);
}

/* By SAMPLE_ACTION_…; there is no action 0. */
static SAMPLE_GUARDED_ACTION *const Actions[] = {NULL, SampleQueueApc, SampleAttach, SampleCopyMemory, SampleTerminate};

/*
 * \param Reply defined on success.
 * \return STATUS_SUCCESS whether or not the action was refused; STATUS_INVALID_PARAMETER for none of the actions.
 */
_IRQL_requires_max_(PASSIVE_LEVEL)
static NTSTATUS Act(_Inout_ SAMPLE_DEVICE *Device, _In_ const SAMPLE_ACT_REQUEST *Request,
                    _Out_ SAMPLE_ACT_REPLY *Reply)
{
    const TL_GUARD_IDENTITY Identity = {.Expect = TL_EXPECT_CREATE_TIME, .CreateTime = Request->CreateTime};
    TL_GUARD_DECISION Decision;

    RtlZeroMemory(Reply, sizeof(*Reply));
    if (Request->Action == 0 || Request->Action >= ARRAYSIZE(Actions))
    {
        return STATUS_INVALID_PARAMETER;
    }
    const NTSTATUS Status =
        Actions[Request->Action](&Device->Guard, (HANDLE)(ULONG_PTR)Request->Id,
                                 Request->CreateTime != 0 ? &Identity : NULL, &Device->Log, &Decision);
    Reply->CallStatus = (UINT32)Status;
    Reply->Decision = Decision.Decision;
    Reply->Verdict = Decision.Verdict;
    Reply->Reason = Decision.Reason;
    Reply->Evidence = Decision.Evidence;
    Reply->Status = (UINT32)Decision.Status;
    return STATUS_SUCCESS;
}

_Use_decl_annotations_
static NTSTATUS DispatchDeviceControl(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    const IO_STACK_LOCATION *Stack = IoGetCurrentIrpStackLocation(Irp);
    const ULONG InputLength = Stack->Parameters.DeviceIoControl.InputBufferLength;
    const ULONG OutputLength = Stack->Parameters.DeviceIoControl.OutputBufferLength;
    SAMPLE_DEVICE *Device = DeviceObject->DeviceExtension;
    PVOID Buffer = Irp->AssociatedIrp.SystemBuffer;

    PAGED_CODE();
    switch (Stack->Parameters.DeviceIoControl.IoControlCode)
    {
    case SAMPLE_IOCTL_ACT:
    {
        SAMPLE_ACT_REQUEST Request;

        if (InputLength != sizeof(Request) || OutputLength < sizeof(SAMPLE_ACT_REPLY))
        {
            return Complete(Irp, STATUS_INFO_LENGTH_MISMATCH, 0);
        }
        /* The reply is written over the request. */
        RtlCopyMemory(&Request, Buffer, sizeof(Request));
        const NTSTATUS Status = Act(Device, &Request, Buffer);
        return Complete(Irp, Status, NT_SUCCESS(Status) ? sizeof(SAMPLE_ACT_REPLY) : 0);
    }
    case SAMPLE_IOCTL_LOG:
        if (InputLength != 0 || OutputLength < sizeof(SAMPLE_LOG_REPLY))
        {
            return Complete(Irp, STATUS_INFO_LENGTH_MISMATCH, 0);
        }
        SampleReadLog(&Device->Log, Buffer);
        return Complete(Irp, STATUS_SUCCESS, sizeof(SAMPLE_LOG_REPLY));
    default:
        return Complete(Irp, STATUS_INVALID_DEVICE_REQUEST, 0);
    }
}
