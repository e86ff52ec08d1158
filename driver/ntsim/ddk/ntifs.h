/*
 * The simulated DDK: what the driver's C includes on Linux in place of the WDK's <ntifs.h>. Names, types and values are
 * those of the WDK's interface, written down from public documentation and facts/nt.md 7; the functions are in
 * driver/ntsim/kernel, which checks every rule that the WDK only documents.
 *
 * What the driver may not import is not declared here, so that a call of it does not compile.
 */
#ifndef TRUSTLET_NTSIM_DDK_NTIFS_H
#define TRUSTLET_NTSIM_DDK_NTIFS_H

#include "wdm.h"

typedef enum _PROCESSINFOCLASS
{
    ProcessBasicInformation = 0,
    ProcessTimes = 4,
    ProcessWow64Information = 26,
    ProcessImageFileName = 27,
} PROCESSINFOCLASS;

typedef enum _THREADINFOCLASS
{
    ThreadBasicInformation = 0,
    ThreadTimes = 1,
    ThreadIsTerminated = 20,
} THREADINFOCLASS;

typedef struct _KERNEL_USER_TIMES
{
    LARGE_INTEGER CreateTime;
    LARGE_INTEGER ExitTime;
    LARGE_INTEGER KernelTime;
    LARGE_INTEGER UserTime;
} KERNEL_USER_TIMES, *PKERNEL_USER_TIMES;

HANDLE PsGetCurrentProcessId(VOID);
HANDLE PsGetCurrentThreadId(VOID);
HANDLE PsGetProcessId(PEPROCESS Process);
HANDLE PsGetThreadId(PETHREAD Thread);
HANDLE PsGetThreadProcessId(PETHREAD Thread);
NTSTATUS PsLookupProcessByProcessId(HANDLE ProcessId, PEPROCESS *Process);
NTSTATUS PsLookupThreadByThreadId(HANDLE ThreadId, PETHREAD *Thread);

PEPROCESS IoGetRequestorProcess(PIRP Irp);

NTSTATUS ObOpenObjectByPointer(PVOID Object, ULONG HandleAttributes, PACCESS_STATE PassedAccessState,
                               ACCESS_MASK DesiredAccess, POBJECT_TYPE ObjectType, KPROCESSOR_MODE AccessMode,
                               PHANDLE Handle);

NTSTATUS ZwSetSecurityObject(HANDLE Handle, SECURITY_INFORMATION SecurityInformation,
                             PSECURITY_DESCRIPTOR SecurityDescriptor);

#endif
