#include "device.h"
#include "dispatch.h"
#include "nt.h"

DRIVER_INITIALIZE DriverEntry;
static DRIVER_UNLOAD Unload;

_Use_decl_annotations_
NTSTATUS DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    PAGED_CODE();
    for (ULONG Major = 0; Major <= IRP_MJ_MAXIMUM_FUNCTION; Major++)
    {
        DriverObject->MajorFunction[Major] = TlDispatchUnsupported;
    }
    DriverObject->MajorFunction[IRP_MJ_CREATE] = TlDispatchCreate;
    DriverObject->MajorFunction[IRP_MJ_CLEANUP] = TlDispatchCleanup;
    DriverObject->MajorFunction[IRP_MJ_CLOSE] = TlDispatchClose;
    DriverObject->MajorFunction[IRP_MJ_DEVICE_CONTROL] = TlDispatchDeviceControl;
    DriverObject->DriverUnload = Unload;
    return TlCreateDevice(DriverObject, RegistryPath);
}

/* IRQL: PASSIVE_LEVEL. Windows waits for the last file object first. */
_Use_decl_annotations_
static VOID Unload(PDRIVER_OBJECT DriverObject)
{
    PAGED_CODE();
    TlDeleteDevice(DriverObject->DeviceObject);
}
