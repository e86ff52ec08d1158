/* Io: remove locks. All of them are known by address, so that one in freed memory, or one still held, is found. */
#include <stdlib.h>

#include "internal.h"

typedef struct known_lock
{
    struct known_lock *next;
    PIO_REMOVE_LOCK lock;
    const void *site; /* where it was last acquired */
} known_lock;

static known_lock *locks; /* under the kernel's lock */

static known_lock *find(PIO_REMOVE_LOCK lock)
{
    known_lock *known = locks;
    while (known != NULL && known->lock != lock)
        known = known->next;
    return known;
}

static LONG outstanding(PIO_REMOVE_LOCK lock)
{
    return lock->Common.IoCount - (lock->Common.Removed ? 0 : 1);
}

static known_lock *expect_known(PIO_REMOVE_LOCK lock, ULONG size, ntsim_service service, const void *caller)
{
    char where[160];
    known_lock *known = find(lock);
    if (known == NULL)
        kernel_complain("%s of a remove lock that was never initialized, from %s", kernel_service_names[service],
                        kernel_describe_site(caller, where));
    if (size != sizeof(IO_REMOVE_LOCK))
        kernel_complain("%s with a remove lock of %u bytes, from %s", kernel_service_names[service], size,
                        kernel_describe_site(caller, where));
    return known;
}

VOID IoInitializeRemoveLockEx(PIO_REMOVE_LOCK Lock, ULONG AllocateTag, ULONG MaxLockedMinutes, ULONG HighWatermark,
                              ULONG RemlockSize)
{
    NTSTATUS status;
    char where[160];
    (void)AllocateTag;
    (void)MaxLockedMinutes;
    (void)HighWatermark;
    (void)kernel_enter(NTSIM_IoInitializeRemoveLockEx, CALLER, &status);
    kernel_lock();
    known_lock *known = find(Lock);
    if (known != NULL && (!Lock->Common.Removed || outstanding(Lock) != 0))
        kernel_complain("a remove lock in use is initialized again, from %s", kernel_describe_site(CALLER, where));
    if (RemlockSize != sizeof(IO_REMOVE_LOCK))
        kernel_complain("a remove lock of %u bytes is initialized", RemlockSize);
    if (known == NULL)
    {
        known = kernel_allocate(sizeof *known);
        known->lock = Lock;
        known->next = locks;
        locks = known;
    }
    memset(Lock, 0, sizeof *Lock);
    Lock->Common.IoCount = 1;
    kernel_unlock();
}

NTSTATUS IoAcquireRemoveLockEx(PIO_REMOVE_LOCK RemoveLock, PVOID Tag, const char *File, ULONG Line, ULONG RemlockSize)
{
    NTSTATUS status;
    (void)Tag;
    (void)File;
    (void)Line;
    if (kernel_enter(NTSIM_IoAcquireRemoveLockEx, CALLER, &status))
        return status;
    status = STATUS_DELETE_PENDING;
    kernel_lock();
    known_lock *known = expect_known(RemoveLock, RemlockSize, NTSIM_IoAcquireRemoveLockEx, CALLER);
    if (known != NULL && !RemoveLock->Common.Removed)
    {
        RemoveLock->Common.IoCount = RemoveLock->Common.IoCount + 1;
        known->site = CALLER;
        status = STATUS_SUCCESS;
    }
    kernel_unlock();
    return status;
}

/* Gives one acquisition back. Under the lock. */
static void give_back(PIO_REMOVE_LOCK lock, const void *caller)
{
    char where[160];
    if (outstanding(lock) <= 0)
    {
        kernel_complain("a remove lock released more often than acquired, from %s",
                        kernel_describe_site(caller, where));
        return;
    }
    lock->Common.IoCount = lock->Common.IoCount - 1;
    if (lock->Common.Removed && lock->Common.IoCount == 0)
        kernel_wake();
}

VOID IoReleaseRemoveLockEx(PIO_REMOVE_LOCK RemoveLock, PVOID Tag, ULONG RemlockSize)
{
    NTSTATUS status;
    (void)Tag;
    (void)kernel_enter(NTSIM_IoReleaseRemoveLockEx, CALLER, &status);
    kernel_lock();
    if (expect_known(RemoveLock, RemlockSize, NTSIM_IoReleaseRemoveLockEx, CALLER) != NULL)
        give_back(RemoveLock, CALLER);
    kernel_unlock();
}

/* The caller has acquired it once, gives that back, and nobody acquires it again (WDK page of the macro). */
VOID IoReleaseRemoveLockAndWaitEx(PIO_REMOVE_LOCK RemoveLock, PVOID Tag, ULONG RemlockSize)
{
    NTSTATUS status;
    char where[160];
    (void)Tag;
    (void)kernel_enter(NTSIM_IoReleaseRemoveLockAndWaitEx, CALLER, &status);
    kernel_lock();
    if (expect_known(RemoveLock, RemlockSize, NTSIM_IoReleaseRemoveLockAndWaitEx, CALLER) == NULL)
        ;
    else if (RemoveLock->Common.Removed)
        kernel_complain("a remove lock is waited for twice, from %s", kernel_describe_site(CALLER, where));
    else
    {
        give_back(RemoveLock, CALLER);
        RemoveLock->Common.Removed = TRUE;
        RemoveLock->Common.IoCount = RemoveLock->Common.IoCount - 1;
        bool patient = true;
        while (RemoveLock->Common.IoCount > 0 && patient)
            patient = kernel_wait();
        if (!patient)
            kernel_complain("a remove lock was waited for and never came to rest, from %s",
                            kernel_describe_site(CALLER, where));
    }
    kernel_unlock();
}

static void forget(known_lock **link)
{
    known_lock *known = *link;
    *link = known->next;
    free(known);
}

void kernel_forget_remove_locks(const void *memory, size_t bytes)
{
    char where[160];
    const uintptr_t start = (uintptr_t)memory;
    kernel_lock();
    for (known_lock **link = &locks; *link != NULL;)
    {
        if ((uintptr_t)(*link)->lock - start >= bytes)
        {
            link = &(*link)->next;
            continue;
        }
        if (outstanding((*link)->lock) != 0)
            kernel_complain("memory with a remove lock in use is freed; last acquired from %s",
                            kernel_describe_site((*link)->site, where));
        forget(link);
    }
    kernel_unlock();
}

void kernel_check_remove_locks(void)
{
    char where[160];
    kernel_lock();
    while (locks != NULL)
    {
        if (outstanding(locks->lock) > 0)
            kernel_complain("remove lock still held %d times, last acquired from %s", outstanding(locks->lock),
                            kernel_describe_site(locks->site, where));
        forget(&locks);
    }
    kernel_unlock();
}
