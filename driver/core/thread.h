/*
 * What the kernel says of one thread, and through it of its process.
 */
#pragma once

#include "nt.h"
#include "system.h"
#include "trustlet_protocol.h"
#include "verdict.h"

typedef struct _TL_THREAD_FACTS
{
    UINT32 Tid;
    /* TL_THREAD_PAIRED, TL_THREAD_EXITED, or TL_THREAD_UNPAIRED where the thread would not say. */
    UINT8 State;
    /* NTSTATUS of asking the thread whether it lives. */
    NTSTATUS Status;
} TL_THREAD_FACTS;

/*
 * \brief Asks a thread the caller holds a reference to whether it lives, and reads its process while it is held: as long
 *        as the thread object lives, its process's pid cannot be given to another (facts/nt.md 4.3).
 * \return the judgement of the process, the same as in the record.
 * IRQL: PASSIVE_LEVEL, APCs enabled, no lock held.
 */
_IRQL_requires_max_(PASSIVE_LEVEL)
TL_JUDGEMENT
TlReadThread(_In_ PETHREAD Thread, _In_ const TL_SYSTEM *System, _Out_ TL_THREAD_FACTS *Facts,
             _Out_ TL_PROCESS_RECORD *Record);

/*
 * \brief Asks a thread whether it lives, without looking at its process.
 * IRQL: PASSIVE_LEVEL, APCs enabled, no lock held.
 */
_IRQL_requires_max_(PASSIVE_LEVEL)
VOID TlReadThreadState(_In_ PETHREAD Thread, _Out_ TL_THREAD_FACTS *Facts);
