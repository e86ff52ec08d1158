/* Spin locks. */
#include <pthread.h>

#include "cases.h"

static KSPIN_LOCK lock;
static unsigned counter;

static void a_spin_lock_raises_and_lowers(void)
{
    KIRQL old;
    KeInitializeSpinLock(&lock);
    KeAcquireSpinLock(&lock, &old);
    CHECK_EQ(old, PASSIVE_LEVEL);
    CHECK_EQ(KeGetCurrentIrql(), DISPATCH_LEVEL);
    CHECK(lock != 0);
    KeReleaseSpinLock(&lock, old);
    CHECK_EQ(KeGetCurrentIrql(), PASSIVE_LEVEL);
    CHECK_EQ(lock, 0);
    CHECK_EQ(ntsim_kernel_check(), 0);
}

static void a_service_under_a_lock_is_above_its_irql(void)
{
    KIRQL old;
    HANDLE handle = NULL;
    KeInitializeSpinLock(&lock);
    KeAcquireSpinLock(&lock, &old);
    (void)ZwClose(handle);
    KeReleaseSpinLock(&lock, old);
    CHECK(ntsim_kernel_expect("ZwClose called at IRQL 2"));
    CHECK_COMPLAINT("which is no handle");
}

static void taking_a_lock_twice_is_complained_of(void)
{
    KIRQL first, second;
    KeInitializeSpinLock(&lock);
    KeAcquireSpinLock(&lock, &first);
    KeAcquireSpinLock(&lock, &second);
    CHECK_EQ(second, DISPATCH_LEVEL);
    KeReleaseSpinLock(&lock, second);
    CHECK(lock != 0);
    KeReleaseSpinLock(&lock, first);
    CHECK_EQ(lock, 0);
    CHECK_COMPLAINT("acquired twice by one thread");
}

static void *release(void *context)
{
    ntsim_kernel_set_irql(DISPATCH_LEVEL);
    KeReleaseSpinLock(&lock, PASSIVE_LEVEL);
    return context;
}

static void only_its_holder_releases_a_lock(void)
{
    pthread_t thread;
    KIRQL old;
    KeInitializeSpinLock(&lock);
    KeAcquireSpinLock(&lock, &old);
    CHECK_EQ(pthread_create(&thread, NULL, release, NULL), 0);
    CHECK_EQ(pthread_join(thread, NULL), 0);
    CHECK(ntsim_kernel_expect("released by a thread that does not hold it"));
    CHECK(lock != 0);
    KeReleaseSpinLock(&lock, old);
    KeReleaseSpinLock(&lock, old);
    CHECK(ntsim_kernel_expect("released by a thread that does not hold it"));
    CHECK_COMPLAINT("KeReleaseSpinLock at IRQL 0");
}

static void a_lock_is_released_to_the_irql_before_it(void)
{
    KIRQL old;
    KeInitializeSpinLock(&lock);
    KeAcquireSpinLock(&lock, &old);
    KeReleaseSpinLock(&lock, APC_LEVEL);
    ntsim_kernel_set_irql(PASSIVE_LEVEL);
    CHECK_COMPLAINT("released to IRQL 1, acquired at 0");
}

static void a_lock_left_held_is_found(void)
{
    KIRQL old;
    KeInitializeSpinLock(&lock);
    KeAcquireSpinLock(&lock, &old);
    CHECK(ntsim_kernel_expect("is held at the end"));
    CHECK_COMPLAINT("a host thread is at IRQL 2");
    CHECK_EQ(lock, 0);
}

static void *acquire(void *context)
{
    (void)KeAcquireSpinLockRaiseToDpc(&lock);
    return context;
}

static void a_thread_that_ends_with_a_lock_is_found(void)
{
    pthread_t thread;
    KeInitializeSpinLock(&lock);
    CHECK_EQ(pthread_create(&thread, NULL, acquire, NULL), 0);
    CHECK_EQ(pthread_join(thread, NULL), 0);
    CHECK(ntsim_kernel_expect("is held as its thread ends"));
    CHECK_COMPLAINT("at IRQL 2 as its thread ends");
}

static void memory_that_was_never_initialized_is_no_lock(void)
{
    KIRQL old;
    lock = (KSPIN_LOCK)0xCDCDCDCDCDCDCDCCu;
    KeAcquireSpinLock(&lock, &old);
    KeReleaseSpinLock(&lock, old);
    CHECK_COMPLAINT("is not initialized");
}

static void more_locks_than_any_driver_takes_are_complained_of(void)
{
    static KSPIN_LOCK many[17];
    for (unsigned i = 0; i < RTL_NUMBER_OF(many); i++)
    {
        KeInitializeSpinLock(&many[i]);
        (void)KeAcquireSpinLockRaiseToDpc(&many[i]);
    }
    for (unsigned i = 16; i-- != 0;)
        KeReleaseSpinLock(&many[i], i == 0 ? PASSIVE_LEVEL : DISPATCH_LEVEL);
    CHECK_COMPLAINT("more than 16 spin locks held by one thread");
}

static void *count(void *context)
{
    for (unsigned i = 0; i < 2000; i++)
    {
        const KIRQL old = KeAcquireSpinLockRaiseToDpc(&lock);
        counter++;
        KeReleaseSpinLock(&lock, old);
    }
    return context;
}

static void a_lock_keeps_threads_apart(void)
{
    pthread_t threads[4];
    counter = 0;
    KeInitializeSpinLock(&lock);
    for (unsigned i = 0; i < 4; i++)
        CHECK_EQ(pthread_create(&threads[i], NULL, count, NULL), 0);
    for (unsigned i = 0; i < 4; i++)
        CHECK_EQ(pthread_join(threads[i], NULL), 0);
    CHECK_EQ(counter, 8000);
    CHECK_EQ(ntsim_kernel_check(), 0);
}

const test_case lock_tests[] = {
    {"a spin lock raises to DISPATCH_LEVEL and lowers again", a_spin_lock_raises_and_lowers},
    {"a service under a lock is called above its IRQL", a_service_under_a_lock_is_above_its_irql},
    {"taking a lock twice is complained of, and does not hang", taking_a_lock_twice_is_complained_of},
    {"only its holder releases a lock", only_its_holder_releases_a_lock},
    {"a lock is released to the IRQL it was taken at", a_lock_is_released_to_the_irql_before_it},
    {"a lock left held is found", a_lock_left_held_is_found},
    {"a thread that ends with a lock is found", a_thread_that_ends_with_a_lock_is_found},
    {"memory that was never initialized is no lock", memory_that_was_never_initialized_is_no_lock},
    {"more locks than any driver takes are complained of", more_locks_than_any_driver_takes_are_complained_of},
    {"a lock keeps threads apart", a_lock_keeps_threads_apart},
    {NULL, NULL},
};
