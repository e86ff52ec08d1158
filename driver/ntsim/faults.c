/* Calls that are made to fail. */
#include <stdlib.h>

#include "machine.h"

bool ntsim_add_fault(ntsim_machine *machine, const ntsim_fault *fault)
{
    if (machine->fault_count == machine->fault_capacity)
    {
        const uint32_t capacity = machine->fault_capacity == 0 ? 16 : machine->fault_capacity * 2;
        ntsim_fault *faults = realloc(machine->faults, capacity * sizeof *faults);
        if (faults == NULL)
            return false;
        machine->faults = faults;
        machine->fault_capacity = capacity;
    }
    machine->faults[machine->fault_count++] = *fault;
    return true;
}

static bool meant(const ntsim_fault *fault, const ntsim_process *process, uint32_t pid)
{
    switch (fault->target)
    {
    case NTSIM_FAULT_BY_PID:
        return fault->pid == pid;
    case NTSIM_FAULT_BY_ORIGIN:
        return process != NULL && process->origin == fault->origin;
    default:
        return true;
    }
}

bool ntsim_fails(ntsim_machine *machine, enum ntsim_call call, int32_t info_class, const ntsim_process *process,
                 uint32_t pid, nt_status *status)
{
    bool fails = false;
    for (uint32_t i = 0; i < machine->fault_count; i++)
    {
        ntsim_fault *fault = &machine->faults[i];
        if (fault->call != call || (fault->info_class != -1 && fault->info_class != info_class) ||
            !meant(fault, process, pid))
            continue;
        fault->matched++;
        if (!fails && (fault->nth == 0 || fault->nth == fault->matched))
        {
            fails = true;
            *status = fault->status;
        }
    }
    return fails;
}
