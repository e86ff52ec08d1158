/* Load: many threads, dying clients, starting and stopping. */
#include "tests.h"

#include <stdlib.h>
#include <string.h>

#define THREADS 8

typedef struct load
{
    const driver_names *names;
    DWORD trustlet;
    DWORD trustlet_tid;
    DWORD until;
    long asked;
    long wrong;
} load;

static bool ask_something(const load *work, HANDLE device, HANDLE process, HANDLE thread, unsigned turn)
{
    static const bool scripted[] = {false, true};
    const bool simulated = scripted[work->names == &simulation];
    TL_PROCESS_RECORD record;
    TL_HELLO_REPLY reply;
    guard_answer answer;
    switch (turn % 5)
    {
    case 0:
        return hello(device, &reply) == 0 && reply.Version == 1;
    case 1:
        return query_one(device, work->trustlet, &record) == 0 && record.Pid == work->trustlet &&
               record.Verdict == (simulated ? TL_VERDICT_SECURE : TL_VERDICT_UNKNOWN);
    case 2:
    {
        unsigned char room[0x8000];
        const TL_CENSUS_REQUEST request = {.Header = {40, 1, TL_MESSAGE_CENSUS, 48, 64}};
        TL_CENSUS_REPLY census;
        if (ask(device, TL_IOCTL_CENSUS, &request, sizeof request, room, sizeof room, NULL) != 0)
            return false;
        memcpy(&census, room, sizeof census);
        int seen = 0;
        for (uint32_t i = 0; i < census.Header.RecordCount; i++)
        {
            memcpy(&record, room + 48 + i * 64, sizeof record);
            seen += record.Pid == work->trustlet;
            if (record.Pid == work->trustlet && record.Verdict == TL_VERDICT_ORDINARY)
                return false;
        }
        return seen == 1;
    }
    case 3:
    {
        const TL_GUARD_REQUEST request = guard_request(process, TL_KIND_PROCESS, TL_OPERATION_READ);
        return guard(device, &request, &answer) == 0 && answer.reply.Decision == TL_DECISION_REFUSE;
    }
    default:
    {
        const TL_GUARD_REQUEST request = guard_request(thread, TL_KIND_THREAD, TL_OPERATION_QUEUE_APC);
        return guard(device, &request, &answer) == 0 && answer.reply.Decision == TL_DECISION_REFUSE;
    }
    }
}

static DWORD WINAPI work_on(void *context)
{
    load *work = context;
    HANDLE process = OpenProcess(PROCESS_VM_READ, FALSE, work->trustlet);
    HANDLE thread = OpenThread(THREAD_SET_CONTEXT, FALSE, work->trustlet_tid);
    HANDLE device = open_device(work->names, GENERIC_READ);
    for (unsigned turn = 0; GetTickCount() < work->until; turn++)
    {
        work->asked++;
        work->wrong += !ask_something(work, device, process, thread, turn);
        if (turn % 50 == 49)
        {
            CloseHandle(device);
            device = open_device(work->names, GENERIC_READ);
        }
    }
    CloseHandle(device);
    CloseHandle(thread);
    CloseHandle(process);
    return 0;
}

void stress(const driver_names *names, int seconds)
{
    HANDLE threads[THREADS];
    load works[THREADS];
    stand_in trustlet = start_stand_in();
    long asked = 0;
    long wrong = 0;
    script_process(trustlet.pid, 0, 0x80, 0xFF);
    for (int i = 0; i < THREADS; i++)
    {
        const load work = {names, trustlet.pid, trustlet.tid, GetTickCount() + 1000u * (DWORD)seconds, 0, 0};
        works[i] = work;
        threads[i] = CreateThread(NULL, 0, work_on, &works[i], 0, NULL);
    }
    WaitForMultipleObjects(THREADS, threads, TRUE, 1000u * (DWORD)seconds + 60000u);
    for (int i = 0; i < THREADS; i++)
    {
        CloseHandle(threads[i]);
        asked += works[i].asked;
        wrong += works[i].wrong;
    }
    unscript_process(trustlet.pid);
    end_stand_in(&trustlet);
    printf("# %ld requests from %d threads in %d s, %ld wrong answers\n", asked, THREADS, seconds, wrong);
    check(asked > THREADS * seconds && wrong == 0, "eight threads of mixed requests: no wrong answer");
}

void killed_clients(const driver_names *names, int times)
{
    char self[MAX_PATH];
    char command[MAX_PATH + 32];
    bool good = true;
    GetModuleFileNameA(NULL, self, sizeof self);
    for (int i = 0; i < times && good; i++)
    {
        TL_HELLO_REPLY reply;
        STARTUPINFOA startup = {.cb = sizeof startup};
        PROCESS_INFORMATION started = {0};
        snprintf(command, sizeof command, "\"%s\" flood %s", self, names->service);
        good = CreateProcessA(self, command, NULL, NULL, FALSE, 0, NULL, NULL, &startup, &started);
        Sleep(150 + 37u * (DWORD)(i % 5));
        TerminateProcess(started.hProcess, 0);
        good = good && WaitForSingleObject(started.hProcess, 30000) == WAIT_OBJECT_0;
        CloseHandle(started.hProcess);
        CloseHandle(started.hThread);
        HANDLE device = open_device(names, GENERIC_READ);
        good = good && hello(device, &reply) == 0;
        CloseHandle(device);
    }
    check(good, "a client killed in the middle of its requests: the driver answers the next");
}

static bool wait_for(SC_HANDLE service, DWORD state)
{
    for (int i = 0; i < 500; i++)
    {
        SERVICE_STATUS status;
        if (QueryServiceStatus(service, &status) && status.dwCurrentState == state)
            return true;
        Sleep(10);
    }
    return false;
}

void cycles(const driver_names *names, int times)
{
    SC_HANDLE manager = OpenSCManagerA(NULL, NULL, SC_MANAGER_CONNECT);
    SC_HANDLE service = OpenServiceA(manager, names->service, SERVICE_START | SERVICE_STOP | SERVICE_QUERY_STATUS);
    SERVICE_STATUS status;
    bool good =
        service != NULL && ControlService(service, SERVICE_CONTROL_STOP, &status) && wait_for(service, SERVICE_STOPPED);
    int done = 0;
    for (; done < times && good; done++)
    {
        TL_HELLO_REPLY reply;
        good = StartServiceA(service, 0, NULL) && wait_for(service, SERVICE_RUNNING);
        HANDLE device = open_device(names, GENERIC_READ);
        good = good && hello(device, &reply) == 0;
        CloseHandle(device);
        good = ControlService(service, SERVICE_CONTROL_STOP, &status) && wait_for(service, SERVICE_STOPPED) && good;
    }
    printf("# %d of %d cycles\n", done, times);
    check(good, "start, ask, stop, again and again");
    /* Wine alone: Windows would wait for the last handle (facts/wine.md 7). */
    good = StartServiceA(service, 0, NULL) && wait_for(service, SERVICE_RUNNING);
    HANDLE held = open_device(names, GENERIC_READ);
    good = good && held != INVALID_HANDLE_VALUE && ControlService(service, SERVICE_CONTROL_STOP, &status) &&
           wait_for(service, SERVICE_STOPPED);
    CloseHandle(held);
    good = good && StartServiceA(service, 0, NULL) && wait_for(service, SERVICE_RUNNING) &&
           ControlService(service, SERVICE_CONTROL_STOP, &status) && wait_for(service, SERVICE_STOPPED);
    check(good, "(Wine only) stopped with a file open, it unloads, and starts again");
    CloseServiceHandle(service);
    CloseServiceHandle(manager);
}
