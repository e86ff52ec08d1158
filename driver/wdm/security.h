/*
 * Puts the access list that core/acl.h builds on the device.
 */
#pragma once

#include "nt.h"

/* The value under the service's key, and the key it is in: one service SID, as bytes (REG_BINARY). */
#define TL_PARAMETERS_KEY L"Parameters"
#define TL_CLIENT_SID_VALUE L"ClientServiceSid"

/*
 * \brief Lets SYSTEM, Administrators, and the service named in the registry, if one is, open the device; nobody else.
 *
 * The list is set through a kernel handle, because IoCreateDeviceSecure is not in ntoskrnl but in a library of the WDK
 * (facts/wine.md 1).
 *
 * \return STATUS_SUCCESS; STATUS_INVALID_SID where the registry holds something else than one whole SID; or what a call
 *         says. After a failure the device must not get a name.
 * IRQL: PASSIVE_LEVEL.
 */
_IRQL_requires_max_(PASSIVE_LEVEL)
_Must_inspect_result_ NTSTATUS TlSecureDevice(_In_ PDEVICE_OBJECT DeviceObject, _In_ PUNICODE_STRING RegistryPath);
