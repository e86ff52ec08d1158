#include <stdlib.h>

#include "check.h"
#include "sample.h"

static uint32_t load_of(const sample_table *table)
{
    return ntsim_load(table, sizeof *table);
}

static void a_good_table_loads(void)
{
    const sample_table table = sample();
    CHECK_EQ(load_of(&table), NTSIM_OK);
}

static void every_cut_is_refused(void)
{
    const sample_table table = sample();
    for (uint32_t length = 0; length < sizeof table; length++)
    {
        /* A block of exactly this length: the sanitizer sees a byte read too many. */
        unsigned char *cut = malloc(length + 1);
        CHECK(cut != NULL);
        memcpy(cut, &table, length);
        const uint32_t result = ntsim_load(cut, length);
        free(cut);
        CHECK_EQ(result, NTSIM_E_TRUNCATED);
    }
    CHECK_EQ(ntsim_load(NULL, sizeof table), NTSIM_E_TRUNCATED);
}

static void what_is_no_table_is_refused(void)
{
    sample_table table = sample();
    table.header.magic++;
    CHECK_EQ(load_of(&table), NTSIM_E_MAGIC);
    table = sample();
    table.header.version = 2;
    CHECK_EQ(load_of(&table), NTSIM_E_VERSION);
    table = sample();
    table.header.process_bytes += 8;
    CHECK_EQ(load_of(&table), NTSIM_E_VERSION);
    table = sample();
    table.header.fault_bytes += 8;
    CHECK_EQ(load_of(&table), NTSIM_E_VERSION);
    table = sample();
    table.header.total_bytes = 8;
    CHECK_EQ(load_of(&table), NTSIM_E_TRUNCATED);
}

static void counts_have_limits(void)
{
    sample_table table = sample();
    table.header.process_count = 0;
    CHECK_EQ(load_of(&table), NTSIM_E_COUNT);
    table.header.process_count = NTSIM_MAX_PROCESSES + 1;
    CHECK_EQ(load_of(&table), NTSIM_E_COUNT);
    table = sample();
    table.header.thread_count = UINT32_MAX;
    CHECK_EQ(load_of(&table), NTSIM_E_COUNT);
    table = sample();
    table.header.fault_count = NTSIM_MAX_FAULTS + 1;
    CHECK_EQ(load_of(&table), NTSIM_E_COUNT);
    table = sample();
    table.header.class_count = NTSIM_MAX_CLASSES + 1;
    CHECK_EQ(load_of(&table), NTSIM_E_COUNT);
    table = sample();
    table.header.text_bytes = UINT32_MAX;
    CHECK_EQ(load_of(&table), NTSIM_E_COUNT);
    table = sample();
    table.processes[NOTEPAD].name_bytes = NTSIM_MAX_NAME_BYTES + 2;
    CHECK_EQ(load_of(&table), NTSIM_E_BOUNDS);
}

static void regions_lie_inside_and_aligned(void)
{
    sample_table table = sample();
    table.header.process_offset = sizeof table - 8;
    CHECK_EQ(load_of(&table), NTSIM_E_BOUNDS);
    table.header.process_offset = UINT32_MAX - 7;
    CHECK_EQ(load_of(&table), NTSIM_E_BOUNDS);
    table.header.process_offset = 0;
    CHECK_EQ(load_of(&table), NTSIM_E_BOUNDS);
    table.header.process_offset = (uint32_t)offsetof(sample_table, processes) + 4;
    CHECK_EQ(load_of(&table), NTSIM_E_BOUNDS);
    table = sample();
    table.header.thread_offset = sizeof table;
    CHECK_EQ(load_of(&table), NTSIM_E_BOUNDS);
    table = sample();
    table.header.fault_count = 1;
    table.header.fault_offset = sizeof table - 4;
    CHECK_EQ(load_of(&table), NTSIM_E_BOUNDS);
    table = sample();
    table.header.class_count = 1;
    table.header.class_offset = 1;
    CHECK_EQ(load_of(&table), NTSIM_E_BOUNDS);
    table = sample();
    table.header.text_offset += 1;
    CHECK_EQ(load_of(&table), NTSIM_E_BOUNDS);
}

static void references_lie_inside(void)
{
    sample_table table = sample();
    table.processes[NOTEPAD].first_thread = 6;
    CHECK_EQ(load_of(&table), NTSIM_E_BOUNDS);
    table.processes[NOTEPAD].first_thread = UINT32_MAX;
    CHECK_EQ(load_of(&table), NTSIM_E_BOUNDS);
    table = sample();
    table.processes[NOTEPAD].name_offset = table.header.text_bytes - 2;
    CHECK_EQ(load_of(&table), NTSIM_E_BOUNDS);
    table = sample();
    table.processes[NOTEPAD].name_offset = 1;
    CHECK_EQ(load_of(&table), NTSIM_E_BOUNDS);
    table = sample();
    table.processes[NOTEPAD].name_bytes = 3;
    CHECK_EQ(load_of(&table), NTSIM_E_BOUNDS);
    table = sample();
    table.header.caller_index = SAMPLE_PROCESSES;
    CHECK_EQ(load_of(&table), NTSIM_E_BOUNDS);
    table.header.caller_index = NTSIM_NONE;
    CHECK_EQ(load_of(&table), NTSIM_E_BOUNDS);
    table = sample();
    table.header.fault_count = 1;
    table.faults[0].target_index = SAMPLE_PROCESSES;
    CHECK_EQ(load_of(&table), NTSIM_E_BOUNDS);
}

