/*
 * The one device, its name, and who may open it.
 */
#pragma once

#include "core.h"
#include "file.h"
#include "nt.h"

/* The device's extension: everything the driver keeps. Non-paged, and gone with the device. */
typedef struct _TL_DEVICE
{
    TL_CORE Core;
    TL_FILE_LIST Files;
} TL_DEVICE;

/* \return the extension of a device of ours. IRQL: any. */
TL_DEVICE *TlDeviceOf(_In_ PDEVICE_OBJECT DeviceObject);

/*
 * \brief Makes the device, secures it, and only then gives it the name clients use.
 *
 * Called from DriverEntry: until that returns, the I/O manager refuses opens (DO_DEVICE_INITIALIZING), so nobody opens
 * the device between its creation and its access list (facts/wine.md 1).
 *
 * \param RegistryPath the service's key, where Parameters\ClientServiceSid may name one account more that may open it.
 * \return STATUS_SUCCESS, and the caller deletes with TlDeleteDevice; else nothing is left behind.
 * IRQL: PASSIVE_LEVEL.
 */
_IRQL_requires_max_(PASSIVE_LEVEL)
_Must_inspect_result_ NTSTATUS TlCreateDevice(_In_ PDRIVER_OBJECT DriverObject, _In_ PUNICODE_STRING RegistryPath);

/*
 * \brief Takes the name away, closes files that are still open, and deletes the device.
 * IRQL: PASSIVE_LEVEL, with no request in the driver and none to come.
 */
_IRQL_requires_max_(PASSIVE_LEVEL)
VOID TlDeleteDevice(_In_ PDEVICE_OBJECT DeviceObject);
