/* Requests: buffers, access, completion, and each mistake a driver can make with them. */
#include "mini_driver.h"

static PDRIVER_OBJECT driver;
static HANDLE file;

/* Loads the driver, opens its device as the agent, and closes and unloads again. */
static void start(ACCESS_MASK access)
{
    mini_mistake_made = MINI_NONE;
    (void)mini_load(&driver);
    ntsim_kernel_attach(AGENT_PID, 0, UserMode);
    if (!NT_SUCCESS(ntsim_kernel_open("\\\\.\\Mini", access, &file)))
        check_failed = 1;
}

static void stop(void)
{
    mini_mistake_made = MINI_NONE;
    if (!NT_SUCCESS(ntsim_kernel_close(file)))
        check_failed = 1;
    ntsim_kernel_detach();
    if (!NT_SUCCESS(ntsim_kernel_unload_driver(driver)))
        check_failed = 1;
}

static NTSTATUS send(ULONG code, ULONG input_length, void *output, ULONG output_length, ULONG_PTR *information)
{
    static const unsigned char input[64] = {1, 2, 3, 4, 5, 6, 7, 8};
    return ntsim_kernel_ioctl(file, code, input, input_length, output, output_length, information);
}

static void a_buffered_request_carries_both_ways(void)
{
    unsigned char output[16];
    ULONG_PTR information;
    start(GENERIC_READ);
    memset(output, 0xEE, sizeof output);
    CHECK_EQ(send(MINI_ECHO, 8, output, 16, &information), STATUS_SUCCESS);
    CHECK_EQ(information, 8);
    CHECK_EQ(output[7], 8);
    CHECK_EQ(output[8], 0xEE);
    CHECK_EQ(send(MINI_ECHO, 0, NULL, 0, &information), STATUS_SUCCESS);
    CHECK_EQ(information, 0);
    stop();
}

static NTSTATUS complete_with(NTSTATUS status, unsigned char *output, ULONG_PTR *information)
{
    memset(output, 0xEE, 8);
    return ntsim_kernel_ioctl(file, MINI_STATUS, &status, sizeof status, output, 8, information);
}

static void an_error_returns_no_bytes_and_a_warning_does(void)
{
    unsigned char output[8];
    ULONG_PTR information;
    start(GENERIC_READ);
    CHECK_EQ(complete_with(STATUS_BUFFER_TOO_SMALL, output, &information), STATUS_BUFFER_TOO_SMALL);
    CHECK_EQ(output[0], 0xEE);
    CHECK_EQ(complete_with(STATUS_BUFFER_OVERFLOW, output, &information), STATUS_BUFFER_OVERFLOW);
    CHECK_EQ(output[0], 0x05);
    CHECK_EQ(output[7], 0xCD); /* what the driver did not write, and passed on */
    stop();
}

static void the_code_names_the_access_it_needs(void)
{
    ULONG_PTR information;
    start(GENERIC_READ);
    CHECK_EQ(send(MINI_WRITE, 0, NULL, 0, &information), STATUS_ACCESS_DENIED);
    CHECK_EQ(strcmp(mini_log(), "O"), 0); /* the driver was not asked */
    CHECK_EQ(send(MINI_ECHO, 0, NULL, 0, &information), STATUS_SUCCESS);
    stop();
    start(SYNCHRONIZE);
    CHECK_EQ(send(MINI_ECHO, 0, NULL, 0, &information), STATUS_ACCESS_DENIED);
    CHECK_EQ(send(CTL_CODE(0x8000, 0x8FF, METHOD_BUFFERED, FILE_ANY_ACCESS), 0, NULL, 0, &information),
             STATUS_INVALID_DEVICE_REQUEST);
    stop();
}

static void only_a_file_takes_requests(void)
{
    ULONG_PTR information;
    HANDLE process;
    start(GENERIC_READ);
    CHECK_EQ(ntsim_kernel_open_process(NOTEPAD_PID, 0x1000, &process), STATUS_SUCCESS);
    CHECK_EQ(ntsim_kernel_ioctl(process, MINI_ECHO, NULL, 0, NULL, 0, &information), STATUS_OBJECT_TYPE_MISMATCH);
    CHECK_EQ(ntsim_kernel_ioctl(NULL, MINI_ECHO, NULL, 0, NULL, 0, &information), STATUS_INVALID_HANDLE);
    CHECK_EQ(ntsim_kernel_close(process), STATUS_SUCCESS);
    CHECK_EQ(ntsim_kernel_request(file, IRP_MJ_READ), STATUS_END_OF_FILE);
    CHECK_EQ(ntsim_kernel_request(file, IRP_MJ_WRITE), STATUS_INVALID_DEVICE_REQUEST); /* no routine of the driver's */
    stop();
}

