/*
 * The only way to NT's declarations for core, wdm and guard: the kit's <ntifs.h>, what mingw's copy of it gets wrong
 * (mingw_compat.h), and what no kit declares although ntoskrnl exports it. Three headers are found under the name
 * <ntifs.h>: the WDK's, mingw-w64's, and the simulated kernel's (driver/ntsim/ddk).
 */
#pragma once

#include <ntifs.h>

#if defined(__MINGW32__)
#include "mingw_compat.h"
#endif

/* What the kit keeps in user-mode headers (facts/nt.md 6.1). */
#if !defined(PROCESS_QUERY_LIMITED_INFORMATION)
#define PROCESS_QUERY_LIMITED_INFORMATION 0x1000
#endif
#if !defined(THREAD_QUERY_LIMITED_INFORMATION)
#define THREAD_QUERY_LIMITED_INFORMATION 0x0800
#endif

/*
 * The object types, to be passed where a POBJECT_TYPE is wanted. The kit declares pointers to them; mingw's headers
 * import them as if they were the types themselves (facts/wine.md 10).
 */
#if !defined(TL_PROCESS_TYPE)
#define TL_PROCESS_TYPE (*PsProcessType)
#define TL_THREAD_TYPE (*PsThreadType)
#endif

/* Information classes: numbers of our own, because the kits' enumerations stop short (facts/nt.md 1, 2, 3.1, 4.1). */
#define TlProcessBasicInformation ((PROCESSINFOCLASS)0)
#define TlProcessTimes ((PROCESSINFOCLASS)4)
#define TlProcessProtectionInformation ((PROCESSINFOCLASS)61)
#define TlThreadIsTerminated ((THREADINFOCLASS)20)
#define TlSystemProcessInformation 5u
#define TlSystemIsolatedUserModeInformation 165u

/*
 * Exported by ntoskrnl, and declared by each driver that calls them (facts/nt.md 1.4). All three: PASSIVE_LEVEL, APCs
 * enabled. The system class is a number here, for no kit has its enumeration.
 */
_IRQL_requires_max_(PASSIVE_LEVEL)
NTSYSAPI NTSTATUS NTAPI ZwQueryInformationProcess(_In_ HANDLE ProcessHandle,
                                                  _In_ PROCESSINFOCLASS ProcessInformationClass,
                                                  _Out_writes_bytes_opt_(ProcessInformationLength)
                                                      PVOID ProcessInformation,
                                                  _In_ ULONG ProcessInformationLength, _Out_opt_ PULONG ReturnLength);

_IRQL_requires_max_(PASSIVE_LEVEL)
NTSYSAPI NTSTATUS NTAPI ZwQueryInformationThread(_In_ HANDLE ThreadHandle, _In_ THREADINFOCLASS ThreadInformationClass,
                                                 _Out_writes_bytes_opt_(ThreadInformationLength)
                                                     PVOID ThreadInformation,
                                                 _In_ ULONG ThreadInformationLength, _Out_opt_ PULONG ReturnLength);

_IRQL_requires_max_(PASSIVE_LEVEL)
NTSYSAPI NTSTATUS NTAPI ZwQuerySystemInformation(_In_ ULONG SystemInformationClass,
                                                 _Out_writes_bytes_opt_(SystemInformationLength)
                                                     PVOID SystemInformation,
                                                 _In_ ULONG SystemInformationLength, _Out_opt_ PULONG ReturnLength);

/* Bound at run time, because older builds and Wine do not have them (facts/nt.md 7, facts/wine.md 3 and 5). */
typedef _IRQL_requires_max_(DISPATCH_LEVEL)
ULONGLONG NTAPI TL_PS_GET_PROCESS_START_KEY(_In_ PEPROCESS Process);
typedef _IRQL_requires_max_(DISPATCH_LEVEL)
PVOID NTAPI TL_EX_ALLOCATE_POOL2(_In_ UINT64 Flags, _In_ SIZE_T Bytes, _In_ ULONG Tag);

/* PROCESS_BASIC_INFORMATION, whose handles are numbers to us (facts/nt.md 1.1). */
typedef struct _TL_BASIC_INFORMATION
{
    NTSTATUS ExitStatus;
    PVOID PebBaseAddress;
    ULONG_PTR AffinityMask;
    LONG BasePriority;
    ULONG_PTR UniqueProcessId;
    ULONG_PTR InheritedFromUniqueProcessId;
} TL_BASIC_INFORMATION;

C_ASSERT(sizeof(TL_BASIC_INFORMATION) == 48);

/*
 * PROCESS_EXTENDED_BASIC_INFORMATION (facts/nt.md 1.1). The kernel chooses it by its length alone, so the length is
 * pinned. The kits' own name bits in it that differ by version; ours has the word, to be masked.
 */
