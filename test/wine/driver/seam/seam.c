/*
 * The seam of the test build: services of the kernel, answered from the scenario's table (table.h) or the script of single
 * processes (script.h) where Wine cannot answer them, and by Wine otherwise. A definition of `__imp_…` here wins over the
 * import library, so that the driver's own objects are the very ones of the production build (facts/wine.md 8 and 8.1).
 * Test artefact.
 */
#include "exports.h"
#include "machine.h"
#include "script.h"

#define PROCESS_DUP_HANDLE_RIGHT 0x0040u
/* Wine fills an object by querying the handle it is referenced by, so the duplicate must have these
 * (facts/wine.md 8.1). */
#define PROCESS_RIGHTS_FOR_WINE 0x1400u
#define THREAD_RIGHTS_FOR_WINE 0x0840u
#define PLAIN_LENGTH 48u
#define OBJECT_BASIC_INFORMATION_LENGTH 56u
#define THREAD_BASIC_INFORMATION_LENGTH 48u
/* facts/nt.md 10 */
#define FIRST_BUILD_WITH_START_KEY 15063u
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
typedef NTSTATUS NTAPI GET_VERSION(PRTL_OSVERSIONINFOW);
typedef PVOID NTAPI GET_ROUTINE(PUNICODE_STRING);
typedef NTSTATUS NTAPI SET_SECURITY(HANDLE, SECURITY_INFORMATION, PSECURITY_DESCRIPTOR);
typedef NTSTATUS NTAPI QUERY_SYSTEM(ULONG, PVOID, ULONG, PULONG);
typedef NTSTATUS NTAPI REFERENCE_BY_HANDLE(HANDLE, ACCESS_MASK, POBJECT_TYPE, KPROCESSOR_MODE, PVOID *,
                                           POBJECT_HANDLE_INFORMATION);

/* ---- ZwQueryInformationProcess: the 64-byte form, class 61, and the create time of a machine's process ---- */

static NTSTATUS QueryInTable(HANDLE Handle, PROCESSINFOCLASS Class, PVOID Buffer, ULONG Length, PULONG Returned,
                             const ntsim_table_process *Process, const TL_BASIC_INFORMATION *Basic)
{
    QUERY_PROCESS *Wine = (QUERY_PROCESS *)(ULONG_PTR)Real(L"ZwQueryInformationProcess");
    NTSTATUS Status;

    if (Fails(NTSIM_CALL_QUERY_PROCESS, (INT32)Class, Process, &Status))
    {
        return Status;
    }
    if (Class == TlProcessBasicInformation)
    {
        return AnswerExtended(Process, Basic, Buffer, Returned);
    }
    if (Class == TlProcessProtectionInformation)
    {
        return AnswerProtection(Process, Buffer, Length, Returned);
    }
    Status = Wine(Handle, Class, Buffer, Length, Returned);
    if (NT_SUCCESS(Status))
    {
        ((KERNEL_USER_TIMES *)Buffer)->CreateTime.QuadPart = (LONG64)Process->create_time;
    }
    return Status;
}

