/* What a test does to the machine and asks of it. */
#include "agent.h"

bool sim_exit(uint32_t pid)
{
    return pid != sim_current_pid() && ntsim_kernel_exit_process(pid);
}

bool sim_reuse(uint32_t pid, const void *table, uint32_t length)
{
    if (pid == sim_current_pid())
        return false;
    (void)ntsim_kernel_exit_process(pid);
    kernel_lock();
    const bool reused = door_reuse_pid(pid, table, length);
    kernel_unlock();
    if (reused)
        user_faults_forget(pid);
    return reused;
}

bool sim_fail(const char *call, int32_t info_class, uint32_t pid, uint32_t nth, uint32_t status)
{
    static const char *const names[NTSIM_CALL_COUNT] = {
        [NTSIM_CALL_OPEN_PROCESS] = "NtOpenProcess",
        [NTSIM_CALL_OPEN_THREAD] = "NtOpenThread",
        [NTSIM_CALL_CLOSE] = "NtClose",
        [NTSIM_CALL_DUPLICATE_OBJECT] = "NtDuplicateObject",
        [NTSIM_CALL_QUERY_PROCESS] = "NtQueryInformationProcess",
        [NTSIM_CALL_QUERY_THREAD] = "NtQueryInformationThread",
        [NTSIM_CALL_QUERY_SYSTEM] = "NtQuerySystemInformation",
        [NTSIM_CALL_SECURE_CALL] = "SecureCall",
    };
    for (uint32_t i = 0; i < NTSIM_CALL_COUNT; i++)
    {
        if (strcmp(names[i], call) != 0)
            continue;
        if (is_user_call(i))
            return user_faults_add(i, pid, nth, (NTSTATUS)status);
        kernel_lock();
        door_fail(i, info_class, pid, nth, (int32_t)status);
        kernel_unlock();
        return true;
    }
    return false;
}

static uint32_t count_handles(bool of_files)
{
    const kernel_attachment before = agent_enter();
    uint32_t count = 0;
    kernel_lock();
    const kernel_handle_table *table = &kernel_current_process()->handles_of;
    for (uint32_t i = 0; i < table->count; i++)
        if (table->entries[i].object != NULL && (table->entries[i].object->type == &kernel_file_type) == of_files)
            count++;
    kernel_unlock();
    agent_leave(before);
    return count;
}

uint32_t sim_open_handles(void)
{
    return count_handles(false);
}

uint32_t sim_open_devices(void)
{
    return count_handles(true);
}

uint32_t sim_requests_in_flight(void)
{
    return (uint32_t)ntsim_kernel_requests_in_flight();
}
