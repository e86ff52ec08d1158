/* CLEANUP with the last handle, CLOSE after the last request, no unload before; cancellation; pending requests. */
#include <pthread.h>
#include <sched.h>

#include "mini_driver.h"

static PDRIVER_OBJECT driver;
static HANDLE file;

typedef struct sender
{
    pthread_t thread;
    ULONG code;
    NTSTATUS status;
} sender;

static void *send(void *context)
{
    sender *own = context;
    ULONG_PTR information;
    if (ntsim_kernel_attach(AGENT_PID, NTSIM_TID(AGENT_PID, 1), UserMode))
        own->status = ntsim_kernel_ioctl(file, own->code, NULL, 0, NULL, 0, &information);
    return NULL;
}

static void start(sender *own, ULONG code)
{
    mini_mistake_made = MINI_NONE;
    (void)mini_load(&driver);
    ntsim_kernel_attach(AGENT_PID, 0, UserMode);
    if (!NT_SUCCESS(ntsim_kernel_open("\\\\.\\Mini", GENERIC_READ, &file)))
        check_failed = 1;
    own->code = code;
    own->status = STATUS_UNSUCCESSFUL;
    if (pthread_create(&own->thread, NULL, send, own) != 0)
        check_failed = 1;
    while (mini_waiting() == 0)
        (void)sched_yield();
}

static void cleanup_comes_with_the_last_handle_and_close_after_the_last_request(void)
{
    sender own;
    start(&own, MINI_WAIT);
    CHECK_EQ(ntsim_kernel_requests_in_flight(), 1);
    CHECK_EQ(ntsim_kernel_close(file), STATUS_SUCCESS);
    CHECK_EQ(strcmp(mini_log(), "OIU"), 0);
    CHECK_EQ(ntsim_kernel_unload_driver(driver), STATUS_DEVICE_BUSY);
    mini_let_go();
    CHECK_EQ(pthread_join(own.thread, NULL), 0);
    CHECK_EQ(own.status, STATUS_SUCCESS);
    CHECK_EQ(strcmp(mini_log(), "OIUC"), 0);
    CHECK_EQ(ntsim_kernel_unload_driver(driver), STATUS_SUCCESS);
}

static void cleanup_waits_for_every_duplicate(void)
{
    HANDLE copy;
    mini_mistake_made = MINI_NONE;
    CHECK_EQ(mini_load(&driver), STATUS_SUCCESS);
    ntsim_kernel_attach(AGENT_PID, 0, UserMode);
    CHECK_EQ(ntsim_kernel_open("\\\\.\\Mini", GENERIC_READ, &file), STATUS_SUCCESS);
    CHECK_EQ(ntsim_kernel_duplicate(file, NOTEPAD_PID, &copy), STATUS_SUCCESS);
    CHECK_EQ(ntsim_kernel_close(file), STATUS_SUCCESS);
    CHECK_EQ(strcmp(mini_log(), "O"), 0);
    CHECK_EQ(ntsim_kernel_unload_driver(driver), STATUS_DEVICE_BUSY);
    ntsim_kernel_attach(NOTEPAD_PID, 0, UserMode);
    CHECK_EQ(ntsim_kernel_close(copy), STATUS_SUCCESS);
    CHECK_EQ(strcmp(mini_log(), "OUC"), 0);
    CHECK_EQ(ntsim_kernel_unload_driver(driver), STATUS_SUCCESS);
}

static void the_end_of_a_process_closes_and_cancels(void)
{
    sender own;
    start(&own, MINI_WAIT);
    ntsim_kernel_detach();
    CHECK(ntsim_kernel_exit_process(AGENT_PID));
    CHECK_EQ(pthread_join(own.thread, NULL), 0);
    CHECK_EQ(own.status, STATUS_CANCELLED);
    CHECK_EQ(mini_log()[0], 'O');
    CHECK_EQ(mini_log()[3], 'C');
    CHECK_EQ(ntsim_kernel_unload_driver(driver), STATUS_SUCCESS);
}