static void other_methods_bring_other_buffers(void)
{
    ULONG_PTR information;
    unsigned char output[4];
    start(GENERIC_READ);
    CHECK_EQ(send(CTL_CODE(0x8000, 0x8FF, METHOD_NEITHER, FILE_ANY_ACCESS), 8, output, 4, &information),
             STATUS_INVALID_DEVICE_REQUEST); /* what the driver says to a NULL system buffer */
    CHECK_EQ(send(CTL_CODE(0x8000, 0x8FF, METHOD_OUT_DIRECT, FILE_ANY_ACCESS), 8, output, 4, &information),
             STATUS_NOT_SUPPORTED);
    CHECK_EQ(send(CTL_CODE(0x8000, 0x8FF, METHOD_OUT_DIRECT, FILE_ANY_ACCESS), 0, output, 4, &information),
             STATUS_INVALID_DEVICE_REQUEST);
    stop();
}

static void a_request_tells_who_sent_it(void)
{
    uint64_t answer[4];
    ULONG_PTR information;
    start(GENERIC_READ);
    CHECK_EQ(send(MINI_WHO, 0, answer, sizeof answer, &information), STATUS_SUCCESS);
    CHECK_EQ(answer[0], AGENT_PID);
    CHECK_EQ(answer[1], AGENT_PID);
    CHECK_EQ(answer[2], UserMode);
    CHECK_EQ(answer[3], 0);
    ntsim_kernel_dispatch_in(NOTEPAD_PID);
    CHECK_EQ(send(MINI_WHO, 0, answer, sizeof answer, &information), STATUS_SUCCESS);
    CHECK_EQ(answer[0], NOTEPAD_PID);
    CHECK_EQ(answer[1], AGENT_PID);
    ntsim_kernel_dispatch_in(0);
    ntsim_kernel_attach(AGENT_PID, 0, KernelMode);
    CHECK_EQ(send(MINI_WHO, 0, answer, sizeof answer, &information), STATUS_SUCCESS);
    CHECK_EQ(answer[2], KernelMode);
    stop();
}

typedef struct mistake_row
{
    mini_mistake mistake;
    const char *complaint;
} mistake_row;

static void each_mistake_with_a_request_is_found(void)
{
    static const mistake_row rows[] = {
        {MINI_COMPLETES_TWICE, "a request is completed twice"},
        {MINI_NEVER_COMPLETES, "a DEVICE_CONTROL was never completed"},
        {MINI_RETURNS_ANOTHER_STATUS, "returned 0xc0000001 and completed the request with 0x00000000"},
        {MINI_RETURNS_PENDING_UNMARKED, "returned 0x00000103 and did not mark the request pending"},
        {MINI_TELLS_TOO_MUCH, "completed with 17 bytes of information, the output has room for 16"},
        {MINI_WRITES_PAST_BUFFER, "the system buffer of 16 bytes of a DEVICE_CONTROL was written beyond"},
        {MINI_TOUCHES_IRP_AFTERWARDS, "a request was written to after it was completed"},
        {MINI_TOUCHES_BUFFER_AFTERWARDS, "the system buffer was written to after the request was completed"},
        {MINI_ASKS_REQUESTOR_AFTERWARDS, "IoGetRequestorProcess of a request that is over"},
        {MINI_KEEPS_CANCEL_ROUTINE, "completed with a cancel routine set"},
        {MINI_KEEPS_LOCK, "the dispatch routine of DEVICE_CONTROL returned with a spin lock"},
        {MINI_STAYS_RAISED, "the dispatch routine of DEVICE_CONTROL returned at IRQL 2, called at 0"},
    };
    unsigned char output[16];
    ULONG_PTR information;
    start(GENERIC_READ);
    for (size_t i = 0; i < RTL_NUMBER_OF(rows); i++)
    {
        mini_mistake_made = rows[i].mistake;
        (void)send(MINI_ECHO, 8, output, 16, &information);
        mini_mistake_made = MINI_NONE;
        CHECK(ntsim_kernel_expect(rows[i].complaint));
        /* A lock kept also keeps the IRQL up. */
        CHECK(rows[i].mistake != MINI_KEEPS_LOCK || ntsim_kernel_expect("returned at IRQL 2"));
        CHECK_EQ(KeGetCurrentIrql(), PASSIVE_LEVEL);
    }
    mini_mistake_made = MINI_COMPLETES_AS_PENDING;
    (void)send(MINI_ECHO, 8, output, 16, &information);
    CHECK(ntsim_kernel_expect("completed with STATUS_PENDING"));
    CHECK(ntsim_kernel_expect("did not mark the request pending"));
    stop();
    CHECK_EQ(ntsim_kernel_check(), 0);
}

const test_case request_tests[] = {
    {"a buffered request carries bytes both ways, and no further than Information",
     a_buffered_request_carries_both_ways},
    {"an error returns no bytes, a warning does", an_error_returns_no_bytes_and_a_warning_does},
    {"a code's access is checked against the handle before the driver is asked", the_code_names_the_access_it_needs},
    {"only a file takes requests", only_a_file_takes_requests},
    {"other methods bring other buffers", other_methods_bring_other_buffers},
    {"a request tells who sent it, wherever it is dispatched", a_request_tells_who_sent_it},
    {"each mistake with a request is found", each_mistake_with_a_request_is_found},
    {NULL, NULL},
};
