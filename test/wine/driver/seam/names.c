/* The test build's names: nobody mistakes it for the driver. */
#include "names.h"

const WCHAR TlDeviceName[] = L"\\Device\\TrustletSim";
const WCHAR TlLinkName[] = L"\\DosDevices\\TrustletSim";
