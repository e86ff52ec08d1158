#include "stand.h"

#include <stdlib.h>
#include <string.h>

const UINT8 stand_service_sid[SERVICE_SID_BYTES] = {1, 6, 0, 0, 0, 0, 0, 5, 80, 0, 0, 0, 1, 0, 0, 0,
                                                    2, 0, 0, 0, 3, 0, 0, 0, 4,  0, 0, 0, 5, 0, 0, 0};

PDRIVER_OBJECT stand_driver;

void stand_boot(void)
{
    static const ntsim_program programs[] = {
        {.pid = AGENT_PID, .parent_pid = 4, .name = "agent.exe", .threads = 4},
        {.pid = OTHER_PID, .parent_pid = 4, .name = "other.exe", .threads = 1},
        {.pid = LSAISO_PID, .parent_pid = 4, .name = "LsaIso.exe", .threads = 1, .secure = true},
    };
    const ntsim_system system = NTSIM_WINDOWS_11;
    ntsim_kernel_boot(&system, programs, RTL_NUMBER_OF(programs));
    stand_driver = NULL;
}

NTSTATUS stand_load(void)
{
    const NTSTATUS status = ntsim_kernel_load_driver("trustlet", DriverEntry, &stand_driver);
    if (!ntsim_kernel_attach(AGENT_PID, 0, UserMode))
        abort();
    return status;
}

void stand_end(void)
{
    ntsim_kernel_clear_script();
    if (stand_driver != NULL && ntsim_kernel_unload_driver(stand_driver) != STATUS_SUCCESS)
    {
        printf("# the driver does not unload\n");
        check_failed = 1;
    }
    stand_driver = NULL;
    if (ntsim_kernel_check() != 0)
        check_failed = 1;
    ntsim_kernel_shutdown();
}

void stand_set_client_sid(ULONG type, const void *bytes, ULONG length)
{
    ntsim_kernel_set_registry_value("\\Registry\\Machine\\System\\CurrentControlSet\\Services\\trustlet\\Parameters",
                                    "ClientServiceSid", type, bytes, length);
}

HANDLE stand_open(void)
{
    HANDLE file = NULL;
    const NTSTATUS status = ntsim_kernel_open(DEVICE_PATH, GENERIC_READ, &file);
    if (status != STATUS_SUCCESS)
    {
        printf("# the device does not open: 0x%x\n", (unsigned)status);
        check_failed = 1;
    }
    return file;
}

static TL_REQUEST_HEADER header(UINT16 message, UINT32 size, UINT32 reply_size, UINT32 record_size)
{
    const TL_REQUEST_HEADER result = {
        .Size = size, .Version = 1, .Message = message, .ReplySize = reply_size, .RecordSize = record_size};
    return result;
}

NTSTATUS stand_stats(HANDLE file, TL_STATS_REPLY *stats)
{
    const TL_STATS_REQUEST request = {.Header = header(TL_MESSAGE_STATS, 16, 128, 16)};
    ULONG_PTR length;
    memset(stats, 0xEE, sizeof *stats);
    return ntsim_kernel_ioctl(file, TL_IOCTL_STATS, &request, sizeof request, stats, sizeof *stats, &length);
}

NTSTATUS stand_query(HANDLE file, UINT32 pid, TL_PROCESS_RECORD *record)
{
    struct
    {
        TL_QUERY_REQUEST request;
        UINT32 pid;
    } input = {.request = {.Header = header(TL_MESSAGE_QUERY, 24, 16, 64), .PidCount = 1}, .pid = pid};
    struct
    {
        TL_QUERY_REPLY reply;
        TL_PROCESS_RECORD record;
    } output;
    ULONG_PTR length;
    memset(record, 0xEE, sizeof *record);
    const NTSTATUS status = ntsim_kernel_ioctl(file, TL_IOCTL_QUERY, &input, 28, &output, sizeof output, &length);
    if (status == STATUS_SUCCESS && length == sizeof output)
        *record = output.record;
    return status;
}

NTSTATUS stand_long_query(HANDLE file, UINT32 count)
{
    const size_t input_length = 24 + (size_t)count * 4;
    const size_t output_length = 16 + (size_t)count * 64;
    UINT8 *input = calloc(1, input_length);
    UINT8 *output = calloc(1, output_length);
    ULONG_PTR length;
    if (input == NULL || output == NULL)
        abort();
    const TL_QUERY_REQUEST request = {.Header = header(TL_MESSAGE_QUERY, 24, 16, 64), .PidCount = count};
    memcpy(input, &request, sizeof request);
    for (UINT32 i = 0; i < count; i++)
        memcpy(input + 24 + (size_t)i * 4, &(UINT32){LSAISO_PID}, 4);
    const NTSTATUS status =
        ntsim_kernel_ioctl(file, TL_IOCTL_QUERY, input, (ULONG)input_length, output, (ULONG)output_length, &length);
    free(input);
    free(output);
    return status;
}

NTSTATUS stand_examine_self(HANDLE file, UINT8 *verdict)
{
    const TL_EXAMINE_REQUEST request = {
        .Header = header(TL_MESSAGE_EXAMINE, 64, 40, 64), .Handle = ~(UINT64)0, .Kind = TL_KIND_PROCESS};
    struct
    {
        TL_EXAMINE_REPLY reply;
        TL_PROCESS_RECORD record;
    } output;
    ULONG_PTR length;
    *verdict = 0xEE;
    const NTSTATUS status =
        ntsim_kernel_ioctl(file, TL_IOCTL_EXAMINE, &request, sizeof request, &output, sizeof output, &length);
    if (status == STATUS_SUCCESS && length == sizeof output)
        *verdict = output.record.Verdict;
    return status;
}
