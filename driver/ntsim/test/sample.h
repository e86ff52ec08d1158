/* A small machine to test on, made as a table whose parts a test can change before it loads it. */
#ifndef TRUSTLET_NTSIM_TEST_SAMPLE_H
#define TRUSTLET_NTSIM_TEST_SAMPLE_H

#include <string.h>

#include "ntsim.h"

enum
{
    IDLE,
    SYSTEM,
    AGENT,
    NOTEPAD,
    LSAISO,
    PROTECTED,
    HIDDEN,
    SAMPLE_PROCESSES
};

#define IDLE_PID 0u
#define SYSTEM_PID 4u
#define AGENT_PID 2000u
#define NOTEPAD_PID 3000u
#define LSAISO_PID 812u
#define PROTECTED_PID 900u
#define HIDDEN_PID 904u
#define NOBODY_PID 5000u
#define AGENT_TID 2004u
#define NOTEPAD_TID 3004u
#define NOTEPAD_TID_2 3008u
#define LSAISO_TID 816u
#define HIDDEN_TID 908u

typedef struct
{
    ntsim_table_header header;
    ntsim_table_process processes[SAMPLE_PROCESSES];
    ntsim_table_fault faults[4];
    uint32_t tids[8];
    uint32_t classes[2];
    uint16_t text[40];
} sample_table;

/* Windows 11 24H2 with VSM, HVCI and Secure Boot, no faults. */
sample_table sample(void);
/* The same with one process: to spawn or to reuse a pid with. `flags` and `state` as in a record. */
sample_table sample_program(uint32_t pid, uint32_t flags, uint32_t state);
/* Loads it; ends the program when that fails. */
void load(const sample_table *table);
void load_sample(void);

nt_status open_process(uint64_t pid, nt_access access, nt_handle *handle);
nt_status open_thread(uint64_t tid, nt_access access, nt_handle *handle);
/* The Flags word of a process through a handle of its own; a failed call is its status. */
int64_t flags_of(uint64_t pid);
nt_status query_extended(nt_handle handle, nt_process_extended_basic_information *info);

#endif
