/*
 * Who may open the device.
 */
#pragma once

#include "nt.h"

/* Enough for two built-in SIDs and a service SID. */
#define TL_DEVICE_DACL_SIZE 96u

/*
 * \brief Builds the device's access control list: SYSTEM and Administrators everything, and optionally one account
 * reading.
 *
 * Specific rights, so that nothing depends on a generic mapping. The reading account can send every request there is,
 * since all of them are FILE_READ_ACCESS; it cannot change the device's security.
 *
 * \param Dacl Length bytes; defined only on success.
 * \param ClientSid NULL, or a SID that TlIsServiceSid accepts.
 * \return STATUS_SUCCESS, or what a run-time routine says, which is that Length is too small.
 * IRQL: PASSIVE_LEVEL.
 */
_IRQL_requires_max_(PASSIVE_LEVEL)
_Must_inspect_result_ NTSTATUS TlBuildDeviceDacl(_Out_writes_bytes_(Length) PACL Dacl, _In_ ULONG Length,
                                                 _In_opt_ PSID ClientSid);

/*
 * \brief Is this the SID of a service, S-1-5-80- and five numbers, and nothing else? What comes from the registry is
 * not taken on trust: neither a piece of a SID, nor one that stands for more than one service. IRQL: any, if Sid is
 * resident.
 */
BOOLEAN TlIsServiceSid(_In_reads_bytes_(Length) const VOID *Sid, _In_ ULONG Length);
