/*
 * For drivers that reach into other processes: ask first, and act only through the answer. A static library; it needs
 * this header, trustlet_protocol.h and the WDK. How to adopt it: docs/guard-for-drivers.md.
 *
 * The article on IUM processes warns kernel drivers by name: one that queues an APC to a trustlet's thread, or loads a
 * DLL into a trustlet, may bring the whole system down, and it is the driver that has to look first. What follows is
 * that look, made so that it cannot be forgotten between the question and the act:
 *
 *     TL_GUARD_TARGET Target;
 *     TL_GUARD_DECISION Decision;
 *
 *     TlQueryThread(&Guard, Thread, NULL, &Target);
 *     Status = TlGuardedCall(&Guard, &Target, TL_OPERATION_QUEUE_APC, 0, QueueMyApc, &MyContext, &Decision);
 *     TlReleaseTarget(&Target);
 *
 * QueueMyApc is the driver's own function. It runs at most once, and not at all on a trustlet, on a process that is
 * ending, on one that is not the expected one, and wherever the question had no answer. The library itself acts on
 * nothing: it opens the target for a query, asks, and closes.
 *
 * IRQL: everything but TlReleaseTarget is for PASSIVE_LEVEL with APCs enabled, because the kernel's own query is
 * (facts/nt.md 1.4). Where that does not hold the target is unknown and the call is refused: STATUS_INVALID_LEVEL. A
 * driver above PASSIVE_LEVEL queues a work item and keeps the target's identity for it. Callable at DISPATCH_LEVEL are
 * forms that come with process events, in a later version.
 *
 * Not from an ObRegisterCallbacks callback: the query opens a kernel handle, which calls it again (facts/nt.md 7.1).
 */
#pragma once

#include <ntifs.h>

#include "trustlet_protocol.h"
#include "trustlet_secure.h"

