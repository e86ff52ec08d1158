/*
 * What the verdict needs to know of the system: its build, and whether a secure kernel runs.
 */
#pragma once

#include "nt.h"

/* First build whose public header promises the secure bit: Windows 10 1703 (facts/nt.md 1.2 and 10). */
#define TL_FIRST_BUILD_WITH_BIT 15063u
/* First build whose process list carries the extension with the sequence number: 1709 (facts/nt.md 4.1). */
#define TL_FIRST_BUILD_WITH_EXTENSION 16299u
/* SecureKernelRunning in the first word of class 165 (facts/nt.md 3.1). */
#define TL_SECURE_KERNEL_RUNNING 0x1u

typedef struct _TL_SYSTEM
{
    UINT32 Major;
    UINT32 Minor;
    UINT32 Build;
    /* NTSTATUS of class 165 and, when that is STATUS_SUCCESS, its first word; else all bits are set. */
    NTSTATUS IsolatedUserModeStatus;
    UINT32 IsolatedUserModeFlags;
    /* NULL where this Windows has none: then there is no start key, and an identity is pid and create time. */
    TL_PS_GET_PROCESS_START_KEY *GetProcessStartKey;
} TL_SYSTEM;

/*
 * \brief Reads what does not change while a system runs. Class 165 is not asked yet: its status is STATUS_UNSUCCESSFUL.
 * \return STATUS_SUCCESS, or what RtlGetVersion says.
 * IRQL: PASSIVE_LEVEL.
 */
_IRQL_requires_max_(PASSIVE_LEVEL)
_Must_inspect_result_ NTSTATUS TlReadSystem(_Out_ TL_SYSTEM *System);

/*
 * \brief Asks class 165. The answer is for one request: a failure may pass.
 * IRQL: PASSIVE_LEVEL.
 */
_IRQL_requires_max_(PASSIVE_LEVEL)
VOID TlReadIsolatedUserMode(_Inout_ TL_SYSTEM *System);

/*
 * \brief Asks what a verdict needs beside the process: nothing from build 15063 on, class 165 before it.
 * IRQL: PASSIVE_LEVEL.
 */
_IRQL_requires_max_(PASSIVE_LEVEL)
VOID TlReadForVerdicts(_Inout_ TL_SYSTEM *System);
