/*
 * What the device is called. The test build links another object in place of names.c, so that nobody mistakes it for
 * the driver: names are decided at link time, and no code asks which build it is in.
 */
#pragma once

#include "nt.h"

/* Null-terminated. */
extern const WCHAR TlDeviceName[];
extern const WCHAR TlLinkName[];