static void undefined_values_are_refused(void)
{
    sample_table table = sample();
    table.header.policies = 0x80000000u;
    CHECK_EQ(load_of(&table), NTSIM_E_VALUE);
    table = sample();
    table.header.system = 0x200;
    CHECK_EQ(load_of(&table), NTSIM_E_VALUE);
    table = sample();
    table.header.churn = 2;
    CHECK_EQ(load_of(&table), NTSIM_E_VALUE);
    table = sample();
    table.processes[NOTEPAD].state = 0x80;
    CHECK_EQ(load_of(&table), NTSIM_E_VALUE);
    table = sample();
    table.processes[NOTEPAD].pid = 3001;
    CHECK_EQ(load_of(&table), NTSIM_E_VALUE);
    table = sample();
    table.tids[2] = 0;
    CHECK_EQ(load_of(&table), NTSIM_E_VALUE);
    table.tids[2] = 3006;
    CHECK_EQ(load_of(&table), NTSIM_E_VALUE);
    table = sample();
    table.header.fault_count = 1;
    table.faults[0].call = NTSIM_CALL_COUNT;
    CHECK_EQ(load_of(&table), NTSIM_E_VALUE);
}

static void one_id_has_one_owner(void)
{
    sample_table table = sample();
    table.processes[NOTEPAD].pid = LSAISO_PID;
    CHECK_EQ(load_of(&table), NTSIM_E_DUPLICATE);
    table = sample();
    table.tids[3] = NOTEPAD_TID;
    CHECK_EQ(load_of(&table), NTSIM_E_DUPLICATE);
    table.tids[3] = AGENT_PID;
    CHECK_EQ(load_of(&table), NTSIM_E_DUPLICATE);
}

static void a_refused_table_leaves_the_machine_alone(void)
{
    sample_table table = sample();
    load(&table);
    table.header.magic = 0;
    CHECK_EQ(load_of(&table), NTSIM_E_MAGIC);
    CHECK_EQ(flags_of(LSAISO_PID), 0x80);
}

static void without_a_machine_nothing_answers(void)
{
    nt_handle handle;
    uint32_t pid;
    nt_os_version_info version = {.OSVersionInfoSize = sizeof version};
    const sample_table program = sample_program(0, 0, 0);
    ntsim_unload();
    CHECK_EQ(open_process(AGENT_PID, 0x1000, &handle), STATUS_UNSUCCESSFUL);
    CHECK_EQ(open_thread(AGENT_TID, 0x800, &handle), STATUS_UNSUCCESSFUL);
    CHECK_EQ(NtClose(4), STATUS_UNSUCCESSFUL);
    CHECK_EQ(RtlGetVersion(&version), STATUS_UNSUCCESSFUL);
    CHECK_EQ(ntsim_exit(AGENT_PID), NTSIM_E_NO_MACHINE);
    CHECK_EQ(ntsim_spawn(&program, sizeof program, &pid), NTSIM_E_NO_MACHINE);
    CHECK_EQ(ntsim_fail(0, -1, 0, 0, 0), NTSIM_E_NO_MACHINE);
    CHECK_EQ(ntsim_open_handles(), 0);
    CHECK_EQ(ntsim_calls(0), 0);
    CHECK_EQ(RtlNtStatusToDosError(STATUS_ACCESS_VIOLATION), 998);
}

static void the_layout_is_told_whole_or_to_its_cut(void)
{
    char text[4096];
    char cut[40];
    const uint32_t needed = ntsim_table_layout(NULL, 0);
    CHECK(needed > 0 && needed < sizeof text);
    CHECK_EQ(ntsim_table_layout(text, sizeof text), needed);
    CHECK_EQ(strlen(text), needed);
    CHECK(strncmp(text, "header.magic=0,4\nheader.version=4,4\n", 36) == 0);
    CHECK(strstr(text, "\nprocess=72\n") != NULL);
    CHECK(strstr(text, "\nTABLE_VERSION=1\n") != NULL);
    CHECK_EQ(ntsim_table_layout(cut, sizeof cut), needed);
    CHECK_EQ(strlen(cut), 36);
}

const test_case table_tests[] = {
    {"a good table loads", a_good_table_loads},
    {"every cut of a table is refused", every_cut_is_refused},
    {"what is no table of this version is refused", what_is_no_table_is_refused},
    {"counts have limits", counts_have_limits},
    {"regions lie inside the table and aligned", regions_lie_inside_and_aligned},
    {"references lie inside their regions", references_lie_inside},
    {"values that nobody defined are refused", undefined_values_are_refused},
    {"one id has one owner", one_id_has_one_owner},
    {"a refused table leaves the running machine alone", a_refused_table_leaves_the_machine_alone},
    {"without a machine nothing answers", without_a_machine_nothing_answers},
    {"the layout is told whole, or to its last line that fits", the_layout_is_told_whole_or_to_its_cut},
    {NULL, NULL},
};
