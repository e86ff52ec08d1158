/*
 * The seam of the test build: three services of the kernel, answered from the scripted table where Wine cannot answer
 * them, and by Wine otherwise. A definition of `__imp_…` here wins over the import library, so that the driver's own
 * objects are the very ones of the production build (facts/wine.md 8 and 8.1). Test artefact.
 */
#include "script.h"

#define PROCESS_DUP_HANDLE_RIGHT 0x0040u
/* Wine fills an object by querying the handle it is referenced by, so the duplicate must have these
 * (facts/wine.md 8.1). */
#define PROCESS_RIGHTS_FOR_WINE 0x1400u
#define THREAD_RIGHTS_FOR_WINE 0x0840u
#define PLAIN_LENGTH 48u
#define OBJECT_BASIC_INFORMATION_LENGTH 56u
#define THREAD_BASIC_INFORMATION_LENGTH 48u
/* What a pseudo-handle grants. */
#define ALL_ACCESS 0x1FFFFFu

NTSYSAPI NTSTATUS NTAPI ZwDuplicateObject(HANDLE SourceProcess, HANDLE Source, HANDLE TargetProcess, PHANDLE Target,
                                          ACCESS_MASK Access, ULONG Attributes, ULONG Options);
NTSYSAPI NTSTATUS NTAPI ZwOpenProcess(PHANDLE Process, ACCESS_MASK Access, POBJECT_ATTRIBUTES Attributes,
                                      PCLIENT_ID ClientId);
NTSYSAPI NTSTATUS NTAPI ZwOpenThread(PHANDLE Thread, ACCESS_MASK Access, POBJECT_ATTRIBUTES Attributes,
                                     PCLIENT_ID ClientId);
NTSYSAPI NTSTATUS NTAPI ZwQueryObject(HANDLE Handle, OBJECT_INFORMATION_CLASS Class, PVOID Buffer, ULONG Length,
                                      PULONG Returned);

/* ---- what Wine answers ---- */

static PVOID Real(_In_ PCWSTR Name)
{
    UNICODE_STRING Text;
    RtlInitUnicodeString(&Text, Name);
    return MmGetSystemRoutineAddress(&Text);
}

typedef NTSTATUS NTAPI QUERY_PROCESS(HANDLE, PROCESSINFOCLASS, PVOID, ULONG, PULONG);
typedef NTSTATUS NTAPI QUERY_THREAD(HANDLE, THREADINFOCLASS, PVOID, ULONG, PULONG);
typedef NTSTATUS NTAPI SET_SECURITY(HANDLE, SECURITY_INFORMATION, PSECURITY_DESCRIPTOR);
typedef NTSTATUS NTAPI QUERY_SYSTEM(ULONG, PVOID, ULONG, PULONG);
typedef NTSTATUS NTAPI REFERENCE_BY_HANDLE(HANDLE, ACCESS_MASK, POBJECT_TYPE, KPROCESSOR_MODE, PVOID *,
                                           POBJECT_HANDLE_INFORMATION);

/* ---- ZwQueryInformationProcess: the 64-byte form and class 61 ---- */

static NTSTATUS NTAPI QueryProcess(HANDLE Handle, PROCESSINFOCLASS Class, PVOID Buffer, ULONG Length, PULONG Returned)
{
    QUERY_PROCESS *Wine = (QUERY_PROCESS *)(ULONG_PTR)Real(L"ZwQueryInformationProcess");
    TL_EXTENDED_BASIC_INFORMATION *Extended = Buffer;
    TL_BASIC_INFORMATION Basic;
    SCRIPTED Scripted;

    const BOOLEAN IsExtended = Class == TlProcessBasicInformation && Length == sizeof(*Extended);
    if (!IsExtended && Class != TlProcessProtectionInformation)
    {
        return Wine(Handle, Class, Buffer, Length, Returned);
    }
    NTSTATUS Status = Wine(Handle, TlProcessBasicInformation, &Basic, PLAIN_LENGTH, NULL);
    if (!NT_SUCCESS(Status))
    {
        return Status;
    }
    if (!ReadScript(Basic.UniqueProcessId, &Scripted))
    {
        return Wine(Handle, Class, Buffer, Length, Returned);
    }
    if (Class == TlProcessProtectionInformation)
    {
        if (Scripted.Protection == 0xFF || Length != sizeof(UINT8))
        {
            return STATUS_INVALID_INFO_CLASS;
        }
        *(UINT8 *)Buffer = Scripted.Protection;
        *Returned = sizeof(UINT8);
        return STATUS_SUCCESS;
    }
    Status = (NTSTATUS)Scripted.Status;
    if (NT_SUCCESS(Status))
    {
        Extended->Size = sizeof(*Extended);
        Extended->BasicInfo = Basic;
        Extended->Flags = Scripted.Flags;
        Extended->Padding = 0;
        *Returned = sizeof(*Extended);
    }
    return Status;
}

