/* Faults, hooks, alterations, counts, and the sweep over fault sites. */
#include "mini_driver.h"

NTSTATUS ZwQueryInformationProcess(HANDLE handle, PROCESSINFOCLASS info_class, PVOID buffer, ULONG length, PULONG out);

static NTSTATUS look_up(uint32_t pid)
{
    PEPROCESS process;
    const NTSTATUS status = PsLookupProcessByProcessId(PID(pid), &process);
    if (NT_SUCCESS(status))
        ObDereferenceObject(process);
    return status;
}

static void a_service_fails_at_its_nth_call(void)
{
    ntsim_kernel_fail(NTSIM_PsLookupProcessByProcessId, 2, STATUS_NO_MEMORY);
    CHECK_EQ(look_up(NOTEPAD_PID), STATUS_SUCCESS);
    CHECK_EQ(look_up(NOTEPAD_PID), STATUS_NO_MEMORY);
    CHECK_EQ(look_up(NOTEPAD_PID), STATUS_SUCCESS);
    ntsim_kernel_fail(NTSIM_PsLookupProcessByProcessId, 0, STATUS_NO_MEMORY);
    CHECK_EQ(look_up(NOTEPAD_PID), STATUS_NO_MEMORY);
    CHECK_EQ(look_up(NOTEPAD_PID), STATUS_NO_MEMORY);
    ntsim_kernel_clear_script();
    CHECK_EQ(look_up(NOTEPAD_PID), STATUS_SUCCESS);
    CHECK_EQ(ntsim_kernel_calls(NTSIM_PsLookupProcessByProcessId), 6);
    CHECK_EQ(ntsim_kernel_calls(NTSIM_ZwClose), 0);
    ntsim_kernel_fail(NTSIM_ExAllocatePoolWithTag, 1, STATUS_NO_MEMORY);
    CHECK(ExAllocatePoolWithTag(NonPagedPoolNx, 8, TAG) == NULL);
}

static NTSTATUS query(void *buffer, ULONG length, PROCESSINFOCLASS info_class, ULONG *returned)
{
    return ZwQueryInformationProcess(NtCurrentProcess(), info_class, buffer, length, returned);
}

static void a_query_fails_by_class_and_pid(void)
{
    unsigned char bytes[64];
    ntsim_kernel_fail_query(NTSIM_ZwQueryInformationProcess, 61, NOTEPAD_PID, 0, STATUS_INVALID_INFO_CLASS);
    ntsim_kernel_fail_secure_call(LSAISO_PID, STATUS_DEVICE_NOT_CONNECTED);
    ntsim_kernel_attach(NOTEPAD_PID, 0, UserMode);
    CHECK_EQ(query(bytes, 1, (PROCESSINFOCLASS)61, NULL), STATUS_INVALID_INFO_CLASS);
    CHECK_EQ(query(bytes, 64, ProcessBasicInformation, NULL), STATUS_SUCCESS);
    ntsim_kernel_attach(LSAISO_PID, 0, UserMode);
    CHECK_EQ(query(bytes, 1, (PROCESSINFOCLASS)61, NULL), STATUS_SUCCESS);
    CHECK_EQ(query(bytes, 64, ProcessBasicInformation, NULL), STATUS_DEVICE_NOT_CONNECTED);
}

static NTSTATUS halve(void *context, NTSTATUS status, void *buffer, ULONG length, ULONG *returned)
{
    (void)context;
    memset(buffer, 0x55, length / 2);
    *returned = length / 2;
    return status;
}

static void an_answer_can_be_altered(void)
{
    unsigned char bytes[64];
    ULONG returned;
    ntsim_kernel_alter_query(NTSIM_ZwQueryInformationProcess, 0, 2, halve, NULL);
    CHECK_EQ(query(bytes, 1, (PROCESSINFOCLASS)61, &returned), STATUS_SUCCESS);
    CHECK_EQ(query(bytes, 64, ProcessBasicInformation, &returned), STATUS_SUCCESS);
    CHECK_EQ(returned, 64);
    CHECK_EQ(query(bytes, 64, ProcessBasicInformation, &returned), STATUS_SUCCESS);
    CHECK_EQ(returned, 32);
    CHECK_EQ(bytes[31], 0x55);
}

static void exit_notepad(void *context)
{
    bool *worked = context;
    *worked = ntsim_kernel_exit_process(NOTEPAD_PID) && look_up(LSAISO_PID) == STATUS_SUCCESS;
}