static NTSTATUS NTAPI QueryProcess(HANDLE Handle, PROCESSINFOCLASS Class, PVOID Buffer, ULONG Length, PULONG Returned)
{
    QUERY_PROCESS *Wine = (QUERY_PROCESS *)(ULONG_PTR)Real(L"ZwQueryInformationProcess");
    TL_EXTENDED_BASIC_INFORMATION *Extended = Buffer;
    TL_BASIC_INFORMATION Basic;
    SCRIPTED Scripted;

    const BOOLEAN IsExtended = Class == TlProcessBasicInformation && Length == sizeof(*Extended);
    if (!IsExtended && Class != TlProcessProtectionInformation && Class != TlProcessTimes)
    {
        return Wine(Handle, Class, Buffer, Length, Returned);
    }
    NTSTATUS Status = Wine(Handle, TlProcessBasicInformation, &Basic, PLAIN_LENGTH, NULL);
    if (!NT_SUCCESS(Status))
    {
        return Status;
    }
    const ntsim_table_process *Process = CurrentTable() == NULL ? NULL : FindInTable(Basic.UniqueProcessId);
    if (Process != NULL)
    {
        return QueryInTable(Handle, Class, Buffer, Length, Returned, Process, &Basic);
    }
    if (Class == TlProcessTimes || !ReadScript(Basic.UniqueProcessId, &Scripted))
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

/* ---- ZwQuerySystemInformation: class 165, and class 5 of a machine ---- */

static NTSTATUS QuerySystemOfTable(ULONG Class, PVOID Buffer, ULONG Length, PULONG Returned)
{
    NTSTATUS Status;

    if (Fails(NTSIM_CALL_QUERY_SYSTEM, (INT32)Class, NULL, &Status))
    {
        return Status;
    }
    return Class == TlSystemProcessInformation ? AnswerProcessList(Buffer, Length, Returned)
                                               : AnswerIsolatedUserMode(Buffer, Returned);
}

static NTSTATUS NTAPI QuerySystem(ULONG Class, PVOID Buffer, ULONG Length, PULONG Returned)
{
    TL_ISOLATED_USER_MODE_INFORMATION *Information = Buffer;
    UINT32 Flags;

    if ((Class == TlSystemProcessInformation || Class == TlSystemIsolatedUserModeInformation) && CurrentTable() != NULL)
    {
        return QuerySystemOfTable(Class, Buffer, Length, Returned);
    }
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
    NTSTATUS Status = Wine(Handle, (THREADINFOCLASS)0, Basic, sizeof(Basic), NULL);
    if (NT_SUCCESS(Status) && CurrentTable() != NULL)
    {
        /* ExitStatus, TebBaseAddress, then ClientId. */
        (VOID) Fails(NTSIM_CALL_QUERY_THREAD, (INT32)Class, FindInTable(Basic[2]), &Status);
    }
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

/* ---- RtlGetVersion and MmGetSystemRoutineAddress: the machine's Windows, and what it has that Wine has not ---- */

static NTSTATUS NTAPI GetVersion(PRTL_OSVERSIONINFOW Version)
{
    GET_VERSION *Wine = (GET_VERSION *)(ULONG_PTR)Real(L"RtlGetVersion");
    const NTSTATUS Status = Wine(Version);
    const ntsim_table_header *Table = CurrentTable();
    if (NT_SUCCESS(Status) && Table != NULL)
    {
        Version->dwMajorVersion = Table->major;
        Version->dwMinorVersion = Table->minor;
        Version->dwBuildNumber = Table->build;
    }
    return Status;
}

static ULONGLONG NTAPI GetProcessStartKey(PEPROCESS Process)
{
    const ntsim_table_process *Found = CurrentTable() == NULL ? NULL : FindInTable((ULONG_PTR)PsGetProcessId(Process));
    return Found == NULL ? 0 : Found->start_key;
}

static PVOID NTAPI GetRoutine(PUNICODE_STRING Name)
{
    static GET_ROUTINE *Wine;
    static const WCHAR StartKey[] = L"PsGetProcessStartKey";
    const ntsim_table_header *Table;

    if (Name->Length == sizeof(StartKey) - sizeof(WCHAR) &&
        RtlCompareMemory(Name->Buffer, StartKey, Name->Length) == Name->Length)
    {
        Table = CurrentTable();
        return Table != NULL && Table->build >= FIRST_BUILD_WITH_START_KEY ? (PVOID)(ULONG_PTR)GetProcessStartKey
                                                                           : NULL;
    }
    if (Wine == NULL)
    {
        Wine =
            (GET_ROUTINE *)(ULONG_PTR)FindExport((const VOID *)(ULONG_PTR)IoCreateDevice, "MmGetSystemRoutineAddress");
    }
    return Wine(Name);
}

/* Read by the linker in place of the import table's entries. */
extern PVOID __imp_ZwQueryInformationProcess;
extern PVOID __imp_ZwQuerySystemInformation;
extern PVOID __imp_ZwQueryInformationThread;
extern PVOID __imp_ZwSetSecurityObject;
extern PVOID __imp_ObReferenceObjectByHandle;
extern PVOID __imp_RtlGetVersion;
extern PVOID __imp_MmGetSystemRoutineAddress;
PVOID __imp_ZwQueryInformationProcess = (PVOID)(ULONG_PTR)QueryProcess;
PVOID __imp_ZwQuerySystemInformation = (PVOID)(ULONG_PTR)QuerySystem;
PVOID __imp_ZwQueryInformationThread = (PVOID)(ULONG_PTR)QueryThread;
PVOID __imp_ZwSetSecurityObject = (PVOID)(ULONG_PTR)SetSecurity;
PVOID __imp_ObReferenceObjectByHandle = (PVOID)(ULONG_PTR)ReferenceByHandle;
PVOID __imp_RtlGetVersion = (PVOID)(ULONG_PTR)GetVersion;
PVOID __imp_MmGetSystemRoutineAddress = (PVOID)(ULONG_PTR)GetRoutine;
