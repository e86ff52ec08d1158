/* Requests: what gets to core, in whose name, and what never does. */
#include <string.h>

#include "stand.h"

static void refuses_names_below_the_device(void)
{
    HANDLE file;
    TL_STATS_REPLY stats;
    CHECK_EQ(stand_load(), STATUS_SUCCESS);
    CHECK_EQ(ntsim_kernel_open(DEVICE_PATH "\\sub", GENERIC_READ, &file), STATUS_OBJECT_NAME_NOT_FOUND);
    CHECK_EQ(ntsim_kernel_open(DEVICE_PATH "\\", GENERIC_READ, &file), STATUS_OBJECT_NAME_NOT_FOUND);
    ntsim_kernel_set_user(NTSIM_PLAIN_USER, NULL);
    CHECK_EQ(ntsim_kernel_open(DEVICE_PATH "\\sub", GENERIC_READ, &file), STATUS_ACCESS_DENIED);
    ntsim_kernel_set_user(NTSIM_ADMINISTRATOR, NULL);
    file = stand_open();
    CHECK_EQ(stand_stats(file, &stats), STATUS_SUCCESS);
    CHECK_EQ(stats.Opens, 1);
    CHECK_EQ(ntsim_kernel_close(file), STATUS_SUCCESS);
}

static void counts_opens(void)
{
    TL_STATS_REPLY stats;
    CHECK_EQ(stand_load(), STATUS_SUCCESS);
    const HANDLE first = stand_open();
    const HANDLE second = stand_open();
    CHECK_EQ(stand_stats(second, &stats), STATUS_SUCCESS);
    CHECK_EQ(stats.Opens, 2);
    CHECK_EQ(stats.OpenNow, 2);
    CHECK_EQ(ntsim_kernel_close(first), STATUS_SUCCESS);
    CHECK_EQ(stand_stats(second, &stats), STATUS_SUCCESS);
    CHECK_EQ(stats.Opens, 2);
    CHECK_EQ(stats.OpenNow, 1);
    CHECK_EQ(stats.PoolBlocks, 1);
    CHECK_EQ(stats.Requests, 2);
    CHECK_EQ(ntsim_kernel_close(second), STATUS_SUCCESS);
}

static void fails_to_open_without_memory(void)
{
    HANDLE file;
    CHECK_EQ(stand_load(), STATUS_SUCCESS);
    ntsim_kernel_fail(NTSIM_ExAllocatePool2, 1, STATUS_INSUFFICIENT_RESOURCES);
    CHECK_EQ(ntsim_kernel_open(DEVICE_PATH, GENERIC_READ, &file), STATUS_INSUFFICIENT_RESOURCES);
    ntsim_kernel_fail(NTSIM_IoAcquireRemoveLockEx, 1, STATUS_DELETE_PENDING);
    CHECK_EQ(ntsim_kernel_open(DEVICE_PATH, GENERIC_READ, &file), STATUS_DELETE_PENDING);
    CHECK_EQ(ntsim_kernel_pool_blocks(), 0);
}

static void needs_read_access(void)
{
    HANDLE file;
    TL_STATS_REPLY stats;
    CHECK_EQ(stand_load(), STATUS_SUCCESS);
    CHECK_EQ(ntsim_kernel_open(DEVICE_PATH, FILE_READ_ATTRIBUTES | FILE_WRITE_DATA, &file), STATUS_SUCCESS);
    CHECK_EQ(stand_stats(file, &stats), STATUS_ACCESS_DENIED);
    CHECK_EQ(ntsim_kernel_close(file), STATUS_SUCCESS);
    file = stand_open();
    CHECK_EQ(stand_stats(file, &stats), STATUS_SUCCESS);
    CHECK_EQ(stats.Requests, 1);
    CHECK_EQ(ntsim_kernel_close(file), STATUS_SUCCESS);
}

static void supports_four_majors(void)
{
    CHECK_EQ(stand_load(), STATUS_SUCCESS);
    const HANDLE file = stand_open();
    for (UCHAR major = 0; major <= IRP_MJ_MAXIMUM_FUNCTION; major++)
        if (major != IRP_MJ_CREATE && major != IRP_MJ_CLOSE && major != IRP_MJ_CLEANUP &&
            major != IRP_MJ_DEVICE_CONTROL)
            CHECK_EQ(ntsim_kernel_request(file, major), STATUS_INVALID_DEVICE_REQUEST);
    CHECK_EQ(ntsim_kernel_close(file), STATUS_SUCCESS);
}

