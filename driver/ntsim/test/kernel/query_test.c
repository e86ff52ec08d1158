/* Queries answer as the machine's own entry points do, through handles of the kernel's. */
#include "cases.h"

NTSTATUS ZwQueryInformationProcess(HANDLE handle, PROCESSINFOCLASS info_class, PVOID buffer, ULONG length, PULONG out);
NTSTATUS ZwQueryInformationThread(HANDLE handle, THREADINFOCLASS info_class, PVOID buffer, ULONG length, PULONG out);
NTSTATUS ZwQuerySystemInformation(ULONG info_class, PVOID buffer, ULONG length, PULONG out);

/* facts/nt.md 1.1 */
typedef struct extended
{
    uint64_t words[7];
    uint32_t flags;
    uint32_t padding;
} extended;

static HANDLE open_kernel(void *object, POBJECT_TYPE type, ACCESS_MASK access)
{
    HANDLE handle = NULL;
    (void)ObOpenObjectByPointer(object, OBJ_KERNEL_HANDLE, NULL, access, type, KernelMode, &handle);
    ObDereferenceObject(object);
    return handle;
}

static HANDLE open_pid(uint32_t pid, ACCESS_MASK access)
{
    PEPROCESS process;
    return NT_SUCCESS(PsLookupProcessByProcessId(PID(pid), &process)) ? open_kernel(process, *PsProcessType, access)
                                                                      : NULL;
}

static NTSTATUS query(HANDLE handle, extended *answer)
{
    ULONG returned = 0;
    memset(answer, 0xAA, sizeof *answer);
    const NTSTATUS status = ZwQueryInformationProcess(handle, ProcessBasicInformation, answer, 64, &returned);
    return NT_SUCCESS(status) && returned != 64 ? STATUS_UNSUCCESSFUL : status;
}

static void the_extended_form_shows_the_secure_bit(void)
{
    extended answer;
    const HANDLE trustlet = open_pid(LSAISO_PID, 0x1000);
    const HANDLE ordinary = open_pid(NOTEPAD_PID, 0x1000);
    CHECK_EQ(query(trustlet, &answer), STATUS_SUCCESS);
    CHECK_EQ(answer.flags, 0x80);
    CHECK_EQ(answer.words[0], 64);
    CHECK_EQ(answer.words[5], LSAISO_PID);
    CHECK_EQ(query(ordinary, &answer), STATUS_SUCCESS);
    CHECK_EQ(answer.flags, 0);
    CHECK(ntsim_kernel_mark_exiting(NOTEPAD_PID));
    CHECK_EQ(query(ordinary, &answer), STATUS_SUCCESS);
    CHECK_EQ(answer.flags, 4);
    CHECK_EQ(ZwQueryInformationProcess(ordinary, ProcessBasicInformation, &answer, 63, NULL),
             STATUS_INFO_LENGTH_MISMATCH);
    CHECK_EQ(ZwClose(trustlet), STATUS_SUCCESS);
    CHECK_EQ(ZwClose(ordinary), STATUS_SUCCESS);
}

static void a_handle_of_the_wrong_kind_or_right_answers_nothing(void)
{
    extended answer;
    PETHREAD thread;
    ULONG ended = 7;
    const HANDLE no_right = open_pid(NOTEPAD_PID, 0x10);
    CHECK_EQ(query(no_right, &answer), STATUS_ACCESS_DENIED);
    CHECK_EQ(answer.words[0], 64); /* facts/nt.md 0.1: written before the handle is looked at */
    CHECK_EQ(answer.flags, 0xAAAAAAAAu);
    CHECK_EQ(ZwClose(no_right), STATUS_SUCCESS);
    CHECK_EQ(query(no_right, &answer), STATUS_INVALID_HANDLE);
    CHECK_EQ(PsLookupThreadByThreadId(PID(NTSIM_TID(NOTEPAD_PID, 0)), &thread), STATUS_SUCCESS);
    const HANDLE handle = open_kernel(thread, *PsThreadType, 0x800);
    CHECK_EQ(query(handle, &answer), STATUS_OBJECT_TYPE_MISMATCH);
    CHECK_EQ(ZwQueryInformationThread(handle, ThreadIsTerminated, &ended, 4, NULL), STATUS_SUCCESS);
    CHECK_EQ(ended, 0);
    CHECK(ntsim_kernel_exit_thread(NTSIM_TID(NOTEPAD_PID, 0)));
    CHECK_EQ(ZwQueryInformationThread(handle, ThreadIsTerminated, &ended, 4, NULL), STATUS_SUCCESS);
    CHECK_EQ(ended, 1);
    CHECK_EQ(ZwClose(handle), STATUS_SUCCESS);
}

