/* Zw: queries, answered by the machine; and the close of a handle. The caller's previous mode is KernelMode in all of
 * them. */
#include "internal.h"

NTSTATUS ZwQueryInformationProcess(HANDLE ProcessHandle, PROCESSINFOCLASS ProcessInformationClass,
                                   PVOID ProcessInformation, ULONG ProcessInformationLength, PULONG ReturnLength)
{
    NTSTATUS status;
    if (kernel_enter(NTSIM_ZwQueryInformationProcess, CALLER, &status))
        return status;
    kernel_lock();
    status = door_query_process((intptr_t)ProcessHandle, (uint32_t)ProcessInformationClass, ProcessInformation,
                                ProcessInformationLength, ReturnLength);
    kernel_unlock();
    return kernel_altered(NTSIM_ZwQueryInformationProcess, (ULONG)ProcessInformationClass, status, ProcessInformation,
                          ProcessInformationLength, ReturnLength);
}

NTSTATUS ZwQueryInformationThread(HANDLE ThreadHandle, THREADINFOCLASS ThreadInformationClass, PVOID ThreadInformation,
                                  ULONG ThreadInformationLength, PULONG ReturnLength)
{
    NTSTATUS status;
    if (kernel_enter(NTSIM_ZwQueryInformationThread, CALLER, &status))
        return status;
    kernel_lock();
    status = door_query_thread((intptr_t)ThreadHandle, (uint32_t)ThreadInformationClass, ThreadInformation,
                               ThreadInformationLength, ReturnLength);
    kernel_unlock();
    return kernel_altered(NTSIM_ZwQueryInformationThread, (ULONG)ThreadInformationClass, status, ThreadInformation,
                          ThreadInformationLength, ReturnLength);
}

NTSTATUS ZwQuerySystemInformation(ULONG SystemInformationClass, PVOID SystemInformation, ULONG SystemInformationLength,
                                  PULONG ReturnLength)
{
    NTSTATUS status;
    if (kernel_enter(NTSIM_ZwQuerySystemInformation, CALLER, &status))
        return status;
    kernel_lock();
    status = door_query_system(SystemInformationClass, SystemInformation, SystemInformationLength, ReturnLength);
    kernel_unlock();
    return kernel_altered(NTSIM_ZwQuerySystemInformation, SystemInformationClass, status, SystemInformation,
                          SystemInformationLength, ReturnLength);
}

/*
 * A failing close has closed: whoever lets it fail asks what its caller does with the status. Driver Verifier stops at
 * a handle that is none; here it is a complaint.
 */
NTSTATUS ZwClose(HANDLE Handle)
{
    NTSTATUS failure;
    char where[160];
    const bool fails = kernel_enter(NTSIM_ZwClose, CALLER, &failure);
    kernel_lock();
    kernel_object *process = kernel_current_process();
    kernel_pin(process);
    kernel_unlock();
    const NTSTATUS status = kernel_close_handle(process, Handle, KernelMode);
    if (!NT_SUCCESS(status))
        kernel_complain("ZwClose of 0x%llx, which is no handle, from %s", (unsigned long long)(uintptr_t)Handle,
                        kernel_describe_site(CALLER, where));
    else if (!kernel_is_kernel_handle(Handle))
        kernel_complain("ZwClose of handle 0x%llx of a process's own table, from %s",
                        (unsigned long long)(uintptr_t)Handle, kernel_describe_site(CALLER, where));
    kernel_lock();
    kernel_unpin(process);
    kernel_unlock();
    return fails ? failure : status;
}