/* As the WDK has them; mingw's copy does not. */
#if !defined(EXTERN_C_START)
#if defined(__cplusplus)
#define EXTERN_C_START                                                                                                 \
    extern "C"                                                                                                         \
    {
#define EXTERN_C_END }
#else
#define EXTERN_C_START
#define EXTERN_C_END
#endif
#endif

EXTERN_C_START

/*
 * What TlGuardedCall returns in place of the caller's function. It has the customer bit, which no status of the system
 * has: the function cannot return it by accident. Not for user mode: a driver completes its IRP with a status of its
 * own choice.
 */
#define TL_STATUS_REFUSED ((NTSTATUS)0xE8540001)

/*
 * What the library knows of this system: read once, never written again, so that any number of threads may use it.
 * Zeroed memory is no started guard, and refuses everything (STATUS_DEVICE_NOT_READY). There is nothing to stop.
 */
typedef struct _TL_GUARD_STATE
{
    UINT64 Signature;
    UINT64 System[6];
} TL_GUARD_STATE;

/* Which process, beyond its pid: an id is given to another process once the first is gone. */
typedef struct _TL_GUARD_IDENTITY
{
    /* TL_EXPECT_…: which members are known. The others are not read. */
    UINT32 Expect;
    UINT32 Pid;
    /* Of PsGetProcessCreateTimeQuadPart. */
    UINT64 CreateTime;
    /* Of PsGetProcessStartKey, from build 15063 on. 0 is no key. */
    UINT64 StartKey;
} TL_GUARD_IDENTITY;

/* A verdict, why, how it is known, and the NTSTATUS that decided it. TL_VERDICT_…, TL_REASON_…, TL_EVIDENCE_… */
typedef struct _TL_GUARD_VERDICT
{
    UINT8 Verdict;
    UINT8 Reason;
    UINT8 Evidence;
    NTSTATUS Status;
} TL_GUARD_VERDICT;

/* TL_DECISION_ALLOW means that the caller's function ran. */
typedef struct _TL_GUARD_DECISION
{
    UINT8 Decision;
    UINT8 Verdict;
    UINT8 Reason;
    UINT8 Evidence;
    NTSTATUS Status;
} TL_GUARD_DECISION;

/*
 * A process or thread, and a reference of its own to it: while a target holds a process, its pid belongs to no
 * other (facts/nt.md 4.3). Any number of guarded calls may use one target at a time; it is released after the last.
 */
typedef struct _TL_GUARD_TARGET
{
    /* The process; of a thread target too. NULL: nothing could be held, and every call on this target is refused.
     */
    PEPROCESS Process;
    /* The thread; NULL for a process target. */
    PETHREAD Thread;
    /* What the process was when it was queried. Worth keeping for a work item: it is what Expected wants there. */
    TL_GUARD_IDENTITY Identity;
    /* What every call on this target is held to. Expect is 0 where nothing was expected. */
    TL_GUARD_IDENTITY Expected;
    /* What it was when it was queried: for logs and filters. To act on it alone is a check that is old by then. */
    TL_GUARD_VERDICT Verdict;
    /* TL_KIND_…; 0 in a released target. */
    UINT32 Kind;
    UINT32 Tid;
    /* TL_THREAD_NONE for a process target, and what the thread said of its own life, with the status of asking. */
    UINT8 ThreadState;
    NTSTATUS ThreadStatus;
} TL_GUARD_TARGET;

/*
 * \brief The caller's own function: what it does to Target is its own affair, and its result that of TlGuardedCall.
 * \param Target holds the process, and for a thread target the thread, until the function has returned at least.
 * Called at PASSIVE_LEVEL, in the thread that called TlGuardedCall, at most once. It returns at the IRQL it was
 * called at.
 */
typedef _IRQL_requires_max_(PASSIVE_LEVEL)
_IRQL_requires_same_
NTSTATUS TL_GUARDED_FUNCTION(_In_ const TL_GUARD_TARGET *Target, _In_opt_ PVOID Context);

/*
 * \brief Finds out which Windows this is. From DriverEntry, before anything else here.
 * \return STATUS_SUCCESS; or what RtlGetVersion says, and State refuses everything.
 * IRQL: PASSIVE_LEVEL.
 */
_IRQL_requires_max_(PASSIVE_LEVEL)
_Must_inspect_result_ NTSTATUS TlGuardStart(_Out_ TL_GUARD_STATE *State);

/*
 * \brief Asks about a process, and holds it.
 *
 * There is no status to mistake for permission. What is known is in Target->Verdict, and what could not be found
 * out is TL_VERDICT_UNKNOWN, which TlGuardedCall refuses: a failed query says nothing, least of all "not secure".
 *
 * \param Process a process the caller may dereference: one it references, or one that a callback was given.
 * \param Expected NULL, or the identity the process must have: all that is expected must be known of it, and equal.
 *        It is checked now, and again by every call. Another process is let go of and is unknown
 *        (TL_REASON_IDENTITY_MISMATCH). An identity that expects nothing, or a 0, is no identity:
 *        STATUS_INVALID_PARAMETER, never "any".
 * \param Target defined on every path. To be released once with TlReleaseTarget, whatever was found.
 *
 * Answers the article where it has every function that attaches to a process, or injects into it, wait for
 * IsSecureProcess.
 *
 * IRQL: PASSIVE_LEVEL, APCs enabled, no lock held.
 */
_IRQL_requires_max_(PASSIVE_LEVEL)
VOID TlQueryProcess(_In_ const TL_GUARD_STATE *State, _In_opt_ PEPROCESS Process,
                    _In_opt_ const TL_GUARD_IDENTITY *Expected, _Out_ TL_GUARD_TARGET *Target);

/*
 * \brief The same for a pid. An id that was stored says nothing about who has it now: expect a create time or a
 * start key wherever one is known. IRQL: PASSIVE_LEVEL, APCs enabled, no lock held.
 */
_IRQL_requires_max_(PASSIVE_LEVEL)
VOID TlQueryProcessById(_In_ const TL_GUARD_STATE *State, _In_ HANDLE ProcessId,
                        _In_opt_ const TL_GUARD_IDENTITY *Expected, _Out_ TL_GUARD_TARGET *Target);

/*
 * \brief Asks about a thread and its process, and holds both.
 *
 * The verdict is that of the process. A thread that has ended, or that does not say whether it has, is refused by
 * every call, whatever its process is.
 *
 * \param Thread a thread the caller may dereference.
 * \param Expected of the thread's process. Everything else as with TlQueryProcess.
 *
 * Answers the article where it counts drivers that queue APCs among those who must ask, and where it warns that an
 * APC to a trustlet's thread may be lost without a word: the status of the call says nothing (facts/nt.md 0.5).
 *
 * IRQL: PASSIVE_LEVEL, APCs enabled, no lock held.
 */
_IRQL_requires_max_(PASSIVE_LEVEL)
VOID TlQueryThread(_In_ const TL_GUARD_STATE *State, _In_opt_ PETHREAD Thread,
                   _In_opt_ const TL_GUARD_IDENTITY *Expected, _Out_ TL_GUARD_TARGET *Target);

/* \brief The same for a thread id. IRQL: PASSIVE_LEVEL, APCs enabled, no lock held. */
_IRQL_requires_max_(PASSIVE_LEVEL)
VOID TlQueryThreadById(_In_ const TL_GUARD_STATE *State, _In_ HANDLE ThreadId,
                       _In_opt_ const TL_GUARD_IDENTITY *Expected, _Out_ TL_GUARD_TARGET *Target);

/*
 * \brief Lets go of what a target holds. Every query is followed by one; a second one does nothing.
 * IRQL: up to DISPATCH_LEVEL. Not while a guarded call uses the target.
 */
_IRQL_requires_max_(DISPATCH_LEVEL)
VOID TlReleaseTarget(_Inout_ TL_GUARD_TARGET *Target);

/*
 * \brief Asks again, about the very object the target holds, decides, and only if that allows it calls Function.
 *
 * Between this question and Function there is no other code. What can still change is that the process begins to
 * end.
 *
 * \param Target from a query. Not released meanwhile.
 * \param Operations TL_OPERATION_…, united: everything that Function does. One refused refuses all. A process
 *        target takes TL_PROCESS_OPERATIONS; a thread target any, as it holds the process too: an APC that loads a DLL is
 *        TL_OPERATION_QUEUE_APC | TL_OPERATION_LOAD_LIBRARY. To attach (KeStackAttachProcess) counts as
 *        TL_OPERATION_READ or TL_OPERATION_WRITE or both, as what is done there does.
 * \param Accepted 0, or those of TL_AVAILABILITY_OPERATIONS that the caller means to do to a trustlet too. They
 *        touch its life, not its isolation. Nothing makes another operation on a trustlet allowed, and nothing any on
 *        the unknown.
 * \param Function called at most once, and only when TL_DECISION_ALLOW is decided.
 * \param Decision defined on every path, before Function is called.
 * \return what Function returned, or TL_STATUS_REFUSED.
 *
 * Answers the article's demand itself: nothing that attaches to an IUM process or injects into it is called.
 *
 * IRQL: PASSIVE_LEVEL, APCs enabled, no lock held.
 */
_IRQL_requires_max_(PASSIVE_LEVEL)
_Must_inspect_result_ NTSTATUS TlGuardedCall(_In_ const TL_GUARD_STATE *State, _In_ const TL_GUARD_TARGET *Target,
                                             _In_ UINT32 Operations, _In_ UINT32 Accepted,
                                             _In_ TL_GUARDED_FUNCTION *Function, _In_opt_ PVOID Context,
                                             _Out_ TL_GUARD_DECISION *Decision);

EXTERN_C_END
