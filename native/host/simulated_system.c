/* The machine with its driver, its agent, and the device: boot, open, ioctl, cancel, shutdown. */
#include <stdio.h>
#include <stdlib.h>

#include "agent.h"

/* Of statuses that ntsim/dos_error.c does not know: it has those of facts/nt.md 9 alone. */
#define ERROR_FILE_NOT_FOUND 2u
#define ERROR_INVALID_NAME 123u

/* driver/ntsim/dos_error.c; its header speaks the NT names in types of its own. */
uint32_t ntsim_dos_error(int32_t status);

DRIVER_INITIALIZE DriverEntry;

static PDRIVER_OBJECT driver;
static kernel_object *agent_process; /* pinned from boot to shutdown */
static kernel_object *agent_thread;  /* likewise; NULL: the agent has no thread */
static uint32_t agent_pid;

kernel_attachment agent_enter(void)
{
    return kernel_enter_process(agent_process, agent_thread, UserMode);
}

void agent_leave(kernel_attachment before)
{
    kernel_leave_process(before);
}

/* ---- boot and shutdown ---- */

static uint32_t caller_of(const void *table)
{
    const ntsim_table_header *header = table;
    const ntsim_table_process *processes =
        (const ntsim_table_process *)(const void *)((const unsigned char *)table + header->process_offset);
    return processes[header->caller_index].pid;
}

static bool find_agent(uint32_t pid)
{
    kernel_lock();
    struct ntsim_object *process = door_find(pid, DOOR_PROCESS);
    struct ntsim_object *thread = process == NULL ? NULL : door_first_thread(process);
    agent_process = process == NULL ? NULL : kernel_object_for(process, DOOR_PROCESS);
    agent_thread = thread == NULL ? NULL : kernel_object_for(thread, DOOR_THREAD);
    kernel_unlock();
    agent_pid = pid;
    return agent_process != NULL;
}

static void let_agent_go(void)
{
    kernel_lock();
    if (agent_process != NULL)
        kernel_unpin(agent_process);
    if (agent_thread != NULL)
        kernel_unpin(agent_thread);
    agent_process = NULL;
    agent_thread = NULL;
    kernel_unlock();
}

const char *sim_boot(const void *table, uint32_t length)
{
    if (!ntsim_kernel_boot_table(table, length))
        return "the table is refused";
    user_faults_reset(table);
    const char *why = NULL;
    if (!find_agent(caller_of(table)))
        why = "the agent of the scenario does not run";
    else if (!NT_SUCCESS(ntsim_kernel_load_driver("trustlet", DriverEntry, &driver)))
        why = "the driver does not load";
    if (why != NULL)
        free(sim_shutdown());
    return why;
}

/* The check prints what it finds; glibc lets a program choose what stdout is. Nobody else here prints. */
static char *complaints_of_check(FILE *text, char **bytes)
{
    FILE *before = stdout;
    stdout = text;
    (void)ntsim_kernel_check();
    stdout = before;
    return fclose(text) == 0 ? *bytes : NULL;
}

char *sim_shutdown(void)
{
    char *bytes = NULL;
    size_t length = 0;
    FILE *text = open_memstream(&bytes, &length);
    const uint32_t handles = sim_open_handles();
    const uint32_t devices = sim_open_devices();
    if (text != NULL && handles + devices != 0)
        (void)fprintf(text, "# the agent has %u handles and %u devices open\n", handles, devices);
    if (agent_process != NULL)
    {
        const kernel_attachment before = agent_enter();
        kernel_close_all_handles(agent_process);
        agent_leave(before);
    }
    if (driver != NULL && ntsim_kernel_unload_driver(driver) != STATUS_SUCCESS && text != NULL)
        (void)fprintf(text, "# the driver does not unload\n");
    driver = NULL;
    let_agent_go();
    ntsim_kernel_clear_script();
    char *complaints = text == NULL ? NULL : complaints_of_check(text, &bytes);
    ntsim_kernel_shutdown();
    return complaints;
}

/* ---- the device ---- */

uint32_t sim_current_pid(void)
{
    return agent_pid;
}

uint32_t sim_win32_error(uint32_t status)
{
    switch ((NTSTATUS)status)
    {
    case STATUS_OBJECT_NAME_NOT_FOUND:
        return ERROR_FILE_NOT_FOUND;
    case STATUS_OBJECT_NAME_INVALID:
        return ERROR_INVALID_NAME;
    default:
        return ntsim_dos_error((NTSTATUS)status);
    }
}

uint32_t sim_open_device(const char *path, intptr_t *file)
{
    HANDLE handle = NULL;
    const kernel_attachment before = agent_enter();
    const NTSTATUS status = ntsim_kernel_open(path, GENERIC_READ, &handle);
    agent_leave(before);
    *file = (intptr_t)handle;
    return NT_SUCCESS(status) ? 0 : sim_win32_error((uint32_t)status);
}

uint32_t sim_ioctl(intptr_t file, uint32_t code, const void *input, uint32_t input_length, void *output,
                   uint32_t output_length, size_t *written)
{
    const kernel_attachment before = agent_enter();
    const NTSTATUS status = ntsim_kernel_ioctl((HANDLE)file, code, input, input_length, output, output_length, written);
    agent_leave(before);
    return (uint32_t)status;
}

bool sim_cancel(const size_t *written)
{
    return ntsim_kernel_cancel_request(written);
}
