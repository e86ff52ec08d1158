/*
 * The question the whole project asks, as the seed article asks it: is this process an IUM process?
 */
#pragma once

#include "nt.h"
#include "trustlet_protocol.h"

/*
 * \brief The seed's IsSecureProcess, with an answer that is defined on every path and has a third value.
 *
 * The seed sets its BOOLEAN only on success, and a clear bit of an exiting process, or of a Windows that does not
 * promise the bit, reads as FALSE. Here the answer is TL_VERDICT_UNKNOWN before anything can fail.
 *
 * \param ProcessHandle a kernel handle with PROCESS_QUERY_LIMITED_INFORMATION (0x1000), or NtCurrentProcess().
 * \param SecureProcess TL_VERDICT_SECURE, TL_VERDICT_ORDINARY or TL_VERDICT_UNKNOWN. Unknown means: leave it alone.
 * \return STATUS_SUCCESS with secure or ordinary; otherwise why it is unknown: the status of the query,
 *         STATUS_PROCESS_IS_TERMINATING for a process that is being deleted, STATUS_NOT_SUPPORTED where this build does
 *         not promise the bit and a secure kernel runs.
 * IRQL: PASSIVE_LEVEL, APCs enabled (facts/nt.md 1.4).
 */
_IRQL_requires_max_(PASSIVE_LEVEL)
_Must_inspect_result_ NTSTATUS IsSecureProcess(_In_ HANDLE ProcessHandle, _Out_ UINT8 *SecureProcess);

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
