#include "names.h"

const WCHAR TlDeviceName[] = L"\\Device\\Trustlet";
/* Clients open it as \\.\Trustlet. */
const WCHAR TlLinkName[] = L"\\DosDevices\\Trustlet";
