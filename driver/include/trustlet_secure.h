/*
 * The question the whole project asks, as Microsoft's article asks it: is this process an IUM process? Needs <ntifs.h>
 * before it.
 */
#ifndef TRUSTLET_SECURE_H
#define TRUSTLET_SECURE_H

/*
 * An answer of a type of its own: no BOOLEAN takes it, so that code written for the article's two values does not
 * compile unchanged and read "ordinary", which is 1, as TRUE.
 */
typedef struct _TL_SECURE_ANSWER
{
    /* TL_VERDICT_ORDINARY, the only one that permits anything, TL_VERDICT_SECURE or TL_VERDICT_UNKNOWN. */
    UINT8 Verdict;
} TL_SECURE_ANSWER;

/*
 * \brief The article's IsSecureProcess, with an answer that is defined on every path and has a third value.
 *
 * The article sets its BOOLEAN only on success, and a clear bit of an exiting process, or of a Windows that does not
 * promise the bit, reads as FALSE. Here the answer is TL_VERDICT_UNKNOWN before anything can fail. It holds nothing, so
 * it says what was.
 *
 * \param ProcessHandle a kernel handle with PROCESS_QUERY_LIMITED_INFORMATION (0x1000), or NtCurrentProcess().
 * \return STATUS_SUCCESS with secure or ordinary; otherwise why it is unknown: the status of the query,
 *         STATUS_PROCESS_IS_TERMINATING for a process that is being deleted, STATUS_NOT_SUPPORTED where this build does
 *         not promise the bit and a secure kernel runs.
 * IRQL: PASSIVE_LEVEL, APCs enabled (facts/nt.md 1.4).
 */
_IRQL_requires_max_(PASSIVE_LEVEL)
_Must_inspect_result_ NTSTATUS TlIsSecureProcess(_In_ HANDLE ProcessHandle, _Out_ TL_SECURE_ANSWER *SecureProcess);

/*
 * The article's name, for the source alone. The symbol has another one, so that an object compiled with the article's
 * own prototype does not link with this library, instead of taking unknown, which is 0, for FALSE.
 */
#define IsSecureProcess TlIsSecureProcess

#endif
