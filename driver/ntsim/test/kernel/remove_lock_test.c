/* Remove locks. */
#include <pthread.h>
#include <sched.h>

#include "cases.h"

static IO_REMOVE_LOCK gate;
static int waited; /* atomic */

static void a_gate_closes_once_everyone_left(void)
{
    IoInitializeRemoveLock(&gate, TAG, 0, 0);
    CHECK_EQ(IoAcquireRemoveLock(&gate, NULL), STATUS_SUCCESS);
    CHECK_EQ(IoAcquireRemoveLock(&gate, NULL), STATUS_SUCCESS);
    IoReleaseRemoveLock(&gate, NULL);
    IoReleaseRemoveLockAndWait(&gate, NULL);
    CHECK_EQ(IoAcquireRemoveLock(&gate, NULL), STATUS_DELETE_PENDING);
    CHECK_EQ(ntsim_kernel_check(), 0);
}

static void *close_gate(void *context)
{
    IoReleaseRemoveLockAndWait(&gate, NULL);
    __atomic_store_n(&waited, 1, __ATOMIC_RELEASE);
    return context;
}

static void the_wait_lasts_until_the_last_release(void)
{
    pthread_t thread;
    __atomic_store_n(&waited, 0, __ATOMIC_RELEASE);
    IoInitializeRemoveLock(&gate, TAG, 0, 0);
    CHECK_EQ(IoAcquireRemoveLock(&gate, NULL), STATUS_SUCCESS); /* the one the waiting thread gives up */
    CHECK_EQ(IoAcquireRemoveLock(&gate, NULL), STATUS_SUCCESS);
    CHECK_EQ(pthread_create(&thread, NULL, close_gate, NULL), 0);
    while (IoAcquireRemoveLock(&gate, NULL) == STATUS_SUCCESS)
    {
        IoReleaseRemoveLock(&gate, NULL);
        (void)sched_yield();
    }
    CHECK_EQ(__atomic_load_n(&waited, __ATOMIC_ACQUIRE), 0);
    IoReleaseRemoveLock(&gate, NULL);
    CHECK_EQ(pthread_join(thread, NULL), 0);
    CHECK_EQ(__atomic_load_n(&waited, __ATOMIC_ACQUIRE), 1);
    CHECK_EQ(ntsim_kernel_check(), 0);
}

static void waiting_twice_is_complained_of(void)
{
    IoInitializeRemoveLock(&gate, TAG, 0, 0);
    CHECK_EQ(IoAcquireRemoveLock(&gate, NULL), STATUS_SUCCESS);
    IoReleaseRemoveLockAndWait(&gate, NULL);
    IoReleaseRemoveLockAndWait(&gate, NULL);
    CHECK_COMPLAINT("waited for twice");
}

static void releases_match_acquisitions(void)
{
    IoInitializeRemoveLock(&gate, TAG, 0, 0);
    IoReleaseRemoveLock(&gate, NULL);
    CHECK_COMPLAINT("released more often than acquired");
    IoReleaseRemoveLockAndWait(&gate, NULL); /* which takes one that nobody acquired */
    CHECK_COMPLAINT("released more often than acquired");
    IoInitializeRemoveLock(&gate, TAG, 0, 0);
    CHECK_EQ(IoAcquireRemoveLock(&gate, NULL), STATUS_SUCCESS);
    CHECK_COMPLAINT("remove lock still held 1 times");
}

static void a_gate_is_initialized_once_and_before_use(void)
{
    static IO_REMOVE_LOCK small;
    memset(&gate, 0, sizeof gate);
    CHECK_EQ(IoAcquireRemoveLock(&gate, NULL), STATUS_DELETE_PENDING);
    CHECK_COMPLAINT("IoAcquireRemoveLockEx of a remove lock that was never initialized");
    IoReleaseRemoveLock(&gate, NULL);
    CHECK_COMPLAINT("IoReleaseRemoveLockEx of a remove lock that was never initialized");
    IoInitializeRemoveLock(&gate, TAG, 0, 0);
    IoInitializeRemoveLock(&gate, TAG, 0, 0);
    CHECK_COMPLAINT("in use is initialized again");
    IoInitializeRemoveLockEx(&small, TAG, 0, 0, 8);
    CHECK_COMPLAINT("a remove lock of 8 bytes");
    IoReleaseRemoveLockEx(&gate, NULL, 8);
    CHECK_COMPLAINT("IoReleaseRemoveLockEx with a remove lock of 8 bytes");
    CHECK_COMPLAINT("released more often");
}

static void memory_with_a_gate_in_use_is_not_freed(void)
{
    PIO_REMOVE_LOCK own = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof *own, TAG);
    IoInitializeRemoveLock(own, TAG, 0, 0);
    CHECK_EQ(IoAcquireRemoveLock(own, NULL), STATUS_SUCCESS);
    ExFreePoolWithTag(own, TAG);
    CHECK_COMPLAINT("memory with a remove lock in use is freed");
    own = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof *own, TAG);
    IoInitializeRemoveLock(own, TAG, 0, 0);
    CHECK_EQ(IoAcquireRemoveLock(own, NULL), STATUS_SUCCESS);
    IoReleaseRemoveLockAndWait(own, NULL);
    ExFreePoolWithTag(own, TAG);
    CHECK_EQ(ntsim_kernel_check(), 0);
}

static void waiting_above_passive_level_is_complained_of(void)
{
    IoInitializeRemoveLock(&gate, TAG, 0, 0);
    CHECK_EQ(IoAcquireRemoveLock(&gate, NULL), STATUS_SUCCESS);
    ntsim_kernel_set_irql(APC_LEVEL);
    IoReleaseRemoveLockAndWait(&gate, NULL);
    ntsim_kernel_set_irql(PASSIVE_LEVEL);
    CHECK_COMPLAINT("IoReleaseRemoveLockAndWaitEx called at IRQL 1");
}

const test_case remove_lock_tests[] = {
    {"a remove lock lets nobody in after the wait", a_gate_closes_once_everyone_left},
    {"the wait lasts until the last release", the_wait_lasts_until_the_last_release},
    {"waiting twice is complained of", waiting_twice_is_complained_of},
    {"releases match acquisitions", releases_match_acquisitions},
    {"a remove lock is initialized before use, and once", a_gate_is_initialized_once_and_before_use},
    {"memory with a remove lock in use is not to be freed", memory_with_a_gate_in_use_is_not_freed},
    {"waiting above PASSIVE_LEVEL is complained of", waiting_above_passive_level_is_complained_of},
    {NULL, NULL},
};
