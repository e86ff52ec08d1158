/* The gate of a file: nobody is inside when it is gone, and nobody waits for ever. */
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#include "file.h"
#include "stand.h"

static HANDLE shared_file;
static atomic_int order;
static int closed_at;
static NTSTATUS closed_with;

static void wait_a_little(void)
{
    const struct timespec moment = {.tv_nsec = 1000000};
    (void)nanosleep(&moment, NULL);
}

static bool wait_for_call(ntsim_service service)
{
    for (int i = 0; i < 5000 && ntsim_kernel_calls(service) == 0; i++)
        wait_a_little();
    return ntsim_kernel_calls(service) != 0;
}

static void *close_from_elsewhere(void *unused)
{
    (void)unused;
    if (!ntsim_kernel_attach(AGENT_PID, NTSIM_TID(AGENT_PID, 1), UserMode))
        return NULL;
    closed_with = ntsim_kernel_close(shared_file);
    closed_at = ++order;
    ntsim_kernel_detach();
    return NULL;
}

static pthread_t closer;

/* In the middle of a request: another thread closes the file's last handle, and is waiting before the request goes on.
 */
static void close_meanwhile(void *waited)
{
    (void)pthread_create(&closer, NULL, close_from_elsewhere, NULL);
    *(bool *)waited = wait_for_call(NTSIM_IoReleaseRemoveLockAndWaitEx);
    for (int i = 0; i < 20; i++)
        wait_a_little();
    ++order;
}

static void waits_for_a_request_in_flight(void)
{
    bool waited = false;
    CHECK_EQ(stand_load(), STATUS_SUCCESS);
    shared_file = stand_open();
    order = 0;
    ntsim_kernel_hook(NTSIM_PsLookupProcessByProcessId, 2, close_meanwhile, &waited);
    /* It gives up at the next process: of 4,096 it looked at two. */
    CHECK_EQ(stand_long_query(shared_file, 4096), STATUS_CANCELLED);
    (void)pthread_join(closer, NULL);
    CHECK(waited);
    CHECK_EQ(ntsim_kernel_calls(NTSIM_PsLookupProcessByProcessId), 2);
    CHECK_EQ(closed_with, STATUS_SUCCESS);
    /* First the hook let the request go on, then the close came back. */
    CHECK_EQ(closed_at, 2);
    CHECK_EQ(ntsim_kernel_pool_blocks(), 0);
}

static void note_critical_regions(void *seen)
{
    *(unsigned *)seen = ntsim_kernel_critical_regions();
}

/* Else a thread suspended in the driver would keep whoever closes the last handle waiting until it is resumed. */
static void cannot_be_suspended_inside(void)
{
    unsigned seen = 0;
    CHECK_EQ(stand_load(), STATUS_SUCCESS);
    const HANDLE file = stand_open();
    ntsim_kernel_hook(NTSIM_PsLookupProcessByProcessId, 1, note_critical_regions, &seen);
    CHECK_EQ(stand_long_query(file, 1), STATUS_SUCCESS);
    CHECK_EQ(seen, 1);
    CHECK_EQ(ntsim_kernel_critical_regions(), 0);
    CHECK_EQ(ntsim_kernel_close(file), STATUS_SUCCESS);
}

static void cancel_agent(void *unused)
{
    (void)unused;
    ntsim_kernel_cancel_requests(AGENT_PID);
}

static void gives_up_when_cancelled(void)
{
    TL_STATS_REPLY stats;
    CHECK_EQ(stand_load(), STATUS_SUCCESS);
    const HANDLE file = stand_open();
    ntsim_kernel_hook(NTSIM_PsLookupProcessByProcessId, 3, cancel_agent, NULL);
    CHECK_EQ(stand_long_query(file, 1000), STATUS_CANCELLED);
    CHECK_EQ(ntsim_kernel_calls(NTSIM_PsLookupProcessByProcessId), 3);
    CHECK_EQ(stand_stats(file, &stats), STATUS_SUCCESS);
    CHECK_EQ(stats.Cancelled, 1);
    /* Cancelled was a request, not the file. */
    CHECK_EQ(stand_long_query(file, 2), STATUS_SUCCESS);
    CHECK_EQ(ntsim_kernel_close(file), STATUS_SUCCESS);
}