static void a_request_can_be_cancelled_from_another_thread(void)
{
    sender own;
    start(&own, MINI_WAIT);
    CHECK_COMPLAINT("a DEVICE_CONTROL is still in flight");
    ntsim_kernel_cancel_requests(NOTEPAD_PID); /* which has none */
    CHECK_EQ(mini_waiting(), 1);
    ntsim_kernel_cancel_requests(AGENT_PID);
    CHECK_EQ(pthread_join(own.thread, NULL), 0);
    CHECK_EQ(own.status, STATUS_CANCELLED);
    CHECK_EQ(ntsim_kernel_close(file), STATUS_SUCCESS);
    CHECK_EQ(ntsim_kernel_unload_driver(driver), STATUS_SUCCESS);
}

static void a_pending_request_is_waited_for(void)
{
    sender own;
    start(&own, MINI_PEND);
    CHECK_EQ(ntsim_kernel_requests_in_flight(), 1);
    mini_complete_pending();
    CHECK_EQ(pthread_join(own.thread, NULL), 0);
    CHECK_EQ(own.status, STATUS_SUCCESS);
    CHECK_EQ(ntsim_kernel_close(file), STATUS_SUCCESS);
    CHECK_EQ(ntsim_kernel_unload_driver(driver), STATUS_SUCCESS);
}

static void a_file_that_the_driver_references_is_not_closed(void)
{
    mini_mistake_made = MINI_REFERENCES_FILE;
    CHECK_EQ(mini_load(&driver), STATUS_SUCCESS);
    ntsim_kernel_attach(AGENT_PID, 0, UserMode);
    CHECK_EQ(ntsim_kernel_open("\\\\.\\Mini", GENERIC_READ, &file), STATUS_SUCCESS);
    CHECK_EQ(ntsim_kernel_close(file), STATUS_SUCCESS);
    CHECK_EQ(strcmp(mini_log(), "OU"), 0);
    CHECK_EQ(ntsim_kernel_unload_driver(driver), STATUS_DEVICE_BUSY);
    mini_mistake_made = MINI_NONE;
    CHECK_COMPLAINT("leaked reference: file has 1");
    CHECK_COMPLAINT("driver mini is still loaded");
    CHECK_COMPLAINT("symbolic link");
    CHECK_COMPLAINT("device");
    CHECK_EQ(strcmp(mini_log(), "OUC"), 0);
}

static void a_file_is_not_kept_in_its_close(void)
{
    mini_mistake_made = MINI_REFERENCES_FILE_IN_CLOSE;
    CHECK_EQ(mini_load(&driver), STATUS_SUCCESS);
    ntsim_kernel_attach(AGENT_PID, 0, UserMode);
    CHECK_EQ(ntsim_kernel_open("\\\\.\\Mini", GENERIC_READ, &file), STATUS_SUCCESS);
    CHECK_EQ(ntsim_kernel_close(file), STATUS_SUCCESS);
    mini_mistake_made = MINI_NONE;
    CHECK_COMPLAINT("a driver referenced a file while it was closed");
    CHECK_EQ(ntsim_kernel_unload_driver(driver), STATUS_SUCCESS);
}

static void a_file_left_open_is_closed_before_its_driver_goes(void)
{
    mini_mistake_made = MINI_NONE;
    CHECK_EQ(mini_load(&driver), STATUS_SUCCESS);
    ntsim_kernel_attach(AGENT_PID, 0, UserMode);
    CHECK_EQ(ntsim_kernel_open("\\\\.\\Mini", GENERIC_READ, &file), STATUS_SUCCESS);
    CHECK_COMPLAINT("driver mini is still loaded");
    CHECK_COMPLAINT("symbolic link");
    CHECK_COMPLAINT("device");
    CHECK_EQ(strcmp(mini_log(), "OUC"), 0);
}

const test_case order_tests[] = {
    {"CLEANUP comes with the last handle, CLOSE after the last request, and no unload before",
     cleanup_comes_with_the_last_handle_and_close_after_the_last_request},
    {"CLEANUP waits for every duplicate of the handle", cleanup_waits_for_every_duplicate},
    {"the end of a process closes its files and cancels its requests", the_end_of_a_process_closes_and_cancels},
    {"a request can be cancelled from another thread", a_request_can_be_cancelled_from_another_thread},
    {"a pending request is waited for", a_pending_request_is_waited_for},
    {"a file that the driver references is not closed", a_file_that_the_driver_references_is_not_closed},
    {"a file is not kept by a reference taken in CLOSE", a_file_is_not_kept_in_its_close},
    {"a file left open is closed before its driver is taken away", a_file_left_open_is_closed_before_its_driver_goes},
    {NULL, NULL},
};