static void the_current_process_needs_no_handle(void)
{
    extended answer;
    ntsim_kernel_attach(LSAISO_PID, 0, UserMode);
    CHECK_EQ(query(NtCurrentProcess(), &answer), STATUS_SUCCESS);
    CHECK_EQ(answer.words[5], LSAISO_PID);
    CHECK_EQ(query(NtCurrentThread(), &answer), STATUS_OBJECT_TYPE_MISMATCH);
}

static void a_query_through_a_user_handle_is_complained_of(void)
{
    extended answer;
    HANDLE handle;
    ntsim_kernel_attach(AGENT_PID, 0, UserMode);
    CHECK_EQ(ntsim_kernel_open_process(NOTEPAD_PID, 0x1000, &handle), STATUS_SUCCESS);
    CHECK_EQ(query(handle, &answer), STATUS_SUCCESS);
    CHECK_COMPLAINT("a query in kernel mode through handle");
    CHECK_EQ(ntsim_kernel_close(handle), STATUS_SUCCESS);
}

static void the_system_answers(void)
{
    static unsigned char list[0x10000];
    uint32_t flags[4];
    ULONG needed = 0;
    RTL_OSVERSIONINFOW version = {.dwOSVersionInfoSize = sizeof version};
    CHECK_EQ(ZwQuerySystemInformation(165, flags, 16, &needed), STATUS_SUCCESS);
    CHECK_EQ(flags[0] & 0x101, 0x101); /* facts/nt.md 3.1: secure kernel and a trustlet run */
    CHECK_EQ(ZwQuerySystemInformation(5, list, 16, &needed), STATUS_INFO_LENGTH_MISMATCH);
    CHECK_EQ(ZwQuerySystemInformation(5, list, sizeof list, &needed), STATUS_SUCCESS);
    CHECK_EQ(RtlGetVersion(&version), STATUS_SUCCESS);
    CHECK_EQ(version.dwMajorVersion, 10);
    CHECK_EQ(version.dwBuildNumber, 26100);
    version.dwOSVersionInfoSize = 0;
    CHECK_EQ(RtlGetVersion(&version), STATUS_INVALID_PARAMETER);
}

static PVOID routine(PCWSTR name)
{
    UNICODE_STRING text;
    RtlInitUnicodeString(&text, name);
    return MmGetSystemRoutineAddress(&text);
}

static void routines_are_found_by_build_and_by_name(void)
{
    CHECK(routine(L"PsGetProcessStartKey") != NULL);
    CHECK(routine(L"ExAllocatePool2") != NULL);
    CHECK(routine(L"PsIsSecureProcess") == NULL); /* facts/nt.md 0.11 */
    ntsim_kernel_provide_routine("PsGetProcessStartKey", false);
    CHECK(routine(L"PsGetProcessStartKey") == NULL);
    ntsim_kernel_provide_routine("PsGetProcessStartKey", true);
    CHECK(routine(L"PsGetProcessStartKey") != NULL);
    ntsim_kernel_provide_routine("NoSuchRoutine", true);
    CHECK_COMPLAINT("NoSuchRoutine");
    ntsim_kernel_shutdown();
    boot_build(17763);
    CHECK(routine(L"ExAllocatePool2") == NULL);
    CHECK(routine(L"PsGetProcessStartKey") != NULL);
    ntsim_kernel_shutdown();
    boot_build(14393);
    CHECK(routine(L"PsGetProcessStartKey") == NULL);
}

static void start_keys_are_the_processes_own(void)
{
    typedef ULONGLONG get_start_key(PEPROCESS process);
    get_start_key *start_key = (get_start_key *)(uintptr_t)routine(L"PsGetProcessStartKey");
    PEPROCESS process;
    const ntsim_program other = {.pid = 5000, .name = "late.exe"};
    CHECK_EQ(PsLookupProcessByProcessId(PID(AGENT_PID), &process), STATUS_SUCCESS);
    CHECK_EQ(start_key(process), (UINT64)7 << 48 | 3); /* boot id, then the third process after Idle and System */
    ObDereferenceObject(process);
    CHECK(ntsim_kernel_start_process(&other));
    CHECK_EQ(PsLookupProcessByProcessId(PID(5000), &process), STATUS_SUCCESS);
    CHECK_EQ(start_key(process), (UINT64)7 << 48 | 7);
    ObDereferenceObject(process);
}

const test_case query_tests[] = {
    {"the extended form shows the secure and the deleting bit", the_extended_form_shows_the_secure_bit},
    {"a handle of the wrong kind or without the right answers nothing",
     a_handle_of_the_wrong_kind_or_right_answers_nothing},
    {"the current process needs no handle", the_current_process_needs_no_handle},
    {"a query through a user handle is complained of", a_query_through_a_user_handle_is_complained_of},
    {"the system tells its flags, processes and version", the_system_answers},
    {"routines are found by name, where the build has them and no test took them away",
     routines_are_found_by_build_and_by_name},
    {"start keys are boot id and sequence number", start_keys_are_the_processes_own},
    {NULL, NULL},
};