/* ---- ZwQuerySystemInformation: class 165 ---- */

static NTSTATUS NTAPI QuerySystem(ULONG Class, PVOID Buffer, ULONG Length, PULONG Returned)
{
    TL_ISOLATED_USER_MODE_INFORMATION *Information = Buffer;
    UINT32 Flags;

    if (Class != TlSystemIsolatedUserModeInformation || Length != sizeof(*Information) ||
        !ReadParameter(L"IsolatedUserMode", &Flags))
    {
        QUERY_SYSTEM *Wine = (QUERY_SYSTEM *)(ULONG_PTR)Real(L"ZwQuerySystemInformation");
        return Wine(Class, Buffer, Length, Returned);
    }
    RtlZeroMemory(Information, sizeof(*Information));
    Information->Flags = Flags;
    *Returned = sizeof(*Information);
    return STATUS_SUCCESS;
}

/* ---- ZwQueryInformationThread: whether a thread has ended, which Wine tells only by its exit status ---- */

static NTSTATUS NTAPI QueryThread(HANDLE Handle, THREADINFOCLASS Class, PVOID Buffer, ULONG Length, PULONG Returned)
{
    QUERY_THREAD *Wine = (QUERY_THREAD *)(ULONG_PTR)Real(L"ZwQueryInformationThread");
    UINT64 Basic[THREAD_BASIC_INFORMATION_LENGTH / sizeof(UINT64)] = {0};

    if (Class != TlThreadIsTerminated || Length != sizeof(ULONG))
    {
        return Wine(Handle, Class, Buffer, Length, Returned);
    }
    const NTSTATUS Status = Wine(Handle, (THREADINFOCLASS)0, Basic, sizeof(Basic), NULL);
    if (NT_SUCCESS(Status))
    {
        *(ULONG *)Buffer = (UINT32)Basic[0] != STATUS_PENDING;
        *Returned = sizeof(ULONG);
    }
    return Status;
}

/* ---- ObReferenceObjectByHandle: a handle of the client's process ---- */

typedef struct _BORROWED
{
    HANDLE Handle;
    ACCESS_MASK Granted;
} BORROWED;

/* \brief -1 and -2 as the client means them: its own process and thread. */
static NTSTATUS OpenSelf(_In_ BOOLEAN IsThread, _Out_ BORROWED *Borrowed)
{
    CLIENT_ID Client = {.UniqueProcess = PsGetCurrentProcessId(), .UniqueThread = PsGetCurrentThreadId()};
    OBJECT_ATTRIBUTES Attributes;

    InitializeObjectAttributes(&Attributes, NULL, 0, NULL, NULL);
    Borrowed->Granted = ALL_ACCESS;
    return IsThread ? ZwOpenThread(&Borrowed->Handle, THREAD_RIGHTS_FOR_WINE, &Attributes, &Client)
                    : ZwOpenProcess(&Borrowed->Handle, PROCESS_RIGHTS_FOR_WINE, &Attributes, &Client);
}

/* \brief The client's handle in the driver's own process, and the access the client's has. */
static NTSTATUS Borrow(_In_ HANDLE Handle, _In_ BOOLEAN IsThread, _Out_ BORROWED *Borrowed)
{
    CLIENT_ID Client = {.UniqueProcess = PsGetCurrentProcessId()};
    UINT32 Basic[OBJECT_BASIC_INFORMATION_LENGTH / sizeof(UINT32)] = {0};
    OBJECT_ATTRIBUTES Attributes;
    HANDLE Process;
    HANDLE Same;

    RtlZeroMemory(Borrowed, sizeof(*Borrowed));
    if (Handle == (IsThread ? ZwCurrentThread() : ZwCurrentProcess()))
    {
        return OpenSelf(IsThread, Borrowed);
    }
    InitializeObjectAttributes(&Attributes, NULL, 0, NULL, NULL);
    NTSTATUS Status = ZwOpenProcess(&Process, PROCESS_DUP_HANDLE_RIGHT, &Attributes, &Client);
    if (!NT_SUCCESS(Status))
    {
        return Status;
    }
    Status = ZwDuplicateObject(Process, Handle, ZwCurrentProcess(), &Same, 0, 0, DUPLICATE_SAME_ACCESS);
    if (NT_SUCCESS(Status))
    {
        /* Attributes, then GrantedAccess. */
        if (NT_SUCCESS(ZwQueryObject(Same, ObjectBasicInformation, Basic, sizeof(Basic), NULL)))
        {
            Borrowed->Granted = Basic[1];
        }
        (VOID) ZwClose(Same);
        Status = ZwDuplicateObject(Process, Handle, ZwCurrentProcess(), &Borrowed->Handle,
                                   IsThread ? THREAD_RIGHTS_FOR_WINE : PROCESS_RIGHTS_FOR_WINE, 0, 0);
    }
    (VOID) ZwClose(Process);
    return Status;
}

