/* Handles: the kernel's table and those of processes. */
#include "cases.h"

static NTSTATUS reference(HANDLE handle, ACCESS_MASK access, POBJECT_TYPE type, KPROCESSOR_MODE mode, void **object)
{
    return ObReferenceObjectByHandle(handle, access, type, mode, object, NULL);
}

static HANDLE kernel_handle_to(uint32_t pid, ACCESS_MASK access)
{
    PEPROCESS process;
    HANDLE handle = NULL;
    if (NT_SUCCESS(PsLookupProcessByProcessId(PID(pid), &process)))
    {
        (void)ObOpenObjectByPointer(process, OBJ_KERNEL_HANDLE, NULL, access, *PsProcessType, KernelMode, &handle);
        ObDereferenceObject(process);
    }
    return handle;
}

static void user_mode_never_reaches_a_kernel_handle(void)
{
    void *object;
    ntsim_kernel_attach(AGENT_PID, 0, UserMode);
    const HANDLE handle = kernel_handle_to(NOTEPAD_PID, 0x1000);
    CHECK((intptr_t)handle < 0);
    CHECK_EQ(reference(handle, 0, *PsProcessType, UserMode, &object), STATUS_INVALID_HANDLE);
    CHECK(object == NULL);
    CHECK_EQ(ntsim_kernel_close(handle), STATUS_INVALID_HANDLE);
    CHECK_EQ(reference(handle, 0, *PsProcessType, KernelMode, &object), STATUS_SUCCESS);
    ObDereferenceObject(object);
    CHECK_EQ(ZwClose(handle), STATUS_SUCCESS);
}

static void a_handle_means_something_in_its_process_only(void)
{
    HANDLE handle, other;
    void *object;
    ntsim_kernel_attach(AGENT_PID, 0, UserMode);
    CHECK_EQ(ntsim_kernel_open_process(NOTEPAD_PID, 0x10, &handle), STATUS_SUCCESS);
    CHECK_EQ(ntsim_kernel_open_thread(NTSIM_TID(NOTEPAD_PID, 0), 0x10, &other), STATUS_SUCCESS);
    ntsim_kernel_attach(LSAISO_PID, 0, UserMode);
    CHECK_EQ(reference(handle, 0, *PsProcessType, UserMode, &object), STATUS_INVALID_HANDLE);
    ntsim_kernel_attach(AGENT_PID, 0, UserMode);
    CHECK_EQ(reference(handle, 0, *PsProcessType, UserMode, &object), STATUS_SUCCESS);
    CHECK_EQ((uintptr_t)PsGetProcessId(object), NOTEPAD_PID);
    ObDereferenceObject(object);
    /* The low two bits do not count. */
    CHECK_EQ(reference((HANDLE)((uintptr_t)handle | 3), 0, *PsProcessType, UserMode, &object), STATUS_SUCCESS);
    ObDereferenceObject(object);
    CHECK_EQ(reference((HANDLE)(uintptr_t)0, 0, NULL, UserMode, &object), STATUS_INVALID_HANDLE);
    CHECK_EQ(reference((HANDLE)(uintptr_t)0x7FFFFFFC, 0, NULL, UserMode, &object), STATUS_INVALID_HANDLE);
    CHECK_EQ(ntsim_kernel_close(handle), STATUS_SUCCESS);
    CHECK_EQ(ntsim_kernel_close(handle), STATUS_INVALID_HANDLE);
    CHECK_EQ(ntsim_kernel_close(other), STATUS_SUCCESS);
}

static void type_and_access_are_checked(void)
{
    HANDLE handle;
    void *object;
    OBJECT_HANDLE_INFORMATION information;
    ntsim_kernel_attach(AGENT_PID, 0, UserMode);
    CHECK_EQ(ntsim_kernel_open_process(NOTEPAD_PID, 0x400, &handle), STATUS_SUCCESS);
    CHECK_EQ(reference(handle, 0, *PsThreadType, UserMode, &object), STATUS_OBJECT_TYPE_MISMATCH);
    CHECK_EQ(reference(handle, 0x10, *PsProcessType, UserMode, &object), STATUS_ACCESS_DENIED);
    CHECK_EQ(ObReferenceObjectByHandle(handle, 0x400, *PsProcessType, UserMode, &object, &information), STATUS_SUCCESS);
    CHECK_EQ(information.GrantedAccess, 0x1400); /* facts/nt.md 6.1: the query right implies the limited one */
    ObDereferenceObject(object);
    CHECK_EQ(ntsim_kernel_close(handle), STATUS_SUCCESS);
    CHECK_EQ(ntsim_kernel_open_process(HIDDEN_PID, 0x400, &handle), STATUS_ACCESS_DENIED);
    CHECK_EQ(ntsim_kernel_open_process(5000, 0x400, &handle), STATUS_INVALID_CID);
}

static void pseudo_handles_are_the_caller(void)
{
    void *object;
    OBJECT_HANDLE_INFORMATION information;
    ntsim_kernel_attach(AGENT_PID, NTSIM_TID(AGENT_PID, 1), UserMode);
    CHECK_EQ(ObReferenceObjectByHandle(NtCurrentProcess(), 0, *PsProcessType, UserMode, &object, &information),
             STATUS_SUCCESS);
    CHECK_EQ((uintptr_t)PsGetProcessId(object), AGENT_PID);
    CHECK_EQ(information.GrantedAccess, 0x1FFFFF);
    ObDereferenceObject(object);
    CHECK_EQ(reference(NtCurrentThread(), 0, *PsThreadType, UserMode, &object), STATUS_SUCCESS);
    CHECK_EQ((uintptr_t)PsGetThreadId(object), NTSIM_TID(AGENT_PID, 1));
    ObDereferenceObject(object);
    CHECK_EQ(reference(NtCurrentThread(), 0, *PsProcessType, UserMode, &object), STATUS_OBJECT_TYPE_MISMATCH);
}