static void stays_open_with_its_last_handle(void)
{
    HANDLE copy;
    TL_STATS_REPLY stats;
    CHECK_EQ(stand_load(), STATUS_SUCCESS);
    const HANDLE file = stand_open();
    CHECK_EQ(ntsim_kernel_duplicate(file, AGENT_PID, &copy), STATUS_SUCCESS);
    CHECK_EQ(ntsim_kernel_close(file), STATUS_SUCCESS);
    CHECK_EQ(ntsim_kernel_calls(NTSIM_IoReleaseRemoveLockAndWaitEx), 0);
    CHECK_EQ(stand_stats(copy, &stats), STATUS_SUCCESS);
    CHECK_EQ(ntsim_kernel_close(copy), STATUS_SUCCESS);
    CHECK_EQ(ntsim_kernel_calls(NTSIM_IoReleaseRemoveLockAndWaitEx), 1);
}

/* ---- by hand: orders of IRPs that only Wine or another driver would send ---- */

typedef struct hand_made
{
    IRP irp;
    IO_STACK_LOCATION stack;
} hand_made;

/* Sends an IRP (EXAMINE, if it is a request) that the simulated I/O manager does not know; it complains of the
 * completion, which is struck off. */
static NTSTATUS send_by_hand(UCHAR major, PFILE_OBJECT file)
{
    hand_made request;
    union
    {
        TL_EXAMINE_REQUEST request;
        UINT8 reply[sizeof(TL_EXAMINE_REPLY) + sizeof(TL_PROCESS_RECORD)];
    } examine = {
        .request = {
            .Header = {.Size = 64, .Version = 1, .Message = TL_MESSAGE_EXAMINE, .ReplySize = 40, .RecordSize = 64},
            .Handle = ~(UINT64)0,
            .Kind = TL_KIND_PROCESS}};
    memset(&request, 0, sizeof request);
    request.irp.Tail.Overlay.CurrentStackLocation = &request.stack;
    request.irp.RequestorMode = UserMode;
    request.stack.MajorFunction = major;
    request.stack.FileObject = file;
    request.stack.DeviceObject = stand_driver->DeviceObject;
    if (major == IRP_MJ_DEVICE_CONTROL)
    {
        request.irp.AssociatedIrp.SystemBuffer = &examine;
        request.stack.Parameters.DeviceIoControl.IoControlCode = TL_IOCTL_EXAMINE;
        request.stack.Parameters.DeviceIoControl.InputBufferLength = sizeof(TL_EXAMINE_REQUEST);
        request.stack.Parameters.DeviceIoControl.OutputBufferLength = sizeof examine;
    }
    const NTSTATUS status = stand_driver->MajorFunction[major](stand_driver->DeviceObject, &request.irp);
    if (!ntsim_kernel_expect("what is no request"))
        check_failed = 1;
    return request.irp.IoStatus.Status == status ? status : STATUS_UNSUCCESSFUL;
}

static void lets_nobody_in_after_cleanup(void)
{
    FILE_OBJECT file = {0};
    CHECK_EQ(stand_load(), STATUS_SUCCESS);
    CHECK_EQ(send_by_hand(IRP_MJ_CREATE, &file), STATUS_SUCCESS);
    CHECK_EQ(send_by_hand(IRP_MJ_CLEANUP, &file), STATUS_SUCCESS);
    CHECK_EQ(send_by_hand(IRP_MJ_DEVICE_CONTROL, &file), STATUS_DELETE_PENDING);
    CHECK_EQ(send_by_hand(IRP_MJ_CLOSE, &file), STATUS_SUCCESS);
    CHECK(file.FsContext == NULL);
    CHECK_EQ(ntsim_kernel_calls(NTSIM_IoReleaseRemoveLockAndWaitEx), 1);
}

static void drains_in_close_where_no_cleanup_came(void)
{
    FILE_OBJECT file = {0};
    CHECK_EQ(stand_load(), STATUS_SUCCESS);
    CHECK_EQ(send_by_hand(IRP_MJ_CREATE, &file), STATUS_SUCCESS);
    CHECK_EQ(send_by_hand(IRP_MJ_CLOSE, &file), STATUS_SUCCESS);
    CHECK_EQ(ntsim_kernel_calls(NTSIM_IoReleaseRemoveLockAndWaitEx), 1);
    CHECK_EQ(ntsim_kernel_pool_blocks(), 0);
}