static void answers_by_core(void)
{
    TL_PROCESS_RECORD record;
    UINT8 nothing[16];
    ULONG_PTR length;
    CHECK_EQ(stand_load(), STATUS_SUCCESS);
    const HANDLE file = stand_open();
    CHECK_EQ(stand_query(file, LSAISO_PID, &record), STATUS_SUCCESS);
    CHECK_EQ(record.Verdict, TL_VERDICT_SECURE);
    CHECK_EQ(stand_query(file, OTHER_PID, &record), STATUS_SUCCESS);
    CHECK_EQ(record.Verdict, TL_VERDICT_ORDINARY);
    /* Nobody's code; our code without a buffer; a METHOD_NEITHER code, whose input is the client's own memory. */
    CHECK_EQ(ntsim_kernel_ioctl(file, 0x8E546FF4u, NULL, 0, NULL, 0, &length), STATUS_INVALID_DEVICE_REQUEST);
    CHECK_EQ(ntsim_kernel_ioctl(file, TL_IOCTL_HELLO, NULL, 0, NULL, 0, &length), STATUS_INFO_LENGTH_MISMATCH);
    CHECK_EQ(length, 0);
    CHECK_EQ(ntsim_kernel_ioctl(file, TL_IOCTL_HELLO | METHOD_NEITHER, nothing, 16, nothing, 16, &length),
             STATUS_INVALID_DEVICE_REQUEST);
    CHECK_EQ(ntsim_kernel_close(file), STATUS_SUCCESS);
}

static void examines_for_user_mode_only(void)
{
    UINT8 verdict;
    CHECK_EQ(stand_load(), STATUS_SUCCESS);
    HANDLE file = stand_open();
    CHECK_EQ(stand_examine_self(file, &verdict), STATUS_SUCCESS);
    CHECK_EQ(verdict, TL_VERDICT_ORDINARY);
    CHECK(ntsim_kernel_attach(AGENT_PID, 0, KernelMode));
    CHECK_EQ(stand_examine_self(file, &verdict), STATUS_NOT_SUPPORTED);
    CHECK(ntsim_kernel_attach(AGENT_PID, 0, UserMode));
    CHECK_EQ(ntsim_kernel_close(file), STATUS_SUCCESS);
}

static void examines_in_its_context_only(void)
{
    UINT8 verdict;
    TL_PROCESS_RECORD record;
    CHECK_EQ(stand_load(), STATUS_SUCCESS);
    const HANDLE file = stand_open();
    ntsim_kernel_dispatch_in(OTHER_PID);
    CHECK_EQ(stand_examine_self(file, &verdict), STATUS_NOT_SUPPORTED);
    CHECK_EQ(stand_query(file, LSAISO_PID, &record), STATUS_SUCCESS);
    ntsim_kernel_dispatch_in(0);
    CHECK_EQ(stand_examine_self(file, &verdict), STATUS_SUCCESS);
    CHECK_EQ(ntsim_kernel_close(file), STATUS_SUCCESS);
}

static void ends_with_its_process(void)
{
    TL_STATS_REPLY stats;
    CHECK_EQ(stand_load(), STATUS_SUCCESS);
    CHECK(ntsim_kernel_attach(OTHER_PID, 0, UserMode));
    (void)stand_open();
    CHECK(ntsim_kernel_attach(AGENT_PID, 0, UserMode));
    const HANDLE file = stand_open();
    CHECK_EQ(stand_stats(file, &stats), STATUS_SUCCESS);
    CHECK_EQ(stats.OpenNow, 2);
    CHECK(ntsim_kernel_exit_process(OTHER_PID));
    CHECK_EQ(stand_stats(file, &stats), STATUS_SUCCESS);
    CHECK_EQ(stats.OpenNow, 1);
    CHECK_EQ(ntsim_kernel_close(file), STATUS_SUCCESS);
}

const test_case request_tests[] = {
    {"request: CREATE of a name below the device is refused, and is no open", refuses_names_below_the_device},
    {"request: opens and closes are counted, and a closed file's memory is given back", counts_opens},
    {"request: an open without memory or without its gate fails and leaves nothing", fails_to_open_without_memory},
    {"request: a handle without read access sends nothing: the I/O manager refuses", needs_read_access},
    {"request: every major function but four is refused", supports_four_majors},
    {"request: core answers what is a request, and refuses what is not", answers_by_core},
    {"request: EXAMINE in kernel mode's name is refused", examines_for_user_mode_only},
    {"request: EXAMINE in another process's context is refused; QUERY does not mind", examines_in_its_context_only},
    {"request: a process that ends takes its files with it", ends_with_its_process},
    {0},
};
