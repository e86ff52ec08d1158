/*
 * What the I/O manager calls. IRPs end here: core never sees one. Every routine completes its IRP before it returns, so
 * there is no cancel routine and no queue.
 *
 * All of them: PASSIVE_LEVEL, in the context of the thread that asked; the device has no stack above it that would
 * change that.
 */
#pragma once

#include "nt.h"

_Dispatch_type_(IRP_MJ_CREATE)
DRIVER_DISPATCH TlDispatchCreate;
_Dispatch_type_(IRP_MJ_CLEANUP)
DRIVER_DISPATCH TlDispatchCleanup;
_Dispatch_type_(IRP_MJ_CLOSE)
DRIVER_DISPATCH TlDispatchClose;
_Dispatch_type_(IRP_MJ_DEVICE_CONTROL)
DRIVER_DISPATCH TlDispatchDeviceControl;

/* \brief Everything else: STATUS_INVALID_DEVICE_REQUEST. IRQL: up to DISPATCH_LEVEL. */
_Dispatch_type_(IRP_MJ_OTHER)
DRIVER_DISPATCH TlDispatchUnsupported;
