#include "device.h"

#include "names.h"
#include "security.h"

TL_DEVICE *TlDeviceOf(_In_ PDEVICE_OBJECT DeviceObject)
{
    return DeviceObject->DeviceExtension;
}

_IRQL_requires_max_(PASSIVE_LEVEL)
static NTSTATUS LinkDevice(VOID)
{
    UNICODE_STRING Device;
    UNICODE_STRING Link;

    RtlInitUnicodeString(&Device, TlDeviceName);
    RtlInitUnicodeString(&Link, TlLinkName);
    return IoCreateSymbolicLink(&Link, &Device);
}

_IRQL_requires_max_(PASSIVE_LEVEL)
_Must_inspect_result_ NTSTATUS TlCreateDevice(_In_ PDRIVER_OBJECT DriverObject, _In_ PUNICODE_STRING RegistryPath)
{
    PDEVICE_OBJECT DeviceObject = NULL;
    UNICODE_STRING Name;

    PAGED_CODE();
    RtlInitUnicodeString(&Name, TlDeviceName);
    /* FILE_DEVICE_SECURE_OPEN: the device's list also guards every name below it. */
    NTSTATUS Status = IoCreateDevice(DriverObject, sizeof(TL_DEVICE), &Name, TL_DEVICE_TYPE, FILE_DEVICE_SECURE_OPEN,
                                     FALSE, &DeviceObject);
    if (!NT_SUCCESS(Status))
    {
        return Status;
    }
    TlInitializeFileList(&TlDeviceOf(DeviceObject)->Files);
    Status = TlCoreStart(&TlDeviceOf(DeviceObject)->Core);
    if (!NT_SUCCESS(Status))
    {
        goto DeleteDevice;
    }
    Status = TlSecureDevice(DeviceObject, RegistryPath);
    if (!NT_SUCCESS(Status))
    {
        goto DeleteDevice;
    }
    Status = LinkDevice();
    if (!NT_SUCCESS(Status))
    {
        goto DeleteDevice;
    }
    return STATUS_SUCCESS;

DeleteDevice:
    IoDeleteDevice(DeviceObject);
    return Status;
}

_IRQL_requires_max_(PASSIVE_LEVEL)
VOID TlDeleteDevice(_In_ PDEVICE_OBJECT DeviceObject)
{
    TL_DEVICE *Device = TlDeviceOf(DeviceObject);
    UNICODE_STRING Link;

    PAGED_CODE();
    RtlInitUnicodeString(&Link, TlLinkName);
    (VOID) IoDeleteSymbolicLink(&Link);
    /* Windows does not unload a driver with an open file; Wine does, and sends no IRP_MJ_CLOSE afterwards. */
    for (TL_FILE *File = TlFirstFile(&Device->Files); File != NULL; File = TlFirstFile(&Device->Files))
    {
        TlCloseFile(&Device->Files, File);
    }
    IoDeleteDevice(DeviceObject);
}
