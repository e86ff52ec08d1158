/*
 * The query behind every verdict.
 */
#pragma once

#include "nt.h"
#include "trustlet_protocol.h"
#include "trustlet_secure.h"

/*
 * \brief The query itself: class 0 with the 64-byte structure.
 * \param Information all zero unless the query succeeded.
 * \return STATUS_SUCCESS only if the kernel says it wrote the whole structure, about a process with a pid; a success
 * that did less becomes STATUS_UNSUCCESSFUL, so that memory nobody wrote is never read as an answer. IRQL:
 * PASSIVE_LEVEL, APCs enabled.
 */
_IRQL_requires_max_(PASSIVE_LEVEL)
_Must_inspect_result_ NTSTATUS TlQueryExtendedInformation(_In_ HANDLE ProcessHandle,
                                                          _Out_ TL_EXTENDED_BASIC_INFORMATION *Information);
