/*
 * The right way to reach into another process: one function for each thing that the sample would do. To be copied.
 *
 * All of them: PASSIVE_LEVEL, APCs enabled, no lock held. They return what the guarded call returned
 * (trustlet_guard.h), and *Decision is defined on every path.
 */
#pragma once

#include "log.h"
#include "nt.h"
#include "trustlet_guard.h"

/*
 * \param Id a thread's for SampleQueueApc, else a process's.
 * \param Expected which process it must be, or whose thread; NULL only where nothing is known of it.
 * \param Decision defined on every path.
 * \return what the guarded call returned (trustlet_guard.h).
 */
typedef _IRQL_requires_max_(PASSIVE_LEVEL)
_Must_inspect_result_ NTSTATUS SAMPLE_GUARDED_ACTION(_In_ const TL_GUARD_STATE *Guard, _In_ HANDLE Id,
                                                     _In_opt_ const TL_GUARD_IDENTITY *Expected,
                                                     _Inout_ SAMPLE_LOG *Log, _Out_ TL_GUARD_DECISION *Decision);

/* \brief Would queue a user APC to a thread. */
SAMPLE_GUARDED_ACTION SampleQueueApc;

/* \brief Would attach to a process, look at its memory and change some of it. */
SAMPLE_GUARDED_ACTION SampleAttach;

/* \brief Would copy memory out of a process. */
SAMPLE_GUARDED_ACTION SampleCopyMemory;

/* \brief Would end a process. A trustlet is left running: to end one is a matter of availability, which a caller must accept by name. */
SAMPLE_GUARDED_ACTION SampleTerminate;