static void frees_open_files_at_unload(void)
{
    FILE_OBJECT files[3];
    memset(files, 0, sizeof files);
    CHECK_EQ(stand_load(), STATUS_SUCCESS);
    for (size_t i = 0; i < RTL_NUMBER_OF(files); i++)
        CHECK_EQ(send_by_hand(IRP_MJ_CREATE, &files[i]), STATUS_SUCCESS);
    CHECK_EQ(ntsim_kernel_pool_blocks(), 3);
    CHECK_EQ(ntsim_kernel_unload_driver(stand_driver), STATUS_SUCCESS);
    stand_driver = NULL;
    CHECK_EQ(ntsim_kernel_pool_blocks(), 0);
}

static void refuses_a_request_of_no_file(void)
{
    CHECK_EQ(stand_load(), STATUS_SUCCESS);
    CHECK_EQ(send_by_hand(IRP_MJ_DEVICE_CONTROL, NULL), STATUS_INVALID_DEVICE_REQUEST);
}

/* The simulated I/O manager knows no requestor of such a request, and complains of the question. */
static void examines_for_somebody_only(void)
{
    FILE_OBJECT file = {0};
    CHECK_EQ(stand_load(), STATUS_SUCCESS);
    CHECK_EQ(send_by_hand(IRP_MJ_CREATE, &file), STATUS_SUCCESS);
    CHECK_EQ(send_by_hand(IRP_MJ_DEVICE_CONTROL, &file), STATUS_NOT_SUPPORTED);
    CHECK(ntsim_kernel_expect("IoGetRequestorProcess of a request that is over"));
    CHECK_EQ(send_by_hand(IRP_MJ_CLOSE, &file), STATUS_SUCCESS);
}

/* ---- many threads, for the thread sanitizer ---- */

static atomic_int wrong;

static void *client(void *number)
{
    if (!ntsim_kernel_attach(AGENT_PID, NTSIM_TID(AGENT_PID, (uintptr_t)number), UserMode))
        atomic_fetch_add(&wrong, 1);
    for (int round = 0; round < 100; round++)
    {
        HANDLE file;
        TL_PROCESS_RECORD record;
        TL_STATS_REPLY stats;
        const bool good = ntsim_kernel_open(DEVICE_PATH, GENERIC_READ, &file) == STATUS_SUCCESS &&
                          stand_query(file, LSAISO_PID, &record) == STATUS_SUCCESS &&
                          record.Verdict == TL_VERDICT_SECURE && stand_stats(file, &stats) == STATUS_SUCCESS &&
                          stats.OpenNow >= 1 && stats.OpenNow <= 4 && ntsim_kernel_close(file) == STATUS_SUCCESS;
        if (!good)
            atomic_fetch_add(&wrong, 1);
    }
    ntsim_kernel_detach();
    return NULL;
}

static void serves_many_threads(void)
{
    pthread_t threads[4];
    TL_STATS_REPLY stats;
    CHECK_EQ(stand_load(), STATUS_SUCCESS);
    atomic_store(&wrong, 0);
    for (uintptr_t i = 0; i < RTL_NUMBER_OF(threads); i++)
        (void)pthread_create(&threads[i], NULL, client, (void *)i);
    for (size_t i = 0; i < RTL_NUMBER_OF(threads); i++)
        (void)pthread_join(threads[i], NULL);
    CHECK_EQ(atomic_load(&wrong), 0);
    const HANDLE file = stand_open();
    CHECK_EQ(stand_stats(file, &stats), STATUS_SUCCESS);
    CHECK_EQ(stats.Opens, 401);
    CHECK_EQ(stats.OpenNow, 1);
    CHECK_EQ(ntsim_kernel_close(file), STATUS_SUCCESS);
}

const test_case drain_tests[] = {
    {"drain: the last close waits for a request in flight, which gives up", waits_for_a_request_in_flight},
    {"drain: a thread inside a request is in a critical region, so it cannot be suspended there",
     cannot_be_suspended_inside},
    {"drain: a cancelled request gives up before the next process; its file goes on", gives_up_when_cancelled},
    {"drain: a file with a handle left is not drained", stays_open_with_its_last_handle},
    {"drain: after CLEANUP nobody gets in, and CLOSE does not wait again", lets_nobody_in_after_cleanup},
    {"drain: CLOSE drains where no CLEANUP came, as in Wine", drains_in_close_where_no_cleanup_came},
    {"drain: an unload frees files that are still open, as Wine leaves them", frees_open_files_at_unload},
    {"drain: a request of no file is refused", refuses_a_request_of_no_file},
    {"drain: an EXAMINE that nobody sent is refused", examines_for_somebody_only},
    {"drain: four threads open, ask and close at once", serves_many_threads},
    {0},
};
