/*
 * A driver that ends its host the way a real mistake does in Wine: one request calls a routine that has an address and
 * no body (facts/wine.md 0 and 3). With it the harness's tests show that the client's output survives, and that the
 * driver is blamed and not the tests. Test artefact.
 */
#include "nt.h"

DRIVER_INITIALIZE DriverEntry;

static const WCHAR DeviceName[] = L"\\Device\\TrustletCrashing";
static const WCHAR LinkName[] = L"\\DosDevices\\TrustletCrashing";
#define CRASH 0x80006000u

typedef LONGLONG NTAPI GET_CREATE_TIME(PEPROCESS Process);

static NTSTATUS Answer(_In_ PDEVICE_OBJECT DeviceObject, _Inout_ PIRP Irp)
{
    const IO_STACK_LOCATION *Stack = IoGetCurrentIrpStackLocation(Irp);
    NTSTATUS Status = STATUS_SUCCESS;

    (VOID) DeviceObject;
    if (Stack->MajorFunction == IRP_MJ_DEVICE_CONTROL)
    {
        Status = STATUS_INVALID_DEVICE_REQUEST;
        if (Stack->Parameters.DeviceIoControl.IoControlCode == CRASH)
        {
            UNICODE_STRING Name;
            RtlInitUnicodeString(&Name, L"PsGetProcessCreateTimeQuadPart");
            GET_CREATE_TIME *Aborting = (GET_CREATE_TIME *)(ULONG_PTR)MmGetSystemRoutineAddress(&Name);
            Status = (NTSTATUS)Aborting(IoGetRequestorProcess(Irp));
        }
    }
    Irp->IoStatus.Status = Status;
    Irp->IoStatus.Information = 0;
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
    return Status;
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
    DriverObject->MajorFunction[IRP_MJ_CREATE] = Answer;
    DriverObject->MajorFunction[IRP_MJ_CLOSE] = Answer;
    DriverObject->MajorFunction[IRP_MJ_DEVICE_CONTROL] = Answer;
    DriverObject->DriverUnload = Unload;
    RtlInitUnicodeString(&Device, DeviceName);
    RtlInitUnicodeString(&Link, LinkName);
    const NTSTATUS Status = IoCreateDevice(DriverObject, 0, &Device, FILE_DEVICE_UNKNOWN, 0, FALSE, &DeviceObject);
    return NT_SUCCESS(Status) ? IoCreateSymbolicLink(&Link, &Device) : Status;
}
