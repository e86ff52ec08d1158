/*
 * The real processes behind a scenario's labels: `stand_ins <how many> <threads of each>` starts them, waits until all their
 * threads run, prints a line `pid tid tid …` for each, and leaves them running. They do nothing but wait to be ended, and end by
 * themselves after ten minutes.
 */
#include <windows.h>

#include <tlhelp32.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIFE_MS 600000u
#define MOST 64

static DWORD WINAPI wait_to_be_ended(void *context)
{
    (void)context;
    Sleep(LIFE_MS);
    return 0;
}

static void name_event(char *name, size_t size, DWORD pid)
{
    snprintf(name, size, "trustlet-stand-in-%lu", pid);
}

/* A stand-in: its threads, then its word that they are there. */
static int stand_in(int threads)
{
    char name[48];
    for (int i = 1; i < threads; i++)
        CreateThread(NULL, 0, wait_to_be_ended, NULL, 0, NULL);
    name_event(name, sizeof name, GetCurrentProcessId());
    SetEvent(CreateEventA(NULL, TRUE, FALSE, name));
    Sleep(LIFE_MS);
    return 0;
}

int main(int argc, char **argv)
{
    PROCESS_INFORMATION started[MOST];
    char self[MAX_PATH];
    char command[MAX_PATH + 32];
    if (argc == 3 && strcmp(argv[1], "wait") == 0)
        return stand_in(atoi(argv[2]));
    const int count = argc == 3 ? atoi(argv[1]) : 0;
    if (count < 1 || count > MOST)
        return 2;
    GetModuleFileNameA(NULL, self, sizeof self);
    for (int i = 0; i < count; i++)
    {
        /* No output of its own: whoever reads ours would wait for its end too. */
        STARTUPINFOA startup = {.cb = sizeof startup, .dwFlags = STARTF_USESTDHANDLES};
        snprintf(command, sizeof command, "\"%s\" wait %s", self, argv[2]);
        if (!CreateProcessA(self, command, NULL, NULL, FALSE, DETACHED_PROCESS, NULL, NULL, &startup, &started[i]))
            return 3;
    }
    for (int i = 0; i < count; i++)
    {
        char name[48];
        name_event(name, sizeof name, started[i].dwProcessId);
        if (WaitForSingleObject(CreateEventA(NULL, TRUE, FALSE, name), 60000) != WAIT_OBJECT_0)
            return 4;
    }
    HANDLE snapshot = CreateToolhelp32Snapshot(TH32CS_SNAPTHREAD, 0);
    for (int i = 0; i < count; i++)
    {
        THREADENTRY32 entry = {.dwSize = sizeof entry};
        printf("%lu", started[i].dwProcessId);
        for (BOOL more = Thread32First(snapshot, &entry); more; more = Thread32Next(snapshot, &entry))
            if (entry.th32OwnerProcessID == started[i].dwProcessId)
                printf(" %lu", entry.th32ThreadID);
        printf("\n");
    }
    return 0;
}
