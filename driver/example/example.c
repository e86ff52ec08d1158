/*
 * May I touch this process? What a C agent does before it injects, dumps or debugs: it opens the process with the
 * rights of its operation, has the driver examine that very handle, and acts on it only if the answer is allow.
 *
 *   example <pid> [device]        e.g. example 812 \\.\Trustlet
 *
 * Nothing is needed but Win32 and driver/include. Exit codes: 0 allowed, 10 a trustlet, 11 refused for another reason,
 * 1 failure.
 */
#include <windows.h>

#include <stdio.h>
#include <stdlib.h>

#include "trustlet_protocol.h"

typedef struct
{
    TL_GUARD_REPLY reply;
    TL_PROCESS_RECORD record;
} guard_answer;

static int fail(const char *what)
{
    fprintf(stderr, "%s failed with error %lu\n", what, GetLastError());
    return 1;
}

int main(int argc, char **argv)
{
    if (argc < 2)
        return fprintf(stderr, "usage: example <pid> [device]\n"), 1;
    const DWORD pid = strtoul(argv[1], NULL, 10);
    /* Should the name lead to somebody's pipe instead, its server learns nothing of us and may not act as us. */
    const DWORD as_nobody = SECURITY_SQOS_PRESENT | SECURITY_ANONYMOUS;
    HANDLE device = argc > 2 ? CreateFileA(argv[2], GENERIC_READ, 0, NULL, OPEN_EXISTING, as_nobody, NULL)
                             : CreateFileW(TL_DEVICE_PATH, GENERIC_READ, 0, NULL, OPEN_EXISTING, as_nobody, NULL);
    if (device == INVALID_HANDLE_VALUE)
        return fail("opening the driver");

    /* The rights of the operation and no more; the driver needs none of its own on this handle. */
    HANDLE process = OpenProcess(PROCESS_VM_READ, FALSE, pid);
    if (process == NULL) /* Refused to us: nothing to act on, and QUERY by pid says what it is. */
        return fail("OpenProcess");
    const TL_GUARD_REQUEST request = {
        .Header = {.Size = sizeof request,
                   .Version = TL_PROTOCOL_VERSION_MAX,
                   .Message = TL_MESSAGE_GUARD,
                   .ReplySize = sizeof(TL_GUARD_REPLY),
                   .RecordSize = sizeof(TL_PROCESS_RECORD)},
        .Handle = (uint64_t)(int64_t)(intptr_t)process,
        .Kind = TL_KIND_PROCESS,
        .Operations = TL_OPERATION_READ,
    };
    /* Zero reads as refuse, unknown: what is not written permits nothing. */
    guard_answer answer = {0};
    DWORD length = 0;
    if (!DeviceIoControl(device, TL_IOCTL_GUARD, (void *)&request, sizeof request, &answer, sizeof answer, &length,
                         NULL))
        return fail("asking the driver");
    if (length < sizeof answer || answer.reply.Header.Size != sizeof answer.reply)
        return fprintf(stderr, "the driver speaks an older protocol than this program\n"), 1;

    const int allowed = answer.reply.Decision == TL_DECISION_ALLOW;
    const int trustlet = answer.reply.Verdict == TL_VERDICT_SECURE;
    printf("pid %lu: %s, %s (reason %u, status 0x%08x)\n", pid, allowed ? "allow" : "refuse",
           trustlet  ? "a trustlet"
           : allowed ? "an ordinary process"
                     : "not known to be ordinary",
           answer.reply.Reason, answer.reply.Status);
    /* Only if it is allowed: ReadProcessMemory(process, …) here, on this handle, before it is closed. */
    CloseHandle(process);
    CloseHandle(device);
    return allowed ? 0 : trustlet ? 10 : 11;
}