typedef struct _TL_EXTENDED_BASIC_INFORMATION
{
    SIZE_T Size;
    TL_BASIC_INFORMATION BasicInfo;
    ULONG Flags;
    ULONG Padding;
} TL_EXTENDED_BASIC_INFORMATION;

C_ASSERT(sizeof(TL_EXTENDED_BASIC_INFORMATION) == 64);
C_ASSERT(FIELD_OFFSET(TL_EXTENDED_BASIC_INFORMATION, BasicInfo.ExitStatus) == 8);
C_ASSERT(FIELD_OFFSET(TL_EXTENDED_BASIC_INFORMATION, BasicInfo.PebBaseAddress) == 16);
C_ASSERT(FIELD_OFFSET(TL_EXTENDED_BASIC_INFORMATION, BasicInfo.AffinityMask) == 24);
C_ASSERT(FIELD_OFFSET(TL_EXTENDED_BASIC_INFORMATION, BasicInfo.BasePriority) == 32);
C_ASSERT(FIELD_OFFSET(TL_EXTENDED_BASIC_INFORMATION, BasicInfo.UniqueProcessId) == 40);
C_ASSERT(FIELD_OFFSET(TL_EXTENDED_BASIC_INFORMATION, BasicInfo.InheritedFromUniqueProcessId) == 48);
C_ASSERT(FIELD_OFFSET(TL_EXTENDED_BASIC_INFORMATION, Flags) == 56);

/* SYSTEM_ISOLATED_USER_MODE_INFORMATION: flags only (facts/nt.md 3.1). */
typedef struct _TL_ISOLATED_USER_MODE_INFORMATION
{
    UINT32 Flags;
    UINT8 Rest[12];
} TL_ISOLATED_USER_MODE_INFORMATION;

C_ASSERT(sizeof(TL_ISOLATED_USER_MODE_INFORMATION) == 16);

/* SYSTEM_PROCESS_INFORMATION of class 5, 64-bit (facts/nt.md 4.1): what is not read is only kept in its place. */
typedef struct _TL_SYSTEM_PROCESS_ENTRY
{
    UINT32 NextEntryOffset;
    UINT32 NumberOfThreads;
    UINT8 WorkingSetAndCycles[24];
    LONG64 CreateTime;
    LONG64 UserTime;
    LONG64 KernelTime;
    UNICODE_STRING ImageName;
    LONG BasePriority;
    ULONG_PTR UniqueProcessId;
    ULONG_PTR InheritedFromUniqueProcessId;
    UINT32 HandleCount;
    UINT32 SessionId;
    UINT8 Counters[152];
} TL_SYSTEM_PROCESS_ENTRY;

C_ASSERT(sizeof(TL_SYSTEM_PROCESS_ENTRY) == 256);
C_ASSERT(FIELD_OFFSET(TL_SYSTEM_PROCESS_ENTRY, NumberOfThreads) == 4);
C_ASSERT(FIELD_OFFSET(TL_SYSTEM_PROCESS_ENTRY, CreateTime) == 32);
C_ASSERT(FIELD_OFFSET(TL_SYSTEM_PROCESS_ENTRY, ImageName) == 56);
C_ASSERT(FIELD_OFFSET(TL_SYSTEM_PROCESS_ENTRY, ImageName.Buffer) == 64);
C_ASSERT(FIELD_OFFSET(TL_SYSTEM_PROCESS_ENTRY, UniqueProcessId) == 80);
C_ASSERT(FIELD_OFFSET(TL_SYSTEM_PROCESS_ENTRY, InheritedFromUniqueProcessId) == 88);
C_ASSERT(FIELD_OFFSET(TL_SYSTEM_PROCESS_ENTRY, HandleCount) == 96);
C_ASSERT(FIELD_OFFSET(TL_SYSTEM_PROCESS_ENTRY, SessionId) == 100);

/* SYSTEM_THREAD_INFORMATION: only stepped over. */
#define TL_SYSTEM_THREAD_ENTRY_SIZE 80u

/* SYSTEM_PROCESS_INFORMATION_EXTENSION, behind the threads of an entry from 1709 on (facts/nt.md 4.1). */
typedef struct _TL_SYSTEM_PROCESS_EXTENSION
{
    UINT8 DiskCountersAndSwitches[48];
    UINT32 Flags;
    UINT8 OffsetsAndEnergy[308];
    UINT64 ProcessSequenceNumber;
} TL_SYSTEM_PROCESS_EXTENSION;

C_ASSERT(sizeof(TL_SYSTEM_PROCESS_EXTENSION) == 368);
C_ASSERT(FIELD_OFFSET(TL_SYSTEM_PROCESS_EXTENSION, Flags) == 48);
C_ASSERT(FIELD_OFFSET(TL_SYSTEM_PROCESS_EXTENSION, ProcessSequenceNumber) == 360);