static void a_user_handle_in_kernel_mode_is_complained_of(void)
{
    HANDLE handle;
    void *object;
    unsigned char bytes[1];
    ntsim_kernel_attach(AGENT_PID, 0, UserMode);
    CHECK_EQ(ntsim_kernel_open_process(NOTEPAD_PID, 0x1000, &handle), STATUS_SUCCESS);
    CHECK_EQ(reference(handle, 0x1FFFFF, *PsProcessType, KernelMode, &object), STATUS_SUCCESS);
    ObDereferenceObject(object);
    CHECK_COMPLAINT("a user handle resolved in kernel mode");
    (void)bytes;
    CHECK_EQ(ZwClose(handle), STATUS_SUCCESS);
    CHECK_COMPLAINT("of a process's own table");
}

static void a_kernel_handle_is_closed_once(void)
{
    const HANDLE handle = kernel_handle_to(NOTEPAD_PID, 0x1000);
    CHECK_EQ(ZwClose(handle), STATUS_SUCCESS);
    CHECK_EQ(ZwClose(handle), STATUS_INVALID_HANDLE);
    CHECK_COMPLAINT("which is no handle");
    (void)kernel_handle_to(LSAISO_PID, 0x1000);
    CHECK_COMPLAINT("leaked kernel handle to process 812");
}

static void opening_by_pointer_is_checked(void)
{
    PEPROCESS process;
    HANDLE handle;
    int object;
    ntsim_kernel_attach(AGENT_PID, 0, UserMode);
    CHECK_EQ(PsLookupProcessByProcessId(PID(HIDDEN_PID), &process), STATUS_SUCCESS);
    CHECK_EQ(ObOpenObjectByPointer(process, OBJ_KERNEL_HANDLE, NULL, 0x1000, *PsThreadType, KernelMode, &handle),
             STATUS_OBJECT_TYPE_MISMATCH);
    CHECK_EQ(ObOpenObjectByPointer(process, OBJ_KERNEL_HANDLE, NULL, 0x1000, NULL, UserMode, &handle),
             STATUS_OBJECT_TYPE_MISMATCH);
    /* Kernel mode skips the check of access that user mode fails. */
    CHECK_EQ(ObOpenObjectByPointer(process, OBJ_KERNEL_HANDLE, NULL, 0x1000, *PsProcessType, UserMode, &handle),
             STATUS_ACCESS_DENIED);
    CHECK_EQ(ObOpenObjectByPointer(process, OBJ_KERNEL_HANDLE, NULL, 0x1000, *PsProcessType, KernelMode, &handle),
             STATUS_SUCCESS);
    CHECK_EQ(ZwClose(handle), STATUS_SUCCESS);
    CHECK_EQ(ObOpenObjectByPointer(process, OBJ_KERNEL_HANDLE, (PACCESS_STATE)(void *)&object, 0x1000, *PsProcessType,
                                   KernelMode, &handle),
             STATUS_SUCCESS);
    CHECK_COMPLAINT("with an access state is not simulated");
    CHECK_EQ(ZwClose(handle), STATUS_SUCCESS);
    CHECK_EQ(ObOpenObjectByPointer(process, 0, NULL, 0x1000, *PsProcessType, KernelMode, &handle), STATUS_SUCCESS);
    CHECK_COMPLAINT("without OBJ_KERNEL_HANDLE");
    CHECK((intptr_t)handle > 0);
    CHECK_EQ(ntsim_kernel_close(handle), STATUS_SUCCESS);
    ObDereferenceObject(process);
}

static void a_handle_can_be_given_to_another_process(void)
{
    HANDLE handle, copy;
    void *object;
    ntsim_kernel_attach(AGENT_PID, 0, UserMode);
    CHECK_EQ(ntsim_kernel_open_process(LSAISO_PID, 0x1000, &handle), STATUS_SUCCESS);
    CHECK_EQ(ntsim_kernel_duplicate(handle, NOTEPAD_PID, &copy), STATUS_SUCCESS);
    CHECK_EQ(ntsim_kernel_close(handle), STATUS_SUCCESS);
    ntsim_kernel_attach(NOTEPAD_PID, 0, UserMode);
    CHECK_EQ(reference(copy, 0x1000, *PsProcessType, UserMode, &object), STATUS_SUCCESS);
    CHECK_EQ((uintptr_t)PsGetProcessId(object), LSAISO_PID);
    ObDereferenceObject(object);
    ntsim_kernel_detach();
    /* A process that ends closes its handles. */
    const ntsim_program other = {.pid = LSAISO_PID, .name = "other.exe"};
    CHECK(!ntsim_kernel_reuse_pid(LSAISO_PID, &other));
    CHECK(ntsim_kernel_exit_process(NOTEPAD_PID));
    CHECK(ntsim_kernel_reuse_pid(LSAISO_PID, &other));
}

const test_case handle_tests[] = {
    {"user mode never reaches a kernel handle", user_mode_never_reaches_a_kernel_handle},
    {"a handle means something in its own process only", a_handle_means_something_in_its_process_only},
    {"a handle's type and granted access are checked", type_and_access_are_checked},
    {"-1 and -2 are the current process and thread", pseudo_handles_are_the_caller},
    {"a user handle resolved in kernel mode is complained of", a_user_handle_in_kernel_mode_is_complained_of},
    {"a kernel handle is closed, and once", a_kernel_handle_is_closed_once},
    {"opening by pointer checks type, mode and whose handle it becomes", opening_by_pointer_is_checked},
    {"a handle can be given to another process, whose end closes it", a_handle_can_be_given_to_another_process},
    {NULL, NULL},
};
