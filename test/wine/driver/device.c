#include "device.h"

#include <stdlib.h>
#include <string.h>

int passed;
int failed;

void check(bool good, const char *title)
{
    *(good ? &passed : &failed) += 1;
    printf("%sok %d - %s\n", good ? "" : "not ", passed + failed, title);
    fflush(stdout);
}

int finish(void)
{
    printf("%d passed, %d failed\n", passed, failed);
    fflush(stdout);
    return failed == 0 ? 0 : 1;
}

const driver_names production = {"trustlet", "\\\\.\\Trustlet"};
const driver_names simulation = {"trustlet-sim", "\\\\.\\TrustletSim"};

HANDLE open_device(const driver_names *names, DWORD access)
{
    return CreateFileA(names->device, access, 0, NULL, OPEN_EXISTING, 0, NULL);
}

DWORD ask(HANDLE device, DWORD code, const void *input, DWORD input_length, void *output, DWORD output_length,
          DWORD *returned)
{
    DWORD length = 0;
    const BOOL good =
        DeviceIoControl(device, code, (void *)(ULONG_PTR)input, input_length, output, output_length, &length, NULL);
    const DWORD error = good ? 0 : GetLastError();
    if (returned != NULL)
        *returned = length;
    return error;
}

static TL_REQUEST_HEADER header(uint16_t message, uint32_t size, uint32_t reply_size, uint32_t record_size)
{
    const TL_REQUEST_HEADER result = {
        .Size = size, .Version = 1, .Message = message, .ReplySize = reply_size, .RecordSize = record_size};
    return result;
}

DWORD query_one(HANDLE device, DWORD pid, TL_PROCESS_RECORD *record)
{
    struct
    {
        TL_QUERY_REQUEST request;
        uint32_t pid;
    } input = {.request = {.Header = header(TL_MESSAGE_QUERY, 24, 16, 64), .PidCount = 1}, .pid = pid};
    query_one_answer answer;
    DWORD returned = 0;
    memset(record, 0, sizeof *record);
    const DWORD error = ask(device, TL_IOCTL_QUERY, &input, 28, &answer, sizeof answer, &returned);
    if (error == 0 && returned == sizeof answer)
        *record = answer.record;
    return error == 0 && returned != sizeof answer ? ERROR_BAD_LENGTH : error;
}

TL_EXAMINE_REQUEST examine_request(HANDLE handle, uint32_t kind)
{
    const TL_EXAMINE_REQUEST request = {
        .Header = header(TL_MESSAGE_EXAMINE, 64, 40, 64), .Handle = (uint64_t)(int64_t)(intptr_t)handle, .Kind = kind};
    return request;
}

DWORD examine(HANDLE device, const TL_EXAMINE_REQUEST *request, examine_answer *answer)
{
    memset(answer, 0xEE, sizeof *answer);
    return ask(device, TL_IOCTL_EXAMINE, request, sizeof *request, answer, sizeof *answer, NULL);
}

TL_GUARD_REQUEST guard_request(HANDLE handle, uint32_t kind, uint32_t operations)
{
    const TL_GUARD_REQUEST request = {.Header = header(TL_MESSAGE_GUARD, 72, 48, 64),
                                      .Handle = (uint64_t)(int64_t)(intptr_t)handle,
                                      .Kind = kind,
                                      .Operations = operations};
    return request;
}

DWORD guard(HANDLE device, const TL_GUARD_REQUEST *request, guard_answer *answer)
{
    memset(answer, 0xEE, sizeof *answer);
    return ask(device, TL_IOCTL_GUARD, request, sizeof *request, answer, sizeof *answer, NULL);
}

DWORD hello(HANDLE device, TL_HELLO_REPLY *reply)
{
    const TL_HELLO_REQUEST request = {.Header = header(TL_MESSAGE_HELLO, 24, 72, 0), .MinVersion = 1, .MaxVersion = 1};
    memset(reply, 0, sizeof *reply);
    return ask(device, TL_IOCTL_HELLO, &request, sizeof request, reply, sizeof *reply, NULL);
}

stand_in start_stand_in(void)
{
    char self[MAX_PATH];
    char command[MAX_PATH + 16];
    STARTUPINFOA startup = {.cb = sizeof startup};
    PROCESS_INFORMATION started = {0};
    GetModuleFileNameA(NULL, self, sizeof self);
    snprintf(command, sizeof command, "\"%s\" wait", self);
    if (!CreateProcessA(self, command, NULL, NULL, FALSE, 0, NULL, NULL, &startup, &started))
    {
        printf("Bail out! a stand-in does not start: error %lu\n", GetLastError());
        exit(1);
    }
    const stand_in result = {started.dwProcessId, started.dwThreadId, started.hProcess, started.hThread};
    return result;
}

void end_stand_in(stand_in *process)
{
    TerminateProcess(process->process, 0);
    WaitForSingleObject(process->process, 10000);
    CloseHandle(process->process);
    CloseHandle(process->thread);
    memset(process, 0, sizeof *process);
}

static const char processes_key[] = "System\\CurrentControlSet\\Services\\trustlet-sim\\Parameters\\Processes";

void script_process(DWORD pid, DWORD status, DWORD flags, BYTE protection)
{
    struct
    {
        DWORD status;
        DWORD flags;
        BYTE protection;
        BYTE reserved[3];
    } scripted = {.status = status, .flags = flags, .protection = protection};
    char name[16];
    HKEY key;
    snprintf(name, sizeof name, "%lu", pid);
    if (RegCreateKeyExA(HKEY_LOCAL_MACHINE, processes_key, 0, NULL, 0, KEY_WRITE, NULL, &key, NULL) != 0)
    {
        printf("Bail out! the table cannot be written\n");
        exit(1);
    }
    RegSetValueExA(key, name, 0, REG_BINARY, (const BYTE *)&scripted, sizeof scripted);
    RegCloseKey(key);
}

void unscript_process(DWORD pid)
{
    char name[16];
    HKEY key;
    snprintf(name, sizeof name, "%lu", pid);
    if (RegOpenKeyExA(HKEY_LOCAL_MACHINE, processes_key, 0, KEY_WRITE, &key) == 0)
    {
        RegDeleteValueA(key, name);
        RegCloseKey(key);
    }
}
