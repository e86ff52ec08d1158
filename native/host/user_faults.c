/*
 * Calls of the agent's that a scenario makes fail. The simulated kernel fails queries itself; of opens, closes and
 * duplicates it has no faults, because tests of drivers need none.
 */
#include "agent.h"

#define MAX_FAULTS 4096u /* as many as a table may hold */

typedef struct user_fault
{
    uint32_t call;
    uint32_t pid; /* 0: any */
    uint32_t nth; /* 0: every call */
    uint32_t matched;
    NTSTATUS status;
    bool of_table;
} user_fault;

static user_fault faults[MAX_FAULTS]; /* under the kernel's lock */
static unsigned fault_count;

bool is_user_call(uint32_t call)
{
    return call <= NTSIM_CALL_DUPLICATE_OBJECT;
}

static bool add(user_fault added)
{
    if (fault_count == MAX_FAULTS)
        return false;
    faults[fault_count++] = added;
    return true;
}

void user_faults_reset(const void *table)
{
    const unsigned char *bytes = table;
    const ntsim_table_header *header = table;
    const ntsim_table_fault *rows = (const void *)(bytes + header->fault_offset);
    const ntsim_table_process *processes = (const void *)(bytes + header->process_offset);
    kernel_lock();
    fault_count = 0;
    for (uint32_t i = 0; i < header->fault_count; i++)
        if (is_user_call(rows[i].call))
            (void)add((user_fault){
                .call = rows[i].call,
                .pid = rows[i].target_index == NTSIM_NONE ? 0 : processes[rows[i].target_index].pid,
                .nth = rows[i].nth,
                .status = (NTSTATUS)rows[i].status,
                .of_table = true,
            });
    kernel_unlock();
}

bool user_faults_add(uint32_t call, uint32_t pid, uint32_t nth, NTSTATUS status)
{
    kernel_lock();
    const bool added = add((user_fault){.call = call, .pid = pid, .nth = nth, .status = status});
    kernel_unlock();
    return added;
}

void user_faults_forget(uint32_t pid)
{
    unsigned kept = 0;
    kernel_lock();
    for (unsigned i = 0; i < fault_count; i++)
        if (!faults[i].of_table || faults[i].pid != pid || pid == 0)
            faults[kept++] = faults[i];
    fault_count = kept;
    kernel_unlock();
}

/* All that match are counted, the first that is due decides, as in ntsim/faults.c. */
bool user_faults_hit(uint32_t call, uint32_t pid, NTSTATUS *status)
{
    bool hit = false;
    for (unsigned i = 0; i < fault_count; i++)
    {
        user_fault *fault = &faults[i];
        if (fault->call != call || (fault->pid != 0 && fault->pid != pid))
            continue;
        fault->matched++;
        if (!hit && (fault->nth == 0 || fault->nth == fault->matched))
        {
            hit = true;
            *status = fault->status;
        }
    }
    return hit;
}
