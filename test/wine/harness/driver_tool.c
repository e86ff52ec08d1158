/*
 * What the harness asks of a driver's service, in one program, because each start of one costs Wine a third of a
 * second:
 *
 *   driver_tool up <service> <device>        starts it, opens the device, pings it
 *   driver_tool down <service> <device>      pings it (starting it first where its tests stopped it), stops, deletes it
 *   driver_tool restart <service> <device>   stops it, starts it, pings it
 *   driver_tool ask <device> <code in hex>   sends 24 zero bytes under a code, says what came of it
 *   driver_tool spawn <program>…             starts each, prints `pid`, and leaves it running
 *   driver_tool wait                         what such a program does
 *
 * Its first line says what went wrong, for people; its exit code is one of `outcome`, for the harness.
 */
#include <windows.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trustlet_protocol.h"

enum outcome
{
    GOOD = 0,
    WRONG_USE = 2,
    NOT_STARTED = 3,
    NOT_OPENED = 4,
    NOT_ANSWERED = 5,
    NOT_STOPPED = 6,
    NOT_DELETED = 7,
    NEITHER = 8
};

static int say(enum outcome outcome, const char *what, DWORD error)
{
    printf("%s: error %lu\n", what, error);
    return outcome;
}

/*
 * HELLO, in the driver's own words. A driver of another protocol answers error 1; a dead one 5, and then cannot be
 * opened any more, whatever the service manager says (facts/wine.md 0).
 */
static int ping(const char *path)
{
    const TL_HELLO_REQUEST request = {
        .Header = {.Size = 24, .Version = 1, .Message = TL_MESSAGE_HELLO, .ReplySize = 72},
        .MinVersion = 1,
        .MaxVersion = 1,
    };
    TL_HELLO_REPLY reply;
    DWORD returned = 0;
    HANDLE device = CreateFileA(path, GENERIC_READ, 0, NULL, OPEN_EXISTING, 0, NULL);
    if (device == INVALID_HANDLE_VALUE)
        return say(NOT_OPENED, "the device cannot be opened", GetLastError());
    const BOOL answered = DeviceIoControl(device, TL_IOCTL_HELLO, (void *)(ULONG_PTR)&request, sizeof request, &reply,
                                          sizeof reply, &returned, NULL);
    const DWORD error = answered ? 0 : GetLastError();
    CloseHandle(device);
    return answered || error == ERROR_INVALID_FUNCTION ? GOOD : say(NOT_ANSWERED, "the device does not answer", error);
}

static SC_HANDLE open_service(const char *name)
{
    SC_HANDLE manager = OpenSCManagerA(NULL, NULL, SC_MANAGER_CONNECT);
    return OpenServiceA(manager, name, SERVICE_START | SERVICE_STOP | SERVICE_QUERY_STATUS | DELETE);
}

static bool wait_for(SC_HANDLE service, DWORD state)
{
    SERVICE_STATUS status = {0};
    for (int i = 0; i < 1000; i++)
    {
        if (QueryServiceStatus(service, &status) && status.dwCurrentState == state)
            return true;
        Sleep(10);
    }
    SetLastError(ERROR_SERVICE_REQUEST_TIMEOUT);
    return false;
}

static int start(SC_HANDLE service)
{
    return StartServiceA(service, 0, NULL) && wait_for(service, SERVICE_RUNNING)
               ? GOOD
               : say(NOT_STARTED, "the driver does not load", GetLastError());
}

static int up(const char *name, const char *device)
{
    const int outcome = start(open_service(name));
    return outcome == GOOD ? ping(device) : outcome;
}

static int restart(const char *name, const char *device)
{
    SC_HANDLE service = open_service(name);
    SERVICE_STATUS status = {0};
    if (!ControlService(service, SERVICE_CONTROL_STOP, &status) || !wait_for(service, SERVICE_STOPPED))
        return say(NOT_STOPPED, "the driver does not stop", GetLastError());
    const int outcome = start(service);
    return outcome == GOOD ? ping(device) : outcome;
}

static int down(const char *name, const char *device)
{
    SC_HANDLE service = open_service(name);
    SERVICE_STATUS status = {0};
    int outcome = GOOD;
    if (!QueryServiceStatus(service, &status) ||
        (status.dwCurrentState != SERVICE_RUNNING && status.dwCurrentState != SERVICE_STOPPED))
        return say(NEITHER, "the service is neither running nor stopped", GetLastError());
    if (status.dwCurrentState == SERVICE_STOPPED)
        outcome = start(service);
    if (outcome == GOOD)
        outcome = ping(device);
    if (outcome != GOOD)
        return outcome;
    if (!ControlService(service, SERVICE_CONTROL_STOP, &status) || !wait_for(service, SERVICE_STOPPED))
        return say(NOT_STOPPED, "the driver does not stop", GetLastError());
    return DeleteService(service) ? GOOD : say(NOT_DELETED, "the service cannot be deleted", GetLastError());
}

static int ask(const char *path, const char *code)
{
    unsigned char bytes[24] = {0};
    DWORD returned = 0;
    HANDLE device = CreateFileA(path, GENERIC_READ, 0, NULL, OPEN_EXISTING, 0, NULL);
    printf("asking %s\n", path);
    fflush(stdout);
    const BOOL answered = DeviceIoControl(device, (DWORD)strtoul(code, NULL, 16), bytes, sizeof bytes, bytes,
                                          sizeof bytes, &returned, NULL);
    printf("%s: error %lu\n", answered ? "answered" : "not answered", answered ? 0 : GetLastError());
    return answered ? GOOD : NOT_ANSWERED;
}

static int spawn(char **programs)
{
    for (; *programs != NULL; programs++)
    {
        char command[MAX_PATH + 16];
        /* No output of its own: whoever reads ours would wait for its end too. */
        STARTUPINFOA startup = {.cb = sizeof startup, .dwFlags = STARTF_USESTDHANDLES};
        PROCESS_INFORMATION started = {0};
        snprintf(command, sizeof command, "\"%s\" wait", *programs);
        if (!CreateProcessA(*programs, command, NULL, NULL, FALSE, DETACHED_PROCESS, NULL, NULL, &startup, &started))
            return say(NOT_STARTED, *programs, GetLastError());
        printf("%lu\n", started.dwProcessId);
    }
    return GOOD;
}

int main(int argc, char **argv)
{
    const char *verb = argc > 1 ? argv[1] : "";
    if (strcmp(verb, "up") == 0 && argc == 4)
        return up(argv[2], argv[3]);
    if (strcmp(verb, "restart") == 0 && argc == 4)
        return restart(argv[2], argv[3]);
    if (strcmp(verb, "down") == 0 && argc == 4)
        return down(argv[2], argv[3]);
    if (strcmp(verb, "ask") == 0 && argc == 4)
        return ask(argv[2], argv[3]);
    if (strcmp(verb, "spawn") == 0 && argc > 2)
        return spawn(argv + 2);
    if (strcmp(verb, "wait") == 0)
        Sleep(INFINITE);
    fprintf(stderr,
            "usage: driver_tool up|down|restart <service> <device> | ask <device> <code> | spawn <program>… | wait\n");
    return WRONG_USE;
}