static NTSTATUS NTAPI ReferenceByHandle(HANDLE Handle, ACCESS_MASK Access, POBJECT_TYPE Type, KPROCESSOR_MODE Mode,
                                        PVOID *Object, POBJECT_HANDLE_INFORMATION Information)
{
    REFERENCE_BY_HANDLE *Wine = (REFERENCE_BY_HANDLE *)(ULONG_PTR)Real(L"ObReferenceObjectByHandle");
    BORROWED Borrowed;

    if (Mode == KernelMode)
    {
        return Wine(Handle, Access, Type, Mode, Object, Information);
    }
    NTSTATUS Status = Borrow(Handle, Type == TL_THREAD_TYPE, &Borrowed);
    if (!NT_SUCCESS(Status))
    {
        return Status;
    }
    Status = Wine(Borrowed.Handle, 0, Type, KernelMode, Object, NULL);
    (VOID) ZwClose(Borrowed.Handle);
    if (NT_SUCCESS(Status) && Information != NULL)
    {
        Information->HandleAttributes = 0;
        Information->GrantedAccess = Borrowed.Granted;
    }
    return Status;
}

/* ---- ZwSetSecurityObject: what the device has afterwards, for a client to compare ---- */

static NTSTATUS NTAPI SetSecurity(HANDLE Handle, SECURITY_INFORMATION Which, PSECURITY_DESCRIPTOR Descriptor)
{
    SET_SECURITY *Wine = (SET_SECURITY *)(ULONG_PTR)Real(L"ZwSetSecurityObject");
    REFERENCE_BY_HANDLE *Reference = (REFERENCE_BY_HANDLE *)(ULONG_PTR)Real(L"ObReferenceObjectByHandle");
    UINT8 Security[512];
    HANDLE Reading;
    ULONG Length = 0;
    PVOID Object;

    const NTSTATUS Status = Wine(Handle, Which, Descriptor);
    if (!NT_SUCCESS(Status) || !NT_SUCCESS(Reference(Handle, 0, NULL, KernelMode, &Object, NULL)))
    {
        return Status;
    }
    if (NT_SUCCESS(ObOpenObjectByPointer(Object, OBJ_KERNEL_HANDLE, NULL, READ_CONTROL, NULL, KernelMode, &Reading)))
    {
        if (NT_SUCCESS(ZwQuerySecurityObject(Reading, DACL_SECURITY_INFORMATION, Security, sizeof(Security), &Length)))
        {
            WriteBytes(L"DeviceSecurity", Security, Length);
        }
        (VOID) ZwClose(Reading);
    }
    ObDereferenceObject(Object);
    return Status;
}

/* Read by the linker in place of the import table's entries. */
extern PVOID __imp_ZwQueryInformationProcess;
extern PVOID __imp_ZwQuerySystemInformation;
extern PVOID __imp_ZwQueryInformationThread;
extern PVOID __imp_ZwSetSecurityObject;
extern PVOID __imp_ObReferenceObjectByHandle;
PVOID __imp_ZwQueryInformationProcess = (PVOID)(ULONG_PTR)QueryProcess;
PVOID __imp_ZwQuerySystemInformation = (PVOID)(ULONG_PTR)QuerySystem;
PVOID __imp_ZwQueryInformationThread = (PVOID)(ULONG_PTR)QueryThread;
PVOID __imp_ZwSetSecurityObject = (PVOID)(ULONG_PTR)SetSecurity;
PVOID __imp_ObReferenceObjectByHandle = (PVOID)(ULONG_PTR)ReferenceByHandle;
