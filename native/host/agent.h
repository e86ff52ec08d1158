/* What the two C files of the simulated system share. */
#ifndef TRUSTLET_NATIVE_HOST_AGENT_H
#define TRUSTLET_NATIVE_HOST_AGENT_H

#include "internal.h"

#include "simulated_system.h"

/* The calling thread becomes the agent's until agent_leave. It holds nothing meanwhile: the machine pins the agent. */
kernel_attachment agent_enter(void);
void agent_leave(kernel_attachment before);

/* Is it one of the calls below, of enum ntsim_call? */
bool is_user_call(uint32_t call);
/* The agent's user-mode calls that a scenario makes fail: those of the table, then those of sim_fail. */
void user_faults_reset(const void *table);
bool user_faults_add(uint32_t call, uint32_t pid, uint32_t nth, NTSTATUS status);
/* Another process has this pid from now on: the table's faults were not meant for it. */
void user_faults_forget(uint32_t pid);
/* Under the kernel's lock: does this call fail, made for a process? pid 0: nobody can tell which one. */
bool user_faults_hit(uint32_t call, uint32_t pid, NTSTATUS *status);

#endif
