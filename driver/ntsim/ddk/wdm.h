/* What a WDM driver includes: the kernel's own types, and the services that facts/nt.md 7 lists. */
#ifndef TRUSTLET_NTSIM_DDK_WDM_H
#define TRUSTLET_NTSIM_DDK_WDM_H

#include "interlocked.h"
#include "ntdef.h"
#include "security.h"

/* ---- Ke: IRQL and locks ---- */

#define PASSIVE_LEVEL 0
#define LOW_LEVEL 0
#define APC_LEVEL 1
#define DISPATCH_LEVEL 2
#define HIGH_LEVEL 15

typedef enum _MODE
{
    KernelMode,
    UserMode,
    MaximumMode
} MODE;

typedef ULONG_PTR KSPIN_LOCK, *PKSPIN_LOCK;

typedef struct _KEVENT
{
    ULONG_PTR Opaque[3];
} KEVENT, *PKEVENT, *PRKEVENT;
_Static_assert(sizeof(KEVENT) == 0x18, "KEVENT");

KIRQL KeGetCurrentIrql(VOID);
/* Normal kernel APCs, and with them a suspension of the thread, wait until it leaves; special ones do not. */
VOID KeEnterCriticalRegion(VOID);
VOID KeLeaveCriticalRegion(VOID);
/* TRUE in a guarded region, which is not simulated, and from APC_LEVEL on. */
BOOLEAN KeAreAllApcsDisabled(VOID);
KIRQL KfRaiseIrql(KIRQL NewIrql);
VOID KeLowerIrql(KIRQL NewIrql);
#define KeRaiseIrql(NewIrql, OldIrql) (*(OldIrql) = KfRaiseIrql(NewIrql))

FORCEINLINE VOID KeInitializeSpinLock(PKSPIN_LOCK SpinLock)
{
    __atomic_store_n(SpinLock, 0, __ATOMIC_RELEASE);
}
KIRQL KeAcquireSpinLockRaiseToDpc(PKSPIN_LOCK SpinLock);
VOID KeReleaseSpinLock(PKSPIN_LOCK SpinLock, KIRQL NewIrql);
#define KeAcquireSpinLock(SpinLock, OldIrql) (*(OldIrql) = KeAcquireSpinLockRaiseToDpc(SpinLock))

/* Documentation on Windows, a check here: the code it stands in may be paged out. */
VOID NtsimPagedCode(const char *Function);
#define PAGED_CODE() NtsimPagedCode(__func__)
VOID NtsimAssertionFailed(const char *Expression, const char *File, ULONG Line);
#define NT_ASSERT(e) ((e) ? (void)0 : NtsimAssertionFailed(#e, __FILE__, __LINE__))
#define ASSERT(e) NT_ASSERT(e)

/* ---- Ex: pool ---- */

typedef enum _POOL_TYPE
{
    NonPagedPool = 0,
    NonPagedPoolExecute = 0,
    PagedPool = 1,
    NonPagedPoolNx = 512
} POOL_TYPE;

PVOID ExAllocatePoolWithTag(POOL_TYPE PoolType, SIZE_T NumberOfBytes, ULONG Tag);
VOID ExFreePoolWithTag(PVOID P, ULONG Tag);

/* ---- Mm, Rtl ---- */

typedef struct _OSVERSIONINFOW
{
    ULONG dwOSVersionInfoSize;
    ULONG dwMajorVersion;
    ULONG dwMinorVersion;
    ULONG dwBuildNumber;
    ULONG dwPlatformId;
    WCHAR szCSDVersion[128];
} OSVERSIONINFOW, *POSVERSIONINFOW, RTL_OSVERSIONINFOW, *PRTL_OSVERSIONINFOW;
_Static_assert(sizeof(RTL_OSVERSIONINFOW) == 276, "RTL_OSVERSIONINFOW");

PVOID MmGetSystemRoutineAddress(PUNICODE_STRING SystemRoutineName);
NTSTATUS RtlGetVersion(PRTL_OSVERSIONINFOW VersionInformation);
VOID RtlInitUnicodeString(PUNICODE_STRING DestinationString, PCWSTR SourceString);

/* ---- Ob, Ps: objects ---- */

typedef struct _OBJECT_TYPE *POBJECT_TYPE;
typedef struct _KPROCESS *PEPROCESS, *PKPROCESS, *PRKPROCESS;
typedef struct _KTHREAD *PETHREAD, *PKTHREAD, *PRKTHREAD;
typedef struct _ACCESS_STATE *PACCESS_STATE;

/* Pointers to where the kernel keeps the type, as ntoskrnl exports them: the type is *PsProcessType. */
extern POBJECT_TYPE *PsProcessType;
extern POBJECT_TYPE *PsThreadType;
extern POBJECT_TYPE *IoFileObjectType;

typedef struct _OBJECT_HANDLE_INFORMATION
{
    ULONG HandleAttributes;
    ACCESS_MASK GrantedAccess;
} OBJECT_HANDLE_INFORMATION, *POBJECT_HANDLE_INFORMATION;

NTSTATUS ObReferenceObjectByHandle(HANDLE Handle, ACCESS_MASK DesiredAccess, POBJECT_TYPE ObjectType,
                                   KPROCESSOR_MODE AccessMode, PVOID *Object,
                                   POBJECT_HANDLE_INFORMATION HandleInformation);
LONG_PTR ObfReferenceObject(PVOID Object);
LONG_PTR ObfDereferenceObject(PVOID Object);
#define ObReferenceObject(Object) ObfReferenceObject(Object)
#define ObDereferenceObject(Object) ObfDereferenceObject(Object)

PEPROCESS IoGetCurrentProcess(VOID);
#define PsGetCurrentProcess IoGetCurrentProcess
PKTHREAD KeGetCurrentThread(VOID);
#define PsGetCurrentThread() ((PETHREAD)KeGetCurrentThread())

/* ---- Zw ---- */

typedef enum _KEY_VALUE_INFORMATION_CLASS
{
    KeyValueBasicInformation,
    KeyValueFullInformation,
    KeyValuePartialInformation
} KEY_VALUE_INFORMATION_CLASS;

typedef struct _KEY_VALUE_PARTIAL_INFORMATION
{
    ULONG TitleIndex;
    ULONG Type;
    ULONG DataLength;
    UCHAR Data[ANYSIZE_ARRAY];
} KEY_VALUE_PARTIAL_INFORMATION, *PKEY_VALUE_PARTIAL_INFORMATION;

#define REG_NONE 0
#define REG_SZ 1
#define REG_BINARY 3
#define REG_DWORD 4

#define ZwCurrentProcess() ((HANDLE)(LONG_PTR)-1)
#define NtCurrentProcess() ((HANDLE)(LONG_PTR)-1)
#define ZwCurrentThread() ((HANDLE)(LONG_PTR)-2)
#define NtCurrentThread() ((HANDLE)(LONG_PTR)-2)

NTSTATUS ZwClose(HANDLE Handle);
NTSTATUS ZwOpenKey(PHANDLE KeyHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes);
NTSTATUS ZwQueryValueKey(HANDLE KeyHandle, PUNICODE_STRING ValueName,
                         KEY_VALUE_INFORMATION_CLASS KeyValueInformationClass, PVOID KeyValueInformation, ULONG Length,
                         PULONG ResultLength);

#include "wdm_io.h"

#endif
