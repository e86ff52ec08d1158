/* Random tables and random calls, seeded: the sanitizers watch. */
#include "check.h"
#include "sample.h"

static uint32_t random_state;

static uint32_t random_below(uint32_t limit)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 17;
    random_state ^= random_state << 5;
    return random_state % limit;
}

static void damaged_tables_never_crash(void)
{
    uint32_t loaded = 0;
    random_state = 0x5EED;
    for (int round = 0; round < 20000; round++)
    {
        sample_table table = sample();
        for (uint32_t changes = 1 + random_below(3); changes > 0; changes--)
        {
            const uint32_t at = random_below(sizeof table);
            ((unsigned char *)&table)[at] = (unsigned char)random_below(256);
        }
        if (ntsim_load(&table, sizeof table) != NTSIM_OK)
            continue;
        loaded++;
        static _Alignas(8) unsigned char list[1 << 18];
        (void)flags_of(LSAISO_PID);
        (void)flags_of(NOTEPAD_PID);
        NtQuerySystemInformation(5, list, sizeof list, NULL);
        ntsim_reuse(NOTEPAD_PID, LSAISO);
    }
    CHECK(loaded > 1000 && loaded < 19000);
}

static void random_calls_keep_the_books(void)
{
    enum
    {
        SLOTS = 32
    };
    static const uint32_t pids[] = {0, 4, 2000, 3000, 812, 900, 904, 5000};
    static const uint32_t tids[] = {8, 2004, 3004, 3008, 816, 920, 5004};
    nt_handle handles[SLOTS] = {0};
    uint32_t open = 0;
    sample_table table = sample();
    table.processes[NOTEPAD].state = NTSIM_PROCESS_VOLATILE;
    load(&table);
    random_state = 0xC0FFEE;
    for (int step = 0; step < 50000; step++)
    {
        const uint32_t slot = random_below(SLOTS);
        const uint32_t pid = pids[random_below(8)];
        const nt_access access = 1u << random_below(21);
        unsigned char buffer[128];
        switch (random_below(10))
        {
        case 0:
        case 1:
            if (handles[slot] == 0 && NT_SUCCESS(open_process(pid, access, &handles[slot])))
                open++;
            break;
        case 2:
            if (handles[slot] == 0 && NT_SUCCESS(open_thread(tids[random_below(7)], access, &handles[slot])))
                open++;
            break;
        case 3:
        case 4:
            if (NT_SUCCESS(NtClose(handles[slot])))
                open--;
            handles[slot] = 0;
            break;
        case 5:
        {
            nt_handle copy = 0;
            if (handles[slot] == 0)
                break;
            NtDuplicateObject(-1, handles[slot], -1, &copy, access, 0, random_below(4));
            NtClose(copy);
            NtClose(handles[slot]); /* the duplication may have closed it */
            handles[slot] = 0;
            open--;
            break;
        }
        case 6:
            NtQueryInformationProcess(handles[slot], random_below(2) ? 0 : 64, buffer, 32 + 32 * random_below(4), NULL);
            NtQueryInformationThread(handles[slot], random_below(2) ? 0 : 20, buffer, random_below(2) ? 48 : 4, NULL);
            break;
        case 7:
            ntsim_exit(pid);
            break;
        case 8:
            ntsim_reuse(pid, random_below(SAMPLE_PROCESSES));
            break;
        default:
            ntsim_set_churn(random_below(2));
            ntsim_exit_thread(tids[random_below(7)]);
            break;
        }
        CHECK_EQ(ntsim_open_handles(), open);
    }
    for (uint32_t slot = 0; slot < SLOTS; slot++)
        NtClose(handles[slot]);
}

const test_case fuzz_tests[] = {
    {"damaged tables never crash the loader or the machine", damaged_tables_never_crash},
    {"random calls keep the handle count true", random_calls_keep_the_books},
    {NULL, NULL},
};