static void a_hook_acts_between_two_calls(void)
{
    bool worked = false;
    ntsim_kernel_hook(NTSIM_PsLookupProcessByProcessId, 2, exit_notepad, &worked);
    CHECK_EQ(look_up(NOTEPAD_PID), STATUS_SUCCESS);
    CHECK(!worked);
    CHECK_EQ(look_up(NOTEPAD_PID), STATUS_INVALID_CID);
    CHECK(worked);
    CHECK_EQ(ntsim_kernel_calls(NTSIM_PsLookupProcessByProcessId), 2); /* the hook's own is not counted */
}

static NTSTATUS use_driver(void)
{
    PDRIVER_OBJECT driver;
    HANDLE file;
    ULONG_PTR information;
    mini_mistake_made = MINI_NONE;
    NTSTATUS status = mini_load(&driver);
    if (!NT_SUCCESS(status))
        return status;
    ntsim_kernel_attach(AGENT_PID, 0, UserMode);
    status = ntsim_kernel_open("\\\\.\\Mini", GENERIC_READ, &file);
    if (NT_SUCCESS(status))
    {
        status = ntsim_kernel_ioctl(file, MINI_ALLOCATE, NULL, 0, NULL, 0, &information);
        (void)ntsim_kernel_close(file);
    }
    ntsim_kernel_detach();
    (void)ntsim_kernel_unload_driver(driver);
    return status;
}

static void every_site_fails_once(void)
{
    static const NTSTATUS expected[] = {STATUS_INSUFFICIENT_RESOURCES, STATUS_OBJECT_NAME_COLLISION,
                                        STATUS_INSUFFICIENT_RESOURCES, STATUS_NO_MEMORY, STATUS_SUCCESS};
    unsigned pass = 0;
    while (ntsim_next_fault_site())
    {
        const NTSTATUS status = use_driver();
        CHECK(pass < 5);
        CHECK_EQ(status, expected[pass]);
        CHECK_EQ(ntsim_fault_site_hit(), pass < 4);
        CHECK_EQ(strncmp(ntsim_fault_site_name(), "IoCreateDevice from ", 20) == 0, pass == 0);
        CHECK_EQ(ntsim_kernel_check(), 0);
        pass++;
    }
    CHECK_EQ(pass, 5);
    /* Everything is forgotten: the next sweep begins again. */
    CHECK(ntsim_next_fault_site());
    CHECK_EQ(use_driver(), STATUS_INSUFFICIENT_RESOURCES);
    while (ntsim_next_fault_site())
        (void)use_driver();
    CHECK_EQ(use_driver(), STATUS_SUCCESS);
}

static void churn_takes_pids_between_lookups(void)
{
    const ntsim_program one = {.pid = 6000, .name = "one.exe", .threads = 1, .state = NTSIM_PROCESS_VOLATILE};
    typedef ULONGLONG get_start_key(PEPROCESS process);
    UNICODE_STRING name;
    uint64_t keys[3];
    RtlInitUnicodeString(&name, L"PsGetProcessStartKey");
    get_start_key *start_key = (get_start_key *)(uintptr_t)MmGetSystemRoutineAddress(&name);
    CHECK(ntsim_kernel_start_process(&one));
    ntsim_kernel_set_churn(NTSIM_CHURN_REUSE_AT_EVERY_CALL);
    for (unsigned i = 0; i < 3; i++)
    {
        PEPROCESS process;
        CHECK_EQ(PsLookupProcessByProcessId(PID(6000), &process), STATUS_SUCCESS);
        keys[i] = start_key(process);
        ObDereferenceObject(process);
    }
    CHECK(keys[0] < keys[1]);
    CHECK(keys[1] < keys[2]);
}

const test_case script_tests[] = {
    {"a service fails at its n-th call, or at every one", a_service_fails_at_its_nth_call},
    {"a query fails by class and pid, a secure call by pid", a_query_fails_by_class_and_pid},
    {"an answer can be altered", an_answer_can_be_altered},
    {"a hook acts between two calls", a_hook_acts_between_two_calls},
    {"every site fails once, told apart by who called its helper, then nothing is left", every_site_fails_once},
    {"churn takes pids between lookups", churn_takes_pids_between_lookups},
    {NULL, NULL},
};
